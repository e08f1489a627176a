"""Reindexing with real processes: killed in the middle, and while others write."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psutil
import pytest
from pymongo import MongoClient

from fhir_server.storage import embedded
from tests import http
from tests.conftest import ROOT, ServerProcess
from tests.reliability.replica_set import eventually

pytestmark = pytest.mark.reliability

SHOE = "http://example.org/shoe-size"
MANY = 5000


def person(id_: str) -> dict[str, Any]:
    extension = [{"url": SHOE, "valueString": "forty-two"}]
    return {"resourceType": "Patient", "id": id_, "extension": extension}


def parameter(code: str) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "id": code,
        "url": f"http://example.org/SearchParameter/{code}",
        "name": "ShoeSize",
        "status": "active",
        "description": "Of the left shoe.",
        "code": code,
        "base": ["Patient"],
        "type": "string",
        "expression": f"Patient.extension('{SHOE}').value.ofType(string)",
    }


def store_many(client: httpx.Client, ids: list[str]) -> None:
    for start in range(0, len(ids), 500):
        entries = [
            {"resource": person(id_), "request": {"method": "PUT", "url": f"Patient/{id_}"}}
            for id_ in ids[start : start + 500]
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        response = client.post("", json=bundle, timeout=60)
        assert response.status_code == 200, response.text


def register(client: httpx.Client, code: str) -> None:
    response = client.put(f"/SearchParameter/{code}", json=parameter(code))
    assert response.status_code == 201, response.text


def total(client: httpx.Client, code: str) -> int | None:
    """Count by the parameter; None while it is unknown."""
    response = client.get(f"/Patient?{code}=forty-two&_summary=count")
    if response.status_code == 400:
        return None
    assert response.status_code == 200, response.text
    return int(response.json()["total"])


def reindex(server: ServerProcess, *options: str) -> subprocess.Popen[str]:
    command = [
        sys.executable, "-m", "fhir_server.cli", "reindex", *options,
        "--data-dir", str(server.data_dir),
    ]  # fmt: skip
    return subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def finished(process: subprocess.Popen[str]) -> str:
    output = process.communicate(timeout=90)[0]
    assert process.returncode == 0, output
    return output


@contextmanager
def states(server: ServerProcess) -> Iterator[Any]:
    uri = embedded.attach(server.data_dir)
    assert uri
    with MongoClient(uri) as client:
        yield client["fhir"]["search_state"]


def wait_until_under_way(server: ServerProcess, code: str) -> None:
    with states(server) as documents:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = documents.find_one({"_id": "reindex"})
            if found and found.get("after") and 0 < found["done"] < MANY:
                return
            time.sleep(0.01)
    raise AssertionError(f"the reindex for {code} did not get under way")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    running = ServerProcess.start(tmp_path_factory.mktemp("reindex") / "data")
    with http.Client(base_url=running.base) as client:
        store_many(client, [f"p{number}" for number in range(MANY)])
    yield running
    running.stop()


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with http.Client(base_url=server.base, timeout=30) as client:
        yield client


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_reindex_that_was_killed_goes_on_where_it_was(
    server: ServerProcess, client: httpx.Client, processes: str
) -> None:
    code = f"killed-{processes}"
    register(client, code)
    first = reindex(server, "--processes", processes)
    wait_until_under_way(server, code)
    helpers = psutil.Process(first.pid).children()
    first.kill()
    first.wait(10)
    assert total(client, code) is None
    # Those who work for it end with it.
    assert not psutil.wait_procs(helpers, timeout=10)[1]
    output = finished(reindex(server, "--processes", processes))
    assert f"SearchParameter/{code} answers searches now" in output
    again = int(output.split(" resources indexed")[0].rpartition("\n")[2].replace(",", ""))
    assert 0 < again < MANY
    time.sleep(1.1)  # the workers look once a second
    assert total(client, code) == MANY


def test_two_at_once_do_the_work_once(server: ServerProcess, client: httpx.Client) -> None:
    register(client, "twice")
    outputs = [finished(process) for process in [reindex(server), reindex(server)]]
    done = [
        int(o.split(" resources indexed")[0].rpartition("\n")[2].replace(",", "")) for o in outputs
    ]
    assert sum(done) == MANY
    time.sleep(1.1)
    assert total(client, "twice") == MANY


class Writers:
    """Clients that create and update resources until they are stopped."""

    def __init__(self, base: str, prefix: str) -> None:
        self._base = base
        self._prefix = prefix
        self._stop = threading.Event()
        self.acknowledged: set[str] = set()
        self.wrong: list[str] = []
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(3)]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _write(self, number: int) -> None:
        with http.Client(base_url=self._base, timeout=30) as client:
            for count in itertools.count():
                if self._stop.is_set():
                    return
                id_ = f"{self._prefix}-{number}-{count}"
                response = client.put(f"/Patient/{id_}", json=person(id_))
                if response.status_code != 201:
                    self.wrong.append(response.text)
                self.acknowledged.add(id_)
                # And a resource that the reindex may have before it at this very moment.
                old = person(f"p{(count * 37 + number) % MANY}") | {"active": bool(count % 2)}
                client.put(f"/Patient/{old['id']}", json=old)


def test_no_resource_is_missing_however_many_write_meanwhile(
    server: ServerProcess, client: httpx.Client
) -> None:
    before = MANY
    with Writers(server.base, "w") as writers:
        time.sleep(1)
        register(client, "hammered")
        process = reindex(server)
        answered = 0
        while process.poll() is None or answered < 20:
            known = before + len(writers.acknowledged)
            found = total(client, "hammered")
            if found is not None:
                # Never half-visible: once it answers, everything acknowledged before is found.
                assert found >= known
                answered += 1
            time.sleep(0.02)
        finished(process)
        time.sleep(1)
    assert writers.wrong == []
    assert len(writers.acknowledged) > 100
    assert total(client, "hammered") == before + len(writers.acknowledged)


def job_of(kicked_off: httpx.Response) -> str:
    """Give the job's address below the base, whichever server is asked for it."""
    assert kicked_off.status_code == 202, kicked_off.text
    return "/_async/" + kicked_off.headers["Content-Location"].rpartition("/")[2]


