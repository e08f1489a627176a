"""Which codes a value set has, as far as the definitions here can tell.

Source: https://hl7.org/fhir/R4/valueset.html#compositions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.profiles.definitions import Definitions

_R4_BASES = ("http://hl7.org/fhir", "http://terminology.hl7.org")

_MOST_KEPT = 2000

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


class DefinitionCodes:
    """Answers about codes as far as the definitions can tell: `CodeChecks` without terminology.

    Args:
        definitions: R4's tables, and the ValueSets and CodeSystems of the project.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._members: dict[str, Mapping[str, frozenset[str] | None] | None] = {}

    def in_value_set(self, value_set: str, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set."""
        codes = self._codes(value_set.partition("|")[0])
        if codes is None:
            return Verdict(None, f"The value set {value_set} can't be listed here.")
        if coded.system is not None:
            listed = {coded.system: codes.get(coded.system, frozenset())}
        else:
            listed = dict(codes)
        if any(found is not None and coded.code in found for found in listed.values()):
            return Verdict(holds=True)
        if None in listed.values():
            return Verdict(None, "Not all codes of the system are known here.")
        return Verdict(holds=False, text=f"The value set {value_set} does not have the code.")

    def in_code_system(self, coded: Coded) -> Verdict:
        """Tell whether a code is in its system; only the project's own are known in full."""
        system = coded.system and self._definitions.conformance("CodeSystem", coded.system)
        if not system or system.get("content") != "complete":
            return Verdict(None, "The codes of the system are not known here.")
        return Verdict(coded.code in set(_walk(system.get("concept", []))))

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Tell whether one code subsumes another in one of R4's systems with levels."""
        if above == below:
            return True
        parents = self._definitions.hierarchy(system)
        if parents is None or below not in parents:
            return None
        waiting, seen = list(parents[below]), set[str]()
        while waiting:
            code = waiting.pop()
            if code == above:
                return True
            if code not in seen:
                seen.add(code)
                waiting += parents.get(code, ())
        return False

    def _codes(self, url: str) -> Mapping[str, frozenset[str] | None] | None:
        if url not in self._members:
            if len(self._members) >= _MOST_KEPT:
                self._members.clear()
            self._members[url] = self._listed(url)
        return self._members[url]

    def _listed(self, url: str) -> Mapping[str, frozenset[str] | None] | None:
        found: Mapping[str, Sequence[str] | None] | None = members(self._definitions, url)
        if found is None:
            found = self._definitions.enumerated(url)
        if found is None:
            return None
        return {s: None if codes is None else frozenset(codes) for s, codes in found.items()}


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
