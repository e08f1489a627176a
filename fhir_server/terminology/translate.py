"""Codes translated by ConceptMaps: pure, over maps that somebody else found.

Source: https://hl7.org/fhir/R4/conceptmap.html, https://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_server.profiles.code_checks import Coded

Resource = Mapping[str, Any]

# What says that there is no counterpart (valueset-concept-map-equivalence.html).
NO_COUNTERPART = ("unmatched", "disjoint")
# Read the other way round; the others say the same in both directions.
INVERTED = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}
# R4 says of an `unmapped` rule which code it gives and not how that relates to the source; this is
# the weakest claim there is.
BY_RULE = "relatedto"
MAX_MAPS_IN_A_ROW = 8

# Gives a ConceptMap by canonical; None where there is none.
MapOf = Callable[[str], Resource | None]
# Gives the code systems a value set takes codes from; None where that is not known.
SystemsOf = Callable[[str], Collection[str] | None]


@dataclass(frozen=True, slots=True)
class Dependency:
    """What else is known about the one whose code is translated.

    Args:
        element: the property, as ``ConceptMap.group.element.target.dependsOn.property`` names it.
        codes: (system, code) of its value; the system is None where there is none.
        text: its value as text.
    """

    element: str
    codes: frozenset[tuple[str | None, str]]
    text: str | None = None

    def meets(self, wanted: Resource) -> bool:
        """Tell whether this is the value that a mapping depends on."""
        if wanted["property"] != self.element:
            return False
        system, value = wanted.get("system"), wanted["value"]
        if (system, value) in self.codes:
            return True
        return system is None and (value == self.text or any(c == value for _, c in self.codes))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a map.

    Args:
        coded: the code to translate, with its system.
        target_system: the only code system whose codes are wanted; None for any.
        dependencies: what else is known.
        reverse: which codes may have been translated to this one.
        by_rule: whether what the map says of unmapped codes applies. That holds for codes of the
            map's source value set only, so somebody has to have said that the code is of it.
    """

    coded: Coded
    target_system: str | None = None
    dependencies: Sequence[Dependency] = ()
    reverse: bool = False
    by_rule: bool = True


@dataclass(frozen=True, slots=True)
class Product:
    """A further element that a mapping gives."""

    element: str
    coding: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Match:
    """A counterpart of the code, or the word that there is none.

    Args:
        equivalence: of the counterpart, as seen from the code that was asked about.
        coding: the counterpart; empty where the map names none.
        products: what comes with it.
        source: canonical of the map.
    """

    equivalence: str
    coding: Mapping[str, str] = field(default_factory=dict)
    products: tuple[Product, ...] = ()
    source: str | None = None

    @property
    def counts(self) -> bool:
        """Tell whether this is a translation."""
        return self.equivalence not in NO_COUNTERPART


@dataclass(slots=True)
class Translation:
    """What maps say about a code.

    Args:
        matches: each once.
        needed: elements on which further mappings depend and that were not given as they ask.
        missing: canonicals of maps that others refer to and that are not known.
    """

    matches: list[Match] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    @property
    def succeeds(self) -> bool:
        """Tell whether there is a counterpart."""
        return any(match.counts for match in self.matches)

    def add(self, match: Match) -> None:
        """Add a match that is not there yet."""
        if match not in self.matches:
            self.matches.append(match)

    def join(self, other: Translation) -> None:
        """Add what another translation found."""
        for match in other.matches:
            self.add(match)
        self.needed |= other.needed
        self.missing |= other.missing


def source_scope(concept_map: Resource) -> str | None:
    """Give the canonical of the value set that a map translates from, if it names one."""
    scope: str | None = concept_map.get("sourceCanonical") or concept_map.get("sourceUri")
    return scope


def target_scope(concept_map: Resource) -> str | None:
    """Give the canonical of the value set that a map translates to, if it names one."""
    scope: str | None = concept_map.get("targetCanonical") or concept_map.get("targetUri")
    return scope


def translate(
    concept_map: Resource, wanted: Wanted, map_of: MapOf, systems_of: SystemsOf
) -> Translation:
    """Translate a code by one map and those that it refers to for what it doesn't map.

    Args:
        concept_map: R4's ConceptMap.
        wanted: what is asked.
        map_of: gives other maps.
        systems_of: what the codes of a group without a code system belong to.
    """
    return _Reading(wanted, map_of, systems_of).read(concept_map)


