"""Decides which index leads to the answer of a query, and in which order the pages come.

- A criterion that is an equality of tokens leads by the token index, in the order of ids. MongoDB
  itself finds out which of several is rarest.
- With ranges alone, the narrowest leads, in its own order. Among a unit's own, one leads that is
  kept in order for the unit, where there is one (`fhir_server.storage.mongo_own`).
- With ``_sort``, `fhir_server.storage.mongo_sort` says what leads.
- What only excludes (``:not``, ``:missing=true``) leads nowhere: alone, it reads every resource
  of the type, through the token of the type, and filters.

Some criteria need several scans, one after the other: `fhir_server.storage.mongo_branches`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_server.search.query import (
    Criterion,
    HasId,
    HasKey,
    HasToken,
    HasWord,
    InRange,
    Near,
    Or,
    Paired,
    Query,
    TextContains,
    TextStart,
    TokenRange,
    Updated,
)
from fhir_server.storage.mongo_branches import (
    Scans,
    branches,
    overlapping,
    updated_scan,
    updated_window,
    window,
)
from fhir_server.storage.mongo_common import COMMON_TOKENS
from fhir_server.storage.mongo_filters import (
    Filter,
    as_filter,
    joined,
    ranges_filter,
)
from fhir_server.storage.mongo_indexes import TOKENS
from fhir_server.storage.mongo_own import Own, of_unit, own_of
from fhir_server.storage.mongo_reads import Read
from fhir_server.storage.mongo_scans import IdScan, of_types

# The ways that a search can be answered; a cursor names the one it belongs to.
BY_ID, LED = 0, 1
# A token that leads to no more documents than these leads; a commoner one leaves it to a range.
RARE = 500
# Fewer than these are read sooner than all who are called alike, who may be any number.
COMMON = 10_000
# How broad a name, a code's text or a word is: many are called alike, few have the same date.
_ALIKE = 1.5
# So much narrower is what a unit's own are kept in the order of.
_KEPT = 1.5
# Of more alternatives it is not remembered that many fulfil one.
_REMEMBERED_TOGETHER = 8
_EQUALITIES = (HasToken, HasId)
_RANGES = (TokenRange, TextStart, TextContains, HasKey, Updated, InRange, Paired, Near, HasWord)
_DRIVABLE = (*_EQUALITIES, *_RANGES)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to answer a query that has no joins and no order of its own.

    Args:
        by_id: the scans in the order of ids, one after the other.
        led: those that a range leads; empty where there is none.
        equal: equalities whose frequency decides; where there are none, ``led`` is better.
        exact: ids are asked for, so that nothing else can lead to fewer.
        alike: what the range finds alone, where that may be many, all who are called alike, and
            there are equalities that could lead instead.
    """

    by_id: Scans
    led: Scans
    equal: tuple[Criterion, ...] = ()
    exact: bool = False
    alike: tuple[Filter, ...] = ()

    def scans(self, way: int) -> Scans:
        """Give the scans of one way."""
        return self.led if way == LED else self.by_id

    def is_rare(self, read: Read) -> bool:
        """Tell whether ids, or a token that few resources have, lead to the answer."""
        if self.exact:
            return True
        return any(_is_rare(read, part) for part in self.equal)

    def choose(self, read: Read) -> int:
        """Choose the way that is likely to be shorter."""
        if not self.led or self.is_rare(read):
            return BY_ID
        if not self.alike:
            return LED
        # A unit's own are as many however large the database is; those of a name grow with it.
        if counted(read, self.alike, RARE) < RARE:
            return LED
        own = min(read.count(as_filter(part), COMMON, hint=TOKENS) for part in self.equal)
        return BY_ID if own < COMMON else LED


def _is_rare(read: Read, criterion: Criterion) -> bool:
    """Tell whether fewer than `RARE` resources fulfil an equality."""
    parts = criterion.parts if isinstance(criterion, Or) else (criterion,)
    spelled = tuple(part.token for part in parts if isinstance(part, HasToken))
    among = read.collection.full_name
    if spelled and COMMON_TOKENS.knows(among, spelled):
        return False
    if read.count(as_filter(criterion), RARE, hint=TOKENS) < RARE:
        return True
    if 0 < len(spelled) == len(parts) <= _REMEMBERED_TOGETHER:
        COMMON_TOKENS.learn(among, spelled)
    return False


