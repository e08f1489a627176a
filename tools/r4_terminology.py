"""Derives compact lines of R4's code systems, value sets and concept maps.

A concept is `[code, display, definition, parents, properties, designations]`, in the order of the
code system, without what is empty at the end. Narratives, descriptions, contacts and extensions
are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from tools.r4_package import Json, Package

# Read from the beginning of a line, without parsing it (fhir_server/terminology/r4_tables.py).
_KEYS = ("url", "id", "version", "valueSet")
_OF_SYSTEM = (
    *_KEYS, "name", "title", "content", "caseSensitive", "hierarchyMeaning", "supplements",
)  # fmt: skip
_OF_VALUE_SET = (*_KEYS[:3], "name", "title", "status", "immutable", "compose", "expansion")
_OF_MAP = (
    *_KEYS[:3], "name", "title", "status", "sourceUri", "sourceCanonical", "targetUri",
    "targetCanonical", "group",
)  # fmt: skip
_DECLARED = ("code", "uri", "type", "operator", "value", "description")
# Properties that name the codes above a concept, and those below it.
_ABOVE, _BELOW = ("subsumedBy", "parent"), ("child",)


def code_systems(package: Package) -> list[Json]:
    """Give every CodeSystem, flat."""
    return [_system(system) for system in package.resources("CodeSystem")]


def value_sets(package: Package) -> list[Json]:
    """Give how every ValueSet is composed."""
    return [_kept(_plain(each), _OF_VALUE_SET) for each in package.resources("ValueSet")]


def concept_maps(package: Package) -> list[Json]:
    """Give what every ConceptMap maps."""
    return [_kept(_plain(each), _OF_MAP) for each in package.resources("ConceptMap")]


def as_lines(entries: Iterable[Json]) -> bytes:
    """Write one line per entry, in the order of their urls."""
    return b"".join(orjson.dumps(each) + b"\n" for each in sorted(entries, key=_url))


def _url(entry: Json) -> str:
    return str(entry["url"])


def _kept(resource: Json, names: Iterable[str]) -> Json:
    return {name: resource[name] for name in names if name in resource}


def _plain(value: Any) -> Any:
    """Leave out extensions, which say nothing to an expansion."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        kept = {k: _plain(v) for k, v in value.items() if k != "extension" and k[0] != "_"}
        return {k: v for k, v in kept.items() if v not in ({}, [])}
    return value


def _system(system: Json) -> Json:
    found = _kept(system, _OF_SYSTEM)
    for name in ("property", "filter"):
        if name in system:
            found[name] = [_kept(each, _DECLARED) for each in system[name]]
    concepts = list(_nested(system.get("concept", []), None))
    above = _parents(concepts)
    found["concept"] = [_concept(concept, above[concept["code"]]) for concept, _ in concepts]
    return found


def _nested(concepts: list[Json], parent: str | None) -> Iterator[tuple[Json, str | None]]:
    for concept in concepts:
        yield concept, parent
        yield from _nested(concept.get("concept", []), concept["code"])


def _parents(concepts: list[tuple[Json, str | None]]) -> dict[str, list[str]]:
    above: dict[str, dict[str, None]] = {concept["code"]: {} for concept, _ in concepts}
    for concept, parent in concepts:
        code = concept["code"]
        if parent is not None:
            above[code][parent] = None
        for item in concept.get("property", []):
            if item["code"] in _ABOVE:
                above[code][item["valueCode"]] = None
            elif item["code"] in _BELOW and item["valueCode"] in above:
                above[item["valueCode"]][code] = None
    return {code: list(parents) for code, parents in above.items()}


def _concept(concept: Json, parents: list[str]) -> list[Any]:
    entry = [
        concept["code"],
        concept.get("display"),
        concept.get("definition"),
        parents,
        _plain(concept.get("property", [])),
        _plain(concept.get("designation", [])),
    ]
    while not entry[-1]:
        entry.pop()
    return entry
