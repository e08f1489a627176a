"""R4's invariants as checks: the few that nearly every resource meets in Python, others compiled.

Source: https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import Severity
from fhir_server.fhirpath.engine import Engine, Expression, FhirPathError
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.r4_rules.errata import ERRATA
from fhir_server.profiles.r4_rules.predicates import (
    ELSEWHERE,
    NEEDED,
    PREDICATES,
    Predicate,
)
from fhir_server.profiles.r4_rules.walk import CORE, Check, Place, PropertyCheck, Walk

# R4 marks these as best practice (elementdefinition-bestpractice): most resources of other
# systems break dom-6, and a warning on every write would be read by nobody.
BEST_PRACTICES = frozenset({"dom-6"})

_WORD = re.compile(r"[A-Za-z]\w*")
# A rule, or what is left of it, that begins with a test of one element.
_TERM = re.compile(
    r"(?P<name>\w+)\.(?:(?P<test>empty|exists)\(\)(?P<then> or |\Z)"
    r"|exists\(\)(?P<implied> implies ))"
)
_LOOSE = re.compile(r"\b(?:implies|xor)\b")


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule.

    Args:
        path: where R4 states it, e.g. ``CareTeam.participant`` or ``Period``.
        human: what it asks, as R4 says it.
    """

    path: str
    key: str
    severity: Severity
    human: str
    expression: str

    @property
    def profile(self) -> str:
        """The StructureDefinition that states it."""
        return CORE + self.path.partition(".")[0]

    @property
    def about(self) -> Collection[str]:
        """The words of its expression: the names of elements are among them."""
        return frozenset(_WORD.findall(self.expression))

    def report(self, place: Place, walk: Walk) -> None:
        """Say that it is broken at a place."""
        walk.report(
            place,
            self.key,
            f"{self.human.rstrip('. ')} ({self.key}).",
            profile=self.profile,
            severity=self.severity,
            about=self.about,
        )


class Invariants:
    """Makes checks from R4's table.

    Args:
        definitions: give the table, and the elements that stand behind a name.
        engine: compiles expressions.
    """

    def __init__(self, definitions: Definitions, engine: Engine) -> None:
        self._definitions = definitions
        self._engine = engine

    def at(self, path: str) -> Iterator[Invariant]:
        """Give the rules that R4 states at a path, corrected where `errata` says so."""
        for entry in self._definitions.invariants(path.partition(".")[0]).get(path, ()):
            key = entry["key"]
            erratum = ERRATA.get((path, key))
            expression = erratum.expression if erratum else entry["expression"]
            if key not in ELSEWHERE and expression:
                yield Invariant(path, key, entry["severity"], entry["human"], expression)

    def of_object(self, path: str) -> Iterator[tuple[Check, frozenset[str] | None]]:
        """Give the checks of the values at a path that are objects.

        With each stand the properties without all of which it finds nothing; None where it may.
        """
        for invariant in self.at(path):
            yield self._check(invariant)

    def predicate(self, paths: Sequence[str]) -> Callable[[Mapping[str, Any], Walk], bool] | None:
        """Give what tells whether a value keeps the one rule that there is at some paths."""
        keys = [(path, invariant.key) for path in paths for invariant in self.at(path)]
        predicate = PREDICATES.get(keys[0])
        if predicate is None:
            return None
        return lambda value, walk: predicate(value, walk) is True

    def of_property(self, path: str, element: str) -> PropertyCheck | None:
        """Give the check of an element's values where its rules are not those of its type."""
        checks = tuple(check for check, _ in self.of_object(path))
        if not checks:
            return None

        def check(_holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
            listed = item if isinstance(item, list) else [item]
            for position, value in enumerate(listed):
                if value is not None:
                    at = (place, element, position if isinstance(item, list) else None)
                    for each in checks:
                        each(value, at, walk)

        return check

    def _check(self, invariant: Invariant) -> tuple[Check, frozenset[str] | None]:
        at = (invariant.path, invariant.key)
        predicate = PREDICATES.get(at)
        without, with_ = self._decisive(invariant)
        expression_check = self._expression_check(invariant, without, with_)
        if predicate is not None:
            return _native(invariant, predicate, expression_check), NEEDED.get(at)
        return expression_check, without[0] if without else None

    def _expression_check(
        self,
        invariant: Invariant,
        without: Sequence[frozenset[str]],
        with_: frozenset[str],
    ) -> Check:
        # Most expressions are never evaluated; compiled when the first is.
        compiled: list[Expression] = []

        def check(value: Mapping[str, Any], place: Place, walk: Walk) -> None:
            for names in without:
                if names.isdisjoint(value):
                    return
            if with_ and not with_.isdisjoint(value):
                return
            if not compiled:
                compiled.append(self._engine.compile(invariant.expression, invariant.path))
            _evaluate(invariant, compiled[0], value, place, walk)

        return check

    def _decisive(self, invariant: Invariant) -> tuple[tuple[frozenset[str], ...], frozenset[str]]:
        """Give the properties that decide a rule by being there or not.

        ``x.empty() or …`` and ``x.exists() implies …`` hold without x, ``x.exists() or …`` holds
        with it, where nothing further on binds more loosely.

        Returns:
            Sets of properties, without any one of which the rule holds; and those with one of
            which it holds.
        """
        without: list[frozenset[str]] = []
        with_: set[str] = set()
        rest = invariant.expression
        while match := _TERM.match(rest):
            rest = rest[match.end() :]
            element = self._definitions.children(invariant.path).get(match["name"])
            if element is None or _LOOSE.search(rest):
                return (), frozenset()
            names = {n for name in element.properties() for n in (name, f"_{name}")}
            if match["test"] == "exists":
                with_ |= names
            else:
                without.append(frozenset(names))
            if match["implied"]:
                break
        return tuple(without), frozenset(with_)


def _native(invariant: Invariant, predicate: Predicate, otherwise: Check) -> Check:
    best_practice = invariant.key in BEST_PRACTICES

    def check(value: Mapping[str, Any], place: Place, walk: Walk) -> None:
        if best_practice and not walk.best_practices:
            return
        holds = predicate(value, walk)
        if holds:
            return
        if holds is None:
            otherwise(value, place, walk)
        else:
            invariant.report(place, walk)

    return check


def _evaluate(
    invariant: Invariant, expression: Expression, value: Any, place: Place, walk: Walk
) -> None:
    try:
        holds = expression.holds(value, walk.environment)
    except FhirPathError:
        text = f"The rule {invariant.key} can't be evaluated here: {invariant.human}"
        walk.report(
            place,
            invariant.key,
            text,
            profile=invariant.profile,
            code="processing",
            severity="warning",
            about=invariant.about,
        )
        return
    if not holds:
        invariant.report(place, walk)
