"""Orders of resources by one sort key, each read from an index.

What has several values stands at the one that comes first in the order asked for: the smallest
in ascending order, the greatest in descending order.

- Dates, numbers and quantities: the smallest start or the greatest end, both of them sort keys.
- Strings: the smallest begins the sort key. The greatest is a token where there are several.
- Codes, URIs and references: tokens. MongoDB can't read the tokens of one parameter backwards: a
  sort would be by the greatest of all a document's tokens. So descending order looks for a text
  from which on there are few tokens, by halving, and reads these.

Source: https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

from pymongo import DESCENDING

from fhir_server.search import tokens
from fhir_server.search.query import Sort
from fhir_server.storage.mongo_backwards import windows
from fhir_server.storage.mongo_filters import (
    NOTHING,
    Filter,
    between,
    end_key,
    joined,
    start_key,
)
from fhir_server.storage.mongo_indexes import TOKENS
from fhir_server.storage.mongo_reads import Document, Read
from fhir_server.storage.mongo_scans import (
    IdScan,
    KeyScan,
    Position,
    TokenScan,
    UpdatedScan,
    streamed,
)

Value = Any  # str, int, or None for a resource without a value


@dataclass(frozen=True, slots=True)
class Stretch:
    """The next documents of an order.

    Args:
        documents: in the order of their values; of equal values in any.
        more: there may be more, also with the last of the values.
    """

    documents: list[Document]
    more: bool


class Order(Protocol):
    """An order by one sort key."""

    @property
    def field(self) -> str:
        """The field of the document that it needs."""

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""

    def value(self, document: Document) -> Value:
        """Give what a document is sorted by; None if it has no value."""

    def at(self, value: Value) -> Filter:
        """Give the exact filter for the documents with a value; None for those with none."""

    def beyond(self, read: Read, filter_: Filter, value: Value, limit: int) -> Stretch:
        """Give the documents that pass a filter and come after a value; None to begin."""


def natural_order(order: Order) -> UpdatedOrder | RangeOrder | TokenOrder | None:
    """Give an order whose index has the ids of equal values in its direction, None for another."""
    if isinstance(order, TokenOrder):
        return None if order.descending else order
    return order if isinstance(order, UpdatedOrder | RangeOrder) else None


def order_of(sort: Sort, types: tuple[str, ...]) -> Order:
    """Give the order by a sort key."""
    if sort.by == "_lastUpdated":
        return UpdatedOrder(types, sort.descending)
    if sort.said_by:
        parts = tuple((name, _by_tokens(replace(sort, by=name))) for name in sort.said_by)
        return UnitedOrder(sort.by, parts, sort.descending)
    if sort.kind in ("token", "uri", "reference"):
        return _by_tokens(sort)
    if sort.kind == "string":
        return TextOrder(sort.by, sort.descending)
    return RangeOrder(sort.by, sort.descending)


def _by_tokens(sort: Sort) -> TokenOrder:
    return TokenOrder(*bounds(sort), sort.descending)


def bounds(sort: Sort) -> tuple[str, str]:
    """Give the bounds of the tokens that a parameter is sorted by."""
    if sort.kind == "reference":
        return sort.by + tokens.REFERENCE, sort.by + tokens.PRESENT
    return sort.by + tokens.CODE, sort.by + tokens.REFERENCE


@dataclass(frozen=True, slots=True)
class UpdatedOrder:
    """By ``_lastUpdated``."""

    types: tuple[str, ...]
    descending: bool
    field: str = "u"

    def value(self, document: Document) -> Value:
        """Give what a document is sorted by."""
        return document["u"]

    def at(self, value: Value) -> Filter:
        """Give the exact filter for the documents with a value."""
        return NOTHING if value is None else {"u": value}

    def natural(self, read: Read, filter_: Filter, after: Position, limit: int) -> list[Document]:
        """Give the next documents by value and id."""
        scan = UpdatedScan(self.types, None, None, filter_, self.descending)
        return scan.documents(read, after, limit)

    def beyond(self, read: Read, filter_: Filter, value: Value, limit: int) -> Stretch:
        """Give the documents that pass a filter and come after a value; None to begin."""
        low = None if value is None or self.descending else value + 1
        high = value if self.descending else None
        scan = UpdatedScan(self.types, low, high, filter_, self.descending)
        found = scan.documents(read, None, limit)
        return Stretch(found, len(found) == limit)


@dataclass(frozen=True, slots=True)
class RangeOrder:
    """By the smallest start of a parameter's ranges, or by their greatest end."""

    name: str
    descending: bool

    @property
    def field(self) -> str:
        """The sort key."""
        return end_key(self.name) if self.descending else start_key(self.name)

    def natural(self, read: Read, filter_: Filter, after: Position, limit: int) -> list[Document]:
        """Give the next documents by value and id, without those that have no value."""
        at = None if after is None else f"{after[0]} {after[1]}"
        return KeyScan(self.field, None, None, filter_, self.descending).documents(read, at, limit)

    def value(self, document: Document) -> Value:
        """Give what a document is sorted by; None if it has no value."""
        key = document.get("k", {}).get(self.field.removeprefix("k."))
        return None if key is None else key.partition(" ")[0]

    def at(self, value: Value) -> Filter:
        """Give the exact filter for the documents with a value; None for those with none."""
        if value is None:
            return {self.field: {"$exists": False}}
        return {self.field: between(f"{value} ", f"{value}!")}

    def beyond(self, read: Read, filter_: Filter, value: Value, limit: int) -> Stretch:
        """Give the documents that pass a filter and come after a value; None to begin."""
        low = None if value is None or self.descending else f"{value}!"
        high = f"{value} " if value is not None and self.descending else None
        scan = KeyScan(self.field, low, high, filter_, self.descending)
        found = scan.documents(read, None, limit)
        return Stretch(found, len(found) == limit)


