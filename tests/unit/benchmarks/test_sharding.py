"""Routing on paper: by MongoDB's hash, and by what a filter fixes."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pymongo import MongoClient

from benchmarks.sharding import SHARD_KEYS, Command, Recorded, count, fixed, hashed, read, shard_of
from benchmarks.sharding_requests import record, recorded_application
from fhir_server.settings import Settings
from tests.conftest import ROOT

IDS = ["CarePlan/1", "Patient/åäö", "Basic/" + "x" * 64, ""]
SCALING = ROOT / "docs" / "scaling.md"


def test_the_hash_is_that_of_a_hashed_index(mongo_uri: str, database: str) -> None:
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        hashes = client[database]["hashes"]
        hashes.insert_many([{"_id": text} for text in IDS])
        hashes.create_index([("_id", "hashed")], name="h")
        for text in IDS:
            found = hashes.find({"_id": text}, hint="h", return_key=True).to_list()
            assert found == [{"_id": hashed(text)}], text


def test_values_are_spread_evenly() -> None:
    counts = [0] * 4
    for n in range(4000):
        counts[shard_of(f"Patient/{n}", 4)] += 1
    assert max(counts) < 1.15 * min(counts)


@pytest.mark.parametrize(
    ("filter_", "values"),
    [
        ({"_id": "a"}, {"a"}),
        ({"_id": "a", "v": 3}, {"a"}),
        ({"_id": {"$in": ["a", "b"]}}, {"a", "b"}),
        ({"$and": [{"_id": {"$in": ["a", "b"]}}, {"_id": "b"}]}, {"b"}),
        ({"$or": [{"_id": "a"}, {"_id": "b", "v": 1}]}, {"a", "b"}),
        ({"$or": [{"_id": "a"}, {"v": 1}]}, None),
        ({"_id": {"$gte": "a", "$lt": "b"}}, None),
        ({"t": "Patient"}, None),
        ({}, None),
    ],
)
def test_what_a_filter_fixes(filter_: dict[str, Any], values: set[str] | None) -> None:
    assert fixed(filter_, "_id") == values


def test_writes_of_a_transaction_are_counted_by_their_shards() -> None:
    names = [next(f"n{n}" for n in range(99) if shard_of(f"n{n}", 2) == shard) for shard in (0, 1)]
    inside = {"autocommit": False, "lsid": {"id": b"s"}, "txnNumber": 1}

    def insert(*ids: str) -> Command:
        documents = [{"_id": each} for each in ids]
        return read("insert", {"insert": "resources", "documents": documents, **inside})

    assert count([insert(names[0])], 2, 1).spread == 0
    assert count([insert(*names)], 2, 1).spread == 1
    assert count([insert(names[0]), insert(names[1])], 2, 1).spread == 1


def test_a_collection_that_stays_whole_asks_one_shard() -> None:
    assert read("find", {"find": "jobs", "filter": {"status": 1}}).shards(8) == {0}


@pytest.fixture(scope="module")
def recorded(mongo_uri: str, database: str) -> dict[str, Recorded]:
    settings = Settings(mongodb_database=f"{database}_r", log_level="error")
    with recorded_application(mongo_uri, settings) as (client, recorder):
        return {each.name: each for each in record(client, recorder, times=3)}


@pytest.mark.parametrize(
    "name",
    [
        "read",
        "vread of an older version",
        "history of a resource",
    ],
)
def test_what_is_about_one_resource_asks_no_more_shards_when_there_are_more(
    recorded: dict[str, Recorded], name: str
) -> None:
    asked = count(recorded[name].commands, 16, 3)
    assert asked.commands
    assert asked.scattered == 0


@pytest.mark.parametrize(
    "name", ["search by identifier", "search by patient and status", "history of a type"]
)
def test_what_looks_for_resources_asks_all_shards(recorded: dict[str, Recorded], name: str) -> None:
    assert count(recorded[name].commands, 16, 3).shards >= 16 * 3


def test_every_collection_with_a_key_is_written_with_that_key(
    recorded: dict[str, Recorded],
) -> None:
    """A router refuses an upsert, and sends an update to all shards, that doesn't name the key."""
    writes = [
        c for each in recorded.values() for c in each.commands if c.name in ("insert", "update")
    ]
    assert {c.collection for c in writes} >= {"resources", "history", "locks"}
    assert all(None not in c.keys for c in writes if c.collection in SHARD_KEYS)


def test_the_commands_on_the_page_are_those_of_the_model() -> None:
    named = re.findall(
        r'shardCollection\("fhir\.(\w+)", \{ (\w+): "hashed" \}\)', SCALING.read_text()
    )
    assert dict(named) == dict(SHARD_KEYS)


def test_no_index_of_the_store_is_unique(
    mongo_uri: str, recorded: dict[str, Recorded], database: str
) -> None:
    """A cluster enforces one only where the shard key is its prefix."""
    with MongoClient[dict[str, Any]](mongo_uri) as client:
        own = client[f"{database}_r"]
        for name in own.list_collection_names():
            indexes = own[name].index_information()
            assert not [i for i, about in indexes.items() if about.get("unique")], name