def plan(query: Query) -> Plan:
    """Plan a query."""
    own = own_of(query)
    equal = [part for part in query.where.parts if _is_equality(part)]
    leader = _leader(query, own)
    scans: Scans = [by_id(query)]
    exact = any(_asks_for_ids(part) for part in equal)
    if leader is None:
        return Plan(scans, [], tuple(equal), exact)
    if own is not None and own.keeps(leader):
        others = tuple(part for part in equal if part is not own.criterion)
        return Plan(scans, _led_among(query, leader, own), others, exact)
    alike: tuple[Filter, ...] = ()
    if equal and _breadth(leader, query.where.parts) == _ALIKE:
        alike = _found_by(query, leader)
    return Plan(scans, _led_by(query, leader), tuple(equal), exact, alike)


def _led_among(query: Query, leader: Criterion, own: Own) -> Scans:
    """Give the scans that a criterion leads among what is a unit's own."""
    if isinstance(leader, Updated):
        return own.led(lambda unit: [own.updates(query, unit)])
    return own.led(lambda unit: _led_by(query, leader, of_unit(leader, unit)))


def _found_by(query: Query, criterion: Criterion) -> tuple[Filter, ...]:
    """Give filters that find between them what fulfils one criterion, and little else."""
    return tuple(scan.bounded() for scan in branches(query, criterion))


def counted(read: Read, filters: Iterable[Filter], limit: int | None) -> int:
    """Count what passes one of some filters that share nothing, up to a limit; None for all."""
    found = 0
    for each in filters:
        found += read.count(each, None if limit is None else limit - found)
        if limit is not None and found >= limit:
            break
    return found


def leading(query: Query) -> list[tuple[Filter, ...]]:
    """Give each criterion to which an index leads without reading much else.

    Returns:
        For each the filters that find between them what fulfils it, and each little else: of a
        range the bounds of where it may start, for its own filter would follow one end of it.
    """
    parts = [p for p in query.where.parts if _is_drivable(p) and not isinstance(p, Updated)]
    found = [part for part in parts if _breadth(part, query.where.parts) <= 3]
    own = own_of(query)
    among = [
        tuple(scan.bounded() for scan in _led_among(query, part, own))
        for part in found
        if own is not None and own.keeps(part)
    ]
    return among + [
        (as_filter(part),) if _is_equality(part) else _found_by(query, part) for part in found
    ]


def whole_filter(query: Query) -> Filter:
    """Give one filter for a query, which uses an index as far as one criterion leads to it."""
    return joined(type_filter(query), as_filter(query.where))


def by_id(query: Query, *filters: Filter, descending: bool = False) -> IdScan:
    """Give the scan in the order of ids."""
    parts = query.where.parts
    only_tokens = not filters and all(_is_tokens(p) or not _is_drivable(p) for p in parts)
    typed = type_filter(query)
    if not typed and not any(_is_equality(part) for part in parts):
        # The type leads in the order of ids, even where a range names it: of a common beginning of
        # names MongoDB would sort all there are. Of every type ids lead, and deleted ones go.
        typed = _tokens_of(query.types) or {"t": {"$exists": True}}
        only_tokens = False
    filter_ = joined(typed, as_filter(query.where), *filters)
    return IdScan(filter_, descending, hint=TOKENS if only_tokens else None)


def type_filter(query: Query) -> Filter:
    """Restrict to the query's types, unless a criterion that names them does so anyway."""
    types = query.types
    if any(names(part, types) for part in query.where.parts):
        return {}
    return _tokens_of(types)


def _tokens_of(types: tuple[str, ...]) -> Filter:
    if not types:
        return {}
    return {"t": types[0] if len(types) == 1 else {"$in": list(types)}}


