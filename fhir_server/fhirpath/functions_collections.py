"""Functions on whole collections: existence, subsets, combination.

Source: http://hl7.org/fhirpath/N1/#existence, http://hl7.org/fhirpath/N1/#subsetting,
http://hl7.org/fhirpath/N1/#combining
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fhir_server.fhirpath import categories, equality
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled, constant, several, truth
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import EMPTY, Frame, checked, system
from fhir_server.fhirpath.types import SYSTEM_INTEGER, TypeInfo


def empty(call: Call) -> Compiled:
    """Compile ``empty()``."""
    of = call.of
    return truth(of.absent(), definite=True, opposite=of.exists())


def negated(call: Call) -> Compiled:
    """Compile ``not()``."""
    of = call.of
    return truth(of.opposite(), definite=of.definite, opposite=of.truth())


def count(call: Call) -> Compiled:
    """Compile ``count()``."""
    if call.of.single:
        exists = call.of.exists()
        return Compiled(SYSTEM_INTEGER, value=lambda v, f: 1 if exists(v, f) else 0)
    items = call.of.items()
    return Compiled(SYSTEM_INTEGER, value=lambda v, f: len(items(v, f)))


def quantified(wanted: bool, verdict: bool) -> Callable[[Call], Compiled]:
    """Give the function that looks for a boolean in a collection of booleans.

    Args:
        wanted: the boolean.
        verdict: what it gives where one is found; without one, the other.
    """

    def compiled(call: Call) -> Compiled:
        items = _booleans(call)
        return truth(lambda v, f: verdict if wanted in items(v, f) else not verdict, definite=True)

    return compiled


def _booleans(call: Call) -> Callable[[Any, Frame], Sequence[Any]]:
    items = call.of.described()

    def run(v: Any, f: Frame) -> Sequence[Any]:
        found = [x for item in items(v, f) if (x := system(item)) is not None]
        if all(type(item) is bool for item in found):
            return found
        raise FhirPathError(f"{call.function}() needs booleans.")

    return run


def subset_of(call: Call) -> Compiled:
    """Compile ``subsetOf(other)``."""
    return _included(call.of, call.argument(0))


def superset_of(call: Call) -> Compiled:
    """Compile ``supersetOf(other)``."""
    return _included(call.argument(0), call.of)


def _included(part: Compiled, whole: Compiled) -> Compiled:
    keys, others = _keys(part), _keys(whole)
    return truth(lambda v, f: set(keys(v, f)) <= set(others(v, f)), definite=True)


def _keys(of: Compiled) -> Callable[[Any, Frame], list[Any]]:
    items, key = of.items(), equality.keys_of(of.type)
    return lambda v, f: [key(item) for item in items(v, f)]


def distinct(call: Call) -> Compiled:
    """Compile ``distinct()``."""
    return _distinct(call.of)


def _distinct(of: Compiled) -> Compiled:
    items, key = of.items(), equality.keys_of(of.type)

    def run(v: Any, f: Frame) -> Sequence[Any]:
        found = items(v, f)
        return found if len(found) < 2 else unique(found, key)

    return Compiled(of.type, items=run, choices=of.choices, exists=of.exists())


def unique(items: Sequence[Any], key: Callable[[Any], Any]) -> list[Any]:
    """Give the items without those that are equal to an earlier one."""
    found: dict[Any, Any] = {}
    for item in items:
        found.setdefault(key(item), item)
    return list(found.values())


def is_distinct(call: Call) -> Compiled:
    """Compile ``isDistinct()``."""
    keys = _keys(call.of)

    def run(v: Any, f: Frame) -> bool:
        found = keys(v, f)
        return len(found) < 2 or len(set(found)) == len(found)

    return truth(run, definite=True)


def indexed(of: Compiled, at: Compiled) -> Compiled:
    """Compile ``of[at]``.

    Raises:
        FhirPathError: the index is known and no integer.
    """
    if at.category not in (None, categories.INTEGER):
        raise FhirPathError(f"An index is an integer, not a {at.category}.")
    items, number = of.items(), at.system()

    def run(v: Any, f: Frame) -> Any:
        position = number(v, f)
        if position is None:
            return None
        if type(position) is not int:
            raise FhirPathError("An index is an integer.")
        found = items(v, f)
        return found[position] if 0 <= position < len(found) else None

    return Compiled(of.type, one=run, choices=of.choices)


def first(call: Call) -> Compiled:
    """Compile ``first()``."""
    return _at(call.of, 0)


def last(call: Call) -> Compiled:
    """Compile ``last()``."""
    return _at(call.of, -1)


def _at(of: Compiled, position: int) -> Compiled:
    if of.single:
        return of
    items = of.items()

    def run(v: Any, f: Frame) -> Any:
        found = items(v, f)
        return found[position] if found else None

    return Compiled(of.type, one=run, choices=of.choices, exists=of.exists())


def single(call: Call) -> Compiled:
    """Compile ``single()``."""
    if call.of.single:
        return call.of
    items = call.of.items()

    def run(v: Any, f: Frame) -> Any:
        found = items(v, f)
        if len(found) > 1:
            raise several()
        return found[0] if found else None

    return Compiled(call.of.type, one=run, choices=call.of.choices)


def tail(call: Call) -> Compiled:
    """Compile ``tail()``."""
    return _cut(call, lambda items, _number: items[1:])


def skip(call: Call) -> Compiled:
    """Compile ``skip(number)``."""
    return _cut(call, lambda items, number: items[max(number, 0) :])


def take(call: Call) -> Compiled:
    """Compile ``take(number)``."""
    return _cut(call, lambda items, number: items[: max(number, 0)])


def _cut(call: Call, cut: Callable[[Sequence[Any], int], Sequence[Any]]) -> Compiled:
    items = call.of.items()
    number = call.integer(call.argument(0)) if call.arguments else constant(SYSTEM_INTEGER, 1).one()

    def run(v: Any, f: Frame) -> Sequence[Any]:
        many = number(v, f)
        return EMPTY if many is None else cut(items(v, f), many)

    return Compiled(call.of.type, items=run, choices=call.of.choices)


def intersect(call: Call) -> Compiled:
    """Compile ``intersect(other)``."""
    return _compared(call, wanted=True)


def exclude(call: Call) -> Compiled:
    """Compile ``exclude(other)``."""
    return _compared(call, wanted=False)


def _compared(call: Call, *, wanted: bool) -> Compiled:
    of, items, others = call.of, call.of.items(), _keys(call.argument(0))
    key = equality.keys_of(of.type)

    def run(v: Any, f: Frame) -> Sequence[Any]:
        found = items(v, f)
        if not found:
            return EMPTY
        known = set(others(v, f))
        kept = [item for item in found if (key(item) in known) is wanted]
        return unique(kept, key) if wanted else kept

    return Compiled(of.type, items=run, choices=of.choices)


def combine(call: Call) -> Compiled:
    """Compile ``combine(other)``: both, duplicates kept."""
    return _together(call.of, call.argument(0))


def union(left: Compiled, right: Compiled) -> Compiled:
    """Compile ``left | right``: both, without duplicates."""
    if left.constant is not None and right.constant is not None and left.type is right.type:
        if left.type is None:
            return left
        values = unique([*left.constant, *right.constant], equality.key)
        return constant(left.type, *values)
    return _distinct(_together(left, right))


def union_function(call: Call) -> Compiled:
    """Compile ``union(other)``."""
    return union(call.of, call.argument(0))


def _together(left: Compiled, right: Compiled) -> Compiled:
    same = left.type is right.type and left.type is not None
    one = left.items() if same else left.described()
    other = right.items() if same else right.described()
    test, test_other = left.exists(), right.exists()

    def run(v: Any, f: Frame) -> Sequence[Any]:
        before, after = one(v, f), other(v, f)
        if not after:
            return before
        return checked([*before, *after]) if before else after

    return Compiled(
        left.type if same else None,
        items=run,
        exists=lambda v, f: test(v, f) or test_other(v, f),
        choices=_joined(left, right),
    )


def _joined(left: Compiled, right: Compiled) -> tuple[TypeInfo, ...] | None:
    sides = [(side.type,) if side.type is not None else side.choices for side in (left, right)]
    if sides[0] is None or sides[1] is None:
        return None
    return tuple(dict.fromkeys([*sides[0], *sides[1]]))
