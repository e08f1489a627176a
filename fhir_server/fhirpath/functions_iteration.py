"""Functions that evaluate an argument for each item.

Source: http://hl7.org/fhirpath/N1/#filtering-and-projection
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from fhir_server.fhirpath import equality
from fhir_server.fhirpath.call import Call, collection_focus
from fhir_server.fhirpath.compiled import Compiled, Items, truth
from fhir_server.fhirpath.items import EMPTY, Frame, checked
from fhir_server.fhirpath.syntax import Position


def where(call: Call) -> Compiled:
    """Compile ``where(criteria)``."""
    criterion = call.each().truth()
    of, items = call.of, call.looped()
    if _mentions_index(call):
        mapped = _mapped(items, criterion)
        return Compiled(
            of.type,
            items=lambda v, f: [x for x, holds in mapped(v, f) if holds],
            choices=of.choices,
        )
    if of.single:
        one = of.one()

        def run(v: Any, f: Frame) -> Any:
            found = one(v, f)
            return found if found is not None and criterion(found, f) else None

        return Compiled(of.type, one=run, choices=of.choices)

    def exists(v: Any, f: Frame) -> bool:
        for item in items(v, f):  # noqa: SIM110 - a loop is twice as fast as any()
            if criterion(item, f):
                return True
        return False

    return Compiled(
        of.type,
        items=lambda v, f: [x for x in items(v, f) if criterion(x, f)],
        exists=exists,
        choices=of.choices,
    )


def exists(call: Call) -> Compiled:
    """Compile ``exists([criteria])``."""
    found = where(call) if call.arguments else call.of
    return truth(found.exists(), definite=True, opposite=found.absent())


def every(call: Call) -> Compiled:
    """Compile ``all(criteria)``."""
    criterion = call.each().truth()
    items = call.looped()
    if _mentions_index(call):
        mapped = _mapped(items, criterion)
        return truth(lambda v, f: all(holds for _, holds in mapped(v, f)), definite=True)

    def run(v: Any, f: Frame) -> bool:
        for item in items(v, f):  # noqa: SIM110 - a loop is twice as fast as all()
            if not criterion(item, f):
                return False
        return True

    return truth(run, definite=True)


def select(call: Call) -> Compiled:
    """Compile ``select(projection)``."""
    projection = call.each()
    items = call.looped()
    if _mentions_index(call):
        mapped = _mapped(items, projection.items())
        return Compiled(
            projection.type,
            items=lambda v, f: checked([x for _, found in mapped(v, f) for x in found]),
            choices=projection.choices,
        )
    if projection.single:
        project = projection.one()

        def singles(v: Any, f: Frame) -> Sequence[Any]:
            return [y for x in items(v, f) if (y := project(x, f)) is not None]

        return Compiled(projection.type, items=singles, choices=projection.choices)
    spread = projection.items()

    def several(v: Any, f: Frame) -> Sequence[Any]:
        return checked([y for x in items(v, f) for y in spread(x, f)])

    return Compiled(projection.type, items=several, choices=projection.choices)


def repeat(call: Call) -> Compiled:
    """Compile ``repeat(projection)``: what the projection leads to, again and again."""
    described = replace(call, of=Compiled(None, items=call.of.described()))
    project = described.each().described()
    items = described.of.items()

    def run(v: Any, f: Frame) -> Sequence[Any]:
        found: list[Any] = []
        seen: set[Any] = set()
        ahead = list(items(v, f))
        while ahead:
            f.spend(len(ahead))
            reached = [y for x in ahead for y in project(x, f)]
            ahead = []
            for item in reached:
                key = equality.key(item)
                if key not in seen:
                    seen.add(key)
                    ahead.append(item)
            found += ahead
            checked(found)
        return found

    return Compiled(None, items=run)


def aggregate(call: Call) -> Compiled:
    """Compile ``aggregate(aggregator [, init])``."""
    total = Compiled(None, items=lambda _v, f: f.total)
    scope = replace(call.item_scope(), total=total)
    step = call.compile(call.arguments[0], scope).described()
    start = call.argument(1).described() if len(call.arguments) > 1 else None
    items = call.of.items()

    def run(v: Any, f: Frame) -> Sequence[Any]:
        outer, index = f.total, f.index
        current: Sequence[Any] = start(v, f) if start else EMPTY
        found = items(v, f)
        f.spend(len(found))
        for number, item in enumerate(found):
            f.total, f.index = current, number
            current = step(item, f)
        f.total, f.index = outer, index
        return current

    return Compiled(None, items=run)


def iif(call: Call) -> Compiled:
    """Compile ``iif(criterion, true-result [, otherwise-result])``."""
    scope = replace(call.scope, focus=collection_focus(call.of))
    criterion = call.compile(call.arguments[0], scope).truth()
    results = [call.compile(argument, scope) for argument in call.arguments[1:]]
    of = call.of.items()
    found = [result.type for result in results]
    same = found.count(found[0]) == len(found)
    runs = [result.items() if same else result.described() for result in results]

    def run(v: Any, f: Frame) -> Sequence[Any]:
        collection = of(v, f)
        if criterion(collection, f):
            return runs[0](collection, f)
        return runs[1](collection, f) if len(runs) > 1 else EMPTY

    type_ = found[0] if same else None
    if all(result.single for result in results):
        return Compiled(type_, one=lambda v, f: next(iter(run(v, f)), None))
    return Compiled(type_, items=run)


def _mapped(items: Items, run: Callable[[Any, Frame], Any]) -> Items:
    """Pair items with what is evaluated on them, while ``$index`` counts them."""

    def pairs(v: Any, f: Frame) -> Sequence[Any]:
        outer, found = f.index, []
        for number, item in enumerate(items(v, f)):
            f.index = number
            found.append((item, run(item, f)))
        f.index = outer
        return found

    return pairs


def _mentions_index(call: Call) -> bool:
    return _mentions(call.arguments)


def _mentions(part: Any) -> bool:
    if isinstance(part, Position):
        return True
    if isinstance(part, tuple):
        return any(_mentions(inner) for inner in part)
    return is_dataclass(part) and any(_mentions(getattr(part, f.name)) for f in fields(part))
