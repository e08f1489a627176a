"""Pages in an order that was asked for, by one key or several.

The first key leads. What has the same first value is a group: complete groups are put in the
order of the other keys here; a group that doesn't fit on the page is asked for by the other keys,
in the same way. There MongoDB chooses between following the next key and sorting the group, of
which it only keeps as many documents as the page needs. So every page costs about the same.

Ties are in the order of the ids, in the direction of the last key. Resources without a value come
last in either direction.

A single key whose index has the ids in order needs none of this: it is a plain scan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key
from itertools import groupby
from typing import Any

from fhir_server.search.query import (
    Criterion,
    HasKey,
    InRange,
    Or,
    Query,
    Sort,
    TextContains,
    TextStart,
)
from fhir_server.search.ranges import AFTER, LONG, SPANS, shifted
from fhir_server.search.unit_entries import named
from fhir_server.storage.mongo_branches import begun_before, updated_scan, window
from fhir_server.storage.mongo_filters import Filter, as_filter, end_key, joined, start_key
from fhir_server.storage.mongo_orders import (
    Order,
    TextOrder,
    TokenOrder,
    UnitedOrder,
    natural_order,
    order_of,
)
from fhir_server.storage.mongo_own import Own, own_of
from fhir_server.storage.mongo_plan import by_id, counted, leading, type_filter
from fhir_server.storage.mongo_reads import Document, Read
from fhir_server.storage.mongo_scans import IdScan, KeyScan, MergedScan, Position, Scan

# So many documents at most are sorted here, where a criterion leads to no more.
SORTED_AT_ONCE = 2_000

BY_ID, BY_UPDATED = "_id", "_lastUpdated"
BY_RANGE = ("date", "number", "quantity")
_BY_TOKENS = (TokenOrder, TextOrder, UnitedOrder)


def sorted_scans(query: Query) -> list[Scan]:
    """Give the scans that answer a query in its order, one after the other."""
    first, *others = query.sort
    if first.by == BY_ID:
        return [by_id(query, descending=first.descending)]
    if others or (first.by != BY_UPDATED and first.kind not in BY_RANGE):
        return [_sorted_scan(query)]
    if first.by == BY_UPDATED:
        return [_by_updates(query, descending=first.descending)]
    return _by_ranges(query, first)


def _by_updates(query: Query, *, descending: bool) -> Scan:
    own = own_of(query)
    if own is not None and len(own.units) == 1:
        return own.updates(query, own.units[0], descending=descending)
    return updated_scan(query, descending=descending)


def _by_ranges(query: Query, sort: Sort) -> list[Scan]:
    filter_ = joined(type_filter(query), as_filter(query.where))
    low, high = window(sort.by, query.where.parts)

    def ordered(name: str) -> list[KeyScan | MergedScan]:
        return _latest_first(name, low, high) if sort.descending else _first(name, low, high)

    own = own_of(query)
    is_kept = own is not None and own.keeps_order(sort.by)
    found = own.merged(sort.by, ordered) if own and is_kept else ordered(sort.by)
    scans: list[Scan] = [scan.within(filter_) for scan in found]
    if any(_asks_for(part, sort.by) for part in query.where.parts):
        return scans
    missing = {start_key(sort.by): {"$exists": False}}
    return [*scans, by_id(query, missing, descending=sort.descending)]


def _asks_for(criterion: Criterion, name: str) -> bool:
    """Tell whether only resources with a value of the parameter fulfil a criterion."""
    if isinstance(criterion, Or):
        return all(_asks_for(part, name) for part in criterion.parts)
    asking = InRange | TextStart | TextContains | HasKey
    return isinstance(criterion, asking) and criterion.name == name


def _first(name: str, low: str | None, high: str | None) -> list[KeyScan | MergedScan]:
    """Give the scans by the smallest start for what a window may hold."""
    if low is None:
        return [KeyScan(start_key(name), None, high)]
    begun, reach = begun_before(name, low, high)
    return [MergedScan(tuple(begun)), KeyScan(start_key(name), reach, high)]


def _latest_first(name: str, low: str | None, high: str | None) -> list[KeyScan | MergedScan]:
    """Give the scans by the greatest end for what a window may hold.

    What begins in the window ends soon after it, but for the longer ranges, which stand out: a
    sort key says of which class they are.
    """
    ends = end_key(name)
    after = None if low is None else low + AFTER
    if high is None or not high[:1].isdigit():
        return [KeyScan(ends, after, descending=True)]
    reach = shifted(high, SPANS[0][1])
    longer = [(span, shifted(high, length)) for span, length in SPANS[1:]]
    later = [
        KeyScan(ends, reach, end, {start_key(name, span): {"$lt": high}}, descending=True)
        for span, end in [*longer, (LONG, None)]
    ]
    return [MergedScan(tuple(later)), KeyScan(ends, after, reach, descending=True)]


def _sorted_scan(query: Query) -> SortedScan:
    keys = [sort.by for sort in query.sort]
    sorts = query.sort[: keys.index(BY_ID)] if BY_ID in keys else query.sort
    last = query.sort[min(len(sorts), len(query.sort) - 1)]
    own = own_of(query)
    orders = tuple(order_of(_among(sort, own), query.types) for sort in sorts)
    return SortedScan(orders, by_id(query).filter, last.descending, tuple(leading(query)))


def _among(sort: Sort, own: Own | None) -> Sort:
    """Give a key of the order as it is kept for a unit's own, where it is."""
    if own is None or len(own.units) != 1 or not own.keeps_order(sort.by):
        return sort
    return replace(sort, by=named(sort.by, own.units[0]))


