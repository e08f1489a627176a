"""How long records of care are kept."""

from __future__ import annotations

import datetime as dt

import pytest

from fhir_server.sweden import retention

TODAY = dt.date(2026, 11, 27)


def test_a_record_is_kept_ten_years_after_the_last_entry() -> None:
    """R115: PDL 3 kap. 17 §."""
    limit = dt.date(2016, 11, 27)
    assert retention.last_day_out_of_retention(TODAY) == limit
    assert retention.too_early("gallring", limit, TODAY) is None
    refused = retention.too_early("gallring", limit + dt.timedelta(days=1), TODAY)
    assert refused is not None
    assert refused.details[0].code == "PDL-3-17"


def test_ten_years_before_a_leap_day_is_the_end_of_that_february() -> None:
    """R115: 29 February is not in every year."""
    assert retention.last_day_out_of_retention(dt.date(2028, 2, 29)) == dt.date(2018, 2, 28)


def test_a_gallring_always_has_a_limit_and_a_decision_has_the_one_it_names() -> None:
    """R115: PDL 3 kap. 17 § and 8 kap. 4 §."""
    assert retention.purge_before("gallring", None, TODAY) == dt.date(2016, 11, 27)
    assert retention.purge_before("ivo-beslut", None, TODAY) is None
    assert retention.too_early("ivo-beslut", TODAY, TODAY) is None


@pytest.mark.parametrize("text", ["IVO 8.4.1-12345/2026", "Dnr 2026-12345678", "beslut 7"])
def test_a_reference_number_names_no_person(text: str) -> None:
    """R115: what may stay in the note of a purge."""
    assert not retention.names_a_person(text)


@pytest.mark.parametrize("text", ["19121212-1212", "om 121212+1212", "191212121212", "8112189876"])
def test_a_personal_number_is_seen_in_any_spelling(text: str) -> None:
    """R115: what may not."""
    assert retention.names_a_person(text)
