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
    Chained,
    HasId,
    HasToken,
    Not,
    Or,
    Query,
    ReferredBy,
    Sort,
    every,
)
from fhir_server.storage import mongo_chains, mongo_joins, mongo_plan, mongo_query, mongo_sort
from fhir_server.storage.mongo_indexes import ensure_indexes
from fhir_server.storage.mongo_reads import Documents, Read
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
@settings(max_examples=80, deadline=None, suppress_health_check=QUIET)
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


FEMALE = HasToken("Patient.gender=female")
ABOUT_WOMEN = Chained("CareTeam.subject", ("Patient",), FEMALE)


@pytest.mark.parametrize("sort", [(), (Sort("CareTeam.date", True, "date"),)])
@pytest.mark.parametrize("joined", [ABOUT_WOMEN, Not(ABOUT_WOMEN)])
def test_a_page_can_be_continued_when_few_have_become_many_or_many_few(
    world: World, monkeypatch: pytest.MonkeyPatch, sort: tuple[Sort, ...], joined: Chained | Not
) -> None:
    query = Query(("CareTeam",), every(joined), sort=sort, count=5)
    right = world.check(query)
    assert len(right) > 30
    found: list[str] = []
    for page_number in range(100):
        monkeypatch.setattr(mongo_joins, "FEW", 1 if page_number % 2 else 2_000)
        page = mongo_query.find_page(world.collection, query)
        found += [document["_id"] for document in page.documents]
        if page.next_cursor is None:
            break
        query = replace(query, cursor=page.next_cursor)
    assert found == right


def test_a_join_among_alternatives_that_too_many_fulfil_is_refused_with_advice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    alternatives = Or((ABOUT_WOMEN, HasToken("CareTeam.status=proposed")))
    query = Query(("CareTeam",), every(alternatives))
    assert world.check(query)
    monkeypatch.setattr(mongo_joins, "CAP", 3)
    for ask in (mongo_query.find_page, mongo_query.count, mongo_query.explain):
        with pytest.raises(FhirError) as refused:
            ask(world.collection, query)
        assert refused.value.status == 403
        assert refused.value.issues[0].code == "too-costly"
        assert "Narrow that condition" in refused.value.issues[0].text
        assert "female" not in refused.value.issues[0].text


@pytest.mark.parametrize("few", [0, 2_000])
def test_joins_inside_a_transaction_see_its_writes(
    world: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(mongo_joins, "FEW", few)
    name = HasToken("Patient.identifier=inside")
    queries = [
        Query(("CareTeam",), every(Chained("CareTeam.subject", ("Patient",), name))),
        Query(("Patient",), every(ReferredBy("CareTeam.subject", HasToken("CareTeam.status=new")))),
    ]
    new: list[Document] = [
        {"_id": "Patient/in", "y": "Patient", "v": 1, "u": 1, "t": ["Patient", name.token]},
        {"_id": "CareTeam/in", "y": "CareTeam", "v": 1, "u": 1,
         "t": ["CareTeam", "CareTeam.status=new", "CareTeam.subject>Patient/in"]},
    ]  # fmt: skip
    with world.collection.database.client.start_session() as session:
        session.start_transaction()
        world.collection.insert_many(new, session=session)
        for query in queries:
            inside = mongo_query.find_page(world.collection, query, session=session)
            assert [found["_id"] for found in inside.documents] == [f"{query.types[0]}/in"]
            assert mongo_query.count(world.collection, query, session=session) == 1
            assert not mongo_query.find_page(world.collection, query).documents
        session.abort_transaction()


@pytest.mark.parametrize("few", [0, 2_000])
def test_a_target_that_was_deleted_fulfils_no_chain(
    world: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(mongo_joins, "FEW", few)
    gone = f"Patient/p{mongo_world.SIZES['Patient']:03d}"
    refers = HasToken(f"CareTeam.subject>{gone}")
    anything = Chained("CareTeam.subject", ("Patient",), every())
    assert world.check(Query(("CareTeam",), every(refers)))
    assert world.check(Query(("CareTeam",), every(refers, anything))) == []
    assert world.check(Query(("CareTeam",), every(refers, Not(anything))))


def test_the_plan_of_a_chain_tells_of_each_query_and_looks_at_few_documents(world: World) -> None:
    plan = mongo_query.explain(world.collection, Query(("CareTeam",), every(ABOUT_WOMEN), count=5))
    assert plan["indexed"]
    assert plan["returned"] == 5
    assert len(plan["queries"]) >= 2
    assert sum(q["documents_examined"] for q in plan["queries"]) == plan["documents_examined"] <= 15


def test_a_plan_that_sorts_without_a_limit_is_not_called_indexed(world: World) -> None:
    reports: list[Document] = []
    read = Read(world.collection, trace=reports)
    read.find({"t": "Patient"}, 0, sort=[("v", 1)])
    read.find({"v": 1}, 5)
    read.find({"t": "Patient"}, 5)
    assert [report["indexed"] for report in reports] == [False, False, True]


@pytest.mark.parametrize("where", [HasToken("CareTeam"), HasToken("CareTeam.status=active")])
@pytest.mark.parametrize("name", ["CareTeam.subject", "CareTeam.participant"])
@pytest.mark.parametrize(
    "others", [(), (Not(FEMALE),), (Or((Not(FEMALE), HasId(("Patient/p001",)))),)]
)
@pytest.mark.parametrize("count", [1, 4, 500])
def test_what_is_referred_to_comes_once_at_the_first_that_refers_to_it(
    world: World, where: HasToken, name: str, others: tuple[Not | Or, ...], count: int
) -> None:
    query = Query(("Patient",), every(ReferredBy(name, where), *others), count=count)
    assert len(world.check(query)) > 5 or name == "CareTeam.participant"


def test_a_page_of_whom_many_refer_to_looks_at_little_more_than_it_gives(world: World) -> None:
    where = ReferredBy("Observation.subject", HasToken("Observation"))
    plan = mongo_query.explain(world.collection, Query(("Patient",), every(where), count=5))
    assert plan["indexed"]
    assert plan["returned"] == 5
    assert plan["documents_examined"] <= 40, plan
