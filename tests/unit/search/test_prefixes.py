"""Every prefix for every precision, against dates and periods, open and closed.

The rows are written by hand from the words of https://hl7.org/fhir/R4/search.html#prefix: which of
nine prefixes find the value.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.search.conftest import Finds

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")

INSIDE = {"eq", "ge", "le"}
SAME = INSIDE
BEFORE = {"ne", "lt", "le", "eb"}
AFTER = {"ne", "gt", "ge", "sa"}
# Reaches into the search's range from before, ends in it: nothing of it is above.
FROM_BEFORE = {"ne", "lt", "le"}
TO_AFTER = {"ne", "gt", "ge"}
AROUND = {"ne", "gt", "lt", "ge", "le"}

YEAR, MONTH, DAY = "2026", "2026-05", "2026-05-10"
MINUTE, SECOND = "2026-05-10T12:30+02:00", "2026-05-10T12:30:15+02:00"
FRACTION = "2026-05-10T12:30:15.250+02:00"

DATES: list[tuple[str, str, set[str]]] = [
    (YEAR, "2026", SAME), (YEAR, "2025", BEFORE), (YEAR, "2027-01", AFTER),
    (YEAR, "2026-01-01", INSIDE), (YEAR, "2026-12-31T23:59:59+01:00", INSIDE),
    (YEAR, "2025-12-31T23:00:00Z", INSIDE), (YEAR, "2025-12-31T22:59:59Z", BEFORE),
    (MONTH, "2026-05", SAME), (MONTH, "2026", AROUND), (MONTH, "2026-05-31", INSIDE),
    (MONTH, "2026-04", BEFORE), (MONTH, "2026-06-01", AFTER),
    (DAY, "2026-05-10", SAME), (DAY, "2026-05", AROUND), (DAY, "2026-05-09", BEFORE),
    (DAY, "2026-05-11", AFTER), (DAY, "2026-05-10T00:00:00+02:00", INSIDE),
    (DAY, "2026-05-09T21:59:59Z", BEFORE), (DAY, "2026-05-10T22:00:00Z", AFTER),
    (MINUTE, "2026-05-10T12:30:59.999+02:00", INSIDE), (MINUTE, "2026-05-10", AROUND),
    (MINUTE, "2026-05-10T10:31:00Z", AFTER), (MINUTE, "2026-05-10T10:29:59Z", BEFORE),
    (SECOND, "2026-05-10T10:30:15Z", SAME), (SECOND, "2026-05-10T10:30:15.999Z", INSIDE),
    (SECOND, "2026-05-10T10:30:16Z", AFTER), (SECOND, "2026-05-10", AROUND),
    (FRACTION, "2026-05-10T10:30:15.250Z", SAME), (FRACTION, "2026-05-10T10:30:15Z", AROUND),
    (FRACTION, "2026-05-10T10:30:15.251Z", AFTER), (FRACTION, "2026-05-10T10:30:15.24Z", BEFORE),
]  # fmt: skip

PERIODS: list[tuple[str, dict[str, str], set[str]]] = [
    (MONTH, {"start": "2026-05-02", "end": "2026-05-30"}, INSIDE),
    (MONTH, {"start": "2026-05-01", "end": "2026-05-31"}, SAME),
    (MONTH, {"start": "2026-04-02", "end": "2026-05-30"}, FROM_BEFORE),
    (MONTH, {"start": "2026-05-02", "end": "2026-06-30"}, TO_AFTER),
    (MONTH, {"start": "2026-04-02", "end": "2026-06-30"}, AROUND),
    (MONTH, {"start": "2026-04-02", "end": "2026-04-30"}, BEFORE),
    (MONTH, {"start": "2026-06-02", "end": "2026-06-30"}, AFTER),
    (MONTH, {"start": "2026-06-01"}, AFTER),
    (MONTH, {"start": "2026-05-31"}, TO_AFTER),
    (MONTH, {"start": "2026-04-30"}, AROUND),
    (MONTH, {"end": "2026-04-30"}, BEFORE),
    (MONTH, {"end": "2026-05-01"}, FROM_BEFORE),
    (MONTH, {"end": "2026-06-01"}, AROUND),
    (YEAR, {"start": "2026-05-31"}, TO_AFTER),
    (YEAR, {"end": "2026-05-31"}, FROM_BEFORE),
    (DAY, {"start": "2026-05-10T08:00:00Z", "end": "2026-05-10T09:00:00Z"}, INSIDE),
    (DAY, {"start": "2026-05-10T08:00:00Z"}, TO_AFTER),
    (SECOND, {"start": "2026-05-10T10:30:15Z", "end": "2026-05-10T10:30:15Z"}, SAME),
    (SECOND, {"start": "2026-05-10T10:30:14Z", "end": "2026-05-10T10:30:15Z"}, FROM_BEFORE),
    (SECOND, {"start": "2026-05-10T10:30:15Z", "end": "2026-05-10T10:30:16Z"}, TO_AFTER),
]


@pytest.mark.parametrize(("asked", "stored", "expected"), DATES)
def test_dates_of_every_precision_compare_by_every_prefix(
    finds: Finds, asked: str, stored: str, expected: set[str]
) -> None:
    resource = {"resourceType": "Observation", "effectiveDateTime": stored}
    assert {p for p in PREFIXES if finds(resource, "date", f"{p}{asked}")} == expected
    assert finds(resource, "date", asked) == ("eq" in expected)


@pytest.mark.parametrize(("asked", "stored", "expected"), PERIODS)
def test_periods_compare_by_every_prefix(
    finds: Finds, asked: str, stored: dict[str, str], expected: set[str]
) -> None:
    resource = {"resourceType": "Encounter", "period": stored}
    assert {p for p in PREFIXES if finds(resource, "date", f"{p}{asked}")} == expected


NUMBERS: list[tuple[str, Any, set[str]]] = [
    ("100", 100, {"eq", "ge", "le"}), ("100", 99.9, {"eq", "lt", "le", "eb"}),
    ("100", 100.4, {"eq", "gt", "ge", "sa"}), ("100", 101, AFTER), ("100", 99, BEFORE),
    ("100.0", 100.4, AFTER), ("-5", -5, {"eq", "ge", "le"}), ("-5", -6, BEFORE), ("-5", -4, AFTER),
    ("1e2", 96, {"eq", "lt", "le", "eb"}), ("0", 0, {"eq", "ge", "le"}), ("0", -0.5, {"eq", "lt", "le", "eb"}),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "stored", "expected"), NUMBERS)
def test_numbers_compare_by_every_prefix(
    finds: Finds, asked: str, stored: Any, expected: set[str]
) -> None:
    """R4: eq and ne go by the precision as written, the others by the number itself."""
    charge = {"resourceType": "ChargeItem", "factorOverride": stored}
    measured = {"resourceType": "Observation", "valueQuantity": {"value": stored}}
    for resource, name in ((charge, "factor-override"), (measured, "value-quantity")):
        assert {p for p in PREFIXES if finds(resource, name, f"{p}{asked}")} == expected


COMPARATORS = [
    ("<", "5", FROM_BEFORE | {"eb"}), ("<=", "5", FROM_BEFORE),
    (">", "5", TO_AFTER | {"sa"}), (">=", "5", TO_AFTER),
    ("<", "4", AROUND), (">", "6", AROUND), ("<", "6", {"ne", "lt", "le", "eb"}),
]  # fmt: skip


@pytest.mark.parametrize(("comparator", "asked", "expected"), COMPARATORS)
def test_a_quantity_with_a_comparator_reaches_to_the_end(
    finds: Finds, comparator: str, asked: str, expected: set[str]
) -> None:
    unit = {"system": "http://unitsofmeasure.org", "code": "mg"}
    value = {"value": 5, "comparator": comparator, **unit}
    resource = {"resourceType": "Observation", "valueQuantity": value}
    for given in (asked, f"{asked}|http://unitsofmeasure.org|mg", f"{asked}||mg"):
        found = {p for p in PREFIXES if finds(resource, "value-quantity", f"{p}{given}")}
        assert found == expected, given
