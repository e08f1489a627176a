"""Searches answered by a real MongoDB: the right resources, each once, always through an index.

What is right is said by `fhir_server.search.matching`, which evaluates the same tree on the
index entries one resource at a time.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import orjson
import pytest
from bson.binary import Binary
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.outcome import FhirError
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.matching import Indexed, matches
from fhir_server.search.parse import QueryParser
from fhir_server.search.query import Query
from fhir_server.storage import mongo_query
from fhir_server.storage.mongo_plan import plan
from fhir_server.storage.mongo_reads import Document, Documents, Read
from fhir_server.storage.mongo_scans import TokenScan
from tests.api import sort_oracle as sort
from tests.unit.search import samples
from tests.unit.search.samples import BASE, STOCKHOLM

Ask = Callable[..., Query]


def document(resource: Indexed) -> Document:
    """Give what the store keeps of a resource."""
    return {
        "_id": resource.reference,
        "y": resource.reference.partition("/")[0],
        "v": 1,
        "u": resource.last_updated,
        "b": Binary(b"{}"),
        "t": resource.entries.tokens,
        "k": resource.entries.keys,
        "d": resource.entries.ranges,
        "w": resource.entries.words,
    }


@pytest.fixture(scope="module")
def ask(parser: QueryParser) -> Ask:
    """Read a search of one type: ask("Patient", name="x") or ask("Patient", ("name:exact", "x"))."""

    def read(type_: str | None, *pairs: tuple[str, str], **named: str) -> Query:
        return parser.parse(type_, [*pairs, *named.items()])

    return read


@dataclass(frozen=True)
class Corpus:
    """Resources in a collection, with the entries they were stored with."""

    collection: Documents
    resources: Sequence[Indexed]

    def matching(self, query: Query) -> set[str]:
        """Give what the query should find."""
        return {r.reference for r in self.resources if matches(query, r)}

    def entry(self, reference: str) -> Indexed:
        """Give a resource."""
        return next(r for r in self.resources if r.reference == reference)


@pytest.fixture(scope="module")
def corpus(fresh: Callable[[], Documents], indexer: Indexer) -> Corpus:
    """A thousand resources of many shapes, and some that were deleted."""
    random = Random(1)
    collection = fresh()
    resources = [samples.indexed(random, indexer, number) for number in range(1000)]
    collection.insert_many([document(resource) for resource in resources])
    collection.insert_many(
        {"_id": f"{type_}/gone", "y": type_, "v": 2, "u": 1_750_000_000_500_000, "del": True}
        for type_ in samples.TYPES
    )
    return Corpus(collection, resources)


def every_page(collection: Documents, query: Query) -> list[Document]:
    """Follow the cursors to the end; no page but the first may be empty."""
    found: list[Document] = []
    while True:
        page = mongo_query.find_page(collection, query)
        assert page.documents or query.cursor is None
        assert len(page.documents) <= query.count
        found += page.documents
        assert len(found) < 5000, "the pages do not end"
        if page.next_cursor is None:
            return found
        query = replace(query, cursor=page.next_cursor)


def references(collection: Documents, query: Query) -> list[str]:
    """Give what all pages of a query hold."""
    return [found["_id"] for found in every_page(collection, query)]


def check(corpus: Corpus, query: Query) -> None:
    """Hold MongoDB's answer against what should be found, and in which order."""
    found = references(corpus.collection, query)
    assert len(found) == len(set(found))
    assert set(found) == corpus.matching(query)
    assert mongo_query.count(corpus.collection, query) == len(found)
    assert mongo_query.count(corpus.collection, query, limit=3) == min(3, len(found))
    if query.sort:
        by_reference = {r.reference: r for r in corpus.resources}
        assert found == sort.in_order([by_reference[each] for each in found], query.sort)


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10**9))
def test_any_search_finds_what_it_should_page_by_page(
    corpus: Corpus, parser: QueryParser, seed: int
) -> None:
    type_, parameters = samples.search(Random(seed), parser)
    try:
        query = parser.parse(type_, parameters)
    except FhirError:
        return
    check(corpus, query)


def values_of(resource: Indexed) -> Iterator[tuple[str, str]]:
    """Give a search for each thing that a resource was indexed by, as far as it can be spelled."""
    type_ = resource.reference.partition("/")[0]
    for token in resource.entries.tokens:
        name, separator, value = _parted(token.removeprefix(f"{type_}."))
        if separator in ("=", ">") and name:
            yield name, value.replace("\\", "\\\\").replace(",", "\\,").replace("|", "\\|")
        if separator == ";" and value.count("|") == 1:
            yield name, value.replace(",", "\\,")
    for key, ranges in resource.entries.ranges.items():
        for low, high, *_ in ranges:
            if key.endswith(("date", "Encounter:date")) and low > "1000":
                yield key.partition(":")[2], f"ge{low}Z"
            if high < "9":
                yield key.partition(":")[2], f"lt{high}Z"


