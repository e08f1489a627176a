"""Which codes a value set has, as far as the definitions here can tell.

Source: https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_server.profiles.definitions import Definitions

_R4_BASES = ("http://hl7.org/fhir", "http://terminology.hl7.org")

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
    canonical = url.partition("|")[0]
    value_set = definitions.conformance("ValueSet", canonical)
    if value_set is None:
        return frozenset(definitions.enumerated(canonical) or ())
    includes = value_set.get("compose", {}).get("include", [])
    if any("system" not in include for include in includes):
        return frozenset()
    return frozenset(include["system"] for include in includes)


def canonical_of(definitions: Definitions, reference: str) -> str | None:
    """Give the canonical URL of a value set that is named by it or as ``ValueSet/id``.

    Returns:
        None where nothing here has the id; a URL is given as it is, without its version.
    """
    kind, _, id_ = reference.partition("/")
    if kind != "ValueSet":
        return reference.partition("|")[0]
    own = (str(each["url"]) for each in definitions.value_sets() if each.get("id") == id_)
    published = (f"{base}/ValueSet/{id_}" for base in _R4_BASES)
    found = (url for url in published if definitions.enumerated(url) is not None)
    return next(own, None) or next(found, None)


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
