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
- ``purges`` notes what was destroyed by a decision of law, which alone removes a version.

Acknowledged means durable: majority write concern, journaled.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from pymongo import MongoClient, ReplaceOne, timeout
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    DuplicateKeyError,
    ExecutionTimeout,
    PyMongoError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.storage import mongo_writes
from fhir_server.storage.checks import Check, Follow
from fhir_server.storage.documents import (
    Document,
    current_document,
    superseded_document,
    writes,
)
from fhir_server.storage.errors import TransactionConflict, translated_errors
from fhir_server.storage.mongo_audit import AUDIT, ensure_audit
from fhir_server.storage.mongo_deployment import refusals_explained, require_transactions
from fhir_server.storage.mongo_indexes import ensure_indexes
from fhir_server.storage.mongo_primary import Primary
from fhir_server.storage.mongo_transaction import Transaction
from fhir_server.storage.places import AUDIT_EVENT, Collections
from fhir_server.storage.records import AlreadyDone, Change, StaleWrite, StoreUnavailable
from fhir_server.storage.snapshot import Snapshot

DUPLICATE_KEY = 11000
# Documents that are spelled at once: a message of thousands takes memory of all of them twice.
_AT_ONCE = 500
TRANSACTION_SECONDS = 30.0
# Who asks whether the server is ready often waits no longer than a second.
PING_SECONDS = 0.5

# What an operator may set otherwise in the connection string.
PATIENCE: dict[str, Any] = {
    # Long enough for most elections, short enough for most clients.
    "serverSelectionTimeoutMS": 10_000,
    # A primary that hangs, or that the network lost, is given up after the sum of these two;
    # until then whoever waits for its answer waits on.
    "connectTimeoutMS": 5_000,
    "heartbeatFrequencyMS": 5_000,
    # Writes that no majority confirms, as when the secondaries fall behind, end too.
    "wTimeoutMS": 30_000,
}


class MongoStore(Snapshot):
    """A FHIR store on one MongoDB database.

    Args:
        uri: of a replica set or sharded cluster.
        database: its name.
        trail: says why AuditEvents are neither changed nor deleted, where they make up an audit
            trail; None where they are resources like others.

    Raises:
        StoreUnavailable: the address can't be read.
    """

    def __init__(self, uri: str, database: str, trail: Issue | None = None) -> None:
        self._client = _client(uri)
        self._database = self._client[database]
        resources = self._database["resources"]
        primary = Primary(self._client, resources)
        self._trail = trail
        audit = self._database[AUDIT] if trail else None
        super().__init__(Collections(resources, self._database["history"], primary, audit))
        self._before_close: list[Callable[[], None]] = []
        self._locks = self._database["locks"]
        self._once = self._database["once"]

    def prepare(self) -> None:
        """Create collections and indexes where missing; cheap where they exist.

        Raises:
            UnfitDeployment: the database has no transactions, or refuses this user.
            StoreUnavailable: it can't be reached.
        """
        with translated_errors(), refusals_explained():
            require_transactions(self._client)
            ensure_indexes(self._database)
            if self._trail:
                ensure_audit(self._database)

    def ping(self) -> None:
        """Ask the primary for an answer.

        Raises:
            StoreUnavailable: there is none, or none soon enough.
        """
        with translated_errors(), timeout(PING_SECONDS):
            self._client.admin.command("ping")

    def before_close(self, act: Callable[[], None]) -> None:
        """Have something done while there still are connections."""
        self._before_close.append(act)

    def close(self) -> None:
        """Give the connections back."""
        while self._before_close:
            self._before_close.pop()()
        self._client.close()

    def transact(
        self,
        changes: Sequence[Change],
        *,
        locks: Sequence[str] = (),
        before: Check | None = None,
        follow: Follow | None = None,
        after: Check | None = None,
        once: str | None = None,
    ) -> None:
        """Make all the changes or none, also when this process dies in between.

        Args:
            changes: at most one for each resource.
            locks: names; of two writers who share one, one sees what the other wrote.
            before: run inside the transaction, with the locks held, before the changes; raises
                to call the write off. It may run more than once and must change nothing.
            follow: the same, seeing the changes; gives further ones that are made with them.
            after: the same, seeing all the changes.
            once: a name; a second write that carries it is refused.

        Raises:
            FhirError: 405 for a change to the audit trail that does not add to it.
            StaleWrite: a resource is no longer at the version that its change replaces.
            AlreadyDone: another write carried the same ``once``.
            StoreUnavailable: the database can't be reached, or other writers leave no gap.
        """
        self._require_appending(changes)
        self.collections.primary.require()
        checks = (before, follow, after, once)
        if len(changes) == 1 and not locks and all(each is None for each in checks):
            with translated_errors():
                self._apply_one(changes[0])
            return
        deadline = time.monotonic() + TRANSACTION_SECONDS
        attempt = 0
        while True:
            try:
                with translated_errors():
                    self._attempt(changes, locks, before, follow, after, once)
            except TransactionConflict:
                if time.monotonic() > deadline:
                    raise StoreUnavailable("other writers are in the way") from None
                # Full jitter, so that writers who met once do not meet again.
                time.sleep(random.uniform(0, min(0.2, 0.002 * 2**attempt)))  # noqa: S311
                attempt += 1
            else:
                return

    def _require_appending(self, changes: Sequence[Change]) -> None:
        if self._trail is None:
            return
        for change in changes:
            if change.new.resource_type == AUDIT_EVENT and (change.previous or change.new.deleted):
                raise FhirError(self._trail, status=405)

    def _apply_one(self, change: Change) -> None:
        new = current_document(change)
        if change.previous is None:
            try:
                self.collections.of((change.new.resource_type,)).insert_one(new)
            except DuplicateKeyError:
                raise StaleWrite([change.new.reference]) from None
            return
        # It may be there from a writer who lost, or died; the content is the same.
        with suppress(DuplicateKeyError):
            self.collections.superseded.insert_one(superseded_document(change.previous))
        replaced = self.collections.resources.replace_one(
            {"_id": new["_id"], "v": change.previous.version}, new
        )
        if not replaced.matched_count:
            raise StaleWrite([change.new.reference])

    def _attempt(
        self,
        changes: Sequence[Change],
        locks: Sequence[str],
        before: Check | None,
        follow: Follow | None,
        after: Check | None,
        once: str | None,
    ) -> None:
        with self._client.start_session() as session:
            session.start_transaction(ReadConcern("snapshot"))
            transaction = Transaction(self._client, session)
            try:
                if once is not None:
                    self._remember(once, session)
                self._take(locks, transaction)
                inside = Snapshot(self.collections, transaction)
                if before is not None:
                    before(inside)
                self._apply(changes, transaction)
                if follow is not None:
                    followed = follow(inside)
                    self._require_appending(followed)
                    self._apply(followed, transaction)
                if after is not None:
                    after(inside)
                transaction.send()
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

    def _take(self, locks: Sequence[str], transaction: Transaction) -> None:
        if locks:
            # One order for all writers, so that they queue instead of blocking each other.
            touched = {"$set": {"at": _now()}, "$inc": {"n": 1}}
            mongo_writes.touch(self._locks, sorted(set(locks)), touched, transaction, _taken)

    def _apply(self, changes: Sequence[Change], transaction: Transaction) -> None:
        """Write all changes in as few commands as MongoDB allows: two, or three with the trail."""
        small = mongo_writes.are_small(changes)
        previous = [superseded_document(c.previous) for c in changes if c.previous is not None]
        if previous and small:
            mongo_writes.keep(self.collections.superseded, previous, transaction)
        elif previous:
            self.collections.superseded.bulk_write(
                [ReplaceOne({"_id": d["_id"], "r": d["r"]}, d, upsert=True) for d in previous],
                ordered=False,
                session=transaction.session,
            )
        records = [c for c in changes if self._is_record(c)]
        others = [c for c in changes if not self._is_record(c)]
        put = self._put_small if small else self._put
        put(self.collections.resources, others, transaction)
        put(self.collections.of((AUDIT_EVENT,)), records, transaction)

    def _is_record(self, change: Change) -> bool:
        return self._trail is not None and change.new.resource_type == AUDIT_EVENT

    @staticmethod
    def _put_small(
        place: Collection[Document], changes: Sequence[Change], transaction: Transaction
    ) -> None:
        if changes:
            mongo_writes.put(place, changes, transaction, partial(_written, changes))

    @staticmethod
    def _put(
        place: Collection[Document], changes: Sequence[Change], transaction: Transaction
    ) -> None:
        if not changes:
            return
        count = 0
        try:
            for first in range(0, len(changes), _AT_ONCE):
                some = writes(changes[first : first + _AT_ONCE])
                result = place.bulk_write(some, session=transaction.session)
                count += result.inserted_count + result.upserted_count + result.matched_count
        except BulkWriteError as error:
            raise _stale(changes, error) from None
        _require_all(changes, count)


