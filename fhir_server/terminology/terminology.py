"""What the server knows about codes: the one door to all sources of terminology.

Source: https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.profiles.definitions import Definitions
from fhir_server.terminology import verdicts
from fhir_server.terminology.compose import NOWHERE, PARTIAL, Asked, Found, Plan, find_in, plan_of
from fhir_server.terminology.concepts import (
    Concept,
    Expansion,
    ExpansionRequest,
    Resource,
    SystemInfo,
    TerminologyError,
)
from fhir_server.terminology.enumeration import Codes, enumerated
from fhir_server.terminology.expansion import Expander
from fhir_server.terminology.library import SourceLibrary
from fhir_server.terminology.map_index import MapIndex
from fhir_server.terminology.published import StoredConcepts
from fhir_server.terminology.r4_tables import R4Tables
from fhir_server.terminology.sources import CodeSystem, ExternalTerminology, SourceUnavailable

_MAX_VERDICTS = 16_384
# A code that is longer is not worth remembering.
_LONGEST = 128


class Terminology:
    """Answers about codes, value sets and code systems; safe to share between threads.

    Implements `profiles.code_checks.CodeChecks`. What was answered once is remembered as long as
    the object lives: make another when definitions change (`with_definitions`).

    Args:
        definitions: the project's own resources, and what is stored.
        stored: the concepts of stored code systems; None where there is no database.
        external: asked about what nobody here can tell.
        max_expansion: the most concepts that an expansion gives at once.
        tables: R4's; by default those that the definitions were read with.
    """

    def __init__(
        self,
        definitions: Definitions,
        *,
        stored: StoredConcepts | None = None,
        external: ExternalTerminology | None = None,
        max_expansion: int = 10_000,
        tables: R4Tables | None = None,
    ) -> None:
        self._tables = tables or R4Tables(definitions.r4_directory)
        self._stored = stored
        self._external = external
        self._max_expansion = max_expansion
        self._library = SourceLibrary(definitions, self._tables, stored)
        self._membership = lru_cache(maxsize=_MAX_VERDICTS)(self._find_member)

    def with_definitions(
        self, definitions: Definitions, stored: StoredConcepts | None = None
    ) -> Terminology:
        """Give the same terminology over other definitions; R4's tables stay read.

        Args:
            stored: None for the same.
        """
        return Terminology(
            definitions,
            stored=stored or self._stored,
            external=self._external,
            max_expansion=self._max_expansion,
            tables=self._tables,
        )

    @property
    def external(self) -> ExternalTerminology | None:
        """The server that is asked about what nobody here can tell."""
        return self._external

    def value_set(self, canonical: str) -> Resource | None:
        """Give a value set, by canonical with or without ``|version``, or by ``ValueSet/id``."""
        url = self._library.url_of(canonical)
        return None if url is None else self._library.value_set(url)

    def value_sets(self) -> Iterator[tuple[str, str | None]]:
        """Give url and version of every value set that is known here."""
        return self._library.value_sets()

    def code_system(self, canonical: str) -> SystemInfo | None:
        """Give what is known of a code system."""
        found = self._library.system(*_parts(canonical))
        return None if found is None else found.info

    def systems(self) -> list[tuple[str, str | None]]:
        """Give url and version of every code system that is known here, sorted."""
        return sorted(self._library.systems(), key=lambda each: (each[0], each[1] or ""))

    def described(self) -> Iterator[tuple[SystemInfo, bool]]:
        """Give every code system that is known here, and whether it has levels, sorted by url."""
        for url, version in self.systems():
            try:
                found = self._library.system(url, version)
                if found is not None:
                    yield found.info, found.has_levels()
            except SourceUnavailable:
                continue

    def concept_map(self, canonical: str) -> Resource | None:
        """Give a concept map."""
        return self._library.concept_map(canonical)

    def concept_maps(self) -> Iterator[Resource]:
        """Give all concept maps, stored ones first."""
        return self._library.concept_maps()

    def concept_maps_about(self, systems: Iterable[str]) -> Iterator[Resource]:
        """Give the concept maps from or to any of some code systems."""
        for canonical in self._map_index.about(systems):
            found = self.concept_map(canonical)
            if found is not None:
                yield found

    @cached_property
    def _map_index(self) -> MapIndex:
        return MapIndex(self.concept_maps())

    def concept(self, system: str, code: str, version: str | None = None) -> Concept | None:
        """Give a concept, with what supplements add.

        Raises:
            SourceUnavailable: the database does not answer.
        """
        found = self._library.system(system, version)
        concept = None if found is None else found.concept(code)
        here = found is not None and found.info.content not in (*PARTIAL, *NOWHERE)
        if concept is None and not here and self._external is not None:
            return self._external.lookup(f"{system}|{version}" if version else system, code)
        return concept

    def children(self, system: str, code: str) -> Sequence[str]:
        """Give the codes right below a code.

        Args:
            system: its url, perhaps with ``|version``.

        Raises:
            SourceUnavailable: the database does not answer.
        """
        found = self._library.system(*_parts(system))
        return () if found is None else found.children(code)

    def expand(self, value_set: Resource, wanted: ExpansionRequest) -> Expansion:
        """Give what a value set contains.

        Raises:
            TerminologyError: too-costly, not-found, not-supported, invalid, processing.
            SourceUnavailable: the database does not answer.
        """
        expander = Expander(self._library, wanted, self._max_expansion)
        try:
            return expander.expand(plan_of(value_set))
        except TerminologyError as error:
            found = None
            if self._external is not None and error.code == "not-found" and "url" in value_set:
                found = self._external.expand(value_set["url"], wanted)
            if found is None:
                raise
            return found

    def in_value_set(self, value_set: str, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set."""
        known = len(coded.code) <= _LONGEST and len(coded.system or "") <= _LONGEST
        find = self._membership if known else self._find_member
        try:
            verdict, displays = find(value_set, coded.system, coded.code)
        except SourceUnavailable:
            verdict, displays = verdicts.UNAVAILABLE, ()
        if verdict.holds is None and self._external is not None:
            asked = self._external.validate_code(value_set, coded)
            return verdict if asked.holds is None and not asked.text else asked
        if coded.display and verdict.holds:
            return verdicts.with_display(verdict, coded.display, displays)
        return verdict

    def in_value_set_resource(self, value_set: Resource, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set that is not stored.

        Raises:
            TerminologyError: not-found, where it says nothing about what it contains.
        """
        plan = plan_of(value_set)
        try:
            verdict, displays = self._verdict(plan, coded.system, coded.code)
        except SourceUnavailable:
            return verdicts.UNAVAILABLE
        if coded.display and verdict.holds:
            return verdicts.with_display(verdict, coded.display, displays)
        return verdict

    def in_code_system(self, coded: Coded) -> Verdict:
        """Tell whether a code is in its system."""
        try:
            verdict, displays = self._in_system(coded)
        except SourceUnavailable:
            verdict, displays = verdicts.UNAVAILABLE, ()
        if verdict.holds is None and self._external is not None:
            return self._external.code_in_system(coded)
        if coded.display and verdict.holds:
            return verdicts.with_display(verdict, coded.display, displays)
        return verdict

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Tell whether one code subsumes another, or is the same; None where nobody knows.

        Args:
            system: its url, perhaps with ``|version``.
        """
        try:
            found = self._library.system(*_parts(system))
            told = None if found is None else _subsumes(found, above, below)
        except SourceUnavailable:
            told = None
        if told is None and self._external is not None:
            return self._external.subsumes(system, above, below)
        return told

    def members(self, reference: str) -> Codes:
        """Give the codes of a value set by system; None in place of them for the whole system.

        Args:
            reference: its canonical, perhaps with ``|version``, or ``ValueSet/id``.

        Raises:
            TerminologyError: the value set is not known here, or can't be listed.
            SourceUnavailable: the database does not answer.
        """
        url = self._library.url_of(reference)
        plan = self._library.plan(url) if url is not None else None
        if plan is None:
            raise TerminologyError(
                "not-found",
                "the value set is not known to this server. "
                "Name the codes themselves, separated by commas.",
            )
        return enumerated(self._library, plan, self._max_expansion)

    def below(self, system: str, code: str) -> tuple[str, ...]:
        """Give a code and all that it subsumes.

        Raises:
            TerminologyError: the server knows no levels of the code system.
            SourceUnavailable: the database does not answer.
        """
        found = self._leveled(system)
        concept = found.concept(code)
        code = code if concept is None else concept.code
        return (code, *found.descendants(code))

    def above(self, system: str, code: str) -> tuple[str, ...]:
        """Give a code and all that subsume it; raises as `below` does."""
        found = self._leveled(system)
        concept = found.concept(code)
        code = code if concept is None else concept.code
        return (code, *found.ancestors(code))

    def _leveled(self, system: str) -> CodeSystem:
        found = self._library.system(system)
        if found is None or not found.has_levels():
            raise TerminologyError(
                "not-supported",
                "the server knows no hierarchy of this code system. "
                "Name the codes themselves, separated by commas.",
            )
        return found

    def _find_member(
        self, value_set: str, system: str | None, code: str
    ) -> tuple[Verdict, tuple[str, ...]]:
        plan = self._library.plan(value_set)
        if plan is None:
            return verdicts.unknown_value_set(value_set), ()
        return self._verdict(plan, system, code)

    def _verdict(
        self, plan: Plan, system: str | None, code: str
    ) -> tuple[Verdict, tuple[str, ...]]:
        try:
            found = find_in(self._library, plan, Asked(code, system, (plan.url,)))
        except TerminologyError as error:
            found = Found(None, error.text.rstrip("."))
        verdict = verdicts.of_value_set(self._library, plan, found, system)
        return verdict, (*found.displays, *_displays(found.concept))

    def _in_system(self, coded: Coded) -> tuple[Verdict, tuple[str, ...]]:
        system = self._library.system(coded.system or "", coded.version)
        other = None
        if system is None and coded.version:
            # Most codes outlive versions: what another one has is accepted, what it lacks unknown.
            other = system = self._library.system(coded.system or "")
        if system is None or system.info.content in NOWHERE:
            return verdicts.unknown_system(), ()
        concept = system.concept(coded.code)
        told = other is None and system.info.content not in PARTIAL
        return verdicts.of_code_system(system.info.url, concept, told=told), _displays(concept)


def _displays(concept: Concept | None) -> tuple[str, ...]:
    if concept is None:
        return ()
    return (concept.display or "", *(each.value for each in concept.designations))


def _subsumes(system: CodeSystem, above: str, below: str) -> bool | None:
    first, second = system.concept(above), system.concept(below)
    if first is None or second is None:
        return None
    return first.code == second.code or system.is_below(second.code, first.code)


def _parts(canonical: str) -> tuple[str, str | None]:
    url, _, version = canonical.partition("|")
    return url, version or None
