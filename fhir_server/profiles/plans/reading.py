"""Reads the values of an element out of the JSON object that holds it.

Source: https://hl7.org/fhir/R4/json.html#primitive (a property and its ``_sibling``)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.elements import Element
from fhir_server.profiles.plans.run import Place

# The value (None for a primitive that has extensions alone), what stands in `_sibling`, the
# type, the place.
Item = tuple[Any, Any, str, Place]
Items = Sequence[Item]
Read = Callable[[Mapping[str, Any], Place], Items]

_RESOURCES = ("Resource", "DomainResource")


def reader(definitions: Definitions, element: Element) -> Read:
    """Give what reads an element's values.

    The type of an item is that of the element; of a choice that which the property names, and of
    a resource inside others its own.
    """
    if element.is_choice:
        return _choice(definitions, element)
    code = next(iter(element.properties().values())).code
    if code in _RESOURCES:
        return _resources(element.name) if element.is_array else _resource(element.name)
    if definitions.is_primitive(code):
        return _primitives(element.name, code) if element.is_array else _one(element.name, code)
    return _many(element.name, code) if element.is_array else _object(element.name, code)


def _object(name: str, code: str) -> Read:
    step = f".{name}"

    def read(parent: Mapping[str, Any], place: Place) -> Items:
        value = parent.get(name)
        return () if value is None else ((value, None, code, (place, step)),)

    return read


def _one(name: str, code: str) -> Read:
    step, beside = f".{name}", f"_{name}"

    def read(parent: Mapping[str, Any], place: Place) -> Items:
        value, extension = parent.get(name), parent.get(beside)
        if value is None and extension is None:
            return ()
        return ((value, extension, code, (place, step)),)

    return read


def _many(name: str, code: str) -> Read:
    step = f".{name}"

    def read(parent: Mapping[str, Any], place: Place) -> Items:
        values = parent.get(name)
        if not isinstance(values, list):
            return ()
        here = (place, step)
        return [(value, None, code, (here, at)) for at, value in enumerate(values)]

    return read


def _primitives(name: str, code: str) -> Read:
    step, beside = f".{name}", f"_{name}"

    def read(parent: Mapping[str, Any], place: Place) -> Items:
        values, extensions = _list(parent.get(name)), _list(parent.get(beside))
        here = (place, step)
        pairs = enumerate(zip_longest(values, extensions))
        return [(value, extension, code, (here, at)) for at, (value, extension) in pairs]

    return read


def _resource(name: str) -> Read:
    step = f".{name}"

    def read(parent: Mapping[str, Any], place: Place) -> Items:
        value = parent.get(name)
        return () if value is None else ((value, None, resource_type(value), (place, step)),)

    return read


def _resources(name: str) -> Read:
    step = f".{name}"

    def read(parent: Mapping[str, Any], place: Place) -> Items:
        here = (place, step)
        values = enumerate(_list(parent.get(name)))
        return [(value, None, resource_type(value), (here, at)) for at, value in values]

    return read


def _choice(definitions: Definitions, element: Element) -> Read:
    step = f".{element.name}"
    types = {name: type_ref.code for name, type_ref in element.properties().items()}
    names = properties(definitions, element)

    def read(parent: Mapping[str, Any], place: Place) -> Items:
        # Of the dozens of properties that a choice may have, few are ever there.
        found = [names[key] for key in parent if key in names]
        if not found:
            return ()
        return [
            (parent.get(name), parent.get(f"_{name}"), types[name], (place, step))
            for name in dict.fromkeys(found)
        ]

    return read


def properties(definitions: Definitions, element: Element) -> dict[str, str]:
    """Give the properties that hold an element, with that of its value for each."""
    found: dict[str, str] = {}
    for name, type_ref in element.properties().items():
        found[name] = name
        if definitions.is_primitive(type_ref.code):
            found[f"_{name}"] = name
    return found


def resource_type(value: Any) -> str:
    """Give the type that a resource names; empty where it names none."""
    name = value.get("resourceType") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
