"""HAPI FHIR's JPA server on PostgreSQL; `python -m benchmarks.peers.hapi` starts it.

What is configured how, and whom it favours: benchmarks/peers/README.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.servers import free_port

PROJECT = Path(__file__).with_name("hapi")
CACHE = Path.home() / ".cache" / "fhir-server-benchmarks"
HEAP = "3g"
CONNECTIONS = 20
START_SECONDS = 600
BUILD_SECONDS = 900
# Debian puts the server's programs here and not on the PATH.
PROGRAMS = "/usr/lib/postgresql/15/bin"
JAVA_OPTIONS = ("-Xms2g", f"-Xmx{HEAP}", "-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError")
# Commits are durable: `fsync`, `synchronous_commit` and `full_page_writes` keep their `on`.
POSTGRESQL_OPTIONS = (
    "shared_buffers=4GB",
    "effective_cache_size=8GB",
    "work_mem=16MB",
    "maintenance_work_mem=256MB",
    "wal_buffers=16MB",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "checkpoint_completion_target=0.9",
    "random_page_cost=1.1",
    "effective_io_concurrency=100",
    "max_connections=60",
    "jit=off",
)


class HapiError(RuntimeError):
    """HAPI or PostgreSQL can't be built or started here; says why."""


@dataclass(frozen=True, slots=True)
class Hapi:
    """A running HAPI with its database.

    Attributes:
        url: the FHIR base.
        port: of the FHIR server, on 127.0.0.1.
        seconds: from the start of the JVM until `/metadata` answered.
        java: process id of the JVM.
        postgresql: process id of PostgreSQL's postmaster, the parent of all its others.
        data: PostgreSQL's folder.
    """

    url: str
    port: int
    seconds: float
    java: int
    postgresql: int
    data: Path

    def processes(self) -> dict[str, list[int]]:
        """Give the ids of the processes there are now: of the `server` and the `database`."""
        database = psutil.Process(self.postgresql)
        children = [child.pid for child in database.children(recursive=True)]
        return {"server": [self.java], "database": [database.pid, *children]}

    def disk_bytes(self) -> int:
        """Give the size of the database's tables and indexes, without the write-ahead log."""
        files = (file for file in (self.data / "base").rglob("*") if file.is_file())
        return sum(file.stat().st_size for file in files)


@contextlib.contextmanager
def hapi_server(folder: Path) -> Iterator[Hapi]:
    """Run HAPI on a PostgreSQL of its own, and stop both at the end.

    Args:
        folder: an existing folder for logs and what PostgreSQL can't be given a folder of its own
            in; the data lie in a temporary folder that PostgreSQL's user owns.

    Raises:
        HapiError: a program is missing, the build fails, or the server does not answer in time.
    """
    classes = build()
    with (
        _postgresql(folder) as (database, data, port),
        _java(folder, classes, port) as (java, http),
    ):
        seconds = _await(java, f"http://127.0.0.1:{http}/fhir/metadata", folder / "hapi.log")
        yield Hapi(f"http://127.0.0.1:{http}/fhir", http, seconds, java.pid, database.pid, data)


def build() -> str:
    """Build the server once for each state of its sources, and give the class path.

    Raises:
        HapiError: Maven is missing or fails.
    """
    sources = sorted(file for file in PROJECT.rglob("*") if _is_source(file))
    state = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()[:16]
    home = CACHE / f"hapi-{state}"
    if not home.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            for file in sources:
                copy = Path(scratch) / file.relative_to(PROJECT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, copy)
            command = [_program("mvn"), "-B", "-q", "package"]
            done = subprocess.run(
                command,
                cwd=scratch,
                check=False,
                capture_output=True,
                text=True,
                timeout=BUILD_SECONDS,
            )
            if done.returncode:
                raise HapiError(f"Maven could not build HAPI: {done.stdout[-2000:]}")
            # Two builds side by side: the second finds the folder there and keeps the first's.
            with contextlib.suppress(OSError):
                (Path(scratch) / "target").rename(home)
    return f"{home / 'hapi-peer.jar'}:{home / 'libraries'}/*"


def _is_source(file: Path) -> bool:
    return file.is_file() and "target" not in file.relative_to(PROJECT).parts


@contextlib.contextmanager
def _postgresql(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, int]]:
    initdb, postgres = _program("initdb"), _program("postgres")
    as_user, user = _unprivileged()
    port = free_port()
    # Not inside `folder`: PostgreSQL's user must be able to enter every folder above its own.
    home = Path(tempfile.mkdtemp(prefix="hapi-postgresql-", dir="/tmp"))
    try:
        shutil.chown(home, user)
        data = home / "data"
        # The order of bytes serves LIKE 'prefix%' by plain indexes, which HAPI's search needs.
        create = [initdb, "-D", str(data), "-U", "hapi", "--auth=trust", "--encoding=UTF8"]
        create += ["--locale=C"]
        done = subprocess.run(
            [*as_user, *create], cwd=home, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise HapiError(f"initdb failed: {done.stderr[-2000:]}")
        start = [postgres, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(home)]
        start += [part for option in POSTGRESQL_OPTIONS for part in ("-c", option)]
        with (folder / "postgresql.log").open("wb") as log:
            process = subprocess.Popen(
                [*as_user, *start], cwd=home, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield process, data, port
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients to leave.
            _stop(process, signal.SIGINT)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _java(
    folder: Path, class_path: str, database_port: int
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    options = "reWriteBatchedInserts=true"
    environment = {
        **os.environ,
        "PEER_JDBC_URL": f"jdbc:postgresql://127.0.0.1:{database_port}/postgres?{options}",
        "PEER_DATABASE_USER": "hapi",
        "PEER_CONNECTIONS": str(CONNECTIONS),
    }
    command = [
        _program("setpriv"),
        "--pdeathsig=TERM",
        _program("java"),
        *JAVA_OPTIONS,
        "-cp",
        class_path,
        "peer.Main",
        str(port),
    ]
    with (folder / "hapi.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process, port
    finally:
        _stop(process, signal.SIGTERM)


def _unprivileged() -> tuple[list[str], str]:
    """Give the words that run a command as another user, and who that is.

    PostgreSQL refuses to run as root; its Debian package makes a user for it.
    """
    # Without a signal at its parent's death PostgreSQL would outlive a benchmark that is killed.
    command = [_program("setpriv"), "--pdeathsig=INT"]
    if os.geteuid():
        return command, pwd.getpwuid(os.geteuid()).pw_name
    user = next((u for u in ("postgres", "nobody") if _exists(u)), None)
    if user is None:
        raise HapiError("PostgreSQL does not run as root, and there is no user for it.")
    command += [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--clear-groups"]
    return command, user


def _exists(user: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(user))
    return False


def _program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path=PROGRAMS)
    if path is None:
        raise HapiError(f"{name} is not installed; benchmarks/peers/README.md says what is needed.")
    return path


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> float:
    begin = time.perf_counter()
    while time.perf_counter() < begin + START_SECONDS:
        if process.poll() is not None:
            raise HapiError(f"HAPI ended with status {process.returncode}; see {log}")
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=60):  # noqa: S310
            return time.perf_counter() - begin
        time.sleep(0.2)
    raise HapiError(f"HAPI did not answer within {START_SECONDS} s; see {log}")


def _stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Run until interrupted."""
    with tempfile.TemporaryDirectory(prefix="hapi-") as folder, hapi_server(Path(folder)) as hapi:
        print(hapi.url, f"(started in {hapi.seconds:.0f} s, {hapi.processes()})", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
