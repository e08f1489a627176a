"""What is asked about a few resources that a token leads to, beside that token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from fhir_server.storage import mongo_direct
from fhir_server.storage.documents import STORED, Document
from fhir_server.storage.mongo_indexes import TOKENS


@dataclass(frozen=True, slots=True)
class About:
    """What must hold of the resources of a type.

    Args:
        resource_type: the type.
        labels: one of these it must have; any resource for none.
        tokens: one of these it must have; any resource for none.
        ended: tokens of resources that count only where the fact ``end`` is not before ``since``.
        since: µs since 1970.
    """

    resource_type: str
    labels: Sequence[str] = ()
    tokens: Sequence[str] = ()
    ended: Sequence[str] = ()
    since: int = 0


def find(
    collection: Collection[Document],
    tokens: Sequence[str],
    wanted: Sequence[About],
    session: ClientSession | None,
) -> list[Document]:
    """Give the documents; see `Snapshot.about`."""
    filter_ = {"t": {"$in": list(tokens)}, "$or": [way(each) for each in wanted]}
    return mongo_direct.find(collection, filter_, STORED, session=session, hint=TOKENS).all()


def way(wanted: About) -> dict[str, Any]:
    """Give the filter."""
    found: dict[str, Any] = {"y": wanted.resource_type}
    if wanted.labels:
        found["a"] = {"$in": list(wanted.labels)}
    if not wanted.tokens:
        return found
    current = {"t": {"$in": list(wanted.tokens)}}
    if not wanted.ended:
        return found | current
    late = {"t": {"$in": list(wanted.ended)}, "f.end": {"$gte": wanted.since}}
    return found | {"$or": [current, late]}
