"""A long mixed run of bounded size: whether the memory of the workers grows.

What is created is deleted again, so that the data stay as they are and only a leak grows. The
first fifth is left out of the trend: caches fill then. What counts as the memory of a worker says
`targets.memory_mb`. Its trend is that of what the worker has alone: a share in what it has together
with others grows when one of them ends, were it a test of this project beside.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks import domain, ours, report, synthea
from benchmarks.generators import Job, generators
from benchmarks.goals import WORKER_MB
from benchmarks.oracle import Oracle
from benchmarks.plans import workloads, write_plan
from benchmarks.runs import Options, Run
from benchmarks.targets import SERVER, memory_mb, own_mb, resident_mb
from benchmarks.trend import Trend, trend

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
        sizes = Sizes(workers)
        sizes.sample(0.0)
        began, wrong = time.monotonic(), 0
        while time.monotonic() - began < minutes * 60:
            for each in mix:
                job = Job(each.flow, plans[each.name], clients, _TURN_SECONDS, 0.0)
                wrong += load.run(target, job).wrong
                sizes.sample(time.monotonic() - began)
        return _told(sizes, wrong, say_to=console)


class Sizes:
    """The memory of some processes over time, in MB.

    Args:
        pids: the processes; they are there until the end.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = pids
        self.seconds: list[float] = []
        self.taken: list[list[float]] = [[] for _ in pids]
        self.own: list[list[float]] = [[] for _ in pids]
        self.resident: list[list[float]] = [[] for _ in pids]

    def sample(self, seconds: float) -> None:
        """Look at them.

        Raises:
            psutil.NoSuchProcess: one has ended, which no worker should.
        """
        self.seconds.append(seconds)
        kept = ((self.taken, memory_mb), (self.own, own_mb), (self.resident, resident_mb))
        for series, measure in kept:
            for values, size in zip(series, measure(self._pids), strict=True):
                values.append(size)

    def trends(self) -> list[Trend]:
        """Give how what each has alone grows; the first sample is from before the mix."""
        settled = 1 + len(self.seconds) // 5
        return [trend(self.seconds[settled:], values[settled:]) for values in self.own]


def _told(sizes: Sizes, wrong: int, *, say_to: Console) -> bool:
    trends = sizes.trends()
    for number, (values, found) in enumerate(zip(sizes.taken, trends, strict=True), 1):
        say_to.print(
            f"Worker {number}: {values[0]:.0f} MB after loading, {values[-1]:.0f} at the end "
            f"(resident {sizes.resident[number - 1][-1]:.0f}), at most {max(values):.0f}; "
            f"{found.per_hour:+.1f} MB an hour, ± {2 * found.error:.1f}"
        )
    most = max(values[-1] for values in sizes.taken)
    met = "met" if most < WORKER_MB else "MISSED"
    say_to.print(f"{met}: {most:.0f} MB for a worker at the end (wanted < {WORKER_MB:.0f} MB).")
    say_to.print(f"{wrong} wrong answers.")
    written = report.write(
        {
            "soak": {
                "seconds": sizes.seconds,
                "memory_mb": sizes.taken,
                "own_mb": sizes.own,
                "resident_mb": sizes.resident,
                "mb_per_hour": [each.per_hour for each in trends],
                "wrong": wrong,
            },
            "machine": report.machine(),
            "reference": ours.SECURED,
            "measured": [],
        }
    )
    say_to.print(f"Written to {written}.")
    return any(each.grows for each in trends)
