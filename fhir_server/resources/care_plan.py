"""CarePlan: a SIP says who does what and who answers for the whole; other plans stand beside it."""

from fhir_server.resources.resource_type import ResourceType

CARE_PLAN = ResourceType(
    "CarePlan",
    about="A samordnad individuell plan (category SIP) or another plan of care.",
)
