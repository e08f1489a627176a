"""A database from before keeps no index that lacks a fact."""

from __future__ import annotations

from pymongo import ASCENDING

from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_indexes import FACT_NAMES, FACTS, HAS_FACTS, ensure_indexes


def keys(store: MongoStore) -> list[str]:
    found = store.collections.resources.index_information()[FACTS]["key"]
    return [name for name, _ in found]


def test_the_index_of_an_older_layout_is_made_anew(store: MongoStore) -> None:
    resources = store.collections.resources
    resources.drop_index(FACTS)
    older = [("y", ASCENDING), *((f"f.{name}", ASCENDING) for name in FACT_NAMES[:-7])]
    resources.create_index(older, name=FACTS, partialFilterExpression=HAS_FACTS)

    ensure_indexes(resources.database)

    assert keys(store) == ["y", *(f"f.{name}" for name in FACT_NAMES)]


def test_the_index_of_today_stays(store: MongoStore) -> None:
    ensure_indexes(store.collections.resources.database)
    assert keys(store) == ["y", *(f"f.{name}" for name in FACT_NAMES)]
