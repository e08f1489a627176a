"""The store: resources, their history and the one door for writes, in MongoDB.

The layout and the measurements behind it are in docs/adr/0003-storage-layout.md. In short:

- ``resources`` holds the current version of each resource, a deleted one as a tombstone. ``b`` is
  the JSON exactly as it is served; ``t``, ``k`` and ``d`` are what searches use.
- ``history`` holds superseded versions, written before the version that supersedes them. Its
  documents never change, so writing one twice is harmless, and a single change needs no
  transaction: until the new version is in ``resources``, the old one is still current.
- ``locks`` serialises writers who must see each other (two conditional creates, two contacts
  for one patient): a transaction that touches a lock conflicts with every other that does.
- ``once`` remembers what must happen only once (a file that was loaded).

Acknowledged means durable: majority write concern, journaled.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from bson.binary import Binary
from pymongo import InsertOne, MongoClient, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.errors import (
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

from fhir_server.search.query import Query
from fhir_server.storage import mongo_query
from fhir_server.storage.mongo_indexes import ensure_indexes
from fhir_server.storage.records import (
    AlreadyDone,
    Change,
    SearchPage,
    StaleWrite,
    StoredResource,
    StoreUnavailable,
)

DUPLICATE_KEY = 11000
TRANSACTION_SECONDS = 30.0
STORED = {"y": 1, "v": 1, "u": 1, "b": 1}

Document = dict[str, Any]


class Snapshot:
    """Reads of the store: outside a transaction, or inside one and then seeing its writes."""

    def __init__(self, store: MongoStore, session: ClientSession | None = None) -> None:
        self._store = store
        self.session = session

    def read(self, resource_type: str, id_: str) -> StoredResource | None:
        """Give the current version, a tombstone for a deleted resource, None for none."""
        with _translated_errors():
            document = self._store.resources.find_one(
                {"_id": f"{resource_type}/{id_}"}, STORED, session=self.session
            )
        return None if document is None else _stored(document)

    def read_many(self, references: Iterable[str]) -> dict[str, StoredResource]:
        """Give the current versions of ``Type/id`` references, tombstones included."""
        wanted = list(set(references))
        if not wanted:
            return {}
        with _translated_errors():
            found = self._store.resources.find(
                {"_id": {"$in": wanted}}, STORED, session=self.session
            )
            return {document["_id"]: _stored(document) for document in found}

    def read_version(self, resource_type: str, id_: str, version: int) -> StoredResource | None:
        """Give one version, current or superseded; None where there never was such a version."""
        current = self.read(resource_type, id_)
        if current is None or not 0 < version <= current.version:
            return None
        if current.version == version:
            return current
        with _translated_errors():
            document = self._store.superseded.find_one(
                {"_id": _superseded_id(current.reference, version)}, session=self.session
            )
        return None if document is None else _stored(document)

    def history(
        self, resource_type: str, id_: str, *, before: int | None, count: int
    ) -> list[StoredResource]:
        """Give versions of one resource, newest first.

        Args:
            resource_type: its type.
            id_: its logical id.
            before: only versions with a lower number; None starts at the current one.
            count: how many at most.
        """
        current = self.read(resource_type, id_)
        if current is None:
            return []
        versions = [current] if before is None or current.version < before else []
        # A version stored ahead of its successor is still current: it must not appear twice.
        below = min(before or current.version, current.version)
        if len(versions) < count:
            bounds = {
                "$gte": _superseded_id(current.reference, 0),
                "$lt": _superseded_id(current.reference, below),
            }
            with _translated_errors():
                older = (
                    self._store.superseded.find({"_id": bounds}, session=self.session)
                    .sort([("_id", -1)])
                    .limit(count - len(versions))
                )
                versions += [_stored(document) for document in older]
        return versions

    def search(self, query: Query) -> SearchPage:
        """Give one page of the resources that match."""
        with _translated_errors():
            page = mongo_query.find_page(
                self._store.resources, query, session=self.session, projection=STORED
            )
        return SearchPage([_stored(document) for document in page.documents], page.next_cursor)

    def count(self, query: Query, limit: int | None = None) -> int:
        """Count the resources that match, up to ``limit``."""
        with _translated_errors():
            return mongo_query.count(
                self._store.resources, query, session=self.session, limit=limit
            )


Check = Callable[[Snapshot], None]


class MongoStore(Snapshot):
    """A FHIR store on one MongoDB database.

    Args:
        uri: of a replica set or sharded cluster.
        database: its name.
    """

    def __init__(self, uri: str, database: str) -> None:
        super().__init__(self)
        self._client: MongoClient[Document] = MongoClient(
            uri,
            appname="fhir-server",
            w="majority",
            journal=True,
            readConcernLevel="majority",
            retryWrites=True,
            retryReads=True,
            serverSelectionTimeoutMS=10_000,
            connect=False,
        )
        self._database = self._client[database]
        self.resources = self._database["resources"]
        self.superseded = self._database["history"]
        self._locks = self._database["locks"]
        self._once = self._database["once"]

    def prepare(self) -> None:
        """Create collections and indexes where missing; cheap where they exist."""
        with _translated_errors():
            ensure_indexes(self._database)

    def ping(self) -> None:
        """Ask the primary for an answer.

        Raises:
            StoreUnavailable: there is none.
        """
        with _translated_errors():
            self._client.admin.command("ping")

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def transact(
        self,
        changes: Sequence[Change],
        *,
        locks: Sequence[str] = (),
        before: Check | None = None,
        after: Check | None = None,
        once: str | None = None,
    ) -> None:
        """Make all the changes or none, also when this process dies in between.

        Args:
            changes: at most one for each resource.
            locks: names; of two writers who share one, one sees what the other wrote.
            before: run inside the transaction, with the locks held, before the changes; raises
                to call the write off. It may run more than once and must change nothing.
            after: the same, seeing the changes.
            once: a name; a second write that carries it is refused.

        Raises:
            StaleWrite: a resource is no longer at the version that its change replaces.
            AlreadyDone: another write carried the same ``once``.
            StoreUnavailable: the database can't be reached. Nothing is known to be written.
        """
        if len(changes) == 1 and not locks and before is None and after is None and once is None:
            with _translated_errors():
                self._apply_one(changes[0])
            return
        deadline = time.monotonic() + TRANSACTION_SECONDS
        attempt = 0
        while True:
            try:
                with _translated_errors():
                    self._attempt(changes, locks, before, after, once)
            except _Conflict:
                if time.monotonic() > deadline:
                    raise StaleWrite([change.new.reference for change in changes]) from None
                # Full jitter, so that writers who met once do not meet again.
                time.sleep(random.uniform(0, min(0.2, 0.002 * 2**attempt)))  # noqa: S311
                attempt += 1
            else:
                return

    def _apply_one(self, change: Change) -> None:
        document = _document(change)
        if change.previous is None:
            try:
                self.resources.insert_one(document)
            except DuplicateKeyError:
                raise StaleWrite([change.new.reference]) from None
            return
        # It may be there from a writer who lost, or died; the content is the same.
        with suppress(DuplicateKeyError):
            self.superseded.insert_one(_superseded(change.previous))
        replaced = self.resources.replace_one(
            {"_id": document["_id"], "v": change.previous.version}, document
        )
        if not replaced.matched_count:
            raise StaleWrite([change.new.reference])

    def _attempt(
        self,
        changes: Sequence[Change],
        locks: Sequence[str],
        before: Check | None,
        after: Check | None,
        once: str | None,
    ) -> None:
        with self._client.start_session() as session:
            session.start_transaction(ReadConcern("snapshot"))
            try:
                if once is not None:
                    self._remember(once, session)
                self._take(locks, session)
                inside = Snapshot(self, session)
                if before is not None:
                    before(inside)
                self._apply(changes, session)
                if after is not None:
                    after(inside)
            except BaseException:
                _abort(session)
                raise
            self._commit(session)

    def _commit(self, session: ClientSession) -> None:
        deadline = time.monotonic() + TRANSACTION_SECONDS
        while True:
            try:
                session.commit_transaction()
            except PyMongoError as error:
                unknown = error.has_error_label("UnknownTransactionCommitResult")
                if not unknown or isinstance(error, WTimeoutError | ExecutionTimeout):
                    raise
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def _remember(self, once: str, session: ClientSession) -> None:
        try:
            self._once.insert_one({"_id": once, "at": _now()}, session=session)
        except DuplicateKeyError:
            raise AlreadyDone(once) from None

    def _take(self, locks: Sequence[str], session: ClientSession) -> None:
        # One order for all writers, so that they queue instead of blocking each other crosswise.
        try:
            for name in sorted(set(locks)):
                self._locks.update_one(
                    {"_id": name},
                    {"$set": {"at": _now()}, "$inc": {"n": 1}},
                    upsert=True,
                    session=session,
                )
        except DuplicateKeyError:
            raise _Conflict from None  # two writers made the lock at the same moment

    def _apply(self, changes: Sequence[Change], session: ClientSession) -> None:
        """Write all changes in as few commands as MongoDB allows: two."""
        superseded = [_superseded(c.previous) for c in changes if c.previous is not None]
        if superseded:
            # Upserts and not inserts: a version stored ahead by a writer who lost stays as it is.
            self.superseded.bulk_write(
                [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in superseded],
                ordered=False,
                session=session,
            )
        if not changes:
            return
        try:
            result = self.resources.bulk_write([_write(c) for c in changes], session=session)
        except BulkWriteError as error:
            if any(e["code"] == DUPLICATE_KEY for e in error.details["writeErrors"]):
                raise StaleWrite([c.new.reference for c in changes]) from None
            raise
        if result.inserted_count + result.matched_count != len(changes):
            raise StaleWrite([c.new.reference for c in changes if c.previous])


class _Conflict(Exception):
    """Another transaction was at the same documents; nothing was written, try again."""


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise _Conflict from error
        if isinstance(error, ConnectionFailure | ExecutionTimeout | WTimeoutError):
            raise StoreUnavailable(str(error)) from error
        if isinstance(error, OperationFailure) and error.has_error_label("RetryableWriteError"):
            raise StoreUnavailable(str(error)) from error
        raise


def _abort(session: ClientSession) -> None:
    # The database aborts it on its own when the connection is gone.
    with suppress(PyMongoError):
        session.abort_transaction()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _stored(document: Document) -> StoredResource:
    # A superseded version has an id of its own and names its resource in "r".
    reference: str = document.get("r") or document["_id"]
    resource_type, _, id_ = reference.partition("/")
    return StoredResource(resource_type, id_, document["v"], document["u"], document.get("b"))


def _document(change: Change) -> Document:
    new, entries = change.new, change.entries
    document: Document = {
        "_id": new.reference,
        "y": new.resource_type,
        "v": new.version,
        "u": new.last_updated,
    }
    if new.body is None:
        document["del"] = True
        return document
    document["b"] = Binary(new.body)
    if entries is not None:
        document["t"] = entries.tokens
        document["k"] = entries.keys
        document["d"] = entries.ranges
    return document


def _write(change: Change) -> InsertOne[Document] | ReplaceOne[Document]:
    document = _document(change)
    if change.previous is None:
        return InsertOne(document)
    return ReplaceOne({"_id": document["_id"], "v": change.previous.version}, document)


def _superseded(stored: StoredResource) -> Document:
    document: Document = {
        "_id": _superseded_id(stored.reference, stored.version),
        "r": stored.reference,
        "y": stored.resource_type,
        "v": stored.version,
        "u": stored.last_updated,
    }
    if stored.body is not None:
        document["b"] = Binary(stored.body)
    return document


def _superseded_id(reference: str, version: int) -> str:
    # Zero-padded, so that the order of the texts is the order of the versions.
    return f"{reference}/{version:010d}"
