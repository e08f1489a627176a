"""The parts of a plan: an element of an object, with what is asked of its values.

Source: https://hl7.org/fhir/R4/profiling.html#cardinality
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.suggestions import either
from fhir_server.profiles.plans.reading import Item, Items, Read
from fhir_server.profiles.plans.run import Place, Run, Source, name_of
from fhir_server.profiles.plans.values import Check
from fhir_server.profiles.scope import Scope

# Looks at one element of an object: gets the object, its place and the run.
Part = Callable[[Mapping[str, Any], Place, Run], None]
# The two properties that hold an element, and the part that asks nothing where both are missing;
# empty names where it may ask for it, and for an element that others may hold.
Named = tuple[str, str, Part]
# Looks at all the values of an element together; gets also the place of the element itself.
Together = Callable[[Items, Place, Run], None]
# What is asked of a value, by its type.
Checks = Mapping[str, Sequence[Check]]


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How often an element must and may be there, where R4 asks for less.

    Args:
        min: 0 where R4 asks for as many.
        max: None where R4 allows no more.
    """

    min: int = 0
    max: int | None = None


def part(read: Read, step: str, checks: Checks, together: Sequence[Together]) -> Part:
    """Give the part for an element.

    Args:
        read: reads its values.
        step: its name with a dot in front.
        checks: by type, for each value.
        together: for all of them, where there are none too.
    """
    if not together:
        return _each(read, checks)

    def check(parent: Mapping[str, Any], place: Place, run: Run) -> None:
        items = read(parent, place)
        for value, extension, code, here in items:
            if code in checks:
                for one in checks[code]:
                    one(value, extension, here, run)
        for all_of in together:
            all_of(items, (place, step), run)

    return check


def _each(read: Read, checks: Checks) -> Part:
    def check(parent: Mapping[str, Any], place: Place, run: Run) -> None:
        for value, extension, code, here in read(parent, place):
            if code in checks:
                for one in checks[code]:
                    one(value, extension, here, run)

    return check


def resource_part(read: Read, step: str, checks: Checks, together: Sequence[Together]) -> Part:
    """Give the part for an element that holds resources: of a Bundle, or contained ones.

    Args:
        checks: by type; those under the empty name hold for any resource.
    """
    of_any = checks.get("", ())

    def check(parent: Mapping[str, Any], place: Place, run: Run) -> None:
        items = read(parent, place)
        for item in items:
            inner = run.within(scope_of(item, parent, run.scope))
            for one in (*of_any, *checks.get(item[2], ())):
                one(item[0], None, item[3], inner)
        for all_of in together:
            all_of(items, (place, step), run)

    return check


def scope_of(item: Item, parent: Mapping[str, Any], scope: Scope) -> Scope:
    """Give the scope inside a resource that another holds."""
    resource = item[0]
    if "resourceType" in parent:
        return scope.of_contained(resource)
    if scope.resource.get("resourceType") == "Bundle":
        return scope.of_entry(resource, parent.get("fullUrl"))
    return Scope(resource, resource, resolve=scope.resolve)


def inside(parts: Sequence[Named]) -> Check:
    """Ask things of the elements inside an object."""

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        if isinstance(value, dict):
            for name, beside, one in parts:
                if not name or name in value or beside in value:
                    one(value, place, run)

    return check


def inside_primitive(parts: Sequence[Named]) -> Check:
    """Ask things of the id and the extensions of a primitive."""

    def check(_value: Any, extension: Any, place: Place, run: Run) -> None:
        beside = extension if isinstance(extension, dict) else {}
        for _, _, one in parts:
            one(beside, place, run)

    return check


def counted(source: Source, limits: Cardinality, what: str) -> Together:
    """Ask for so many values of an element.

    Args:
        what: the element's name, for a choice with ``[x]``.
    """
    least, most = limits.min, limits.max

    def check(items: Items, place: Place, run: Run) -> None:
        count = len(items)
        if count < least:
            source.report(run, place, "min", _too_few(what, place, count, least))
        elif most is not None and count > most:
            text = f"{name_of(place)} may be given at most {times(most)}."
            source.report(run, place, "max", text)

    return check


def _too_few(what: str, place: Place, count: int, least: int) -> str:
    if count == 0:
        return f"{what} is missing; the profile requires it here."
    return f"{name_of(place)} must be given at least {times(least)}."


def prohibited(source: Source, read: Read, name: str, step: str) -> Part:
    """Refuse an element altogether, its ``_sibling`` too."""

    def check(parent: Mapping[str, Any], place: Place, run: Run) -> None:
        if read(parent, place):
            source.report(run, (place, step), "max", f"{name} is not allowed here.")

    return check


def typed(source: Source, types: Sequence[str], what: str) -> Together:
    """Ask for values of some types only.

    Args:
        what: the element's name, for a choice with ``[x]``.
    """
    allowed = frozenset(types)

    def check(items: Items, place: Place, run: Run) -> None:
        for _, _, code, here in items:
            if code not in allowed:
                text = f"{what} must be of type {either(types)}."
                source.report(run, here, "type", text)

    return check


def uncompiled(source: Source, rule: str, text: str) -> Together:
    """Say of an element that is there that one of its rules can't be enforced here."""

    def check(items: Items, place: Place, run: Run) -> None:
        if items:
            source.unknown(run, place, rule, text)

    return check


def times(count: int) -> str:
    """Write how often."""
    return "once" if count == 1 else f"{count} times"
