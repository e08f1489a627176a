"""The server on a replica set of three that it did not start, while primaries come and go."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest
from pymongo.errors import PyMongoError

from fhir_server.storage import mongo
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change, StoredResource, StoreUnavailable
from tests import http
from tests.conftest import ROOT, ServerProcess, free_port
from tests.reliability.replica_set import Member, ReplicaSet, eventually
from tests.reliability.test_crash import Load, _assert_whole_history, _bundle, assert_all_or_nothing

pytestmark = [
    pytest.mark.reliability,
    pytest.mark.timeout(90),
]


@dataclass
class WatchedLoad(Load):
    """A load that keeps when writes were acknowledged, and every other answer."""

    acknowledged: list[float] = field(default_factory=list)
    refusals: list[httpx.Response] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def _accepted(self, send: Callable[[], httpx.Response]) -> bool:
        try:
            answer = send()
        except httpx.TransportError as error:
            self.unanswered.append(repr(error))
            return False
        if answer.status_code in (200, 201):
            self.acknowledged.append(time.monotonic())
            return True
        self.refusals.append(answer)
        time.sleep(0.05)
        return False

    def goes_on(self, count: int = 100) -> bool:
        """Wait until so many more writes are acknowledged."""
        before = len(self.acknowledged)
        return eventually(lambda: len(self.acknowledged) >= before + count)


@pytest.fixture(scope="module")
def replica_set() -> Iterator[ReplicaSet]:
    with tempfile.TemporaryDirectory() as directory:
        replica_set = ReplicaSet(Path(directory))
        try:
            replica_set.start()
            yield replica_set
        finally:
            replica_set.stop()


@pytest.fixture(scope="module")
def server(
    replica_set: ReplicaSet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    directory = tmp_path_factory.mktemp("server") / "data"
    server = ServerProcess.start(directory, "--mongodb-uri", replica_set.uri)
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _healed(replica_set: ReplicaSet) -> Iterator[None]:
    yield
    replica_set.heal()


def kill(primary: Member) -> None:
    primary.stop()


def hang(primary: Member) -> None:
    primary.signal(signal.SIGSTOP)


def step_down(primary: Member) -> None:
    with contextlib.suppress(PyMongoError):  # it may close the connection before it answers
        primary.command("replSetStepDown", 10, secondaryCatchUpPeriodSecs=5)


@pytest.mark.parametrize("lose", [kill, hang, step_down])
def test_nothing_acknowledged_is_lost_with_the_primary(
    server: ServerProcess, replica_set: ReplicaSet, lose: Callable[[Member], None]
) -> None:
    load = WatchedLoad(server.base)
    load.start(lose.__name__.replace("_", "-"))
    try:
        assert load.goes_on()
        lost = replica_set.primary()
        lose(lost)
        assert load.goes_on(), [answer.text for answer in load.refusals]
        if lose is kill:
            assert not lost.is_running()
        replica_set.heal()  # what was lost comes back, and gives up what only it had
        assert load.goes_on(50)
    finally:
        load.stop()
    assert not load.unanswered
    for refusal in load.refusals:
        assert_unavailable(refusal)
    assert_all_is_there(server, load)


def assert_unavailable(answer: httpx.Response) -> None:
    """503, when to try again, and why, in words of FHIR."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert answer.json()["issue"][0]["code"] == "transient"


def assert_all_is_there(server: ServerProcess, load: Load) -> None:
    assert len(load.updates) == 3
    with http.Client(base_url=server.base, timeout=30) as client:
        for id_, version in load.updates.items():
            _assert_whole_history(client, id_, version)
    assert_all_or_nothing(server, load)


@contextlib.contextmanager
def no_primary(replica_set: ReplicaSet) -> Iterator[None]:
    """Three members that are up, and none that may become primary."""
    primary, secondaries = replica_set.primary(), replica_set.secondaries()
    for secondary in secondaries:
        secondary.command("replSetFreeze", 60)
    with contextlib.suppress(PyMongoError):
        primary.command("replSetStepDown", 60, force=True)
    yield
    replica_set.heal()


def test_without_a_primary_it_is_not_ready_and_says_so_soon(
    server: ServerProcess, replica_set: ReplicaSet
) -> None:
    body = {"resourceType": "Basic", "id": "absent", "code": {"text": "1"}}
    with http.Client(base_url=server.base, timeout=30) as client:
        assert client.put("/Basic/absent", json=body).status_code == 201
        once = {"If-None-Exist": "identifier=urn:x|1"}
        requests: list[Callable[[], httpx.Response]] = [
            lambda: client.get("/Basic/absent"),
            lambda: client.get("/Basic?code=x"),
            lambda: client.put("/Basic/absent", json={**body, "code": {"text": "2"}}),
            lambda: client.post("/Basic", json=body, headers=once),
            lambda: client.post("", json=_bundle("absent")),
            lambda: client.post("", json={**_bundle("absent"), "type": "batch"}),
        ]
        with no_primary(replica_set):
            assert health(server, "readyz").status_code == 503
            # Each worker waits once, for as long as the driver does; it learns of it by itself.
            waited = [_seconds_of(requests) for _ in range(2 + len(server.workers()))]
            assert max(waited) < 8
            assert sum(seconds >= 2 for seconds in waited) <= len(server.workers()), waited
            assert health(server, "healthz").status_code == 200
            assert health(server, "readyz").status_code == 503
        assert eventually(lambda: health(server, "readyz").status_code == 200)
        assert client.get("/Basic/absent").json()["code"] == {"text": "1"}
        assert client.put("/Basic/absent", json={**body, "code": {"text": "3"}}).status_code == 200
        assert client.get("/Basic?identifier=urn:tx|absent").json()["total"] == 0


