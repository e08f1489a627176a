"""Ways through the collection: each follows one index in order and can go on where it stopped.

A position is what the last document stood at, as JSON; a scan that goes on from it reads only
what comes after, so every page costs the same, and what others write meanwhile neither repeats
nor hides a document that stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bson.min_key import MinKey
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.cursor import Cursor

from fhir_server.storage.mongo_filters import Filter, between, joined
from fhir_server.storage.mongo_indexes import TOKEN_FIELDS, TOKENS

Document = dict[str, Any]
Documents = Collection[Document]
Position = Any


@dataclass(frozen=True, slots=True)
class Read:
    """How to read: inside which transaction, how many documents, which fields."""

    collection: Documents
    session: ClientSession | None
    limit: int
    projection: Mapping[str, Any] | None

    def fields(self, *more: str) -> dict[str, Any] | None:
        """Give the projection with what a scan needs to tell its position."""
        return None if self.projection is None else {**self.projection, **dict.fromkeys(more, 1)}

    def find(
        self, filter_: Filter, sort: Sequence[tuple[str, int]], *fields: str
    ) -> Cursor[Document]:
        """Ask for the documents in order."""
        found = self.collection.find(filter_, self.fields(*fields), session=self.session)
        return found.sort(sort).limit(self.limit)


@dataclass(frozen=True, slots=True)
class IdScan:
    """In the order of ids.

    Args:
        filter: begins with a token, or with ids.
        descending: the other way.
        hint: whether to read the token index; where the filter also has ranges, MongoDB finds
            out which index leads to fewer documents.
    """

    filter: Filter
    descending: bool = False
    hint: bool = True

    def cursors(self, read: Read, position: Position) -> list[Cursor[Document]]:
        """Give the queries to run."""
        beyond = {"$lt" if self.descending else "$gt": position}
        filter_ = joined(self.filter, {"_id": beyond} if position is not None else {})
        direction = DESCENDING if self.descending else ASCENDING
        found = read.find(filter_, [("_id", direction)])
        return [found.hint(TOKENS) if self.hint else found]

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return document["_id"]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        return isinstance(position, str)

    def bounded(self) -> Filter:
        """Give the filter for all that the scan finds."""
        return self.filter

    def within(self, *filters: Filter) -> IdScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter, *filters))


@dataclass(frozen=True, slots=True)
class KeyScan:
    """In the order of a sort key.

    Args:
        field: the key to read.
        low: the first value; None for the smallest.
        high: the value to stop before; None for none.
        filter: what must hold besides.
        descending: the other way.
        base: the field with the same keys that every document has; by default ``field``.
    """

    field: str
    low: str | None = None
    high: str | None = None
    filter: Filter | None = None
    descending: bool = False
    base: str | None = None

    def cursors(self, read: Read, position: Position) -> list[Cursor[Document]]:
        """Give the queries to run."""
        beyond = {"$lt" if self.descending else "$gt": position}
        filter_ = joined(
            {self.field: between(self.low, self.high)},
            {self.field: beyond} if position is not None else {},
            self.filter or {},
        )
        direction = DESCENDING if self.descending else ASCENDING
        return [read.find(filter_, [(self.field, direction)], self.base or self.field)]

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return document["k"][(self.base or self.field).removeprefix("k.")]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        return isinstance(position, str)

    def bounded(self) -> Filter:
        """Give the filter for all that the scan finds."""
        return joined({self.field: between(self.low, self.high)}, self.filter or {})

    def within(self, *filters: Filter) -> KeyScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter or {}, *filters))


@dataclass(frozen=True, slots=True)
class MergedScan:
    """Several scans of the same keys, merged into one order.

    Args:
        scans: of disjoint documents; they share ``base`` and direction.
    """

    scans: tuple[KeyScan, ...]

    def cursors(self, read: Read, position: Position) -> list[Cursor[Document]]:
        """Give the queries to run."""
        return [cursor for scan in self.scans for cursor in scan.cursors(read, position)]

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return self.scans[0].position(document)

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        return isinstance(position, str)

    def bounded(self) -> Filter:
        """Give the filter for all that the scan finds."""
        return {"$or": [scan.bounded() for scan in self.scans]}

    def within(self, *filters: Filter) -> MergedScan:
        """Narrow the scan."""
        return MergedScan(tuple(scan.within(*filters) for scan in self.scans))


@dataclass(frozen=True, slots=True)
class TokenScan:
    """In the order of tokens, then ids; a document comes at its smallest token in the range.

    Args:
        low: the first token.
        high: the token to stop before.
        filter: what must hold besides.
    """

    low: str
    high: str
    filter: Filter | None = None

    def cursors(self, read: Read, position: Position) -> list[Cursor[Document]]:
        """Give the query to run."""
        start: list[tuple[str, Any]] = [("t", self.low), ("_id", MinKey())]
        if position is not None:
            # The smallest text after an id is the id with a NUL at its end.
            start = [("t", position[0]), ("_id", f"{position[1]}\0")]
        filter_ = joined(self._later(position), self.filter or {})
        found = read.collection.find(filter_, read.fields("t"), session=read.session)
        # min and max make the bounds of the scan; a sort would be by the smallest token of all.
        stop: list[tuple[str, Any]] = [("t", self.high), ("_id", MinKey())]
        return [found.hint(TOKEN_FIELDS).min(start).max(stop).limit(read.limit)]

    def aggregated(self, read: Read, position: Position) -> Iterable[Document]:
        """Answer the same through a sort, for clusters, whose shards each have an order."""
        inside = {
            "$and": [
                {"$gte": ["$$this", {"$literal": self.low}]},
                {"$lt": ["$$this", {"$literal": self.high}]},
            ]
        }
        token, id_ = position or (self.low, MinKey())
        later = [{"s": {"$gt": token}}, {"s": token, "_id": {"$gt": id_}}]
        pipeline: list[dict[str, Any]] = [
            {"$match": self.bounded()},
            {"$set": {"s": {"$min": {"$filter": {"input": "$t", "cond": inside}}}}},
            {"$match": {"$or": later}},
            {"$sort": {"s": ASCENDING, "_id": ASCENDING}},
            {"$limit": read.limit},
        ]
        fields = read.fields("t")
        if fields is not None:
            pipeline.append({"$project": fields})
        return read.collection.aggregate(pipeline, session=read.session)

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return [min(t for t in document["t"] if self.low <= t < self.high), document["_id"]]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        if not isinstance(position, list) or len(position) != 2:
            return False
        return all(isinstance(p, str) for p in position) and self.low <= position[0] < self.high

    def bounded(self) -> Filter:
        """Give the filter for all that the scan finds."""
        return joined({"t": {"$elemMatch": between(self.low, self.high)}}, self.filter or {})

    def within(self, *filters: Filter) -> TokenScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter or {}, *filters))

    def _later(self, position: Position) -> Filter:
        """Leave out documents that an earlier page had at a smaller token."""
        if position is None:
            return {}
        token, id_ = position
        before: list[Filter] = [{"t": token, "_id": {"$lte": id_}}]
        if token > self.low:
            before.append({"t": {"$elemMatch": between(self.low, token)}})
        return {"$nor": before}


@dataclass(frozen=True, slots=True)
class UpdatedScan:
    """In the order of ``_lastUpdated``, then ids.

    Args:
        types: resource types; empty for all.
        low: the first microsecond; None for the first there is.
        high: the microsecond to stop before; None for none.
        filter: what must hold besides.
        descending: the other way.
    """

    types: tuple[str, ...]
    low: int | None = None
    high: int | None = None
    filter: Filter | None = None
    descending: bool = False

    def cursors(self, read: Read, position: Position) -> list[Cursor[Document]]:
        """Give the query to run."""
        types: Filter = {}
        if not self.types:
            # MongoDB merges the types' parts of the index into one order if it knows them all.
            types = {"y": {"$in": read.collection.distinct("y", session=read.session)}}
        direction, beyond = (DESCENDING, "$lt") if self.descending else (ASCENDING, "$gt")
        later: Filter = {}
        if position is not None:
            moment, id_ = position
            later = {
                "u": {f"{beyond}e": moment},
                "$or": [{"u": {beyond: moment}}, {"_id": {beyond: id_}}],
            }
        filter_ = joined(types, self.bounded(), later)
        return [read.find(filter_, [("u", direction), ("_id", direction)], "u")]

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return [document["u"], document["_id"]]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        if not isinstance(position, list) or len(position) != 2:
            return False
        moment, id_ = position
        return type(moment) is int and abs(moment) < 2**63 and isinstance(id_, str)

    def bounded(self) -> Filter:
        """Give the filter for all that the scan finds."""
        # A deleted resource keeps its date but has no tokens.
        living: Filter = {"t": {"$exists": True}}
        if self.types:
            living = {"t": self.types[0] if len(self.types) == 1 else {"$in": list(self.types)}}
        bounds: Filter = {} if self.low is None else {"$gte": self.low}
        if self.high is not None:
            bounds["$lt"] = self.high
        types: Filter = {"y": {"$in": list(self.types)} if self.types else {"$gt": ""}}
        return joined(types, {"u": bounds} if bounds else {}, living, self.filter or {})

    def within(self, *filters: Filter) -> UpdatedScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter or {}, *filters))


Scan = IdScan | KeyScan | MergedScan | TokenScan | UpdatedScan


def run(scan: Scan, read: Read, position: Position) -> list[Document]:
    """Give the next documents of a scan.

    Args:
        scan: which way to go.
        read: how to read, and how many.
        position: where to go on; None to begin.
    """
    if isinstance(scan, TokenScan) and read.collection.database.client.is_mongos:
        return list(scan.aggregated(read, position))
    found = [document for cursor in scan.cursors(read, position) for document in cursor]
    if isinstance(scan, MergedScan):
        found.sort(key=scan.position, reverse=scan.scans[0].descending)
    return found[: read.limit]
