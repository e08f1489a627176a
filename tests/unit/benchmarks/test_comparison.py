"""What two runs say of each other."""

from __future__ import annotations

from typing import Any

from benchmarks.comparison import changes


def entry(workload: str, target: str, rate: float, *, spread: float = 0.0, wrong: int = 0) -> Any:
    rates = {"low": rate * (1 - spread), "middle": rate, "high": rate * (1 + spread)}
    return {
        "workload": workload, "clients": 8, "target": target, "items_per_second": rates,
        "wrong": wrong,
    }  # fmt: skip


def run(read: float, bare: float, **more: Any) -> Any:
    return {"measured": [entry("read", "secured", read, **more), entry("read", "route-find", bare)]}


def test_a_slower_machine_is_no_regression() -> None:
    [change] = changes(run(1000, 2000), run(500, 1000))
    assert change.times == 1
    assert not change.regressed


def test_slower_beside_the_bare_route_is_a_regression() -> None:
    [change] = changes(run(1000, 2000), run(800, 2000))
    assert change.regressed


def test_what_may_be_noise_is_none() -> None:
    [change] = changes(run(1000, 2000, spread=0.15), run(800, 2000, spread=0.15))
    assert not change.regressed


def test_a_wrong_answer_is_a_regression_however_fast() -> None:
    [change] = changes(run(1000, 2000), run(9000, 2000, wrong=1))
    assert change.regressed


def test_without_bare_limits_rates_are_compared_as_they_are() -> None:
    first = {"measured": [entry("search", "secured", 100)]}
    second = {"measured": [entry("search", "secured", 50)]}
    assert [change.times for change in changes(first, second)] == [0.5]
