"""R4's code systems, value sets and concept maps.

Concepts are read with their code system, when one is asked for, and a bounded number is kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from fhir_server.profiles.definitions import Definitions
from fhir_server.terminology.bounded import Bounded
from fhir_server.terminology.listed import ListedCodeSystem, info_of

MAX_CONCEPTS = 20_000


class R4Tables:
    """What HL7 published with R4; the same for every generation of definitions.

    Args:
        definitions: which have the tables.
        max_concepts: how many are kept in memory.
    """

    def __init__(self, definitions: Definitions, max_concepts: int = MAX_CONCEPTS) -> None:
        self._systems = definitions.lines("CodeSystem")
        self.value_sets = definitions.lines("ValueSet")
        self.concept_maps = definitions.lines("ConceptMap")
        self._kept: Bounded[str, ListedCodeSystem] = Bounded(max_concepts, len)

    @property
    def kept_concepts(self) -> int:
        """How many concepts are in memory just now."""
        return self._kept.weight

    def find(self, url: str, version: str | None = None) -> ListedCodeSystem | None:
        """Give a code system."""
        if not self._systems.has(url, version):
            return None
        return self._kept.get(url, lambda: self._read(url))

    def systems(self) -> Iterable[tuple[str, str | None]]:
        """Give url and version of all code systems."""
        return self._systems.versions()

    def system_of(self, value_set: str) -> str | None:
        """Give the code system that names a value set as that of all its codes."""
        return self._systems.of_value_set(value_set)

    def _read(self, url: str) -> ListedCodeSystem:
        line = self._systems.get(url) or {}
        rows = line.pop("concept")
        return ListedCodeSystem(info_of(line, len(rows)), rows)
