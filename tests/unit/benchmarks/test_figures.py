"""Percentiles, spreads and ratios of what was measured."""

from __future__ import annotations

import pytest

from benchmarks.figures import Measured, Slice, Spread, percentile, ratios
from benchmarks.trend import trend


def measured(*rates: int, wrong: int = 0) -> Measured:
    return Measured(
        [Slice(1.0, {"a": [1.0] * rate}, rate, wrong=wrong, all_requests=rate) for rate in rates]
    )


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 0.5) == 50
    assert percentile(values, 0.95) == 95
    assert percentile(values, 1.0) == 100
    assert percentile([7.0], 0.5) == 7
    assert percentile([], 0.5) == 0


def test_a_spread_has_the_least_the_median_and_the_most() -> None:
    assert Spread.of([3, 1, 2]) == Spread(1, 2, 3)
    assert Spread.of([3, 1, 2]).noise == 0.5
    assert Spread.of([]) == Spread(0, 0, 0)


def test_ratios_are_taken_round_by_round() -> None:
    # The machine was half as fast in the second round, which fell on both.
    assert ratios(measured(200, 100), measured(100, 50)) == Spread(2, 2, 2)


def test_percentiles_are_of_all_slices_together() -> None:
    both = Measured([Slice(1, {"a": [1.0, 2.0]}, 2), Slice(1, {"a": [9.0], "b": [5.0]}, 2)])
    assert both.latency(1.0) == 9
    assert both.latency(1.0, "b") == 5
    assert both.names() == ["a", "b"]


def test_cpu_counts_what_the_warm_up_asked_too() -> None:
    one = Slice(1, {"a": [1.0]}, 1, all_requests=4, cpu={"server": 0.008})
    assert Measured([one]).cpu_per_request() == pytest.approx({"server": 2.0})


def test_a_line_through_noise_is_no_trend() -> None:
    flat = trend(range(10), [100, 101, 100, 101, 100, 101, 100, 101, 100, 101])
    assert not flat.grows
    rising = trend(range(10), [100 + n for n in range(10)])
    assert rising.grows
    assert rising.per_hour == pytest.approx(3600)
    assert not trend([1, 2], [1, 2]).grows
