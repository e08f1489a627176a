"""Searches restricted to what is a unit's own, answered by a real MongoDB.

They find what the criteria say, page by page and in order, whatever leads to it
(`fhir_server.search.matching` says what is right), and read no more where there is much of others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random

import pytest
from bson.binary import Binary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.outcome import FhirError
from fhir_server.search import labels
from fhir_server.search.indexing import Indexer
from fhir_server.search.labels import Labels
from fhir_server.search.matching import Indexed
from fhir_server.search.parse import QueryParser
from fhir_server.search.query import HasToken, Query, either, every
from fhir_server.search.unit_entries import SENT
from fhir_server.storage import mongo_query
from fhir_server.storage.documents import index_fields
from fhir_server.storage.mongo_reads import Document, Documents
from tests.api.test_mongo_query import Corpus, check, references
from tests.unit.search import samples

UNITS = ("Organization/a.1", "Organization/b", "Organization/c")


def stored(resource: Indexed, own: Labels) -> tuple[Indexed, Document]:
    """Label a resource; give it as the oracle sees it, and as the store keeps it."""
    type_ = resource.reference.partition("/")[0]
    spelled = own.spelled(type_)
    entries = replace(resource.entries, labels=spelled)
    document = {
        "_id": resource.reference, "y": type_, "v": 1, "u": resource.last_updated,
        "b": Binary(b"{}"), **index_fields(entries, resource.reference, resource.last_updated),
    }  # fmt: skip
    seen = replace(resource.entries, tokens=[*resource.entries.tokens, *spelled])
    return replace(resource, entries=seen), document


@pytest.fixture(scope="module")
def corpus(fresh: Callable[[], Documents], indexer: Indexer) -> Corpus:
    """A thousand resources of many shapes, of three units or nobody's."""
    random, collection = Random(3), fresh()
    made = []
    for number in range(1000):
        owner = random.choice((*UNITS, ""))
        addressed = tuple(random.sample(UNITS, random.randint(0, 2)))
        resource = samples.indexed(random, indexer, number)
        made.append(stored(resource, Labels(owner=owner, addressed=addressed)))
    collection.insert_many([document for _, document in made])
    return Corpus(collection, [resource for resource, _ in made])


def among(query: Query, units: Sequence[str]) -> Query:
    """Restrict a search as the access rules do."""
    [type_] = query.types
    names = (labels.OWNER, labels.ADDRESSED) if type_ in SENT else (labels.OWNER,)
    own = either(*(HasToken(labels.refers(type_, name, u)) for name in names for u in units))
    return replace(query, where=every(query.where, own))


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**9), units=st.sampled_from([UNITS[:1], UNITS[1:2], UNITS[:2]]))
def test_any_search_among_a_units_own_finds_what_it_should_page_by_page(
    corpus: Corpus, parser: QueryParser, seed: int, units: tuple[str, ...]
) -> None:
    type_, parameters = samples.search(Random(seed), parser)
    try:
        query = parser.parse(type_, parameters)
    except FhirError:
        return
    check(corpus, among(query, units))


LED = [
    ("Patient", [("family", "a")]),
    ("Patient", [("name", "a")]),
    ("Patient", [("name", "a,b")]),
    ("Patient", [("name:exact", "Anna-Lena")]),
    ("Patient", [("name:contains", "berg")]),
    ("Patient", [("birthdate", "2020-05")]),
    ("Patient", [("birthdate", "2019,2021")]),
    ("Patient", [("birthdate", "ge2020")]),
    ("Patient", [("birthdate", "ne2020")]),
    ("Patient", [("birthdate", "ge2019"), ("name", "a")]),
    ("Patient", [("_sort", "birthdate")]),
    ("Patient", [("_sort", "-birthdate")]),
    ("Patient", [("_sort", "family")]),
    ("Patient", [("_sort", "-family")]),
    ("Patient", [("_sort", "family,-birthdate")]),
    ("Patient", [("_lastUpdated", "ge2025")]),
    ("Patient", [("_lastUpdated", "ne2025-05")]),
    ("Patient", [("_sort", "-_lastUpdated")]),
    ("Patient", [("_sort", "_lastUpdated"), ("_lastUpdated", "gt2025-01-02")]),
    ("Encounter", [("date", "ge2020-03"), ("date", "lt2020-05")]),
    ("Encounter", [("date", "ge2020-03"), ("date", "lt2020-05"), ("_sort", "date")]),
    ("Encounter", [("date", "ge2020-03"), ("date", "lt2020-05"), ("_sort", "-date")]),
    ("Encounter", [("date", "ap2020-03-01")]),
    ("Encounter", [("_sort", "-date")]),
    ("Observation", [("date", "sa2020-06")]),
    ("Observation", [("date", "eb2020-06")]),
    ("CarePlan", [("date", "le2020-06"), ("_sort", "-date,_id")]),
]  # fmt: skip


@pytest.mark.parametrize("units", [UNITS[:1], UNITS[:2]])
@pytest.mark.parametrize(("type_", "parameters"), LED)
def test_each_way_through_a_units_own_finds_what_it_should(
    corpus: Corpus,
    parser: QueryParser,
    type_: str,
    parameters: list[tuple[str, str]],
    units: tuple[str, ...],
) -> None:
    query = among(parser.parse(type_, parameters), units)
    assert corpus.matching(query)
    check(corpus, query)


@pytest.fixture(scope="module")
def large(fresh: Callable[[], Documents], indexer: Indexer) -> Corpus:
    """Much of others: of 24,000 resources every fortieth is the unit's own."""
    random, collection = Random(4), fresh()
    made = []
    for number in range(24_000):
        own = Labels(owner=UNITS[0] if number % 40 == 0 else UNITS[1])
        made.append(stored(samples.indexed(random, indexer, number), own))
    for start in range(0, len(made), 1000):
        collection.insert_many([document for _, document in made[start : start + 1000]])
    return Corpus(collection, [resource for resource, _ in made])


@pytest.mark.parametrize(("type_", "parameters"), LED)
def test_what_others_wrote_is_not_read(
    large: Corpus, parser: QueryParser, type_: str, parameters: list[tuple[str, str]]
) -> None:
    """R111: what a search costs does not follow from what it may not see."""
    asked = parser.parse(type_, [*parameters, ("_count", "5")])
    plan = mongo_query.explain(large.collection, among(asked, UNITS[:1]))
    assert plan["indexed"]
    assert plan["returned"] > 0
    # Orders by names, or by several keys, sort what is one's own where that is little.
    is_sorted = any(each.kind == "string" for each in asked.sort) or len(asked.sort) > 1
    label = labels.refers(type_, labels.OWNER, UNITS[0])
    own = sum(label in each.entries.tokens for each in large.resources)
    # A few of one's own lie between, such as what ends behind a window and begins before it; of
    # others it would be forty times as many.
    assert plan["documents_examined"] <= (own + 10 if is_sorted else 6 * plan["returned"]), plan


def test_of_more_units_than_are_merged_all_is_found(corpus: Corpus, parser: QueryParser) -> None:
    units = (*UNITS, *(f"Organization/x{number}" for number in range(20)))
    query = among(parser.parse("Encounter", [("_sort", "-date")]), units)
    assert len(references(corpus.collection, query)) == len(corpus.matching(query)) > 50
