"""Dates and numbers as texts that sort: https://hl7.org/fhir/R4/search.html#prefix"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search import ranges

STOCKHOLM = ZoneInfo("Europe/Stockholm")
numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)


def test_a_date_is_a_local_day() -> None:
    found = ranges.date_range("2026-05-01", STOCKHOLM)
    assert found == ("2026-04-30T22:00:00.000000", "2026-05-01T22:00:00.000000")


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_moments_sort_as_their_texts(one: datetime, other: datetime) -> None:
    assert (one < other) == (ranges.moment(one) < ranges.moment(other))


@settings(deadline=None)
@given(numbers, numbers)
def test_numbers_sort_as_their_texts(one: Decimal, other: Decimal) -> None:
    assert (one < other) == (ranges.spell(one) < ranges.spell(other))
    assert (one == other) == (ranges.spell(one) == ranges.spell(other))


@settings(deadline=None)
@given(numbers, numbers)
def test_nothing_comes_between_a_number_and_its_end(one: Decimal, other: Decimal) -> None:
    low, high = ranges.point(one).spelled()
    assert low < high
    assert (low <= ranges.spell(other) < high) == (one == other)


@settings(deadline=None)
@given(numbers, numbers)
def test_an_id_after_a_number_does_not_change_its_order(one: Decimal, other: Decimal) -> None:
    key = f"{ranges.spell(one)} Observation/9"
    assert (key >= ranges.spell(other)) == (one >= other)
    assert (key >= ranges.spell(other) + ranges.AFTER) == (one > other)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("5.4", "5.35", "5.45"),
        ("-1", "-1.5", "-0.5"),
        ("0.00", "-0.005", "0.005"),
    ],
)
def test_a_number_means_what_rounds_to_it(text: str, low: str, high: str) -> None:
    found = ranges.implied(ranges.number(text)).spelled()
    assert found == (ranges.spell(Decimal(low)), ranges.spell(Decimal(high)))


@pytest.mark.parametrize("text", ["", "x", "1,5", "NaN", "Infinity", "1e99999", "--1", "1 ", "٣"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        ranges.number(text)


def test_approximately_is_a_tenth_of_the_distance_from_now() -> None:
    low, high = "2020-01-01T00:00:00.000000", "2020-01-02T00:00:00.000000"
    now = datetime(2020, 1, 11, tzinfo=UTC)
    found = ranges.approximate_date(low, high, now)
    assert found == ("2019-12-31T00:00:00.000000", "2020-01-03T00:00:00.000000")


def test_approximately_a_number_is_a_tenth_around_it() -> None:
    low, high = ranges.approximate_number(Decimal(100)).spelled()
    assert low == ranges.spell(Decimal(90))
    assert ranges.spell(Decimal(110)) < high < ranges.spell(Decimal("110.1"))


def test_the_end_of_time_is_not_passed() -> None:
    assert ranges.shifted(ranges.LATEST, timedelta(days=1)) == ranges.LATEST
    assert ranges.shifted(ranges.EARLIEST, -timedelta(days=1)) == ranges.EARLIEST


@pytest.mark.parametrize(
    ("end", "name"),
    [
        ("2026-01-02T01:00:00.000000", ""),
        ("2026-01-02T01:00:00.000001", "month"),
        ("2026-02-02T00:00:00.000000", "month"),
        ("2027-01-01T00:00:00.000000", "year"),
        (ranges.LATEST, "long"),
    ],
)
def test_ranges_are_classed_by_length(end: str, name: str) -> None:
    assert ranges.span("date", "2026-01-01T00:00:00.000000", end) == name


def test_a_number_is_short_and_a_range_of_numbers_long() -> None:
    assert ranges.span("number", *ranges.point(Decimal(5)).spelled()) == ""
    assert ranges.span("number", ranges.spell(Decimal(5)), ranges.GREATEST) == "long"
