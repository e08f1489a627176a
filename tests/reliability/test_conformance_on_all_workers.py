"""Profiles and packages with real processes: several servers, several workers, ends in between."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from fhir_server.storage import embedded
from tests import http
from tests.api.test_stored_conformance import element, patient, profile
from tests.conftest import ROOT, ServerProcess

pytestmark = pytest.mark.reliability

ROUNDS = 6
MANY = 400
# Pause between the requests of one who keeps workers at work.
BETWEEN = 0.01


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ServerProcess]]:
    """Two servers, two workers each, on one database."""
    folder = tmp_path_factory.mktemp("all-workers")
    first = ServerProcess.start(folder / "first", "--workers", "2")
    uri = embedded.attach(first.data_dir)
    assert uri is not None
    second = ServerProcess.start(folder / "second", "--workers", "2", "--mongodb-uri", uri)
    yield [first, second]
    second.stop()
    first.stop()


def claims(server: ServerProcess, name: str) -> int:
    """Store a Patient that lacks what the profile asks, by a connection of its own.

    Written with what Python has: hundreds of clients of httpx would compute more than the server.
    """
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        headers = {"Content-Type": "application/fhir+json"}
        connection.request("POST", "/fhir/Patient", json.dumps(patient(name)), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def everywhere(servers: Sequence[ServerProcess], name: str, times: int = 40) -> Counter[int]:
    """Give how often which status is answered, when many ask at once."""
    with ThreadPoolExecutor(8) as pool:
        asked = itertools.islice(itertools.cycle(servers), times)
        return Counter(pool.map(lambda server: claims(server, name), asked))


@contextmanager
def busy(servers: Sequence[ServerProcess]) -> Iterator[None]:
    """Keep every worker at work, so that each has looked at what is in effect just before."""
    over = threading.Event()

    def ask(server: ServerProcess) -> None:
        # Each time by another connection, so that no worker is left out.
        while not over.wait(BETWEEN):
            claims(server, "nothing")

    threads = [threading.Thread(target=ask, args=(server,)) for server in servers for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_a_profile_holds_on_every_worker_once_it_is_acknowledged(
    servers: list[ServerProcess],
) -> None:
    required = profile("everywhere", element("Patient.birthDate", min=1), id="everywhere")
    with busy(servers):
        for server in itertools.islice(itertools.cycle(servers), ROUNDS):
            url = f"{server.base}/StructureDefinition/everywhere"
            assert http.put(url, json=required, timeout=30).status_code in (200, 201)
            assert everywhere(servers, "everywhere") == {422: 40}

            assert http.delete(url, timeout=30).status_code == 204
            assert everywhere(servers, "everywhere") == {201: 40}


def command(server: ServerProcess, *arguments: str) -> list[str]:
    return [
        sys.executable, "-m", "fhir_server.cli", "package", *arguments,
        "--data-dir", str(server.data_dir),
    ]  # fmt: skip


def run(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(server, *arguments), cwd=ROOT, text=True, capture_output=True, check=False
    )


def test_a_package_whose_load_is_killed_is_not_in_effect_until_it_is_added_again(
    servers: list[ServerProcess], tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(MANY):
        name = f"many-{number:03d}"
        each = profile(name, element("Patient.birthDate", min=1), id=name)
        (folder / f"StructureDefinition-{name}.json").write_text(json.dumps(each))
    first = servers[0]

    adding = subprocess.Popen(
        command(first, "add", str(folder)),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stored = f"{first.base}/StructureDefinition/many-000"
    deadline = time.monotonic() + 60
    while http.get(stored).status_code != 200 and time.monotonic() < deadline:
        assert adding.poll() is None
        time.sleep(0.002)
    adding.kill()
    adding.wait(10)

    listed = run(first, "list").stdout
    if "loading: not in effect" in listed:  # else it was faster than the kill
        assert everywhere(servers, "many-000") == {201: 40}

    again = run(first, "add", str(folder))
    assert again.returncode == 0, again.stderr
    assert everywhere(servers, f"many-{MANY - 1:03d}") == {422: 40}
    assert "loading" not in run(first, "list").stdout

    removed = run(first, "remove", "many")
    assert removed.returncode == 0, removed.stderr
    assert everywhere(servers, "many-000") == {201: 40}
    assert http.get(stored).status_code == 410


def test_a_package_is_added_and_listed_without_a_server(tmp_path: Path) -> None:
    folder = tmp_path / "alone"
    folder.mkdir()
    each = profile("alone", element("Patient.birthDate", min=1), id="alone")
    (folder / "StructureDefinition-alone.json").write_text(json.dumps(each))
    bad = profile("bad", element("Patient.shoeSize", min=1), id="bad")
    server = ServerProcess.start(tmp_path / "data", "--workers", "2")
    server.stop()

    assert run(server, "add", str(folder)).returncode == 0
    (folder / "StructureDefinition-bad.json").write_text(json.dumps(bad))
    refused = run(server, "add", str(folder))
    listed = run(server, "list")

    assert refused.returncode == 1
    assert "StructureDefinition-bad.json" in refused.stderr
    assert "shoeSize" in refused.stderr
    assert listed.stdout.startswith("alone#0.0.0  1 resources")
    started = ServerProcess.start(server.data_dir)
    assert everywhere([started], "alone", 10) == {422: 10}
    started.stop()
