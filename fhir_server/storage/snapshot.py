"""Reads of the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeVar

from pymongo.client_session import ClientSession
from pymongo.collection import Collection as Documents

from fhir_server.search.query import Query, every
from fhir_server.search.tokens import REFERENCE, referring
from fhir_server.storage import mongo_about, mongo_direct, mongo_distinct, mongo_facts, mongo_query
from fhir_server.storage.documents import (
    STORED,
    STORED_AND_TOKENS,
    Document,
    stored,
    superseded_key,
)
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_about import About
from fhir_server.storage.mongo_direct import Asked, Found
from fhir_server.storage.mongo_history import MongoHistory
from fhir_server.storage.mongo_indexes import FACTS, HAS_FACTS, TOKENS, UPDATED
from fhir_server.storage.mongo_joins import has_join, without_joins
from fhir_server.storage.mongo_reads import Read
from fhir_server.storage.mongo_together import Sought, can_be_joined, fields_of, filter_of
from fhir_server.storage.mongo_transaction import Transaction
from fhir_server.storage.places import Collections
from fhir_server.storage.records import SearchPage, StoredResource
from fhir_server.storage.versions import HistoryQuery, VersionPage

Result = TypeVar("Result")


class Snapshot:
    """Reads of the store: outside a transaction, or inside one and then seeing its writes."""

    def __init__(self, collections: Collections, within: Transaction | None = None) -> None:
        self.collections = collections
        self.within = within

    @property
    def session(self) -> ClientSession | None:
        """The transaction's session, which sees all that it has written; None outside."""
        return None if self.within is None else self.within.session

    def _find(self, place: Documents[Document], asked: Asked) -> Found:
        """Give what a find gives, in one round trip with writes of the transaction that wait."""
        return asked.of(place, None) if self.within is None else self.within.find(place, asked)

    def read(self, resource_type: str, id_: str) -> StoredResource | None:
        """Give the current version, a tombstone for a deleted resource, None for none."""
        document = self._run(
            lambda: mongo_direct.find_one(
                self.collections.of((resource_type,)),
                {"_id": f"{resource_type}/{id_}"},
                STORED,
                session=self.session,
            )
        )
        return None if document is None else stored(document)

    def read_many(self, references: Iterable[str]) -> dict[str, StoredResource]:
        """Give the current versions of ``Type/id`` references, tombstones included."""
        found = self._found(references, {}, STORED)
        return {document["_id"]: stored(document) for document in found}

    def _found(
        self, references: Iterable[str], also: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> list[Document]:
        """Give the documents of some ``Type/id`` references that also fulfil a condition."""
        places = self.collections.parted(references)
        if not places:
            return []
        return self._run(
            lambda: [
                document
                for place, wanted in places
                for document in self._find(place, Asked({"_id": {"$in": wanted}, **also}, fields))
            ]
        )

    def read_version(self, resource_type: str, id_: str, version: int) -> StoredResource | None:
        """Give one version, current or superseded; None where there never was such a version."""
        current = self.read(resource_type, id_)
        return None if current is None else self._version(current, version)

    def _version(self, current: StoredResource, version: int) -> StoredResource | None:
        if not 0 < version <= current.version:
            return None
        if current.version == version:
            return current
        document = self._run(
            lambda: mongo_direct.find_one(
                self.collections.superseded,
                superseded_key(current.reference, version),
                session=self.session,
            )
        )
        return None if document is None else stored(document)

    def history(self, asked: HistoryQuery) -> VersionPage | None:
        """Give versions, newest first; None for the history of a resource that never was."""
        current = self.collections.of(asked.types)
        reader = MongoHistory(current, self.collections.superseded, self.session)
        return self._run(lambda: reader.page(asked))

    def search(self, query: Query) -> SearchPage:
        """Give one page of the resources that match.

        Raises:
            FhirError: 400 for a cursor of another search, 403 for a search that costs too much.
        """
        including = bool(query.includes or query.revincludes)
        fields = STORED_AND_TOKENS if including else STORED
        page = self._run(
            lambda: mongo_query.find_page(
                *self._settled(query), session=self.session, projection=fields
            )
        )
        tokens = {d["_id"]: d["t"] for d in page.documents} if including else {}
        return SearchPage([stored(d) for d in page.documents], page.next_cursor, tokens)

    def read_indexed(
        self, references: Iterable[str]
    ) -> dict[str, tuple[StoredResource, list[str]]]:
        """Give the living resources among ``Type/id`` references, with their index tokens."""
        found = self._found(references, {"del": {"$exists": False}}, STORED_AND_TOKENS)
        return {d["_id"]: (stored(d), d.get("t", [])) for d in found}

    def together(
        self, references: Collection[str], sought: Sequence[Sought], most: int = 0
    ) -> dict[str, tuple[StoredResource, list[str]]] | None:
        """Give some resources, and what some searches find, in one round trip.

        Args:
            references: ``Type/id`` of the resources; tombstones are given, too.
            sought: the searches, of types that are in one place with all others.
            most: how many may be found; 0 for any number.

        Returns:
            Each with those of its tokens that were asked for, which tell what found it; None
            where it must be asked in several round trips, or more than ``most`` were found.
        """
        if not can_be_joined(sought):
            return None
        filter_, fields = filter_of(references, sought), fields_of(references, sought)
        asked = Asked(filter_, fields, limit=most + 1 if most else 0)
        found = self._run(lambda: self._find(self.collections.resources, asked).all())
        if most and len(found) > most:
            return None
        return {d["_id"]: (stored(d), d["t"]) for d in found}

    def explain(self, query: Query) -> dict[str, Any]:
        """Tell how a page is found; see `mongo_query.explain`."""
        return self._run(lambda: mongo_query.explain(*self._settled(query)))

    def count(self, query: Query, limit: int | None = None) -> int:
        """Count the resources that match, up to ``limit``."""
        return self._run(
            lambda: mongo_query.count(*self._settled(query), session=self.session, limit=limit)
        )

    def _settled(self, query: Query) -> tuple[Documents[Document], Query]:
        """Give where a search looks, and the search as it can be answered there.

        What a search of the trail asks of other resources is asked where those are.

        Raises:
            FhirError: 403 where too many others fulfil it.
        """
        place = self.collections.of(query.types)
        if place is self.collections.resources or not has_join(query.where):
            return place, query
        read = Read(self.collections.resources, self.session)
        return place, replace(query, where=every(without_joins(read, query.where)))

    def existing(self, references: Iterable[str], *, deleted_too: bool = False) -> set[str]:
        """Give those of the ``Type/id`` references that lead to a resource, from an index alone.

        Args:
            references: to look for.
            deleted_too: whether a deleted resource counts.
        """
        places = [
            (place, mongo_about.by_type(wanted), wanted)
            for place, wanted in self.collections.parted(references)
        ]
        if not places:
            return set()

        def found() -> set[str]:
            return {
                document["_id"]
                for place, branches, wanted in places
                for document in mongo_direct.find(
                    place,
                    {"_id": {"$in": wanted}} if deleted_too else {"$or": branches},
                    {"_id": 1},
                    session=self.session,
                    hint="_id_" if deleted_too else TOKENS,
                )
            }

        return self._run(found)

    def labels_of(self, references: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Give the labels of the resources there are among ``Type/id`` references, deleted too."""
        found = self._found(references, {}, {"a": 1})
        return {document["_id"]: tuple(document.get("a", ())) for document in found}

    def about(self, tokens: Sequence[str], wanted: Sequence[About]) -> list[StoredResource]:
        """Give current resources that have one of some tokens, and what else is said of their type.

        In one round trip, and examining nothing else: for what is asked at every request.

        Args:
            tokens: that lead to few, such as ``Consent._about>Patient/7``.
            wanted: what must hold of the resources of a type; of other types none is given.
        """
        place, session = self.collections.resources, self.session
        found = self._run(lambda: mongo_about.find(place, tokens, wanted, session))
        return [stored(document) for document in found]

    def types_referring_to(self, references: Sequence[str]) -> set[str]:
        """Give the types of the current resources that refer to any of some, from an index alone.

        Args:
            references: ``Type/id`` of what few refer to.
        """
        pipeline: list[dict[str, Any]] = [
            {"$match": {"t": {"$in": [token for each in references for token in referring(each)]}}},
            {"$group": {"_id": {"$first": {"$split": ["$_id", "/"]}}}},
        ]
        found = self._run(
            lambda: mongo_direct.aggregate(
                self.collections.resources, pipeline, session=self.session, hint=TOKENS
            ).all()
        )
        return {document["_id"] for document in found}

    def tokens_of_type(self, resource_type: str) -> dict[str, list[str]]:
        """Give the index tokens of all living resources of a type that has few; by ``Type/id``."""
        found = self._by_token({"t": resource_type}, {"t": 1})
        return {document["_id"]: document["t"] for document in found}

    def written_since(self, resource_type: str, since: int) -> frozenset[tuple[str, int]]:
        """Give which resources of a type were last written or deleted since a time, and when.

        Args:
            resource_type: the type.
            since: µs since 1970, of a time since when few were.
        """
        asked = {"y": resource_type, "u": {"$gte": since}}
        place, session = self.collections.resources, self.session
        found = self._run(
            lambda: mongo_direct.find(place, asked, {"u": 1}, session=session, hint=UPDATED).all()
        )
        return frozenset((document["_id"], document["u"]) for document in found)

    def facts(
        self, resource_types: Sequence[str], stages: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Compute from the facts of current resources, in the database and from one index.

        Args:
            resource_types: whose facts (``y`` in the stages).
            stages: of MongoDB's aggregation, over documents with ``f.[fact]``; anything else they
                ask for makes the database read the resources themselves.

        Returns:
            What the last stage gives.
        """
        pipeline = [{"$match": {"y": {"$in": list(resource_types)}, **HAS_FACTS}}]
        return self._run(
            lambda: self.collections.resources.aggregate(
                [*pipeline, *stages], session=self.session, hint=FACTS, allowDiskUse=True
            ).to_list()
        )

    def facts_of_referrers(
        self, resource_type: str, reference: str, stages: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Compute from the facts of what refers to a resource; nothing else is examined.

        For a few among many; `facts` is for most of them.

        Args:
            resource_type: of those that refer.
            reference: ``Type/id`` of what they refer to, anywhere in them; or the token of a
                reference parameter, such as ``CareTeam.deputy>PractitionerRole/7``.
            stages: of MongoDB's aggregation, over documents with ``f.[fact]`` and the tokens ``t``.
        """
        asked = [reference] if REFERENCE in reference else list(referring(reference))
        # "0" follows "/" in ASCII: the ids of a type lie between the two.
        ids = {"$gte": f"{resource_type}/", "$lt": f"{resource_type}0"}
        pipeline = [{"$match": {"t": {"$in": asked}, "_id": ids}}, *stages]
        return self._run(
            lambda: self.collections.resources.aggregate(
                pipeline, session=self.session, hint=TOKENS, allowDiskUse=True
            ).to_list()
        )

    def facts_by_patient(
        self,
        resource_type: str,
        names: Sequence[str],
        where: Mapping[str, Any] = MappingProxyType({}),
    ) -> Iterator[dict[str, Any]]:
        """Give facts of current resources in the order of their patients, from one index.

        Args:
            resource_type: whose facts.
            names: the facts to give; a row has those that the resource has.
            where: conditions of MongoDB's, by fact.

        Raises:
            StoreUnavailable: the database is gone, also in the middle.
        """
        self._run(lambda: None)  # the primary shows all acknowledged writes
        stages = mongo_facts.pipeline(resource_type, names, where)
        return mongo_facts.rows(self.collections.resources, stages, self.session)

    def referrers(
        self, references: Iterable[str], limit: int, *, other_than: Iterable[str] = ()
    ) -> list[str]:
        """Give who refers to any of some resources, as ``Type/id`` and in that order.

        Args:
            references: ``Type/id`` of those referred to.
            limit: how many to give at most.
            other_than: types of those who don't count.
        """
        tokens = [token for reference in set(references) for token in referring(reference)]
        # "0" follows "/" in ASCII: the ids of a type lie between the two.
        ends = ["", *(f"{type_}{end}" for type_ in sorted(other_than) for end in "/0"), "a"]
        branches = [
            {"t": {"$in": tokens}, "_id": {"$gte": low, "$lt": high}}
            for low, high in zip(ends[::2], ends[1::2], strict=True)
        ]
        found = self._by_token({"$or": branches}, {"_id": 1}, limit)
        return sorted({document["_id"] for document in found})

    def types_in_use(self) -> list[str]:
        """Give the resource types that there are or were resources of."""
        return self._run(
            lambda: mongo_distinct.types_in_use(self.collections.resources, self.session)
        )

    def examples(self, low: str, high: str, limit: int) -> list[tuple[str, StoredResource]]:
        """Give the index tokens in use between two, each with a resource that carries it.

        Args:
            low: the first token.
            high: the token to stop before.
            limit: how many at most.
        """
        found = self._run(
            lambda: list(
                islice(
                    mongo_distinct.examples(
                        self.collections.resources,
                        low,
                        high,
                        session=self.session,
                        projection=STORED,
                    ),
                    limit,
                )
            )
        )
        return [(token, stored(document)) for token, document in found]

    def _by_token(
        self, filter_: Mapping[str, Any], fields: Mapping[str, Any], limit: int = 0
    ) -> list[Document]:
        place, session = self.collections.resources, self.session
        return self._run(
            lambda: mongo_direct.find(
                place, filter_, fields, session=session, limit=limit, hint=TOKENS
            ).all()
        )

    def _run(self, read: Callable[[], Result]) -> Result:
        with translated_errors():
            # A transaction reads the primary's own data, and commits only what a majority has.
            return self.collections.primary.settled(read) if self.within is None else read()