def job_answer(client: httpx.Client, where: str, seconds: float = 60) -> httpx.Response:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        response = client.get(where)
        if response.status_code != 202:
            return response
        time.sleep(0.1)
    raise AssertionError("the job did not end")


def again(server: ServerProcess) -> None:
    """Start a server anew on its data.

    At another port: workers of the one before may answer for a moment yet.
    """
    started = ServerProcess.start(server.data_dir)
    server.port, server.process = started.port, started.process


def test_a_server_that_stops_leaves_its_reindex_to_the_next(server: ServerProcess) -> None:
    with http.Client(base_url=server.base, timeout=30) as client:
        everybody = client.get("/Patient?_summary=count").json()["total"]
        register(client, "stopped")
        where = job_of(client.post("/$reindex"))
        wait_until_under_way(server, "stopped")
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 18
    again(server)
    with http.Client(base_url=server.base, timeout=30) as client:
        told = job_answer(client, where)
        status = told.json()["entry"][0]["response"]["status"] if told.status_code == 200 else "500"
        assert status in ("503", "500"), told.text
        done = job_answer(client, job_of(client.post("/$reindex")))
        assert done.json()["entry"][0]["response"]["status"] == "200", done.text
        assert eventually(lambda: total(client, "stopped") is not None)
        assert total(client, "stopped") == everybody >= MANY


def test_a_job_whose_server_was_killed_is_reported_as_lost(server: ServerProcess) -> None:
    with http.Client(base_url=server.base, timeout=30) as client:
        register(client, "lost")
        where = job_of(client.post("/$reindex"))
    server.kill()
    again(server)
    with http.Client(base_url=server.base, timeout=30) as client:
        answer = job_answer(client, where, 30)
        assert answer.status_code == 500
        assert "ask again" in answer.text
