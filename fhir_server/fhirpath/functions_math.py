"""Functions on numbers.

Source: http://hl7.org/fhirpath/N1/#math
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
)
from typing import Any

from fhir_server.fhirpath import categories
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled, Run
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import Frame
from fhir_server.fhirpath.numbers import CONTEXT, Number, number, within
from fhir_server.fhirpath.quantities import Quantity
from fhir_server.fhirpath.types import SYSTEM_DECIMAL, SYSTEM_INTEGER, TypeInfo

_MOST_PLACES = 28
_SHORTER = Context(prec=28)


def calculated(
    calculate: Callable[[Number], Number | None], type_: TypeInfo | None
) -> Callable[[Call], Compiled]:
    """Give a function of one number; overflow and what is not defined are empty."""

    def compiled(call: Call) -> Compiled:
        value = numeric(call, call.of)

        def run(v: Any, f: Frame) -> Any:
            found = value(v, f)
            return None if found is None else _guarded(lambda: calculate(found))

        return Compiled(type_, value=run)

    return compiled


def numeric(call: Call, of: Compiled) -> Run:
    """Give the closure for a single number."""
    if of.category is not None and of.category not in categories.NUMBERS:
        raise FhirPathError(f"{call.function}() needs a number, not a {of.category}.")
    value = of.system()

    def run(v: Any, f: Frame) -> Any:
        found = value(v, f)
        if found is None or type(found) is int or type(found) is Decimal:
            return found
        if type(found) is float:
            return number(found)
        raise FhirPathError(f"{call.function}() needs a number.")

    return run


def _guarded(calculate: Callable[[], Number | None]) -> Number | None:
    try:
        found = calculate()
    except (DecimalException, OverflowError):
        return None
    return None if found is None else within(found)


def absolute(call: Call) -> Compiled:
    """Compile ``abs()``."""
    if call.of.category not in (None, categories.QUANTITY, *categories.NUMBERS):
        raise FhirPathError(f"abs() needs a number, not a {call.of.category}.")
    value = call.of.system()

    def run(v: Any, f: Frame) -> Any:
        found: Any = value(v, f)
        if found is None:
            return None
        if isinstance(found, Quantity):
            return Quantity(_positive(found.value), found.unit, found.calendar)
        if isinstance(found, int | Decimal) and type(found) is not bool:
            return within(_positive(found))
        raise FhirPathError("abs() needs a number or a quantity.")

    return Compiled(None, value=run)


def _positive(value: Number) -> Number:
    return -value if value < 0 else value


def _to_whole(rounding: str) -> Callable[[Number], Number]:
    return lambda value: int(Decimal(value).to_integral_value(rounding))


ceiling = calculated(_to_whole(ROUND_CEILING), SYSTEM_INTEGER)
floor = calculated(_to_whole(ROUND_FLOOR), SYSTEM_INTEGER)
truncate = calculated(_to_whole(ROUND_DOWN), SYSTEM_INTEGER)
exp = calculated(lambda value: CONTEXT.exp(Decimal(value)), SYSTEM_DECIMAL)
ln = calculated(lambda value: CONTEXT.ln(Decimal(value)) if value > 0 else None, SYSTEM_DECIMAL)
sqrt = calculated(
    lambda value: CONTEXT.sqrt(Decimal(value)) if value >= 0 else None, SYSTEM_DECIMAL
)


def log(call: Call) -> Compiled:
    """Compile ``log(base)``."""
    return _of_two(call, _log, SYSTEM_DECIMAL)


def _log(value: Number, base: Number) -> Number | None:
    if value <= 0 or base <= 0 or base == 1:
        return None
    found = CONTEXT.divide(CONTEXT.ln(Decimal(value)), CONTEXT.ln(Decimal(base)))
    # The last digits of a quotient of logarithms are made up: 16.log(2) is 4.
    shorter: Decimal = _SHORTER.plus(found)
    return shorter.normalize(_SHORTER)


def power(call: Call) -> Compiled:
    """Compile ``power(exponent)``."""
    return _of_two(call, _power, None)


def _power(value: Number, exponent: Number) -> Number | None:
    if value < 0 and exponent != int(exponent):
        return None
    if value == 0 and exponent < 0:
        return None
    found = CONTEXT.power(Decimal(value), Decimal(exponent))
    whole = isinstance(value, int) and isinstance(exponent, int) and exponent >= 0
    return int(found) if whole else found


def rounded(call: Call) -> Compiled:
    """Compile ``round([precision])``."""
    if not call.arguments:
        return calculated(lambda value: _round(value, 0), SYSTEM_DECIMAL)(call)
    return _of_two(call, _round, SYSTEM_DECIMAL)


def _round(value: Number, places: Number) -> Number:
    if places < 0 or places > _MOST_PLACES:
        raise FhirPathError(f"round() takes a precision from 0 to {_MOST_PLACES}.")
    return Decimal(value).quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP, CONTEXT)


def _of_two(
    call: Call, calculate: Callable[[Number, Number], Number | None], type_: TypeInfo | None
) -> Compiled:
    one, other = numeric(call, call.of), numeric(call, call.argument(0))

    def run(v: Any, f: Frame) -> Any:
        left = one(v, f)
        right = None if left is None else other(v, f)
        return None if right is None else _guarded(lambda: calculate(left, right))

    return Compiled(type_, value=run)
