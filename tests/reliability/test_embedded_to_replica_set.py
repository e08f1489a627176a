"""From the embedded MongoDB to a replica set of three, as docs/scaling.md has it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from pymongo.errors import OperationFailure, PyMongoError

from fhir_server.storage import embedded
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change, StoredResource
from tests.reliability.replica_set import ELECTION, Member, eventually

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(180)]

COUNT = 50
# NewReplicaSetConfigurationIncompatible, ConfigurationInProgress.
CHANGED_MEANWHILE = (103, 109)


def version(number: int) -> StoredResource:
    return StoredResource("Basic", f"b{number}", 1, number * 1000 + 1, b"{}")


def test_members_are_added_to_the_embedded_one(tmp_path: Path) -> None:
    mongod = embedded.start(tmp_path / "data", cache_gb=0.25)
    store = MongoStore(mongod.uri, "fhir")
    store.prepare()
    store.transact([Change(version(n)) for n in range(COUNT)])
    store.close()
    mongod.stop()

    options = ("--replSet", "fhir")
    first = Member(tmp_path / "data" / "mongodb", options)
    others = [Member(tmp_path / f"member-{n}", options) for n in (1, 2)]
    try:
        for member in (first, *others):
            _start(member)
        hosts = [f"127.0.0.1:{member.port}" for member in (first, *others)]
        configuration = first.command("replSetGetConfig")["config"]
        configuration["members"][0]["host"] = hosts[0]
        configuration["settings"] |= ELECTION
        first.command("replSetReconfig", configuration, force=True)
        assert eventually(lambda: _state(first) == 1)
        for n in (1, 2):
            assert eventually(lambda n=n: _added(first, n, hosts[n]), 40)
            assert eventually(lambda n=n: _state(others[n - 1]) == 2, 40)
        # A new member has no vote until the primary knows that it has caught up.
        assert eventually(lambda: _voting(first) == len(hosts), 40)
        uri = f"mongodb://{','.join(hosts)}/?replicaSet=fhir"
        _holds_all_without_the_first(uri, first)
    finally:
        for member in (first, *others):
            member.stop()


def _holds_all_without_the_first(uri: str, first: Member) -> None:
    store = MongoStore(uri, "fhir")
    try:
        store.prepare()
        store.transact([Change(version(COUNT))])
        first.stop()
        wanted = {f"Basic/b{n}" for n in range(COUNT + 1)}
        assert set(store.read_many(wanted)) == wanted
        store.transact([Change(version(COUNT + 1))])
    finally:
        store.close()


def _added(first: Member, number: int, host: str) -> bool:
    """Add a member as the shell's `rs.add` does; False where the configuration changed meanwhile.

    The primary writes a configuration itself as soon as the member added before has caught up.
    """
    configuration = first.command("replSetGetConfig")["config"]
    configuration["version"] += 1
    configuration["members"].append({"_id": number, "host": host})
    try:
        first.command("replSetReconfig", configuration)
    except OperationFailure as refused:
        if refused.code not in CHANGED_MEANWHILE:
            raise
        return False
    return True


def _start(member: Member) -> None:
    # The first looks its old socket up in the DNS, for 15 s where no name server answers.
    with contextlib.suppress(PyMongoError):
        member.start()
    assert eventually(lambda: _answers(member), 60)


def _answers(member: Member) -> bool:
    with contextlib.suppress(PyMongoError):
        return bool(member.command("ping")["ok"])
    return False


def _voting(member: Member) -> int:
    return int(member.command("replSetGetStatus")["votingMembersCount"])


def _state(member: Member) -> int | None:
    """Give a member's state; None of one that has not heard of its replica set yet."""
    with contextlib.suppress(OperationFailure):
        return int(member.command("replSetGetStatus")["myState"])
    return None
