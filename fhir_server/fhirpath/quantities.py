"""Quantities: amounts with a UCUM unit or a calendar unit.

Source: http://hl7.org/fhirpath/N1/#quantity, https://hl7.org/fhir/R4/fhirpath.html#quantity
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fhir_server.fhir.units import UCUM, scale
from fhir_server.fhirpath.numbers import number, plain

# Calendar units beside the UCUM units that are the same length in every calendar.
_DEFINITE = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s",
             "millisecond": "ms"}  # fmt: skip
_LIKE = {**_DEFINITE, "year": "a", "month": "mo"}
_CALENDAR = {code: unit for unit, code in _DEFINITE.items()}


@dataclass(frozen=True, slots=True)
class Quantity:
    """FHIRPath's own Quantity.

    Args:
        value: the amount, int or Decimal.
        unit: a UCUM code, or a calendar unit in the singular.
        calendar: which of the two.
    """

    value: int | Decimal
    unit: str = "1"
    calendar: bool = False

    @property
    def code(self) -> str | None:
        """The UCUM code; None for calendar years and months, whose lengths vary."""
        return _DEFINITE.get(self.unit) if self.calendar else self.unit

    @property
    def duration_unit(self) -> str | None:
        """The calendar unit to move dates by; None for what is no duration of one."""
        return self.unit if self.calendar else _CALENDAR.get(self.unit)

    def __str__(self) -> str:
        if self.calendar:
            return f"{plain(self.value)} {self.unit if self.value == 1 else f'{self.unit}s'}"
        return f"{plain(self.value)} '{self.unit}'"

    def in_base_units(self, *, alike: bool = False) -> tuple[str, Decimal] | None:
        """Give the dimension and the amount in it; None for a unit that can't be related.

        Args:
            alike: take calendar years and months for UCUM's, as equivalence does.
        """
        code = _LIKE[self.unit] if alike and self.calendar else self.code
        if code is None:
            return (f"calendar {self.unit}", Decimal(self.value))
        known = scale(code)
        amount = known.convert(Decimal(self.value)) if known else None
        if known is None or amount is None:
            return (f"unit {code}", Decimal(self.value))
        return (known.unit, amount)


def from_fhir(value: Any) -> Quantity | None:
    """Give FHIR's Quantity as FHIRPath's; None without a value, or with a comparator.

    Units outside UCUM are kept apart by their system, so that only the same are compared.
    """
    if not isinstance(value, Mapping):
        return None
    amount = value.get("value")
    if amount is None or value.get("comparator") is not None:
        return None
    code, system = value.get("code"), value.get("system")
    if code is None:
        unit = value.get("unit")
        return Quantity(number(amount), "1" if unit is None else f"{{{unit}}}")
    return Quantity(number(amount), str(code) if system in (UCUM, None) else f"{system}|{code}")


def compare(one: Quantity, other: Quantity, *, alike: bool = False) -> int | None:
    """Order two quantities; None where their units can't be related."""
    if one.unit == other.unit and one.calendar == other.calendar:
        return (one.value > other.value) - (one.value < other.value)
    left, right = one.in_base_units(alike=alike), other.in_base_units(alike=alike)
    if left is None or right is None or left[0] != right[0]:
        return None
    return (left[1] > right[1]) - (left[1] < right[1])


def to_fhir(quantity: Quantity) -> dict[str, Any]:
    """Write a quantity as FHIR's."""
    if quantity.code is None:
        return {"value": quantity.value, "unit": quantity.unit}
    return {"value": quantity.value, "system": UCUM, "code": quantity.code}
