"""Decides which index leads to the answer of a query, and in which order the pages come.

- A criterion that is an equality of tokens leads by the token index, in the order of ids. MongoDB
  itself finds out which of several is rarest.
- With ranges alone, the narrowest leads, in its own order.
- With ``_sort``, the sort key leads.
- What only excludes (``:not``, ``:missing=true``) leads nowhere: alone, it reads every resource
  of the type, through the token of the type, and filters.

Some criteria need several scans, one after the other. They find disjoint documents, either
because of what they are or because the later ones leave out what the earlier ones find.

A range of dates (``date=ge2026-01&date=lt2026-02``) is the case to take care with: what overlaps
it may have begun long before. The sort keys by length (`fhir_server.search.ranges.SPANS`) bound
how far back to look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_server.search import tokens
from fhir_server.search.query import (
    Criterion,
    HasId,
    HasKey,
    HasToken,
    InRange,
    Or,
    Query,
    TextContains,
    TextStart,
    TokenRange,
    Updated,
)
from fhir_server.search.ranges import AFTER, LONG, SPANS, shifted
from fhir_server.storage.mongo_filters import (
    DECIDED_BY_KEYS,
    Filter,
    as_filter,
    between,
    contained_pattern,
    end_key,
    joined,
    key_bounds,
    ranges_filter,
    start_key,
    text_bounds,
    text_tokens,
    updated_bounds,
)
from fhir_server.storage.mongo_scans import (
    IdScan,
    KeyScan,
    MergedScan,
    Scan,
    TokenScan,
    UpdatedScan,
)

Scans = list[Scan]

BY_ID, BY_UPDATED = "_id", "_lastUpdated"


@dataclass(frozen=True, slots=True)
class Plan:
    """How to answer a query.

    Args:
        scans: one after the other.
        otherwise: better ones where the tokens are common; empty where there is no choice.
        tokens: whose frequency decides.
    """

    scans: Scans
    otherwise: Scans
    tokens: tuple[Filter, ...] = ()


def plan(query: Query) -> Plan:
    """Plan a query."""
    if query.sort:
        return Plan(_sorted(query), [])
    equalities = [part for part in query.where.parts if _is_equality(part)]
    leader = _leader(query)
    by_id: Scans = [_by_id(query)]
    if leader is None:
        return Plan(by_id, [])
    by_leader = _led_by(query, leader)
    if not equalities:
        return Plan(by_leader, [])
    if any(isinstance(part, HasId) for part in equalities):
        return Plan(by_id, [])
    return Plan(by_id, by_leader, tuple(as_filter(part) for part in equalities))


def whole_filter(query: Query) -> Filter:
    """Give one filter for a query, which uses an index as far as one criterion leads to it."""
    return joined(_type_filter(query), as_filter(query.where))


def _by_id(query: Query, *filters: Filter, descending: bool = False) -> IdScan:
    parts = query.where.parts
    only_tokens = not filters and all(_is_tokens(p) or not _is_drivable(p) for p in parts)
    typed = _type_filter(query)
    if not typed and not any(_is_equality(part) for part in parts):
        typed = {"t": {"$exists": True}}  # every type: the order of ids leads, deleted ones go
        only_tokens = False
    return IdScan(joined(typed, as_filter(query.where), *filters), descending, hint=only_tokens)


def _type_filter(query: Query) -> Filter:
    """Restrict to the query's types, unless a criterion that names them does so anyway."""
    types = query.types
    if not types or any(_names(part, types) for part in query.where.parts):
        return {}
    return {"t": types[0] if len(types) == 1 else {"$in": list(types)}}


def _names(criterion: Criterion, types: tuple[str, ...]) -> bool:
    """Tell whether only resources of the types can fulfil a criterion."""
    match criterion:
        case Or(parts):
            return bool(parts) and all(_names(part, types) for part in parts)
        case HasToken(name) | TokenRange(name):
            return name.partition(".")[0] in types
        case TextStart(name) | TextContains(name) | InRange(name) | HasKey(name):
            return name.partition(".")[0] in types
        case _:
            return False


def _is_tokens(criterion: Criterion) -> bool:
    if isinstance(criterion, Or):
        return all(isinstance(part, HasToken) for part in criterion.parts)
    return isinstance(criterion, HasToken)


def _is_equality(criterion: Criterion) -> bool:
    if isinstance(criterion, Or):
        return all(isinstance(part, HasToken | HasId) for part in criterion.parts)
    return isinstance(criterion, HasToken | HasId)


