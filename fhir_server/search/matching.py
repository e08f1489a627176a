"""What each criterion means, said by evaluating it on one resource's index entries.

The store answers the same from its indexes; the tests hold the two against each other. It also
serves where a single resource is to be matched without asking the store, as subscriptions do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from fhir_server.search import tokens
from fhir_server.search.indexing import IndexEntries
from fhir_server.search.query import (
    And,
    Comparator,
    Criterion,
    HasId,
    HasKey,
    HasToken,
    InRange,
    Not,
    Or,
    Query,
    TextContains,
    TextStart,
    TokenRange,
    Unit,
    Updated,
)

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
    criterion: HasToken | TokenRange | TextStart | TextContains | InRange | HasKey,
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
        case HasKey(name):
            return f"{name.replace('.', ':')}<" in entries.keys


def compares(comparator: Comparator, low: End, high: End, start: End, end: End) -> bool:
    """Compare a value's range (low, high) to a search's (start, end); ends are exclusive.

    ``ge`` and ``le`` ask for an overlap with what begins or ends with the search's range, as
    their examples in the specification do.

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
            return high > start
        case "le":
            return low < end
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