def _parted(token: str) -> tuple[str, str, str]:
    for position, character in enumerate(token):
        if character in ":;<=>?@":
            return token[:position], character, token[position + 1 :]
    return token, "", ""


def is_composite(parser: QueryParser, type_: str, name: str) -> bool:
    """Tell whether a parameter is spelled otherwise in a URL than in its tokens."""
    parameter = parser.supported_parameters(type_).get(name)
    return parameter is not None and parameter.type == "composite"


def test_every_indexed_value_finds_its_resource(corpus: Corpus, parser: QueryParser) -> None:
    searched = set()
    for resource in corpus.resources[:60]:
        type_ = resource.reference.partition("/")[0]
        for name, value in values_of(resource):
            if is_composite(parser, type_, name):
                continue
            query = parser.parse(type_, [(name, value), ("_id", resource.reference.split("/")[1])])
            assert references(corpus.collection, query) == [resource.reference], (name, value)
            searched.add((type_, name))
    assert len(searched) > 30


def test_deleted_resources_are_not_found(corpus: Corpus, ask: Ask) -> None:
    for query in (
        ask("Patient", _id="gone"),
        ask("Patient", ("gender:not", "x"), _sort="_lastUpdated"),
        ask("Patient", _lastUpdated="ge2000"),
        ask(None),
        ask(None, _lastUpdated="ge2000"),
        ask(None, ("_tag:missing", "true")),
    ):
        assert not any("gone" in reference for reference in references(corpus.collection, query))
        check(corpus, query)


def test_all_types_are_searched_together(corpus: Corpus, ask: Ask) -> None:
    check(corpus, ask(None, _count="100"))
    check(corpus, ask(None, _tag="a"))
    check(corpus, ask(None, _type="Patient,Observation", _sort="-_lastUpdated"))
    check(corpus, ask(None, ("_profile:below", "http://p.example/fhir"), _type="Patient,CarePlan"))


# Each leads by another index or in another way; all have more than one page.
SINGLE = [
    ("Patient", [("gender", "female")]),
    ("Patient", [("gender", "female,male")]),
    ("Patient", [("name", "a")]),
    ("Patient", [("name:exact", "Anna-Lena")]),
    ("Patient", [("name:contains", "berg")]),
    ("Patient", [("identifier", "3")]),
    ("Patient", [("identifier", "urn:one|")]),
    ("Patient", [("identifier:missing", "false")]),
    ("Patient", [("general-practitioner:identifier", "urn:one|3")]),
    ("Patient", [("birthdate", "ge2020")]),
    ("Patient", [("birthdate", "2020-05")]),
    ("Patient", [("birthdate:missing", "false")]),
    ("Patient", []),
    ("Patient", [("_id", ",".join(f"{number:05d}" for number in range(200)))]),
    ("Patient", [("_lastUpdated", "ge2025")]),
    ("Patient", [("_sort", "birthdate")]),
    ("Patient", [("_sort", "-birthdate")]),
    ("Patient", [("_sort", "family")]),
    ("Patient", [("_sort", "_id")]),
    ("Patient", [("_sort", "-_lastUpdated")]),
    ("Patient", [("_profile:below", "http://p.example")]),
    ("Observation", [("code", "urn:one|a")]),
    ("Observation", [("subject", "Patient/2")]),
    ("Observation", [("patient", "2")]),
    ("Observation", [("value-quantity", "gt50")]),
    ("Observation", [("combo-value-quantity", "54")]),
    ("Observation", [("combo-code", "urn:one|a")]),
    ("Observation", [("combo-code:missing", "false")]),
    ("Observation", [("combo-code-value-quantity", "b$gt50")]),
    ("Observation", [("combo-code-value-concept", "b$b")]),
    ("Observation", [("date", "lt2020-06")]),
    ("Observation", [("date", "sa2020-06")]),
    ("Observation", [("date", "eb2020-06")]),
    ("Observation", [("date", "ne2020-06")]),
    ("Observation", [("date", "ge2021-05,lt2019-03")]),
    ("CarePlan", [("instantiates-canonical", "http://p.example/a|1")]),
    ("CarePlan", [("activity-date", "ge2020-06")]),
    ("Encounter", [("date", "ge2020-03"), ("date", "lt2020-05")]),
    ("Encounter", [("date", "ap2020-03-01")]),
    ("RiskAssessment", [("probability", "gt5")]),
]  # fmt: skip


