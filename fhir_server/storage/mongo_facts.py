"""Facts in the order of patients, read from one index while somebody else counts them.

One thread asks the database for rows and another works with them: the two halves of the time that
counting takes run side by side. Rows wait in at most a few batches, however many there are.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_indexes import FACTS, HAS_FACTS

Row = dict[str, Any]

BATCH = 4_000
# Batches that may wait for the reader.
AHEAD = 2
# How often a thread that nobody reads any more looks up.
LOOK_UP_SECONDS = 0.5


def pipeline(
    resource_type: str, names: Sequence[str], where: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Give the stages: nothing in them needs more than the index.

    A fact that a resource does not have comes as None.

    Args:
        resource_type: whose facts.
        names: the facts to give.
        where: conditions, by fact.
    """
    conditions = {"f.status": HAS_FACTS["f.status"], **{f"f.{k}": v for k, v in where.items()}}
    return [
        {"$match": {"y": resource_type, **conditions}},
        # The order of the index: nothing is sorted.
        {"$sort": {"f.patient": 1}},
        {"$project": {"_id": 0, **{name: f"$f.{name}" for name in names}}},
    ]


def rows(
    resources: Collection[dict[str, Any]],
    stages: list[dict[str, Any]],
    session: ClientSession | None,
) -> Iterator[Row]:
    """Give the rows; those of a transaction, whose session has one user at a time, unhurried.

    Args:
        resources: the current resources.
        stages: see `pipeline`.
        session: of the transaction; None outside.
    """
    if session is not None:
        with translated_errors():
            yield from resources.aggregate(stages, session=session, hint=FACTS, batchSize=BATCH)
        return
    reader = _Ahead(resources, stages)
    try:
        yield from reader.rows()
    finally:
        reader.stop()


class _Ahead:
    """Reads ahead in a thread of its own."""

    def __init__(self, resources: Collection[dict[str, Any]], stages: list[dict[str, Any]]) -> None:
        self._resources = resources
        self._stages = stages
        self._waiting: queue.Queue[list[Row] | BaseException | None] = queue.Queue(AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="facts", daemon=True)
        self._thread.start()

    def rows(self) -> Iterator[Row]:
        while True:
            portion = self._waiting.get()
            if portion is None:
                return
            if isinstance(portion, BaseException):
                raise portion
            yield from portion

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        last: BaseException | None = None
        try:
            with translated_errors():
                self._read()
        except BaseException as error:  # whoever waits for rows must hear of it
            last = error
        self._put(last)

    def _read(self) -> None:
        portion: list[Row] = []
        with self._resources.aggregate(self._stages, hint=FACTS, batchSize=BATCH) as cursor:
            for row in cursor:
                portion.append(row)
                if len(portion) == BATCH:
                    if not self._put(portion):
                        return
                    portion = []
        self._put(portion)

    def _put(self, portion: list[Row] | BaseException | None) -> bool:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._waiting.put(portion, timeout=LOOK_UP_SECONDS)
                return True
        return False
