"""A code system together with what supplements add to it.

Source: https://hl7.org/fhir/R4/codesystem.html#supplements
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from fhir_server.terminology.concepts import Concept, SystemInfo
from fhir_server.terminology.filters import has_words, predicate
from fhir_server.terminology.sources import CodeSystem, Selection


class SupplementedCodeSystem:
    """The concepts of a code system, with further designations and properties.

    Args:
        system: the code system; codes and levels are its own.
        supplements: whose designations and properties are added, in this order.
    """

    def __init__(self, system: CodeSystem, supplements: Sequence[CodeSystem]) -> None:
        self._system = system
        self._supplements = supplements
        declared = (p for each in supplements for p in each.info.properties)
        self.info: SystemInfo = replace(
            system.info, properties=(*system.info.properties, *declared)
        )

    def concept(self, code: str) -> Concept | None:
        """Give a concept with all that is added to it."""
        found = self._system.concept(code)
        return None if found is None else self._with_additions(found)

    def children(self, code: str) -> Sequence[str]:
        """Give the codes right below a code."""
        return self._system.children(code)

    def is_below(self, code: str, above: str) -> bool:
        """Tell whether a code has another one above it."""
        return self._system.is_below(code, above)

    def ancestors(self, code: str) -> Collection[str]:
        """Give all codes above a code."""
        return self._system.ancestors(code)

    def descendants(self, code: str) -> Iterable[str]:
        """Give all codes below a code."""
        return self._system.descendants(code)

    def has_levels(self) -> bool:
        """Tell whether any code stands above another."""
        return self._system.has_levels()

    def select(
        self, selection: Selection, offset: int = 0, limit: int | None = None
    ) -> Iterator[Concept]:
        """Give the wanted concepts, which may be wanted for what is added to them."""
        if selection.words or self._needs_additions(selection):
            wanted = predicate(replace(selection, words=()), self)
            every = map(self._with_additions, self._system.select(Selection()))
            found = (c for c in every if wanted(c) and has_words(c, selection.words))
            return islice(found, offset, None if limit is None else offset + limit)
        return map(self._with_additions, self._system.select(selection, offset, limit))

    def count(self, selection: Selection) -> int:
        """Count the wanted concepts."""
        if selection.words or self._needs_additions(selection):
            return sum(1 for _ in self.select(selection))
        return self._system.count(selection)

    def _needs_additions(self, selection: Selection) -> bool:
        added = {p["code"] for each in self._supplements for p in each.info.properties}
        return any(condition.property in added for condition in selection.conditions)

    def _with_additions(self, concept: Concept) -> Concept:
        found = [c for s in self._supplements if (c := s.concept(concept.code)) is not None]
        if not found:
            return concept
        return replace(
            concept,
            designations=(*concept.designations, *(d for c in found for d in c.designations)),
            properties=(*concept.properties, *(p for c in found for p in c.properties)),
        )
