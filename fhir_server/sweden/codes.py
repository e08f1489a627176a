"""Systems, codes and urls that the Swedish rules read, and the paragraphs of law they name.

The definitions themselves are data (``profiles/se``); a test holds this file to them.
Sources: DOMAIN 0.2, 0.9, 0.10, 2.1-2.4, 5.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.fhir.locations import canonical
from fhir_server.fhir.outcome import Coding

CANONICAL = canonical()

# Identifier systems.
PERSONNUMMER = "http://electronichealth.se/identifier/personnummer"
SAMORDNINGSNUMMER = "http://electronichealth.se/identifier/samordningsnummer"
RESERVNUMMER = "http://electronichealth.se/identifier/nationelltReservnummer"
ORGANISATIONSNUMMER = "urn:oid:2.5.4.97"
LEGITIMATIONSNUMMER = "urn:oid:1.2.752.116.3.1.1"
HSA_ID = "urn:oid:1.2.752.29.4.19"
# DOMAIN 2.1: the same numbers are also sent under their OIDs.
PERSONNUMMER_SYSTEMS = (PERSONNUMMER, "urn:oid:1.2.752.129.2.1.3.1")
SAMORDNINGSNUMMER_SYSTEMS = (SAMORDNINGSNUMMER, "urn:oid:1.2.752.129.2.1.3.3")
RESERVNUMMER_SYSTEMS = (RESERVNUMMER, "urn:oid:1.2.752.74.9.1")
# DOMAIN 0.10: HL7 Sweden's system and Inera's mean the same thing.
HSA_ID_SYSTEMS = (HSA_ID, "urn:oid:1.2.752.129.2.1.4.1")

# Type of named contact: Inera's kodverk, by its address or by its OID.
CONTACT_TYPE = (
    "https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt"
)
CONTACT_TYPE_SYSTEMS = (CONTACT_TYPE, "urn:oid:1.2.752.129.5.1.69")
FAST_VARDKONTAKT = "1"
FAST_LAKARKONTAKT = "2"
FAST_OMSORGSKONTAKT = "3"
SAMORDNANDE_VARDKONTAKT = "4"
# Both are fast vårdkontakt in the sense of the law; 4 also coordinates the others.
VARDKONTAKTER = (FAST_VARDKONTAKT, SAMORDNANDE_VARDKONTAKT)
CONTACT_TYPES = (
    FAST_VARDKONTAKT,
    FAST_LAKARKONTAKT,
    FAST_OMSORGSKONTAKT,
    SAMORDNANDE_VARDKONTAKT,
)

CARE_TEAM_CATEGORY = "https://fhir.inera.se/ig/careteam/CodeSystem/typ-av-careteam-cs"
FAST_KONTAKT = "fast-kontakt"
TEAM = "team"

CARE_PLAN_CATEGORY = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
SIP = "SIP"

# Professions.
HOSP = "urn:oid:1.2.752.116.3.1.3"
HOSP_SYSTEMS = (HOSP, "https://fhir.inera.se/CodeSystem/legitimerat-yrke-cs")
LAKARE = "LK"
SJUKSKOTERSKA = "SJ"
BEFATTNING = "urn:oid:1.2.752.129.2.2.1.4"
# DOMAIN 0.9: HL7 Sweden's base profiles misspell the system.
BEFATTNING_SYSTEMS = (BEFATTNING, "urn:oid:1.2.759.129.2.2.1.4")
VERKSAMHETSKOD = "urn:oid:1.2.752.129.2.2.1.3"
# The kodverk is a hierarchy; 15xx is primärvårdsverksamhet (Inera, verksamhetskod 4.1).
PRIMARVARD_PREFIX = "15"
SNOMED = "http://snomed.info/sct"
CARE_COORDINATOR = "768820003"


def code_system(name: str) -> str:
    """Give the url of one of the project's own code systems."""
    return f"{CANONICAL}/CodeSystem/{name}"


def structure(name: str) -> str:
    """Give the url of one of the project's own profiles or extensions."""
    return f"{CANONICAL}/StructureDefinition/{name}"


