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
OWNERS, STATUSES, ENDS = ("one", "two"), ("active", "finished", "draft"), (None, 5, 50)


def document(type_: str, owner: str, status: str, end: int | None) -> Document:
    tokens = [f"{type_}._about>Patient/7", f"{type_}.status={status}"]
    labels = [f"{type_}._owner>Organization/{owner}"]
    facts = {} if end is None else {"f": {"end": end}}
    return {"_id": f"{type_}/{owner}-{status}-{end}", "y": type_, "v": 1, "u": 1, "b": b"{}",
            "a": labels, "t": [*tokens, *labels], **facts}  # fmt: skip


EACH = [document(*each) for each in itertools.product(TYPES, OWNERS, STATUSES, ENDS)]


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


def team(*owners: str, current: tuple[str, ...] = ()) -> About:
    return wanted("CareTeam", owners, current)


def wanted(
    type_: str,
    owners: tuple[str, ...] = (),
    current: tuple[str, ...] = (),
    ended: tuple[str, ...] = (),
    since: int = 10,
) -> About:
    labels = [f"{type_}._owner>Organization/{each}" for each in owners]
    statuses = [[f"{type_}.status={each}" for each in some] for some in (current, ended)]
    return About(type_, labels, *statuses, since)


def holds(about: About, each: Document) -> bool:
    if each["y"] != about.resource_type:
        return False
    if about.labels and set(about.labels).isdisjoint(each["a"]):
        return False
    if not about.tokens or not set(about.tokens).isdisjoint(each["t"]):
        return True
    end = each.get("f", {}).get("end", -1)
    return not set(about.ended).isdisjoint(each["t"]) and end >= about.since


ASKED = [
    [wanted("Flag")],
    [team("one"), wanted("Flag")],
    [team("one", current=("active",)), wanted("Encounter", ("two",), ("draft",), ("finished",))],
    [team(current=("active",)), wanted("Encounter", (), ("active",), ("finished",)),
     wanted("Flag", ("one", "two"), ("draft",))],
    [wanted("Encounter", ("one",), ("active",), ("finished",), 10),
     wanted("CareTeam", ("two",), ("active",), ("finished",), 3), wanted("Flag", ("two",))],
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
