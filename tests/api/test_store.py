"""The store's door for writes, on a real MongoDB."""

from __future__ import annotations

import pytest

from fhir_server.search.indexing import IndexEntries
from fhir_server.storage import mongo, mongo_writes
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import (
    AlreadyDone,
    Change,
    StaleWrite,
    StoredResource,
    StoreUnavailable,
    WriteTooLarge,
)
from fhir_server.storage.snapshot import Snapshot
from fhir_server.storage.versions import HistoryQuery


def version(id_: str, number: int, body: bytes | None = b"{}") -> StoredResource:
    return StoredResource("Basic", id_, number, number * 1000, body)


def create(id_: str, body: bytes = b"{}") -> Change:
    return Change(version(id_, 1, body))


def update(id_: str, number: int) -> Change:
    return Change(version(id_, number), version(id_, number - 1))


def test_a_second_create_of_one_id_is_stale(store: MongoStore) -> None:
    store.transact([create("one")])
    with pytest.raises(StaleWrite):
        store.transact([create("one")])
    with pytest.raises(StaleWrite):
        store.transact([create("two"), create("one")])
    assert store.read("Basic", "two") is None


def versions(store: MongoStore, id_: str) -> list[int]:
    page = store.history(HistoryQuery(("Basic",), id_))
    assert page is not None
    return [stored.version for stored in page.versions]


def test_an_update_of_a_version_that_is_not_current_is_stale_and_adds_nothing(
    store: MongoStore,
) -> None:
    store.transact([create("upd")])
    store.transact([update("upd", 2)])
    with pytest.raises(StaleWrite):
        store.transact([update("upd", 2)])
    with pytest.raises(StaleWrite):
        store.transact([create("upd-other"), update("upd", 2)])
    assert versions(store, "upd") == [2, 1]
    assert store.read("Basic", "upd-other") is None


def test_what_is_spelled_in_portions_is_stored_as_one(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each portion may hold creates, updates or both."""
    monkeypatch.setattr(mongo, "_AT_ONCE", 2)
    monkeypatch.setattr(mongo_writes, "MOST_WRITES", 1)  # few writes are not divided
    store.transact([create(f"portion-{number}") for number in range(5)])
    changes = [update("portion-0", 2), create("portion-5"), create("portion-6")]
    store.transact([*changes, create("portion-7"), update("portion-1", 2)])
    found = store.read_many([f"Basic/portion-{number}" for number in range(9)])
    assert [each.version for _, each in sorted(found.items())] == [2, 2, 1, 1, 1, 1, 1, 1]
    for stale in (update("portion-0", 2), create("portion-1")):
        with pytest.raises(StaleWrite):
            store.transact(
                [create("portion-8"), update("portion-2", 2), create("portion-9"), stale]
            )
    assert store.read("Basic", "portion-8") is None
    assert versions(store, "portion-2") == [1]


def test_what_is_more_than_one_document_may_hold_is_stored_behind_a_lock(
    store: MongoStore,
) -> None:
    """A lock waits for the next command, and what goes with it would be one document of 16 MB."""
    much = IndexEntries(["Basic"], {}, {"Basic:x": [("x" * 1000,)] * 60})
    changes = [Change(version(f"much-{number}", 1), entries=much) for number in range(300)]
    store.transact(changes, locks=["much"])
    found = store.read_many([change.new.reference for change in changes])
    assert len(found) == len(changes)


def test_a_version_stored_ahead_by_a_writer_who_died_does_no_harm(store: MongoStore) -> None:
    """The process ended between the two writes of an update."""
    store.transact([create("ahead")])
    stale = Change(version("ahead", 3), version("ahead", 2))
    with pytest.raises(StaleWrite):
        store.transact([stale])
    assert versions(store, "ahead") == [1]
    assert store.read_version("Basic", "ahead", 2) is None
    store.transact([update("ahead", 2)])
    assert versions(store, "ahead") == [2, 1]


def test_a_check_that_raises_undoes_everything(store: MongoStore) -> None:
    def refuse(inside: Snapshot) -> None:
        assert inside.read("Basic", "undone") is not None
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.transact([create("undone")], locks=["x"], after=refuse)
    assert store.read("Basic", "undone") is None


def test_once_means_once(store: MongoStore) -> None:
    store.transact([create("once-1")], once="file")
    with pytest.raises(AlreadyDone):
        store.transact([create("once-2")], once="file")
    assert store.read("Basic", "once-2") is None


def test_a_transaction_larger_than_the_cache_allows_is_refused_whole(store: MongoStore) -> None:
    body = (
        b"x" * 250_000
    )  # all of them more than the whole cache of the tests' MongoDB (tests/conftest.py)
    with pytest.raises(WriteTooLarge) as refused:
        store.transact([create(f"large-{n}", body) for n in range(1_200)])
    assert "xxx" not in str(refused.value)
    assert store.read("Basic", "large-0") is None


@pytest.mark.parametrize("uri", ["http://x", "mongodb://", "mongodb://secret@:x/"])
def test_an_address_that_cannot_be_read_is_explained_without_its_password(uri: str) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        MongoStore(uri, "fhir").ping()
    assert "secret" not in str(refused.value)


def test_preparing_the_store_again_changes_nothing(store: MongoStore) -> None:
    store.prepare()
    store.prepare()
    indexes = store.collections.resources.database["locks"].index_information()
    assert indexes["expires"]["expireAfterSeconds"] == 3600
