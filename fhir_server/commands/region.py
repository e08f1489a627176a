"""Loads a made-up region, by several processes at once where there is enough to do."""

from __future__ import annotations

import multiprocessing
import os
import queue
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

import click

from fhir_server.app import collect_rarely, create_context, create_server
from fhir_server.bulk.load import Loader, Tally, Watcher
from fhir_server.bulk.sources import Document, Place, Source
from fhir_server.commands.load import report
from fhir_server.commands.progress import Meter, meter
from fhir_server.serving import database, opened_store
from fhir_server.settings import Settings
from fhir_server.synthetic.region import Region

if TYPE_CHECKING:
    import datetime as dt

# Below this a second process takes longer to start than it saves.
WORTH_TWO = 2_000
MOST_PROCESSES = 4
# What a resource has as JSON, about.
_BYTES = 950
_WAIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Which region to make: everything in it follows from these.

    Args:
        size: how many patients.
        seed: of all that is drawn.
        end: the last day.
        most_visits: of each patient; None for all that they made.
    """

    size: int
    seed: int
    end: dt.date
    most_visits: int | None = None

    def region(self) -> Region:
        """Make it."""
        return Region(self.size, self.seed, self.end, self.most_visits)


@dataclass(frozen=True, slots=True)
class Staff:
    """The region's units and staff, to be loaded before its patients."""

    region: Region
    name: str = "units and staff"
    size: int = 0

    def documents(self) -> Iterator[Document]:
        """Give a resource each."""
        for number, resource in enumerate(self.region.units_and_staff(), start=1):
            yield Document(Place(self.name, number), resource, _BYTES, 0, listed=True)


@dataclass(frozen=True, slots=True)
class Patients:
    """Every so-manieth patient of a region.

    Args:
        region: the region.
        first: number of the first patient.
        step: from one patient to the next.
    """

    region: Region
    first: int = 0
    step: int = 1
    name: str = "patients"

    @property
    def size(self) -> int:
        """How many patients there are."""
        return len(self._numbers)

    @property
    def _numbers(self) -> range:
        return range(self.first, self.region.size, self.step)

    def documents(self) -> Iterator[Document]:
        """Give a Bundle with all of a patient each."""
        for number in self._numbers:
            entries = [{"resource": each} for each in self.region.patient(number)]
            bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
            yield Document(Place(self.name, number), bundle, _BYTES * len(entries), 1)


def load_region(
    settings: Settings, plan: Plan, *, quiet: bool, processes: int | None = None
) -> Tally:
    """Load a region and say how it went.

    Args:
        settings: where to, and by which rules.
        plan: what.
        quiet: say only what went wrong.
        processes: how many load patients; None for as many as pay.
    """
    tally = Tally()
    started = time.monotonic()
    with database(settings, share=True) as uri, meter(plan.size, quiet=quiet) as shown:
        connected = replace(settings, mongodb_uri=uri)
        parts = processes or (_processes() if plan.size >= WORTH_TWO else 1)
        try:
            region = plan.region()
            _add(tally, _load(connected, shown, [Staff(region)]))
            if parts == 1:
                _add(tally, _load(connected, shown, [Patients(region)]))
            else:
                _load_by_parts(connected, plan, parts, shown, tally)
        finally:
            report(tally, time.monotonic() - started, quiet=quiet)
    return tally


def _processes() -> int:
    return min(MOST_PROCESSES, len(os.sched_getaffinity(0)))


def _load(settings: Settings, watcher: Watcher, sources: Iterable[Source]) -> Tally:
    with opened_store(settings) as store:
        context = create_context(create_server(settings), store)
        collect_rarely()
        return Loader(context, watcher).load(list(sources))


def _add(tally: Tally, other: Tally) -> None:
    tally.stored += other.stored
    tally.unchanged += other.unchanged
    tally.failed += other.failed
    tally.failures += other.failures


def _load_by_parts(settings: Settings, plan: Plan, parts: int, shown: Meter, tally: Tally) -> None:
    """Let processes load a part of the patients each; what fails in one ends all."""
    # A forked process would share the parent's connections.
    spawning = multiprocessing.get_context("spawn")
    told: Any = spawning.Queue()
    processes: list[BaseProcess] = [
        spawning.Process(target=_part, args=(settings, plan, part, parts, told), daemon=True)
        for part in range(parts)
    ]
    try:
        for process in processes:
            process.start()
        _listen(told, processes, shown, tally)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _listen(told: Any, processes: list[BaseProcess], shown: Meter, tally: Tally) -> None:
    working = len(processes)
    while working:
        try:
            message = told.get(timeout=_WAIT_SECONDS)
        except queue.Empty:
            if any(process.exitcode for process in processes):
                raise click.ClickException("A process that loads ended. Load again.") from None
            continue
        match message:
            case ("done", consumed, resources):
                shown.done(consumed, resources)
            case ("waiting",):
                shown.waiting()
            case Tally():
                _add(tally, message)
                working -= 1
            case BaseException():
                raise message


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells the process that started this one how a load goes on; ends where that is gone."""

    told: Any

    def begin(self, what: str) -> None:
        """Say nothing: they all work on the same."""

    def done(self, consumed: float, resources: int) -> None:
        """Tell what was done."""
        self._tell(("done", consumed, resources))

    def waiting(self) -> None:
        """Tell that the database does not answer."""
        self._tell(("waiting",))

    def _tell(self, message: tuple[Any, ...]) -> None:
        parent = multiprocessing.parent_process()
        if parent is not None and not parent.is_alive():
            # It was killed: nobody wants the rest, and nobody would stop this.
            os._exit(1)
        self.told.put(message)


def _part(settings: Settings, plan: Plan, part: int, parts: int, told: Any) -> None:
    """Load a part of the patients, in a process of its own."""
    try:
        patients = Patients(plan.region(), part, parts)
        told.put(_load(settings, _Teller(told), [patients]))
    except KeyboardInterrupt:
        return  # the one who started this says so
    except BaseException as error:
        told.put(error)
