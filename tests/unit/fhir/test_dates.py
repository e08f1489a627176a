"""FHIR dates as intervals: https://hl7.org/fhir/R4/datatypes.html#dateTime"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.dates import instant_text, interval, micros

STOCKHOLM = ZoneInfo("Europe/Stockholm")
UTC_ZONE = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2025-12-31T23:00", "2026-12-31T23:00"),
        ("2026-03", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("2026-12", "2026-11-30T23:00", "2026-12-31T23:00"),
        ("2026-03-02", "2026-03-01T23:00", "2026-03-02T23:00"),
        ("2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("2024-02-29", "2024-02-28T23:00", "2024-02-29T23:00"),
        ("2026-03-02T08:10:00+01:00", "2026-03-02T07:10", "2026-03-02T07:10:01"),
        ("2026-03-02T08:10:00Z", "2026-03-02T08:10", "2026-03-02T08:10:01"),
        ("2026-03-02T08:10:00.5Z", "2026-03-02T08:10:00.5", "2026-03-02T08:10:00.6"),
        ("2026-03-02T08:10:00.123Z", "2026-03-02T08:10:00.123", "2026-03-02T08:10:00.124"),
        ("2026-03-02T08:10", "2026-03-02T07:10", "2026-03-02T07:11"),
        ("2026-12-31T23:59:60Z", "2027-01-01T00:00", "2027-01-01T00:00:01"),
    ],
)
def test_a_date_is_as_long_as_its_precision(text: str, start: str, end: str) -> None:
    found = interval(text, STOCKHOLM)
    assert found == (
        datetime.fromisoformat(start).replace(tzinfo=UTC),
        datetime.fromisoformat(end).replace(tzinfo=UTC),
    )
    assert all(bound.tzinfo is UTC for bound in found)


def test_digits_beyond_a_microsecond_are_dropped() -> None:
    start, end = interval("2026-03-02T08:10:00.123456789Z", STOCKHOLM)
    assert start.microsecond == 123456
    assert end - start == timedelta(microseconds=1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "26",
        "2026-3",
        "2026-13",
        "2026-00",
        "2026-02-29",
        "0000",
        "2026-03-02T",
        "2026-03-02T08",
        "2026-03-02T24:00:00Z",
        "2026-03-02T08:60:00Z",
        "2026-03-02T08:10:61Z",
        "2026-03-02T08:10:00+25:00",
        "2026-03-02T08:10:00 Z",
        "2026-03Z",
        "2026-03-02 08:10:00Z",
        "\u0662026",
        "2026\n",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the kind of error is the contract
        interval(text, STOCKHOLM)


@pytest.mark.parametrize("zone", [STOCKHOLM, UTC_ZONE, ZoneInfo("America/New_York")])
@pytest.mark.parametrize(
    "text",
    ["9999", "9999-12", "9999-12-31", "9999-12-31T23:59:59Z", "0001", "0001-01-01T00:00:00+14:00"],
)
def test_the_ends_of_time_are_clamped(text: str, zone: ZoneInfo) -> None:
    start, end = interval(text, zone)
    assert start < end


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:60Z", "9999-12-31T23:59:59-14:00", "9999-12-31T20:00:00.5-12:00"]
)
def test_a_time_after_the_end_of_time_is_the_last_moment(text: str) -> None:
    start, end = interval(text, STOCKHOLM)
    assert end == datetime.max.replace(tzinfo=UTC)
    assert end - start == timedelta(microseconds=1)


@settings(deadline=None)
@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_lies_inside_its_own_day_month_and_year(moment: datetime) -> None:
    for length in (4, 7, 10):
        start, end = interval(moment.isoformat()[:length], UTC_ZONE)
        assert start <= moment < end or end.year == 9999


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_763_855_999_123_000, "2025-11-22T23:59:59.123Z"),
        (1_763_855_999_123_456, "2025-11-22T23:59:59.123456Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_an_instant_is_written_to_the_millisecond_or_as_exactly_as_needed(
    count: int, text: str
) -> None:
    assert instant_text(count) == text


@settings(deadline=None)
@given(st.integers(-(10**15), 10**16))
def test_an_instant_read_back_is_the_same_microsecond(count: int) -> None:
    start, _ = interval(instant_text(count), STOCKHOLM)
    assert micros(start) == count
