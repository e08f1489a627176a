"""The processes that are measured: our server, and the bare application, both under granian."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Running:
    """A server process and how long it took until it answered."""

    port: int
    seconds: float
    process: subprocess.Popen[bytes]

    def worker_memory(self) -> list[float]:
        """Give the resident memory of each worker in MB."""
        return [worker.memory_info().rss / 1e6 for worker in workers_of(self.process.pid)]


def workers_of(server: int) -> list[psutil.Process]:
    """Give the workers of `fhir-server serve`: what its fork server has started."""
    for child in psutil.Process(server).children():
        if "forkserver" in " ".join(child.cmdline()):
            return list(child.children())
    return []


@contextlib.contextmanager
def fhir_server(data_dir: Path, uri: str | None = None, **environment: str) -> Iterator[Running]:
    """Run `fhir-server serve`."""
    port = free_port()
    command = [sys.executable, "-m", "fhir_server.cli", "serve", "--port", str(port)]
    command += ["--mongodb-uri", uri] if uri else ["--data-dir", str(data_dir)]
    with _run(command, port, "/fhir/metadata", environment) as running:
        yield running


@contextlib.contextmanager
def bare_server(uri: str, database: str, workers: int) -> Iterator[Running]:
    """Run the bare application under granian."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "benchmarks.bare:application", "--factory",
        "--interface", "wsgi", "--port", str(port), "--workers", str(workers),
        "--blocking-threads", "4", "--no-ws", "--log-level", "error",
    ]  # fmt: skip
    environment = {"BENCH_MONGODB_URI": uri, "BENCH_DATABASE": database}
    with _run(command, port, "/nothing/CarePlan/1", environment) as running:
        yield running


@contextlib.contextmanager
def _run(
    command: list[str], port: int, path: str, environment: dict[str, str]
) -> Iterator[Running]:
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL
    )
    try:
        _await(process, f"http://127.0.0.1:{port}{path}")
        yield Running(port, time.perf_counter() - begin, process)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{url}: the server ended with status {process.returncode}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):  # noqa: S310
            return
        time.sleep(0.01)
    raise RuntimeError(f"{url} does not answer")


def free_port() -> int:
    """Give a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
