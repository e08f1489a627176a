"""Ways through the collection: each follows one index in order and can go on where it stopped.

A position is what the last document stood at, as JSON; a scan that goes on from it reads only
what comes after, so every page costs the same, and what others write meanwhile neither repeats
nor hides a document that stays as it is.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from bson.min_key import MinKey
from pymongo import ASCENDING, DESCENDING

from fhir_server.storage import mongo_direct
from fhir_server.storage.mongo_filters import END_OF_TEXT, Filter, between, joined
from fhir_server.storage.mongo_indexes import TOKENS, WORDS
from fhir_server.storage.mongo_reads import Bounds, Document, Read

Position = Any


class Scan(Protocol):
    """A way through the collection."""

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""

    def within(self, *filters: Filter) -> Scan:
        """Narrow the scan."""


@dataclass(frozen=True, slots=True)
class IdScan:
    """In the order of ids.

    Args:
        filter: begins with a token, or with ids.
        descending: the other way.
        hint: the index to read; None where the filter also has ranges: MongoDB then finds out
            which index leads to fewer documents.
    """

    filter: Filter
    descending: bool = False
    hint: str | None = TOKENS

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        beyond = {"$lt" if self.descending else "$gt": position}
        filter_ = joined(self.filter, {"_id": beyond} if position is not None else {})
        sort = [("_id", DESCENDING if self.descending else ASCENDING)]
        return read.find(
            filter_, limit, sort=sort, projection=read.fields(), hint=self.hint, ends_early=True
        )

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

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        beyond = {"$lt" if self.descending else "$gt": position}
        filter_ = joined(
            {self.field: between(self.low, self.high)},
            {self.field: beyond} if position is not None else {},
            self.filter or {},
        )
        sort = [(self.field, DESCENDING if self.descending else ASCENDING)]
        fields = read.fields(self.base or self.field)
        return read.find(filter_, limit, sort=sort, projection=fields, ends_early=True)

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

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        # A part of the page from each at first: together that is often enough.
        size = limit // len(self.scans) + 1
        found = [streamed(scan, read, position, size) for scan in self.scans]
        merged = heapq.merge(*found, key=self.position, reverse=self.scans[0].descending)
        return list(islice(merged, limit))

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

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        if mongo_direct.is_sharded(read.collection):
            return self.aggregated(read, position, limit)
        low, after = position or (self.low, None)
        filter_ = joined(self._later(position), self.filter or {})
        # Bounds of the index; a sort would be by the smallest token of all.
        bounds = Bounds("t", low, self.high, after)
        fields = read.fields("t")
        return read.find(filter_, limit, projection=fields, bounds=bounds, ends_early=True)

    def aggregated(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Answer the same through a sort, for clusters, whose shards each have an order."""
        return _sorted(read, "t", (self.low, self.high), self.bounded(), position, limit)

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return [min(t for t in document["t"] if self.low <= t < self.high), document["_id"]]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        return are_two_texts(position) and self.low <= position[0] < self.high

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

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        # MongoDB merges the types' parts of the index into one order if it knows them all.
        types: Filter = {} if self.types else {"y": {"$in": read.types()}}
        direction, beyond = (DESCENDING, "$lt") if self.descending else (ASCENDING, "$gt")
        later: Filter = {}
        if position is not None:
            moment, id_ = position
            later = {
                "u": {f"{beyond}e": moment},
                "$or": [{"u": {beyond: moment}}, {"_id": {beyond: id_}}],
            }
        filter_ = joined(types, self.bounded(), later)
        sort = [("u", direction), ("_id", direction)]
        return read.find(filter_, limit, sort=sort, projection=read.fields("u"), ends_early=True)

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


