"""Functions that convert a single value to another of FHIRPath's types.

Source: http://hl7.org/fhirpath/N1/#conversion
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fhir_server.fhirpath import temporal
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled, Run, truth
from fhir_server.fhirpath.items import Frame
from fhir_server.fhirpath.numbers import INTEGERS, number, plain
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

Convert = Callable[[Any], Any]

_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,200}(?:\.[0-9]{1,200})?")
_QUANTITY = re.compile(
    r"(?P<value>[+-]?[0-9]{1,200}(?:\.[0-9]{1,200})?)"
    r"(?:\s*'(?P<code>[^']+)'|\s+(?P<calendar>[a-z]+))?"
)
_CALENDAR = frozenset({"year", "month", "week", "day", "hour", "minute", "second", "millisecond"})


def to_boolean(value: Any) -> bool | None:
    """Give a value as Boolean; None for one that stands for none."""
    if type(value) is bool:
        return value
    if isinstance(value, str):
        folded = value.lower()
        return True if folded in _TRUE else False if folded in _FALSE else None
    if type(value) is int or isinstance(value, Decimal):
        return True if value == 1 else False if value == 0 else None
    return None


def to_integer(value: Any) -> int | None:
    """Give a value as Integer."""
    if type(value) is bool:
        return int(value)
    if type(value) is int:
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        found = int(value)
        return found if found in INTEGERS else None
    return None


def to_decimal(value: Any) -> int | Decimal | None:
    """Give a value as Decimal."""
    if type(value) is bool:
        return Decimal(value)
    if type(value) is int or isinstance(value, Decimal):
        return Decimal(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def to_string(value: Any) -> str | None:
    """Give a value as String."""
    if type(value) is bool:
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if type(value) in (int, Decimal, float):
        return plain(number(value))
    if isinstance(value, Temporal):
        return value.text
    return str(value) if isinstance(value, Quantity) else None


def to_date(value: Any) -> Temporal | None:
    """Give a value as Date."""
    if isinstance(value, Temporal):
        return None if value.kind == "time" else value if value.kind == "date" else value.day
    if not isinstance(value, str):
        return None
    found = temporal.parsed(value, "dateTime")
    return None if found is None else found.day


def to_date_time(value: Any) -> Temporal | None:
    """Give a value as DateTime."""
    if isinstance(value, Temporal):
        if value.kind == "time":
            return None
        return temporal.parsed(value.text, "dateTime")
    return temporal.parsed(value, "dateTime") if isinstance(value, str) else None


def to_time(value: Any) -> Temporal | None:
    """Give a value as Time."""
    if isinstance(value, Temporal):
        return value if value.kind == "time" else None
    return temporal.parsed(value, "time") if isinstance(value, str) else None


def to_quantity(value: Any) -> Quantity | None:
    """Give a value as Quantity."""
    if isinstance(value, Quantity):
        return value
    if type(value) is bool:
        return Quantity(Decimal(value))
    if type(value) is int or isinstance(value, Decimal):
        return Quantity(value)
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    amount = Decimal(match["value"])
    if match["calendar"]:
        unit = match["calendar"].removesuffix("s")
        return Quantity(amount, unit, calendar=True) if unit in _CALENDAR else None
    return Quantity(amount, match["code"] or "1")


def converting(convert: Convert, type_: TypeInfo) -> Callable[[Call], Compiled]:
    """Give the function ``toX()``."""

    def compiled(call: Call) -> Compiled:
        if call.of.type is type_ and call.of.single:
            return call.of
        value = call.of.system()

        def run(v: Any, f: Frame) -> Any:
            found = value(v, f)
            return None if found is None else convert(found)

        return Compiled(type_, value=run)

    return compiled


def convertible(convert: Convert) -> Callable[[Call], Compiled]:
    """Give the function ``convertsToX()``."""

    def compiled(call: Call) -> Compiled:
        value = call.of.system()

        def run(v: Any, f: Frame) -> bool | None:
            found = value(v, f)
            return None if found is None else convert(found) is not None

        return truth(run)

    return compiled


def quantity(call: Call) -> Compiled:
    """Compile ``toQuantity([unit])``."""
    return Compiled(SYSTEM_QUANTITY, value=_quantity(call))


def is_quantity(call: Call) -> Compiled:
    """Compile ``convertsToQuantity([unit])``."""
    of, run = call.of.system(), _quantity(call)

    def test(v: Any, f: Frame) -> bool | None:
        return None if of(v, f) is None else run(v, f) is not None

    return truth(test)


def _quantity(call: Call) -> Run:
    of = call.of.system()
    unit = call.text(call.argument(0)) if call.arguments else None

    def run(v: Any, f: Frame) -> Quantity | None:
        value = of(v, f)
        found = None if value is None else to_quantity(value)
        wanted = unit(v, f) if unit else None
        return found if found is None or wanted is None else _in_unit(found, wanted)

    return run


def _in_unit(quantity: Quantity, unit: str) -> Quantity | None:
    """Give the same amount in another unit; None where there is no way to it."""
    calendar = unit.removesuffix("s") in _CALENDAR
    wanted = Quantity(1, unit.removesuffix("s") if calendar else unit, calendar)
    if (quantity.unit, quantity.calendar) == (wanted.unit, wanted.calendar):
        return quantity
    given, one = quantity.in_base_units(), wanted.in_base_units()
    if given is None or one is None or given[0] != one[0] or not one[1]:
        return None
    return Quantity(given[1] / one[1], wanted.unit, calendar)


CONVERSIONS: dict[str, tuple[Convert, TypeInfo]] = {
    "Boolean": (to_boolean, SYSTEM_BOOLEAN),
    "Integer": (to_integer, SYSTEM_INTEGER),
    "Decimal": (to_decimal, SYSTEM_DECIMAL),
    "String": (to_string, SYSTEM_STRING),
    "Date": (to_date, SYSTEM_DATE),
    "DateTime": (to_date_time, SYSTEM_DATE_TIME),
    "Time": (to_time, SYSTEM_TIME),
}
