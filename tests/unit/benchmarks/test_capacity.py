"""The capacity model: what makes it ask for more, and of what."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.capacity import (
    Demand,
    Figures,
    Machine,
    RequestCost,
    plan,
    rows,
    shard_cores,
)

FIGURES = Figures(
    resource_disk=1000,
    resource_memory=5000,
    resource_index=3000,
    version_disk=1000,
    record_disk=2000,
    worker_mb=150,
    requests={"read": RequestCost(1000, 500), "search": RequestCost(2000, 1000, scattered=1)},
)
DEMAND = Demand(1000, resources=100, versions=0.5, per_second={"read": 100, "search": 50})
ALL_DAY = replace(DEMAND, audit_years=0)


def test_a_small_demand_fits_one_machine_and_a_second_host_may_fail() -> None:
    found = plan(ALL_DAY, FIGURES, Machine())
    assert (found.shards, found.worker_hosts) == (1, 2)
    assert found.worker_cores == pytest.approx(100 * 0.001 + 50 * 0.002)
    assert found.database_cores == pytest.approx(100 * 0.0005 + 50 * 0.001)


def test_the_disk_holds_resources_versions_and_audit_records() -> None:
    without = plan(ALL_DAY, FIGURES, Machine()).disk_gb
    assert without == pytest.approx(100_000 * (1000 + 3000 + 0.5 * 1000) / 1e9)
    year = plan(replace(DEMAND, audit_years=1), FIGURES, Machine()).disk_gb
    assert year - without == pytest.approx(150 * 0.2 * 365 * 86_400 * 2000 / 1e9)


@pytest.mark.parametrize(
    ("machine", "limit"),
    [
        (Machine(disk_gb=0.4), "disk"),
        (Machine(memory_gb=0.2), "cache"),
        (Machine(cores=1, busy=0.08), "cores"),
    ],
)
def test_shards_are_added_for_what_runs_short(machine: Machine, limit: str) -> None:
    found = plan(ALL_DAY, FIGURES, machine)
    assert found.limit == limit
    assert found.shards is not None
    assert found.shards > 1


def test_more_shards_share_the_reads_but_each_does_every_search() -> None:
    reads = replace(ALL_DAY, per_second={"read": 100.0})
    searches = replace(ALL_DAY, per_second={"search": 100.0})
    assert shard_cores(reads, FIGURES, 4) == pytest.approx(shard_cores(reads, FIGURES, 1) / 4)
    assert shard_cores(searches, FIGURES, 4) == shard_cores(searches, FIGURES, 1)


def test_searches_beyond_what_one_machine_does_are_not_solved_by_shards() -> None:
    searches = replace(ALL_DAY, per_second={"search": 100_000.0})
    assert plan(searches, FIGURES, Machine()).shards is None


def test_figures_are_kept_and_read_again(tmp_path: Path) -> None:
    FIGURES.write(tmp_path / "kept.json", "made up")
    assert Figures.read(tmp_path / "kept.json") == FIGURES


def test_the_figures_that_are_kept_give_a_table() -> None:
    found = rows(Figures.read(), Machine(), (10_000, 1_000_000))
    assert len(found) == 4
    assert found[2].startswith("| 10,000 | 1 M |")
