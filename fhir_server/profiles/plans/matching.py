"""Compares values with those that a profile fixes.

Source: https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_,
https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

Number = int | float | Decimal


def plain(value: Any) -> Any:
    """Give a value of a definition with numbers that can be compared."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    as_decimal = getattr(value, "as_decimal", None)
    return as_decimal() if as_decimal is not None else value


def number(value: Number) -> Decimal:
    """Give a number as it is written: 0.1 is a tenth, however it was read."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def is_number(value: Any) -> bool:
    """Tell whether a JSON value is a number."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def equals(value: Any, fixed: Any) -> bool:
    """Tell whether a value is exactly a fixed one; numbers by what they count."""
    if isinstance(fixed, str):
        return bool(value == fixed)
    if isinstance(fixed, dict):
        return (
            isinstance(value, dict)
            and value.keys() == fixed.keys()
            and all(equals(value[name], item) for name, item in fixed.items())
        )
    if isinstance(fixed, list):
        return (
            isinstance(value, list)
            and len(value) == len(fixed)
            and all(equals(one, item) for one, item in zip(value, fixed, strict=True))
        )
    return _same(value, fixed)


def fits(value: Any, pattern: Any) -> bool:
    """Tell whether a value has at least the content of a pattern."""
    if isinstance(pattern, str):
        return bool(value == pattern)
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and fits(value[name], item) for name, item in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(
            any(fits(one, item) for one in value) for item in pattern
        )
    return _same(value, pattern)


def _same(value: Any, wanted: Any) -> bool:
    if is_number(wanted):
        return is_number(value) and number(value) == number(wanted)
    return type(value) is type(wanted) and bool(value == wanted)
