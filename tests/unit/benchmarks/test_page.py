"""The page that `make bench` writes, and what missed its goal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import page, plots
from benchmarks.goals import goals
from benchmarks.plans import workloads
from benchmarks.report import document
from tests.unit.benchmarks.test_figures import measured

ABOUT: dict[str, Any] = {
    "machine": {
        "cpu": "a CPU", "cores": 2, "memory_gb": 8, "system": "Linux", "python": "3.11",
        "load_before": 0.1,
    },
    "options": {"rounds": 2, "seconds": 1.0},
    "peers": ["Other"],
    "facts": {"start_up_seconds": {"empty": 4.0, "in_use": 2.5}, "worker_memory_mb": [120.0]},
}  # fmt: skip


def a_run() -> Any:
    found = {
        ("read", 8, "secured"): measured(70, 60),
        ("read", 8, "route-find"): measured(100, 100),
        ("search", 8, "secured"): measured(30, 30),
        ("search", 8, "Other"): measured(10, 10),
        ("named-contacts", 8, "secured"): measured(30, 30),
        ("named-contacts", 8, "read-patient"): measured(30, 30),
    }
    return document(workloads(), found, "secured", ABOUT)


def test_goals_are_judged_by_the_ratios_of_the_run() -> None:
    judged = {goal.what: (goal.got, goal.met) for goal in goals(workloads(), a_run())}
    assert judged["Read, 8 clients, beside route-find"] == ("0.65", True)
    assert judged["Search mix, 8 clients, beside Other"] == ("3.00", False)
    assert judged["$named-contacts beside read-patient, p50"] == ("1.00", True)
    assert judged["Start-up, data folder in use"] == ("2.50 s", False)
    assert judged["Memory of a worker after the run"] == ("120 MB", True)


def test_the_page_has_figures_and_what_missed(tmp_path: Path) -> None:
    text = page.write(workloads(), a_run(), tmp_path).read_text()
    assert "<<" not in text
    assert "- Search mix, 8 clients, beside Other: 3.00, wanted ≥ 4.00 times." in text
    for name in (plots.RATIOS, plots.TIMES):
        drawn = (tmp_path / "images" / name).read_text()
        assert "<script" not in drawn
