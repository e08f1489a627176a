"""The audit trail in MongoDB: records are added, and those past their time taken away.

``audit`` has the layout of ``resources`` (docs/adr/0003-storage-layout.md), so that searches work,
and besides ``s``, ``n`` and ``h``: the stream of a record, its number and its hash. ``audit_heads``
has for each stream where it has come to, changed in the transaction that adds the records.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pymongo import ASCENDING, IndexModel, timeout
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database

from fhir_server.storage.audit_records import AuditRecord, Checkpoint, Head, KeptRecord
from fhir_server.storage.documents import Document, index_fields
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_indexes import KEYS, TOKEN_FIELDS, TOKENS, UPDATED
from fhir_server.storage.places import AUDIT_EVENT, Collections

AUDIT = "audit"
HEADS = "audit_heads"
REGISTER = "register"
TYPE = AUDIT_EVENT
STREAM = "stream"

# Those of ``resources`` that AuditEvents have entries in.
AUDIT_INDEXES = (
    IndexModel(TOKEN_FIELDS, name=TOKENS),
    IndexModel([("k.$**", ASCENDING)], name=KEYS),
    IndexModel([("y", ASCENDING), ("u", ASCENDING), ("_id", ASCENDING)], name=UPDATED),
    IndexModel(
        [("s", ASCENDING), ("n", ASCENDING)],
        name=STREAM,
        partialFilterExpression={"n": {"$exists": True}},
    ),
)
PURGED_AT_ONCE = 5_000
ADD_SECONDS = 15.0
# Gives the seal and the register of a head; storage knows nothing of keys.
Sealed = Callable[[str, int, str, int], str]
Registered = Callable[[str, str], str]


def ensure_audit(database: Database[Document]) -> None:
    """Create the collections and indexes of the trail that are missing."""
    database[AUDIT].create_indexes(list(AUDIT_INDEXES))
    database[HEADS].create_index([("o", ASCENDING)], name="order")


class AuditStore:
    """The collection of the trail.

    Args:
        collections: of the store.
    """

    def __init__(self, collections: Collections) -> None:
        database = collections.resources.database
        self._client = database.client
        self._database = database
        self._audit: Collection[Document] = database[AUDIT]
        self._heads: Collection[Document] = database[HEADS]

    def prepare(self) -> None:
        """Create what is missing.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with translated_errors():
            ensure_audit(self._database)

    def head(self, stream: str) -> Head | None:
        """Give where a stream has come to; None for one that nothing was added of."""
        with translated_errors():
            found = self._heads.find_one({"_id": stream})
        return None if found is None else _head(found)

    def heads(self) -> list[Head]:
        """Give all streams, in the order in which they began."""
        with translated_errors():
            found = self._heads.find({"o": {"$exists": True}}).sort("o", 1).to_list()
        return [_head(each) for each in found]

    def register(self) -> tuple[int, str]:
        """Give how many streams there are, and what vouches for the list of them."""
        with translated_errors():
            found = self._heads.find_one({"_id": REGISTER})
        return (found["count"], found["register"]) if found else (0, "")

    def add(
        self,
        stream: str,
        after: int,
        records: Sequence[AuditRecord],
        sealed: Sealed,
        registered: Registered,
    ) -> bool:
        """Add records to the end of a stream, all or none.

        Args:
            stream: its name.
            after: the number of the last record that the stream has; 0 for a new stream.
            records: in order, without a gap.
            sealed: vouches for a head: stream, number, hash, order.
            registered: vouches for the list of streams: what vouches so far, and the stream.

        Returns:
            False where the stream has come to another record meanwhile; nothing was added then.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        documents = [_document(stream, record) for record in records]
        last = records[-1]

        def added(session: ClientSession) -> bool:
            if after == 0 and not self._begin(stream, registered, session):
                return False
            order = self._heads.find_one({"_id": stream}, {"o": 1}, session=session)
            if order is None:
                return False
            seal = sealed(stream, last.number, last.hash, order["o"])
            advanced = {"n": last.number, "h": last.hash, "seal": seal, "at": _now()}
            moved = self._heads.update_one(
                {"_id": stream, "n": after}, {"$set": advanced}, session=session
            )
            if not moved.matched_count:
                return False
            self._audit.insert_many(documents, ordered=False, session=session)
            return True

        # Else the driver would try for two minutes, also while the server is to stop.
        with translated_errors(), timeout(ADD_SECONDS), self._client.start_session() as session:
            return session.with_transaction(added)

    def _begin(self, stream: str, registered: Registered, session: ClientSession) -> bool:
        """Enter a stream in the list of streams; False where it is there already."""
        if self._heads.find_one({"_id": stream}, {"_id": 1}, session=session) is not None:
            return True
        known = self._heads.find_one({"_id": REGISTER}, session=session) or {}
        order = known.get("count", 0) + 1
        register = registered(known.get("register", ""), stream)
        self._heads.update_one(
            {"_id": REGISTER},
            {"$set": {"count": order, "register": register}},
            upsert=True,
            session=session,
        )
        new = {"_id": stream, "o": order, "n": 0, "h": "", "r": register, "seal": "", "at": _now()}
        self._heads.insert_one(new, session=session)
        return True

    def records(self, stream: str, after: int) -> Iterator[KeptRecord]:
        """Give the records of a stream that have greater numbers, in order."""
        with translated_errors():
            found = self._audit.find({"s": stream, "n": {"$gt": after}}, _KEPT, hint=STREAM).sort(
                [("s", 1), ("n", 1)]
            )
            for document in found:
                yield _kept(document)

    def streams(self) -> list[str]:
        """Give the names of the streams that there are records of."""
        with translated_errors():
            stages: list[dict[str, Any]] = [
                {"$match": {"n": {"$exists": True}}},
                {"$group": {"_id": "$s"}},
            ]
            return sorted(each["_id"] for each in self._audit.aggregate(stages, hint=STREAM))

    def unchained(self) -> Iterator[KeptRecord]:
        """Give what is of no stream: what clients created."""
        with translated_errors():
            for document in self._audit.find({"n": {"$exists": False}}, _KEPT):
                yield _kept(document)

    def bodies(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the bytes of some AuditEvents, by ``AuditEvent/[id]``."""
        with translated_errors():
            found = self._audit.find({"_id": {"$in": list(keys)}}, {"b": 1})
            return {each["_id"]: bytes(each["b"]) for each in found if "b" in each}

    def about(
        self, tokens: Sequence[str], period: tuple[int, int], before: str, most: int
    ) -> list[KeptRecord]:
        """Give records that have all of some index tokens, newest first.

        Args:
            tokens: of the index, the rarest first.
            period: from and until, in microseconds since 1970.
            before: key of the record to begin before; empty for the newest.
            most: how many at most.
        """
        ids = {"$gte": f"{TYPE}/", "$lt": before or f"{TYPE}0"}
        filter_ = {
            "t": tokens[0],
            "_id": ids,
            "$and": [{"t": {"$all": list(tokens)}}, {"u": {"$gte": period[0], "$lt": period[1]}}],
        }
        with translated_errors():
            found = self._audit.find(filter_, _KEPT, hint=TOKENS).sort("_id", -1).limit(most)
            return [_kept(document) for document in found]

    def keys(self, tokens: Sequence[str], period: tuple[int, int]) -> Iterator[str]:
        """Give the keys of the records of a period that have all of some index tokens."""
        filter_ = {"y": TYPE, "u": {"$gte": period[0], "$lt": period[1]}}
        if tokens:
            filter_["t"] = {"$all": list(tokens)}
        with translated_errors():
            for document in self._audit.find(filter_, {"_id": 1}, hint=UPDATED):
                yield document["_id"]

    def count(self) -> int:
        """Give about how many records there are."""
        with translated_errors():
            return self._audit.estimated_document_count()

    def last_before(self, stream: str, after: int, moment: int) -> tuple[int, str] | None:
        """Give the last record of a stream whose predecessors are all older than a moment.

        Args:
            stream: its name.
            after: the number of the record to begin after.
            moment: in microseconds since 1970.

        Returns:
            Its number and hash; None where the first is not older.
        """
        with translated_errors():
            young = self._audit.find_one(
                {"s": stream, "n": {"$gt": after}, "u": {"$gte": moment}},
                {"n": 1},
                sort=[("s", 1), ("n", 1)],
                hint=STREAM,
            )
            older: dict[str, Any] = {"$gt": after, **({"$lt": young["n"]} if young else {})}
            last = self._audit.find_one(
                {"s": stream, "n": older}, {"n": 1, "h": 1}, sort=[("s", -1), ("n", -1)]
            )
        return None if last is None else (last["n"], last["h"])

    def set_checkpoint(self, stream: str, checkpoint: Checkpoint) -> None:
        """Note that the records of a stream up to one are to be taken away."""
        kept = {
            "n": checkpoint.number,
            "h": checkpoint.hash,
            "seal": checkpoint.seal,
            "before": checkpoint.before,
        }
        with translated_errors():
            self._heads.update_one({"_id": stream}, {"$set": {"checkpoint": kept}})

    def purge(self, stream: str, number: int) -> Iterator[int]:
        """Take away the records of a stream up to a number; gives how many at each step."""
        yield from self._purge({"s": stream, "n": {"$lte": number}})

    def purge_unchained(self, moment: int) -> Iterator[int]:
        """Take away what clients created before a moment; gives how many at each step."""
        yield from self._purge({"y": TYPE, "u": {"$lt": moment}, "n": {"$exists": False}})

    def _purge(self, filter_: Mapping[str, Any]) -> Iterator[int]:
        with translated_errors():
            while True:
                found = self._audit.find(filter_, {"_id": 1}).limit(PURGED_AT_ONCE).to_list()
                if not found:
                    return
                ids = [each["_id"] for each in found]
                yield self._audit.delete_many({"_id": {"$in": ids}}).deleted_count


_KEPT = {"s": 1, "n": 1, "h": 1, "u": 1, "b": 1, "t": 1}


def _kept(document: Mapping[str, Any]) -> KeptRecord:
    body = document.get("b")
    return KeptRecord(
        str(document["_id"]),
        str(document.get("s", "")),
        int(document.get("n", 0)),
        str(document.get("h", "")),
        int(document.get("u", 0)),
        None if body is None else bytes(body),
        document.get("t", ()),
    )


def _document(stream: str, record: AuditRecord) -> Document:
    key = f"{TYPE}/{record.id}"
    return {
        "_id": key,
        "y": TYPE,
        "v": 1,
        "u": record.updated,
        "b": record.body,
        "s": stream,
        "n": record.number,
        "h": record.hash,
        **index_fields(record.entries, key, record.updated),
    }


def _head(document: Mapping[str, Any]) -> Head:
    kept = document.get("checkpoint")
    checkpoint = Checkpoint(kept["n"], kept["h"], kept["seal"], kept["before"]) if kept else None
    return Head(
        document["_id"],
        document["n"],
        document["h"],
        document["o"],
        document["r"],
        document["seal"],
        checkpoint,
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
