"""Asynchronous requests: who carries them out, and what came of them, for every worker to see.

A job's document lives a day. Its worker says every few seconds that it goes on; one that was not
heard of for longer is gone, and its job is lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bson.binary import Binary
from pymongo.collection import Collection

from fhir_server.storage.documents import Document
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_indexes import JOBS
from fhir_server.storage.places import Collections

KEPT_SECONDS = 24 * 3600
BEAT_SECONDS = 3.0
LOST_SECONDS = 15.0
# MongoDB's documents end at 16 MB.
MAX_RESULT_BYTES = 14_000_000


@dataclass(frozen=True, slots=True)
class Result:
    """The response to a request.

    Args:
        status: of HTTP.
        headers: those a client may need.
        body: its content; None where there was none, or too much to keep.
        length: the content's bytes.
    """

    status: int
    headers: dict[str, str]
    body: bytes | None
    length: int


@dataclass(frozen=True, slots=True)
class Job:
    """An asynchronous request.

    Args:
        id: names it in its address.
        kind: what is carried out: ``request``, or the code of an operation.
        seconds: since when it runs, or how long it ran.
        lost: its worker ended before it was done.
        result: once it is done.
        progress: what it last told of how far it is; empty for nothing.
    """

    id: str
    kind: str
    seconds: float
    lost: bool
    result: Result | None
    progress: str = ""


class Jobs:
    """The jobs of all workers.

    Args:
        collections: the store's.
    """

    def __init__(self, collections: Collections) -> None:
        self._primary = collections.primary
        self._jobs: Collection[Document] = collections.resources.database[JOBS]

    def begin(self, id_: str, kind: str) -> None:
        """Note that a job begins, in this process."""
        values = {
            "kind": kind,
            "beat": "$$NOW",
            "began": "$$NOW",
            "expires": {"$add": ["$$NOW", KEPT_SECONDS * 1000]},
        }
        with translated_errors():
            self._jobs.update_one({"_id": id_}, [{"$set": values}], upsert=True)

    def beat(self, ids: Sequence[str]) -> None:
        """Say that jobs of this process go on."""
        with translated_errors():
            self._jobs.update_many({"_id": {"$in": list(ids)}}, [{"$set": {"beat": "$$NOW"}}])

    def tell(self, id_: str, progress: str) -> None:
        """Note how far a job is, unless its client has forgotten it."""
        with translated_errors():
            self._jobs.update_one({"_id": id_}, {"$set": {"progress": progress}})

    def finish(self, id_: str, result: Result) -> None:
        """Keep what came of a job, unless its client has forgotten it."""
        kept = result.body if result.length <= MAX_RESULT_BYTES else None
        values = {
            "status": result.status,
            "headers": result.headers,
            "body": None if kept is None else Binary(kept),
            "length": result.length,
            "ended": dt.datetime.now(dt.UTC),
        }
        with translated_errors():
            self._jobs.update_one({"_id": id_}, {"$set": values})

    def lose(self, ids: Sequence[str]) -> None:
        """Note that jobs of this process will not be done."""
        with translated_errors():
            wanted = {"_id": {"$in": list(ids)}, "status": {"$exists": False}}
            self._jobs.update_many(wanted, {"$set": {"lost": True}})

    def forget(self, id_: str) -> Job | None:
        """Remove a job; give it as it was, None for none."""
        job = self.get(id_)
        with translated_errors():
            self._jobs.delete_one({"_id": id_})
        return job

    def get(self, id_: str) -> Job | None:
        """Give a job; None for none, or one whose day is over."""
        shown: dict[str, Any] = dict.fromkeys(_SHOWN, 1)
        shown["silent"] = {"$subtract": ["$$NOW", "$beat"]}
        shown["ran"] = {"$subtract": ["$$NOW", "$began"]}
        with translated_errors():
            # What another worker stored must be seen, also by a new primary.
            found = self._primary.settled(lambda: self._jobs.find_one({"_id": id_}, shown))
        return None if found is None else _job(found)


_SHOWN = ("kind", "lost", "status", "headers", "body", "length", "progress")


def _job(document: Document) -> Job:
    result = None
    if "status" in document:
        body = document["body"]
        result = Result(
            document["status"],
            document["headers"],
            None if body is None else bytes(body),
            document["length"],
        )
    lost = result is None and (
        bool(document.get("lost")) or document["silent"] > LOST_SECONDS * 1000
    )
    seconds, progress = document["ran"] / 1000, document.get("progress", "")
    return Job(document["_id"], document["kind"], seconds, lost, result, progress)
