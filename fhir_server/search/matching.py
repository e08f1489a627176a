"""What each criterion means, said by evaluating it on one resource's index entries.

The store answers the same from its indexes; the tests hold the two against each other. It also
serves where a single resource is to be matched without asking the store, as subscriptions do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import TypeVar

from fhir_server.search import tokens
from fhir_server.search.indexing import IndexEntries
from fhir_server.search.query import (
    And,
    Chained,
    Comparator,
    Criterion,
    HasId,
    HasKey,
    HasToken,
    HasWord,
    InRange,
    Near,
    Not,
    Or,
    Paired,
    Query,
    ReferredBy,
    TextContains,
    TextStart,
    TokenRange,
    Unit,
    Updated,
)

# The radius that MongoDB reckons with.
EARTH_KILOMETRES = 6378.1

End = TypeVar("End", int, str)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A resource as searches see it.

    Args:
        reference: ``Type/id``.
        last_updated: microseconds since 1970-01-01 UTC.
        entries: what the indexer gave.
    """

    reference: str
    last_updated: int
    entries: IndexEntries


def matches(query: Query, resource: Indexed) -> bool:
    """Tell whether a query finds a resource."""
    resource_type = resource.reference.partition("/")[0]
    if query.types and resource_type not in query.types:
        return False
    return fulfils(query.where, resource)


def fulfils(criterion: Criterion, resource: Indexed) -> bool:
    """Tell whether a resource fulfils a criterion."""
    match criterion:
        case And(parts):
            return all(fulfils(part, resource) for part in parts)
        case Or(parts):
            return any(fulfils(part, resource) for part in parts)
        case Not(part):
            return not fulfils(part, resource)
        case HasId(references):
            return resource.reference in references
        case Updated(comparator, low, high):
            at = resource.last_updated
            return compares(comparator, at, at + 1, low, high)
        case _:
            return _has(criterion, resource.entries)


def _has(
    criterion: HasToken
    | TokenRange
    | TextStart
    | TextContains
    | InRange
    | HasKey
    | Paired
    | Near
    | HasWord
    | Chained
    | ReferredBy,
    entries: IndexEntries,
) -> bool:
    match criterion:
        case HasToken(token):
            return token in entries.tokens
        case TokenRange(low_token, high_token):
            return any(low_token <= token < high_token for token in entries.tokens)
        case TextStart(name, text, whole):
            texts = _texts(name, entries)
            return any(each == text if whole else each.startswith(text) for each in texts)
        case TextContains(name, text):
            return any(text in each.partition(tokens.EXACT)[0] for each in _texts(name, entries))
        case InRange(name, comparator, start, end, unit):
            return any(
                compares(comparator, found[0], found[1], start, end) and _has_unit(found, unit)
                for found in entries.ranges.get(name.replace(".", ":"), ())
            )
        case Paired():
            found = entries.ranges.get(criterion.name.replace(".", ":"), ())
            return any(_is_pair(each, criterion) for each in found)
        case Near():
            return _is_near(entries.position, criterion)
        case HasWord():
            return _has_word(entries.words, criterion)
        case Chained() | ReferredBy():
            raise TypeError("what other resources are like can't be told from this one")
        case HasKey(name):
            return f"{name.replace('.', ':')}<" in entries.keys


def compares(comparator: Comparator, low: End, high: End, start: End, end: End) -> bool:
    """Compare a value's range (low, high) to a search's (start, end); ends are exclusive.

    ``ge`` is R4's "the range above the search value intersects the range of the target value, or
    the range of the search value fully contains it": a period that begins before the search's
    range and ends in it is neither. ``le`` is the same the other way round.

    Source: https://hl7.org/fhir/R4/search.html#prefix
    """
    match comparator:
        case "eq":
            return start <= low and high <= end
        case "ne":
            return low < start or end < high
        case "gt":
            return high > end
        case "lt":
            return low < start
        case "ge":
            return high > end or low >= start
        case "le":
            return low < start or high <= end
        case "sa":
            return low >= end
        case "eb":
            return high <= start
        case "ap":
            return low < end and start < high


def _is_pair(found: Sequence[str], asked: Paired) -> bool:
    if asked.token not in found[7:9]:
        return False
    spans = ((found[0], found[1]), (found[5], found[6]))
    return all(
        compares(each.comparator, *span, each.low, each.high) and _has_unit(found, each.unit)
        for each, span in zip(asked.ranges, spans, strict=False)
    )


def _is_near(position: tuple[float, float] | None, asked: Near) -> bool:
    """Tell by the great circle between two points, on the sphere that MongoDB measures on."""
    if position is None:
        return False
    (east, north), (x, y) = ((radians(a), radians(b)) for a, b in (position, _point(asked)))
    half = sin((north - y) / 2) ** 2 + cos(north) * cos(y) * sin((east - x) / 2) ** 2
    return 2 * EARTH_KILOMETRES * asin(min(1.0, sqrt(half))) <= asked.kilometres


def _point(asked: Near) -> tuple[float, float]:
    return asked.longitude, asked.latitude


def _has_word(words: Sequence[str], asked: HasWord) -> bool:
    places = ("n:",) if asked.narrative else ("n:", "c:")
    wanted = tuple(f"{place}{asked.word}" for place in places)
    if asked.start:
        return any(word.startswith(wanted) for word in words)
    return any(word in words for word in wanted)


def _texts(name: str, entries: IndexEntries) -> list[str]:
    key = entries.keys.get(f"{name.replace('.', ':')}<")
    return key.split(tokens.NEXT)[:-1] if key else []


def _has_unit(found: Sequence[str], unit: Unit | None) -> bool:
    if unit is None:
        return True
    if len(found) < 5:
        return False
    if unit.system is not None:
        return found[2] == f"{unit.system}|{unit.code}"
    return unit.code in (found[3], found[4])