def _is_drivable(criterion: Criterion) -> bool:
    """Tell whether an index leads to what fulfils a criterion."""
    if isinstance(criterion, Or):
        return all(_is_drivable(part) for part in criterion.parts)
    if isinstance(criterion, InRange):
        return True
    leading = HasToken | HasId | TokenRange | TextStart | TextContains | HasKey | Updated
    return isinstance(criterion, leading)


def _leader(query: Query) -> Criterion | None:
    """Choose the range criterion that is likely to lead to the fewest documents."""
    parts = query.where.parts
    ranges = [part for part in parts if _is_drivable(part) and not _is_equality(part)]
    return min(ranges, key=lambda part: _breadth(part, parts), default=None)


def _breadth(criterion: Criterion, among: Sequence[Criterion]) -> int:
    match criterion:
        case Or(parts):
            return max(_breadth(part, among) for part in parts)
        case HasToken() | HasId():
            return 0
        case TextStart() | TokenRange():
            return 1
        case InRange(name, comparator):
            if comparator == "eq":
                return 1
            low, high = _window(name, among)
            return 2 if low is not None and high is not None else 4
        case Updated():
            return 3 if None not in _updated_window(among) else 4
        case _:
            return 5


def _led_by(query: Query, leader: Criterion) -> Scans:
    """Give the scans that a criterion leads; the others filter what it finds."""
    parts = query.where.parts
    if isinstance(leader, Updated) and leader.comparator != "ne":
        rest = [as_filter(part) for part in parts if not isinstance(part, Updated)]
        return [_updated_scan(query).within(*rest)]
    typed = _type_filter(query)
    if isinstance(leader, InRange):
        low, high = _window(leader.name, parts)
        if leader.comparator not in ("eq", "ne") and low is not None and high is not None:
            rest = [_within_window(part, leader.name) for part in parts]
            return [scan.within(typed, *rest) for scan in _overlapping(leader.name, low, high)]
    rest = [as_filter(part) for part in parts if part is not leader]
    return [scan.within(typed, *rest) for scan in _branches(query, leader)]


def _within_window(criterion: Criterion, name: str) -> Filter:
    """Give a criterion's filter, without conditions on the keys of the parameter that leads.

    Or MongoDB might follow one of those instead, which leads to half of all there is.
    """
    if isinstance(criterion, InRange) and criterion.name == name:
        return ranges_filter(criterion)
    return as_filter(criterion)


def _branches(query: Query, criterion: Criterion) -> Scans:
    """Give scans that between them find what fulfils one criterion, each document once."""
    match criterion:
        case Or(parts):
            return _alternatives(query, parts)
        case TextStart(name):
            first = KeyScan(start_key(name), *text_bounds(criterion))
            return _first_or_later(first, TokenScan(*text_tokens(criterion)))
        case TokenRange(low, high):
            return [TokenScan(low, high)]
        case TextContains(name, text):
            pattern = {start_key(name): {"$regex": contained_pattern(text)}}
            return [KeyScan(start_key(name), filter=pattern)]
        case HasKey(name):
            return [KeyScan(start_key(name))]
        case InRange():
            return _in_range(criterion)
        case Updated():
            return _updated_branches(query, criterion)
        case _:
            return [IdScan(as_filter(criterion), hint=isinstance(criterion, HasToken))]


def _alternatives(query: Query, parts: Sequence[Criterion]) -> Scans:
    scans: Scans = []
    found: list[Filter] = []
    for part in parts:
        others = [{"$nor": list(found)}] if found else []
        scans += [scan.within(*others) for scan in _branches(query, part)]
        found.append(as_filter(part))
    return scans


def _in_range(criterion: InRange) -> Scans:
    name, low, high = criterion.name, criterion.low, criterion.high
    exact = [] if criterion.unit is None and _decided(criterion) else [ranges_filter(criterion)]
    starts, ends, several = start_key(name), end_key(name), f"{name}{tokens.START}"
    scans: Scans
    match criterion.comparator:
        case "eq":
            later = TokenScan(several + low, several + high)
            scans = _first_or_later(KeyScan(starts, low, high), later)
        case "ne":
            scans = _first_or_later(KeyScan(starts, None, low), KeyScan(ends, high + AFTER))
        case "sa":
            later = TokenScan(several + high, several + "~")
            scans = _first_or_later(KeyScan(starts, high), later)
        case "eb":
            later = TokenScan(several, several + low)
            scans = _first_or_later(KeyScan(ends, None, low + AFTER), later)
        case "gt" | "ge":
            scans = [KeyScan(ends, (high if criterion.comparator == "gt" else low) + AFTER)]
        case "lt" | "le":
            scans = [KeyScan(starts, None, low if criterion.comparator == "lt" else high)]
        case "ap":
            scans = _overlapping(name, low, high)
    return [scan.within(*exact) for scan in scans]