_ONE_TEXT = f"^[^{tokens.NEXT}]*{tokens.NEXT}[^{tokens.NEXT}]*$"


@dataclass(frozen=True, slots=True)
class TextOrder:
    """By one of a parameter's strings.

    Args:
        name: the parameter.
        descending: by the greatest, greatest first; else by the smallest.
    """

    name: str
    descending: bool

    @property
    def field(self) -> str:
        """The sort key."""
        return start_key(self.name)

    @property
    def _start(self) -> str:
        return f"{self.name}{tokens.TEXT}"

    @property
    def _several(self) -> TokenOrder:
        """The order of those that have several strings."""
        return TokenOrder(self._start, f"{self.name}{tokens.CODE}", self.descending)

    def value(self, document: Document) -> Value:
        """Give what a document is sorted by; None if it has no value."""
        key = document.get("k", {}).get(self.field.removeprefix("k."))
        return None if key is None else key.split(tokens.NEXT)[-2 if self.descending else 0]

    def at(self, value: Value) -> Filter:
        """Give the exact filter for the documents with a value; None for those with none."""
        if value is None:
            return {self.field: {"$exists": False}}
        inside = {self.field: between(value + tokens.NEXT, value + tokens.EXACT)}
        if not self.descending:
            return inside
        return {"$or": [joined(inside, self._alone), self._several.at(self._start + value)]}

    @property
    def _alone(self) -> Filter:
        return {self.field: {"$regex": _ONE_TEXT}}

    def tied(
        self, read: Read, filter_: Filter, value: str, after: str | None, limit: int, *, down: bool
    ) -> list[Document]:
        """Give the documents with a value in the order of their ids."""
        low, high = value + tokens.NEXT, value + tokens.EXACT
        single = KeyScan(self.field, low, high, joined(self._alone, filter_), down)
        several = IdScan(joined(self._several.at(self._start + value), filter_), down)
        size = limit // 2 + 1
        at = None if after is None else low + after
        found = streamed(single, read, at, size), streamed(several, read, after, size)
        merged = heapq.merge(*found, key=lambda d: str(d["_id"]), reverse=down)
        return list(islice(merged, limit))

    def beyond(self, read: Read, filter_: Filter, value: Value, limit: int) -> Stretch:
        """Give the documents that pass a filter and come after a value; None to begin."""
        if self.descending:
            return self._before(read, filter_, value, limit)
        low = None if value is None else value + tokens.EXACT
        found = KeyScan(self.field, low, None, filter_).documents(read, None, limit)
        return Stretch(found, len(found) == limit)

    def _before(self, read: Read, filter_: Filter, value: Value, limit: int) -> Stretch:
        before = None if value is None else self._start + value
        several = self._several.beyond(read, filter_, before, limit)
        # Only as far down as those of several strings reach: what is below may stand behind more.
        last = self.value(several.documents[-1]) if several.more else None
        high = None if value is None else value + tokens.NEXT
        one = joined(self._alone, filter_)
        single = KeyScan(self.field, last, high, one, descending=True).documents(read, None, limit)
        found = sorted([*several.documents, *single], key=self.value, reverse=True)
        more = several.more or len(single) == limit
        if len(single) == limit:
            cut = self.value(single[-1])
            found = [d for d in found if self.value(d) >= cut]
        return Stretch(found, more)


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """By a parameter's tokens.

    Args:
        low: the first token there can be.
        high: what all of them stand before.
        descending: by the greatest, greatest first.
    """

    low: str
    high: str
    descending: bool
    field: str = "t"

    def value(self, document: Document) -> Value:
        """Give what a document is sorted by; None if it has no value."""
        own = [token for token in document.get("t", ()) if self.low <= token < self.high]
        return (max if self.descending else min)(own, default=None)

    def at(self, value: Value) -> Filter:
        """Give the exact filter for the documents with a value; None for those with none."""
        if value is None:
            return {"$nor": [_within(self.low, self.high)]}
        return {"t": value, "$nor": [self.passed(value)]}

    def passed(self, value: str, *, itself: bool = False) -> Filter:
        """Give the filter for the documents that also come before a value, or at it."""
        if self.descending:
            return _within(value if itself else f"{value}\0", self.high)
        return _within(self.low, f"{value}\0" if itself else value)

    def beyond(self, read: Read, filter_: Filter, value: Value, limit: int) -> Stretch:
        """Give the documents that pass a filter and come after a value; None to begin."""
        if self.descending:
            return self._before(read, filter_, self.high if value is None else value, limit)
        if value is not None:
            filter_ = joined({"$nor": [_within(self.low, f"{value}\0")]}, filter_)
        low = self.low if value is None else f"{value}\0"
        found = TokenScan(low, self.high, filter_).documents(read, None, limit)
        return Stretch(found, len(found) == limit)

    def natural(self, read: Read, filter_: Filter, after: Position, limit: int) -> list[Document]:
        """Give the next documents by value and id, in ascending order, those that have a value."""
        return TokenScan(self.low, self.high, filter_).documents(read, after, limit)

    def _before(self, read: Read, filter_: Filter, high: str, limit: int) -> Stretch:
        found: list[Document] = []
        for window in windows(read, self.low, high, limit):
            if window.high == f"{window.low}\0":
                # One token of many documents: some of them tell that there are more.
                only = joined(self.at(window.low), filter_)
                wanted = limit - len(found)
                sort = [("_id", DESCENDING)]
                fields = read.fields("t")
                own = read.find(only, wanted, sort=sort, projection=fields, hint=TOKENS)
            else:
                inside = read.by_ids(window.ids, filter_, "t").values()
                own = [d for d in inside if window.low <= self.value(d) < window.high]
                own.sort(key=self.value, reverse=True)
            found += own
            if len(found) >= limit:
                return Stretch(found, more=True)
        return Stretch(found, more=False)


