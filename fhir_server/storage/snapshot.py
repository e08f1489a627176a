"""Reads of the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from fhir_server.search.query import Query
from fhir_server.storage import mongo_query
from fhir_server.storage.documents import STORED, STORED_AND_TOKENS, Document, stored, superseded_id
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_primary import Primary
from fhir_server.storage.records import SearchPage, StoredResource

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Collections:
    """Where current versions are, where superseded ones, and who has them."""

    resources: Collection[Document]
    superseded: Collection[Document]
    primary: Primary


class Snapshot:
    """Reads of the store: outside a transaction, or inside one and then seeing its writes."""

    def __init__(self, collections: Collections, session: ClientSession | None = None) -> None:
        self.collections = collections
        self.session = session

    def read(self, resource_type: str, id_: str) -> StoredResource | None:
        """Give the current version, a tombstone for a deleted resource, None for none."""
        document = self._run(
            lambda: self.collections.resources.find_one(
                {"_id": f"{resource_type}/{id_}"}, STORED, session=self.session
            )
        )
        return None if document is None else stored(document)

    def read_many(self, references: Iterable[str]) -> dict[str, StoredResource]:
        """Give the current versions of ``Type/id`` references, tombstones included."""
        wanted = list(set(references))
        if not wanted:
            return {}
        found = self._run(
            lambda: self.collections.resources.find(
                {"_id": {"$in": wanted}}, STORED, session=self.session
            ).to_list()
        )
        return {document["_id"]: stored(document) for document in found}

    def read_version(self, resource_type: str, id_: str, version: int) -> StoredResource | None:
        """Give one version, current or superseded; None where there never was such a version."""
        current = self.read(resource_type, id_)
        if current is None or not 0 < version <= current.version:
            return None
        if current.version == version:
            return current
        document = self._run(
            lambda: self.collections.superseded.find_one(
                {"_id": superseded_id(current.reference, version)}, session=self.session
            )
        )
        return None if document is None else stored(document)

    def history(
        self, resource_type: str, id_: str, *, before: int | None, count: int
    ) -> list[StoredResource]:
        """Give versions of one resource, newest first.

        Args:
            resource_type: its type.
            id_: its logical id.
            before: only versions with a lower number; None starts at the current one.
            count: how many at most.
        """
        current = self.read(resource_type, id_)
        if current is None:
            return []
        versions = [current] if before is None or current.version < before else []
        # A version stored ahead of its successor is still current: it must not appear twice.
        below = min(before or current.version, current.version)
        if len(versions) < count:
            bounds = {
                "$gte": superseded_id(current.reference, 0),
                "$lt": superseded_id(current.reference, below),
            }
            older = self._run(
                lambda: (
                    self.collections.superseded.find({"_id": bounds}, session=self.session)
                    .sort([("_id", -1)])
                    .limit(count - len(versions))
                    .to_list()
                )
            )
            versions += [stored(document) for document in older]
        return versions

    def search(self, query: Query) -> SearchPage:
        """Give one page of the resources that match.

        Raises:
            FhirError: 400 for a cursor of another search, 403 for a search that costs too much.
        """
        including = bool(query.includes or query.revincludes)
        fields = STORED_AND_TOKENS if including else STORED
        page = self._run(
            lambda: mongo_query.find_page(
                self.collections.resources, query, session=self.session, projection=fields
            )
        )
        tokens = {d["_id"]: d["t"] for d in page.documents} if including else {}
        return SearchPage([stored(d) for d in page.documents], page.next_cursor, tokens)

    def read_indexed(
        self, references: Iterable[str]
    ) -> dict[str, tuple[StoredResource, list[str]]]:
        """Give the living resources among ``Type/id`` references, with their index tokens."""
        wanted = {"_id": {"$in": list(set(references))}, "del": {"$exists": False}}
        found = self._run(
            lambda: self.collections.resources.find(
                wanted, STORED_AND_TOKENS, session=self.session
            ).to_list()
        )
        return {d["_id"]: (stored(d), d.get("t", [])) for d in found}

    def explain(self, query: Query) -> dict[str, Any]:
        """Tell how a page is found; see `mongo_query.explain`."""
        return self._run(lambda: mongo_query.explain(self.collections.resources, query))

    def count(self, query: Query, limit: int | None = None) -> int:
        """Count the resources that match, up to ``limit``."""
        return self._run(
            lambda: mongo_query.count(
                self.collections.resources, query, session=self.session, limit=limit
            )
        )

    def _run(self, read: Callable[[], Result]) -> Result:
        with translated_errors():
            # A transaction reads the primary's own data, and commits only what a majority has.
            return self.collections.primary.settled(read) if self.session is None else read()


# Looks at the store inside a transaction, and raises to call the write off.
Check = Callable[[Snapshot], None]
