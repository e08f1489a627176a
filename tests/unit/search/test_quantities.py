"""Quantities searched in any unit of their kind: https://hl7.org/fhir/R4/search.html#quantity"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir import units
from tests.unit.search.conftest import Entries, Finds

UCUM = units.UCUM


def measured(value: Any, code: str, **more: str) -> dict[str, Any]:
    """Give an Observation of a quantity in a UCUM unit."""
    quantity = {"value": value, "system": UCUM, "code": code, **more}
    return {"resourceType": "Observation", "valueQuantity": quantity}


@pytest.mark.parametrize(
    ("resource", "value", "found"),
    [
        (measured(0.0054, "g"), f"5.4|{UCUM}|mg", True),
        (measured(0.0054, "g"), f"5.5|{UCUM}|mg", False),
        (measured(5.4, "mg"), f"5.4|{UCUM}|mg", True),
        (measured(5.4, "mg"), f"gt0.005|{UCUM}|g", True),
        (measured(5.4, "mg"), f"lt0.005|{UCUM}|g", False),
        (measured(98.6, "[degF]"), f"37.0|{UCUM}|Cel", True),
        (measured(37, "Cel"), f"ge310|{UCUM}|K", True),
        (measured(5.4, "mg"), f"ne5.4|{UCUM}|mg", False),
        (measured(5.4, "mg"), f"5.4|{UCUM}|mL", False),
        (measured(5.4, "mg"), "5.4||mg", True),
        (measured(5.4, "mg"), "0.0054||g", False),
        (measured(5.4, "mg"), "5.4", True),
        (measured(5.4, "mg"), "0.0054", False),
        (measured(5, "mg", comparator="<"), f"lt0.004|{UCUM}|g", True),
        (measured(5, "mg", comparator="<"), f"gt0.006|{UCUM}|g", False),
        (measured(7, "[pH]"), f"7|{UCUM}|[pH]", True),
        (measured(3, "{score}"), f"3|{UCUM}|{{score}}", True),
        (measured(3, "{score}"), f"300|{UCUM}|%", False),
        (measured(-1.5, "mmol/L"), f"-1500|{UCUM}|umol/L", True),
        (measured(-1.5, "mmol/L"), f"-1.5e3|{UCUM}|umol/L", True),
        (measured(-1.5, "mmol/L"), f"ap-1.6|{UCUM}|mmol/L", True),
        (measured(-1.5, "mmol/L"), f"ap-1.8|{UCUM}|mmol/L", False),
    ],
)
def test_a_quantity_is_found_in_any_unit_of_its_kind(
    finds: Finds, resource: dict[str, Any], value: str, found: bool
) -> None:
    assert finds(resource, "value-quantity", value) is found


def test_money_and_samples_and_ranges_are_quantities(finds: Finds) -> None:
    invoice = {"resourceType": "Invoice", "totalNet": {"value": 99.5, "currency": "SEK"}}
    assert finds(invoice, "totalnet", "99.5|urn:iso:std:iso:4217|SEK")
    assert not finds(invoice, "totalnet", "99.5|urn:iso:std:iso:4217|EUR")
    origin = {"value": 1, "system": UCUM, "code": "mV"}
    sampled = {"origin": origin, "factor": 0.5, "period": 1, "dimensions": 1, "data": "-2 E 4 U"}
    resource = {"resourceType": "Observation", "valueSampledData": sampled}
    assert finds(resource, "value-quantity", f"le0.0001|{UCUM}|V")
    assert finds(resource, "value-quantity", f"ge0.0029|{UCUM}|V")
    assert not finds(resource, "value-quantity", f"gt0.003|{UCUM}|V")
    aged = {"low": {"value": 1, "system": UCUM, "code": "a"}}
    condition = {"resourceType": "Condition", "onsetRange": aged}
    assert finds(condition, "onset-age", f"ge12|{UCUM}|mo")


def test_the_canonical_range_stands_beside_the_one_as_given(entries: Entries) -> None:
    found = entries(measured(5.4, "mg", unit="milligram")).ranges
    assert [r[2:] for r in found["Observation:value-quantity"]] == [
        (f"{UCUM}|mg", "mg", "milligram")
    ]
    assert [r[2:] for r in found["Observation:value-quantity:ucum"]] == [(f"{UCUM}|g", "g", "")]


CODES = ("mg", "g", "kg", "ug", "[oz_av]")


@settings(deadline=None)
@given(st.decimals(-1000, 1000, places=3), st.sampled_from(CODES), st.sampled_from(CODES))
def test_a_quantity_is_found_by_its_own_value_in_another_unit(
    finds: Finds, value: Decimal, stored: str, asked: str
) -> None:
    scales = [units.scale(code) for code in (stored, asked)]
    assert scales[0]
    assert scales[1]
    factor = scales[0].factor / scales[1].factor
    limit = value * factor.numerator / factor.denominator
    resource = measured(float(value), stored)
    below, above = (f"{limit + by:f}"[:40] for by in (Decimal(-1), Decimal(1)))
    assert finds(resource, "value-quantity", f"gt{below}|{UCUM}|{asked}")
    assert finds(resource, "value-quantity", f"lt{above}|{UCUM}|{asked}")
    assert finds(resource, "value-quantity", f"{value}|{UCUM}|{stored}")
