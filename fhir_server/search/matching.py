"""What each criterion means, said by evaluating it on one resource's index entries.

The store answers the same from its indexes; the tests hold the two against each other. It also
serves where a single resource is to be matched without asking the store, as subscriptions do. What
is about other resources needs those, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType
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
    OfEntries,
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

End = TypeVar("End", int, str)

# What MongoDB takes the earth for: a sphere with its radius at the equator.
EARTH_RADIUS_KILOMETRES = 6378.1


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


# The other resources by ``Type/id``, for what a criterion says about them.
Others = Mapping[str, Indexed]
NO_OTHERS: Others = MappingProxyType({})


def matches(query: Query, resource: Indexed, others: Others = NO_OTHERS) -> bool:
    """Tell whether a query finds a resource.

    Args:
        query: what is asked for.
        resource: what might be found.
        others: the resources that chains and ``_has`` may lead to.
    """
    resource_type = resource.reference.partition("/")[0]
    if query.types and resource_type not in query.types:
        return False
    return fulfils(query.where, resource, others)


def fulfils(criterion: Criterion, resource: Indexed, others: Others = NO_OTHERS) -> bool:
    """Tell whether a resource fulfils a criterion."""
    match criterion:
        case And(parts):
            return all(fulfils(part, resource, others) for part in parts)
        case Or(parts):
            return any(fulfils(part, resource, others) for part in parts)
        case Not(part):
            return not fulfils(part, resource, others)
        case HasId(references):
            return resource.reference in references
        case Updated(comparator, low, high):
            at = resource.last_updated
            return compares(comparator, at, at + 1, low, high)
        case Chained(name, types, where):
            found = (others.get(target) for target in _targets(name, types, resource))
            return any(fulfils(where, other, others) for other in found if other)
        case ReferredBy(name, where):
            token = f"{name}{tokens.REFERENCE}{resource.reference}"
            referring = (other for other in others.values() if token in other.entries.tokens)
            return any(fulfils(where, other, others) for other in referring)
        case _:
            return _has(criterion, resource.entries)


def _targets(name: str, types: tuple[str, ...], resource: Indexed) -> list[str]:
    start = f"{name}{tokens.REFERENCE}"
    named = [t[len(start) :] for t in resource.entries.tokens if t.startswith(start)]
    return [target for target in named if target.partition("/")[0] in types]


def _has(criterion: OfEntries, entries: IndexEntries) -> bool:
    match criterion:
        case HasToken(token):
            return token in entries.tokens or token in entries.labels
        case TokenRange(low_token, high_token):
            return any(low_token <= token < high_token for token in entries.tokens)
        case TextStart(name, text, whole):
            texts = _texts(name, entries)
            return any(each == text if whole else each.startswith(text) for each in texts)
        case TextContains(name, text, end):
            folded = [each.partition(tokens.EXACT)[0] for each in _texts(name, entries)]
            return any(each.endswith(text) if end else text in each for each in folded)
        case InRange(name, comparator, start, end, unit):
            return any(
                compares(comparator, found[0], found[1], start, end) and _has_unit(found, unit)
                for found in entries.ranges.get(name.replace(".", ":"), ())
            )
        case HasKey(name):
            return f"{name.replace('.', ':')}<" in entries.keys
        case Paired(name):
            pairs = entries.ranges.get(name.replace(".", ":"), ())
            return any(_is_pair(found, criterion) for found in pairs)
        case Near():
            return entries.position is not None and _is_near(criterion, *entries.position)
        case HasWord(word, narrative, start_only):
            kinds = ("n:",) if narrative else ("n:", "c:")
            own = [each[2:] for each in entries.words if each.startswith(kinds)]
            return any(each.startswith(word) if start_only else each == word for each in own)


def _is_pair(found: Sequence[str], asked: Paired) -> bool:
    if asked.token not in found[7:9]:
        return False
    spans = ((found[0], found[1]), (found[5], found[6]))
    return all(
        # Two empty ends are no range.
        bool(span[1])
        and compares(each.comparator, *span, each.low, each.high)
        and _has_unit(found, each.unit)
        for each, span in zip(asked.ranges, spans, strict=False)
    )


def _is_near(wanted: Near, longitude: float, latitude: float) -> bool:
    north, own_north = radians(wanted.latitude), radians(latitude)
    apart = sin((own_north - north) / 2) ** 2
    across = sin(radians(longitude - wanted.longitude) / 2) ** 2
    angle = 2 * asin(sqrt(min(1.0, apart + cos(north) * cos(own_north) * across)))
    return angle * EARTH_RADIUS_KILOMETRES <= wanted.kilometres


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
