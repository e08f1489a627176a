"""What a value set contains, concept by concept.

Source: https://hl7.org/fhir/R4/valueset.html#expansion
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from fhir_server.fhir.folding import fold
from fhir_server.terminology.compose import (
    NOWHERE,
    PARTIAL,
    Asked,
    Found,
    Include,
    Library,
    Plan,
    absent,
    find_in_include,
    find_in_set,
    require_acyclic,
)
from fhir_server.terminology.concepts import (
    Concept,
    Designation,
    Expansion,
    ExpansionItem,
    ExpansionRequest,
    TerminologyError,
)
from fhir_server.terminology.filters import has_words
from fhir_server.terminology.listed import designation
from fhir_server.terminology.sources import CodeSystem, Selection


class Expander:
    """Expands one value set once.

    Args:
        library: finds code systems and value sets.
        wanted: how.
        max_expansion: the most concepts that are given at once.
    """

    def __init__(self, library: Library, wanted: ExpansionRequest, max_expansion: int) -> None:
        self._library = library
        self._wanted = wanted
        self._limit = max_expansion
        self._words = tuple(fold(wanted.filter).split())
        self._used: dict[str, None] = {}
        self._used_sets: dict[str, None] = {}
        self._warnings: dict[str, None] = {}

    def expand(self, plan: Plan) -> Expansion:
        """Give the page that is wanted, or all.

        Raises:
            TerminologyError: too-costly, not-found, not-supported, processing.
        """
        concepts, total = self._page(plan)
        items = [self._item(concept) for concept in concepts]
        if not self._wanted.exclude_nested and not self._wanted.is_paged:
            items = self._nested(items, concepts)
        return Expansion(
            items,
            total,
            self._wanted.offset,
            tuple(self._warnings),
            tuple(self._used),
            tuple(self._used_sets),
        )

    def _page(self, plan: Plan) -> tuple[list[Concept], int]:
        offset, count = self._wanted.offset, self._wanted.count
        most = self._limit if count is None else min(count, self._limit)
        alone = self._alone(plan)
        if alone is not None:
            return self._page_of_system(*alone, most)
        found: list[Concept] = []
        total = 0
        for concept in self._concepts(plan, (plan.url,)):
            if offset <= total < offset + most:
                found.append(concept)
            total += 1
            if not self._wanted.is_paged:
                self._require_affordable(total)
        return found, total

    def _page_of_system(
        self, system: CodeSystem, selection: Selection, most: int
    ) -> tuple[list[Concept], int]:
        total = system.count(selection)
        if not self._wanted.is_paged:
            self._require_affordable(total)
        return list(system.select(selection, self._wanted.offset, most)), total

    def _require_affordable(self, total: int) -> None:
        if total > self._limit:
            raise TerminologyError(
                "too-costly",
                f"The value set has more than {self._limit} concepts. "
                "Ask for pages with count and offset, or narrow it with filter.",
            )

    def _alone(self, plan: Plan) -> tuple[CodeSystem, Selection] | None:
        """Give the code system of a value set that is nothing else, which pages it itself."""
        if plan.fixed is not None or plan.excludes or len(plan.includes) != 1:
            return None
        include = plan.includes[0]
        if include.system is None or include.listed is not None or include.value_sets:
            return None
        return self._system(include), self._selection(include, plan)

    def _selection(self, include: Include, plan: Plan) -> Selection:
        return Selection(include.conditions, self._words, self._active_only(plan))

    def _active_only(self, plan: Plan) -> bool:
        return self._wanted.active_only or not plan.inactive

    def _system(self, include: Include) -> CodeSystem:
        """Give the code system of an include whose codes have to be listed.

        Raises:
            TerminologyError: not-found.
        """
        found = self._library.system(include.system or "", include.version)
        if found is None or found.info.content in NOWHERE:
            text = absent(include)
            raise TerminologyError("not-found", f"{text[0].upper()}{text[1:]}. Load it.")
        self._note(found)
        return found

    def _note(self, system: CodeSystem) -> None:
        info = system.info
        self._used[f"{info.url}|{info.version}" if info.version else info.url] = None
        if info.content in PARTIAL:
            self._warnings[f"The code system {info.url} is known to this server only in part."] = (
                None
            )

    def _concepts(self, plan: Plan, path: tuple[str, ...]) -> Iterator[Concept]:
        """Give the concepts of a value set, each once, in the order of its composition."""
        if plan.fixed is not None:
            yield from self._fixed(plan)
            return
        seen: set[tuple[str, str]] = set()
        for include in plan.includes:
            for concept in self._included(include, plan, path):
                key = (concept.system, concept.code)
                if key not in seen and not self._excluded(plan, concept, path):
                    seen.add(key)
                    yield concept

    def _fixed(self, plan: Plan) -> Iterator[Concept]:
        for (system, code), entry in (plan.fixed or {}).items():
            concept = Concept(
                system,
                code,
                entry.get("display"),
                designations=tuple(map(designation, entry.get("designation", ()))),
                inactive=entry.get("inactive", False),
                abstract=entry.get("abstract", False),
                version=entry.get("version"),
            )
            if self._is_wanted(concept, plan):
                yield concept

    def _is_wanted(self, concept: Concept, plan: Plan) -> bool:
        if concept.inactive and self._active_only(plan):
            return False
        return not self._words or has_words(concept, self._words)

    def _excluded(self, plan: Plan, concept: Concept, path: tuple[str, ...]) -> bool:
        asked = Asked(concept.code, concept.system, path)
        return any(_told(find_in_include(self._library, each, asked)) for each in plan.excludes)

    def _included(self, include: Include, plan: Plan, path: tuple[str, ...]) -> Iterator[Concept]:
        further = include.value_sets
        if include.system is None:
            if not further:
                return
            found: Iterable[Concept] = self._imported(further[0], plan, path)
            further = further[1:]
        elif include.listed is not None:
            found = self._listed(include, plan)
        else:
            found = self._system(include).select(self._selection(include, plan))
        for concept in found:
            asked = Asked(concept.code, concept.system, path)
            if all(_told(find_in_set(self._library, url, asked)) for url in further):
                yield concept

    def _imported(self, canonical: str, plan: Plan, path: tuple[str, ...]) -> Iterator[Concept]:
        inner = require_acyclic(canonical, path)
        imported = self._library.plan(canonical)
        if imported is None:
            raise TerminologyError(
                "not-found", f"The value set {canonical} is not known to this server. Load it."
            )
        self._used_sets[canonical] = None
        active = replace(imported, inactive=imported.inactive and plan.inactive)
        return self._concepts(active, inner)

    def _listed(self, include: Include, plan: Plan) -> Iterator[Concept]:
        system = self._library.system(include.system or "", include.version)
        if system is not None:
            self._note(system)
        for code, entry in (include.listed or {}).items():
            known = None if system is None else system.concept(code)
            concept = known or Concept(include.system or "", code)
            own = tuple(map(designation, entry.get("designation", ())))
            concept = replace(
                concept,
                display=entry.get("display") or concept.display,
                designations=(*own, *concept.designations),
            )
            if self._is_wanted(concept, plan):
                yield concept

    def _item(self, concept: Concept) -> ExpansionItem:
        return ExpansionItem(
            concept.system,
            concept.code,
            _display(concept, self._wanted.display_language),
            concept.version,
            concept.abstract,
            concept.inactive,
            concept.designations if self._wanted.include_designations else (),
        )

    @staticmethod
    def _nested(items: list[ExpansionItem], concepts: list[Concept]) -> list[ExpansionItem]:
        """Put each item under the one right above it, where that is contained, too."""
        by_code = {(item.system, item.code): item for item in items}
        above: dict[tuple[str, str], tuple[str, str]] = {}
        top = []
        for item, concept in zip(items, concepts, strict=True):
            keys = ((concept.system, parent) for parent in concept.parents)
            key = next((k for k in keys if k in by_code), None)
            own = (item.system, item.code)
            if key is None or own in _chain(above, key):
                top.append(item)
            else:
                above[own] = key
                by_code[key].contains.append(item)
        return top


def _chain(
    above: dict[tuple[str, str], tuple[str, str]], key: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    """Give an item and those it already stands under, so that a circle of levels is not closed."""
    step: tuple[str, str] | None = key
    while step is not None:
        yield step
        step = above.get(step)


def _told(found: Found) -> bool:
    """Give an answer that an expansion needs.

    Raises:
        TerminologyError: not-found, where nobody can tell.
    """
    if found.holds is None:
        raise TerminologyError("not-found", f"{found.why[0].upper()}{found.why[1:]}.")
    return found.holds


def _display(concept: Concept, language: str | None) -> str | None:
    if language is None:
        return concept.display
    return next((d.value for d in concept.designations if _speaks(d, language)), concept.display)


def _speaks(designation: Designation, language: str) -> bool:
    own, wanted = (designation.language or "").lower(), language.lower()
    return own == wanted or own.partition("-")[0] == wanted
