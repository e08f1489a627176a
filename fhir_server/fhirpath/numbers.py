"""Numbers without binary fractions: int, and Decimal for everything with a point.

Source: http://hl7.org/fhirpath/N1/#decimal, http://hl7.org/fhirpath/N1/#math
"""

from __future__ import annotations

from decimal import Context, Decimal, InvalidOperation, Overflow
from typing import Any

from fhir_server.fhir.json import LosslessDecimal

Number = int | Decimal

# FHIRPath asks for 28 digits before the point and 8 after it; a result beyond is empty.
CONTEXT = Context(prec=36, Emax=60, Emin=-60, traps=[InvalidOperation, Overflow])
_GREATEST = Decimal(10) ** 28
INTEGERS = range(-(2**31), 2**31)


def number(value: Any) -> Number:
    """Give a JSON number exactly: a float as the shortest decimal that stands for it."""
    kind = type(value)
    if kind is int or kind is Decimal:
        found: Number = value
        return found
    if kind is float:
        return Decimal(repr(value))
    if isinstance(value, LosslessDecimal):
        exact: Decimal = value.as_decimal()
        return exact
    return Decimal(value)


def within(value: Number) -> Number | None:
    """Give a result; None for one beyond what FHIRPath's numbers hold."""
    if isinstance(value, int):
        return value if value in INTEGERS else None
    if not value.is_finite() or abs(value) >= _GREATEST:
        return None
    return value


def plain(value: Number) -> str:
    """Write a number without an exponent."""
    return str(value) if isinstance(value, int) else f"{value:f}"
