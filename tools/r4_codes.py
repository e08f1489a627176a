"""Derives the code lists of the value sets that R4 requires somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tools.r4_package import Json, Package

Codes = dict[str, list[str]]


class Open(Exception):
    """A value set that can't be enumerated from the package; the message says why."""


class Terminology:
    """The value sets and code systems of a package."""

    def __init__(self, package: Package) -> None:
        self.value_sets = {v["url"]: v for v in package.resources("ValueSet")}
        self.code_systems = {c["url"]: c for c in package.resources("CodeSystem")}

    def expand(self, url: str) -> Codes:
        """Give a value set's codes by system.

        Raises:
            Open: where the set can't be enumerated.
        """
        if url not in self.value_sets:
            raise Open("not part of the package")
        compose = self.value_sets[url].get("compose", {})
        codes: Codes = {}
        for include in compose.get("include", []):
            for system, found in self._included(include).items():
                codes[system] = _merged(codes.get(system, []), found)
        for exclude in compose.get("exclude", []):
            for system, found in self._included(exclude).items():
                codes[system] = [c for c in codes.get(system, []) if c not in found]
        return codes

    def _included(self, include: Json) -> Codes:
        parts = [self.expand(url.partition("|")[0]) for url in include.get("valueSet", [])]
        if "system" in include:
            parts.append({include["system"]: self._of_system(include)})
        result = parts[0]
        for part in parts[1:]:
            result = {s: [c for c in codes if c in part.get(s, [])] for s, codes in result.items()}
        return result

    def _of_system(self, include: Json) -> list[str]:
        if "concept" in include:
            return [concept["code"] for concept in include["concept"]]
        system = self.code_systems.get(include["system"])
        if system is None or system["content"] != "complete":
            raise Open(f"{include['system']} is not enumerated in the package")
        codes = [concept["code"] for concept, _ in _walk(system.get("concept", []))]
        for condition in include.get("filter", []):
            allowed = _filtered(system, condition)
            codes = [code for code in codes if code in allowed]
        return codes


def code_lists(package: Package, urls: Iterable[str]) -> Json:
    """Give `{"closed": {url: {system: codes}}, "open": {url: reason}}` for the value sets."""
    terminology = Terminology(package)
    table: Json = {"closed": {}, "open": {}}
    for url in sorted(set(urls)):
        try:
            table["closed"][url] = terminology.expand(url)
        except Open as reason:
            table["open"][url] = str(reason)
    return table


def required_value_sets(structures: Json) -> Iterator[str]:
    """Give the value sets that elements of the structures are bound to as required."""
    for structure in structures.values():
        for element in structure["elements"]:
            binding = element.get("binding", {})
            if binding.get("strength") == "required":
                yield binding["valueSet"]


def _merged(first: list[str], second: list[str]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _walk(concepts: list[Json], above: tuple[str, ...] = ()) -> Iterator[tuple[Json, set[str]]]:
    for concept in concepts:
        parents = {p["valueCode"] for p in concept.get("property", []) if p["code"] == "subsumedBy"}
        yield concept, {*above, *parents}
        yield from _walk(concept.get("concept", []), (*above, concept["code"]))


def _filtered(system: Json, condition: Json) -> set[str]:
    operator, value = condition["op"], condition["value"]
    concepts = list(_walk(system.get("concept", [])))
    if condition["property"] in ("concept", "code") and operator in ("is-a", "descendent-of"):
        below = _descendants(concepts, value)
        return below | {value} if operator == "is-a" else below
    if condition["property"] == "code" and operator == "regex":
        return {c["code"] for c, _ in concepts if re.fullmatch(value, c["code"])}
    raise Open(f"filter {condition['property']} {operator} on {system['url']}")


def _descendants(concepts: list[tuple[Json, set[str]]], root: str) -> set[str]:
    known = {root}
    while True:
        more = {c["code"] for c, above in concepts if above & known} - known
        if not more:
            return known - {root}
        known |= more
