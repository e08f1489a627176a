"""The concepts of a CodeSystem laid out flat, in order, each with the codes right above it.

Source: https://hl7.org/fhir/R4/codesystem.html#hierarchy
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

PROPERTY_URI = "http://hl7.org/fhir/concept-properties#"

# Properties that name the codes above a concept, and those below it.
ABOVE, BELOW = ("subsumedBy", "parent"), ("child",)
_INACTIVE_STATUS = ("inactive", "retired")


class Row(NamedTuple):
    """One concept; properties and designations as FHIR's JSON has them."""

    code: str
    display: str | None = None
    definition: str | None = None
    parents: Sequence[str] = ()
    properties: Sequence[Mapping[str, Any]] = ()
    designations: Sequence[Mapping[str, Any]] = ()


def rows_of(code_system: Mapping[str, Any]) -> list[Row]:
    """Lay out the concepts of a CodeSystem; levels by nesting and by properties alike."""
    concepts = list(_nested(code_system.get("concept", ()), None))
    above = _parents(concepts)
    return [
        Row(
            concept["code"],
            concept.get("display"),
            concept.get("definition"),
            tuple(above[concept["code"]]),
            concept.get("property", ()),
            concept.get("designation", ()),
        )
        for concept, _ in concepts
    ]


def _nested(
    concepts: Iterable[Mapping[str, Any]], parent: str | None
) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    for concept in concepts:
        yield concept, parent
        yield from _nested(concept.get("concept", ()), concept["code"])


def _parents(
    concepts: Iterable[tuple[Mapping[str, Any], str | None]],
) -> dict[str, dict[str, None]]:
    concepts = list(concepts)
    above: dict[str, dict[str, None]] = {concept["code"]: {} for concept, _ in concepts}
    for concept, parent in concepts:
        code = concept["code"]
        if parent is not None:
            above[code][parent] = None
        for item in concept.get("property", ()):
            if item["code"] in ABOVE and "valueCode" in item:
                above[code][item["valueCode"]] = None
            elif item["code"] in BELOW and item.get("valueCode") in above:
                above[item["valueCode"]][code] = None
    return above


def ancestors_of(parents: Mapping[str, Sequence[str]], code: str) -> dict[str, None]:
    """Give all codes above a code, each once; a circle ends where it began."""
    found: dict[str, None] = {}
    rest = list(parents.get(code, ()))
    while rest:
        above = rest.pop()
        if above not in found and above != code:
            found[above] = None
            rest += parents.get(above, ())
    return found


class Marks:
    """Which properties say that a concept is inactive, or abstract.

    Args:
        declared: CodeSystem.property; a property may have another code than R4 proposes.

    Source: https://hl7.org/fhir/R4/codesystem.html#defined-props
    """

    def __init__(self, declared: Iterable[Mapping[str, Any]]) -> None:
        self._inactive = {"inactive"}
        self._status = {"status"}
        self._abstract = {"notSelectable", "abstract"}
        named = {
            "inactive": self._inactive,
            "status": self._status,
            "notSelectable": self._abstract,
        }
        for each in declared:
            known = named.get(str(each.get("uri", "")).removeprefix(PROPERTY_URI))
            if known is not None:
                known.add(each["code"])

    def inactive(self, properties: Iterable[Mapping[str, Any]]) -> bool:
        """Tell whether a concept is not to be used any more."""
        return any(
            item.get("valueBoolean") is True
            if item["code"] in self._inactive
            else item["code"] in self._status and _text(item) in _INACTIVE_STATUS
            for item in properties
        )

    def abstract(self, properties: Iterable[Mapping[str, Any]]) -> bool:
        """Tell whether a concept only groups others."""
        return any(
            item["code"] in self._abstract and item.get("valueBoolean") is True
            for item in properties
        )


def _text(item: Mapping[str, Any]) -> str | None:
    return item.get("valueCode") or item.get("valueString")
