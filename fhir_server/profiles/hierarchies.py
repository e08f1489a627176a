"""Which codes of a code system stand above which.

Source: https://hl7.org/fhir/R4/codesystem.html#hierarchy
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_server.profiles.definitions import Definitions

# Properties of a concept that name the codes above it, and those below it.
_ABOVE, _BELOW = ("subsumedBy", "parent"), ("child",)


def parents_of(definitions: Definitions, system: str) -> Mapping[str, Sequence[str]] | None:
    """Give, by code, the codes right above it.

    Returns:
        None where the code system is unknown here, or has no levels.
    """
    own = definitions.conformance("CodeSystem", system)
    if own is None:
        return definitions.hierarchy(system)
    above: dict[str, list[str]] = {}
    for code, parent in _pairs(own.get("concept", []), ""):
        above.setdefault(code, []).append(parent)
    return above or None


def _pairs(concepts: Sequence[Mapping[str, Any]], parent: str) -> Iterator[tuple[str, str]]:
    for concept in concepts:
        code = concept["code"]
        if parent:
            yield code, parent
        for item in concept.get("property", []):
            if item["code"] in _ABOVE and "valueCode" in item:
                yield code, item["valueCode"]
            elif item["code"] in _BELOW and "valueCode" in item:
                yield item["valueCode"], code
        yield from _pairs(concept.get("concept", []), code)
