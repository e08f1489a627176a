"""Derives compact lines of R4's code systems, value sets and concept maps.

A concept is `[code, display, definition, parents, properties, designations]`, in the order of the
code system, without what is empty at the end. Narratives, descriptions, contacts and extensions
are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from fhir_server.terminology.rows import Row, rows_of
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


def code_systems(package: Package) -> list[Json]:
    """Give every CodeSystem, flat."""
    return [_system(system) for system in package.resources("CodeSystem")]


def value_sets(package: Package) -> list[Json]:
    """Give how every ValueSet is composed."""
    versions = {each["url"]: each.get("version") for each in package.resources("CodeSystem")}
    found = [_kept(_plain(each), _OF_VALUE_SET) for each in package.resources("ValueSet")]
    for value_set in found:
        for include in value_set.get("compose", {}).get("include", []):
            _drop_stale_version(include, versions)
    return found


def _drop_stale_version(include: Json, versions: Mapping[str, str | None]) -> None:
    """Let task-code take the codes of R4: it names a version from before R4 was published."""
    known = versions.get(include.get("system", ""))
    if known is not None and include.get("version", known) != known:
        del include["version"]


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
    found["concept"] = [_concept(row) for row in rows_of(system)]
    return found


def _concept(row: Row) -> list[Any]:
    entry = [*row[:3], list(row.parents), _plain(row.properties), _plain(row.designations)]
    while not entry[-1]:
        entry.pop()
    return entry
