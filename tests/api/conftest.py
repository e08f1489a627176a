"""What tests of searches on a real MongoDB begin with."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest
from pymongo import MongoClient

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.parse import QueryParser
from fhir_server.storage.mongo_indexes import ensure_indexes
from fhir_server.storage.mongo_reads import Document, Documents
from tests.unit.search.samples import BASE, STOCKHOLM


@pytest.fixture(scope="module")
def indexer() -> Indexer:
    return Indexer(Definitions.load(), STOCKHOLM, BASE)


@pytest.fixture(scope="module")
def parser() -> QueryParser:
    return QueryParser(Definitions.load(), STOCKHOLM, BASE, default_count=7, max_count=1000)


@pytest.fixture(scope="module")
def fresh(mongo_uri: str) -> Iterator[Callable[[], Documents]]:
    """Make empty, indexed collections; all are dropped in the end."""
    client: MongoClient[Document] = MongoClient(mongo_uri)
    names = []

    def make() -> Documents:
        names.append(f"query_{secrets.token_hex(6)}")
        ensure_indexes(client[names[-1]])
        return client[names[-1]]["resources"]

    yield make
    for name in names:
        client.drop_database(name)
    client.close()
