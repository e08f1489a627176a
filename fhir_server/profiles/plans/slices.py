"""Slices: which of them a value is in, how many each has, in what order, and what it asks.

Source: https://hl7.org/fhir/R4/profiling.html#slicing
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fhir_server.profiles.plans.parts import Checks, Together, times
from fhir_server.profiles.plans.reading import Item, Items
from fhir_server.profiles.plans.run import Place, Run, Source, name_of

# Tells whether a value is in a slice.
Matches = Callable[[Item, Run], bool]
# Gives the number of the slice that a value is in; -1 for none.
Sort = Callable[[Item, Run], int]


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice of an element.

    Args:
        min: how many values must be in it.
        max: how many may be; None for no limit.
        checks: what it asks of each, by type; under the empty name of all.
        together: what it asks of all of them: slices that it has itself.
    """

    name: str
    min: int
    max: int | None
    checks: Checks
    together: Sequence[Together] = ()


def sliced(
    source: Source,
    slices: Sequence[Slice],
    sort: Sort,
    *,
    default: Slice | None = None,
    rules: str = "open",
    ordered: bool = False,
) -> Together:
    """Ask of the values of an element what their slices do.

    Args:
        slices: in the order of the profile.
        sort: gives the number of the slice that a value is in.
        default: what is asked of values in no slice (``@default``).
        rules: ``open``, ``closed`` or ``openAtEnd``.
        ordered: whether values must come in the order of the slices.
    """
    beyond = _beyond(source, slices, rules) if default is None else None
    order = _in_order(source, slices) if ordered else None
    # In the order of the slices; last, for the number -1, what is in none of them.
    checks = [*(each.checks for each in slices), default.checks if default else {}]
    limited = [(n, s) for n, s in enumerate(slices) if s.min or s.max is not None]
    again = [(n, s) for n, s in enumerate(slices) if s.together]

    def check(items: Items, place: Place, run: Run) -> None:
        counts, numbers = [0] * len(checks), []
        for item in items:
            number = sort(item, run)
            numbers.append(number)
            counts[number] += 1
            if checks[number]:
                _ask(checks[number], item, run)
        for number, slice_ in limited:
            _count(source, slice_, counts[number], place, run)
        for number, slice_ in again:
            found = [item for item, n in zip(items, numbers, strict=True) if n == number]
            _ask_together(slice_, found, place, run)
        if beyond is not None:
            beyond(items, numbers, run)
        if order is not None:
            order(items, numbers, run)

    return check


def by_constant(name: str, constants: Mapping[str, int]) -> Sort:
    """Tell slices apart by the text of one property, such as ``url`` or ``system``."""

    def sort(item: Item, _run: Run) -> int:
        value = item[0]
        found = value.get(name) if isinstance(value, dict) else None
        return constants.get(found, -1) if isinstance(found, str) else -1

    return sort


def by_matches(matches: Sequence[Matches | None]) -> Sort:
    """Try slices in turn; one that can't be told apart (None) has no values."""

    def sort(item: Item, run: Run) -> int:
        for number, match in enumerate(matches):
            if match is not None and match(item, run):
                return number
        return -1

    return sort


def _ask(checks: Checks, item: Item, run: Run) -> None:
    value, extension, code, place = item
    for one in checks.get(code, ()):
        one(value, extension, place, run)


def _ask_together(slice_: Slice, found: Items, place: Place, run: Run) -> None:
    """Ask what the slices of a slice do, where it has any values."""
    if found:
        for one in slice_.together:
            one(found, place, run)


def _count(source: Source, slice_: Slice, count: int, place: Place, run: Run) -> None:
    if count < slice_.min:
        must = f"must have the part '{slice_.name}' at least {times(slice_.min)}"
        source.report(run, place, "slice-min", f"{name_of(place)} {must}.")
    elif slice_.max is not None and count > slice_.max:
        must = f"must have the part '{slice_.name}' at most {times(slice_.max)}"
        must = must if slice_.max else f"may not have the part '{slice_.name}'"
        source.report(run, place, "slice-max", f"{name_of(place)} {must}.")


_Look = Callable[[Items, Sequence[int], Run], None]


def _beyond(source: Source, slices: Sequence[Slice], rules: str) -> _Look | None:
    """Refuse values in no slice: anywhere (closed), or before others (openAtEnd)."""
    if rules not in ("closed", "openAtEnd"):
        return None
    names = ", ".join(slice_.name for slice_ in slices)

    def look(items: Items, numbers: Sequence[int], run: Run) -> None:
        last = max((at for at, number in enumerate(numbers) if number >= 0), default=-1)
        for at, number in enumerate(numbers):
            if number < 0 and rules == "closed":
                text = f"Only these parts are allowed here: {names}."
                source.report(run, items[at][3], "closed", text)
            elif number < 0 and at < last:
                text = f"Other parts must come after these: {names}."
                source.report(run, items[at][3], "order", text)

    return look


def _in_order(source: Source, slices: Sequence[Slice]) -> _Look:
    names = ", ".join(slice_.name for slice_ in slices)

    def look(items: Items, numbers: Sequence[int], run: Run) -> None:
        highest = -1
        for item, number in zip(items, numbers, strict=True):
            if 0 <= number < highest:
                text = f"The part '{slices[number].name}' comes too late; the order is: {names}."
                source.report(run, item[3], "order", text)
            highest = max(highest, number)

    return look
