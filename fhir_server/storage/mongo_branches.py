"""Scans that between them find what fulfils one criterion, each document once.

They find disjoint documents, either because of what they are or because the later ones leave out
what the earlier ones find.

A range of dates (``date=ge2026-01&date=lt2026-02``) is the case to take care with: what overlaps
it may have begun long before. The sort keys by length (`fhir_server.search.ranges.SPANS`) bound
how far back to look.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.search import tokens
from fhir_server.search.query import (
    Compared,
    Criterion,
    HasKey,
    HasToken,
    HasWord,
    InRange,
    Or,
    Paired,
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
    words,
)
from fhir_server.storage.mongo_indexes import TOKENS, WORDS
from fhir_server.storage.mongo_scans import (
    IdScan,
    KeyScan,
    PlainScan,
    TokenScan,
    UpdatedScan,
    WordScan,
)

Scans = list[PlainScan]


def branches(query: Query, criterion: Criterion) -> Scans:
    """Give scans that between them find what fulfils one criterion, each document once."""
    match criterion:
        case Or(parts):
            return _alternatives(query, parts)
        case TextStart(name):
            first = KeyScan(start_key(name), *text_bounds(criterion))
            return _first_or_later(first, TokenScan(*text_tokens(criterion)))
        case TokenRange() | TextContains() | HasKey():
            return [_whole(criterion)]
        case InRange():
            return _in_range(criterion)
        case Updated():
            return _updated_branches(query, criterion)
        case Paired():
            return _paired(criterion)
        case HasWord():
            return _with_word(query, criterion)
        case _:
            hint = TOKENS if isinstance(criterion, HasToken) else None
            return [IdScan(as_filter(criterion), hint=hint)]


def _whole(criterion: TokenRange | TextContains | HasKey) -> PlainScan:
    if isinstance(criterion, TokenRange):
        return TokenScan(criterion.low, criterion.high)
    field = start_key(criterion.name)
    if isinstance(criterion, HasKey):
        return KeyScan(field)
    return KeyScan(field, filter={field: {"$regex": contained_pattern(criterion)}})


def _with_word(query: Query, criterion: HasWord) -> Scans:
    if not criterion.start:
        return [IdScan(as_filter(criterion), hint=WORDS)]
    first, *later = [WordScan(word, query.types) for word in words(criterion)]
    return [first, *(scan.within({"$nor": [first.bounded()]}) for scan in later)]


def _paired(criterion: Paired) -> Scans:
    """Look where short ranges can start, then at the long ones that start early enough."""
    start = f"{criterion.name}{criterion.token}"
    low, high = _starts(criterion.ranges[0])
    short = TokenScan(f"{start}@{low}", f"{start}@{high}")
    earliest = low if criterion.ranges[0].comparator in ("eq", "sa") else ""
    long = TokenScan(f"{start}%{earliest}", f"{start}%{high}").within({"$nor": [short.bounded()]})
    return [scan.within(as_filter(criterion)) for scan in (short, long)]


def _starts(asked: Compared) -> tuple[str, str]:
    """Give the bounds of where ranges of the shortest class start that compare so."""
    above, below = key_bounds(asked)
    if above is None or asked.comparator == "eq":
        return above or "", below or "~"
    # A number is a point; what ends after a moment starts at most a day, and an hour, before it.
    low = shifted(above, -SPANS[0][1]) if above[:1].isdigit() else above.rstrip(AFTER)
    return low, below or "~"


def _alternatives(query: Query, parts: Sequence[Criterion]) -> Scans:
    scans: Scans = []
    found: list[Filter] = []
    for part in parts:
        others = [{"$nor": list(found)}] if found else []
        scans += [scan.within(*others) for scan in branches(query, part)]
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
            scans = overlapping(name, low, high)
    return [scan.within(*exact) for scan in scans]


def _decided(criterion: InRange) -> bool:
    return criterion.comparator in DECIDED_BY_KEYS


def _first_or_later(first: KeyScan, later: TokenScan | KeyScan) -> Scans:
    """Look at what comes first of a parameter's values, then at documents with another one."""
    return [first, later.within({"$nor": [{first.field: between(first.low, first.high)}]})]


def overlapping(name: str, low: str, high: str | None) -> Scans:
    """Give scans among which is every document with values beyond ``low`` and before ``high``.

    What they find starts early enough; how far it goes is left to check.
    """
    begun, reach = begun_before(name, low, high)
    return [KeyScan(start_key(name), reach, high), *begun]


def begun_before(name: str, low: str, high: str | None) -> tuple[list[KeyScan], str]:
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


def window(name: str, among: Sequence[Criterion]) -> tuple[str | None, str | None]:
    """Give what all criteria on a parameter ask of its greatest end and its smallest start."""
    bounds = [key_bounds(c) for c in among if isinstance(c, InRange) and c.name == name]
    lows = [low for low, _ in bounds if low is not None]
    highs = [high for _, high in bounds if high is not None]
    return max(lows, default=None), min(highs, default=None)


def updated_window(among: Sequence[Criterion]) -> tuple[int | None, int | None]:
    """Give what all criteria on the last update ask of it: the first microsecond and the end."""
    found = [updated_bounds(c) for c in among if isinstance(c, Updated)]
    bounds = [each for each in found if each is not None]
    lows = [low for low, _ in bounds if low is not None]
    highs = [high for _, high in bounds if high is not None]
    return max(lows, default=None), min(highs, default=None)


def updated_scan(query: Query, *, descending: bool = False) -> UpdatedScan:
    """Give the scan in the order of last updates, as far as the query restricts them."""
    low, high = updated_window(query.where.parts)
    return UpdatedScan(query.types, low, high, beside_window(query.where.parts), descending)


def beside_window(among: Sequence[Criterion]) -> Filter:
    """Give what criteria ask that the bounds of the last update don't say."""
    return joined(
        *(
            as_filter(part)
            for part in among
            if not isinstance(part, Updated) or part.comparator == "ne"
        )
    )


def _updated_branches(query: Query, criterion: Updated) -> Scans:
    bounds = updated_bounds(criterion)
    if bounds is not None:
        return [UpdatedScan(query.types, *bounds)]
    return [
        UpdatedScan(query.types, None, criterion.low),
        UpdatedScan(query.types, criterion.high, None),
    ]
