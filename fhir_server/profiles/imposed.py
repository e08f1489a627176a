"""Profiles that hold for what is stored whether it claims them or not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Imposed:
    """One profile that the server asks of a resource type.

    Args:
        resource_type: whose resources it is for.
        profile: canonical of the StructureDefinition.
        when: FHIRPath on the resource that tells whether it applies; empty for always.
    """

    resource_type: str
    profile: str
    when: str = ""