@dataclass(frozen=True, slots=True)
class WordScan:
    """In the order of words, then ids; a document comes at its first word that starts so.

    The index of words is that of all types: what the ids begin with tells them apart.

    Args:
        start: what the words start with.
        types: resource types; empty for all.
        filter: what must hold besides.
    """

    start: str
    types: tuple[str, ...] = ()
    filter: Filter | None = None

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        if mongo_direct.is_sharded(read.collection):
            return self.aggregated(read, position, limit)
        if position is None:
            return self._found(read, {"w": {"$elemMatch": self._words()}}, limit)
        word, id_ = position
        same = {"w": word, "_id": {"$gt": id_}, "$nor": self._earlier(word)}
        found = self._found(read, same, limit)
        if len(found) < limit:
            later = {"w": {"$elemMatch": self._words(word)}}
            rest = joined(later, {"$nor": [*self._earlier(word), {"w": word}]})
            found += self._found(read, rest, limit - len(found))
        return found

    def aggregated(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Answer the same through a sort, for clusters, whose shards each have an order."""
        ends = self.start, self.start + END_OF_TEXT
        return _sorted(read, "w", ends, self.bounded(), position, limit)

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return [min(w for w in document["w"] if w.startswith(self.start)), document["_id"]]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        return are_two_texts(position) and position[0].startswith(self.start)

    def bounded(self) -> Filter:
        """Give the filter for all that the scan finds."""
        words: Filter = {"w": {"$elemMatch": self._words()}}
        return joined(words, of_types(self.types), self.filter or {})

    def within(self, *filters: Filter) -> WordScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter or {}, *filters))

    def _words(self, after: str | None = None) -> Filter:
        low = {"$gte": self.start} if after is None else {"$gt": after}
        return {**low, "$lt": self.start + END_OF_TEXT}

    def _earlier(self, word: str) -> list[Filter]:
        return [{"w": {"$elemMatch": {"$gte": self.start, "$lt": word}}}]

    def _found(self, read: Read, words: Filter, limit: int) -> list[Document]:
        # No sort: it would be by the smallest of all words. The index is followed in its order.
        filter_ = joined(words, of_types(self.types), self.filter or {})
        return read.find(filter_, limit, projection=read.fields("w"), hint=WORDS)


def _sorted(
    read: Read,
    field: str,
    ends: tuple[str, str],
    filter_: Filter,
    position: Position,
    limit: int,
) -> list[Document]:
    """Sort what passes a filter by its first text between two ends, then by id."""
    low, high = ({"$literal": end} for end in ends)
    inside = {"$and": [{"$gte": ["$$this", low]}, {"$lt": ["$$this", high]}]}
    text, id_ = position or (ends[0], MinKey())
    pipeline: list[dict[str, Any]] = [
        {"$match": filter_},
        {"$set": {"s": {"$min": {"$filter": {"input": f"${field}", "cond": inside}}}}},
        {"$match": {"$or": [{"s": {"$gt": text}}, {"s": text, "_id": {"$gt": id_}}]}},
        {"$sort": {"s": ASCENDING, "_id": ASCENDING}},
        {"$limit": limit},
    ]
    fields = read.fields(field)
    if fields is not None:
        pipeline.append({"$project": fields})
    return mongo_direct.aggregate(read.collection, pipeline, session=read.session).all()


def are_two_texts(position: Position) -> bool:
    """Tell whether a position is a list of two texts."""
    return isinstance(position, list) and list(map(type, position)) == [str, str]


def of_types(types: Sequence[str]) -> Filter:
    """Restrict to types by what ids begin with."""
    ranges: list[Filter] = [{"_id": {"$gte": f"{t}/", "$lt": f"{t}0"}} for t in types]
    return {"$or": ranges} if len(ranges) > 1 else joined(*ranges)


def streamed(scan: Scan, read: Read, position: Position, size: int) -> Iterator[Document]:
    """Give the documents of a scan one by one; as many as ``size`` are read together."""
    read = replace(read, max_bytes=None)  # fewer than asked for are the last ones
    while True:
        found = scan.documents(read, position, size)
        yield from found
        if len(found) < size:
            return
        position = scan.position(found[-1])


PlainScan = IdScan | KeyScan | MergedScan | TokenScan | UpdatedScan | WordScan
