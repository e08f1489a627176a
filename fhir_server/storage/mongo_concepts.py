"""The concepts of stored code systems, one document each, found by tokens.

One index over code system, token and place in the code system answers everything in order
(concept_documents.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

from pymongo.collection import Collection

from fhir_server.storage.concept_documents import documents, every
from fhir_server.storage.concept_reads import StoredCodeSystem
from fhir_server.storage.documents import Document
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_indexes import CONCEPTS
from fhir_server.storage.places import Collections
from fhir_server.storage.snapshot import Snapshot
from fhir_server.terminology.concepts import SystemInfo
from fhir_server.terminology.listed import info_of

# So many are in memory at once, and in one message to the database.
BATCH = 4000


class ConceptStore:
    """Reads and changes concepts of one database.

    Args:
        collections: the store's.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._concepts: Collection[Document] = collections.resources.database[CONCEPTS]

    def system(self, key: str, info: SystemInfo) -> StoredCodeSystem:
        """Give a code system whose concepts are stored.

        Args:
            key: what they were stored under.
            info: what its definition says of it.
        """
        return StoredCodeSystem(self._concepts, self._collections.primary, key, info)

    def add(
        self, key: str, code_system: Mapping[str, Any], snapshot: Snapshot | None = None
    ) -> int:
        """Store the concepts of a CodeSystem under a key that has none yet.

        A transaction has to fit into the database's cache, and 100,000 concepts do not. So many
        are added before the transaction, under a key that nobody asks for until it commits.

        Args:
            key: names them; without ``|``.
            code_system: the resource.
            snapshot: of a transaction; None for outside of any.

        Returns:
            How many there are, nested ones included.

        Raises:
            ValueError: the key can't be told from others.
            StoreUnavailable: the database can't be reached; some may be stored.
        """
        if "|" in key:
            raise ValueError("the key of a code system has no |")
        session = None if snapshot is None else snapshot.session
        stored = 0
        for batch in _batches(documents(key, code_system, info_of(code_system, None))):
            with _translated(snapshot):
                self._concepts.insert_many(batch, ordered=False, session=session)
            stored += len(batch)
        return stored

    def remove(self, key: str, snapshot: Snapshot | None = None) -> None:
        """Remove the concepts that are stored under a key, if there are any.

        Args:
            key: what they were stored under.
            snapshot: of a transaction; None for outside of any.

        Raises:
            StoreUnavailable: the database can't be reached.
        """
        session = None if snapshot is None else snapshot.session
        with _translated(snapshot):
            self._concepts.delete_many(every(key), hint="_id_", session=session)

    def replace_inside(self, snapshot: Snapshot, key: str, code_system: Mapping[str, Any]) -> int:
        """Put the concepts of a CodeSystem in the place of those stored under a key.

        For some 10,000 concepts at most; see `add`.

        Args:
            snapshot: of the transaction that stores the CodeSystem.
            key: names them from now on.
            code_system: the resource.
        """
        self.remove(key, snapshot)
        return self.add(key, code_system, snapshot)

    def remove_inside(self, snapshot: Snapshot, key: str) -> None:
        """Remove the concepts that are stored under a key, in a transaction."""
        self.remove(key, snapshot)

    def stored_keys(self) -> list[str]:
        """Give all keys that have concepts, to find those that nothing names any more.

        Raises:
            StoreUnavailable: the database can't be reached.
        """
        with translated_errors():
            return self._concepts.distinct("k")


def _translated(snapshot: Snapshot | None) -> AbstractContextManager[None]:
    """Inside a transaction its own door translates errors, and tries again by the driver's."""
    return translated_errors() if snapshot is None else nullcontext()


def _batches(made: Iterator[Document]) -> Iterator[list[Document]]:
    while batch := list(islice(made, BATCH)):
        yield batch
