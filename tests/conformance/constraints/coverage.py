"""Breaks every constraint of every profile of the project, and notes what a validator says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from fhir_server.fhir.outcome import Issue, has_errors
from fhir_server.interactions.context import Server
from fhir_server.profiles.code_checks import Coded
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.concepts import ExpansionRequest, TerminologyError
from tests.conformance.constraints.breakers import BREAKERS
from tests.conformance.constraints.breaking import (
    Breaker,
    Broken,
    CannotBreak,
    Constraint,
    constraints,
    is_value_of_primitive,
)
from tests.conformance.constraints.filling import Filler
from tests.conformance.constraints.own_breakers import OWN_BREAKERS
from tests.conformance.constraints.snapshots import Json, Node, expression, places, tree
from tests.conformance.constraints.subjects import Subject, Subjects

HEAD = """# Constraints that no generated breach covers

`tests/conformance/test_constraint_mutations.py` breaks each constraint in the snapshots of the project's profiles by
itself, and demands that the validator names its rule, its place and the definition that states it. It covers
{covered:,} of {every:,} constraints. The others are listed here, by the reason why they can't be broken by themselves. The test
compares this page with what it finds.

| Kind of constraint | Covered |
|---|---|
"""
MANY = 500
ALL_BREAKERS = BREAKERS | OWN_BREAKERS
CORE = "http://hl7.org/fhir/StructureDefinition/"


@dataclass
class Coverage:
    """What came of it.

    Args:
        covered: constraints whose breach was found as it must be, by kind.
        uncovered: those that could not be broken by themselves, with the reason.
        unnoticed: those whose breach was not found, or named otherwise, with what was said.
    """

    covered: dict[str, int] = field(default_factory=dict)
    uncovered: dict[str, str] = field(default_factory=dict)
    unnoticed: dict[str, str] = field(default_factory=dict)

    def page(self) -> str:
        """Give the page that lists what is not covered."""
        covered = sum(self.covered.values())
        by_kind = "".join(f"| `{kind}` | {n:,} |\n" for kind, n in sorted(self.covered.items()))
        reasons: dict[str, list[str]] = {}
        for label, reason in self.uncovered.items():
            reasons.setdefault(reason, []).append(label)
        listed = "".join(
            f"\n## {reason[:1].upper()}{reason[1:]}\n\n" + "".join(f"- `{x}`\n" for x in labels)
            for reason, labels in sorted(reasons.items())
        )
        every = covered + len(self.uncovered) + len(self.unnoticed)
        return HEAD.format(covered=covered, every=every) + by_kind + listed


class Coverer:
    """Goes through profiles.

    Args:
        validator: under test.
        filler: puts in what examples lack.
        breaker: breaks.
        subjects: the examples.
    """

    def __init__(
        self, validator: Validator, filler: Filler, breaker: Breaker, subjects: Subjects
    ) -> None:
        self._validator = validator
        self._filler = filler
        self._breaker = breaker
        self._subjects = subjects

    def cover(self, definition: Json, coverage: Coverage) -> None:
        """Break all constraints of one profile."""
        root = tree(definition)
        subjects = self._subjects.of(definition, root)
        valid = [subject for subject in subjects if not self._errors(subject.resource, definition)]
        choices = _choices(root)
        for constraint in constraints(root):
            label = f"{definition['id']}: {constraint.label}"
            if not valid:
                said = (
                    "; ".join(_say(i) for i in self._errors(subjects[0].resource, definition)[:2])
                    if subjects
                    else ""
                )
                coverage.uncovered[label] = f"there is no valid example{said and f' ({said})'}"
                continue
            try:
                subject, broken = self._broken(constraint, valid, definition)
            except CannotBreak as reason:
                coverage.uncovered[label] = str(reason)
                continue
            problem = self._problem(constraint, subject, broken, definition, choices)
            if problem:
                coverage.unnoticed[label] = problem
            else:
                kind = constraint.kind
                coverage.covered[kind] = coverage.covered.get(kind, 0) + 1

    def _broken(
        self, constraint: Constraint, subjects: list[Subject], definition: Json
    ) -> tuple[Subject, Broken]:
        reason = CannotBreak("the element could not be put into an example")
        having = [s for s in subjects if places(constraint.node, s.resource, s.root)]
        for subject in [*having, *subjects]:
            resource = deepcopy(subject.resource)
            try:
                self._prepare(constraint, resource, subject, definition)
                return subject, self._breaker.break_(constraint, resource, subject.root)
            except CannotBreak as error:
                reason = error
        raise reason

    def _prepare(
        self, constraint: Constraint, resource: Json, subject: Subject, definition: Json
    ) -> None:
        """Put in what the breach needs; the resource has to be valid with it."""
        wanted: Node | None = constraint.node
        if is_value_of_primitive(constraint.node):
            raise CannotBreak("it is the value of a primitive, which is no element in JSON")
        if _is_absence(constraint):
            wanted = constraint.node.parent
        if wanted is not None:
            self._filler.ensure(wanted, resource, subject.root)
        for issue in self._errors(resource, definition):
            raise CannotBreak(f"with the element in it, it breaks: {_say(issue)}")

    def _errors(self, resource: Json, definition: Mapping[str, Any]) -> list[Issue]:
        found = self._validate(resource, definition)
        return [issue for issue in found if has_errors([issue])]

    def _validate(self, resource: Json, definition: Mapping[str, Any]) -> list[Issue]:
        of_type = resource.get("resourceType") == definition["type"]
        profiles = [definition["url"]] if of_type else []  # else what is around it asks for it
        return self._validator.validate(resource, profiles=profiles, best_practices=True)

    def _problem(
        self,
        constraint: Constraint,
        subject: Subject,
        broken: Broken,
        definition: Json,
        choices: Mapping[str, str],
    ) -> str:
        type_ = broken.resource["resourceType"]
        wanted = [expression(type_, place, choices) for place in broken.places]
        stated_by = _stated_by(constraint.node, definition)
        issues = self._validate(broken.resource, definition)
        for issue in issues:
            placed = issue.expression in wanted or (
                broken.below and any(_is_below(issue.expression or "", at) for at in wanted)
            )
            if (
                placed
                and issue.rule in broken.rules
                and issue.severity == constraint.severity
                and _is_of((issue.profile or "").partition("|")[0], stated_by, constraint)
            ):
                return ""
        said = "; ".join(_say(issue) for issue in issues[:4]) or "nothing"
        rules = "/".join(sorted(broken.rules))
        return f"{subject.name}: wanted {constraint.severity} {rules} at {wanted[0]}, got {said}"


def _is_of(profile: str, stated_by: set[str], constraint: Constraint) -> bool:
    if constraint.node.parent is None:
        # What is said of an extension or data type as a whole may be said by what has it.
        return profile in stated_by or profile.startswith(CORE)
    return profile in stated_by


def _is_absence(constraint: Constraint) -> bool:
    if constraint.kind == "type" and constraint.node.is_choice:
        return constraint.node.sliced is None
    return constraint.kind == "closed" or (
        constraint.kind == "max" and constraint.node.element["max"] == "0"
    )


def _is_below(found: str, place: str) -> bool:
    return found.startswith((f"{place}.", f"{place}["))


def _say(issue: Issue) -> str:
    return f"{issue.severity} {issue.rule} {issue.profile} at {issue.expression}"


def _choices(root: Node) -> dict[str, str]:
    return dict(_named(root))


def _named(root: Node) -> Iterator[tuple[str, str]]:
    types = {t["code"] for node in root.walk() for t in node.types}
    types |= {
        "string",
        "boolean",
        "Quantity",
        "dateTime",
        "CodeableConcept",
        "Period",
        "Reference",
        "base64Binary",
        "xyz",
    }
    for name in {"value", *(node.name for node in root.walk() if node.is_choice)}:
        for type_ in types:
            if type_ != "xyz":
                yield f"{name}{type_[:1].upper()}{type_[1:]}", name


def _stated_by(node: Node, definition: Json) -> set[str]:
    """Give the StructureDefinitions that may be said to state a constraint of an element.

    The profile, those it is derived from, and R4's definitions of the types involved.
    """
    urls = {definition["url"], definition.get("baseDefinition", ""), f"{CORE}{definition['type']}"}
    around: Node | None = node
    while around is not None:
        urls |= {f"{CORE}{t['code']}" for t in around.types}
        urls |= {url for t in around.types for url in t.get("profile", [])}
        around = around.parent
    urls |= {c.get("source", "") for c in node.element.get("constraint", [])}
    return urls | {
        f"{CORE}{name}"
        for name in ("Element", "BackboneElement", "DomainResource", "Resource", "Extension")
    }


def cover(server: Server, definitions: list[Json]) -> Coverage:
    """Break all constraints of some profiles."""
    known = server.definitions
    codes_of = cache(partial(_codes_of, server))
    filler = Filler(known, codes_of)
    breaker = Breaker(filler, codes_of, ALL_BREAKERS)
    coverer = Coverer(server.validator, filler, breaker, Subjects(known, filler))
    coverage = Coverage()
    for definition in definitions:
        coverer.cover(definition, coverage)
    return coverage


def _codes_of(server: Server, url: str) -> dict[str, list[str] | None] | None:
    """Give some codes of a value set, by system; None for a system where any code may be right."""
    terminology = server.terminology
    value_set = terminology.value_set(url)
    if value_set is None:
        return None
    try:
        expansion = terminology.expand(value_set, ExpansionRequest(count=MANY))
    except TerminologyError:
        return None
    found: dict[str, list[str] | None] = {}
    for item in expansion.contains:
        listed = found.setdefault(item.system, [])
        if listed is not None:
            listed.append(item.code)
    for system in found:
        if terminology.in_value_set(url, Coded("bogus", system)).holds is not False:
            found[system] = None
    return found
