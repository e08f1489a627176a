"""Worker processes: they follow who started them, and are replaced when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests import http
from tests.conftest import ROOT, ServerProcess
from tests.reliability.replica_set import eventually

# granian takes a worker that ends younger for one that can't start, and ends itself.
SETTLED_SECONDS = 6.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    running = ServerProcess.start(tmp_path / "data", "--workers", "2")
    yield running
    running.stop()


def settle(server: ServerProcess) -> list[psutil.Process]:
    assert eventually(lambda: len(server.workers()) == 2)
    youngest = max(worker.create_time() for worker in server.workers())
    time.sleep(max(0.0, youngest + SETTLED_SECONDS - time.time()))
    return server.workers()


def answers(server: ServerProcess) -> bool:
    try:
        return http.get(f"{server.base}/metadata", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_nothing_lives_on_when_the_server_is_killed(server: ServerProcess) -> None:
    family = [server.fork_server(), *server.workers()]
    assert len(family) == 3
    server.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive, [process.cmdline() for process in alive]


def test_a_killed_worker_is_replaced_from_the_same_fork_server(server: ServerProcess) -> None:
    first, second = settle(server)
    fork_server = server.fork_server()
    first.kill()
    assert eventually(lambda: first not in server.workers() and len(server.workers()) == 2)
    assert server.fork_server() == fork_server
    assert second in server.workers()
    assert eventually(lambda: answers(server))


def test_workers_without_their_fork_server_are_replaced(server: ServerProcess) -> None:
    before = [server.fork_server(), *settle(server)]
    before[0].kill()
    _, alive = psutil.wait_procs(before[1:], timeout=10)
    assert not alive, "workers of a fork server that is gone would be more than were asked for"
    assert eventually(lambda: answers(server))
    assert server.stop() == 0


def test_a_service_manager_that_stops_every_process_ends_it_in_order(
    server: ServerProcess,
) -> None:
    """systemd sends SIGTERM to all processes of a service, the fork server among them."""
    family = [server.fork_server(), *server.workers()]
    family[0].terminate()
    assert answers(server)
    assert family[0].is_running()
    server.process.terminate()
    assert server.process.wait(15) == 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def test_a_server_that_is_stopped_while_it_starts_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fhir_server.cli", "serve", "--port", "0"]
    for seconds in (0.3, 0.8, 1.5):
        process = subprocess.Popen(
            [*command, "--data-dir", str(tmp_path / "data")],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        time.sleep(seconds)
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)
        _, alive = psutil.wait_procs(family, timeout=15)
        assert not alive, [each.cmdline() for each in alive]


SINGLE = """
import os
import fhir_server.preloaded
print(len(os.listdir("/proc/self/task")))
print([os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if int(fd) > 2
       and os.path.exists(f"/proc/self/fd/{fd}")])
"""


def test_what_workers_are_forked_from_has_one_thread_and_no_connection() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SINGLE], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["1", "[]"]


# Each writes to a file of its own: what two processes write to one pipe mixes within a line.
FORKED = """
import os, tempfile
import fhir_server.preloaded
from uuid_utils import uuid7
uuid7()
files = [tempfile.TemporaryFile("w+") for _ in range(2)]
for file in files:
    if os.fork() == 0:
        print(*(uuid7() for _ in range(1000)), file=file, flush=True)
        os._exit(0)
os.wait(), os.wait()
for file in files:
    file.seek(0)
    print(file.read())
"""


def test_forked_workers_choose_different_ids() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], cwd=ROOT, check=True, capture_output=True, text=True
    )
    ids = done.stdout.split()
    assert len(ids) == len(set(ids)) == 2000


OWN = """
import tracemalloc
import fhir_server.preloaded as preloaded
from fhir_server.app import create_app
from fhir_server.settings import Settings
tracemalloc.start()
app = create_app(Settings(log_level="error"), "mongodb://127.0.0.1:1", preloaded.ROUTES)
server = app.extensions["fhir"].server
for name in server.definitions.resource_types:
    server.search.published.supported_parameters(name)
print(app is preloaded.ROUTES, tracemalloc.get_traced_memory()[0] < 1_000_000)
"""


def test_a_worker_makes_little_of_its_application_itself() -> None:
    """The routes, and how resources of all types are searched by, are there before it is forked."""
    done = subprocess.run(
        [sys.executable, "-c", OWN], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["True True"]


BEFORE_THE_DATABASE = """
import sys
import fhir_server.cli
import fhir_server.serving
print(*sorted({"pymongo", "flask", "granian", "orjson"} & set(sys.modules)))
"""


def test_the_command_starts_the_database_before_it_imports_what_asks_it() -> None:
    """What workers are forked from loads meanwhile, and has a processor for itself."""
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_THE_DATABASE],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split() == []


HEAVY = """
import sys
import fhir_server.cli
import fhir_server.preloaded
print(*sorted({"rich", "pygal", "xlsxwriter", "typst", "graphql", "faker"} & set(sys.modules)))
print(*sorted(name for name in sys.modules if name.startswith((
    "fhir_server.reports", "fhir_server.measures", "fhir_server.synthetic"))))
"""


def test_the_server_starts_without_what_only_documents_and_reports_need() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEAVY], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["", ""]
