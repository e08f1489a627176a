"""A run: servers started, data loaded, and each workload measured on each, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import limits, synthea
from benchmarks.figures import Measured, Slice
from benchmarks.generators import Generators, Job
from benchmarks.oracle import Oracle
from benchmarks.plans import Workload, write_plan
from benchmarks.targets import Target

Json = dict[str, Any]

# Peers answer loads too slowly to send one bundle after the other.
_LOADERS = 4


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how often to measure.

    Args:
        seconds: length of a slice.
        rounds: how many slices of each.
        warmup: seconds before the first slice of each.
        clients: how many side by side, where the workload is not about their number.
        only: names of workloads; empty for all.
    """

    seconds: float = 3.0
    rounds: int = 3
    warmup: float = 3.0
    clients: int = 8
    only: tuple[str, ...] = ()


@dataclass(slots=True)
class Results:
    """What came of a run.

    Args:
        measured: by workload, clients and target.
        loading: resources a second by target, of Synthea's bundles one after the other.
        facts: other numbers, by name.
    """

    measured: dict[tuple[str, int, str], Measured] = field(default_factory=dict)
    loading: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)


class Run:
    """Measures workloads on targets.

    Args:
        folder: for plans and data.
        targets: what is measured; the first is what the others are compared with.
        generators: the load generator.
        options: how.
        say: shows a line.
    """

    def __init__(
        self,
        folder: Path,
        targets: Sequence[Target],
        generators: Generators,
        options: Options,
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._targets = folder, targets
        self.generators, self.options = generators, options
        self._say = say
        self.results = Results()

    @property
    def reference(self) -> Target:
        """The target that the others are compared with."""
        return self._targets[0]

    def load(self) -> None:
        """Load Synthea's resources into each target that has a database of its own."""
        for target in self._targets:
            if target.shares_data_with:
                continue
            started = time.monotonic()
            # The files that others refer to come first, one by one.
            first = [p for p in synthea.portions() if p[0]["resourceType"] != "Patient"]
            others = [p for p in synthea.portions() if p[0]["resourceType"] == "Patient"]
            for portion in first:
                _store(target, portion)
            with ThreadPoolExecutor(_LOADERS) as pool:
                list(pool.map(partial(_store, target), others))
            count = sum(map(len, synthea.portions()))
            rate = count / (time.monotonic() - started)
            self.results.loading[target.name] = rate
            self._say(f"  {target.name}: {count:,} resources loaded, {rate:,.0f} a second")

    def workload(
        self,
        workload: Workload,
        oracle: Oracle,
        limit: Callable[[int], Slice] | None,
        beside: Workload | None = None,
    ) -> None:
        """Measure a workload on all targets that have what it asks for.

        Args:
            workload: what.
            oracle: over the data.
            limit: measures a slice of the bare limit with so many clients; None for none.
            beside: another workload, of the first target, that it is compared with in turns: the
                machine may be slower a minute later. None for none.
        """
        targets = [each for each in self._targets if each.ours or not workload.ours]
        plans = [
            write_plan(workload, oracle, (number, len(targets)), self._folder)
            for number in range(len(targets))
        ]
        token = workload.content.get("token", "")
        for clients in workload.clients or (self.options.clients,):
            makers: dict[str, Callable[[float, float], Slice]] = {
                target.name: partial(self._slice, target, workload.flow, plan, clients, token)
                for target, plan in zip(targets, plans, strict=True)
            }
            if beside is not None:
                plan = write_plan(beside, oracle, (0, 1), self._folder)
                own = beside.content.get("token", "")
                makers[beside.name] = partial(
                    self._slice, self.reference, beside.flow, plan, clients, own
                )
            if limit is not None:
                makers[workload.limit] = lambda _, __, n=clients: limit(n)  # type: ignore[misc]
            self._rounds(workload, clients, makers)

    def _rounds(
        self, workload: Workload, clients: int, makers: dict[str, Callable[[float, float], Slice]]
    ) -> None:
        slices: dict[str, list[Slice]] = {name: [] for name in makers}
        # Of what takes long, more has to come in.
        seconds = self.options.seconds * workload.content.get("slices", 1)
        # What is told from a few slices of some seconds says 0.55 in one run and 0.65 in the next.
        rounds = self.options.rounds * workload.content.get("rounds", 1)
        for number in range(rounds):
            warmup = self.options.warmup if number == 0 else min(0.5, self.options.warmup)
            # Each round begins with another: none has the quieter moment always.
            names = list(makers)
            turned = names[number % len(names) :] + names[: number % len(names)]
            for name in turned:
                slices[name].append(makers[name](warmup, seconds))
        for name, measured in slices.items():
            self.results.measured[workload.name, clients, name] = Measured(measured)
            self._tell(workload, clients, name, Measured(measured))

    def _slice(
        self,
        target: Target,
        flow: str,
        plan: Path,
        clients: int,
        token: str,
        warmup: float,
        seconds: float,
    ) -> Slice:
        job = Job(flow, plan, clients, seconds, warmup, token)
        return self.generators.run(target, job)

    def _tell(self, workload: Workload, clients: int, name: str, measured: Measured) -> None:
        rate = measured.item_rate()
        said = f"  {workload.name} ({clients}) {name}: {rate.middle:,.0f} {workload.unit}/s"
        said += f" ({rate.low:,.0f} to {rate.high:,.0f}), p95 {measured.latency(0.95):.1f} ms"
        if wrong := measured.wrong():
            errors = [error for each in measured.slices for error in each.errors]
            said += f"; {wrong} WRONG: {errors[0][:600] if errors else ''}"
        self._say(said)


def _store(target: Target, portion: Sequence[Json]) -> None:
    target.ask("POST", "", synthea.transaction(portion))


def bare_limit(
    name: str,
    routes: dict[str, Target],
    generators: Generators,
    plan: Path,
    place: tuple[str, int],
    options: Options,
) -> Callable[[int], Slice]:
    """Give what measures a slice of a bare limit.

    Args:
        name: of the limit.
        routes: the bare application's.
        generators: the load generator.
        plan: what is asked of a route.
        place: URI and process of the MongoDB.
        options: how long.
    """
    uri, mongod = place
    if name in routes:
        return lambda clients: generators.run(
            routes[name], Job("requests", plan, clients, options.seconds, 0.5)
        )
    return lambda clients: limits.driver(name, uri, mongod, clients, options.seconds)
