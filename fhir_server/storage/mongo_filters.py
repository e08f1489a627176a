"""Criteria as MongoDB filters, each exact on its own.

Values only ever stand where MongoDB expects a literal to compare with, and field names come from
the definitions, so nothing in a search can act as an operator.

A sort key is a value, a space and the id. A space sorts before all that values are made of, so
``key >= X`` says that the value is at least X, and ``key >= X + "!"`` that it is greater.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from fhir_server.search import tokens
from fhir_server.search.matching import EARTH_RADIUS_KILOMETRES
from fhir_server.search.query import (
    And,
    Chained,
    Comparator,
    Compared,
    Criterion,
    HasId,
    HasKey,
    HasToken,
    HasWord,
    InRange,
    Near,
    Not,
    OfEntries,
    Or,
    Paired,
    ReferredBy,
    TextContains,
    TextStart,
    TokenRange,
    Unit,
    Updated,
)
from fhir_server.search.ranges import AFTER
from fhir_server.search.unit_entries import parameter_of

Filter = dict[str, Any]
End = TypeVar("End", int, str)

END_OF_TEXT = "\U0010ffff"
NOTHING: Filter = {"_id": {"$in": []}}
# The comparators for which a parameter's smallest start or greatest end says all.
DECIDED_BY_KEYS = ("gt", "lt", "ne")


def as_filter(criterion: Criterion) -> Filter:
    """Give the filter for a criterion."""
    match criterion:
        case HasToken(token):  # as most are
            return {"t": token}
        case And(parts):
            return joined(*(as_filter(part) for part in parts))
        case Or(parts):
            return _any(parts)
        case Not(part):
            return {"$nor": [as_filter(part)]}
        case HasId(references):
            return {"_id": {"$in": list(references)}}
        case Updated(comparator, low, high):
            return _updated(comparator, low, high)
        case Chained() | ReferredBy():
            raise TypeError("a join must be settled before it can be a filter")
        case _:
            return _indexed(criterion)


def joined(*filters: Filter) -> Filter:
    """Give the filter for all of several."""
    own = [each for each in filters if each]
    if not own:
        return {}
    return own[0] if len(own) == 1 else {"$and": own}


def start_key(name: str, span: str = "") -> str:
    """Give the field with a parameter's smallest start."""
    return f"k.{name.replace('.', ':')}<{span}"


def end_key(name: str) -> str:
    """Give the field with a parameter's greatest end."""
    return f"k.{name.replace('.', ':')}>"


def text_bounds(criterion: TextStart) -> tuple[str, str]:
    """Give the sort keys between which a text stands that is the first of its parameter."""
    if criterion.whole:
        return criterion.text + tokens.NEXT, criterion.text + tokens.EXACT
    return criterion.text, criterion.text + END_OF_TEXT


def text_tokens(criterion: TextStart) -> tuple[str, str]:
    """Give the tokens between which a text stands that is one of several of its parameter."""
    low = f"{criterion.name}{tokens.TEXT}{criterion.text}"
    return low, low + (tokens.NEXT if criterion.whole else END_OF_TEXT)


def between(low: str | None, high: str | None) -> Filter:
    """Give the condition for a text from low up to, but not including, high."""
    condition: Filter = {"$gte": low or ""}
    if high is not None:
        condition["$lt"] = high
    return condition


def contained_pattern(criterion: TextContains) -> str:
    """Give the pattern for a folded text in one of the strings of a sort key."""
    own = f"[^{tokens.EXACT}{tokens.NEXT}]*"
    after = "" if criterion.end else own
    return f"(?:^|{tokens.NEXT}){own}{re.escape(criterion.text)}{after}{tokens.EXACT}"


def ranges_filter(criterion: InRange) -> Filter:
    """Give the exact condition on a parameter's ranges, which no index serves."""
    conditions = [_range(criterion.comparator, criterion.low, criterion.high)]
    if criterion.unit is not None:
        conditions.append(_unit(criterion.unit))
    field = f"d.{parameter_of(criterion.name).replace('.', ':')}"
    return {field: {"$elemMatch": joined(*conditions)}}


def key_bounds(criterion: InRange | Compared) -> tuple[str | None, str | None]:
    """Give what the greatest end must be above, and what the smallest start must be below."""
    return _bounds(criterion.comparator, criterion.low, criterion.high) or (None, None)


def updated_bounds(criterion: Updated) -> tuple[int | None, int | None] | None:
    """Give the first and the one-after-last microsecond that fulfil it; None for ``ne``."""
    return _bounds(criterion.comparator, criterion.low, criterion.high)


def _bounds(comparator: Comparator, low: End, high: End) -> tuple[End | None, End | None] | None:
    match comparator:
        case "eq" | "ap":
            return low, high
        case "gt" | "sa":
            return high, None
        case "ge":
            return low, None
        case "lt" | "eb":
            return None, low
        case "le":
            return None, high
        case "ne":
            return None


