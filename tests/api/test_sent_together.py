"""Small writes of a transaction go in one message with the question behind them: as if alone."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from pymongo.errors import AutoReconnect
from pymongo.synchronous.pool import Connection

from fhir_server.storage import mongo_direct, mongo_transaction
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change, StaleWrite, StoredResource
from fhir_server.storage.snapshot import Snapshot


def create(id_: str, body: bytes = b"{}") -> Change:
    return Change(StoredResource("Basic", id_, 1, 1000, body))


def ids(snapshot: Snapshot, *wanted: str) -> set[str]:
    """Give those of some ids that are there."""
    return {each.id for each in snapshot.read_many(f"Basic/{id_}" for id_ in wanted).values()}


@pytest.fixture
def messages(store: MongoStore, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many messages each sending of a thread of this test has."""
    sent: list[int] = []
    real, here = Connection.send_message, threading.get_ident()

    def send(self: Connection, message: bytes, most: int) -> None:
        if threading.get_ident() == here:
            left, count = message, 0
            while left:
                left, count = left[int.from_bytes(left[:4], "little") :], count + 1
            sent.append(count)
        real(self, message, most)

    monkeypatch.setattr(Connection, "send_message", send)
    return sent


def test_lock_create_and_question_are_one_message(store: MongoStore, messages: list[int]) -> None:
    seen: list[set[str]] = []
    store.transact(
        [create("a"), create("b")], locks=["lock-ab"], after=lambda s: seen.append(ids(s, "a", "c"))
    )
    assert seen == [{"a"}]
    assert messages == [3, 1]  # behind them the commit
    assert ids(store, "a", "b") == {"a", "b"}


def test_writes_that_nothing_is_asked_behind_are_made(
    store: MongoStore, messages: list[int]
) -> None:
    store.transact([create("c"), create("d")], locks=["lock-cd"])
    assert messages == [2, 1]
    assert ids(store, "c", "d") == {"c", "d"}


def test_any_other_use_of_the_session_comes_behind_the_writes(store: MongoStore) -> None:
    counted: list[int] = []

    def count(snapshot: Snapshot) -> None:
        place = snapshot.collections.resources
        counted.append(place.count_documents({"_id": "Basic/e"}, session=snapshot.session))

    store.transact([create("e")], locks=["lock-e"], after=count)
    assert counted == [1]


def test_a_key_that_is_taken_is_told_before_what_it_made_fail(store: MongoStore) -> None:
    store.transact([create("f")])
    with pytest.raises(StaleWrite) as stale:
        store.transact(
            [create("g"), create("f")], locks=["lock-fg"], after=lambda s: print(ids(s, "g"))
        )
    assert stale.value.references == ("Basic/g", "Basic/f")
    assert ids(store, "g") == set()


def test_a_check_that_raises_undoes_what_was_sent(store: MongoStore) -> None:
    def refuse(snapshot: Snapshot) -> None:
        assert ids(snapshot, "h") == {"h"}
        raise LookupError

    with pytest.raises(LookupError):
        store.transact([create("h")], locks=["lock-h"], after=refuse)
    assert ids(store, "h") == set()


def test_two_who_take_one_lock_see_each_other(store: MongoStore) -> None:
    """Each looks behind its own write; whoever is second has seen the first."""
    names = [f"turn-{n}" for n in range(24)]
    counts: list[int] = []

    def write(name: str) -> None:
        seen: list[set[str]] = []
        store.transact(
            [create(name)], locks=["lock-turn"], after=lambda s: seen.append(ids(s, *names))
        )
        counts.append(len(seen[-1]))

    threads = [threading.Thread(target=write, args=[name]) for name in names]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(counts) == list(range(1, len(names) + 1))


def test_a_connection_that_breaks_in_between_is_tried_again_and_written_once(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Connection.receive_message
    broken: list[int] = []
    here = threading.get_ident()

    def receive(self: Connection, id_: int | None) -> Any:
        answer = real(self, id_)
        if threading.get_ident() == here and not broken:
            broken.append(1)
            self._raise_connection_failure(AutoReconnect("broken by a test"))
        return answer

    seen: list[set[str]] = []
    store.read("Basic", "warm")  # the connection is there
    monkeypatch.setattr(Connection, "receive_message", receive)
    store.transact([create("i")], locks=["lock-i"], after=lambda s: seen.append(ids(s, "i")))
    assert broken
    assert seen == [{"i"}]


def test_a_driver_with_other_parts_sends_one_by_one(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(_: dict[str, Any]) -> tuple[int, bytes]:
        raise TypeError("no such part")

    monkeypatch.setattr(mongo_direct._Usable, "driver", True)  # as it was, afterwards
    monkeypatch.setattr(mongo_transaction, "spelled", other)
    seen: list[set[str]] = []
    store.transact([create("j")], locks=["lock-j"], after=lambda s: seen.append(ids(s, "j")))
    assert seen == [{"j"}]
    assert mongo_direct._Usable.driver is False