@pytest.fixture(scope="module")
def large(fresh: Callable[[], Documents], indexer: Indexer) -> Corpus:
    """Enough resources for a bad plan to show."""
    random = Random(2)
    collection = fresh()
    resources = [samples.indexed(random, indexer, number) for number in range(12_000)]
    for start in range(0, len(resources), 1000):
        collection.insert_many([document(r) for r in resources[start : start + 1000]])
    return Corpus(collection, resources)


@pytest.mark.parametrize(("type_", "parameters"), SINGLE)
def test_a_criterion_or_order_reads_little_more_than_it_returns(
    large: Corpus, parser: QueryParser, type_: str, parameters: list[tuple[str, str]]
) -> None:
    query = parser.parse(type_, [*parameters, ("_count", "20")])
    plan = mongo_query.explain(large.collection, query)
    assert plan["indexed"]
    assert plan["returned"] > 0
    assert plan["documents_examined"] <= 3 * plan["returned"], plan


@pytest.mark.parametrize("by", ["combo-code", "-combo-code"])
def test_an_order_by_what_others_say_reads_a_page_of_each(large: Corpus, ask: Ask, by: str) -> None:
    plan = mongo_query.explain(large.collection, ask("Observation", _sort=by, _count="20"))
    assert plan["indexed"]
    assert plan["returned"] == 20
    assert plan["documents_examined"] <= 4 * 20, plan


@pytest.mark.parametrize("by", ["date", "-date"])
def test_a_window_in_its_own_order_reads_no_more_than_the_long_periods_around_it(
    large: Corpus, ask: Ask, by: str
) -> None:
    window = ("date", "ge2020-03"), ("date", "lt2020-05")
    plan = mongo_query.explain(large.collection, ask("Encounter", *window, _sort=by, _count="20"))
    assert plan["indexed"]
    assert plan["returned"] == 20
    assert plan["documents_examined"] <= 15 * 20, plan


@pytest.mark.parametrize("name", ["gender", "birthdate", "name", "_sort"])
def test_a_late_page_costs_what_the_first_costs(large: Corpus, ask: Ask, name: str) -> None:
    value = {"gender": "female", "birthdate": "ge2019", "name": "a", "_sort": "-birthdate"}[name]
    query = ask("Patient", (name, value), _count="10")
    first = mongo_query.explain(large.collection, query)
    for _ in range(60):
        cursor = mongo_query.find_page(large.collection, query).next_cursor
        assert cursor
        query = replace(query, cursor=cursor)
    late = mongo_query.explain(large.collection, query)
    assert late["documents_examined"] <= 2 * first["documents_examined"] + 10


