"""What the tests share: a real mongod, the application on it, and a real server process."""

from __future__ import annotations

import gc
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient

from fhir_server.app import create_app
from fhir_server.interactions.context import Server
from fhir_server.settings import Settings
from fhir_server.storage import embedded
from fhir_server.storage.mongo import MongoStore
from tests import http
from tests.memory_folder import folder_in_memory

ROOT = Path(__file__).parent.parent


# The files that take longest, with the first to start at the top: one that starts last runs alone
# while the other processes have nothing left to do. What computes stands between what starts
# servers, so that those that run side by side seldom want the same. `--durations=0` tells more.
SLOWEST_FIRST = (
    "security/test_access_matrix.py",
    "reliability/test_reindex_resumes.py",
    "conformance/test_explain.py",
    "reliability/test_embedded_mongod.py",
    "api/test_hostile_strings.py",
    "reliability/test_replica_set.py",
    "conformance/test_r4_examples.py",
    "reliability/test_conformance_on_all_workers.py",
    "conformance/test_capabilities_hold.py",
    "reliability/test_crash.py",
    "api/test_hostile_documents.py",
    "reliability/test_audit_survives_kill.py",
    "domain/test_hostile_calls.py",
    "reliability/test_workers.py",
    "api/test_searches_among_a_units_own.py",
    "security/test_differential_leaks.py",
    "reliability/test_exchange_survives_kill.py",
    "api/test_mongo_joins.py",
    "api/test_hostile_sockets.py",
    "api/test_mongo_query.py",
    "domain/test_walk_through_of_exchange.py",
    "reliability/test_paging_under_writes.py",
    "conformance/test_cases.py",
    "conformance/test_constraint_mutations.py",
    "conformance/test_validator_at_random.py",
    "measures/test_equal_to_independent.py",
    "domain/test_documented_examples.py",
    "api/test_known_routes.py",
    "api/test_smart_flow.py",
    "api/test_smart.py",
    "unit/patches/test_difference.py",
    "reliability/test_wheel.py",
    "api/test_graphql.py",
    "domain/test_walk_through.py",
    "reliability/test_many_concepts.py",
    "api/test_load.py",
    "domain/test_exchange.py",
    "unit/test_doctor.py",
    "security/test_operations_leak_nothing.py",
    "reliability/test_concurrency.py",
    "unit/profiles/r4_rules/test_shortcuts.py",
    "domain/test_contacts_at_random.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Keep xdist from starting with the files that have the most tests, which are the quick ones."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[Any]:
    """Let Python look for cycles seldom, and never among the tests themselves.

    What 15,000 tests are made of stays until the end; to walk through it again and again took a
    sixth of all computing. What is left of an application that a module is done with is found
    after some time yet.
    """
    gc.disable()
    collected = yield
    gc.freeze()
    gc.set_threshold(50_000, 50, 2)
    gc.enable()
    return collected


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slowest files; the others keep their order."""
    ranks = {ROOT / "tests" / name: rank for rank, name in enumerate(SLOWEST_FIRST)}
    assert all(path.is_file() for path in ranks), "a file in SLOWEST_FIRST has another name now"
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    for name in [name for name in os.environ if name.startswith("FHIR_SERVER_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real one-member replica set for this test process."""
    with folder_in_memory(otherwise=tmp_path_factory.mktemp("mongo")) as folder:
        mongod = embedded.start(folder, cache_gb=0.25)
        yield mongod.uri
        mongod.stop()


@pytest.fixture(scope="module")
def database(mongo_uri: str) -> str:
    """The name of an empty database."""
    return f"test_{secrets.token_hex(6)}"


@pytest.fixture(scope="module")
def settings(database: str) -> Settings:
    return Settings(mongodb_database=database, base_url="http://localhost/fhir", log_level="error")


@pytest.fixture(scope="module")
def store(mongo_uri: str, database: str) -> Iterator[MongoStore]:
    store = MongoStore(mongo_uri, database)
    store.prepare()
    yield store
    store.close()


@pytest.fixture(scope="module")
def app(settings: Settings, mongo_uri: str, store: MongoStore) -> Iterator[Flask]:
    app = create_app(settings, mongo_uri)
    yield app
    # Its threads would watch the database until the last test of this process.
    app.extensions["fhir"].store.close()


@pytest.fixture(scope="module")
def app_server(app: Flask) -> Server:
    """The parts of the application under test."""
    server: Server = app.extensions["fhir"].server
    return server


@dataclass
class Fhir:
    """A client that speaks FHIR JSON to the application in this process."""

    client: FlaskClient
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Any:
        return self._request("GET", path, None, headers)

    def post(self, path: str, body: Any, **headers: str) -> Any:
        return self._request("POST", path, body, headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self._request("PUT", path, body, headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self._request("DELETE", path, None, headers)

    def create(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Create a resource that must be accepted, and give it as stored."""
        response = self.post(resource["resourceType"], resource)
        assert response.status_code == 201, response.text
        stored: dict[str, Any] = response.json
        return stored

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        data = body if isinstance(body, bytes | str | None) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            named.setdefault("Content-Type", "application/fhir+json")
        return self.client.open(f"/fhir/{path}", method=method, data=data, headers=named)


@pytest.fixture
def fhir(app: Flask) -> Fhir:
    # With cookies, the client would throw away the Cookie that a test sends.
    return Fhir(app.test_client(use_cookies=False))


def free_port() -> int:
    """Give a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ServerProcess:
    """A running `fhir-server serve`, reached over real HTTP."""

    data_dir: Path
    port: int
    process: subprocess.Popen[bytes]
    options: tuple[str, ...] = ()

    @classmethod
    def start(cls, data_dir: Path, *options: str, port: int | None = None) -> ServerProcess:
        """Start a server and wait until it is ready."""
        port = port or free_port()
        command = [
            sys.executable, "-m", "fhir_server.cli", "serve",
            "--port", str(port), "--data-dir", str(data_dir), *options,
        ]  # fmt: skip
        log = (data_dir.parent / f"{data_dir.name}.log").open("ab")
        environment = {**os.environ, "FHIR_SERVER_LOG_LEVEL": "warning"}
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        server = cls(data_dir, port, process, options)
        try:
            server.wait_until_ready()
        except BaseException:
            process.kill()
            raise
        return server

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    @property
    def log(self) -> str:
        return (self.data_dir.parent / f"{self.data_dir.name}.log").read_text()

    def wait_until_ready(self, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended:\n{self.log}"
            try:
                if http.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"the server did not get ready:\n{self.log}")

    def fork_server(self) -> psutil.Process:
        """Give the process that workers are forked from."""
        (found,) = (
            child
            for child in psutil.Process(self.process.pid).children()
            if "forkserver" in " ".join(child.cmdline())
        )
        return found

    def workers(self) -> list[psutil.Process]:
        """Give the processes that answer requests."""
        return list(self.fork_server().children())

    def stop(self) -> int:
        """Stop it as Ctrl-C does, and give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def kill(self) -> None:
        """End the server's process, and only that, at once."""
        self.process.kill()
        self.process.wait(10)


@pytest.fixture(scope="session")
def live_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A real server process with two workers, shared by the tests of one test process."""
    server = ServerProcess.start(tmp_path_factory.mktemp("live") / "data")
    yield server
    server.stop()
