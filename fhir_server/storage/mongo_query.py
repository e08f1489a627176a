"""Answers queries from MongoDB: pages, counts and plans.

Paging is by key: a cursor says after which document the next page begins. The server remembers
nothing, so a link works after a restart and for as long as the client likes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pymongo.client_session import ClientSession

from fhir_server.fhir.outcome import FhirError, invalid
from fhir_server.search.query import Query
from fhir_server.storage.mongo_indexes import TOKENS
from fhir_server.storage.mongo_plan import Plan, Scans, plan, whole_filter
from fhir_server.storage.mongo_scans import Document, Documents, Position, Read, run

# A token that leads to no more documents than these leads; a commoner one leaves it to a range.
RARE = 500


@dataclass(frozen=True, slots=True)
class Page:
    """Documents in order, and the cursor of the next page; None if this is the last."""

    documents: list[Document]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins: which of a plan's scans, and where in it."""

    otherwise: bool
    scan: int = 0
    position: Position = None


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
        FhirError: 400 for a cursor that isn't from this search.
    """
    planned = plan(query)
    place = _place(collection, query, planned, session)
    scans = planned.otherwise if place.otherwise else planned.scans
    found: list[tuple[int, Document]] = []
    for number in range(place.scan, len(scans)):
        # One more than asked for tells whether there is a next page.
        read = Read(collection, session, query.count + 1 - len(found), projection)
        position = place.position if number == place.scan else None
        found += [(number, document) for document in run(scans[number], read, position)]
        if len(found) > query.count:
            break
    page = found[: query.count]
    cursor = None
    if len(found) > len(page) and page:
        number, last = page[-1]
        cursor = _cursor(query, _Place(place.otherwise, number, scans[number].position(last)))
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
    """
    unsorted = Query(query.types, query.where)
    planned = plan(unsorted)
    scans = _chosen(collection, planned, session)
    filters = [scan.bounded() for scan in scans]
    if scans is planned.scans and planned.otherwise:
        filters = [whole_filter(unsorted)]
    total = 0
    for filter_ in filters:
        options = {} if limit is None else {"limit": limit - total}
        total += collection.count_documents(filter_, session=session, **options)
        if limit is not None and total >= limit:
            break
    return total


def explain(collection: Documents, query: Query) -> dict[str, Any]:
    """Tell how a page is found: which indexes, how many keys and documents are looked at.

    Args:
        collection: the current versions of all resources.
        query: as for `find_page`.

    Returns:
        ``indexed`` (whether every scan follows an index), ``keys_examined``,
        ``documents_examined``, ``returned``, and for each query that ran its ``stages``,
        ``index`` and figures.
    """
    planned = plan(query)
    place = _place(collection, query, planned, None)
    scans = planned.otherwise if place.otherwise else planned.scans
    reports: list[dict[str, Any]] = []
    for number in range(place.scan, len(scans)):
        wanted = query.count + 1 - sum(report["returned"] for report in reports)
        position = place.position if number == place.scan else None
        read = Read(collection, None, wanted, None)
        reports += [_report(c.explain()) for c in scans[number].cursors(read, position)]
        if sum(report["returned"] for report in reports) > query.count:
            break
    summed = ("keys_examined", "documents_examined", "returned")
    totals = {name: sum(report[name] for report in reports) for name in summed}
    return {"indexed": all(r["indexed"] for r in reports), **totals, "queries": reports}


def _report(explained: Mapping[str, Any]) -> dict[str, Any]:
    statistics = explained["executionStats"]
    stages = list(_stages(explained["queryPlanner"]["winningPlan"]))
    return {
        "indexed": not any(stage["stage"] == "COLLSCAN" for stage in stages),
        "stages": [stage["stage"] for stage in stages],
        "index": sorted({stage["indexName"] for stage in stages if "indexName" in stage}),
        "keys_examined": statistics["totalKeysExamined"],
        "documents_examined": statistics["totalDocsExamined"],
        "returned": statistics["nReturned"],
    }


def _stages(stage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # Newer servers wrap the plan that the classic engine shows plainly; clusters list shards.
    own = stage.get("queryPlan", stage)
    inner = [own["inputStage"]] if "inputStage" in own else own.get("inputStages", [])
    shards = [shard["winningPlan"] for shard in own.get("shards", [])]
    return [own, *(found for each in (*inner, *shards) for found in _stages(each))]


def _place(
    collection: Documents, query: Query, planned: Plan, session: ClientSession | None
) -> _Place:
    if query.cursor is None:
        return _Place(_chosen(collection, planned, session) is planned.otherwise)
    place = _read_cursor(query)
    scans = planned.otherwise if place.otherwise else planned.scans
    if not 0 <= place.scan < len(scans) or not scans[place.scan].accepts(place.position):
        raise _bad_cursor()
    return place


def _chosen(collection: Documents, planned: Plan, session: ClientSession | None) -> Scans:
    if not planned.otherwise:
        return planned.scans
    for token in planned.tokens:
        found = collection.count_documents(token, session=session, limit=RARE, hint=TOKENS)
        if found < RARE:
            return planned.scans
    return planned.otherwise


def _cursor(query: Query, place: _Place) -> str:
    content = [query.fingerprint, int(place.otherwise), place.scan, place.position]
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def _read_cursor(query: Query) -> _Place:
    text = query.cursor or ""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        content = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        fingerprint, otherwise, scan, position = content
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError, TypeError, ValueError):
        raise _bad_cursor() from None
    if fingerprint != query.fingerprint or type(scan) is not int or otherwise not in (0, 1):
        raise _bad_cursor()
    return _Place(bool(otherwise), scan, position)


def _bad_cursor() -> FhirError:
    return invalid(
        "_cursor is not from this search. Use the 'next' link as it is, or search anew without it.",
        code="value",
    )
