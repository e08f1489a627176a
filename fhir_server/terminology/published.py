"""Code systems that definitions know: the project's files, and those that are stored.

A CodeSystem that is stored comes from the definitions without its concepts, but with their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Protocol

from fhir_server.profiles.definitions import Definitions
from fhir_server.terminology.bounded import Bounded
from fhir_server.terminology.concepts import Resource, SystemInfo
from fhir_server.terminology.listed import ListedCodeSystem, info_of
from fhir_server.terminology.r4_tables import MAX_CONCEPTS
from fhir_server.terminology.rows import rows_of
from fhir_server.terminology.sources import CodeSystem


class StoredConcepts(Protocol):
    """The concepts of stored CodeSystems."""

    def system_of(self, definition: Resource, info: SystemInfo) -> CodeSystem | None:
        """Give the code system of a definition that has no concepts itself; None for none."""


class PublishedCodeSystems:
    """The code systems of one generation of definitions.

    Args:
        definitions: the project's own, and what is stored.
        stored: the concepts of stored ones; None where there is no database.
    """

    def __init__(self, definitions: Definitions, stored: StoredConcepts | None) -> None:
        self._definitions = definitions
        self._stored = stored
        self._kept: Bounded[tuple[str, str | None], CodeSystem] = Bounded(MAX_CONCEPTS, _weight)

    def find(self, url: str, version: str | None = None) -> CodeSystem | None:
        """Give a code system."""
        canonical = url if version is None else f"{url}|{version}"
        definition = self._definitions.conformance("CodeSystem", canonical)
        if definition is None or version not in (None, definition.get("version")):
            return None
        return self._system(definition)

    def systems(self) -> Iterable[tuple[str, str | None]]:
        """Give url and version of all code systems; supplements are none."""
        return (
            (each["url"], each.get("version"))
            for each in self._definitions.conformance_of_type("CodeSystem")
            if each.get("content") != "supplement"
        )

    def supplements(self, url: str) -> Iterable[CodeSystem]:
        """Give the code systems that add designations and properties to another."""
        return map(self._system, self._overview.supplements.get(url, ()))

    def system_of(self, value_set: str) -> str | None:
        """Give the code system that names a value set as that of all its codes."""
        return self._overview.by_value_set.get(value_set)

    @cached_property
    def _overview(self) -> _Overview:
        return _Overview(self._definitions.conformance_of_type("CodeSystem"))

    def _system(self, definition: Resource) -> CodeSystem:
        key = (definition["url"], definition.get("version"))
        return self._kept.get(key, lambda: self._made(definition))

    def _made(self, definition: Resource) -> CodeSystem:
        count = definition.get("count")
        elsewhere = "concept" not in definition and definition.get("content") != "not-present"
        if elsewhere and count and self._stored is not None:
            found = self._stored.system_of(definition, info_of(definition, count))
            if found is not None:
                return found
        rows = rows_of(definition)
        return ListedCodeSystem(info_of(definition, len(rows)), rows)


class _Overview:
    """Which code systems say something about others, learned in one pass."""

    def __init__(self, code_systems: Iterable[Resource]) -> None:
        self.supplements: dict[str, list[Resource]] = {}
        found: dict[str, str] = {}
        for each in code_systems:
            if each.get("content") == "supplement" and "supplements" in each:
                target = each["supplements"].partition("|")[0]
                self.supplements.setdefault(target, []).append(each)
            if "valueSet" in each:
                found[each["valueSet"]] = each["url"]
        self.by_value_set: Mapping[str, str] = found


def _weight(system: CodeSystem) -> int:
    return len(system) if isinstance(system, ListedCodeSystem) else 1
