"""What searches of the core types cost among a hundred thousand resources.

For every search parameter, for a chain of every reference, and for an order by every parameter:
the plan says that an index is followed, and that at most three documents are looked at for each
that a page can hold.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson.binary import Binary
from pymongo import MongoClient, WriteConcern

from fhir_server.profiles.definitions import Definitions
from fhir_server.search import tokens
from fhir_server.search.indexing import IndexEntries, Indexer
from fhir_server.search.parameters import Parameter, Parameters
from fhir_server.search.plans import Plans
from fhir_server.search.query import (
    Chained,
    Comparator,
    Criterion,
    HasId,
    HasKey,
    HasToken,
    HasWord,
    InRange,
    Query,
    Sort,
    TextStart,
    TokenRange,
    Updated,
    every,
)
from fhir_server.storage import mongo_query
from fhir_server.storage.mongo_indexes import ensure_indexes
from fhir_server.storage.mongo_reads import Documents
from tests.conformance.core_resources import COMMON, CORE, EACH, resources

pytestmark = pytest.mark.timeout(600)

COUNT = 20
STARTED = 1_750_000_000_000_000
COMPARATORS: Sequence[Comparator] = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
# What can be referred to only by the address of a definition, and so isn't in the collection.
BY_ADDRESS = ("instantiates-canonical",)

PARAMETERS = Parameters(Definitions.load())
ALL = [(type_, code) for type_ in CORE for code in PARAMETERS.of(type_)]
REFERENCES = [
    (type_, parameter.code, target)
    for type_ in CORE
    for parameter in PARAMETERS.of(type_).values()
    for target in parameter.targets
    if parameter.type == "reference" and parameter.code not in BY_ADDRESS
    # What patient finds are patients, although R4 lists Group as a target, too.
    if (parameter.code, target) != ("patient", "Group")
]
SORTED = [(t, c) for t, c in ALL if PARAMETERS.of(t)[c].type not in ("special", "composite")]


@pytest.fixture(scope="module")
def entries() -> dict[str, IndexEntries]:
    """The entries of one resource of each type, by type; loading fills it."""
    return {}


@pytest.fixture(scope="module")
def collection(mongo_uri: str, entries: dict[str, IndexEntries]) -> Iterator[Documents]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongo_uri)
    database = client[f"explain_{secrets.token_hex(6)}"]
    unsafe = database["resources"].with_options(write_concern=WriteConcern(w=1, j=False))
    made = documents(entries)
    while batch := list(islice(made, 2_000)):
        unsafe.insert_many(batch, ordered=False)
    ensure_indexes(database)
    yield database["resources"]
    client.drop_database(database.name)
    client.close()


def documents(entries: dict[str, IndexEntries]) -> Iterator[dict[str, Any]]:
    """Give the documents of all resources, and remember the entries of one of each type."""
    zone = ZoneInfo("Europe/Stockholm")
    definitions = Definitions.load()
    plans = Plans(definitions, full_text=False)
    indexer = Indexer(definitions, zone, "http://localhost/fhir", plans=plans)
    for number, resource in enumerate(resources()):
        type_ = resource["resourceType"]
        name = f"{type_}/{resource['id']}"
        # The words of core resources are few and known: to look for them takes most of the time.
        words = [f"n:ord{number // 4 % 300}", "n:och"] if type_ in CORE else []
        own = replace(indexer.index(resource, name), words=words)
        if type_ not in CORE or number > 75_000:
            entries.setdefault(type_, own)
        found = {"_id": name, "y": type_, "v": 1, "u": STARTED + number, "b": Binary(b"{}")}
        found |= {"t": own.tokens, "k": own.keys, "d": own.ranges}
        yield found | ({"w": own.words} if own.words else {})


def explained(collection: Documents, type_: str, *where: Criterion, **more: Any) -> int:
    """Check what a search costs, on its first page and on its second; give what the first has."""
    query = Query((type_,), every(*where), count=COUNT, **more)
    first = mongo_query.explain(collection, query)
    assert first["indexed"], first
    assert first["documents_examined"] <= 3 * COUNT, (query, first)
    cursor = mongo_query.find_page(collection, query).next_cursor
    if cursor is not None:
        plan = mongo_query.explain(collection, replace(query, cursor=cursor))
        assert plan["indexed"], plan
        assert plan["documents_examined"] <= 3 * COUNT, (query, "second page", plan)
    found: int = first["returned"]
    return found


def searches(parameter: Parameter, entries: IndexEntries, id_: str) -> Iterator[Criterion]:
    """Give criteria that a resource fulfils, one for each way to ask for a parameter."""
    if parameter.code == "_id":
        yield HasId((id_,))
    elif parameter.code == "_lastUpdated":
        yield Updated("ge", STARTED + 50_000, STARTED + 50_001)
    elif parameter.type == "special":
        for word in entries.words[:3]:
            yield HasWord(word[2:], parameter.code == "_text")
            yield HasWord(word[2:-1], parameter.code == "_text", start=True)
    elif parameter.key in entries.ranges:
        yield HasKey(parameter.name)
        low, high = entries.ranges[parameter.key][0][:2]
        yield from (InRange(parameter.name, c, low, high) for c in COMPARATORS)
    elif f"{parameter.key}<" in entries.keys:
        text = entries.keys[f"{parameter.key}<"].partition(tokens.NEXT)[0]
        yield TextStart(parameter.name, text[:3])
        yield TextStart(parameter.name, text, whole=True)
    else:
        yield TokenRange(f"{parameter.name}:", f"{parameter.name}A")
        own = [t for t in entries.tokens if t.startswith(parameter.name)]
        yield from (HasToken(t) for t in own if t[len(parameter.name)] in "=;>")


def test_there_are_a_hundred_thousand_resources_of_the_core_types(collection: Documents) -> None:
    assert collection.count_documents({"t": {"$in": list(CORE)}}) == 4 * EACH == 100_000


@pytest.mark.parametrize(("type_", "code"), ALL)
def test_a_search_by_any_parameter_reads_little_more_than_a_page(
    collection: Documents, entries: dict[str, IndexEntries], type_: str, code: str
) -> None:
    found = list(searches(PARAMETERS.of(type_)[code], entries[type_], f"{type_}/000000"))
    assert found, "no value of this parameter"
    # Nothing starts after a period without an end.
    returned = [explained(collection, type_, criterion) for criterion in found]
    assert any(returned)


@pytest.mark.parametrize(("type_", "code", "target"), REFERENCES)
def test_a_chain_reads_little_more_than_a_page(
    collection: Documents, type_: str, code: str, target: str
) -> None:
    parameter = PARAMETERS.of(type_)[code]
    common = HasToken(f"{target}.{COMMON[target]}")
    assert explained(collection, type_, Chained(parameter.name, (target,), common))


@pytest.mark.parametrize(("type_", "code", "target"), REFERENCES)
def test_a_chain_to_one_resource_reads_little_more_than_it_finds(
    collection: Documents, entries: dict[str, IndexEntries], type_: str, code: str, target: str
) -> None:
    name = PARAMETERS.of(type_)[code].name
    own = next(t for t in entries[target].tokens if t.startswith(f"{target}.identifier;urn:id|"))
    explained(collection, type_, Chained(name, (target,), HasToken(own)))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(("type_", "code"), SORTED)
def test_an_order_by_any_parameter_reads_little_more_than_a_page(
    collection: Documents, type_: str, code: str, *, descending: bool
) -> None:
    parameter = PARAMETERS.of(type_)[code]
    by = code if code in ("_id", "_lastUpdated") else parameter.name
    sort = Sort(by, descending, "" if by == code else parameter.type)
    assert explained(collection, type_, sort=(sort,)) == COUNT
