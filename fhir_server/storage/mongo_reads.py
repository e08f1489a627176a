"""How the searches read: one place for every query, so that each of them can be explained.

Some reads ask only for the keys of an index. They look at no document at all, so that finding out
where something stands costs little even where many documents stand there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson.min_key import MinKey
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from fhir_server.storage import mongo_direct
from fhir_server.storage.mongo_filters import Filter
from fhir_server.storage.mongo_indexes import TOKENS

Document = dict[str, Any]
Documents = Collection[Document]
Order = Sequence[tuple[str, int]]
Entry = tuple[str, str]  # a token and the id of a document that has it

ID_ONLY: Mapping[str, Any] = {"_id": 1}
_ENDED = "ended early"


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where to begin and to end in an index on a list of texts and the id.

    Args:
        field: the list.
        low: the first text.
        high: the text to stop before.
        after: the id of ``low`` after which to begin; None to begin with its first.
    """

    field: str
    low: str
    high: str
    after: str | None = None

    @property
    def index(self) -> Order:
        """The index that they are of."""
        return [(self.field, 1), ("_id", 1)]

    @property
    def ends(self) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
        """The first and the last; a filter could not say it, as it is about all texts of a list."""
        # The smallest text after an id is the id with a NUL at its end.
        first: Any = MinKey() if self.after is None else f"{self.after}\0"
        start: list[tuple[str, Any]] = [(self.field, self.low), ("_id", first)]
        end: list[tuple[str, Any]] = [(self.field, self.high), ("_id", MinKey())]
        return start, end


@dataclass(frozen=True, slots=True)
class Read:
    """Reads for one page, one count or one plan.

    Args:
        collection: the current versions of all resources.
        session: the transaction to read in.
        projection: the fields of the documents that are the answer; all for None.
        trace: takes a report on each query that runs; None where nobody asks.
        memory: what was found out already and holds for the whole page.
        max_bytes: how much of bodies one query that may end early gives; None for all.
    """

    collection: Documents
    session: ClientSession | None = None
    projection: Mapping[str, Any] | None = None
    trace: list[Document] | None = None
    memory: dict[Any, Any] = field(default_factory=dict)
    max_bytes: int | None = None

    def fields(self, *more: str) -> dict[str, Any] | None:
        """Give the projection with what a scan needs to tell its position."""
        return None if self.projection is None else {**self.projection, **dict.fromkeys(more, 1)}

    def find(
        self,
        filter_: Filter,
        limit: int,
        *,
        sort: Order | None = None,
        projection: Mapping[str, Any] | None = None,
        hint: str | None = None,
        bounds: Bounds | None = None,
        keys_only: bool = False,
        ends_early: bool = False,
    ) -> list[Document]:
        """Give documents, or with ``keys_only`` the entries of the index that leads to them.

        Args:
            filter_: which.
            limit: how many at most; 0 for all.
            sort: their order.
            projection: the fields to give; all for None.
            hint: the index to read.
            bounds: of the index.
            keys_only: read no document.
            ends_early: fewer may be given where they are large; `ended_early` tells.
        """
        asked = mongo_direct.Asked(
            filter_,
            None if keys_only else projection,
            sort=sort,
            limit=limit,
            hint=hint if bounds is None else bounds.index,
            between=None if bounds is None else bounds.ends,
            keys_only=keys_only,
            at_once=not (ends_early and self.max_bytes is not None),
        )
        if self.trace is not None:
            self.trace.append(_report(asked.cursor(self.collection, self.session).explain()))
        found = asked.of(self.collection, self.session)
        if ends_early and self.max_bytes is not None:
            documents, self.memory[_ENDED] = taken(found, self.max_bytes)
            return documents
        return found.all()

    def ended_early(self) -> bool:
        """Tell whether the last query that might end early did."""
        return bool(self.memory.pop(_ENDED, False))

    def entries(self, low: str, high: str, limit: int, after: str | None = None) -> list[Entry]:
        """Give entries of the token index in their order, each document at its first."""
        if mongo_direct.is_sharded(self.collection):
            return self.sorted_entries(low, high, limit, after)
        bounds = Bounds("t", low, high, after)
        return [(e["t"], e["_id"]) for e in self.find({}, limit, bounds=bounds, keys_only=True)]

    def sorted_entries(
        self, low: str, high: str, limit: int, after: str | None = None
    ) -> list[Entry]:
        """Answer the same through a sort, for clusters, whose shards each have an order."""
        bounds = [{"$gte": ["$$this", {"$literal": low}]}, {"$lt": ["$$this", {"$literal": high}]}]
        # What has the first token up to the id counts with its next one.
        first = {"$or": [{"$ne": ["$$this", {"$literal": low}]}, {"$gt": ["$_id", after]}]}
        inside = {"$and": bounds if after is None else [*bounds, first]}
        return self._sorted({"t": {"$elemMatch": {"$gte": low, "$lt": high}}}, inside, limit)

    def _sorted(self, filter_: Filter, inside: Filter, limit: int) -> list[Entry]:
        pipeline: list[Document] = [
            {"$match": filter_},
            {"$project": {"s": {"$min": {"$filter": {"input": "$t", "cond": inside}}}}},
            {"$match": {"s": {"$type": "string"}}},
            {"$sort": {"s": 1, "_id": 1}},
            {"$limit": limit},
        ]
        found = mongo_direct.aggregate(self.collection, pipeline, session=self.session)
        return [(entry["s"], entry["_id"]) for entry in found]

    def entries_of(self, tokens: Sequence[str], limit: int) -> list[Entry]:
        """Give entries of some tokens, in the order of tokens and ids."""
        if mongo_direct.is_sharded(self.collection):
            wanted = {"t": {"$in": list(tokens)}}
            return self._sorted(wanted, {"$in": ["$$this", {"$literal": list(tokens)}]}, limit)
        found = self.find({"t": {"$in": list(tokens)}}, limit, hint=TOKENS, keys_only=True)
        return [(entry["t"], entry["_id"]) for entry in found]

    def by_ids(
        self, ids: Sequence[str], filter_: Filter, *more: str, hint: str = "_id_"
    ) -> dict[str, Document]:
        """Give those of some documents that pass a filter."""
        wanted: Filter = {"_id": {"$in": list(ids)}}
        joined = {"$and": [wanted, filter_]} if filter_ else wanted
        found = self.find(joined, 0, projection=self.fields(*more), hint=hint) if ids else []
        return {document["_id"]: document for document in found}

    def count(self, filter_: Filter, limit: int | None = None, hint: str | None = None) -> int:
        """Count what passes a filter, up to a limit."""
        if self.trace is not None:
            options: dict[str, Any] = {} if limit is None else {"limit": limit}
            if hint is not None:
                options["hint"] = hint
            command = {"count": self.collection.name, "query": filter_, **options}
            explained = self.collection.database.command(
                "explain", command, verbosity="executionStats"
            )
            self.trace.append(_report(explained) | {"returned": 0})
        return mongo_direct.count(
            self.collection, filter_, session=self.session, limit=limit, hint=hint
        )

    def types(self) -> list[str]:
        """Give the types of all resources there are."""
        found = self.memory.get("types")
        if found is None:
            found = self.memory["types"] = self.collection.distinct("y", session=self.session)
        return list(found)


