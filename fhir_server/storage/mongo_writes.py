"""Writes of a transaction as plain commands, without the driver's machinery for large batches.

The driver's `bulk_write` splits what does not fit into one message. Few and small writes always
fit, and the driver spends less on their command (docs/adr/0018-round-trips-of-writes.md).
What the database refuses is raised as `bulk_write` raises it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from fhir_server.storage.documents import Document, current_document
from fhir_server.storage.records import Change

# Far below what MongoDB takes in one message or document, with all that searches use.
MOST_BYTES = 1_000_000
MOST_WRITES = 100


def are_small_creates(changes: Sequence[Change]) -> bool:
    """Tell whether some changes are creates that fit into one command whatever they hold."""
    if len(changes) > MOST_WRITES or any(change.previous is not None for change in changes):
        return False
    return sum(len(change.new.body or b"") for change in changes) < MOST_BYTES


def insert(place: Collection[Document], changes: Sequence[Change], session: ClientSession) -> None:
    """Insert small creates (`are_small_creates`), in their order.

    Raises:
        BulkWriteError: with what the database says of the first that it refuses.
    """
    documents = [current_document(change) for change in changes]
    _written(place, {"insert": place.name, "documents": documents}, session)


def touch(
    place: Collection[Document], ids: Sequence[str], update: Document, session: ClientSession
) -> None:
    """Apply an update to some documents by their ids, in this order; make those that are missing.

    Raises:
        BulkWriteError: with what the database says of the first that it refuses.
    """
    for first in range(0, len(ids), MOST_WRITES):
        some = ids[first : first + MOST_WRITES]
        updates = [{"q": {"_id": id_}, "u": update, "upsert": True} for id_ in some]
        _written(place, {"update": place.name, "updates": updates}, session)


def _written(place: Collection[Document], command: dict[str, Any], session: ClientSession) -> None:
    answer = place.database.command(command, session=session)
    if answer.get("writeErrors"):
        raise BulkWriteError(answer)
