"""PractitionerRole: a person in a position at a unit (medarbetaruppdrag), and how to reach them."""

from fhir_server.resources.conditions import HSA_IDS, identified, impose
from fhir_server.resources.resource_type import ResourceType

PRACTITIONER_ROLE = ResourceType(
    "PractitionerRole",
    about="A person's position at a unit; the member of a fast kontakt.",
    imposed=(impose("PractitionerRole", "se-practitionerrole", identified(HSA_IDS)),),
)