def _taken(answer: Document) -> None:
    try:
        mongo_writes.require_written(answer)
    except BulkWriteError as error:
        if _is_duplicate(error):
            # Two writers made the lock at the same moment.
            raise TransactionConflict from None
        raise


def _written(changes: Sequence[Change], answer: Document) -> None:
    try:
        mongo_writes.require_written(answer)
    except BulkWriteError as error:
        raise _stale(changes, error) from None
    _require_all(changes, answer["n"])


def _require_all(changes: Sequence[Change], count: int) -> None:
    """Demand that as many were written: what another has replaced meanwhile was not there."""
    if count != len(changes):
        raise StaleWrite([c.new.reference for c in changes if c.previous])


def _stale(changes: Sequence[Change], error: BulkWriteError) -> Exception:
    """Give what a refusal means: a key that is taken is somebody else's write."""
    return StaleWrite([c.new.reference for c in changes]) if _is_duplicate(error) else error


def _is_duplicate(error: BulkWriteError) -> bool:
    return any(each["code"] == DUPLICATE_KEY for each in error.details["writeErrors"])


def _client(uri: str) -> MongoClient[Document]:
    try:
        return MongoClient(
            uri,
            appname="fhir-server",
            w="majority",
            journal=True,
            readConcernLevel="majority",
            readPreference="primary",
            retryWrites=True,
            retryReads=True,
            connect=False,
            **{name: value for name, value in PATIENCE.items() if name.lower() not in uri.lower()},
        )
    except (ConfigurationError, ValueError) as error:
        # The text may quote the address with its password.
        raise StoreUnavailable(
            f"the address is not a MongoDB connection string ({type(error).__name__}); it looks "
            "like mongodb://host1,host2/?replicaSet=name"
        ) from None


def _abort(session: ClientSession) -> None:
    # The database aborts it on its own when the connection is gone.
    with suppress(PyMongoError):
        session.abort_transaction()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
