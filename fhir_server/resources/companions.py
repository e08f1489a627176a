"""The types that stand around the four core types in Swedish care coordination."""

from fhir_server.resources.conditions import (
    HSA_IDS,
    PERSONAL_NUMBERS,
    extended,
    identified,
    impose,
    locally_coded,
)
from fhir_server.resources.resource_type import ResourceType

_MESSAGES = "communication-category"
_DISCHARGE = (
    "inskrivningsmeddelande",
    "andrad-utskrivning",
    "utskrivningsklar",
    "utskrivningsklar-atertagen",
    "utskrivningsinformation",
)
_TO_PATIENTS = ("mojlighet-till-kontakt", "vem-som-ar-kontakt", "skriftlig-utskrivningsinformation")


def _consents(category: str) -> str:
    return locally_coded("category", "consent-category", category)


COMPANIONS = (
    ResourceType(
        "Appointment",
        "A SIP meeting or another agreed time.",
        imposed=(
            impose(
                "Appointment",
                "sip-appointment",
                locally_coded("serviceType", "service-type", "sip-mote"),
            ),
        ),
    ),
    ResourceType(
        "Communication",
        "What was told or sent, to whom, and when.",
        imposed=(
            impose(
                "Communication",
                "discharge-communication",
                locally_coded("category", _MESSAGES, *_DISCHARGE),
            ),
            impose(
                "Communication",
                "patient-information-communication",
                locally_coded("category", _MESSAGES, *_TO_PATIENTS),
            ),
            impose(
                "Communication",
                "plan-copy-communication",
                locally_coded("category", _MESSAGES, "plankopia"),
            ),
        ),
    ),
    ResourceType(
        "Condition",
        "A diagnosis; may be marked life-threatening.",
        imposed=(impose("Condition", "se-condition", extended("life-threatening")),),
    ),
    ResourceType(
        "Consent",
        "Consent to a SIP, to sharing, or a block (spärr).",
        imposed=(
            impose("Consent", "sip-consent", _consents("sip")),
            impose("Consent", "svod-consent", _consents("svod")),
            impose("Consent", "sparr-consent", _consents("sparr")),
        ),
    ),
    ResourceType("EpisodeOfCare", "A care process (hälsoärende)."),
    ResourceType(
        "Flag",
        "A warning; or that a record was opened in an emergency (nödöppning).",
        imposed=(
            impose(
                "Flag",
                "emergency-access-flag",
                locally_coded("category", "flag-category", "nodoppning"),
            ),
        ),
    ),
    ResourceType("Goal", "A goal of the person or of the professions."),
    ResourceType("Organization", "Huvudman, vårdgivare or vårdenhet, by HSA-id."),
    ResourceType(
        "Patient",
        "The person, by personnummer or another national number.",
        imposed=(impose("Patient", "se-patient", identified(PERSONAL_NUMBERS)),),
    ),
    ResourceType(
        "Practitioner",
        "A named person of staff, by HSA-id.",
        imposed=(impose("Practitioner", "se-practitioner", identified(HSA_IDS)),),
    ),
    ResourceType("Provenance", "Who wrote what, on whose behalf."),
    ResourceType("RelatedPerson", "A relative or guardian."),
    ResourceType(
        "Task",
        "Something a unit has to do, with its deadline.",
        imposed=(
            impose("Task", "kallelse-task", locally_coded("code", "task-code", "kallelse")),
            impose(
                "Task", "change-request-task", locally_coded("code", "task-code", "byte-av-kontakt")
            ),
            impose(
                "Task",
                "follow-up-task",
                locally_coded("code", "task-code", "uppfoljning", "omprovning"),
            ),
        ),
    ),
)
