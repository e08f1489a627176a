"""`kill -9` under load: every answer that left has its one record in the audit trail."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from fhir_server.storage import embedded
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_audit import AuditStore
from fhir_server.sweden.audit_trail import APPEND_ONLY
from tests import http
from tests.conftest import ROOT, ServerProcess
from tests.reliability.test_crash import kill_all, kill_mongod, kill_server

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(300)]

REQUESTS = 1_000
CLIENTS = 4
PEOPLE = 8
WORKER_SECONDS = 6.0
ENVIRONMENT = {"FHIR_SERVER_AUDIT": "always"}


@dataclass
class Answered:
    """What the server answered, by the request ids that the clients gave."""

    statuses: dict[str, int] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)
    lost: int = 0

    @property
    def total(self) -> int:
        return len(self.statuses)


def kill_worker(server: ServerProcess) -> None:
    """End one worker process; granian starts another."""
    # The one that was killed before may not have been replaced yet.
    until(lambda: len(server.workers()) >= 2, 30)
    oldest = min(server.workers(), key=lambda each: each.create_time())
    # granian takes a worker that ends younger for one that can't start, and ends itself.
    time.sleep(max(0.0, oldest.create_time() + WORKER_SECONDS - time.time()))
    # It may have ended by itself meanwhile, of a database that was killed.
    with contextlib.suppress(psutil.NoSuchProcess):
        oldest.kill()


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that each test leaves running, but for the last."""
    with pytest.MonkeyPatch.context() as environment:
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        server = ServerProcess.start(tmp_path_factory.mktemp("audited") / "data", "--workers", "2")
        yield server
        server.stop()


def patient(number: int) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": f"p{number}", "active": True}


def ask(client: httpx.Client, chance: random.Random, answered: Answered) -> None:
    """Make one request of many kinds, and note what came of it."""
    id_ = f"t-{uuid.uuid4()}"
    n = chance.randrange(PEOPLE)
    body: Any = None
    about: set[str] = set()
    match chance.randrange(10):
        case 0 | 1 | 2:
            method, path, about = "GET", f"/Patient/p{n}", {f"Patient/p{n}"}
        case 3:
            method, path = "GET", "/Patient/nobody"
        case 4:
            method, path = "GET", f"/Observation?subject=Patient/p{n}&_count=1"
        case 5:
            method, path, about = "POST", "/Observation", {f"Patient/p{n}"}
            body = observation(n)
        case 6:
            method, path = "HEAD", f"/Patient/p{n}"
            about = {f"Patient/p{n}"}
        case 7:
            method, path = "GET", "/Patient?nonsense=1"
        case 8:
            method, path, about = "POST", "", {f"Patient/p{n}"}
            urls = [f"Patient/p{n}", "Patient/nobody"]
            entries = [{"request": {"method": "GET", "url": url}} for url in urls]
            body = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        case _:
            method, path = "PUT", f"/Patient/p{n}"
            body, about = patient(n), {f"Patient/p{n}"}
    try:
        answer = client.request(method, path, json=body, headers={"X-Request-Id": id_})
    except httpx.TransportError:
        answered.lost += 1
        time.sleep(0.05)
        return
    answered.statuses[id_] = answer.status_code
    if answer.status_code < 400:
        answered.seen[id_] = about


def observation(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "puls"},
        "subject": {"reference": f"Patient/p{number}"},
    }


def load(base: str, answered: Answered, end: threading.Event) -> list[threading.Thread]:
    def work(seed: int) -> None:
        chance = random.Random(seed)
        while not end.is_set():
            with (
                contextlib.suppress(httpx.TransportError),
                http.Client(base_url=base, timeout=20) as client,
            ):
                for _ in range(25):
                    if end.is_set():
                        return
                    ask(client, chance, answered)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    return threads


