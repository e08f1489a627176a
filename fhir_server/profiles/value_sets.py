"""Which codes a value set has, as far as the definitions here can tell.

Source: https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_server.profiles.definitions import Definitions

# By system; None stands for any code of a system that is not listed in full here.
Codes = dict[str, Sequence[str] | None]


def members(definitions: Definitions, url: str) -> Codes | None:
    """Give the codes of a value set by system.

    Returns:
        None where the definitions here can't tell: the value set is not among them, or is
        composed in a way (filters, exclusions, other value sets) that needs a terminology server.
    """
    canonical = url.partition("|")[0]
    value_set = definitions.conformance("ValueSet", canonical)
    if value_set is None:
        known = definitions.codes(canonical)
        return dict(known) if known is not None else None
    compose = value_set.get("compose", {})
    includes = compose.get("include", [])
    if "exclude" in compose or any("filter" in i or "valueSet" in i for i in includes):
        return None
    return _union(definitions, includes)


def systems_of(definitions: Definitions, url: str) -> frozenset[str]:
    """Give the code systems that a value set takes codes from; none where that can't be told."""
    return _systems_of(definitions, url.partition("|")[0], ())


def _systems_of(definitions: Definitions, url: str, path: tuple[str, ...]) -> frozenset[str]:
    value_set = definitions.conformance("ValueSet", url) or definitions.lines("ValueSet").get(url)
    found: set[str] = set()
    for include in (value_set or {}).get("compose", {}).get("include", []):
        if "system" in include:
            found.add(include["system"])
            continue
        imported = [each.partition("|")[0] for each in include.get("valueSet", [])]
        parts = [
            _systems_of(definitions, each, (*path, url)) for each in imported if each not in path
        ]
        # What is in several value sets is of a system that all of them have.
        common = frozenset.intersection(*parts) if parts else frozenset[str]()
        if not common:
            return frozenset()
        found |= common
    return frozenset(found)


def _union(definitions: Definitions, includes: Sequence[Mapping[str, Any]]) -> Codes:
    codes: Codes = {}
    for include in includes:
        system = include["system"]
        found = _included(definitions, include)
        already = codes.get(system, [])
        codes[system] = None if found is None or already is None else [*already, *found]
    return codes


def _included(definitions: Definitions, include: Mapping[str, Any]) -> list[str] | None:
    if "concept" in include:
        return [concept["code"] for concept in include["concept"]]
    system = definitions.conformance("CodeSystem", include["system"])
    if system is None or system.get("content") != "complete":
        return None
    return list(_walk(system.get("concept", [])))


def _walk(concepts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _walk(concept.get("concept", []))
