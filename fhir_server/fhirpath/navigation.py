"""Compiles the step from a value to one of its elements.

Source: http://hl7.org/fhirpath/N1/#path-selection,
https://hl7.org/fhir/R4/fhirpath.html#polymorphism
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from fhir_server.fhir.suggestions import element_suggestion
from fhir_server.fhirpath.compiled import Compiled, Items, Run, Truth
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import EMPTY, Frame, Item, describing
from fhir_server.fhirpath.numbers import number
from fhir_server.fhirpath.types import UNKNOWN, Child, TypeInfo, Types

Get = Callable[[Any], Any]


def member(types: Types, of: Compiled, name: str) -> Compiled:
    """Compile ``of.name``.

    Raises:
        FhirPathError: no type that ``of`` may have has the element.
    """
    type_ = of.type
    if type_ is None:
        return _of_described(types, of, name)
    if type_.is_primitive:
        child = types.child(type_, name)
        if child is None:
            raise unknown_element(types, (type_,), name)
        return _step(_beside(of), child)
    if type_.is_system:
        raise FhirPathError(f"System.{type_.name} has no elements, so no {name!r}.")
    child = types.child(type_, name)
    if child is None and type_.is_abstract_resource:
        domain = types.at("DomainResource")
        child = types.child(domain, name) if domain else None
        if child is None:
            return _of_described(types, of.as_described(), name)
    if child is None:
        raise unknown_element(types, (type_,), name)
    return _step(of, child)


def unknown_element(types: Types, parents: Sequence[TypeInfo], name: str) -> FhirPathError:
    """Give the error of an element that none of the types has."""
    if len(parents) != 1:
        some = ", ".join(sorted({parent.path or parent.name for parent in parents})[:5])
        return FhirPathError(f"None of the types {some} has an element {name!r}.")
    parent = parents[0]
    known = types.names(parent)
    for choice in known:
        child = types.child(parent, choice)
        if child and child.is_choice and name in (json for json, _ in child.fields):
            hint = f" The choice is named {choice!r} in FHIRPath, whatever its type."
            return FhirPathError(f"{parent.path} has no element {name!r}.{hint}")
    return FhirPathError(f"{parent.path} has no element {name!r}.{element_suggestion(name, known)}")


def _beside(of: Compiled) -> Compiled:
    """Go to the ``_name`` of primitives."""
    items = of.items()
    return Compiled(
        of.type,
        items=lambda v, f: [x.extension for x in items(v, f) if type(x) is Item and x.extension],
    )


def _step(of: Compiled, child: Child) -> Compiled:
    if len(child.fields) == 1:
        json, type_ = child.fields[0]
        return _typed_step(of, json, type_, is_array=child.is_array)
    way = _Way(choice_getter(child), _choice_test(child), is_array=False)
    choices = tuple(type_ for _, type_ in child.fields)
    return way.compiled(of, None, choices=choices, narrowed=_narrowing(of, child))


def _narrowing(of: Compiled, child: Child) -> Callable[[TypeInfo], Compiled | None]:
    def narrowed(wanted: TypeInfo) -> Compiled | None:
        fitting = [(json, t) for json, t in child.fields if wanted.name in t.lineage]
        if len(fitting) != 1:
            return None
        return _typed_step(of, *fitting[0], is_array=False)

    return narrowed


def _typed_step(of: Compiled, name: str, type_: TypeInfo, *, is_array: bool) -> Compiled:
    if not type_.is_primitive:
        get, test = (_list_getter, _list_test) if is_array else (_getter, _test)
        return _Way(get(name), test(name), is_array=is_array).compiled(of, type_)
    if is_array:
        way = _Way(primitives_getter(name, type_), _primitive_test(name), is_array=True)
        return way.compiled(of, type_)
    way = _Way(_primitive_getter(name, type_), _primitive_test(name), is_array=False)
    if of.is_focus:
        return _own_primitive(name, type_, way)
    if not of.single:
        return way.compiled(of, type_)
    parent = of.one()

    def value(v: Any, f: Frame) -> Any:
        above = parent(v, f)
        return None if above is None else above.get(name)

    return way.compiled(of, type_, value=value)


def _own_primitive(name: str, type_: TypeInfo, way: _Way) -> Compiled:
    """Compile the commonest step: a primitive of ``$this``."""
    get, beside = way.get, f"_{name}"
    return Compiled(
        type_,
        one=lambda v, _f: get(v),
        value=lambda v, _f: v.get(name),
        exists=lambda v, _f: name in v or beside in v,
        absent=lambda v, _f: not (name in v or beside in v),
        field=name,
    )


@dataclass(frozen=True, slots=True)
class _Way:
    """The way from a parent to an element.

    Args:
        get: gives the item or None; of an array the list.
        test: tells whether there is an item.
    """

    get: Get
    test: Get
    is_array: bool

    def compiled(self, of: Compiled, type_: TypeInfo | None, **known: Any) -> Compiled:
        """Join it with the way to the parents."""
        if of.is_focus:
            closures = self._of_focus()
        else:
            closures = self._of_one(of.one()) if of.single else self._of_many(of.items())
        run, exists, absent = closures
        result: dict[str, Any] = {"items" if self.is_array or not of.single else "one": run}
        return Compiled(type_, **result, exists=exists, absent=absent, **known)

    def _of_focus(self) -> tuple[Run, Truth, Truth]:
        get, test = self.get, self.test
        return lambda v, _f: get(v), lambda v, _f: test(v), lambda v, _f: not test(v)

    def _of_one(self, parent: Run) -> tuple[Run, Truth, Truth]:
        get, test, nothing = self.get, self.test, EMPTY if self.is_array else None

        def run(v: Any, f: Frame) -> Any:
            above = parent(v, f)
            return nothing if above is None else get(above)

        def exists(v: Any, f: Frame) -> bool:
            above = parent(v, f)
            return above is not None and test(above)

        return run, exists, lambda v, f: not exists(v, f)

    def _of_many(self, parents: Items) -> tuple[Run, Truth, Truth]:
        get, test = self.get, self.test

        def lists(v: Any, f: Frame) -> Sequence[Any]:
            return [found for above in parents(v, f) for found in get(above)]

        def singles(v: Any, f: Frame) -> Sequence[Any]:
            return [found for above in parents(v, f) if (found := get(above)) is not None]

        def exists(v: Any, f: Frame) -> bool:
            for above in parents(v, f):  # noqa: SIM110 - a loop is twice as fast as any()
                if test(above):
                    return True
            return False

        return lists if self.is_array else singles, exists, lambda v, f: not exists(v, f)


def _getter(name: str) -> Get:
    return lambda above: above.get(name)


def _list_getter(name: str) -> Get:
    return lambda above: above.get(name) or EMPTY


def _primitive_getter(name: str, type_: TypeInfo) -> Get:
    beside = f"_{name}"

    def get(above: Any) -> Any:
        extension = above.get(beside)
        if extension is None:
            return above.get(name)
        return Item(above.get(name), type_, extension)

    return get


def primitives_getter(name: str, type_: TypeInfo) -> Get:
    """Give what gets a repeating primitive from its parent."""
    beside = f"_{name}"

    def get(above: Any) -> Sequence[Any]:
        extensions = above.get(beside)
        if extensions is None:
            return above.get(name) or EMPTY
        pairs = zip_longest(above.get(name) or EMPTY, extensions)
        return [
            value if extension is None else Item(value, type_, extension)
            for value, extension in pairs
            if not (value is None and extension is None)
        ]

    return get


def choice_getter(child: Child) -> Get:
    """Give what gets a choice element, self-describing, from its parent."""
    table = {json: (json, type_) for json, type_ in child.fields}
    table.update({f"_{json}": (json, t) for json, t in child.fields if t.is_primitive})

    def get(above: Any) -> Any:
        for key in above:
            if key in table:
                json, type_ = table[key]
                return Item(above.get(json), type_, above.get(f"_{json}"))
        return None

    return get


def _test(name: str) -> Get:
    return lambda above: name in above


def _list_test(name: str) -> Get:
    return lambda above: bool(above.get(name))


def _primitive_test(name: str) -> Get:
    beside = f"_{name}"
    return lambda above: name in above or beside in above


def _choice_test(child: Child) -> Get:
    names = {json for json, _ in child.fields}
    names |= {f"_{json}" for json, type_ in child.fields if type_.is_primitive}

    def test(above: Any) -> bool:
        return not names.isdisjoint(above)

    return test


def _of_described(types: Types, of: Compiled, name: str) -> Compiled:
    """Compile a step from values that say themselves what they are."""
    if of.choices and not any(_may_have(types, type_, name) for type_ in of.choices):
        raise unknown_element(types, of.choices, name)
    get, items = described_getter(types, name), of.items()

    def run(v: Any, f: Frame) -> Sequence[Any]:
        return [found for above in items(v, f) for found in get(above)]

    choices = _choices_below(types, of.choices, name)
    if of.single and choices is not None and not _any_array(types, of.choices, name):
        parent = of.one()

        def one(v: Any, f: Frame) -> Any:
            above = parent(v, f)
            found = EMPTY if above is None else get(above)
            return found[0] if found else None

        return Compiled(None, one=one, choices=choices)
    return Compiled(None, items=run, choices=choices)


def _may_have(types: Types, type_: TypeInfo, name: str) -> bool:
    open_ = type_ is UNKNOWN or type_.is_abstract_resource or type_.name == "Element"
    return open_ or types.child(type_, name) is not None


def _choices_below(
    types: Types, above: tuple[TypeInfo, ...] | None, name: str
) -> tuple[TypeInfo, ...] | None:
    if above is None or any(t is UNKNOWN or t.is_abstract_resource for t in above):
        return None
    children = (types.child(type_, name) for type_ in above)
    found = {type_: None for child in children if child for _, type_ in child.fields}
    return tuple(found)


def _any_array(types: Types, above: tuple[TypeInfo, ...] | None, name: str) -> bool:
    children = (types.child(type_, name) for type_ in above or ())
    return any(child.is_array for child in children if child)


def described_getter(types: Types, name: str) -> Callable[[Any], Sequence[Any]]:
    """Give what gets an element of a self-describing value, self-describing itself."""
    known: dict[TypeInfo, Get | None] = {}

    def get(above: Any) -> Sequence[Any]:
        type_, content = content_of(types, above)
        if not isinstance(content, Mapping):
            return EMPTY
        if type_ is UNKNOWN:
            return untyped(types, content, name)
        if type_ not in known:
            child = types.child(type_, name)
            known[type_] = describing_getter(child) if child else None
        getter = known[type_]
        if getter is not None:
            found: Sequence[Any] = getter(content)
            return found
        return untyped(types, content, name) if type_.name == "Element" else EMPTY

    return get


def content_of(types: Types, item: Any) -> tuple[TypeInfo, Any]:
    """Give the type of a self-describing value, and the object that holds its elements."""
    if type(item) is Item:
        return item.type, item.extension if item.type.is_primitive else item.value
    if isinstance(item, Mapping):
        return types.of_resource(item), item
    return UNKNOWN, None


def describing_getter(child: Child) -> Get:
    """Give what gets an element from its parent as a list of self-describing values."""
    if len(child.fields) > 1:
        choice = choice_getter(child)
        return lambda above: EMPTY if (found := choice(above)) is None else (found,)
    name, type_ = child.fields[0]
    describe = describing(type_)
    if child.is_array:
        listed = primitives_getter(name, type_) if type_.is_primitive else _list_getter(name)
        return lambda above: [describe(found) for found in listed(above)]
    get = _primitive_getter(name, type_) if type_.is_primitive else _getter(name)
    return lambda above: EMPTY if (found := get(above)) is None else (describe(found),)


def untyped(types: Types, content: Mapping[str, Any], name: str) -> Sequence[Any]:
    """Get a property of an object of which nobody has said the type; also a choice's."""
    found = content.get(name)
    if found is not None:
        listed = found if isinstance(found, list) else [found]
        return [self_describing(value) for value in listed if value is not None]
    for key, value in content.items():
        type_ = types.at(_type_name(key[len(name) :])) if key.startswith(name) else None
        if type_ is None and key.startswith(name) and key[len(name) :][:1].isupper():
            type_ = types.at(key[len(name) :])
        if type_ is not None and "." not in key:
            return (Item(value, type_, content.get(f"_{key}")),)
    return EMPTY


def _type_name(suffix: str) -> str:
    return suffix[:1].lower() + suffix[1:] if suffix[:1].isupper() else ""


def self_describing(value: Any) -> Any:
    """Make a JSON value self-describing of which nobody has said the type."""
    if isinstance(value, Mapping):
        return value if isinstance(value.get("resourceType"), str) else Item(value, UNKNOWN)
    if isinstance(value, list):
        return Item(value, UNKNOWN)
    if isinstance(value, str | bool | int):
        return value
    return number(value)