APPOINTMENT_BASIS_SYSTEM = code_system("appointment-basis")
LIVSHOTANDE = "livshotande"
CERTIFICATE_SYSTEM = code_system("certificate")
UNDERSKOTERSKA = "underskoterska"
CONSENT_CATEGORY_SYSTEM = code_system("consent-category")
CONSENT_TO_SIP = "sip"
LAW_SYSTEM = code_system("law")

REGION = "region"
KOMMUN = "kommun"
ANNAN = "annan"

CARE_FORM_SYSTEM = code_system("care-form")
END_REASON_SYSTEM = code_system("end-reason")
KOMMUNKOD = "urn:oid:1.2.752.129.2.2.1.17"

# Extensions.
ADMISSION_NOTICE_SENT = structure("admission-notice-sent")
APPOINTED_BY = structure("appointed-by")
CHANGE_DECISION = structure("change-decision")
INFORMATION_GIVEN = structure("information-given")
INTERNAL_NOTE = structure("internal-note")
MEDICALLY_RESPONSIBLE = structure("medically-responsible")
MUNICIPALITY = structure("municipality")
NEED_IDENTIFIED = structure("need-identified")
PATIENT_DECISION = structure("patient-decision")
PATIENT_PREFERENCE = structure("patient-preference")
REVIEW_DATE = structure("review-date")
APPOINTMENT_BASIS = structure("appointment-basis")
DEPUTY = structure("deputy")
HANDOVER = structure("handover")
REPLACES_CONTACT = structure("replaces-contact")
END_REASON = structure("end-reason")
FOLLOW_UP = structure("follow-up")
HUVUDMAN = structure("huvudman")
LIFE_THREATENING = structure("life-threatening")
OVERALL_RESPONSIBLE = structure("overall-responsible")
CONTACT_AVAILABILITY = structure("contact-availability")
CONTACT_VIA_TEAM = (
    "https://fhir.inera.se/ig/careteam/StructureDefinition/riv-contact-via-team-extension"
)


@dataclass(frozen=True, slots=True)
class LawParagraph:
    """A paragraph of law, as ``CodeSystem/law`` names it.

    Args:
        code: the concept's code.
        display: how a Swedish reader cites it.
    """

    code: str
    display: str

    @property
    def coding(self) -> Coding:
        """The paragraph as ``Issue.details`` carries it."""
        return Coding(LAW_SYSTEM, self.code, self.display)


PL_3_2 = LawParagraph("PL-3-2", "Patientlagen (2014:821) 3 kap. 2 §")
PL_6_2 = LawParagraph("PL-6-2", "Patientlagen (2014:821) 6 kap. 2 §")
PL_6_3 = LawParagraph("PL-6-3", "Patientlagen (2014:821) 6 kap. 3 §")
PL_6_4 = LawParagraph("PL-6-4", "Patientlagen (2014:821) 6 kap. 4 §")
HSF_4_1 = LawParagraph("HSF-4-1", "Hälso- och sjukvårdsförordningen (2017:80) 4 kap. 1 §")
HSL_16_4 = LawParagraph("HSL-16-4", "Hälso- och sjukvårdslagen (2017:30) 16 kap. 4 §")
SOL_2_7_OLD = LawParagraph("SOL-2-7-OLD", "Socialtjänstlagen (2001:453) 2 kap. 7 §")
SOL_10_7 = LawParagraph("SOL-10-7", "Socialtjänstlagen (2025:400) 10 kap. 7 §")
SOL_10_8 = LawParagraph("SOL-10-8", "Socialtjänstlagen (2025:400) 10 kap. 8 §")
SOL_10_9 = LawParagraph("SOL-10-9", "Socialtjänstlagen (2025:400) 10 kap. 9 §")
SOSFS_1_1 = LawParagraph("SOSFS-2011-7-1-1", "SOSFS 2011:7 1 kap. 1 §")
SOSFS_2_3 = LawParagraph("SOSFS-2011-7-2-3", "SOSFS 2011:7 2 kap. 3 §")

PARAGRAPHS = (
    PL_3_2,
    PL_6_2,
    PL_6_3,
    PL_6_4,
    HSF_4_1,
    HSL_16_4,
    SOL_2_7_OLD,
    SOL_10_7,
    SOL_10_8,
    SOL_10_9,
    SOSFS_1_1,
    SOSFS_2_3,
)
