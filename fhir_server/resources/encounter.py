"""Encounter: an inpatient stay carries the timeline of the discharge process."""

from fhir_server.resources.resource_type import ResourceType

ENCOUNTER = ResourceType(
    "Encounter",
    about="A care contact; an inpatient stay carries the discharge timeline in extensions.",
)
