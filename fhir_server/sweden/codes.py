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

CONTACT_TYPE_DISPLAYS = {
    FAST_VARDKONTAKT: "fast vårdkontakt",
    FAST_LAKARKONTAKT: "fast läkarkontakt i primärvård",
    FAST_OMSORGSKONTAKT: "fast omsorgskontakt i hemtjänsten",
    SAMORDNANDE_VARDKONTAKT: "fast vårdkontakt med övergripande samordningsansvar",
}

CARE_TEAM_CATEGORY = "https://fhir.inera.se/ig/careteam/CodeSystem/typ-av-careteam-cs"
FAST_KONTAKT = "fast-kontakt"
# What searches for named contacts ask of `category`.
NAMED_CONTACTS = f"{CARE_TEAM_CATEGORY}|{FAST_KONTAKT}"
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
# How far a goal is reached (R4's own codes).
GOAL_ACHIEVEMENT = "http://terminology.hl7.org/CodeSystem/goal-achievement"
# The mark of a resource that is not whole (https://hl7.org/fhir/R4/resource.html#tag).
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
SUBSETTED = {"system": OBSERVATION_VALUE, "code": "SUBSETTED"}
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
UTSKRIVNING = "utskrivning"
FORTSATT = "fortsatt"
GROUNDS_SYSTEM = code_system("appointment-grounds")
CRITERIA_SYSTEM = code_system("need-criteria")
CANCER = "cancer"
COURSE_SYSTEM = code_system("care-course")
UNSTABLE, STABLE, REHABILITATION = "instabilt", "stabilt", "rehabilitering"
CONTACT_TASK_SYSTEM = code_system("contact-task")
# What the physician of a life-threatening condition answers for (R16, SOSFS 2011:7 2 kap. 4-5 §§).
PLANNING, FOLLOWING_UP = "ansvara-planering", "ansvara-uppfoljning"
CONTACT_TITLE_SYSTEM = code_system("contact-title")
KONTAKTSJUKSKOTERSKA = "kontaktsjukskoterska"
PATIENT_RESPONSIBLE_PHYSICIAN = "patientansvarig-lakare"
STAFF_FUNCTION_SYSTEM = code_system("staff-function")
VERKSAMHETSCHEF, SIP_STODJARE = "verksamhetschef", "sip-stodjare"
MAS, MAR = "mas", "mar"
# Socialstyrelsen's ICD-10-SE; C00-C97 are cancers.
ICD_10_SE_SYSTEMS = ("https://www.icd10.se/", "urn:oid:1.2.752.116.1.1.1.1.3")
CERTIFICATE_SYSTEM = code_system("certificate")
UNDERSKOTERSKA = "underskoterska"
CONSENT_CATEGORY_SYSTEM = code_system("consent-category")
CONSENT_TO_SIP, CONSENT_TO_SVOD, SPARR = "sip", "svod", "sparr"
FLAG_CATEGORY_SYSTEM = code_system("flag-category")
NODOPPNING = "nodoppning"
EMERGENCY_REASON_SYSTEM = code_system("emergency-reason")
UNIT_KIND_SYSTEM = code_system("unit-kind")
SKOLA, IFO = "skola", "ifo"
LAW_SYSTEM = code_system("law")

REGION = "region"
KOMMUN = "kommun"
ANNAN = "annan"

