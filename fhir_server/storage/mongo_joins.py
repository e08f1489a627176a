"""Criteria about other resources: chains, and what refers to a resource.

A join that few other resources fulfil becomes an ordinary criterion: the tokens of references to
them, or the ids that they refer to. A join that many fulfil is checked instead: the search goes
on in its order, and for each batch of what it finds one query tells which of them fulfil it. So
each page costs about the same, and the order is the same either way: a cursor stays good when the
number of others changes from few to many between two pages.

What a chain leads to can also lead: `fhir_server.storage.mongo_chains`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.search import tokens
from fhir_server.search.query import (
    And,
    Chained,
    Criterion,
    HasId,
    HasToken,
    Not,
    Or,
    Query,
    ReferredBy,
    every,
)
from fhir_server.storage import mongo_reads
from fhir_server.storage.mongo_filters import as_filter, joined
from fhir_server.storage.mongo_indexes import TOKENS
from fhir_server.storage.mongo_plan import by_id, type_filter, whole_filter
from fhir_server.storage.mongo_reads import ID_ONLY, Document, Read
from fhir_server.storage.mongo_scans import Position, Scan

# So many others at most are looked up at once for each page.
FEW = 2_000
# So many at most where a join is one of several alternatives, and can't be checked in batches.
CAP = 10_000
# Documents that are checked at once.
BATCH, LARGEST_BATCH = 50, 1_000
_FIRST_BATCH = 101
# So many are read to see whether there are more, before those are counted.
PROBE = 100

Join = Chained | ReferredBy
Given = TypeVar("Given")
_JOINS = (Chained, ReferredBy)


@dataclass(frozen=True, slots=True)
class Check:
    """A join that what is found must fulfil, or must not."""

    join: Join
    wanted: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """Criteria without joins, and the joins that are left to check."""

    where: And
    checks: tuple[Check, ...]


def has_join(criterion: Criterion) -> bool:
    """Tell whether a criterion is about other resources."""
    match criterion:
        case HasToken():  # as most are
            return False
        case And(parts) | Or(parts):
            return any(has_join(part) for part in parts)
        case Not(part):
            return has_join(part)
        case _:
            return isinstance(criterion, _JOINS)


def settle(read: Read, where: Criterion) -> Settled:
    """Replace joins by what others fulfil them, where those are few.

    Raises:
        FhirError: 403 for a join among alternatives that too many others fulfil.
    """
    if not has_join(where):
        return Settled(every(where), ())
    known = read.memory.get(("settled", where))
    if known is None:
        known = read.memory["settled", where] = _settle(read, every(where))
    assert isinstance(known, Settled)  # noqa: S101 - the memory's keys say what it holds
    return known


def _settle(read: Read, where: And) -> Settled:
    parts: list[Criterion] = []
    checks: list[Check] = []
    for part in where.parts:
        if not has_join(part):
            parts.append(part)
            continue
        join = part.part if isinstance(part, Not) else part
        if not isinstance(join, Chained | ReferredBy):
            parts.append(without_joins(read, part))
            continue
        found = _as_plain(read, join, FEW)
        if found is None:
            checks.append(Check(join, join is part))
        else:
            parts.append(found if join is part else Not(found))
    return Settled(every(*parts), tuple(checks))


def without_joins(read: Read, criterion: Criterion) -> Criterion:
    """Say all joins by tokens and ids.

    Raises:
        FhirError: 403 for one that too many others fulfil.
    """
    match criterion:
        case And(parts):
            return And(tuple(without_joins(read, part) for part in parts))
        case Or(parts):
            return Or(tuple(without_joins(read, part) for part in parts))
        case Not(part):
            return Not(without_joins(read, part))
        case Chained() | ReferredBy():
            found = _as_plain(read, criterion, CAP)
            if found is None:
                raise _too_costly()
            return found
        case _:
            return criterion


def _too_costly() -> FhirError:
    return FhirError(
        Issue(
            "error",
            "too-costly",
            f"A condition on other resources that stands among alternatives matches more than "
            f"{CAP} of them. Narrow that condition, or make each alternative a search of its own.",
        ),
        status=403,
    )


def _as_plain(read: Read, join: Join, limit: int) -> Criterion | None:
    """Say a join by tokens or ids; None where that takes more of them than the limit."""
    if isinstance(join, Chained):
        ids = matches_of(read, inner_query(join), limit)
        if ids is None:
            return None
        return Or(tuple(HasToken(f"{join.name}{tokens.REFERENCE}{id_}") for id_ in ids))
    found = _referred(read, join, limit)
    return None if found is None else HasId(tuple(found))


def inner_query(join: Join) -> Query:
    """Give the search for the other resources that fulfil a join."""
    if isinstance(join, Chained):
        return Query(join.types, every(join.where))
    return Query((join.name.partition(".")[0],), every(join.where))


def matches_of(read: Read, query: Query, limit: int) -> list[str] | None:
    """Give the sorted ids of all that a search finds; None if they are more than the limit."""
    key = ("matches", query, limit)
    if key not in read.memory:
        read.memory[key] = _matches_of(read, query, limit)
    found: list[str] | None = read.memory[key]
    return found


def few_matches(read: Read, query: Query) -> list[str] | None:
    """Give the sorted ids of all that a search finds, if they are few enough to lead."""
    return matches_of(read, query, FEW)


def _matches_of(read: Read, query: Query, limit: int) -> list[str] | None:
    settled = settle(read, query.where)
    if settled.checks:
        found = ids_after(read, query, "", limit + 1)
        return sorted(found) if len(found) <= limit else None
    ids = _ids(read, replace(query, where=settled.where), limit)
    return None if ids is None else sorted(ids)


def _ids(read: Read, query: Query, limit: int) -> list[str] | None:
    parts = query.where.parts
    filter_ = whole_filter(query)
    if len(parts) == 1 and isinstance(parts[0], HasToken) and not type_filter(query):
        token = parts[0].token
        entries = _unless_many(
            lambda most: read.entries_of([token], most),
            lambda most: read.count(filter_, most, hint=TOKENS),
            limit,
        )
        return None if entries is None else [id_ for _, id_ in entries]
    found = _unless_many(
        lambda most: read.find(filter_, most, projection=ID_ONLY),
        (lambda most: read.count(filter_, most)) if len(parts) == 1 else None,
        limit,
    )
    return None if found is None else [document["_id"] for document in found]


def _unless_many(
    give: Callable[[int], list[Given]], count: Callable[[int], int] | None, limit: int
) -> list[Given] | None:
    """Give all there is; None for more than the limit, which are counted rather than given.

    Args:
        give: gives so many at most.
        count: counts so many at most, in an index alone; None where that would read what is
            counted, as of several criteria: it is as well given.
        limit: how many may be given.
    """
    found = give((limit if count is None else min(PROBE, limit)) + 1)
    if count is not None and len(found) > PROBE:
        if count(limit + 1) > limit:
            return None
        found = give(limit + 1)
    return found if len(found) <= limit else None


def ids_after(read: Read, query: Query, after: str, limit: int) -> list[str]:
    """Give the ids of what a search finds, in their order, after one."""
    settled = settle(read, query.where)
    scan = by_id(replace(query, where=settled.where))
    found = follow(replace(read, projection=ID_ONLY), scan, settled.checks, after or None, limit)
    return [document["_id"] for document in found]


def _referred(read: Read, join: ReferredBy, limit: int) -> list[str] | None:
    """Give what the resources refer to that fulfil a join."""
    query = inner_query(join)
    settled = settle(read, query.where)
    start, end = f"{join.name}{tokens.REFERENCE}", f"{join.name}{tokens.PRESENT}"
    own = replace(read, projection=only_tokens(start, end))
    scan = by_id(replace(query, where=settled.where))
    if settled.checks:
        found = follow(replace(read, projection={"t": 1}), scan, settled.checks, None, limit + 1)
        return None if len(found) > limit else sorted(set(targets(found, join.name)))
    filter_ = scan.bounded()
    referring = _unless_many(
        lambda most: own.find(filter_, most, projection=own.projection),
        (lambda most: own.count(filter_, most, hint=scan.hint))
        if len(settled.where.parts) == 1
        else None,
        limit,
    )
    return None if referring is None else sorted(set(targets(referring, join.name)))


def only_tokens(low: str, high: str) -> Document:
    """Give the projection that leaves out the tokens beyond some bounds."""
    bounds = [{"$gte": ["$$this", {"$literal": low}]}, {"$lt": ["$$this", {"$literal": high}]}]
    return {"t": {"$filter": {"input": "$t", "cond": {"$and": bounds}}}}


def targets(documents: Iterable[Document], name: str) -> list[str]:
    """Give what documents refer to by a parameter; what is elsewhere is left out."""
    start = f"{name}{tokens.REFERENCE}"
    found = (t[len(start) :] for d in documents for t in d["t"] if t.startswith(start))
    return [target for target in found if ":" not in target]


def follow(
    read: Read, scan: Scan, checks: Sequence[Check], position: Position, limit: int
) -> list[Document]:
    """Give the next documents of a scan that pass the checks.

    Args:
        read: how to read.
        scan: which way to go.
        checks: the joins to check.
        position: where to go on; None to begin.
        limit: how many at most; fewer where they are large (`is_full`).
    """
    if not checks and read.max_bytes is None:
        return scan.documents(read, position, limit)
    plainly = replace(read, max_bytes=None)
    # References are among the tokens; what is referred to is known by its id.
    led = any(isinstance(check.join, Chained) for check in checks)
    wider = replace(read, projection=read.fields("t")) if led else read
    found: list[Document] = []
    size = min(max(BATCH, limit), LARGEST_BATCH)
    if read.max_bytes is not None:
        size = min(size, max(BATCH, _FIRST_BATCH))  # who knows how large they are
    while len(found) < limit:
        asked = size if checks else min(size, limit - len(found))
        batch = scan.documents(wider, position, asked)
        more = wider.ended_early() or len(batch) == asked
        found += kept(plainly, checks, batch)
        if not more or len(found) >= limit or is_full(read, found):
            break
        position, size = scan.position(batch[-1]), min(2 * size, LARGEST_BATCH)
    return found[:limit]


def is_full(read: Read, found: Sequence[Document]) -> bool:
    """Tell whether there are more documents than fit on a page."""
    return fitting(read, found) < len(found)


def fitting(read: Read, found: Sequence[Document]) -> int:
    """Give how many of some documents fit on a page: the first at least."""
    if read.max_bytes is None:
        return len(found)
    sizes = [mongo_reads.size(document) for document in found]
    if sum(sizes) <= read.max_bytes:
        return len(found)
    left = read.max_bytes
    for number, size in enumerate(sizes):
        left -= size
        if left < 0:
            return max(number, 1)
    return len(found)


def kept(read: Read, checks: Sequence[Check], documents: list[Document]) -> list[Document]:
    """Give the documents, read with their tokens, that pass the checks."""
    for check in checks:
        if not documents:
            break
        holding = _holding(read, check.join, documents)
        documents = [d for d in documents if (d["_id"] in holding) is check.wanted]
    return documents


def _holding(read: Read, join: Join, documents: Sequence[Document]) -> set[str]:
    """Give the ids of the documents that fulfil a join."""
    query = inner_query(join)
    if isinstance(join, ReferredBy):
        return _referred_among(read, join, query, [document["_id"] for document in documents])
    good = fulfilling(read, query, set(targets(documents, join.name)))
    return {d["_id"] for d in documents if not good.isdisjoint(targets([d], join.name))}


def fulfilling(read: Read, query: Query, ids: Iterable[str]) -> set[str]:
    """Give those of some ids whose resources a search would find."""
    settled = settle(read, query.where)
    filter_ = joined(type_filter(query), as_filter(settled.where))
    fields = {"t": 1} if settled.checks else ID_ONLY
    # A token and the ids are looked up together, which may take no document at all.
    hint = TOKENS if any(isinstance(part, HasToken) for part in settled.where.parts) else "_id_"
    found: set[str] = set()
    listed = sorted(ids)
    for start in range(0, len(listed), LARGEST_BATCH):
        own = replace(read, projection=fields)
        batch = own.by_ids(listed[start : start + LARGEST_BATCH], filter_, hint=hint)
        found.update(d["_id"] for d in kept(read, settled.checks, list(batch.values())))
    return found


def _referred_among(read: Read, join: ReferredBy, query: Query, ids: Sequence[str]) -> set[str]:
    """Give those of some ids that a resource which fulfils a join refers to."""
    settled = settle(read, query.where)
    if settled.checks:
        return {id_ for id_ in ids if _is_referred(read, join, query, id_)}
    start = f"{join.name}{tokens.REFERENCE}"
    fields = only_tokens(start, f"{join.name}{tokens.PRESENT}")
    left, found = dict.fromkeys(ids), set[str]()
    while left:
        # One of them may be referred to by so many that the rest don't fit in: ask again for those.
        filter_ = joined({"t": {"$in": [start + id_ for id_ in left]}}, as_filter(settled.where))
        size = 4 * len(left)
        referring = read.find(filter_, size, projection=fields)
        named = left.keys() & targets(referring, join.name)
        found |= named
        left = {id_: None for id_ in left if id_ not in named}
        if len(referring) < size:
            break
    return found


def _is_referred(read: Read, join: ReferredBy, query: Query, id_: str) -> bool:
    refers = HasToken(f"{join.name}{tokens.REFERENCE}{id_}")
    return bool(ids_after(read, replace(query, where=every(refers, query.where)), "", 1))