def _decided(criterion: InRange) -> bool:
    return criterion.comparator in DECIDED_BY_KEYS


def _first_or_later(first: KeyScan, later: TokenScan | KeyScan) -> Scans:
    """Look at what comes first of a parameter's values, then at documents with another one."""
    return [first, later.within({"$nor": [{first.field: between(first.low, first.high)}]})]


def _overlapping(name: str, low: str, high: str | None) -> Scans:
    """Give scans among which is every document with values beyond ``low`` and before ``high``.

    What they find starts early enough; how far it goes is left to check.
    """
    begun, reach = _begun_before(name, low, high)
    return [KeyScan(start_key(name), reach, high), *begun]


def _begun_before(name: str, low: str, high: str | None) -> tuple[list[KeyScan], str]:
    """Give scans for ranges of the longer classes that start before those of the shortest can."""
    base = start_key(name)
    if not low[:1].isdigit():
        return [KeyScan(start_key(name, LONG), None, low, base=base)], low
    reach = shifted(low, -SPANS[0][1])
    until = reach if high is None else min(reach, high)
    scans = [
        KeyScan(start_key(name, span), shifted(low, -length), until, base=base)
        for span, length in SPANS[1:]
    ]
    return [*scans, KeyScan(start_key(name, LONG), None, until, base=base)], reach


def _window(name: str, among: Sequence[Criterion]) -> tuple[str | None, str | None]:
    """Give what all criteria on a parameter ask of its greatest end and its smallest start."""
    bounds = [key_bounds(c) for c in among if isinstance(c, InRange) and c.name == name]
    lows = [low for low, _ in bounds if low is not None]
    highs = [high for _, high in bounds if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _updated_window(among: Sequence[Criterion]) -> tuple[int | None, int | None]:
    found = [updated_bounds(c) for c in among if isinstance(c, Updated)]
    bounds = [each for each in found if each is not None]
    lows = [low for low, _ in bounds if low is not None]
    highs = [high for _, high in bounds if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _updated_scan(query: Query, *, descending: bool = False) -> UpdatedScan:
    unequal = [
        as_filter(part)
        for part in query.where.parts
        if isinstance(part, Updated) and part.comparator == "ne"
    ]
    low, high = _updated_window(query.where.parts)
    return UpdatedScan(query.types, low, high, joined(*unequal), descending)


def _updated_branches(query: Query, criterion: Updated) -> Scans:
    bounds = updated_bounds(criterion)
    if bounds is not None:
        return [UpdatedScan(query.types, *bounds)]
    return [
        UpdatedScan(query.types, None, criterion.low),
        UpdatedScan(query.types, criterion.high, None),
    ]


def _sorted(query: Query) -> Scans:
    sort = query.sort[0]
    if sort.by == BY_ID:
        return [_by_id(query, descending=sort.descending)]
    if sort.by == BY_UPDATED:
        rest = [as_filter(part) for part in query.where.parts if not isinstance(part, Updated)]
        return [_updated_scan(query, descending=sort.descending).within(*rest)]
    filter_ = joined(_type_filter(query), as_filter(query.where))
    found: Scans = [scan.within(filter_) for scan in _sort_scans(query, sort.by, sort.descending)]
    if any(_asks_for(part, sort.by) for part in query.where.parts):
        return found
    return [*found, _by_id(query, {start_key(sort.by): {"$exists": False}})]


def _asks_for(criterion: Criterion, name: str) -> bool:
    """Tell whether only resources with a value of the parameter fulfil a criterion."""
    if isinstance(criterion, Or):
        return all(_asks_for(part, name) for part in criterion.parts)
    asking = InRange | TextStart | TextContains | HasKey
    return isinstance(criterion, asking) and criterion.name == name


def _sort_scans(query: Query, name: str, descending: bool) -> list[KeyScan | MergedScan]:
    low, high = _window(name, query.where.parts)
    if low is None:
        return [KeyScan(start_key(name), None, high, None, descending)]
    begun, reach = _begun_before(name, low, high)
    turned = tuple(KeyScan(s.field, s.low, s.high, s.filter, descending, s.base) for s in begun)
    recent = KeyScan(start_key(name), reach, high, None, descending)
    return [recent, MergedScan(turned)] if descending else [MergedScan(turned), recent]
