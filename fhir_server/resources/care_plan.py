"""CarePlan: a SIP says who does what and who answers for the whole; other plans stand beside it."""

from fhir_server.resources.conditions import PLAN_TYPES, coded, impose, locally_coded
from fhir_server.resources.resource_type import ResourceType

_BESIDE_SIP = ("SPLPTLRV", "SPU", "VP", "HP", "RP", "GP", "SVP")

CARE_PLAN = ResourceType(
    "CarePlan",
    about="A samordnad individuell plan (category SIP) or another plan of care.",
    imposed=(
        impose("CarePlan", "sip-careplan", coded("category", PLAN_TYPES, "SIP")),
        impose("CarePlan", "vardplan-careplan", coded("category", PLAN_TYPES, *_BESIDE_SIP)),
        impose(
            "CarePlan",
            "patientkontrakt-careplan",
            locally_coded("category", "plan-category", "patientkontrakt"),
        ),
    ),
)
