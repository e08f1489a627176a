"""Answers queries from MongoDB: pages, counts and plans.

Paging is by key: a cursor says after which document the next page begins. The server remembers
nothing, so a link works after a restart and for as long as the client likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pymongo.client_session import ClientSession

from fhir_server.fhir import cursors
from fhir_server.search.query import And, Chained, Not, Query
from fhir_server.storage.mongo_chains import ChainScan
from fhir_server.storage.mongo_filters import as_filter, joined
from fhir_server.storage.mongo_joins import (
    LARGEST_BATCH,
    Check,
    few_matches,
    fitting,
    follow,
    has_join,
    inner_query,
    settle,
)
from fhir_server.storage.mongo_plan import BY_ID, LED, Plan, counted, plan, type_filter
from fhir_server.storage.mongo_reads import Document, Documents, Read
from fhir_server.storage.mongo_referrers import ReferrerScan, leading_referrer
from fhir_server.storage.mongo_scans import Position, Scan
from fhir_server.storage.mongo_sort import sorted_scans

# The numbers of the ways that joins lead, after those of `fhir_server.storage.mongo_plan`.
FIRST_CHAIN = 2


@dataclass(frozen=True, slots=True)
class Page:
    """Documents in order, and the cursor of the next page; None if this is the last."""

    documents: list[Document]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: which way to answer, which of its scans, and where in it."""

    way: int
    scan: int = 0
    position: Position = None


@dataclass(frozen=True, slots=True)
class _Way:
    """Scans, one after the other, and what to check of the documents they find."""

    scans: Sequence[Scan]
    checks: tuple[Check, ...]


def find_page(
    collection: Documents,
    query: Query,
    session: ClientSession | None = None,
    projection: Mapping[str, Any] | None = None,
) -> Page:
    """Give one page.

    Args:
        collection: the current versions of all resources.
        query: what to find, how many, and after which cursor.
        session: the transaction to read in.
        projection: the fields to give; all for None.

    Raises:
        FhirError: 400 for a cursor that isn't from this search, 403 for a condition on other
            resources that is too costly where it stands.
    """
    return _page(Read(collection, session, projection, max_bytes=query.max_bytes), query)


def _page(read: Read, query: Query) -> Page:
    place = _place(read, query)
    way = _way(read, query, place.way)
    if place.position is not None and not _leads_to(way, place):
        raise cursors.not_from("search")
    found: list[tuple[int, Document]] = []
    fits = 0
    for number in range(place.scan, len(way.scans)):
        # One more than asked for tells whether there is a next page.
        wanted = query.count + 1 - len(found)
        position = place.position if number == place.scan else None
        documents = follow(read, way.scans[number], way.checks, position, wanted)
        found += [(number, document) for document in documents]
        fits = fitting(read, [document for _, document in found])
        if len(found) > query.count or fits < len(found):
            break
    page = found[: min(query.count, fits)]
    cursor = None
    if len(found) > len(page) and page:
        number, last = page[-1]
        cursor = _cursor(query, _Place(place.way, number, way.scans[number].position(last)))
    return Page([document for _, document in page], cursor)


def count(
    collection: Documents,
    query: Query,
    session: ClientSession | None = None,
    limit: int | None = None,
) -> int:
    """Count what a query finds, wherever its cursor stands.

    Args:
        collection: the current versions of all resources.
        query: what to count.
        session: the transaction to read in.
        limit: where to stop counting; None for an exact count.

    Raises:
        FhirError: 403 for a condition on other resources that is too costly where it stands.
    """
    return _count(Read(collection, session), query, limit)


def _count(read: Read, query: Query, limit: int | None) -> int:
    unsorted = Query(query.types, query.where)
    excluded = _excluded_alone(unsorted)
    if excluded is not None and limit is None:
        # What only excludes leads nowhere: count all, and what is excluded.
        everything = Query(query.types, And(()))
        return _count(read, everything, None) - _count(read, excluded, None)
    settled = settle(read, query.where)
    plain = replace(unsorted, where=settled.where)
    if settled.checks:
        own = replace(read, projection={"t": 1})
        return _count_checked(own, plain, settled.checks, limit)
    planned = plan(plain)
    scans = planned.scans(planned.choose(read))
    return counted(read, (scan.bounded() for scan in scans), limit)


def _excluded_alone(query: Query) -> Query | None:
    """Give the search for what a query leaves out, if it does nothing else."""
    if len(query.where.parts) != 1 or not isinstance(query.where.parts[0], Not):
        return None
    excluded = query.where.parts[0].part
    return None if has_join(excluded) else replace(query, where=And((excluded,)))


def _count_checked(read: Read, query: Query, checks: tuple[Check, ...], limit: int | None) -> int:
    planned = plan(query)
    total = 0
    for scan in planned.scans(planned.choose(read)):
        for found in _batches(read, scan, checks):
            total += found
            if limit is not None and total >= limit:
                return limit
    return total