class _Reading:
    """Reads maps for one code, each map once."""

    def __init__(self, wanted: Wanted, map_of: MapOf, systems_of: SystemsOf) -> None:
        self._wanted = wanted
        self._map_of = map_of
        self._systems_of = systems_of
        self._read: set[str] = set()

    def read(self, concept_map: Resource) -> Translation:
        self._read.add(concept_map.get("url", ""))
        found = Translation()
        for group in concept_map.get("group", ()):
            if self._concerns(concept_map, group):
                self._read_group(concept_map, group, found)
        return found

    def _concerns(self, concept_map: Resource, group: Resource) -> bool:
        wanted = self._wanted
        here, there = ("target", "source") if wanted.reverse else ("source", "target")
        scopes = {"source": source_scope(concept_map), "target": target_scope(concept_map)}
        if not self._is_of(group.get(here), scopes[here], wanted.coded.system):
            return False
        version = group.get(f"{here}Version")
        if wanted.coded.version and version and version != wanted.coded.version:
            return False
        return wanted.target_system is None or self._is_of(
            group.get(there), scopes[there], wanted.target_system
        )

    def _is_of(self, system: str | None, scope: str | None, asked: str | None) -> bool:
        """A group leaves its system out where all codes of the value set are from one."""
        if system is not None:
            return system == asked
        return asked is not None and asked in (self._systems_of(scope or "") or ())

    def _read_group(self, concept_map: Resource, group: Resource, found: Translation) -> None:
        if self._wanted.reverse:
            for match in self._reversed(concept_map, group):
                found.add(match)
            return
        mapped = False
        for element in group["element"]:
            if element.get("code") == self._wanted.coded.code:
                for target in element.get("target", ()):
                    mapped = True
                    self._read_target(concept_map, group, target, found)
        if not mapped and self._wanted.by_rule and "unmapped" in group:
            self._by_rule(concept_map, group, found)

    def _read_target(
        self, concept_map: Resource, group: Resource, target: Resource, found: Translation
    ) -> None:
        unmet = [
            wanted["property"]
            for wanted in target.get("dependsOn", ())
            if not any(given.meets(wanted) for given in self._wanted.dependencies)
        ]
        if unmet:
            found.needed.update(unmet)
            return
        coding = _coding(group, "target", target) if "code" in target else {}
        products = _products(target.get("product", ()))
        source = _canonical(concept_map)
        found.add(Match(target["equivalence"], coding, products, source))

    def _reversed(self, concept_map: Resource, group: Resource) -> Iterator[Match]:
        for element in group["element"]:
            if "code" not in element:
                continue
            for target in element.get("target", ()):
                if target.get("code") == self._wanted.coded.code:
                    equivalence = INVERTED.get(target["equivalence"], target["equivalence"])
                    yield Match(
                        equivalence,
                        _coding(group, "source", element),
                        _products(target.get("dependsOn", ())),
                        _canonical(concept_map),
                    )

    def _by_rule(self, concept_map: Resource, group: Resource, found: Translation) -> None:
        rule = group["unmapped"]
        if rule["mode"] == "other-map":
            self._elsewhere(rule.get("url", ""), found)
            return
        chosen = {"code": self._wanted.coded.code} if rule["mode"] == "provided" else rule
        if "code" in chosen:
            coding = _coding(group, "target", chosen)
            found.add(Match(BY_RULE, coding, (), _canonical(concept_map)))

    def _elsewhere(self, canonical: str, found: Translation) -> None:
        if canonical.partition("|")[0] in self._read or len(self._read) >= MAX_MAPS_IN_A_ROW:
            return
        other = self._map_of(canonical)
        if other is None:
            found.missing.add(canonical)
            return
        found.join(self.read(other))


def _coding(group: Resource, side: str, concept: Resource) -> Mapping[str, str]:
    coding = {
        "system": group.get(side),
        "version": group.get(f"{side}Version"),
        "code": concept["code"],
        "display": concept.get("display"),
    }
    return {name: value for name, value in coding.items() if value is not None}


def _products(listed: Sequence[Resource]) -> tuple[Product, ...]:
    return tuple(
        Product(
            each["property"],
            {
                name: value
                for name, value in (
                    ("system", each.get("system")),
                    ("code", each["value"]),
                    ("display", each.get("display")),
                )
                if value is not None
            },
        )
        for each in listed
    )


def _canonical(concept_map: Resource) -> str | None:
    url, version = concept_map.get("url"), concept_map.get("version")
    return f"{url}|{version}" if url and version else url