@dataclass(frozen=True, slots=True)
class SortedScan:
    """In the order of one or several keys, then of ids.

    Args:
        orders: by each of the keys.
        filter: what must hold.
        descending: the direction of the ids among equals.
        leading: filters of which each tuple leads to all that is found, by one criterion.
    """

    orders: tuple[Order, ...]
    filter: Filter
    descending: bool
    leading: tuple[tuple[Filter, ...], ...] = ()

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        wider = replace(read, projection=read.fields(*self._fields()))
        few = next((each for each in self.leading if _is_few(read, *each)), None)
        if few is not None:
            ways = [joined(self.filter, each) for each in few]
            return self._sorted_at_once(wider, ways, position or [], limit)
        return self._next(wider, self.orders, self.filter, position or [], limit)

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return [*(order.value(document) for order in self.orders), document["_id"]]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        if not isinstance(position, list) or len(position) != len(self.orders) + 1:
            return False
        own = zip(self.orders, position, strict=False)
        return isinstance(position[-1], str) and all(_is_value(o, v) for o, v in own)

    def within(self, *filters: Filter) -> SortedScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter, *filters))

    def _fields(self) -> list[str]:
        return [order.field for order in self.orders]

    def _sorted_at_once(
        self, read: Read, ways: Sequence[Filter], after: list[Any], limit: int
    ) -> list[Document]:
        """Sort all that passes one of some filters by the last keys; give what is after this."""
        fields = dict.fromkeys(self._fields(), 1)
        each = (document for way in ways for document in read.find(way, 0, projection=fields))
        found = list({document["_id"]: document for document in each}.values())
        first = len(self.orders) + 1 - len(after)
        if after:
            beginning = [None] * first + after
            found = [d for d in found if self._compare(self.position(d), beginning, first) > 0]
        ids = [document["_id"] for document in self._sorted(found, 0)]
        documents: list[Document] = []
        for start in range(0, len(ids), limit):
            # Some may have changed since: a page must not end early, or the rest would be lost.
            wanted = ids[start : start + limit]
            living = read.by_ids(wanted, ways[0] if len(ways) == 1 else {"$or": list(ways)})
            documents += [living[id_] for id_ in wanted if id_ in living]
            if len(documents) >= limit:
                break
        return documents[:limit]

    def _sorted(self, documents: list[Document], first: int) -> list[Document]:
        """Put documents in the order of the keys from one on."""

        def compare(a: Document, b: Document) -> int:
            return self._compare(self.position(a), self.position(b), first)

        return sorted(documents, key=cmp_to_key(compare))

    def _compare(self, a: list[Any], b: list[Any], first: int = 0) -> int:
        directions = [*(order.descending for order in self.orders), self.descending]
        for descending, left, right in list(zip(directions, a, b, strict=True))[first:]:
            if left == right:
                continue
            if left is None or right is None:
                return 1 if left is None else -1
            return -1 if (left < right) is not descending else 1
        return 0

    def _next(
        self,
        read: Read,
        orders: tuple[Order, ...],
        filter_: Filter,
        after: list[Any],
        limit: int,
    ) -> list[Document]:
        """Give the next documents in the order of the last keys, after their values and an id."""
        if not orders:
            scan = IdScan(filter_, self.descending, hint=None)
            return scan.documents(read, after[0] if after else None, limit)
        order = orders[0]
        found: list[Document] = []
        value = after[0] if after else None
        ordered = len(orders) == 1 and order.descending is self.descending
        natural = natural_order(order) if ordered else None
        if natural and (not after or value is not None):
            found = natural.natural(read, filter_, after or None, limit)
        elif after:
            found = self._same(read, orders, filter_, after, limit)
            if value is None:
                return found
        if len(found) < limit and not natural:
            found += self._groups(read, orders, filter_, value, limit - len(found))
        if len(found) < limit:
            found += self._same(read, orders, filter_, [None], limit - len(found))
        return found

    def _same(
        self,
        read: Read,
        orders: tuple[Order, ...],
        filter_: Filter,
        after: list[Any],
        limit: int,
    ) -> list[Document]:
        """Give the next documents of one value, after the other values and the id that follow.

        What is few is sorted at once: following the next key would read all that is there, in
        small steps, to find the few that have this value, or none.
        """
        (value, *beyond), (order, *rest) = after, orders
        if not rest and value is not None and isinstance(order, TextOrder):
            id_ = beyond[0] if beyond else None
            return order.tied(read, filter_, value, id_, limit, down=self.descending)
        same = joined(filter_, order.at(value))
        if rest and isinstance(rest[0], _BY_TOKENS) and _is_few(read, same):
            return self._sorted_at_once(read, [same], beyond, limit)
        return self._next(read, tuple(rest), same, beyond, limit)

    def _groups(
        self, read: Read, orders: tuple[Order, ...], filter_: Filter, value: Any, limit: int
    ) -> list[Document]:
        """Give the next documents that have a value, after all of one value."""
        order, rest = orders[0], orders[1:]
        found: list[Document] = []
        more = True
        while more and len(found) < limit:
            stretch = order.beyond(read, filter_, value, limit - len(found))
            more = stretch.more
            groups = [(v, list(own)) for v, own in groupby(stretch.documents, order.value)]
            # The last group may go on: by the other keys, what comes first in it may be elsewhere.
            value = groups.pop()[0] if more else value
            for _, own in groups:
                found += self._sorted(own, len(self.orders) - len(rest))
            if more and len(found) < limit:
                found += self._same(read, orders, filter_, [value], limit - len(found))
        return found[:limit]


def _is_few(read: Read, *filters: Filter) -> bool:
    return counted(read, filters, SORTED_AT_ONCE) < SORTED_AT_ONCE


def _is_value(order: Order, value: Any) -> bool:
    if order.field == "u":
        return type(value) is int and abs(value) < 2**63
    return value is None or isinstance(value, str)
