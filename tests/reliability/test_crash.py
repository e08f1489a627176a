"""`kill -9` in the middle of a load: what was acknowledged is there, no transaction is half there."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests import http
from tests.conftest import ROOT, ServerProcess, free_port
from tests.reliability.replica_set import eventually

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(180)]

PARTS = 5
# How often each client is answered before the kill, and again after it.
ANSWERS = 15
KEYS_OF_ONE_SEARCH = 40


@dataclass
class Load:
    """Clients that write without pause and remember what the server acknowledged."""

    base: str
    updates: dict[str, int] = field(default_factory=dict)
    transactions: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    _end: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, run: str) -> None:
        for n in range(3):
            work = [(self._update, f"{run}-u{n}"), (self._transact, f"{run}-t{n}")]
            self._threads += [
                threading.Thread(target=f, args=(name,), name=name) for f, name in work
            ]
        for thread in self._threads:
            thread.start()

    def go_on(self) -> None:
        """Return when each client has been answered some more times."""
        before = self.answers.copy()
        assert eventually(
            lambda: all(
                self.answers[thread.name] >= before[thread.name] + ANSWERS
                for thread in self._threads
            )
        )

    def stop(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _update(self, id_: str) -> None:
        version = 0
        with http.Client(base_url=self.base, timeout=15) as client:
            while not self._end.is_set():
                version += 1
                body = {"resourceType": "Basic", "id": id_, "code": {"text": str(version)}}
                if self._accepted(lambda body=body: client.put(f"/Basic/{id_}", json=body)):
                    self.updates[id_] = version

    def _transact(self, name: str) -> None:
        n = 0
        with http.Client(base_url=self.base, timeout=15) as client:
            while not self._end.is_set():
                n += 1
                key = f"{name}-{n}"
                self.tried.add(key)
                if self._accepted(lambda key=key: client.post("", json=_bundle(key))):
                    self.transactions.add(key)

    def _accepted(self, send: Callable[[], httpx.Response]) -> bool:
        with contextlib.suppress(httpx.TransportError):
            if send().status_code in (200, 201):
                self.answers[threading.current_thread().name] += 1
                return True
        time.sleep(0.05)
        return False


def _bundle(key: str) -> dict[str, Any]:
    resource = {
        "resourceType": "Basic",
        "code": {"text": "part"},
        "identifier": [{"system": "urn:tx", "value": key}],
    }
    entry = {"resource": resource, "request": {"method": "POST", "url": "Basic"}}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry] * PARTS}


def _mongods(data_dir: Path) -> list[psutil.Process]:
    """Give the mongod processes, and no guard, that serve a data directory."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        command = process.info["cmdline"] or []
        named = any(str(data_dir.resolve()) in part for part in command)
        if named and command[0].endswith("mongod"):
            found.append(process)
    return found


def kill_server(server: ServerProcess) -> None:
    server.kill()


def kill_mongod(server: ServerProcess) -> None:
    for mongod in _mongods(server.data_dir):
        mongod.kill()


def kill_all(server: ServerProcess) -> None:
    doomed = [*psutil.Process(server.process.pid).children(recursive=True)]
    doomed += _mongods(server.data_dir)
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    server.kill()


