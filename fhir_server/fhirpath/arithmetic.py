"""Compiles arithmetic, string concatenation and the signs.

Source: http://hl7.org/fhirpath/N1/#math
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any

from fhir_server.fhirpath import categories, temporal
from fhir_server.fhirpath.compiled import Compiled
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import Frame, checked_text
from fhir_server.fhirpath.numbers import CONTEXT, Number, number, within
from fhir_server.fhirpath.quantities import Quantity
from fhir_server.fhirpath.temporal import Temporal
from fhir_server.fhirpath.types import (
    SYSTEM_DECIMAL,
    SYSTEM_INTEGER,
    SYSTEM_STRING,
    TypeInfo,
)

Operation = Callable[[Any, Any], Any]


def arithmetic(name: str, left: Compiled, right: Compiled) -> Compiled:
    """Compile ``+ - * / div mod``.

    Raises:
        FhirPathError: the types of the sides are known, and it is not for them.
    """
    one, other, operation = left.system(), right.system(), _OPERATIONS[name]

    def run(v: Any, f: Frame) -> Any:
        first = one(v, f)
        if first is None:
            return None
        second = other(v, f)
        return None if second is None else operation(first, second)

    return Compiled(_result(name, left, right), value=run)


def _result(name: str, left: Compiled, right: Compiled) -> TypeInfo | None:
    found = left.category, right.category
    if None in found:
        return None
    if categories.NUMBERS.issuperset(found):
        whole = name == "div" or (name != "/" and found == (categories.INTEGER,) * 2)
        return SYSTEM_INTEGER if whole else SYSTEM_DECIMAL
    if name == "+" and found == (categories.STRING, categories.STRING):
        return SYSTEM_STRING
    if categories.QUANTITY in found or found[0] in categories.TEMPORALS:
        return None
    raise FhirPathError(f"{name} is not for a {found[0]} and a {found[1]}.")


def concatenation(left: Compiled, right: Compiled) -> Compiled:
    """Compile ``&``, where what is empty counts as an empty string."""
    one, other = left.system(), right.system()

    def run(v: Any, f: Frame) -> str:
        first, second = one(v, f), other(v, f)
        first = "" if first is None else first
        second = "" if second is None else second
        if isinstance(first, str) and isinstance(second, str):
            return checked_text(first + second)
        raise FhirPathError("& joins strings only; toString() makes them.")

    return Compiled(SYSTEM_STRING, value=run)


def signed(name: str, of: Compiled) -> Compiled:
    """Compile ``+`` and ``-`` in front of a number or quantity."""
    value = of.system()
    if of.category is not None and of.category not in (*categories.NUMBERS, categories.QUANTITY):
        raise FhirPathError(f"{name} is not for a {of.category}.")
    if of.constant and name == "-" and isinstance(of.constant[0], int | Decimal):
        negative = -of.constant[0]
        return Compiled(of.type, value=lambda _v, _f: negative, constant=(negative,))
    type_ = of.type if of.type is not None and of.type.is_system else None

    def run(v: Any, f: Frame) -> Any:
        found = value(v, f)
        if found is None or (name == "+" and _is_signed(found)):
            return found
        if isinstance(found, Quantity):
            return Quantity(-found.value, found.unit, found.calendar)
        if _is_number(found):
            return within(-found)
        raise FhirPathError(f"{name} is for numbers and quantities.")

    return Compiled(type_, value=run)


def _is_signed(value: Any) -> bool:
    return isinstance(value, Quantity) or _is_number(value)


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is Decimal


def _numbers(left: Any, right: Any, name: str) -> tuple[Number, Number]:
    if _is_number(left) and _is_number(right):
        return left, right
    if isinstance(left, float) or isinstance(right, float):
        return _numbers(number(left), number(right), name)
    raise FhirPathError(f"{name} is not for these values.")


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return checked_text(left + right)
    if isinstance(left, Temporal):
        return _move(left, right, 1)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _combined(left, right, 1)
    one, other = _numbers(left, right, "+")
    return _exact(lambda: one + other if _whole(one, other) else CONTEXT.add(one, other))


def _subtract(left: Any, right: Any) -> Any:
    if isinstance(left, Temporal):
        return _move(left, right, -1)
    if isinstance(left, Quantity) and isinstance(right, Quantity):
        return _combined(left, right, -1)
    one, other = _numbers(left, right, "-")
    return _exact(lambda: one - other if _whole(one, other) else CONTEXT.subtract(one, other))


def _multiply(left: Any, right: Any) -> Any:
    if isinstance(left, Quantity) and _is_number(right):
        return _scaled(left, lambda value: CONTEXT.multiply(Decimal(value), right))
    if isinstance(right, Quantity) and _is_number(left):
        return _multiply(right, left)
    one, other = _numbers(left, right, "*")
    return _exact(lambda: one * other if _whole(one, other) else CONTEXT.multiply(one, other))


def _divide(left: Any, right: Any) -> Any:
    if isinstance(left, Quantity) and _is_number(right):
        if not right:
            return None
        return _scaled(left, lambda value: CONTEXT.divide(Decimal(value), right))
    one, other = _numbers(left, right, "/")
    return _exact(lambda: CONTEXT.divide(Decimal(one), Decimal(other))) if other else None


def _whole_quotient(left: Any, right: Any) -> Any:
    one, other = _numbers(left, right, "div")
    if not other:
        return None
    return _exact(lambda: int(CONTEXT.divide_int(Decimal(one), Decimal(other))))


def _rest(left: Any, right: Any) -> Any:
    one, other = _numbers(left, right, "mod")
    if not other:
        return None
    rest = _exact(lambda: CONTEXT.remainder(Decimal(one), Decimal(other)))
    return int(rest) if rest is not None and _whole(one, other) else rest


def _whole(one: Number, other: Number) -> bool:
    return isinstance(one, int) and isinstance(other, int)


def _exact(calculate: Callable[[], Number]) -> Number | None:
    try:
        return within(calculate())
    except DecimalException:
        return None  # overflow and underflow are empty


def _scaled(of: Quantity, calculate: Callable[[Number], Decimal]) -> Quantity | None:
    value = _exact(lambda: calculate(of.value))
    return None if value is None else Quantity(value, of.unit, of.calendar)


def _combined(left: Quantity, right: Quantity, sign: int) -> Quantity | None:
    if (left.unit, left.calendar) == (right.unit, right.calendar):
        other: Number = right.value
    else:
        one, given = left.in_base_units(), right.in_base_units()
        per_unit = Quantity(1, left.unit, left.calendar).in_base_units()
        if one is None or given is None or per_unit is None or one[0] != given[0]:
            return None
        other = CONTEXT.divide(given[1], per_unit[1])
    return _scaled(left, lambda value: CONTEXT.add(Decimal(value), Decimal(sign * other)))


def _move(start: Temporal, by: Any, sign: int) -> Temporal | None:
    if not isinstance(by, Quantity):
        raise FhirPathError("A date or time is moved by a quantity of time, such as 3 months.")
    unit = by.duration_unit
    if unit is None:
        raise FhirPathError("A date or time is moved by calendar units, week to millisecond also "
                            "as UCUM's; not by this unit.")  # fmt: skip
    try:
        return temporal.moved(start, Decimal(sign * by.value), unit)
    except OverflowError:
        return None


_OPERATIONS: dict[str, Operation] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "div": _whole_quotient,
    "mod": _rest,
}
