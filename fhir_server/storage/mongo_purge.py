"""Takes resources out of the database with all their versions, and notes that it was done.

Nothing else removes a version. It happens in transactions of a few hundred resources, each of which
counts in ``purges`` what it removed: whatever is interrupted, the note is true. What writers who
were at work meanwhile have left is found by looking once more.

What the database itself keeps for a while (its journal and oplog) and backups are the operator's:
docs/security/rights-of-the-person.md.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.read_concern import ReadConcern

from fhir_server.search import labels
from fhir_server.storage.documents import Document
from fhir_server.storage.errors import TransactionConflict, translated_errors
from fhir_server.storage.mongo_indexes import JOBS, PURGES
from fhir_server.storage.places import Collections
from fhir_server.storage.records import StoreUnavailable

TOGETHER = 200
PATIENCE_SECONDS = 30.0
# Jobs whose results are no one's data, or that are this very work.
KEPT_JOBS = ("reindex", "purge")
_END_OF_ID = rb"(?![A-Za-z0-9.\-])"


@dataclass(frozen=True, slots=True)
class Held:
    """A resource about somebody.

    Args:
        reference: ``Type/id``.
        updated: when it was last written to, in µs.
        about: whom it is about, ``Patient/[id]``.
    """

    reference: str
    updated: int
    about: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purge:
    """A note of what was destroyed about somebody.

    Args:
        id: names it.
        person: ``Patient/[id]``, which says nothing any more.
        decision: reference number of the decision.
        basis: code of why.
        by: who carried it out.
        began: when.
        resources: how many were removed, by type.
        versions: the same of versions.
        complete: whether it came to its end.
    """

    id: str
    person: str
    decision: str
    basis: str
    by: str
    began: dt.datetime
    resources: Mapping[str, int]
    versions: Mapping[str, int]
    complete: bool


class PurgeStore:
    """The database as one who destroys sees it.

    Args:
        collections: the store's.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._resources = collections.resources
        self._superseded = collections.superseded
        database = collections.resources.database
        self._client = database.client
        self._purges: Collection[Document] = database[PURGES]
        self._jobs: Collection[Document] = database[JOBS]
        self._locks: Collection[Document] = database["locks"]

    def about(self, person: str, types: Iterable[str]) -> Iterator[Held]:
        """Give the resources about a person, deleted ones too; reads the whole collection."""
        wanted = {"a": {"$in": _about(person, types)}}
        self._collections.primary.settled(lambda: None)
        with translated_errors():
            for each in self._resources.find(wanted, {"u": 1, "a": 1}):
                yield Held(each["_id"], each["u"], labels.read(each["a"]).about)

    def known(self, references: Sequence[str]) -> list[Held]:
        """Give those of some resources that are there, deleted ones too."""
        with translated_errors():
            found = self._resources.find({"_id": {"$in": list(references)}}, {"u": 1, "a": 1})
            return [
                Held(each["_id"], each["u"], labels.read(each.get("a", ())).about) for each in found
            ]

    def superseded_about(self, person: str, types: Iterable[str]) -> dict[str, list[str]]:
        """Give the keys of superseded versions about a person, by ``Type/id``.

        Those of a resource that became another's are among them, and what was stored before there
        were labels. Reads the whole collection.
        """
        found: dict[str, list[str]] = {}
        labelled = {"a": {"$in": _about(person, types)}}
        named = re.compile(re.escape(person).encode() + _END_OF_ID)
        with translated_errors():
            for each in self._superseded.find(labelled, {"r": 1}):
                found.setdefault(each["r"], []).append(each["_id"])
            unlabelled = {"a": {"$exists": False}, "b": {"$exists": True}}
            for each in self._superseded.find(unlabelled, {"r": 1, "b": 1}):
                if named.search(each["b"]):
                    found.setdefault(each["r"], []).append(each["_id"])
        return found

    def bodies(self, references: Sequence[str]) -> Iterator[bytes]:
        """Give the content of all versions of some resources."""
        with translated_errors():
            current = self._resources.find({"_id": {"$in": list(references)}}, {"b": 1})
            older = self._superseded.find(_versions_of(references), {"b": 1})
            for cursor in (current, older):
                yield from (bytes(each["b"]) for each in cursor if "b" in each)

    def count_versions(self, references: Sequence[str]) -> dict[str, int]:
        """Count the versions of some resources, by type."""
        counts: dict[str, int] = {}
        with translated_errors():
            for first in range(0, len(references), TOGETHER):
                part = references[first : first + TOGETHER]
                for reference in part:
                    _add(counts, reference)
                for each in self._superseded.find(_versions_of(part), {"r": 1}):
                    _add(counts, each["r"])
        return counts

    def remove(self, purge: str, references: Sequence[str]) -> None:
        """Remove resources with all their versions, `TOGETHER` at a time.

        Args:
            purge: id of the note.
            references: ``Type/id``; in that order.
        """
        for first in range(0, len(references), TOGETHER):
            part = references[first : first + TOGETHER]
            self._transact(lambda session, part=part: self._remove(purge, part, session))

    def remove_versions(self, purge: str, keys: Mapping[str, Sequence[str]]) -> None:
        """Remove superseded versions whose resources stay, or are gone already.

        Args:
            purge: id of the note.
            keys: as `superseded_about` gives them.
        """
        flat = [(reference, key) for reference, own in keys.items() for key in own]
        for first in range(0, len(flat), TOGETHER):
            part = flat[first : first + TOGETHER]

            def act(session: ClientSession, part: list[tuple[str, str]] = part) -> None:
                counts: dict[str, int] = {}
                for reference, _ in part:
                    _add(counts, reference)
                ids = [key for _, key in part]
                self._superseded.delete_many({"_id": {"$in": ids}}, session=session)
                self._count(purge, {}, counts, session)

            self._transact(act)

    def forget_results(self) -> int:
        """Forget the jobs there are with their results, which may tell of anybody."""
        with translated_errors():
            return self._jobs.delete_many({"kind": {"$nin": list(KEPT_JOBS)}}).deleted_count

    def count_results(self) -> int:
        """Count the jobs that `forget_results` would forget."""
        with translated_errors():
            return self._jobs.count_documents({"kind": {"$nin": list(KEPT_JOBS)}})

    def forget_locks(self, person: str) -> None:
        """Forget the names of locks that name a person."""
        pattern = re.escape(person) + _END_OF_ID.decode()
        with translated_errors():
            self._locks.delete_many({"_id": {"$regex": pattern}})

    def begin(self, purge: Purge) -> str:
        """Note that a purge begins, or goes on; give the note's id."""
        same = {
            "person": purge.person,
            "decision": purge.decision,
            "basis": purge.basis,
            "complete": False,
        }
        new = {"_id": purge.id, "by": purge.by, "began": purge.began}
        with translated_errors():
            found = self._purges.find_one(same, {"_id": 1})
            if found is None:
                self._purges.insert_one({**new, **same, "resources": {}, "versions": {}})
        return purge.id if found is None else str(found["_id"])

    def complete(self, purge: str) -> None:
        """Note that a purge came to its end."""
        values = {"complete": True, "ended": dt.datetime.now(dt.UTC)}
        with translated_errors():
            self._purges.update_one({"_id": purge}, {"$set": values})

    def notes(self, person: str) -> list[Purge]:
        """Give the notes about a person, oldest first."""
        with translated_errors():
            found = self._purges.find({"person": person}).sort("began", 1).to_list()
        return [
            Purge(
                id=str(each["_id"]),
                person=each["person"],
                decision=each["decision"],
                basis=each["basis"],
                by=each["by"],
                began=each["began"].replace(tzinfo=dt.UTC),
                resources=each["resources"],
                versions=each["versions"],
                complete=each["complete"],
            )
            for each in found
        ]

    def _remove(self, purge: str, references: Sequence[str], session: ClientSession) -> None:
        wanted = {"_id": {"$in": list(references)}}
        here = [d["_id"] for d in self._resources.find(wanted, {"_id": 1}, session=session)]
        older = self._superseded.find(_versions_of(references), {"r": 1}, session=session)
        resources: dict[str, int] = {}
        versions: dict[str, int] = {}
        for reference in here:
            _add(resources, reference)
            _add(versions, reference)
        for each in older:
            _add(versions, each["r"])
        self._resources.delete_many(wanted, session=session)
        self._superseded.delete_many(_versions_of(references), session=session)
        self._count(purge, resources, versions, session)

    def _count(
        self,
        purge: str,
        resources: Mapping[str, int],
        versions: Mapping[str, int],
        session: ClientSession,
    ) -> None:
        more: dict[str, Any] = {f"resources.{name}": n for name, n in resources.items()}
        more |= {f"versions.{name}": n for name, n in versions.items()}
        if more:
            self._purges.update_one({"_id": purge}, {"$inc": more}, session=session)

    def _transact(self, act: Any) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with (
                    translated_errors(),
                    self._client.start_session() as session,
                    session.start_transaction(ReadConcern("snapshot")),
                ):
                    act(session)
            except TransactionConflict:
                if time.monotonic() > deadline:
                    raise StoreUnavailable("other writers are in the way") from None
                time.sleep(0.05)
            else:
                return


def _about(person: str, types: Iterable[str]) -> list[str]:
    return [labels.refers(type_, labels.ABOUT, person) for type_ in types]


def _versions_of(references: Sequence[str]) -> Document:
    # "0" follows "/" in ASCII: the versions of a resource lie between the two.
    ranges = [{"_id": {"$gte": f"{each}/", "$lt": f"{each}0"}, "r": each} for each in references]
    return {"$or": ranges} if ranges else {"_id": None}


def _add(counts: dict[str, int], reference: str) -> None:
    type_ = reference.partition("/")[0]
    counts[type_] = counts.get(type_, 0) + 1
