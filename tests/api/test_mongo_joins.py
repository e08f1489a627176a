"""Chains, _has, composites, places, words and sorts by several keys, on a real MongoDB.

What is right is said by `fhir_server.search.matching` and `tests.api.sort_oracle`, on a few hundred
resources that refer to each other; the limits on what is looked up at once are lowered, so that
such a number takes every path that millions would.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from fhir_server.fhir.outcome import FhirError
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.matching import Indexed, matches
from fhir_server.search.query import (
    Query,
)
from fhir_server.storage import mongo_chains, mongo_joins, mongo_plan, mongo_query, mongo_sort
from fhir_server.storage.mongo_indexes import ensure_indexes
from fhir_server.storage.mongo_reads import Documents
from tests.api import mongo_world
from tests.api.mongo_world import BASE, STOCKHOLM, Document
from tests.api.sort_oracle import in_order


@dataclass(frozen=True)
class World:
    """Resources in a collection, with the entries they were stored with."""

    collection: Documents = field(repr=False)
    resources: dict[str, Indexed] = field(repr=False)

    def check(self, query: Query) -> list[str]:
        """Hold MongoDB's pages against what should be found; give what was."""
        found = self.pages(query)
        right = {r.reference for r in self.resources.values() if matches(query, r, self.resources)}
        assert len(found) == len(set(found))
        assert set(found) == right
        assert mongo_query.count(self.collection, query) == len(right)
        assert mongo_query.count(self.collection, query, limit=4) == min(4, len(right))
        if query.sort:
            assert found == in_order([self.resources[each] for each in found], query.sort)
        return found

    def pages(self, query: Query) -> list[str]:
        """Follow the cursors to the end; no page but the first may be empty."""
        found: list[str] = []
        while True:
            page = mongo_query.find_page(self.collection, query)
            assert page.documents or query.cursor is None
            assert len(page.documents) <= query.count
            found += [document["_id"] for document in page.documents]
            assert len(found) < 2000, "the pages do not end"
            if page.next_cursor is None:
                return found
            query = replace(query, cursor=page.next_cursor)


@pytest.fixture(scope="module")
def world(mongo_uri: str) -> Iterator[World]:
    client: MongoClient[Document] = MongoClient(mongo_uri)
    name = f"joins_{secrets.token_hex(6)}"
    ensure_indexes(client[name])
    resources = mongo_world.world(Indexer(Definitions.load(), STOCKHOLM, BASE), 1)
    collection = client[name]["resources"]
    collection.insert_many([mongo_world.document(r) for r in resources.values()])
    gone = [f"{type_}/{type_[0].lower()}{size:03d}" for type_, size in mongo_world.SIZES.items()]
    collection.insert_many(
        {"_id": each, "y": each.partition("/")[0], "v": 2, "u": 1, "del": True} for each in gone
    )
    yield World(collection, resources)
    client.drop_database(name)
    client.close()


def limit(patch: pytest.MonkeyPatch, few: int, cap: int) -> None:
    """Lower what is looked up at once."""
    patch.setattr(mongo_joins, "FEW", few)
    patch.setattr(mongo_joins, "CAP", cap)
    patch.setattr(mongo_joins, "BATCH", 4)
    patch.setattr(mongo_joins, "LARGEST_BATCH", 16)
    patch.setattr(mongo_query, "LARGEST_BATCH", 16)
    patch.setattr(mongo_chains, "TOGETHER", 3)
    patch.setattr(mongo_plan, "RARE", few)
    patch.setattr(mongo_sort, "SORTED_AT_ONCE", few)


QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.parametrize(("few", "cap"), [(2_000, 10_000), (1, 10_000), (6, 30)])
@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(seed=st.integers(0, 10**9))
def test_any_search_finds_what_it_should_in_order_page_by_page(
    world: World, few: int, cap: int, seed: int
) -> None:
    query = mongo_world.search(Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        limit(patch, few, cap)
        if cap == 30 and is_too_costly(world, query):
            return
        world.check(query)


def is_too_costly(world: World, query: Query) -> bool:
    """Tell whether a search is refused; it must be for its cost."""
    try:
        mongo_query.find_page(world.collection, query)
    except FhirError as error:
        if error.status != 403:
            raise
        return True
    return False