def test_every_answered_request_has_its_record_whatever_is_killed(audited: ServerProcess) -> None:
    """R115: 1,000 mixed requests, workers, server and database killed in between."""
    server = audited
    with http.Client(base_url=server.base) as client:
        entries = [
            {"resource": patient(n), "request": {"method": "PUT", "url": f"Patient/p{n}"}}
            for n in range(PEOPLE)
        ]
        made = client.post("", json={"resourceType": "Bundle", "type": "transaction",
                                     "entry": entries})  # fmt: skip
        assert made.status_code == 200, made.text
    answered, end = Answered(), threading.Event()
    threads = load(server.base, answered, end)
    for share, kill in enumerate(
        (kill_worker, kill_worker, kill_mongod, kill_worker, kill_server, kill_all), 1
    ):
        until(lambda share=share: answered.total >= share * REQUESTS // 7, 120)
        kill(server)
        if kill in (kill_server, kill_all):
            restart(server)
        server.wait_until_ready()
    until(lambda: answered.total >= REQUESTS, 120)
    end.set()
    for thread in threads:
        thread.join(60)
    # At once, before the last records are shipped: those too survive.
    kill_all(server)
    restart(server)
    assert answered.lost > 0, "nothing was under way when something was killed"
    assert answered.total >= REQUESTS

    def recorded() -> Counter[str]:
        return Counter(
            entity["name"]
            for event in events(server)
            for entity in event.get("entity", ())
            if entity.get("name", "").startswith("t-")
        )

    # The whole trail is read each time.
    until(lambda: answered.statuses.keys() <= recorded().keys(), 60, pause=0.5)
    counted = recorded()
    assert {id_: counted[id_] for id_ in answered.statuses if counted[id_] != 1} == {}
    assert_log_is_complete(server, answered)
    verified = verify(server)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def restart(server: ServerProcess) -> None:
    """Start it anew where it was, once the last of its workers is gone."""

    def free() -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", server.port))
                return True
        return False

    until(free, 20)
    started = ServerProcess.start(server.data_dir, *server.options, port=server.port)
    server.process = started.process


def assert_log_is_complete(server: ServerProcess, answered: Answered) -> None:
    """R116: the access log of each person has every access that was answered."""
    by_request = {
        entity["name"]: event["id"]
        for event in events(server)
        for entity in event.get("entity", ())
        if "name" in entity
    }
    for n in range(PEOPLE):
        listed = {each["id"] for each in pages(server, f"/Patient/p{n}/$access-log?count=200")}
        wanted = {
            by_request[id_] for id_, about in answered.seen.items() if f"Patient/p{n}" in about
        }
        assert wanted
        assert wanted <= listed


def events(server: ServerProcess) -> Iterator[dict[str, Any]]:
    """Give the whole trail as FHIR."""
    yield from pages(server, "/AuditEvent?_count=500")


def pages(server: ServerProcess, path: str) -> Iterator[dict[str, Any]]:
    with http.Client(base_url=server.base, timeout=60) as client:
        url = path
        while url:
            page = client.get(url).raise_for_status().json()
            yield from (entry["resource"] for entry in page.get("entry", ()))
            url = {link["relation"]: link["url"] for link in page["link"]}.get("next", "")


def until(reached: Any, seconds: float, pause: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(pause)


def verify(server: ServerProcess, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "fhir_server.cli", "audit", "verify",
        "--data-dir", str(server.data_dir), *options,
    ]  # fmt: skip
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, **ENVIRONMENT},
    )  # fmt: skip


def test_while_the_database_is_gone_nothing_is_answered_unrecorded(audited: ServerProcess) -> None:
    """R115: what fails is recorded too, and shipped when the database is back."""
    server = audited
    with http.Client(base_url=server.base, timeout=60) as client:
        assert client.put("/Patient/p1", json=patient(1)).status_code in (200, 201)
        kill_mongod(server)
        id_ = f"t-{uuid.uuid4()}"
        answer = client.get("/Patient/p1", headers={"X-Request-Id": id_})
        assert answer.status_code in (200, 503)
    server.wait_until_ready()
    until(lambda: any(named(event, id_) for event in events(server)), 30)


def named(event: dict[str, Any], id_: str) -> bool:
    return any(entity.get("name") == id_ for entity in event.get("entity", ()))


def test_a_spool_that_can_not_be_written_answers_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R115: no answer without its record."""
    monkeypatch.setenv("FHIR_SERVER_AUDIT", "always")
    blocked = tmp_path / "blocked"
    blocked.write_text("a file, and not a folder")
    monkeypatch.setenv("FHIR_SERVER_AUDIT_DIR", str(blocked))
    server = ServerProcess.start(tmp_path / "data")
    try:
        for _ in range(3):
            answer = http.get(f"{server.base}/metadata")
            assert answer.status_code == 503
            assert answer.headers["Retry-After"]
            assert json.loads(answer.text)["issue"][0]["code"] == "transient"
    finally:
        server.stop()


def test_a_stopped_server_leaves_no_record_behind(audited: ServerProcess) -> None:
    """A stop in order ships all: the next start finds nothing to adopt."""
    server = audited
    for _ in range(20):
        http.get(f"{server.base}/Patient/nobody")
    assert server.stop() == 0
    assert list((server.data_dir / "audit").iterdir()) == []
    running = embedded.start(server.data_dir, None)
    try:
        store = MongoStore(running.uri, "fhir", APPEND_ONLY)
        assert AuditStore(store.collections).count() >= 20
        store.close()
    finally:
        running.stop()