def _seconds_of(requests: Sequence[Callable[[], httpx.Response]]) -> float:
    """Send requests side by side, all of which are refused."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(requests)) as pool:
        for answer in pool.map(lambda send: send(), requests):
            assert_unavailable(answer)
    return time.monotonic() - started


def health(server: ServerProcess, page: str) -> httpx.Response:
    return http.get(f"http://127.0.0.1:{server.port}/{page}", timeout=2)


@contextlib.contextmanager
def lagging(secondaries: list[Member]) -> Iterator[None]:
    """Secondaries that are up, and apply nothing."""
    with contextlib.ExitStack() as unlocked:
        for secondary in secondaries:
            secondary.command("fsync", lock=True)
            unlocked.callback(secondary.command, "fsyncUnlock")
        yield


def version(id_: str, number: int) -> StoredResource:
    return StoredResource("Basic", id_, number, number * 1000, b"{}")


@contextlib.contextmanager
def opened(uri: str) -> Iterator[MongoStore]:
    store = MongoStore(uri, "opened")
    try:
        yield store
    finally:
        store.close()


def test_the_first_read_from_a_primary_waits_until_it_shows_all_it_has(
    replica_set: ReplicaSet,
) -> None:
    """A new primary knows for a moment only of older writes that a majority has them."""
    with opened(replica_set.uri) as settled, opened(replica_set.uri) as new:
        settled.prepare()
        settled.transact([Change(version("seen", 1))])
        assert settled.read("Basic", "seen") == version("seen", 1)
        newer = {"q": {"_id": "Basic/seen"}, "u": {"$set": {"v": 2, "u": 2000}}}
        primary, secondaries = replica_set.primary(), replica_set.secondaries()
        with ThreadPoolExecutor(1) as pool:
            with lagging(secondaries):
                primary.command(
                    "update", "resources", "opened", updates=[newer], writeConcern={"w": 1}
                )
                assert settled.read("Basic", "seen") == version("seen", 1)
                reading = pool.submit(new.read, "Basic", "seen")
                with pytest.raises(TimeoutError):
                    reading.result(0.7)
            assert reading.result(10) == version("seen", 2)


@pytest.mark.parametrize("locks", [(), ("lock",)], ids=["one write", "transaction"])
def test_a_write_that_no_majority_confirms_ends(
    replica_set: ReplicaSet, locks: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = f"unconfirmed-{len(locks)}"
    monkeypatch.setitem(mongo.PATIENCE, "wTimeoutMS", mongo.PATIENCE["wTimeoutMS"] // 100)
    with opened(replica_set.uri) as store:
        store.prepare()
        with lagging(replica_set.secondaries()), pytest.raises(StoreUnavailable):
            store.transact([Change(version(id_, 1))], locks=locks)


def test_reads_and_transactions_stay_with_the_primary_whatever_the_address_says(
    replica_set: ReplicaSet,
) -> None:
    with opened(f"{replica_set.uri}&readPreference=secondary&w=1&retryWrites=false") as store:
        store.prepare()
        with lagging(replica_set.secondaries()[:1]):
            store.transact([Change(version("preferred", 1))], locks=["preferred"])
            assert store.read("Basic", "preferred") == version("preferred", 1)


def test_a_database_that_the_server_did_not_start_outlives_it(
    replica_set: ReplicaSet, tmp_path: Path
) -> None:
    before = [member.process and member.process.pid for member in replica_set.members]
    server = ServerProcess.start(tmp_path / "data", "--mongodb-uri", replica_set.uri)
    try:
        family = psutil.Process(server.process.pid).children(recursive=True)
        assert family
        assert not [p for p in family if "mongod" in p.name() or "guard" in " ".join(p.cmdline())]
    finally:
        assert server.stop() == 0
    assert not (tmp_path / "data").exists()
    assert all(member.is_running() for member in replica_set.members)
    assert [m.command("serverStatus")["pid"] for m in replica_set.members] == before
    assert replica_set.uri not in server.log


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fhir_server.cli", *arguments],
        cwd=ROOT, env={**os.environ, "FHIR_SERVER_PORT": str(free_port())}, check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip


def test_doctor_describes_the_replica_set(replica_set: ReplicaSet) -> None:
    found = run("doctor", "--mongodb-uri", replica_set.uri)
    assert found.returncode == 0, found.stdout + found.stderr
    assert re.search(
        r"^ok +MongoDB +replica set, version \d+\.\d+\.\d+, transactions work$", found.stdout, re.M
    )
    assert "mongod " not in found.stdout


@pytest.fixture
def single_server(tmp_path: Path) -> Iterator[Member]:
    member = Member(tmp_path / "single")
    try:
        member.start()
        yield member
    finally:
        member.stop()


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_single_server_is_refused_in_a_sentence(single_server: Member, command: str) -> None:
    refused = run(command, "--mongodb-uri", f"mongodb://127.0.0.1:{single_server.port}/")
    assert refused.returncode == 1
    assert "single server, which has no transactions" in refused.stderr
    assert "--replSet" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "fhir" not in [
        each["name"] for each in single_server.command("listDatabases")["databases"]
    ]


def test_a_user_whom_the_database_refuses_is_told_so(replica_set: ReplicaSet) -> None:
    uri = replica_set.uri.replace("mongodb://", "mongodb://someone:secret@")
    refused = run("serve", "--mongodb-uri", uri)
    assert refused.returncode == 1
    assert "MongoDB refuses the user" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "secret" not in refused.stderr
