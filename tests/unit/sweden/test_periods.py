"""Periods in Swedish time: borders, open ends, dates that are no dates."""

from typing import Any

import pytest

from fhir_server.sweden import periods
from fhir_server.sweden.periods import Period


def period(start: str | None = None, end: str | None = None) -> Period:
    given = {"start": start, "end": end}
    return periods.read({"period": {name: value for name, value in given.items() if value}})


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-03-02T23:59:59", False),
        ("2026-03-03T00:00", True),
        ("2026-03-05T23:59:59", True),
        ("2026-03-06T00:00", False),
    ],
)
def test_dates_begin_and_end_at_swedish_midnight(cases: Any, at: str, inside: bool) -> None:
    assert period("2026-03-03", "2026-03-05").covers(cases.at(at)) is inside


def test_an_offset_is_kept(cases: Any) -> None:
    """23:30 UTC on the 2nd is the 3rd in Sweden."""
    assert period("2026-03-03").covers(cases.at("2026-03-03T00:30"))
    assert period("2026-03-02T23:30:00Z").start == cases.at("2026-03-03T00:30")


def test_the_day_clocks_go_forward_has_23_hours(cases: Any) -> None:
    day = period("2026-03-29", "2026-03-29")
    assert day.start is not None
    assert day.end is not None
    assert (day.end - day.start).total_seconds() == 23 * 3600


def test_an_absent_or_unreadable_bound_is_open(cases: Any) -> None:
    moment = cases.at("2026-03-03T09:00")
    assert Period().covers(moment)
    assert period("soon", "2026-13-01").covers(moment)
    assert periods.read({"period": "always"}).covers(moment)


def test_the_end_of_time_is_after_everything(cases: Any) -> None:
    assert not period(None, "9999-12-31").ended(cases.at("2926-03-03T09:00"))


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (("2026-01-01", "2026-03-31"), ("2026-04-01", None), False),
        (("2026-01-01", "2026-04-01"), ("2026-04-01", None), True),
        ((None, "2026-03-31"), (None, "2020-01-01"), True),
        ((None, None), ("2026-01-01", "2026-01-01"), True),
        (("2027-01-01", None), (None, "2026-12-31"), False),
    ],
)
def test_overlap_with_open_ends(one: Any, other: Any, overlap: bool) -> None:
    assert period(*one).overlaps(period(*other)) is overlap
    assert period(*other).overlaps(period(*one)) is overlap


@pytest.mark.parametrize(
    ("inner", "inside"),
    [
        (("2026-03-09", "2026-03-13"), True),
        (("2026-03-01", "2026-03-31"), True),
        ((None, None), True),
        (("2026-02-28", None), False),
        ((None, "2026-04-01"), False),
        (("2026-04-01", None), False),
        ((None, "2026-02-28"), False),
    ],
)
def test_within_looks_at_the_bounds_that_are_given(inner: Any, inside: bool) -> None:
    assert period(*inner).within(period("2026-03-01", "2026-03-31")) is inside
    assert period(*inner).within(Period())


def test_the_local_date_is_that_of_sweden(cases: Any) -> None:
    moment = periods.bounds("2026-06-30T22:30:00Z")
    assert moment is not None
    assert periods.local_date(moment[0]).isoformat() == "2026-07-01"


@pytest.mark.parametrize(
    "text",
    [
        "9999",
        "9999-12-31",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59+14:00",
        "0001-01-01",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00-12:00",
    ],
)
def test_the_first_and_the_last_day_there_are_have_a_date_in_sweden(text: str) -> None:
    found = periods.bounds(text)
    assert found is None or all(periods.local_date(each) for each in found)
