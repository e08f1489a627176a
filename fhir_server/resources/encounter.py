"""Encounter: an inpatient stay carries the timeline of the discharge process."""

from fhir_server.resources.conditions import extended, impose
from fhir_server.resources.resource_type import ResourceType

_TIMELINE = (
    "expected-discharge",
    "need-assessed-at",
    "admission-notice-sent",
    "discharge-ready",
    "discharge-ready-withdrawn",
)

ENCOUNTER = ResourceType(
    "Encounter",
    about="A care contact; an inpatient stay carries the discharge timeline in extensions.",
    imposed=(impose("Encounter", "sluten-encounter", extended(*_TIMELINE)),),
)
