"""Answers histories from MongoDB: of one resource, of types, of all.

Current versions are in one collection, superseded ones in another; both are read in the order of
`versions` and merged. Current ones are read first: a version is written ahead to the superseded
ones before its successor takes its place, so what leaves the first collection meanwhile is in the
second by then. It may be in both; the merge gives it once.

The history of all types is that of every type: MongoDB merges one scan of the index for each of
the 146, which takes about 1.5 ms and saves an index that every write would pay for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from fhir_server.storage.documents import STORED, Document, stored, superseded_id
from fhir_server.storage.mongo_direct import Asked, Found, find, find_one
from fhir_server.storage.mongo_indexes import UPDATED, VERSIONS
from fhir_server.storage.mongo_reads import size, taken
from fhir_server.storage.records import StoredResource
from fhir_server.storage.versions import HistoryQuery, Moments, Position, VersionPage, position

# A scan for what was current at a moment passes versions that were not. So many are passed for
# one page; then the page ends where the scan stands.
MOST_PASSED = 5_000
BATCH = 500
BODIES_AT_ONCE = 50

# What tells whether a version was current, without its body.
OUTLINE = {"y": 1, "v": 1, "u": 1, "r": 1, "live": {"$ne": [{"$type": "$b"}, "missing"]}}

Scan = Callable[[Position | None, int], list[Document]]


class MongoHistory:
    """Histories as one reader sees them.

    Args:
        current: the collection of current versions.
        superseded: the collection of superseded ones.
        session: the transaction to read in.
    """

    def __init__(
        self,
        current: Collection[Document],
        superseded: Collection[Document],
        session: ClientSession | None = None,
    ) -> None:
        self._current = current
        self._superseded = superseded
        self._session = session

    def page(self, asked: HistoryQuery) -> VersionPage | None:
        """Give a page; None for the history of a resource that never was."""
        if asked.id is not None:
            return self._of_one(asked)
        return self._of_types(asked) if asked.at is None else self._of_moment(asked, asked.at)

    def _of_one(self, asked: HistoryQuery) -> VersionPage | None:
        found = find_one(self._current, {"_id": asked.reference}, STORED, session=self._session)
        if found is None:
            return None
        newest = stored(found)
        # A version stored ahead of its successor is still current: it must not appear twice.
        below = newest.version
        if asked.after is not None:
            below = min(below, asked.after.version)
        versions = [newest] if asked.after is None or newest.version < asked.after.version else []
        wanted = asked.count + 1
        older, full = self._below(asked, below, wanted)
        end = position(older[-1]) if full and older[-1].version > 1 else None
        page = _page(list(_wanted([*versions, *older], asked)), asked, end)
        if asked.since is None and asked.at is None:
            return replace(page, total=newest.version)
        return page

    def _below(
        self, asked: HistoryQuery, version: int, count: int
    ) -> tuple[list[StoredResource], bool]:
        """Give superseded versions, and whether they are as many as fit on a page."""
        reference = asked.reference
        bounds = {"$gte": superseded_id(reference, 0), "$lt": superseded_id(reference, version)}
        # The reference names the one shard that has them; the index is that of the ids.
        filter_: Document = {"_id": bounds, "r": reference}
        if asked.at is not None:
            filter_["u"] = {"$lt": asked.at.end}
        older = Asked(filter_, sort=[("_id", -1)], limit=count)
        documents, full = _sized(older.of(self._superseded, self._session), asked)
        return [stored(document) for document in documents], full

    def _of_types(self, asked: HistoryQuery) -> VersionPage:
        wanted = asked.count + 1
        current = self._scan(self._current, asked, STORED)(asked.after, wanted)
        superseded = self._scan(self._superseded, asked, STORED | {"r": 1})(asked.after, wanted)
        ends = [_place(found[-1]) for found in (current, superseded) if _is_full(found, asked)]
        # Below where either scan stopped there may be more of its kind.
        end = max(ends, key=_order) if ends else None
        merged = _merged([stored(document) for document in (*current, *superseded)])
        if end is not None:
            merged = [each for each in merged if _order(position(each)) >= _order(end)]
        return _page(merged, asked, end)

    def _scan(
        self, collection: Collection[Document], asked: HistoryQuery, fields: Document
    ) -> Scan:
        name, index = ("_id", UPDATED) if collection is self._current else ("r", VERSIONS)
        types = asked.types[0] if len(asked.types) == 1 else {"$in": list(asked.types)}
        listed = {} if asked.listed is None else _listed(asked.listed, name)

        def scan(after: Position | None, count: int) -> list[Document]:
            found: list[Document] = []
            for moment in _stretches(after, asked, name):
                if len(found) < count and not _is_full(found, asked):
                    filter_ = {"$and": [{"y": types}, moment, listed]}
                    order = [("u", -1), (name, -1)]
                    left = count - len(found)
                    wanted = Asked(filter_, fields, sort=order, limit=left, hint=index)
                    found += _sized(wanted.of(collection, self._session), asked)[0]
            return found

        return scan

    def _of_moment(self, asked: HistoryQuery, at: Moments) -> VersionPage:
        wanted = asked.count + 1
        current, reached = _kept(
            self._scan(self._current, asked, OUTLINE),
            # A deletion is in the period where it happens, and says nothing about the time after.
            lambda batch: [d for d in batch if d["u"] >= at.start or d["live"]],
            asked.after,
            wanted,
        )
        superseded, other = _kept(
            self._scan(self._superseded, asked, OUTLINE),
            lambda batch: self._current_then(batch, at),
            asked.after,
            wanted,
        )
        places = _ordered({_place(document) for document in (*current, *superseded)})
        ends = [end for end in (reached, other) if end is not None]
        # Below where either scan stopped there may be more of its kind.
        floor = max(ends, key=_order) if ends else None
        if floor is not None:
            places = [place for place in places if _order(place) >= _order(floor)]
        shown = places[: asked.count]
        after = shown[-1] if len(places) > asked.count else floor
        versions = self._bodies(shown, asked)
        if len(versions) < len(shown):
            after = position(versions[-1])
        return VersionPage(versions, after, _total(versions, asked, after))

    def _current_then(self, batch: list[Document], at: Moments) -> list[Document]:
        """Give those that were stored in the period, or were in force when it began."""
        before = [d for d in batch if d["u"] < at.start and d["live"]]
        ended = self._ends(before)
        return [
            document
            for document in batch
            if document["u"] >= at.start
            or (document["live"] and ended.get((document["r"], document["v"]), 0) > at.start)
        ]

    def _ends(self, batch: list[Document]) -> dict[tuple[str, int], int]:
        """Give when superseded versions ceased to be current: when the next was stored.

        Nothing is given for one that is still current, having been written ahead of its successor:
        the scan of current versions gave it.
        """
        references = list({document["r"] for document in batch})
        # Current ones first, for the reason at the top of this module.
        newest = _numbered(self._current, {"_id": {"$in": references}}, self._session)
        ends: dict[tuple[str, int], int] = {}
        between: dict[str, tuple[str, int]] = {}
        for document in batch:
            reference, version = document["r"], document["v"]
            number, updated = newest.get(reference, (0, 0))
            if number == version + 1:
                ends[reference, version] = updated
            elif number > version:
                between[superseded_id(reference, version + 1)] = (reference, version)
        wanted = {"_id": {"$in": list(between)}, "r": {"$in": references}}
        found = _numbered(self._superseded, wanted, self._session)
        return ends | {between[id_]: updated for id_, (_, updated) in found.items()}

    def _bodies(self, places: Sequence[Position], asked: HistoryQuery) -> list[StoredResource]:
        """Give the versions at some places, as many as fit on a page."""
        found: list[StoredResource] = []
        for start in range(0, len(places), BODIES_AT_ONCE):
            for version in self._whole(places[start : start + BODIES_AT_ONCE]):
                found.append(version)
                if asked.max_bytes is not None and _bytes_of(found) > asked.max_bytes:
                    return found
        return found

    def _whole(self, places: Sequence[Position]) -> list[StoredResource]:
        wanted = {place.reference: place for place in places}
        ids = {superseded_id(place.reference, place.version): place for place in places}
        found = {
            (document["_id"], document["v"]): stored(document)
            for document in find(
                self._current, {"_id": {"$in": list(wanted)}}, STORED, session=self._session
            )
        }
        missing = [id_ for id_, p in ids.items() if (p.reference, p.version) not in found]
        older = {"_id": {"$in": missing}, "r": {"$in": list({ids[i].reference for i in missing})}}
        for document in find(self._superseded, older, session=self._session):
            found[document["r"], document["v"]] = stored(document)
        return [found[place.reference, place.version] for place in places]


def _wanted(versions: Sequence[StoredResource], asked: HistoryQuery) -> Iterator[StoredResource]:
    """Give the versions of one resource, newest first, that the query asks for."""
    since, at = asked.since, asked.at
    for version in takewhile(lambda v: since is None or v.last_updated >= since, versions):
        if at is None:
            yield version
        elif version.last_updated < at.end:
            if version.last_updated >= at.start or not version.deleted:
                yield version
            if version.last_updated <= at.start:
                return  # older ones were superseded when the period began


def _stretches(after: Position | None, asked: HistoryQuery, name: str) -> Iterator[Document]:
    """Give filters, one after the other, that each are one stretch of the index."""
    bounds: dict[str, int] = {}
    if asked.since is not None:
        bounds["$gte"] = asked.since
    if asked.at is not None:
        bounds["$lt"] = asked.at.end
    if after is None:
        yield {"u": bounds} if bounds else {}
        return
    yield {"u": {**bounds, "$eq": after.updated}, name: {"$lt": after.reference}}
    yield {"u": {**bounds, "$lt": min(after.updated, bounds.get("$lt", after.updated))}}


def _listed(listed: Mapping[str, Sequence[int]], name: str) -> Document:
    """Give the filter for certain resources, or certain versions of them."""
    certain = {reference: numbers for reference, numbers in listed.items() if numbers}
    either: list[Document] = [
        {name: {"$in": [reference for reference in listed if reference not in certain]}}
    ]
    either += [{name: reference, "v": {"$in": list(n)}} for reference, n in certain.items()]
    # The first part is answered from the index alone.
    return {"$and": [{name: {"$in": list(listed)}}, {"$or": either}]}


def _numbered(
    collection: Collection[Document], wanted: Document, session: ClientSession | None
) -> dict[str, tuple[int, int]]:
    """Give version numbers and moments by id."""
    found = find(collection, wanted, {"v": 1, "u": 1}, session=session)
    return {document["_id"]: (document["v"], document["u"]) for document in found}


def _kept(
    scan: Scan,
    keep: Callable[[list[Document]], list[Document]],
    after: Position | None,
    wanted: int,
) -> tuple[list[Document], Position | None]:
    """Give so many documents that are to be kept, and how far the scan went if it stopped early."""
    kept: list[Document] = []
    passed = 0
    while True:
        batch = scan(after, BATCH)
        kept += keep(batch)
        passed += len(batch)
        if len(batch) < BATCH:
            return kept, None
        after = _place(batch[-1])
        if len(kept) >= wanted or passed >= MOST_PASSED:
            return kept, after


def _place(document: Document) -> Position:
    return Position(document["u"], document.get("r") or document["_id"], document["v"])


def _order(place: Position) -> tuple[int, str]:
    return place.updated, place.reference


def _ordered(places: set[Position]) -> list[Position]:
    return sorted(places, key=_order, reverse=True)


def _merged(versions: Sequence[StoredResource]) -> list[StoredResource]:
    by_place = {position(version): version for version in versions}
    return [by_place[place] for place in _ordered(set(by_place))]


def _sized(found: Found, asked: HistoryQuery) -> tuple[list[Document], bool]:
    """Give documents, as many as fit on a page, and whether there may be more."""
    return (found.all(), False) if asked.max_bytes is None else taken(found, asked.max_bytes)


def _is_full(found: Sequence[Document], asked: HistoryQuery) -> bool:
    return asked.max_bytes is not None and sum(map(size, found)) > asked.max_bytes


def _bytes_of(versions: Sequence[StoredResource]) -> int:
    return sum(len(version.body or b"") for version in versions)


def _page(
    versions: Sequence[StoredResource], asked: HistoryQuery, end: Position | None = None
) -> VersionPage:
    """Give a page of versions; beyond ``end``, where it is given, there may be more."""
    shown = list(versions[: asked.count])
    after = position(shown[-1]) if len(versions) > asked.count else end
    return VersionPage(shown, after, _total(shown, asked, after))


def _total(shown: Sequence[object], asked: HistoryQuery, after: Position | None) -> int | None:
    """Count all versions where the first page holds them."""
    return len(shown) if asked.after is None and after is None else None
