"""Workload against what the unit agreed on: R49-R52."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.caseload import (
    Level,
    Threshold,
    assess,
    nearest_threshold,
    per_full_time,
    reference_levels,
    scheduled_hours,
    threshold,
)

Json = dict[str, Any]


def stated(patients: int, kind: str = "", sparse: bool | None = None) -> Json:
    parts: list[Json] = [{"url": "patients", "valueUnsignedInt": patients}]
    parts += [{"url": "type", "valueCode": kind}] if kind else []
    parts += [{"url": "sparse", "valueBoolean": sparse}] if sparse is not None else []
    return {"url": codes.CASELOAD_THRESHOLD, "extension": parts}


def unit(*extensions: Json, id_: str = "enhet") -> Json:
    return {"resourceType": "Organization", "id": id_, "extension": list(extensions)}


def role(*hours: tuple[Any, str]) -> Json:
    return {
        "resourceType": "PractitionerRole",
        "extension": [
            {
                "url": codes.SCHEDULED_TIME,
                "extension": [{"url": "hours", "valueDecimal": number}]
                + ([{"url": "type", "valueCode": kind}] if kind else []),
            }
            for number, kind in hours
        ],
    }


def test_a_threshold_for_the_type_goes_before_one_for_all_types() -> None:
    """R49: a unit sets its level, for one type or for all."""
    organization = unit(stated(50), stated(10, "4", sparse=True))
    assert threshold(organization, "4") == Threshold(10, "4", True, "enhet")
    assert threshold(organization, "1") == Threshold(50, "", False, "enhet")
    assert threshold(organization, "") == Threshold(50, "", False, "enhet")


def test_a_threshold_for_one_type_says_nothing_of_the_others() -> None:
    """R49: no threshold is made up where none was agreed on."""
    organization = unit(stated(10, "4"))
    assert threshold(organization, "1") is None
    assert threshold(organization, "") is None
    assert threshold(unit(), "1") is None


def test_of_two_thresholds_for_the_same_the_lowest_counts() -> None:
    """R49."""
    found = threshold(unit(stated(30), stated(20)), "1")
    assert found is not None
    assert found.patients == 20


def test_the_nearest_organization_that_says_one_counts() -> None:
    """R49: the vårdgivare's threshold holds where the unit has not got its own."""
    own, above = unit(stated(20), id_="enhet"), unit(stated(40), stated(5, "4"), id_="giver")
    assert nearest_threshold([own, above], "4") == Threshold(20, "", False, "enhet")
    assert nearest_threshold([unit(), above], "4") == Threshold(5, "4", False, "giver")
    assert nearest_threshold([unit(), unit()], "4") is None


@pytest.mark.parametrize(
    ("patients", "level"),
    [
        (0, Level.BELOW), (17, Level.BELOW), (18, Level.NEAR), (20, Level.NEAR), (21, Level.OVER),
    ],
)  # fmt: skip
def test_near_is_from_nine_tenths_of_the_threshold_and_over_is_more_than_it(
    patients: int, level: Level
) -> None:
    """R51: a warning comes before the contact is overloaded."""
    assert assess(patients, Threshold(20)) is level


def test_a_threshold_of_nought_is_a_threshold() -> None:
    """R49: nobody new for this contact."""
    assert threshold(unit(stated(0)), "1") == Threshold(0, "", False, "enhet")
    assert assess(0, Threshold(0)) is Level.NEAR
    assert assess(1, Threshold(0)) is Level.OVER


def test_without_a_threshold_nothing_is_assessed() -> None:
    """R49: there is no national cap."""
    assert assess(1000, None) is Level.NO_THRESHOLD


def test_in_a_sparsely_populated_area_a_large_number_is_no_overload_by_itself() -> None:
    """R51."""
    sparse = Threshold(20, sparse=True)
    assert [assess(number, sparse) for number in (17, 18, 300)] == [
        Level.BELOW, Level.SPARSE, Level.SPARSE,
    ]  # fmt: skip


def test_scheduled_hours_are_those_of_the_type_or_of_all() -> None:
    """R52."""
    assert scheduled_hours(role((20, "")), "") == 20
    assert scheduled_hours(role((Decimal("7.5"), "4"), (4, "1")), "4") == Decimal("7.5")
    assert scheduled_hours(role((Decimal("7.5"), "4"), (4, "1"))) == Decimal("11.5")
    assert scheduled_hours(role((20, "")), "4") is None
    assert scheduled_hours(role()) is None


def test_part_time_is_comparable_with_full_time() -> None:
    """R50, R52: 35 patients on half a time are 70 on a full time."""
    assert per_full_time(35, Decimal(20)) == 70.0
    assert per_full_time(35, None) is None
    assert per_full_time(35, Decimal(0)) is None


def test_the_reference_levels_are_those_of_the_guidance() -> None:
    """R50: levels quoted for orientation; none of them is applied."""
    named = {each.group: (each.low, each.high, each.time) for each in reference_levels()}
    assert named == {
        "psykiatri": (10, 50, None),
        "kontaktsjuksköterska": (35, None, 0.5),
        "barn": (100, None, 1.0),
        "samordningssjuksköterska": (3, 8, 0.1),
        "fast vårdkontakt": (20, None, None),
    }


@pytest.mark.parametrize("value", [None, "20", True, 2.5])
def test_a_threshold_of_the_wrong_shape_is_none(value: Any) -> None:
    """R49: what the validator refuses is not read."""
    broken = {
        "url": codes.CASELOAD_THRESHOLD,
        "extension": [{"url": "patients", "valueUnsignedInt": value}],
    }
    assert threshold(unit(broken), "1") is None
