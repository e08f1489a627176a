"""Values while an expression is evaluated.

Most are as JSON carries them, and the compiler knows their type. Three cases need more:

- a primitive with extensions is an `Item`, whatever is known of its type;
- where a type is not known before (a choice, a union of different types), each value says its own:
  `Item` for FHIR's types, the JSON object for a resource, Python's and this package's own for
  FHIRPath's types. Such values are called *self-describing*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from fhir_server.fhirpath import categories, quantities, temporal
from fhir_server.fhirpath.environment import Environment
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.numbers import number
from fhir_server.fhirpath.quantities import Quantity
from fhir_server.fhirpath.temporal import Temporal
from fhir_server.fhirpath.types import (
    SYSTEM_BOOLEAN,
    SYSTEM_DATE,
    SYSTEM_DATE_TIME,
    SYSTEM_DECIMAL,
    SYSTEM_INTEGER,
    SYSTEM_QUANTITY,
    SYSTEM_STRING,
    SYSTEM_TIME,
    TypeInfo,
)

# What one evaluation may look at in nested iterations, and the largest collection and string.
# A large Bundle has some 100,000 elements.
MOST_STEPS = 2_000_000
MOST_ITEMS = 1_000_000
MOST_CHARACTERS = 10_000_000

EMPTY: Sequence[Any] = ()


class Item:
    """A value that knows its type, or has extensions beside it.

    Args:
        value: as in JSON; None for a primitive with extensions only.
        type: its type.
        extension: the object under ``_name``; None for none.
    """

    __slots__ = ("extension", "type", "value")

    def __init__(self, value: Any, type_: TypeInfo, extension: Any = None) -> None:
        self.value = value
        self.type = type_
        self.extension = extension


class Frame:
    """What one evaluation shares: its environment, ``%context``, and what it has spent."""

    __slots__ = ("context", "environment", "index", "kept", "spent", "total")

    def __init__(self, environment: Environment, context: Any) -> None:
        self.environment = environment
        self.context = context
        self.index = 0
        self.total: Sequence[Any] = EMPTY
        self.kept: dict[Any, Any] | None = None
        self.spent = 0

    def spend(self, steps: int) -> None:
        """Count steps.

        Raises:
            FhirPathError: there are more than an expression may take.
        """
        self.spent += steps
        if self.spent > MOST_STEPS:
            raise FhirPathError(f"It takes more than {MOST_STEPS} steps on this resource.")


def checked(items: list[Any]) -> list[Any]:
    """Give a collection back, unless it is beyond all measure."""
    if len(items) > MOST_ITEMS:
        raise FhirPathError(f"A collection has more than {MOST_ITEMS} items.")
    return items


def checked_text(text: str) -> str:
    """Give a string back, unless it is beyond all measure."""
    if len(text) > MOST_CHARACTERS:
        raise FhirPathError(f"A string has more than {MOST_CHARACTERS} characters.")
    return text


def _identity(value: Any) -> Any:
    return value


# How JSON values become FHIRPath's own: https://hl7.org/fhir/R4/fhirpath.html#types
CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    categories.STRING: _identity,
    categories.BOOLEAN: _identity,
    categories.INTEGER: _identity,
    categories.DECIMAL: number,
    categories.DATE: temporal.date,
    categories.DATE_TIME: temporal.date_time,
    categories.TIME: temporal.time,
}


def system(item: Any) -> Any:
    """Give a self-describing value as FHIRPath's own type; what has none is given back.

    Returns:
        None for a primitive without a value.
    """
    if type(item) is not Item:
        return item
    convert = CONVERSIONS.get(item.type.category)
    if convert is not None:
        return None if item.value is None else convert(item.value)
    if item.type.category == categories.QUANTITY:
        return quantities.from_fhir(item.value) or item
    return item


def describing(type_: TypeInfo | None) -> Callable[[Any], Any]:
    """Give what makes values of a type self-describing."""
    if type_ is None or type_.is_system or type_.category == categories.RESOURCE:
        return _identity

    def described(value: Any) -> Any:
        return value if type(value) is Item else Item(value, type_)

    return described


_PYTHON = {
    str: SYSTEM_STRING,
    bool: SYSTEM_BOOLEAN,
    int: SYSTEM_INTEGER,
    Decimal: SYSTEM_DECIMAL,
    Quantity: SYSTEM_QUANTITY,
}
_TEMPORAL = {"date": SYSTEM_DATE, "dateTime": SYSTEM_DATE_TIME, "time": SYSTEM_TIME}


def system_type(value: Any) -> TypeInfo | None:
    """Give the type of a value of FHIRPath's own; None for another."""
    if isinstance(value, Temporal):
        return _TEMPORAL[value.kind]
    return _PYTHON.get(type(value))


def raw(item: Any) -> Any:
    """Give a value as JSON carries it."""
    if type(item) is Item:
        return item.value
    if isinstance(item, Temporal):
        return item.text
    if isinstance(item, Quantity):
        return quantities.to_fhir(item)
    return item
