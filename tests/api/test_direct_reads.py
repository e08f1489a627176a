"""Reads without most of the driver give what the driver gives, and leave to it what goes wrong."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any

import bson
import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, OperationFailure, ProtocolError
from pymongo.read_concern import ReadConcern
from pymongo.synchronous.topology import _ErrorContext

from fhir_server.storage import mongo_direct, mongo_wire
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


def _slow(steps: int) -> Document:
    """Give a condition that all fulfil, after so many steps for each document."""
    summed = {"input": {"$range": [0, steps]}, "initialValue": 0, "in": {"$add": ["$$value", 1]}}
    return {"$expr": {"$gt": [{"$reduce": summed}, -1]}}


def test_what_takes_too_long_is_ended(numbers: Collection[Document]) -> None:
    with pytest.raises(StoreTooSlow), limited(0.5), translated_errors():
        mongo_direct.find(numbers, _slow(200_000)).all()


def test_a_connection_that_broke_is_no_error(numbers: Collection[Document]) -> None:
    assert mongo_direct.find_one(numbers, {"_id": "n001"})
    topology: Any = numbers.database.client._topology
    for server in topology._servers.values():
        for connection in server.pool.conns:
            connection.conn.get_conn.shutdown(socket.SHUT_RDWR)
    found = mongo_direct.find_one(numbers, {"_id": "n001"}, {"_id": 1})
    assert found == {"_id": "n001"}


def test_an_answer_that_takes_its_time_is_waited_for(numbers: Collection[Document]) -> None:
    # Longer than the kernel waits for one.
    started = time.monotonic()
    assert len(mongo_direct.find(numbers, _slow(40_000), {"_id": 1}, limit=MANY).all()) == MANY
    assert time.monotonic() - started > 0.5
    assert mongo_direct.find_one(numbers, {"_id": "n002"}, {"_id": 1}) == {"_id": "n002"}


def test_an_answer_of_many_readings_is_put_together(numbers: Collection[Document]) -> None:
    long = [{"_id": f"long-{n}", "text": f"{n}" * 200_000} for n in range(5)]
    numbers.insert_many(long)
    asked = Asked({"_id": {"$gte": "long-"}, "text": {"$exists": True}}, sort=[("_id", 1)])
    assert asked.of(numbers, None).all() == long


def test_what_is_over_while_the_kernel_waits_is_ended(numbers: Collection[Document]) -> None:
    with pytest.raises(StoreTooSlow), limited(1.2), translated_errors():
        mongo_direct.find(numbers, _slow(1_000_000)).all()


def test_an_answer_to_something_else_closes_the_connection(numbers: Collection[Document]) -> None:
    client = numbers.database.client
    assert mongo_direct.find_one(numbers, {"_id": "n001"})
    server = mongo_wire.Chosen.of(client, "ping")
    with client._checkout(server, None) as connection:
        line = mongo_wire.Line(connection)
        asked, message = mongo_wire.spelled({"ping": 1, "$db": "admin"})
        line.send(message)
        with pytest.raises(ProtocolError):
            line.answer(asked + 1)
        assert connection.closed
    assert mongo_direct.find_one(numbers, {"_id": "n001"}, {"_id": 1}) == {"_id": "n001"}


def test_two_answers_that_came_together_are_told_apart(numbers: Collection[Document]) -> None:
    client = numbers.database.client
    server = mongo_wire.Chosen.of(client, "ping")
    with client._checkout(server, None) as connection:
        line = mongo_wire.Line(connection)
        questions = [{"ping": 1, "$db": "admin"}, {"hello": 1, "$db": "admin"}]
        (first, one), (second, two) = map(mongo_wire.spelled, questions)
        line.send(one + two)
        assert "isWritablePrimary" not in bson.decode(line.answer(first))
        assert bson.decode(line.answer(second))["isWritablePrimary"]


def test_each_client_is_led_to_its_own_server(mongo_uri: str) -> None:
    clients: list[MongoClient[Document]] = [MongoClient(mongo_uri) for _ in range(2)]
    try:
        for client in [*clients, *clients]:
            server = mongo_wire.Chosen.of(client, "ping")
            assert server in client._topology._servers.values()
    finally:
        for client in clients:
            client.close()


def test_who_the_primary_is_is_asked_again_when_the_driver_hears_something(
    numbers: Collection[Document],
) -> None:
    client = numbers.database.client
    server = mongo_wire.Chosen.of(client, "ping")
    assert mongo_wire.Chosen.of(client, "ping") is server
    client._topology.handle_error(server.description.address, _broken(server))
    assert not client.topology_description.has_writable_server()
    assert mongo_wire.Chosen.of(client, "ping") is server
    assert client.topology_description.has_writable_server()


def _broken(server: Any) -> Any:
    generation = server.pool.gen.get_overall()
    return _ErrorContext(AutoReconnect("broken"), 17, generation, True, None)
