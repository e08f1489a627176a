"""Percentiles and age bands (R106, R107, R109)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.measures.age_bands import BANDS, age, band
from fhir_server.measures.percentiles import distribution, percentile

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("ordered", "p90"),
    [([1.0], 1), ([1.0, 2.0], 2), (list(range(1, 11)), 9), (list(range(1, 12)), 10)],
)
def test_the_90th_percentile_is_by_nearest_rank(ordered: list[float], p90: float) -> None:
    """R107."""
    assert percentile(ordered, 90) == p90


@given(values, st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    found: list[float], percent: int
) -> None:
    """R107: what the definition says."""
    ordered = sorted(found)
    value = percentile(ordered, percent)
    need = percent * len(ordered)
    assert 100 * sum(each <= value for each in ordered) >= need
    assert 100 * sum(each < value for each in ordered) < need


@given(values)
def test_a_distribution_is_in_order(found: list[float]) -> None:
    """R106."""
    spread = distribution(found)
    assert spread is not None
    assert spread.least <= spread.median <= spread.p90 or spread.count < 3
    assert spread.p90 <= spread.most
    assert spread.least - 1e-6 <= spread.mean <= spread.most + 1e-6


def test_nothing_has_no_distribution() -> None:
    assert distribution([]) is None


def test_the_median_of_an_even_number_is_between_the_two_in_the_middle() -> None:
    spread = distribution([4.0, 1.0, 3.0, 2.0])
    assert spread is not None
    assert spread.median == 2.5


@pytest.mark.parametrize(
    ("born", "day", "expected"),
    [
        (20080630, 20260630, "18-44"),
        (20080701, 20260630, "0-17"),
        (19410630, 20260630, "85-"),
        (19410701, 20260630, "75-84"),
        (20260630, 20260630, "0-17"),
        (20260701, 20260630, None),
        (None, 20260630, None),
    ],
)
def test_the_band_changes_on_the_birthday(born: int | None, day: int, expected: str | None) -> None:
    """R109."""
    assert band(born, day) == expected


def test_a_leap_day_is_a_birthday_on_the_first_of_march() -> None:
    assert [age(20080229, day) for day in (20260228, 20260301)] == [17, 18]


def test_every_age_has_its_band() -> None:
    found = {band(year * 10_000 + 101, 20260630) for year in range(1910, 2027)}
    assert found == set(BANDS)