def _any(parts: tuple[Criterion, ...]) -> Filter:
    same: list[str] = []
    ids: list[str] = []
    filters: list[Filter] = []
    for part in parts:
        if isinstance(part, HasToken):
            same.append(part.token)
        elif isinstance(part, HasId):
            ids += part.references
        else:
            filters.append(as_filter(part))
    if same:
        filters.append({"t": {"$in": same} if len(same) > 1 else same[0]})
    if ids:
        filters.append({"_id": {"$in": ids}})
    if not filters:
        return NOTHING
    return filters[0] if len(filters) == 1 else {"$or": filters}


def _indexed(criterion: OfEntries) -> Filter:
    match criterion:
        case HasToken(token):
            return {"t": token}
        case TokenRange(low, high):
            # $elemMatch, or one token could fulfil one bound and another the other.
            return {"t": {"$elemMatch": between(low, high)}}
        case TextStart(name):
            low, high = text_tokens(criterion)
            first = {start_key(name): between(*text_bounds(criterion))}
            return {"$or": [first, {"t": {"$elemMatch": between(low, high)}}]}
        case TextContains(name):
            return {start_key(name): {"$regex": contained_pattern(criterion)}}
        case InRange():
            return _in_range(criterion)
        case HasKey(name):
            return {start_key(name): between(None, None)}
        case Paired():
            return _paired(criterion)
        case Near(longitude, latitude, kilometres):
            circle = [[longitude, latitude], kilometres / EARTH_RADIUS_KILOMETRES]
            return {"g": {"$geoWithin": {"$centerSphere": circle}}}
        case HasWord():
            return _word(criterion)


def words(criterion: HasWord) -> list[str]:
    """Give the entries of a word, or what they start with."""
    kinds = ("n",) if criterion.narrative else ("c", "n")
    return [f"{kind}:{criterion.word}" for kind in kinds]


def _word(criterion: HasWord) -> Filter:
    entries = words(criterion)
    if not criterion.start:
        return {"w": entries[0] if len(entries) == 1 else {"$in": entries}}
    starts = [{"w": {"$elemMatch": between(entry, entry + END_OF_TEXT)}} for entry in entries]
    return starts[0] if len(starts) == 1 else {"$or": starts}


def _paired(criterion: Paired) -> Filter:
    # An entry: low, high, system|code, code, unit, low and high of a second range, the first
    # part as =code and as ;system|code.
    own: Filter = {"7" if criterion.token.startswith(tokens.CODE) else "8": criterion.token}
    first, *second = criterion.ranges
    conditions = [own, _compared(first, "0", "1")]
    conditions += [joined({"5": {"$ne": ""}}, _compared(each, "5", "6")) for each in second]
    field = f"d.{criterion.name.replace('.', ':')}"
    return {field: {"$elemMatch": joined(*conditions)}}


def _compared(range_: Compared, start: str, end: str) -> Filter:
    found = _range(range_.comparator, range_.low, range_.high, start, end)
    return found if range_.unit is None else joined(found, _unit(range_.unit))


def _in_range(criterion: InRange) -> Filter:
    starts, ends = start_key(criterion.name), end_key(criterion.name)
    if criterion.comparator == "ne":
        either = [{starts: {"$lt": criterion.low}}, {ends: {"$gte": criterion.high + AFTER}}]
        by_keys: Filter = {"$or": either}
    else:
        above, below = key_bounds(criterion)
        by_keys = joined(
            {ends: {"$gte": above + AFTER}} if above is not None else {},
            {starts: {"$lt": below}} if below is not None else {},
        )
    if criterion.comparator in DECIDED_BY_KEYS and criterion.unit is None:
        return by_keys
    return joined(by_keys, ranges_filter(criterion))


def _range(comparator: Comparator, low: str, high: str, start: str = "0", end: str = "1") -> Filter:
    """Compare the entries at two places of a range to a search's range."""
    conditions: dict[Comparator, Filter] = {
        "eq": {start: {"$gte": low}, end: {"$lte": high}},
        "ne": {"$or": [{start: {"$lt": low}}, {end: {"$gt": high}}]},
        "gt": {end: {"$gt": high}},
        "lt": {start: {"$lt": low}},
        "ge": {"$or": [{end: {"$gt": high}}, {start: {"$gte": low}}]},
        "le": {"$or": [{start: {"$lt": low}}, {end: {"$lte": high}}]},
        "sa": {start: {"$gte": high}},
        "eb": {end: {"$lte": low}},
        "ap": {start: {"$lt": high}, end: {"$gt": low}},
    }
    return conditions[comparator]


def _unit(unit: Unit) -> Filter:
    if unit.system is not None:
        return {"2": f"{unit.system}|{unit.code}"}
    return {"$or": [{"3": unit.code}, {"4": unit.code}]}


def _updated(comparator: Comparator, low: int, high: int) -> Filter:
    bounds = updated_bounds(Updated(comparator, low, high))
    if bounds is None:
        return {"$or": [{"u": {"$lt": low}}, {"u": {"$gte": high}}]}
    first, after = bounds
    condition = {**({} if first is None else {"$gte": first})}
    if after is not None:
        condition["$lt"] = after
    return {"u": condition}
