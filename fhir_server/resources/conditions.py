"""When a profile is imposed: conditions on what a resource says of itself, as FHIRPath.

Each is about a code, an identifier or an extension of Swedish systems, so that a resource from
elsewhere is held to R4 alone.
"""

from __future__ import annotations

from fhir_server.fhir.locations import canonical
from fhir_server.profiles.imposed import Imposed

PLAN_TYPES = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
KINDS_OF_CARE_TEAM = "https://fhir.inera.se/ig/careteam/CodeSystem/typ-av-careteam-cs"

PERSONAL_NUMBERS = (
    "http://electronichealth.se/identifier/personnummer",
    "http://electronichealth.se/identifier/samordningsnummer",
    "http://electronichealth.se/identifier/nationelltReservnummer",
)
# HL7 Sweden's system and Inera's (DOMAIN 0.10).
HSA_IDS = ("urn:oid:1.2.752.29.4.19", "urn:oid:1.2.752.129.2.1.4.1")


def impose(resource_type: str, profile: str, when: str) -> Imposed:
    """Impose one of the project's profiles, by its id, where a condition holds."""
    return Imposed(resource_type, f"{canonical()}/StructureDefinition/{profile}", when)


def coded(path: str, system: str, *codes: str) -> str:
    """Say that an element has one of some codes."""
    wanted = " or ".join(f"code = '{code}'" for code in codes)
    return f"{path}.coding.where(system = '{system}' and ({wanted})).exists()"


def locally_coded(path: str, name: str, *codes: str) -> str:
    """Say that an element has one of some codes of one of the project's own code systems."""
    return coded(path, f"{canonical()}/CodeSystem/{name}", *codes)


def identified(systems: tuple[str, ...]) -> str:
    """Say that the resource has an identifier of one of some systems."""
    wanted = " or ".join(f"system = '{system}'" for system in systems)
    return f"identifier.where({wanted}).exists()"


def extended(*names: str) -> str:
    """Say that the resource has one of some extensions of the project."""
    urls = (f"{canonical()}/StructureDefinition/{name}" for name in names)
    wanted = " or ".join(f"url = '{url}'" for url in urls)
    return f"extension.where({wanted}).exists()"
