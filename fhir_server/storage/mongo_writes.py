"""Writes of a transaction as plain commands, without the driver's machinery for large batches.

The driver's `bulk_write` splits what does not fit into one message. Few and small writes always
fit, and the driver spends less on their command (docs/adr/0018-round-trips-of-writes.md).
What the database refuses is raised as `bulk_write` raises it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from fhir_server.storage.documents import Document, current_document, replacements
from fhir_server.storage.mongo_transaction import Judge, Transaction
from fhir_server.storage.records import Change

# Far below what MongoDB takes in one message or document, with all that searches use.
MOST_BYTES = 1_000_000
MOST_WRITES = 100


def are_small(changes: Sequence[Change]) -> bool:
    """Tell whether some changes fit into one command, and what they replace, whatever they hold."""
    if len(changes) > MOST_WRITES:
        return False
    versions = [each for change in changes for each in (change.new, change.previous)]
    return sum(len(each.body or b"") for each in versions if each is not None) < MOST_BYTES


def keep(
    place: Collection[Document], superseded: Sequence[Document], transaction: Transaction
) -> None:
    """Keep superseded versions, as `superseded_document` gives them.

    Upserts and not inserts: one stored ahead by a writer who lost stays as it is.
    """
    updates = [{"q": {"_id": d["_id"], "r": d["r"]}, "u": d, "upsert": True} for d in superseded]
    command = {"update": place.name, "updates": updates, "ordered": False}
    transaction.write(place, command, require_written)


def put(
    place: Collection[Document], changes: Sequence[Change], transaction: Transaction, judge: Judge
) -> None:
    """Put small changes in force, in their order; see `insert`."""
    if all(change.previous is None for change in changes):
        insert(place, changes, transaction, judge)
        return
    command = {"update": place.name, "updates": replacements(changes)}
    transaction.write(place, command, judge)


def insert(
    place: Collection[Document], changes: Sequence[Change], transaction: Transaction, judge: Judge
) -> None:
    """Insert small creates (`are_small`), in their order.

    Args:
        place: where.
        changes: what.
        transaction: makes the write before anything else is asked.
        judge: gets the answer; what is refused is a BulkWriteError (`require_written`).
    """
    documents = [current_document(change) for change in changes]
    transaction.write(place, {"insert": place.name, "documents": documents}, judge)


def touch(
    place: Collection[Document],
    ids: Sequence[str],
    update: Document,
    transaction: Transaction,
    judge: Judge,
) -> None:
    """Apply an update to some documents by their ids, in this order; make those that are missing.

    Args:
        place: where.
        ids: of the documents.
        update: MongoDB's.
        transaction: makes the write before anything else is asked.
        judge: as for `insert`.
    """
    for first in range(0, len(ids), MOST_WRITES):
        some = ids[first : first + MOST_WRITES]
        updates = [{"q": {"_id": id_}, "u": update, "upsert": True} for id_ in some]
        transaction.write(place, {"update": place.name, "updates": updates}, judge)


def require_written(answer: Document) -> None:
    """Demand that the database refused nothing.

    Raises:
        BulkWriteError: with what it says of the first that it refuses.
    """
    if answer.get("writeErrors"):
        raise BulkWriteError(answer)