def size(document: Document) -> int:
    """Give the bytes of a document's body, which is nearly all that it takes."""
    return len(document.get("b") or b"")


def taken(read: mongo_direct.Found, max_bytes: int) -> tuple[list[Document], bool]:
    """Give documents up to the one that passes a size, and whether one did.

    The rest is not fetched: what a page takes in memory is bounded whatever clients stored.
    """
    found: list[Document] = []
    left = max_bytes
    for document in read:
        found.append(document)
        left -= size(document)
        if left < 0:
            read.close()
            return found, True
    return found, False


def _report(explained: Mapping[str, Any]) -> Document:
    statistics = explained["executionStats"]
    stages = list(_stages(explained["queryPlanner"]["winningPlan"]))
    return {
        "indexed": not any(_is_unbounded(stage) for stage in stages),
        "stages": [stage["stage"] for stage in stages],
        "index": sorted({stage["indexName"] for stage in stages if "indexName" in stage}),
        "keys_examined": statistics["totalKeysExamined"],
        "documents_examined": statistics["totalDocsExamined"],
        "returned": statistics["nReturned"],
    }


def _is_unbounded(stage: Mapping[str, Any]) -> bool:
    """Tell whether a step reads the whole collection, or sorts without end in memory."""
    sorts = stage["stage"] == "SORT" and not stage.get("limitAmount")
    return stage["stage"] == "COLLSCAN" or sorts


def _stages(stage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # Newer servers wrap the plan that the classic engine shows plainly; clusters list shards.
    own = stage.get("queryPlan", stage)
    inner = [own["inputStage"]] if "inputStage" in own else own.get("inputStages", [])
    shards = [shard["winningPlan"] for shard in own.get("shards", [])]
    return [own, *(found for each in (*inner, *shards) for found in _stages(each))]
