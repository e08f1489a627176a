"""Finds code systems and value sets in all sources, for one generation of definitions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.json_lines import R4_VERSION
from fhir_server.terminology.compose import NOWHERE, Plan, plan_of
from fhir_server.terminology.concepts import Resource, TerminologyError
from fhir_server.terminology.grammars import Grammars
from fhir_server.terminology.published import PublishedCodeSystems, StoredConcepts
from fhir_server.terminology.r4_tables import R4Tables
from fhir_server.terminology.sources import CodeSystem
from fhir_server.terminology.supplements import SupplementedCodeSystem

_MAX_PLANS = 1024


class SourceLibrary:
    """The definitions first, then grammars, then R4's tables.

    Args:
        definitions: the project's files, and what is stored.
        tables: R4's, which outlive the definitions.
        stored: the concepts of stored code systems.
    """

    def __init__(
        self, definitions: Definitions, tables: R4Tables, stored: StoredConcepts | None
    ) -> None:
        self._definitions = definitions
        self._tables = tables
        self._stored = stored
        self._published = PublishedCodeSystems(definitions, stored)
        self._grammars = Grammars()
        self._plans = lru_cache(maxsize=_MAX_PLANS)(self._made_plan)

    def system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """Give a code system, with what supplements add; None where it is not known here."""
        found = self._published.find(url, version)
        if found is None or found.info.content in NOWHERE:
            # Packages bring code systems without concepts: they don't hide what is known anyway.
            known = self._grammars.find(url), self._tables.find(url, version)
            found = next((each for each in known if each is not None), found)
        if found is None:
            return None
        supplements = tuple(self._published.supplements(url))
        return SupplementedCodeSystem(found, supplements) if supplements else found

    def systems(self) -> Iterator[tuple[str, str | None]]:
        """Give url and version of all code systems."""
        for source in (self._published, self._grammars, self._tables):
            yield from source.systems()

    def value_set(self, canonical: str) -> Resource | None:
        """Give a value set by canonical, or by ``ValueSet/id``; None where it is not known here."""
        url, _, version = canonical.partition("|")
        own = self._definitions.conformance("ValueSet", canonical)
        if own is not None and version in ("", own.get("version")):
            return own
        found = self._tables.value_sets.get(url, version or None)
        if found is not None:
            return {"resourceType": "ValueSet", **found}
        return self._implicit(url) if not version or version == R4_VERSION else None

    def url_of(self, reference: str) -> str | None:
        """Give the canonical of a value set that is named by it or as ``ValueSet/id``."""
        kind, _, id_ = reference.partition("/")
        if kind != "ValueSet":
            return reference
        stored = self._stored
        found = self._ids.get(id_) or (stored and stored.canonical_of(reference))
        return found or self._tables.value_sets.of_id(id_)

    def plan(self, canonical: str) -> Plan | None:
        """Give a value set laid out; None where it is not known here, or says nothing."""
        return self._plans(canonical)

    def concept_map(self, canonical: str) -> Resource | None:
        """Give a concept map; None where it is not known here."""
        url, _, version = canonical.partition("|")
        own = self._definitions.conformance("ConceptMap", canonical)
        if own is not None and version in ("", own.get("version")):
            return own
        found = self._tables.concept_maps.get(url, version or None)
        return None if found is None else {"resourceType": "ConceptMap", **found}

    def concept_maps(self) -> Iterator[Resource]:
        """Give all concept maps, those of the definitions first."""
        yield from self._definitions.conformance_of_type("ConceptMap")
        for found in self._tables.concept_maps:
            yield {"resourceType": "ConceptMap", **found}

    def value_sets(self) -> Iterator[tuple[str, str | None]]:
        """Give url and version of all value sets."""
        for each in self._definitions.published_of_type("ValueSet"):
            yield each["url"], each.get("version")
        if self._definitions.stored is not None:
            yield from ((url, None) for url in self._definitions.stored.urls("ValueSet"))
        yield from self._tables.value_sets.versions()

    def _made_plan(self, canonical: str) -> Plan | None:
        value_set = self.value_set(canonical)
        try:
            return None if value_set is None else plan_of(value_set)
        except TerminologyError:
            return None

    def _implicit(self, url: str) -> Resource | None:
        """Give the value set of all codes of a system that names it so (CodeSystem.valueSet)."""
        system = self._published.system_of(url) or self._tables.system_of(url)
        if system is None:
            return None
        include = [{"system": system}]
        return {
            "resourceType": "ValueSet",
            "url": url,
            "status": "active",
            "compose": {"include": include},
        }

    @cached_property
    def _ids(self) -> dict[str, str]:
        own = self._definitions.published_of_type("ValueSet")
        return {each["id"]: each["url"] for each in own if "id" in each}
