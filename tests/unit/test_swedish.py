"""Dates, hours and telephone numbers, as people in Sweden write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from fhir_server import swedish
from fhir_server.swedish import Piece

STOCKHOLM = ZoneInfo("Europe/Stockholm")
WEEK = ("mon", "tue", "wed", "thu", "fri")


@pytest.mark.parametrize(
    ("first", "last", "spelled"),
    [
        (date(2026, 3, 9), date(2026, 3, 9), "9 mars 2026"),
        (date(2026, 3, 9), date(2026, 3, 13), "9–13 mars 2026"),
        (date(2026, 2, 27), date(2026, 3, 1), "27 februari–1 mars 2026"),
        (date(2026, 12, 28), date(2027, 1, 3), "28 december 2026–3 januari 2027"),
    ],
)
def test_a_period_of_days_names_month_and_year_once(first: date, last: date, spelled: str) -> None:
    assert swedish.days(first, last) == spelled


@pytest.mark.parametrize(
    ("start", "end", "spelled"),
    [
        (None, None, ""),
        (datetime(2026, 3, 9, tzinfo=STOCKHOLM), None, "från och med 9 mars 2026"),
        (None, datetime(2026, 3, 14, tzinfo=STOCKHOLM), "till och med 13 mars 2026"),
        (
            datetime(2026, 3, 9, tzinfo=STOCKHOLM),
            datetime(2026, 3, 14, tzinfo=STOCKHOLM),
            "9–13 mars 2026",
        ),
        # The same days, spoken of in UTC.
        (
            datetime(2026, 3, 8, 23, tzinfo=UTC),
            datetime(2026, 3, 13, 23, tzinfo=UTC),
            "9–13 mars 2026",
        ),
        (
            datetime(2026, 3, 9, tzinfo=STOCKHOLM),
            datetime(2026, 3, 9, 12, 30, tzinfo=STOCKHOLM),
            "9 mars 2026–9 mars 2026 klockan 12.30",
        ),
    ],
)
def test_an_end_is_the_last_day_that_counts(
    start: datetime | None, end: datetime | None, spelled: str
) -> None:
    """R45: a deputy's days are the days in Sweden; the end of a period is not one of them."""
    assert swedish.period(start, end, STOCKHOLM) == spelled


@pytest.mark.parametrize(
    ("names", "start", "end", "spelled"),
    [
        (WEEK, time(8), time(16), "måndag–fredag 08–16"),
        (WEEK, time(8, 30), time(16, 15), "måndag–fredag 08.30–16.15"),
        (("sat", "sun"), time(8), time(22), "lördag och söndag 08–22"),
        (("wed", "mon"), time(13), time(15), "måndag och onsdag 13–15"),
        (("mon", "tue", "wed", "fri"), None, None, "måndag–onsdag och fredag hela dagen"),
        ((*WEEK, "sat", "sun"), None, None, "dygnet runt"),
        ((*WEEK, "sat", "sun"), time(17), None, "alla dagar 17–24"),
        ((), None, None, "dygnet runt"),
        ((), time(8), time(0), "alla dagar 08–24"),
        (WEEK, None, time(12), "måndag–fredag 00–12"),
        (("sun", "nonsense"), time(8), time(9), "söndag 08–09"),
    ],
)
def test_hours_are_weekdays_and_a_span(
    names: tuple[str, ...], start: time | None, end: time | None, spelled: str
) -> None:
    """R44: opening hours for each way to reach somebody."""
    assert swedish.hours(names, start, end) == spelled


def test_months_in_a_row_are_a_span() -> None:
    """R44: hours may be those of some months."""
    assert swedish.months((8, 6, 7, 12)) == "juni–augusti och december"
    assert swedish.months(range(1, 13)) == ""
    assert swedish.months(()) == ""


@pytest.mark.parametrize(
    ("number", "href"),
    [
        ("063-000 00 05", "tel:+46630000005"),
        ("+46 (0)63-000 00 05", "tel:+46630000005"),
        ("0046 63 000 00 05", "tel:+46630000005"),
        ("+47 22 00 00 00", "tel:+4722000000"),
        ("070/000 00 05", "tel:+46700000005"),
        ("063-000 00 05, ankn. 12", "tel:+46630000005"),
        ("1177", "tel:1177"),
        ("112", "tel:112"),
        ("12", ""),
        ("växeln", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_a_number_that_can_be_called_is_a_link(number: str, href: str) -> None:
    """R43: telephone numbers are links, in the form that works from abroad too (RFC 3966)."""
    assert swedish.telephone(number) == href


def test_numbers_in_a_text_are_links() -> None:
    """R43."""
    assert swedish.pieces("Ring 063-000 00 05 i första hand.") == (
        Piece("Ring "),
        Piece("063-000 00 05", "tel:+46630000005"),
        Piece(" i första hand."),
    )


def test_a_room_and_a_date_are_no_numbers_to_call() -> None:
    for text in ("Rum 112, plan 3.", "Sedan 2026-03-12 klockan 08.00–16.00.", "Rum 0112"):
        assert swedish.pieces(text) == (Piece(text),)


def test_short_numbers_are_links_where_they_are_meant_as_such() -> None:
    assert [p.href for p in swedish.pieces("Ring 112 eller 1177.", short=True)] == [
        "", "tel:112", "", "tel:1177", "",
    ]  # fmt: skip


def test_a_text_becomes_a_sentence() -> None:
    assert swedish.sentence(" svar inom fem dagar ") == "Svar inom fem dagar."
    assert swedish.sentence("Är det bråttom?") == "Är det bråttom?"
    assert swedish.sentence("  ") == ""