def names(criterion: Criterion, types: tuple[str, ...]) -> bool:
    """Tell whether only resources of the types can fulfil a criterion."""
    match criterion:
        case HasToken(name) | TokenRange(name):
            return name.partition(".")[0] in types
        case Or(parts):
            return bool(parts) and all(names(part, types) for part in parts)
        case TextStart(name) | TextContains(name) | InRange(name) | HasKey(name) | Paired(name):
            return name.partition(".")[0] in types
        case _:
            return False


def _is_tokens(criterion: Criterion) -> bool:
    if isinstance(criterion, Or):
        return all(isinstance(part, HasToken) for part in criterion.parts)
    return isinstance(criterion, HasToken)


def _is_equality(criterion: Criterion) -> bool:
    if isinstance(criterion, Or):
        return all(isinstance(part, _EQUALITIES) for part in criterion.parts)
    return isinstance(criterion, _EQUALITIES)


def _asks_for_ids(criterion: Criterion) -> bool:
    parts = criterion.parts if isinstance(criterion, Or) else (criterion,)
    # A unit's own or somebody by their id may be many: not all of it is asked for by ids.
    return all(isinstance(part, HasId) for part in parts)


def _is_drivable(criterion: Criterion) -> bool:
    """Tell whether an index leads to what fulfils a criterion."""
    if isinstance(criterion, Or):
        return all(_is_drivable(part) for part in criterion.parts)
    return isinstance(criterion, _DRIVABLE)


def _leader(query: Query, own: Own | None) -> Criterion | None:
    """Choose the range criterion that is likely to lead to the fewest documents."""
    parts = query.where.parts
    ranges = [part for part in parts if _is_drivable(part) and not _is_equality(part)]

    def breadth(part: Criterion) -> float:
        is_kept = own is not None and own.keeps(part)
        return _breadth(part, parts) - (_KEPT if is_kept else 0)

    return min(ranges, key=breadth, default=None)


def _breadth(criterion: Criterion, among: Sequence[Criterion]) -> float:
    match criterion:
        case Or(parts):
            return max((_breadth(part, among) for part in parts), default=0)
        case HasToken() | HasId():
            return 0
        case TextStart() | TokenRange() | HasWord():
            return _ALIKE
        case Paired(ranges=(first, *_)):
            return 1 if first.comparator in ("eq", "ap") else 3
        case Near():
            return 2
        case InRange(name, comparator):
            if comparator == "eq":
                return 1
            low, high = window(name, among)
            return 2 if low is not None and high is not None else 4
        case Updated():
            return 3 if None not in updated_window(among) else 4
        case _:
            return 5


def _led_by(query: Query, leader: Criterion, by: Criterion | None = None) -> Scans:
    """Give the scans that a criterion leads; the others filter what it finds.

    Args:
        query: the search.
        leader: the criterion.
        by: the same criterion on the entries to follow; by default itself.
    """
    parts, by = query.where.parts, by or leader
    if isinstance(leader, Updated) and leader.comparator != "ne":
        return [updated_scan(query)]
    typed = type_filter(query)
    if isinstance(leader, InRange) and isinstance(by, InRange):
        low, high = window(leader.name, parts)
        if leader.comparator not in ("eq", "ne") and low is not None and high is not None:
            rest = [_within_window(part, leader.name) for part in parts]
            return [scan.within(typed, *rest) for scan in overlapping(by.name, low, high)]
    if _is_words(leader):
        typed = of_types(query.types)
    rest = [as_filter(part) for part in parts if part is not leader]
    return [scan.within(typed, *rest) for scan in branches(query, by)]


def _is_words(criterion: Criterion) -> bool:
    parts = criterion.parts if isinstance(criterion, Or) else (criterion,)
    return all(isinstance(part, HasWord) for part in parts)


def _within_window(criterion: Criterion, name: str) -> Filter:
    """Give a criterion's filter, without conditions on the keys of the parameter that leads.

    Or MongoDB might follow one of those instead, which leads to half of all there is.
    """
    if isinstance(criterion, InRange) and criterion.name == name:
        return ranges_filter(criterion)
    return as_filter(criterion)