CARE_FORM_SYSTEM = code_system("care-form")
SABO, HEMSJUKVARD, HEMTJANST = "sabo", "hemsjukvard", "hemtjanst"
END_REASON_SYSTEM = code_system("end-reason")
AVBOJD = "avbojd"
AVLIDEN = "avliden"
BYTE_PATIENT = "byte-patient"
BYTE_VERKSAMHET = "byte-verksamhet"
OVERGANG_VUXEN = "overgang-vuxen"
CHANGE_DECISION_SYSTEM = code_system("change-decision")
BEVILJAT = "beviljat"
AVSLAGET = "avslaget"
HANDOVER_HOME_VISIT = "hembesok"
HANDOVER_MEETING = "mote"
TASK_CODE_SYSTEM = code_system("task-code")
# Task.status while somebody may still act on it.
OPEN_TASK = ("draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold")
BYTE_AV_KONTAKT = "byte-av-kontakt"
KALLELSE, UPPFOLJNING = "kallelse", "uppfoljning"
PLANERING, UTSE_KONTAKT, SIP_BEHOV = "planering", "utse-kontakt", "sip-behov"
SIP_NEED_KIND_SYSTEM = code_system("sip-need-kind")
BEDOMT, FORESLAGET = "bedomt", "foreslaget"
PLAN_DECISION_SYSTEM = code_system("plan-decision")
FORTSATT_PLAN, ANDRAS, AVSLUTAS = "fortsatt", "andras", "avslutas"
PLAN_END_REASON_SYSTEM = code_system("plan-end-reason")
SAMTYCKE_ATERKALLAT = "samtycke-aterkallat"
SAMTYCKE_UPPHORT = "samtycke-upphort"
MAL_UPPNADDA, ERSATT = "mal-uppnadda", "ersatt"
INFORMATION_CLASS_SYSTEM = code_system("information-class")
SIP_TARGET_GROUP_SYSTEM = code_system("sip-target-group")
INSATS_KIND_SYSTEM = code_system("insats-kind")
COMPULSORY_CARE_SYSTEM = code_system("compulsory-care")
PLAN_CATEGORY_SYSTEM = code_system("plan-category")
PATIENTKONTRAKT = "patientkontrakt"
PATIENTKONTRAKT_PART_SYSTEM = code_system("patientkontrakt-part")
SIP_MEETING = "sip-mote"
ACCEPTED = "accepted"
DECLINED = "declined"
COMMUNICATION_CATEGORY_SYSTEM = code_system("communication-category")
CONTACT_IS_POSSIBLE = "mojlighet-till-kontakt"
WHO_IS_CONTACT = "vem-som-ar-kontakt"
INSKRIVNINGSMEDDELANDE = "inskrivningsmeddelande"
ANDRAD_UTSKRIVNING = "andrad-utskrivning"
UTSKRIVNINGSKLAR = "utskrivningsklar"
UTSKRIVNINGSKLAR_ATERTAGEN = "utskrivningsklar-atertagen"
UTSKRIVNINGSINFORMATION = "utskrivningsinformation"
SKRIFTLIG_UTSKRIVNINGSINFORMATION = "skriftlig-utskrivningsinformation"
PLANKOPIA, PAMINNELSE, PLANDELNING = "plankopia", "paminnelse", "plandelning"
INFORMATION_CHANNEL_SYSTEM = code_system("information-channel")
KOMMUNKOD = "urn:oid:1.2.752.129.2.2.1.17"

