"""A search as one principal may make it: every type in it, also in its joins, is restricted.

Source: R111; https://hl7.org/fhir/R4/security.html#ac
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from fhir_server.search.query import (
    And,
    Chained,
    Criterion,
    HasToken,
    Not,
    Or,
    Query,
    ReferredBy,
    either,
    every,
)
from fhir_server.security.access import EVERYTHING, NOTHING, Access

# An order by these tells of nothing that a resource says.
_SAYS_NOTHING = frozenset({"_id", "_lastUpdated"})


def restricted(
    access: Access, query: Query, named: Sequence[str], present: Collection[str] | None = None
) -> Query:
    """Give the query that finds what a principal may see of what a query finds.

    Args:
        access: the principal's.
        query: as it was asked.
        named: ``Patient/[id]`` of the persons whom it names.
        present: types that may be among the results; None for any.
    """
    types = access.types(query.types)
    asked = query.where.parts
    ordered = any(each.by not in _SAYS_NOTHING for each in query.sort)
    among = types if present is None else [each for each in types if each in present]
    own = _of_types(access, among, named, asked, ordered=ordered)
    where = every(*(_joined(access, part, named) for part in asked))
    if own != EVERYTHING:
        where = every(where, _filtering(own) if named else own)
    return replace(query, types=types, where=where)


def _filtering(own: Criterion) -> Criterion:
    """Say the same so that no index is tried for it: whom the search names leads to few already.

    Its alternatives would be as many ways for the database to try out at each search, which took
    it longer than the answer.
    """
    return own if own == NOTHING else Not(Not(own))


def _of_types(
    access: Access,
    types: Sequence[str],
    named: Sequence[str],
    asked: Sequence[Criterion],
    *,
    ordered: bool = False,
) -> Criterion:
    if not types:
        return NOTHING
    found = {type_: access.criterion(type_, named, asked, ordered=ordered) for type_ in types}
    if len(found) == 1:
        return next(iter(found.values()))
    if all(each == EVERYTHING for each in found.values()):
        return EVERYTHING
    seen = ((t, c) for t, c in found.items() if c != NOTHING)
    return either(*(HasToken(t) if c == EVERYTHING else every(HasToken(t), c) for t, c in seen))


def _joined(access: Access, criterion: Criterion, named: Sequence[str]) -> Criterion:
    """Restrict what the joins in a criterion lead to."""
    match criterion:
        case And(parts):
            return And(tuple(_joined(access, part, named) for part in parts))
        case Or(parts):
            return Or(tuple(_joined(access, part, named) for part in parts))
        case Not(part):
            return Not(_joined(access, part, named))
        case Chained(name, types, where):
            inner, seen = _inner(access, types, where, named)
            return Chained(name, seen, inner) if seen else NOTHING
        case ReferredBy(name, where):
            inner, seen = _inner(access, (name.partition(".")[0],), where, named)
            return ReferredBy(name, inner) if seen else NOTHING
        case _:
            return criterion


def _inner(
    access: Access, types: Sequence[str], where: Criterion, named: Sequence[str]
) -> tuple[Criterion, tuple[str, ...]]:
    seen = access.types(types)
    own = _of_types(access, seen, named, every(where).parts)
    inner = _joined(access, where, named)
    return (inner if own == EVERYTHING else every(inner, own)), seen
