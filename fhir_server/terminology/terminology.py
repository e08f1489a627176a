"""What the server knows about codes: the one door to all sources of terminology.

Source: https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.profiles.definitions import Definitions
from fhir_server.terminology.concepts import (
    Concept,
    Expansion,
    ExpansionRequest,
    Resource,
    SystemInfo,
)
from fhir_server.terminology.sources import CodeSystemSource, ExternalTerminology


class Terminology:
    """Answers about codes, value sets and code systems; safe to share between threads.

    Implements `profiles.code_checks.CodeChecks`.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        stored: CodeSystemSource | None = None,
        external: ExternalTerminology | None = None,
        max_expansion: int = 10_000,
    ) -> None: ...

    def value_set(self, canonical: str) -> Resource | None:
        """Give a value set, by canonical with or without ``|version``, or ``ValueSet/id``."""

    def code_system(self, canonical: str) -> SystemInfo | None:
        """Give what is known of a code system."""

    def concept_map(self, canonical: str) -> Resource | None:
        """Give a concept map."""

    def concept_maps(self) -> Iterator[Resource]:
        """Give all concept maps."""

    def systems(self) -> list[tuple[str, str | None]]:
        """Give url and version of every code system that is known here, sorted."""

    def concept(self, system: str, code: str, version: str | None = None) -> Concept | None:
        """Give a concept, with what supplements add."""

    def children(self, system: str, code: str) -> list[str]:
        """Give the codes right below a code."""

    def expand(self, value_set: Resource, wanted: ExpansionRequest) -> Expansion:
        """Give what a value set contains.

        Raises:
            TerminologyError: too-costly, not-found, not-supported.
        """

    def in_value_set(self, value_set: str, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set."""

    def in_value_set_resource(self, value_set: Resource, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set that is not stored."""

    def in_code_system(self, coded: Coded) -> Verdict:
        """Tell whether a code is in its system."""

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Tell whether one code subsumes another, or is the same."""