# Extensions.
ADMISSION_NOTICE_SENT = structure("admission-notice-sent")
APPOINTED_BY = structure("appointed-by")
CHILDS_VIEW = structure("childs-view")
COMPULSORY_CARE = structure("compulsory-care")
CONSENT_DOCUMENTED_BY = structure("consent-documented-by")
CONSENT_FORM = structure("consent-form")
CONSENT_WITHDRAWAL = structure("consent-withdrawal")
COPY_GIVEN = structure("copy-given")
CRISIS_PLAN = structure("crisis-plan")
DISCHARGE_READY = structure("discharge-ready")
DISCHARGE_READY_WITHDRAWN = structure("discharge-ready-withdrawn")
DISCHARGE_STEP = structure("discharge-step")
EXCHANGE_CONFLICT = structure("exchange-conflict")
EXCHANGE_UNIT = structure("exchange-unit")
EXPECTED_DISCHARGE = structure("expected-discharge")
INFORMATION_TRANSFERRED = structure("information-transferred")
MEETING_FORM = structure("meeting-form")
MEETING_PLACE = structure("meeting-place")
NEED_ASSESSED_AT = structure("need-assessed-at")
NEEDS_AFTER_DISCHARGE = structure("needs-after-discharge")
PLAN_END = structure("plan-end")
PLAN_EVALUATION = structure("plan-evaluation")
SIP_INITIATOR = structure("sip-initiator")
SIP_MEETING_LINK = structure("sip-meeting")
SIP_NEED = structure("sip-need")
SIP_TARGET_GROUP = structure("sip-target-group")
WHAT_MATTERS = structure("what-matters")
WRITTEN_INFORMATION = structure("written-information")
CASELOAD_THRESHOLD = structure("caseload-threshold")
CHANGE_DECISION = structure("change-decision")
CONTACT_ANSWER = structure("contact-answer")
CONTACT_AVAILABILITY = structure("contact-availability")
CONTACT_NOTE = structure("contact-note")
CONTACT_TASK = structure("contact-task")
COORDINATION_REASON = structure("coordination-reason")
INFORMATION_GIVEN = structure("information-given")
INTERNAL_NOTE = structure("internal-note")
LEGAL_BASIS = structure("legal-basis")
MEDICALLY_RESPONSIBLE = structure("medically-responsible")
MUNICIPALITY = structure("municipality")
OPENED_BY = structure("opened-by")
NEED_IDENTIFIED = structure("need-identified")
PATIENT_DECISION = structure("patient-decision")
PATIENT_PREFERENCE = structure("patient-preference")
REVIEW_DATE = structure("review-date")
ROLE_DESCRIPTION = structure("role-description")
APPOINTMENT_BASIS = structure("appointment-basis")
DEPUTY = structure("deputy")
HANDOVER = structure("handover")
OVERDUE_DAYS = structure("overdue-days")
REPLACES_CONTACT = structure("replaces-contact")
END_REASON = structure("end-reason")
FOLLOW_UP = structure("follow-up")
SCHEDULED_TIME = structure("scheduled-time")
HUVUDMAN = structure("huvudman")
LIFE_THREATENING = structure("life-threatening")
OVERALL_RESPONSIBLE = structure("overall-responsible")
APPROVED_FOR_PATIENT = "https://fhir.inera.se/ig/ehds-tk/StructureDefinition/approved-for-patient"
CARE_PROCESS = structure("care-process")
WHO_ANSWERS = structure("who-answers")
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
PL_3_4 = LawParagraph("PL-3-4", "Patientlagen (2014:821) 3 kap. 4 §")
PL_3_5 = LawParagraph("PL-3-5", "Patientlagen (2014:821) 3 kap. 5 §")
PL_6_1 = LawParagraph("PL-6-1", "Patientlagen (2014:821) 6 kap. 1 §")
PL_6_2 = LawParagraph("PL-6-2", "Patientlagen (2014:821) 6 kap. 2 §")
PL_6_3 = LawParagraph("PL-6-3", "Patientlagen (2014:821) 6 kap. 3 §")
PL_6_4 = LawParagraph("PL-6-4", "Patientlagen (2014:821) 6 kap. 4 §")
HSF_4_1 = LawParagraph("HSF-4-1", "Hälso- och sjukvårdsförordningen (2017:80) 4 kap. 1 §")
HSF_4_6 = LawParagraph("HSF-4-6", "Hälso- och sjukvårdsförordningen (2017:80) 4 kap. 6 §")
HSL_16_4 = LawParagraph("HSL-16-4", "Hälso- och sjukvårdslagen (2017:30) 16 kap. 4 §")
SOL_2_7_OLD = LawParagraph("SOL-2-7-OLD", "Socialtjänstlagen (2001:453) 2 kap. 7 §")
SOL_10_7 = LawParagraph("SOL-10-7", "Socialtjänstlagen (2025:400) 10 kap. 7 §")
SOL_10_8 = LawParagraph("SOL-10-8", "Socialtjänstlagen (2025:400) 10 kap. 8 §")
SOL_10_9 = LawParagraph("SOL-10-9", "Socialtjänstlagen (2025:400) 10 kap. 9 §")
SAMVL_2_1 = LawParagraph(
    "SAMVL-2-1",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 1 §",
)
SAMVL_4_3 = LawParagraph(
    "SAMVL-4-3",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 4 kap. 3 §",
)
SOSFS_1_1 = LawParagraph("SOSFS-2011-7-1-1", "SOSFS 2011:7 1 kap. 1 §")
SOSFS_2_3 = LawParagraph("SOSFS-2011-7-2-3", "SOSFS 2011:7 2 kap. 3 §")
SOSFS_2_4 = LawParagraph("SOSFS-2011-7-2-4", "SOSFS 2011:7 2 kap. 4 §")
SOSFS_2_5 = LawParagraph("SOSFS-2011-7-2-5", "SOSFS 2011:7 2 kap. 5 §")
SAMVL_2_5 = LawParagraph(
    "SAMVL-2-5",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 5 §",
)
SAMVL_4_1 = LawParagraph(
    "SAMVL-4-1",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 4 kap. 1 §",
)