def _batches(read: Read, scan: Scan, checks: tuple[Check, ...]) -> Iterator[int]:
    position: Position = None
    while True:
        found = follow(read, scan, checks, position, LARGEST_BATCH)
        yield len(found)
        if len(found) < LARGEST_BATCH:
            return
        position = scan.position(found[-1])


def explain(collection: Documents, query: Query) -> dict[str, Any]:
    """Tell how a page is found: which indexes, how many keys and documents are looked at.

    Args:
        collection: the current versions of all resources.
        query: as for `find_page`.

    Returns:
        ``indexed`` (whether every query follows an index, and none sorts without end),
        ``keys_examined``, ``documents_examined``, ``returned`` (on the page), and for each query
        that ran, in the order in which they did, its ``stages``, ``index`` and figures.
    """
    reports: list[dict[str, Any]] = []
    page = _page(Read(collection, trace=reports), query)
    summed = ("keys_examined", "documents_examined")
    totals = {name: sum(report[name] for report in reports) for name in summed}
    return {
        "indexed": all(report["indexed"] for report in reports),
        **totals,
        "returned": len(page.documents),
        "queries": reports,
    }


def _way(read: Read, query: Query, number: int) -> _Way:
    if query.sort or number < FIRST_CHAIN:
        if not query.sort:
            planned, checks = _planned(read, query)
            return _Way(planned.scans(number), checks)
        settled = settle(read, query.where)
        return _Way(sorted_scans(_plain(query, settled.where)), settled.checks)
    referring = leading_referrer(query)
    if referring is not None:
        others = And(tuple(part for part in query.where.parts if part is not referring))
        return _Way([ReferrerScan(referring, joined(type_filter(query), as_filter(others)))], ())
    chain = _chains(query)[number - FIRST_CHAIN]
    settled = settle(read, _without(query, (chain,)))
    own_type = chain.name.partition(".")[0]
    typed = {} if not query.types or own_type in query.types else type_filter(query)
    return _Way([ChainScan(chain, joined(typed, as_filter(settled.where)))], settled.checks)


def _chains(query: Query) -> tuple[Chained, ...]:
    """Give the chains that can lead."""
    if query.sort:
        return ()
    return tuple(part for part in query.where.parts if isinstance(part, Chained))


def _without(query: Query, chains: tuple[Chained, ...]) -> And:
    return And(tuple(part for part in query.where.parts if part not in chains))


def _place(read: Read, query: Query) -> _Place:
    chains = _chains(query)
    if query.cursor is None:
        return _Place(_first_way(read, query, chains))
    place = _read_cursor(query)
    joins = len(chains) + (leading_referrer(query) is not None)
    if place.way >= FIRST_CHAIN + joins or (query.sort and place.way != BY_ID):
        raise cursors.not_from("search")
    return place


def _first_way(read: Read, query: Query, chains: tuple[Chained, ...]) -> int:
    if query.sort:
        return BY_ID
    if leading_referrer(query) is not None:
        return FIRST_CHAIN
    if not chains:
        return _planned(read, query)[0].choose(read)
    planned = plan(_plain(query, settle(read, _without(query, chains)).where))
    if planned.is_rare(read):
        return planned.choose(read)
    found = [few_matches(read, inner_query(chain)) for chain in chains]
    sizes = [(len(ids), number) for number, ids in enumerate(found) if ids is not None]
    if not sizes and planned.led:
        return LED
    return FIRST_CHAIN + min(sizes, default=(0, 0))[1]


def _planned(read: Read, query: Query) -> tuple[Plan, tuple[Check, ...]]:
    """Plan the search that a page is for, once, and give what is to be checked besides."""
    known: tuple[Plan, tuple[Check, ...]] | None = read.memory.get("plan")
    if known is None:
        settled = settle(read, query.where)
        known = plan(_plain(query, settled.where)), settled.checks
        read.memory["plan"] = known
    return known


def _plain(query: Query, where: And) -> Query:
    """Give the search with its joins settled."""
    return query if where == query.where else replace(query, where=where)


def _leads_to(way: _Way, place: _Place) -> bool:
    return place.scan < len(way.scans) and way.scans[place.scan].accepts(place.position)


def _cursor(query: Query, place: _Place) -> str:
    content = [query.fingerprint, place.way, place.scan, place.position]
    return cursors.written(content)


def _read_cursor(query: Query) -> _Place:
    try:
        fingerprint, way, scan, position = cursors.content_of(query.cursor or "")
    except (TypeError, ValueError):
        raise cursors.not_from("search") from None
    if fingerprint != query.fingerprint or type(scan) is not int or type(way) is not int:
        raise cursors.not_from("search")
    if scan < 0 or way < 0 or position is None:
        raise cursors.not_from("search")
    return _Place(way, scan, position)
