"""Functions that go down the tree, and the utility functions.

Source: http://hl7.org/fhirpath/N1/#tree-navigation, http://hl7.org/fhirpath/N1/#utility-functions
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhir_server.fhirpath import temporal
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled
from fhir_server.fhirpath.items import Frame, Item, checked, system_type
from fhir_server.fhirpath.navigation import content_of, describing_getter, untyped
from fhir_server.fhirpath.types import (
    SYSTEM_DATE,
    SYSTEM_DATE_TIME,
    SYSTEM_TIME,
    UNKNOWN,
    TypeInfo,
    Types,
)

Getter = Callable[[Any], Sequence[Any]]


def children(call: Call) -> Compiled:
    """Compile ``children()``."""
    items, below = call.of.described(), children_getter(call.types)
    return Compiled(
        None, items=lambda v, f: [inner for item in items(v, f) for inner in below(item)]
    )


def descendants(call: Call) -> Compiled:
    """Compile ``descendants()``."""
    items, below = call.of.described(), children_getter(call.types)

    def run(v: Any, f: Frame) -> Sequence[Any]:
        found: list[Any] = []
        ahead = items(v, f)
        while ahead:
            ahead = [inner for item in ahead for inner in below(item)]
            f.spend(len(ahead))
            found += ahead
        return checked(found)

    return Compiled(None, items=run)


def children_getter(types: Types) -> Getter:
    """Give what gets all elements of a self-describing value, self-describing themselves."""
    tables: dict[TypeInfo, dict[str, Getter]] = {}

    def below(item: Any) -> Sequence[Any]:
        type_, content = content_of(types, item)
        if not isinstance(content, Mapping):
            return ()
        table = tables.get(type_)
        if table is None:
            table = tables[type_] = _table(types, type_)
        return _inside(types, table, content)

    return below


def _inside(types: Types, table: dict[str, Getter], content: Mapping[str, Any]) -> Sequence[Any]:
    found: list[Any] = []
    for name in content:
        if name == "resourceType":
            continue
        if name in table:
            # _name beside name: one element.
            if name[0] == "_" and name[1:] in content:
                continue
            found += table[name](content)
        elif name[0] != "_" or name[1:] not in content:
            found += untyped(types, content, name)
    return found


def _table(types: Types, type_: TypeInfo) -> dict[str, Getter]:
    """Give, by JSON property, how to get the element it carries."""
    found: dict[str, Getter] = {}
    if type_ is UNKNOWN:
        return found
    for name in types.names(type_):
        child = types.child(type_, name)
        if child is None:
            continue
        getter = describing_getter(child)
        for json, own in child.fields:
            found[json] = getter
            if own.is_primitive:
                found[f"_{json}"] = getter
    return found


def trace(call: Call) -> Compiled:
    """Compile ``trace(name [, projection])``: the input, unchanged.

    Nothing is logged: what is traced may be personal data.
    """
    call.text(call.argument(0))
    if len(call.arguments) > 1:
        call.each(1)
    return call.of


def now(_call: Call) -> Compiled:
    """Compile ``now()``."""
    return Compiled(SYSTEM_DATE_TIME, value=lambda _v, f: _moment(f))


def today(_call: Call) -> Compiled:
    """Compile ``today()``."""
    return Compiled(SYSTEM_DATE, value=lambda _v, f: _moment(f).day)


def time_of_day(_call: Call) -> Compiled:
    """Compile ``timeOfDay()``."""
    return Compiled(
        SYSTEM_TIME, value=lambda _v, f: temporal.Temporal("time", _moment(f).parts[3:], None)
    )


def _moment(frame: Frame) -> temporal.Temporal:
    """Give the time of the evaluation, which is the same wherever the expression asks for it."""
    if frame.kept is None:
        frame.kept = {}
    found: temporal.Temporal = frame.kept.setdefault("now", temporal.now())
    return found


def type_of(call: Call) -> Compiled:
    """Compile ``type()``: namespace and name of each item's type."""
    items, types = call.of.described(), call.types

    def named(item: Any) -> Item:
        type_ = (
            content_of(types, item)[0] if isinstance(item, Item | Mapping) else system_type(item)
        )
        found = type_ or UNKNOWN
        return Item({"namespace": found.namespace, "name": found.name}, UNKNOWN)

    return Compiled(None, items=lambda v, f: [named(item) for item in items(v, f)])
