"""What is asked about a few resources is answered type by type, though it is asked in one list."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from fhir_server.storage import mongo_about
from fhir_server.storage.mongo_about import About

Document = dict[str, Any]
TYPES = ("CareTeam", "Encounter", "Flag")
OWNERS, STATUSES = ("one", "two"), ("active", "finished", "draft")


def document(type_: str, owner: str, status: str) -> Document:
    tokens = [f"{type_}._about>Patient/7", f"{type_}.status={status}"]
    labels = [f"{type_}._owner>Organization/{owner}"]
    return {"_id": f"{type_}/{owner}-{status}", "y": type_, "v": 1, "u": 1, "b": b"{}",
            "a": labels, "t": [*tokens, *labels]}  # fmt: skip


EACH = [document(*each) for each in itertools.product(TYPES, OWNERS, STATUSES)]


@pytest.fixture(scope="module")
def documents(mongo_uri: str) -> Iterator[Collection[Document]]:
    client: MongoClient[Document] = MongoClient(mongo_uri)
    name = f"about-{secrets.token_hex(4)}"
    found = client[name]["resources"]
    found.insert_many(EACH)
    found.create_index([("t", 1), ("_id", 1)], name="t_id")
    yield found
    client.drop_database(name)
    client.close()


def wanted(type_: str, owners: tuple[str, ...] = (), statuses: tuple[str, ...] = ()) -> About:
    labels = [f"{type_}._owner>Organization/{each}" for each in owners]
    return About(type_, labels, [f"{type_}.status={each}" for each in statuses])


def holds(about: About, each: Document) -> bool:
    if each["y"] != about.resource_type:
        return False
    if about.labels and set(about.labels).isdisjoint(each["a"]):
        return False
    return not about.tokens or not set(about.tokens).isdisjoint(each["t"])


ASKED = [
    [wanted("Flag")],
    [wanted("CareTeam", ("one",)), wanted("Flag")],
    [wanted("CareTeam", ("one",), ("active",)), wanted("Encounter", ("two",), ("draft",))],
    [wanted("CareTeam", (), ("active",)), wanted("Encounter", (), ("active", "finished")),
     wanted("Flag", ("one", "two"), ("draft",))],
    [wanted("Encounter", ("one",), ("active",)), wanted("CareTeam", ("two",), ("finished",)),
     wanted("Flag", ("two",))],
]  # fmt: skip


@pytest.mark.parametrize("asked", ASKED)
def test_each_type_is_held_to_what_is_asked_of_it(
    documents: Collection[Document], asked: list[About]
) -> None:
    tokens = [f"{type_}._about>Patient/7" for type_ in TYPES]
    found = mongo_about.find(documents, tokens, asked, None)
    expected = {each["_id"] for each in EACH if any(holds(about, each) for about in asked)}
    assert {each["_id"] for each in found} == expected
    assert 0 < len(expected) < len(EACH)
