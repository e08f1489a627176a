"""What the server offers for one resource type."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.profiles.imposed import Imposed

# The codes of https://hl7.org/fhir/R4/valueset-type-restful-interaction.html
ALL_INTERACTIONS = (
    "create",
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "search-type",
)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One declaration; routes, CapabilityStatement and OpenAPI are made from it.

    Args:
        name: as R4 spells it.
        about: what the type is for on this server, for the CapabilityStatement and OpenAPI.
        interactions: codes of the interactions it answers.
        imposed: profiles that hold whether a resource claims them or not.
    """

    name: str
    about: str = ""
    interactions: tuple[str, ...] = ALL_INTERACTIONS
    imposed: tuple[Imposed, ...] = ()