@pytest.mark.parametrize("by", ["-name", "identifier,-name", "-name,identifier"])
def test_the_last_page_of_an_order_is_found_in_few_steps(
    fresh: Callable[[], Documents],
    indexer: Indexer,
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    collection, read = fresh(), {"steps": 0}
    people = [
        {"resourceType": "Patient", "id": f"p{n}", "identifier": [{"value": f"{n:03d}"}],
         "name": [{"family": f"Berg{n * 7 % 200:03d}", "given": [f"Anna{n:03d}"]}]}
        for n in range(200)
    ]  # fmt: skip
    entries = [indexer.index(person, f"Patient/{person['id']}") for person in people]
    indexed = [Indexed(f"Patient/p{n}", n, each) for n, each in enumerate(entries)]
    collection.insert_many([document(each) for each in indexed])
    for name in ("entries", "find", "by_ids", "count"):
        whole = getattr(Read, name)

        def counted(*given: Any, whole: Any = whole, **named: Any) -> Any:
            read["steps"] += 1
            return whole(*given, **named)

        monkeypatch.setattr(Read, name, counted)
    query, found = ask("Patient", _sort=by, _count="5"), 0
    while True:
        read["steps"] = 0
        page = mongo_query.find_page(collection, query)
        found += len(page.documents)
        if page.next_cursor is None:
            break
        query = replace(query, cursor=page.next_cursor)
    assert found == 200
    assert read["steps"] < 200


def test_counting_one_token_reads_no_document(large: Corpus, ask: Ask) -> None:
    query = ask("Patient", gender="female")
    explained = large.collection.database.command(
        "explain",
        {
            "aggregate": large.collection.name,
            "pipeline": [
                {"$match": plan(query).by_id[0].bounded()},
                {"$group": {"_id": 1, "n": {"$sum": 1}}},
            ],
            "cursor": {},
        },
        verbosity="executionStats",
    )
    statistics = explained["stages"][0]["$cursor"]["executionStats"]
    assert statistics["totalDocsExamined"] == 0


def test_counting_stops_where_it_is_told(large: Corpus, ask: Ask) -> None:
    assert mongo_query.count(large.collection, ask("Patient"), limit=100) == 100
    window = ask("Observation", ("date", "ge2019"), ("date", "lt2022"))
    assert mongo_query.count(large.collection, window, limit=100) == 100


@pytest.mark.parametrize(
    "parameters",
    [
        [("gender", "female")],
        [("birthdate", "ge2019")],
        [("name", "a")],
        [("birthdate", "2019,2020")],
        [("_sort", "-birthdate")],
        [("_lastUpdated", "ge2025")],
    ],
)
def test_what_others_write_meanwhile_neither_repeats_nor_hides_a_row(
    fresh: Callable[[], Documents],
    indexer: Indexer,
    parser: QueryParser,
    parameters: list[tuple[str, str]],
) -> None:
    collection = fresh()
    stable = [patient(indexer, number, "stable") for number in range(300)]
    collection.insert_many([document(resource) for resource in stable])
    stop = threading.Event()
    writer = threading.Thread(target=write_until, args=(collection, indexer, stop))
    query = parser.parse("Patient", [*parameters, ("_count", "7")])
    writer.start()
    try:
        found = references(collection, query)
    finally:
        stop.set()
        writer.join()
    kept = [reference for reference in found if "stable" in reference]
    assert len(kept) == len(set(kept))
    assert set(kept) == {r.reference for r in stable if matches(query, r)}
    assert len(kept) > 100


def write_until(collection: Documents, indexer: Indexer, stop: threading.Event) -> None:
    """Insert, change and delete resources around those that are searched."""
    number = 0
    while not stop.is_set():
        made = document(patient(indexer, number % 97, f"new{number % 29:02d}"))
        collection.replace_one({"_id": made["_id"]}, made, upsert=True)
        if number % 3 == 0:
            collection.delete_one({"_id": f"Patient/new{(number + 7) % 29:02d}"})
        number += 1


def patient(indexer: Indexer, number: int, kind: str) -> Indexed:
    """Give a patient whose values depend on the number alone."""
    id_ = f"{kind}-{number * 7919 % 1000:03d}" if kind == "stable" else kind
    resource = {
        "resourceType": "Patient",
        "id": id_,
        "gender": "female" if number % 5 else "male",
        "birthDate": f"{2018 + number % 4}-0{number % 9 + 1}-11",
        "name": [{"family": f"A{number % 40}", "given": [f"Al{number}", "Bo", f"A{number % 7}"]}],
    }
    at = 1_750_000_000_000_000 + number * 1000
    return Indexed(f"Patient/{id_}", at, indexer.index(resource, f"Patient/{id_}"))


def tampered(cursor: str, *content: Any) -> str:
    """Give a cursor with its content after the fingerprint replaced."""
    decoded = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return base64.urlsafe_b64encode(orjson.dumps([decoded[0], *content])).rstrip(b"=").decode()


def test_a_cursor_that_is_not_from_this_search_is_refused(corpus: Corpus, ask: Ask) -> None:
    query = ask("Patient", gender="female")
    cursor = mongo_query.find_page(corpus.collection, query).next_cursor
    assert cursor
    wrong = [
        "x", "", "å", "bnVsbA", cursor[:-3], cursor + "A", "W10",
        tampered(cursor, 0, 0, 5),
        tampered(cursor, 0, 0, None),
        tampered(cursor, 0, 0, {"$gt": ""}),
        tampered(cursor, 0, 9, "x"),
        tampered(cursor, 0, -1, "x"),
        tampered(cursor, 1, 0, "x"),
        tampered(cursor, 7, 0, "x"),
        tampered(cursor, 0, True, "x"),
        tampered(cursor, 2, 0, ["x", "y"]),
        tampered(cursor, -1, 0, "x"),
        tampered(cursor, 0),
    ]  # fmt: skip
    for text in wrong:
        with pytest.raises(FhirError) as error:
            mongo_query.find_page(corpus.collection, replace(query, cursor=text))
        assert error.value.status == 400
    with pytest.raises(FhirError):
        mongo_query.find_page(corpus.collection, replace(ask("Patient"), cursor=cursor))


@pytest.mark.parametrize("parameter", [("identifier", "urn:one|"), ("_lastUpdated", "ge2000")])
def test_a_cursor_of_another_shape_is_refused(
    corpus: Corpus, ask: Ask, parameter: tuple[str, str]
) -> None:
    query = ask("Patient", parameter, _count="2")
    cursor = mongo_query.find_page(corpus.collection, query).next_cursor
    assert cursor
    for position in ("x", ["x", "y"], [2**63, "y"], [None, None], ["Patient.identifier;urn:one|"]):
        text = tampered(cursor, 1, 0, position)
        with pytest.raises(FhirError):
            mongo_query.find_page(corpus.collection, replace(query, cursor=text))


@pytest.mark.parametrize(
    "text", ["$where", "{$gt: ''}", '{"$ne": null}', "$t", ".*", "\0", "(?i)a"]
)
def test_operators_in_values_are_only_text(corpus: Corpus, ask: Ask, text: str) -> None:
    for name in ("identifier", "name", "name:exact", "gender:not", "_profile"):
        check(corpus, ask("Patient", (name, text)))
    check(corpus, ask("Patient", ("name:contains", f"{text} b")))


def test_a_search_inside_a_transaction_sees_its_writes(corpus: Corpus, indexer: Indexer) -> None:
    parser = QueryParser(Definitions.load(), STOCKHOLM, BASE)
    client = corpus.collection.database.client
    new = document(patient(indexer, 1, "inside"))
    queries = [
        parser.parse("Patient", [("_id", "inside")]),
        parser.parse("Patient", [("given:exact", "Al1")]),
        parser.parse(
            "Patient", [("family", "a1"), ("birthdate", "ge2019"), ("birthdate", "lt2020")]
        ),
        parser.parse("Patient", [("gender", "female"), ("birthdate", "2019-02-11")]),
    ]
    with client.start_session() as session:
        session.start_transaction()
        corpus.collection.insert_one(new, session=session)
        for query in queries:
            inside = mongo_query.find_page(corpus.collection, query, session=session)
            assert "Patient/inside" in [found["_id"] for found in inside.documents]
            assert mongo_query.count(corpus.collection, query, session=session) >= 1
            outside = mongo_query.find_page(corpus.collection, query)
            assert "Patient/inside" not in [found["_id"] for found in outside.documents]
        session.abort_transaction()


def test_only_the_fields_asked_for_and_those_of_the_cursor_are_read(
    corpus: Corpus, ask: Ask
) -> None:
    query = ask("Patient", birthdate="ge2019")
    page = mongo_query.find_page(corpus.collection, query, projection={"v": 1, "b": 1})
    assert page.next_cursor
    assert set(page.documents[0]) == {"_id", "v", "b", "k"}
    assert set(page.documents[0]["k"]) == {"Patient:birthdate>"}


@pytest.mark.parametrize(
    ("type_", "parameter"),
    [
        ("Patient", ("name", "o")),
        ("Patient", ("identifier", "urn:one|")),
        ("Observation", ("code:missing", "false")),
    ],
)
def test_a_cluster_gives_the_same_pages_by_sorting(
    corpus: Corpus, ask: Ask, type_: str, parameter: tuple[str, str]
) -> None:
    scan = plan(ask(type_, parameter)).led[-1]
    assert isinstance(scan, TokenScan)
    read = Read(corpus.collection, None, {"v": 1})
    position, pages = None, 0
    while True:
        streamed = scan.documents(read, position, 5)
        assert list(scan.aggregated(read, position, 5)) == streamed
        if not streamed:
            break
        position, pages = scan.position(streamed[-1]), pages + 1
    assert pages > 3


@pytest.mark.parametrize("after", [None, "Patient/00500"])
def test_a_cluster_gives_the_same_entries_by_sorting(corpus: Corpus, after: str | None) -> None:
    read = Read(corpus.collection)
    low, high = "Patient.gender=female", "Patient.name="
    assert read.entries(low, high, 200, after) == read.sorted_entries(low, high, 200, after)
    some = ["Patient.gender=male", "Patient.identifier=3", "Patient.identifier=4"]
    inside = {"$in": ["$$this", {"$literal": some}]}
    assert read.entries_of(some, 300) == read._sorted({"t": {"$in": some}}, inside, 300)


def test_a_common_token_is_counted_once_and_not_for_each_search(large: Corpus, ask: Ask) -> None:
    query = ask("Patient", gender="male", birthdate="ge2019")
    first, then = (mongo_query.explain(large.collection, query)["queries"] for _ in range(2))
    counts = [[q for q in queries if "COUNT" in q["stages"]] for queries in (first, then)]
    assert [len(each) for each in counts] == [1, 0]
