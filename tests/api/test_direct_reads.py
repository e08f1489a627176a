"""Reads without most of the driver give what the driver gives, and leave to it what goes wrong."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from fhir_server.storage import mongo_direct
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_direct import Asked
from fhir_server.storage.records import StoreTooSlow
from fhir_server.storage.time_limit import limited

Document = dict[str, Any]
MANY = 250  # more than the database gives at once


@pytest.fixture
def numbers(mongo_uri: str) -> Iterator[Collection[Document]]:
    client: MongoClient[Document] = MongoClient(mongo_uri)
    name = f"direct-{secrets.token_hex(4)}"
    found = client[name].get_collection("numbers", read_concern=ReadConcern("majority"))
    found.insert_many({"_id": f"n{n:03}", "t": [f"a{n % 7}", f"b{n:03}"]} for n in range(MANY))
    found.create_index([("t", 1), ("_id", 1)], name="t_id")
    yield found
    client.drop_database(name)
    client.close()


INDEX = [("t", 1), ("_id", 1)]
QUESTIONS = [
    Asked({}),
    Asked({"_id": "n007"}, {"t": 1}),
    Asked({"_id": "nothing"}),
    Asked({"t": {"$in": ["a1", "b003"]}}, {"_id": 1}, hint="t_id"),
    Asked({"t": "a3"}, sort=[("_id", -1)], limit=20),
    Asked({}, {"_id": 1}, sort=[("_id", 1)], limit=150),
    Asked({}, hint=INDEX, between=([("t", "b1"), ("_id", "")], [("t", "b2"), ("_id", "")])),
    Asked({"t": {"$in": ["a1"]}}, hint="t_id", keys_only=True, limit=5),
]


@pytest.mark.parametrize("asked", QUESTIONS)
def test_what_is_found_is_what_the_driver_finds(
    numbers: Collection[Document], asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = asked.cursor(numbers, None).to_list()

    def asked_the_driver(*_: object, **__: object) -> None:
        raise AssertionError("the driver was asked")

    monkeypatch.setattr(Collection, "find", asked_the_driver)
    assert asked.of(numbers, None).all() == expected
    assert list(asked.of(numbers, None)) == expected


def test_what_is_counted_and_computed_is_what_the_driver_says(
    numbers: Collection[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = [{"$match": {"t": "a1"}}, {"$group": {"_id": None, "n": {"$sum": 1}}}]
    expected = numbers.aggregate(stages).to_list()
    counts = [numbers.count_documents({"t": "a1"}), numbers.count_documents({}, limit=9), 0]
    monkeypatch.delattr(Collection, "aggregate")
    assert mongo_direct.aggregate(numbers, stages).all() == expected
    found = [
        mongo_direct.count(numbers, {"t": "a1"}, hint="t_id"),
        mongo_direct.count(numbers, {}, limit=9),
        mongo_direct.count(numbers, {"t": "nothing"}),
    ]
    assert found == counts


def test_the_rest_of_a_long_answer_can_be_left(numbers: Collection[Document]) -> None:
    found = Asked({}).of(numbers, None)
    assert next(iter(found))["_id"] == "n000"
    found.close()
    status = numbers.database.client.admin.command("serverStatus")
    assert isinstance(status["metrics"]["cursor"]["open"]["total"], int)


def test_inside_a_transaction_the_driver_is_asked(numbers: Collection[Document]) -> None:
    with numbers.database.client.start_session() as session, session.start_transaction():
        numbers.insert_one({"_id": "inside"}, session=session)
        inside = mongo_direct.find_one(numbers, {"_id": "inside"}, session=session)
        assert inside == {"_id": "inside"}
        assert mongo_direct.find_one(numbers, {"_id": "inside"}) is None
        session.abort_transaction()


def test_an_error_is_the_drivers(numbers: Collection[Document]) -> None:
    with pytest.raises(OperationFailure, match="unknown operator"):
        mongo_direct.find_one(numbers, {"t": {"$no": 1}})


def test_what_takes_too_long_is_ended(numbers: Collection[Document]) -> None:
    numbered = {"$range": [0, 200_000]}
    summed = {"input": numbered, "initialValue": 0, "in": {"$add": ["$$value", 1]}}
    slow = {"$expr": {"$gt": [{"$reduce": summed}, -1]}}
    with pytest.raises(StoreTooSlow), limited(0.5), translated_errors():
        mongo_direct.find(numbers, slow).all()


def test_a_connection_that_broke_is_no_error(numbers: Collection[Document]) -> None:
    assert mongo_direct.find_one(numbers, {"_id": "n001"})
    topology: Any = numbers.database.client._topology
    for server in topology._servers.values():
        for connection in server.pool.conns:
            connection.conn.get_conn.shutdown(socket.SHUT_RDWR)
    found = mongo_direct.find_one(numbers, {"_id": "n001"}, {"_id": 1})
    assert found == {"_id": "n001"}
