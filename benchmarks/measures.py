"""Measures of named contacts on a region of made-up facts: time, CPU time and memory.

    python -m benchmarks.measures [--patients 100000] [--data-dir FOLDER] [measure …]

Documents go straight into the collection: what is measured is counting, not loading. With
--data-dir the region is kept, and is there the next time.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import psutil

from fhir_server.app import create_context, create_server
from fhir_server.measures.catalogue import MEASURES
from fhir_server.measures.evaluate import Evaluation
from fhir_server.measures.window import Window
from fhir_server.settings import Settings
from fhir_server.storage import embedded
from fhir_server.storage.mongo import MongoStore

DAY = 86_400_000_000
NOW = dt.datetime(2026, 9, 22, tzinfo=dt.UTC)
MOMENT = int(NOW.timestamp()) * 1_000_000
UNITS, ROLES = 120, 3000
DATABASE = "measures"

Document = dict[str, Any]


class Facts:
    """Makes the facts of a region.

    Args:
        patients: how many.
    """

    def __init__(self, patients: int) -> None:
        self._random = random.Random(1)
        self._patients = [f"Patient/{self._id()}" for _ in range(patients)]
        self._roles = [f"PractitionerRole/{self._id()}" for _ in range(ROLES)]

    def documents(self) -> Iterator[Document]:
        """Give them all."""
        for number, role in enumerate(self._roles):
            person = f"Practitioner/{number}"
            kind = "LK" if number % 4 == 0 else "SJ"
            yield _document(person, own=person, kind=kind, named=True, status="active")
            yield _document(role, own=role, member=person, unit=_unit(number), status="active")
        for patient in self._patients:
            yield self._patient(patient)
            yield from self._contacts(patient)
            yield from self._visits(patient)

    def _patient(self, patient: str) -> Document:
        return _document(
            patient,
            patient=patient,
            kind=self._random.choice(["male", "female"]),
            status="active",
            unit=_unit(self._random.randrange(UNITS)),
            place=self._random.choice(["2380", "2313", "2326"]),
            born=19300101 + self._random.randrange(90) * 10_000,
        )

    def _contacts(self, patient: str) -> Iterator[Document]:
        for _ in range(self._random.choice([0, 1, 2, 2, 3])):
            start = MOMENT - self._random.randrange(700) * DAY
            ended = self._random.random() < 0.4
            yield _document(
                f"CareTeam/{self._id()}",
                patient=patient,
                kind=self._random.choice("1123"),
                status="inactive" if ended else "active",
                start=start,
                **({"end": start + self._random.randrange(400) * DAY} if ended else {}),
                member=self._random.choice(self._roles),
                unit=_unit(self._random.randrange(UNITS)),
                need=start - self._random.randrange(20) * DAY,
                appointed=start,
                informed=start,
                basis="behov",
            )

    def _visits(self, patient: str) -> Iterator[Document]:
        usual = self._random.sample(self._roles, 3)
        for _ in range(self._random.randrange(17)):
            start = MOMENT - self._random.randrange(720) * DAY
            yield _document(
                f"Encounter/{self._id()}",
                patient=patient,
                kind="AMB",
                status="finished",
                start=start,
                end=start + DAY // 48,
                member=self._random.choice(usual),
                unit=_unit(self._random.randrange(UNITS)),
            )

    def _id(self) -> str:
        return f"{self._random.getrandbits(128):032x}"


def _unit(number: int) -> str:
    return f"Organization/u{number % UNITS}"


def _document(reference: str, **facts: Any) -> Document:
    return {
        "_id": reference,
        "y": reference.partition("/")[0],
        "v": 1,
        "u": MOMENT,
        "b": b"x" * 400,
        "t": [],
        "f": facts,
    }


def fill(store: MongoStore, documents: Iterable[Document]) -> None:
    """Store documents where there are none."""
    resources = store.collections.resources
    if resources.find_one({}) is not None:
        return
    began, waiting = time.monotonic(), iter(documents)
    while portion := list(islice(waiting, 5000)):
        resources.insert_many(portion, ordered=False)
    seconds = time.monotonic() - began
    print(f"{resources.estimated_document_count()} documents in {seconds:.0f} s")


def measure(evaluation: Evaluation, name: str, mongod: psutil.Process) -> None:
    """Print what a measure costs."""
    window = Window.of("2025-10-01", "2026-09-20", NOW)
    before, began, used = mongod.cpu_times(), time.monotonic(), time.process_time()
    result = evaluation.result(name, window)
    took, own, after = time.monotonic() - began, time.process_time() - used, mongod.cpu_times()
    theirs = after.user + after.system - before.user - before.system
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    counted = next(iter(result.groups.values())).figures.population
    print(
        f"{name:22} {took:6.2f} s   CPU {own:5.2f} s here, {theirs:5.2f} s mongod   "
        f"{memory:4.0f} MB   {counted} counted"
    )


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=100_000)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("measures", nargs="*", default=list(MEASURES))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        running = embedded.start(chosen.data_dir or Path(folder), cache_gb=0.5)
        store = MongoStore(running.uri, DATABASE)
        try:
            store.prepare()
            fill(store, Facts(chosen.patients).documents())
            settings = Settings(mongodb_database=DATABASE)
            evaluation = Evaluation(create_context(create_server(settings), store))
            pid = store.collections.resources.database.client.admin.command("serverStatus")["pid"]
            for name in chosen.measures:
                measure(evaluation, name, psutil.Process(int(pid)))
        finally:
            store.close()
            running.stop()


if __name__ == "__main__":
    main()