@dataclass(frozen=True, slots=True)
class UnitedOrder:
    """By a parameter whose tokens are those of others (`Parameter.said_by`).

    Args:
        name: the parameter, as which all values are spelled.
        parts: the others by name.
        descending: by the greatest, greatest first.
    """

    name: str
    parts: tuple[tuple[str, TokenOrder], ...]
    descending: bool
    field: str = "t"

    def value(self, document: Document) -> Value:
        """Give what a document is sorted by; None if it has no value."""
        found = [
            f"{self.name}{own[len(name) :]}"
            for name, order in self.parts
            if (own := order.value(document)) is not None
        ]
        return (max if self.descending else min)(found, default=None)

    def at(self, value: Value) -> Filter:
        """Give the exact filter for the documents with a value; None for those with none."""
        if value is None:
            return joined(*(order.at(None) for _, order in self.parts))
        spelled = [own for own, _ in self._spelled(value)]
        earlier = [order.passed(own) for own, order in self._spelled(value)]
        return {"t": {"$in": spelled}, "$nor": earlier}

    def beyond(self, read: Read, filter_: Filter, value: Value, limit: int) -> Stretch:
        """Give the documents that pass a filter and come after a value; None to begin."""
        if value is not None:
            had = [order.passed(own, itself=True) for own, order in self._spelled(value)]
            filter_ = joined({"$nor": had}, filter_)
        found: dict[str, Document] = {}
        ends = []
        for name, order in self.parts:
            own = None if value is None else f"{name}{value[len(self.name) :]}"
            stretch = order.beyond(read, filter_, own, limit)
            found |= {document["_id"]: document for document in stretch.documents}
            if stretch.more:
                last = order.value(stretch.documents[-1])
                ends.append(f"{self.name}{last[len(name) :]}")
        ordered = sorted(found.values(), key=self.value, reverse=self.descending)
        if not ends:
            return Stretch(ordered, more=False)
        # Only as far as all of them reach: what is further may stand behind more of another.
        if self.descending:
            return Stretch([d for d in ordered if self.value(d) >= max(ends)], more=True)
        return Stretch([d for d in ordered if self.value(d) <= min(ends)], more=True)

    def _spelled(self, value: str) -> list[tuple[str, TokenOrder]]:
        """Spell a value as each of the others does."""
        return [(f"{name}{value[len(self.name) :]}", order) for name, order in self.parts]


def _within(low: str, high: str) -> Filter:
    return {"t": {"$elemMatch": between(low, high)}}