@pytest.fixture(scope="module")
def crashing_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that is running again after each kill."""
    server = ServerProcess.start(tmp_path_factory.mktemp("crashing") / "data")
    yield server
    server.stop()


@pytest.mark.parametrize("kill", [kill_server, kill_mongod, kill_all])
def test_nothing_acknowledged_is_lost(
    crashing_server: ServerProcess, kill: Callable[[ServerProcess], None]
) -> None:
    server = crashing_server
    load = Load(server.base)
    load.start(kill.__name__.replace("_", "-"))
    load.go_on()
    family = psutil.Process(server.process.pid).children(recursive=True)
    kill(server)
    if server.process.poll() is not None:
        # At the same port, so that the clients go on; workers listen there until they have ended.
        assert not psutil.wait_procs(family, timeout=30)[1]
        # The next start has to cope with whatever the kill left behind.
        restarted = ServerProcess.start(server.data_dir, port=server.port)
        server.process = restarted.process
    server.wait_until_ready()
    load.go_on()
    load.stop()
    assert len(load.updates) == 3
    assert len(load.transactions) >= 3 * 2 * ANSWERS
    with http.Client(base_url=server.base, timeout=30) as client:
        for id_, version in load.updates.items():
            _assert_whole_history(client, id_, version)
    assert_all_or_nothing(server, load)


def assert_all_or_nothing(server: ServerProcess, load: Load) -> None:
    """Each transaction is there in full, or not at all where it was not acknowledged."""
    with http.Client(base_url=server.base, timeout=30) as client:
        found = _counts(client, sorted(load.tried))
    for key in load.tried:
        assert found[key] == PARTS if key in load.transactions else found[key] in (0, PARTS), key


def _counts(client: httpx.Client, keys: list[str]) -> Counter[str]:
    """Count the resources that carry each key."""
    counts: Counter[str] = Counter()
    for start in range(0, len(keys), KEYS_OF_ONE_SEARCH):
        asked = keys[start : start + KEYS_OF_ONE_SEARCH]
        wanted = ",".join(f"urn:tx|{key}" for key in asked)
        page = client.get("/Basic", params={"identifier": wanted, "_count": 500}).json()
        entries = page.get("entry", ())
        assert page["total"] == len(entries)
        counts.update(entry["resource"]["identifier"][0]["value"] for entry in entries)
    return counts


def _assert_whole_history(client: httpx.Client, id_: str, acknowledged: int) -> None:
    texts, versions, url = [], [], f"/Basic/{id_}/_history?_count=500"
    while url:
        page = client.get(url).json()
        texts += [entry["resource"]["code"]["text"] for entry in page["entry"]]
        versions += [int(entry["resource"]["meta"]["versionId"]) for entry in page["entry"]]
        url = {link["relation"]: link["url"] for link in page["link"]}.get("next", "")
    assert versions == list(range(len(versions), 0, -1))
    # A write whose answer was lost may be there too, so the newest may be later, never earlier.
    assert int(texts[0]) >= acknowledged
    assert str(acknowledged) in texts
    assert [int(t) for t in texts] == sorted({int(t) for t in texts}, reverse=True)


def test_ctrl_c_leaves_no_process_behind(tmp_path: Path) -> None:
    server = ServerProcess.start(tmp_path / "data")
    family = psutil.Process(server.process.pid).children(recursive=True)
    family += _mongods(server.data_dir)
    assert len(family) >= 3
    assert server.stop() == 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive, [process.cmdline() for process in alive]


def test_ctrl_c_in_a_terminal_reaches_all_processes_and_still_ends_in_order(tmp_path: Path) -> None:
    """A terminal sends SIGINT to the whole process group, workers included."""
    server = ServerProcess.start(tmp_path / "data")
    with http.Client(base_url=server.base) as client:
        assert client.put(
            "/Basic/x", json={"resourceType": "Basic", "id": "x", "code": {"text": "x"}}
        )
    family = [*psutil.Process(server.process.pid).children(recursive=True)]
    family += _mongods(server.data_dir)
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.process.wait(30) == 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive, [process.cmdline() for process in alive]
    assert "Traceback" not in server.log, server.log


def test_a_second_server_on_the_same_data_is_refused(live_server: ServerProcess) -> None:
    with pytest.raises(AssertionError, match="the server ended"):
        ServerProcess.start(live_server.data_dir)
    assert str(live_server.process.pid) in live_server.log
    assert http.get(f"{live_server.base}/metadata").status_code == 200


def test_a_taken_port_is_refused_in_a_sentence(live_server: ServerProcess, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fhir_server.cli", "serve", "--port", str(live_server.port)]
    second = subprocess.run(
        [*command, "--data-dir", str(tmp_path / "two")],
        cwd=ROOT, check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert second.returncode == 1
    assert "Can't listen on" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_server_answers_on_when_nobody_reads_its_log_any_more(tmp_path: Path) -> None:
    """A terminal that is closed, or a log collector that died."""
    port = free_port()
    command = [sys.executable, "-m", "fhir_server.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--data-dir", str(tmp_path / "data")], cwd=ROOT, stderr=subprocess.PIPE
    )
    server = ServerProcess(tmp_path / "data", port, process)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if b"is ready" in line:
                break
        process.stderr.close()
        for _ in range(5):
            assert http.get(f"{server.base}/metadata", timeout=10).status_code == 200
    finally:
        assert server.stop() == 0
