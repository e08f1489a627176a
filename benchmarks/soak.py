"""A long mixed run of bounded size: whether the memory of the workers grows.

What is created is deleted again, so that the data stay as they are and only a leak grows. The
first fifth is left out of the trend: caches fill then.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

from rich.console import Console

from benchmarks import domain, ours, report, synthea
from benchmarks.generators import Job, generators
from benchmarks.oracle import Oracle
from benchmarks.plans import workloads, write_plan
from benchmarks.runs import Options, Run
from benchmarks.targets import SERVER, resident_mb
from benchmarks.trend import trend

# In turns, each for so long.
_MIX = ("read", "search", "validate", "crud")
_TURN_SECONDS = 10.0


def soak(minutes: float, clients: int, console: Console) -> bool:
    """Let the mix run, show what came of it, and tell whether a worker grew.

    Args:
        minutes: how long.
        clients: how many side by side.
        console: where it is shown.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fhir-bench-")))
        mongod = stack.enter_context(ours.database(folder))
        [target] = stack.enter_context(
            ours.targets(folder, mongod, domain.REGION_HSA, open_too=False)
        )
        load = stack.enter_context(generators())
        say = lambda text: console.print(text, markup=False)  # noqa: E731
        Run(folder, [target], load, Options(), say).load()
        oracle = Oracle(synthea.resources())
        mix = [each for each in workloads() if each.name in _MIX]
        plans = {each.name: write_plan(each, oracle, (0, 1), folder) for each in mix}
        workers = ours.worker_pids(next(iter(target.pids()[SERVER])))
        began, times = time.monotonic(), list[float]()
        sizes: dict[int, list[float]] = {pid: [] for pid in workers}
        wrong = 0
        while time.monotonic() - began < minutes * 60:
            for each in mix:
                job = Job(each.flow, plans[each.name], clients, _TURN_SECONDS, 0.0)
                wrong += load.run(target, job).wrong
                times.append(time.monotonic() - began)
                for pid, size in zip(workers, resident_mb(workers), strict=True):
                    sizes[pid].append(size)
        return _told(times, sizes, wrong, say_to=console)


def _told(
    times: list[float], sizes: dict[int, list[float]], wrong: int, *, say_to: Console
) -> bool:
    settled = len(times) // 5
    trends = {pid: trend(times[settled:], values[settled:]) for pid, values in sizes.items()}
    for pid, values in sizes.items():
        found = trends[pid]
        say_to.print(
            f"Worker {pid}: {values[0]:.0f} MB at first, {values[-1]:.0f} at the end, at most "
            f"{max(values):.0f}; {found.per_hour:+.1f} MB an hour, ± {2 * found.error:.1f}"
        )
    say_to.print(f"{wrong} wrong answers.")
    written = report.write(
        {
            "soak": {
                "seconds": times,
                "memory_mb": list(sizes.values()),
                "mb_per_hour": [each.per_hour for each in trends.values()],
                "wrong": wrong,
            },
            "machine": report.machine(),
            "reference": ours.SECURED,
            "measured": [],
        }
    )
    say_to.print(f"Written to {written}.")
    return any(each.grows for each in trends.values())
