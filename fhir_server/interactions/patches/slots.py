"""Elements where FHIR JSON keeps them: in a property, beside it under ``_``, or in both.

A primitive's id and extensions stand in an object of their own, ``_birthDate`` beside
``birthDate``; arrays of both are kept in step with nulls. Patches see one value: a pair.

Source: https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from fhir_server.profiles.definitions import Element

Pair = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """What an object holds of an element.

    Args:
        property: where: of a choice, that of the type chosen.
        pairs: value and what stands under ``_``, None for none; one pair for each item.
    """

    property: str
    pairs: list[Pair]


def held(container: dict[str, Any], element: Element) -> Held | None:
    """Give what an object holds of an element; None for nothing."""
    for name in element.properties():
        if name not in container and f"_{name}" not in container:
            continue
        value, beside = container.get(name), container.get(f"_{name}")
        if element.is_array:
            return Held(name, list(zip_longest(value or (), beside or ())))
        return Held(name, [(value, beside)])
    return None


def hold(container: dict[str, Any], element: Element, content: Held) -> None:
    """Make an object hold this of an element, and nothing else of it."""
    for name in element.properties():
        if name != content.property:
            container.pop(name, None)
            container.pop(f"_{name}", None)
    for name, part in ((content.property, 0), (f"_{content.property}", 1)):
        items = [pair[part] for pair in content.pairs]
        if all(item is None for item in items):
            container.pop(name, None)
        else:
            container[name] = items if element.is_array else items[0]
