"""A real replica set of three mongods on this machine, for tests that take its members away."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from fhir_server.storage.embedded import find_mongod
from fhir_server.storage.embedded_binary import runnable
from tests.conftest import free_port

ELECTION = {
    "electionTimeoutMillis": 1000,
    "heartbeatIntervalMillis": 200,
    "heartbeatTimeoutSecs": 1,
    # Or a secondary may follow one that a test holds up, and for half a minute no majority confirms.
    "chainingAllowed": False,
}
# Shorter than the server's own, so that the tests are quick.
PATIENCE = "serverSelectionTimeoutMS=3000&heartbeatFrequencyMS=500&connectTimeoutMS=1000"


def eventually(holds: Callable[[], Any], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


@dataclass
class Member:
    """A mongod on loopback, with a directory of its own."""

    directory: Path
    options: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.directory.mkdir(exist_ok=True)
        command = [
            str(runnable(find_mongod(None), self.directory)), "--port", str(self.port),
            "--bind_ip", "127.0.0.1", "--nounixsocket", "--dbpath", str(self.directory),
            "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64", "--quiet",
            "--wiredTigerEngineConfigString", "log=(file_max=16MB)",
            "--setParameter", "diagnosticDataCollectionEnabled=false", *self.options,
        ]  # fmt: skip
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self.command("ping")

    def command(self, name: str, value: Any = 1, database: str = "admin", **more: Any) -> Any:
        """Ask this member itself, whatever its role."""
        uri = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        with MongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=10_000) as client:
            return client[database].command(name, value, **more)

    def stop(self) -> None:
        """End it as `kill -9` does, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class ReplicaSet:
    """Three members; whoever makes one stops it."""

    def __init__(self, directory: Path) -> None:
        options = ("--replSet", "rs")
        self.members = [Member(directory / f"member-{n}", options) for n in range(3)]
        hosts = [f"127.0.0.1:{member.port}" for member in self.members]
        self.uri = f"mongodb://{','.join(hosts)}/?replicaSet=rs&{PATIENCE}"
        self._configuration = {
            "_id": "rs",
            "members": [{"_id": n, "host": host} for n, host in enumerate(hosts)],
            "settings": ELECTION,
        }

    def start(self) -> None:
        for member in self.members:
            member.start()
        self.members[0].command("replSetInitiate", self._configuration)
        self.heal()

    def stop(self) -> None:
        for member in self.members:
            member.stop()

    def primary(self) -> Member:
        found: list[Member] = []

        def is_found() -> bool:
            found.extend(m for m in self.members if m.is_running() and self._state(m) == 1)
            return bool(found)

        assert eventually(is_found)
        return found[0]

    def secondaries(self) -> list[Member]:
        primary = self.primary()
        return [member for member in self.members if member is not primary]

    def heal(self) -> None:
        """Bring all members back, as one primary and two secondaries."""
        for member in self.members:
            if member.is_running():
                member.signal(signal.SIGCONT)
            else:
                member.start()
        for member in self.members:
            with contextlib.suppress(PyMongoError):  # a primary has nothing to thaw
                member.command("replSetFreeze", 0)
        assert eventually(lambda: sorted(map(self._state, self.members)) == [1, 2, 2])

    @staticmethod
    def _state(member: Member) -> int:
        with contextlib.suppress(PyMongoError):
            return int(member.command("replSetGetStatus")["myState"])
        return 0