PL_3_1 = LawParagraph("PL-3-1", "Patientlagen (2014:821) 3 kap. 1 §")
PL_3_2_B = LawParagraph("PL-3-2-B", "Patientlagen (2014:821) 3 kap. 2 b §")
PL_3_6 = LawParagraph("PL-3-6", "Patientlagen (2014:821) 3 kap. 6 §")
PL_4_3 = LawParagraph("PL-4-3", "Patientlagen (2014:821) 4 kap. 3 §")
SAMVL_1_1 = LawParagraph(
    "SAMVL-1-1",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 1 kap. 1 §",
)
SAMVL_2_2 = LawParagraph(
    "SAMVL-2-2",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 2 §",
)
SAMVL_2_3 = LawParagraph(
    "SAMVL-2-3",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 3 §",
)
SAMVL_2_4 = LawParagraph(
    "SAMVL-2-4",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 4 §",
)
SAMVL_3_1 = LawParagraph(
    "SAMVL-3-1",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 3 kap. 1 §",
)
SAMVL_5_1 = LawParagraph(
    "SAMVL-5-1",
    "Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 5 kap. 1 §",
)
OSL_10_1 = LawParagraph("OSL-10-1", "Offentlighets- och sekretesslagen (2009:400) 10 kap. 1 §")
OSL_12_2 = LawParagraph("OSL-12-2", "Offentlighets- och sekretesslagen (2009:400) 12 kap. 2 §")
OSL_25_1 = LawParagraph("OSL-25-1", "Offentlighets- och sekretesslagen (2009:400) 25 kap. 1 §")
OSL_26_1 = LawParagraph("OSL-26-1", "Offentlighets- och sekretesslagen (2009:400) 26 kap. 1 §")
FB_6_11 = LawParagraph("FB-6-11", "Föräldrabalken 6 kap. 11 §")
PDL_4_4 = LawParagraph("PDL-4-4", "Patientdatalagen (2008:355) 4 kap. 4 §")
PDL_4_5 = LawParagraph("PDL-4-5", "Patientdatalagen (2008:355) 4 kap. 5 §")

PARAGRAPHS = (
    PL_3_1,
    PL_3_2_B,
    PL_3_6,
    PL_4_3,
    SAMVL_1_1,
    SAMVL_2_2,
    SAMVL_2_3,
    SAMVL_2_4,
    SAMVL_3_1,
    SAMVL_5_1,
    OSL_10_1,
    OSL_12_2,
    OSL_25_1,
    OSL_26_1,
    FB_6_11,
    PDL_4_4,
    PDL_4_5,
    PL_3_2,
    PL_3_4,
    PL_3_5,
    PL_6_1,
    PL_6_2,
    PL_6_3,
    PL_6_4,
    HSF_4_1,
    HSF_4_6,
    HSL_16_4,
    SOL_2_7_OLD,
    SOL_10_7,
    SOL_10_8,
    SOL_10_9,
    SAMVL_2_1,
    SAMVL_4_3,
    SOSFS_1_1,
    SOSFS_2_3,
    SOSFS_2_4,
    SOSFS_2_5,
    SAMVL_2_5,
    SAMVL_4_1,
)
