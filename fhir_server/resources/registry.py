"""Every resource type the server offers: the declared ones, and all others by one declaration."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from fhir_server.profiles.definitions import Definitions
from fhir_server.resources.care_plan import CARE_PLAN
from fhir_server.resources.care_team import CARE_TEAM
from fhir_server.resources.companions import COMPANIONS
from fhir_server.resources.encounter import ENCOUNTER
from fhir_server.resources.practitioner_role import PRACTITIONER_ROLE
from fhir_server.resources.resource_type import ResourceType

DECLARED = (CARE_TEAM, CARE_PLAN, PRACTITIONER_ROLE, ENCOUNTER, *COMPANIONS)
# What an installation stores before long: its workers share what is compiled for them.
USUAL = (
    *(declared.name for declared in DECLARED),
    *("AllergyIntolerance", "Bundle", "CommunicationRequest", "Device", "DiagnosticReport"),
    *("DocumentReference", "HealthcareService", "ImagingStudy", "Immunization", "List"),
    *("Location", "Medication", "MedicationAdministration", "MedicationRequest"),
    *("MedicationStatement", "Observation", "Procedure", "Questionnaire"),
    *("QuestionnaireResponse", "ServiceRequest", "Claim", "ExplanationOfBenefit"),
)
IMPOSED = tuple(each for declared in DECLARED for each in declared.imposed)


class Registry:
    """The offered types by name.

    Args:
        definitions: whose concrete resource types are all offered.
    """

    def __init__(self, definitions: Definitions) -> None:
        declared = {item.name: item for item in DECLARED}
        self.types = MappingProxyType(
            {name: declared.get(name, ResourceType(name)) for name in definitions.resource_types}
        )

    def __getitem__(self, name: str) -> ResourceType:
        return self.types[name]

    def __contains__(self, name: object) -> bool:
        return name in self.types

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self.types.values())
