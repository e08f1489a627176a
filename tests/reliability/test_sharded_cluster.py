"""The server on a real cluster of two shards, where this machine has a mongos."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from benchmarks.sharding import SHARD_KEYS, shard_of
from benchmarks.sharding_requests import record, recorded_application
from fhir_server.settings import Settings
from fhir_server.storage.mongo_deployment import describe
from tests.conftest import free_port
from tests.reliability.replica_set import ELECTION, Member, eventually

MONGOS = shutil.which("mongos")
pytestmark = [
    pytest.mark.reliability,
    pytest.mark.timeout(300),
    pytest.mark.skipif(MONGOS is None, reason="no mongos on the PATH"),
]
DATABASE = "fhir"
TIMES = 20


def set_of_one(directory: Path, name: str, role: str) -> Member:
    member = Member(directory / name, (role, "--replSet", name))
    member.start()
    configuration = {
        "_id": name,
        "members": [{"_id": 0, "host": f"127.0.0.1:{member.port}"}],
        "settings": ELECTION,
    }
    member.command("replSetInitiate", configuration)
    assert eventually(lambda: is_primary(member))
    return member


def is_primary(member: Member) -> bool:
    try:
        return int(member.command("replSetGetStatus")["myState"]) == 1
    except PyMongoError:
        return False


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[Member]]]:
    directory = tmp_path_factory.mktemp("cluster")
    members: list[Member] = []
    router: subprocess.Popen[bytes] | None = None
    try:
        members.append(set_of_one(directory, "config", "--configsvr"))
        members += [set_of_one(directory, f"shard{n}", "--shardsvr") for n in range(2)]
        port = free_port()
        command = [str(MONGOS), "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket"]
        command += ["--configdb", f"config/127.0.0.1:{members[0].port}"]
        router = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        uri = f"mongodb://127.0.0.1:{port}/"
        with MongoClient[dict[str, Any]](uri) as client:
            for n, member in enumerate(members[1:]):
                client.admin.command("addShard", f"shard{n}/127.0.0.1:{member.port}")
            client.admin.command("enableSharding", DATABASE)
            for name, key in SHARD_KEYS.items():
                client.admin.command("shardCollection", f"{DATABASE}.{name}", key={key: "hashed"})
        yield uri, members[1:]
    finally:
        if router is not None:
            router.kill()
            router.wait(10)
        for member in members:
            member.stop()


def test_all_kinds_of_requests_are_answered(cluster: tuple[str, list[Member]]) -> None:
    uri, shards = cluster
    about = describe(uri, DATABASE)
    assert (about.kind, about.transactions) == ("sharded cluster", None)
    settings = Settings(mongodb_database=DATABASE, log_level="error")
    with recorded_application(uri, settings) as (client, recorder):
        assert record(client, recorder, TIMES)  # each answer is checked for success
        found = client.get("CarePlan?patient=bench-3&status=active&_include=CarePlan:patient")
        assert {e["resource"]["resourceType"] for e in found["entry"]} == {"CarePlan", "Patient"}
        pages = [entry["fullUrl"] for entry in _all_pages(client, "Patient?_sort=family&_count=7")]
        assert len(pages) == len(set(pages)) == client.get("Patient?_summary=count")["total"]
    for number, shard in enumerate(shards):
        ids = [d["_id"] for d in _documents(shard, "resources")]
        assert ids
        assert all(shard_of(id_, 2) == number for id_ in ids)
        # All versions of a resource are where its first is.
        references = {d["r"] for d in _documents(shard, "history")}
        assert all(shard_of(reference, 2) == number for reference in references)


def _all_pages(client: Any, path: str) -> Iterator[dict[str, Any]]:
    while path:
        page = client.get(path)
        yield from page.get("entry", ())
        following = (link["url"] for link in page["link"] if link["relation"] == "next")
        path = next(following, "").rpartition("/fhir/")[2]


def _documents(shard: Member, collection: str) -> list[dict[str, Any]]:
    uri = f"mongodb://127.0.0.1:{shard.port}/?directConnection=true"
    with MongoClient[dict[str, Any]](uri) as client:
        fields = {"_id": 1, "r": 1}
        return client[DATABASE][collection].find({}, fields).to_list()
