"""Which tokens there are, found by leaping through the token index: one step for each of them.

How many resources carry a token costs nothing, so this answers for a large store as for a small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bson.min_key import MinKey
from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from fhir_server.storage import mongo_direct
from fhir_server.storage.mongo_indexes import TOKEN_FIELDS

Document = dict[str, Any]
Documents = Collection[Document]


def examples(
    collection: Documents,
    low: str,
    high: str,
    *,
    session: ClientSession | None,
    projection: Mapping[str, Any],
) -> Iterator[tuple[str, Document]]:
    """Give each token in use and one document that carries it, in order.

    Args:
        collection: the current versions.
        low: the first token.
        high: the token to stop before.
        session: the transaction to read in.
        projection: which fields to give.
    """
    if mongo_direct.is_sharded(collection):
        yield from examples_across_shards(collection, low, high, session, projection)
        return
    stop: list[tuple[str, Any]] = [("t", high), ("_id", MinKey())]
    while True:
        # min and max make the bounds of the scan: a filter on an array would match its other items.
        start: list[tuple[str, Any]] = [("t", low), ("_id", MinKey())]
        found = collection.find({}, {**projection, "t": 1}, session=session)
        found = found.hint([*TOKEN_FIELDS]).min(start).max(stop).limit(1)
        document = next(found, None)
        if document is None:
            return
        token = min(each for each in document["t"] if low <= each < high)
        yield token, document
        low = f"{token}\0"  # the smallest text after it


def types_in_use(collection: Documents, session: ClientSession | None) -> list[str]:
    """Give the resource types that there are resources of, deleted ones included."""
    # In the order of an index that begins with the type, MongoDB leaps from type to type.
    by_type: list[dict[str, Any]] = [{"$sort": {"y": ASCENDING}}, {"$group": {"_id": "$y"}}]
    return sorted(group["_id"] for group in collection.aggregate(by_type, session=session))


def examples_across_shards(
    collection: Documents,
    low: str,
    high: str,
    session: ClientSession | None,
    projection: Mapping[str, Any],
) -> Iterator[tuple[str, Document]]:
    """Answer the same by grouping, for clusters, whose shards each have an order of their own."""
    inside = {"$gte": low, "$lt": high}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"t": {"$elemMatch": inside}}},
        {"$unwind": "$t"},
        {"$match": {"t": inside}},
        {"$group": {"_id": "$t", "example": {"$min": "$_id"}}},
        {"$sort": {"_id": ASCENDING}},
    ]
    for group in collection.aggregate(pipeline, session=session):
        document = collection.find_one({"_id": group["example"]}, projection, session=session)
        if document is not None:
            yield group["_id"], document
