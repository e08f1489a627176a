"""What a reindex does to the database: finds what is due, writes entries, holds the lease.

Entries are written on condition that the resource still has the version they were made of, and
none of a later revision: who comes late, or twice, does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import UpdateOne
from pymongo.collection import Collection

from fhir_server.search.indexing import IndexEntries
from fhir_server.storage.documents import STORED, Document, index_fields, stored
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_indexes import REINDEX_ID, SEARCH_STATE
from fhir_server.storage.places import Collections
from fhir_server.storage.records import StoredResource

# Who has not been heard of for so long is gone, and another goes on in its place.
LEASE_SECONDS = 15
INDEX_FIELDS = ("t", "k", "d", "w", "g", "f", "i", "a")
# Read at once; the driver fetches them in parts of at most 16 MB.
READ_AHEAD = 1000


class LeaseLost(Exception):
    """Another process goes on with the reindex; this one must stop."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reindex is.

    Args:
        work: by type, the revision to reach; empty where none is under way.
        verifying: it looks once more for what slow writers left behind.
        after: ``Type/id`` of the last resource that is done; empty before the first.
        done: resources looked at.
        written: of those, the ones that got new entries.
        total: resources to look at, counted at the start.
        running: whether a process works on it now.
        cancelled: somebody asked it to stop.
    """

    work: Mapping[str, int] = field(default_factory=dict)
    verifying: bool = False
    after: str = ""
    done: int = 0
    written: int = 0
    total: int = 0
    running: bool = False
    cancelled: bool = False


class ReindexStore:
    """The database as a reindex sees it.

    Args:
        collections: the store's.
    """

    def __init__(self, collections: Collections) -> None:
        self._primary = collections.primary
        self._resources = collections.resources
        self._jobs: Collection[Document] = collections.resources.database[SEARCH_STATE]

    def take(self, owner: str) -> bool:
        """Become the one who reindexes; False while another does."""
        held = {"$lt": [_seconds_since("$beat"), LEASE_SECONDS]}
        free = {"$or": [{"$not": [held]}, {"$in": ["$owner", [None, owner]]}]}
        values = {"owner": owner, "beat": "$$NOW", "cancelled": False}
        with translated_errors():
            result = self._jobs.update_one({"_id": REINDEX_ID, "$expr": free}, [{"$set": values}])
        return bool(result.matched_count)

    def keep(self, owner: str, progress: Progress) -> bool:
        """Note how far the reindex is, and that it goes on; tell whether it was asked to stop.

        Raises:
            LeaseLost: another has taken over.
        """
        values: dict[str, Any] = {
            "beat": "$$NOW",
            "work": {"$literal": dict(progress.work)},
            "verifying": progress.verifying,
            "after": {"$literal": progress.after},
            "done": progress.done,
            "written": progress.written,
            "total": progress.total,
        }
        with translated_errors():
            found = self._jobs.find_one_and_update(
                {"_id": REINDEX_ID, "owner": owner}, [{"$set": values}], {"cancelled": 1}
            )
        if found is None:
            raise LeaseLost
        return bool(found.get("cancelled"))

    def release(self, owner: str) -> None:
        """Let others reindex."""
        with translated_errors():
            self._jobs.update_one({"_id": REINDEX_ID, "owner": owner}, {"$set": {"owner": None}})

    def cancel(self) -> None:
        """Ask whoever reindexes to stop; what is done stays done."""
        with translated_errors():
            self._jobs.update_one({"_id": REINDEX_ID}, {"$set": {"cancelled": True}})

    def progress(self) -> Progress:
        """Tell how far the reindex is that goes on now, or was left off."""
        shown = {"age": _seconds_since("$beat"), **dict.fromkeys(_SHOWN, 1)}
        with translated_errors():
            found = self._jobs.find_one({"_id": REINDEX_ID}, shown)
        if found is None:
            return Progress()
        known = {name: found[name] for name in _NOTED if name in found}
        alive = found.get("owner") is not None and found["age"] < LEASE_SECONDS
        return Progress(**known, running=alive)

    def count(self, types: Sequence[str]) -> int:
        """Count the resources of some types; deleted ones count too."""
        with translated_errors():
            return sum(self._resources.count_documents(_of_type(type_)) for type_ in types)

    def due(self, resource_type: str, revision: int, after: str) -> Iterator[StoredResource]:
        """Give the living resources that were indexed with an earlier revision, by id.

        Args:
            resource_type: the type.
            revision: what they should be indexed with.
            after: ``Type/id`` to go on after; empty for all.
        """
        while True:
            among = _of_type(resource_type)
            if after > among["_id"]["$gte"]:
                among["_id"] = {"$gt": after, "$lt": among["_id"]["$lt"]}
            wanted = {**among, "b": {"$exists": True}, "i": _earlier(revision)}
            found = 0
            self._primary.settled(lambda: None)
            with translated_errors():
                documents = self._resources.find(wanted, STORED).sort("_id", 1).limit(READ_AHEAD)
                for document in documents:
                    found += 1
                    after = document["_id"]
                    yield stored(document)
            if found < READ_AHEAD:
                return

    def write(self, made: Sequence[tuple[StoredResource, IndexEntries]]) -> int:
        """Put entries in the place of older ones; give how many were.

        Args:
            made: resources as read, and the entries made of them.
        """
        if not made:
            return 0
        updates = [_update(resource, entries) for resource, entries in made]
        with translated_errors():
            return self._resources.bulk_write(updates, ordered=False).matched_count


_NOTED = ("work", "verifying", "after", "done", "written", "total", "cancelled")
_SHOWN = (*_NOTED, "owner")


def _seconds_since(moment: str) -> dict[str, Any]:
    # By the database's clock alone: those of several machines differ.
    return {"$divide": [{"$subtract": ["$$NOW", moment]}, 1000]}


def _of_type(resource_type: str) -> dict[str, Any]:
    # "0" comes after "/".
    return {"_id": {"$gte": f"{resource_type}/", "$lt": f"{resource_type}0"}}


def _earlier(revision: int) -> dict[str, Any]:
    return {"$not": {"$gte": revision}}


def _update(resource: StoredResource, entries: IndexEntries) -> UpdateOne:
    fields = index_fields(entries, resource.reference, resource.last_updated)
    gone = {name: "" for name in INDEX_FIELDS if name not in fields}
    same = {
        "_id": resource.reference,
        "v": resource.version,
        "i": _earlier(entries.revision),
    }
    return UpdateOne(same, {"$set": fields, **({"$unset": gone} if gone else {})})
