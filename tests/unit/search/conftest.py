"""The indexer and the parser, made once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import IndexEntries, Indexer
from fhir_server.search.matching import Indexed, matches
from fhir_server.search.parse import QueryParser
from tests.unit.search.samples import BASE, STOCKHOLM


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return Definitions.load()


@pytest.fixture(scope="session")
def indexer(definitions: Definitions) -> Indexer:
    return Indexer(definitions, STOCKHOLM, BASE)


@pytest.fixture(scope="session")
def parser(definitions: Definitions) -> QueryParser:
    return QueryParser(definitions, STOCKHOLM, BASE, default_count=20, max_count=100)


Entries = Callable[[dict[str, Any]], IndexEntries]
Finds = Callable[[dict[str, Any], str, str], bool]


@pytest.fixture(scope="session")
def entries(indexer: Indexer) -> Entries:
    """Index a resource."""
    return lambda resource: indexer.index(resource, f"{resource['resourceType']}/1")


@pytest.fixture(scope="session")
def finds(indexer: Indexer, parser: QueryParser) -> Finds:
    """Tell whether a search parameter with a value finds a resource."""

    def found(resource: dict[str, Any], name: str, value: str) -> bool:
        reference = f"{resource['resourceType']}/1"
        indexed = Indexed(reference, 0, indexer.index(resource, reference))
        return matches(parser.parse(resource["resourceType"], [(name, value)]), indexed)

    return found
