"""A private MongoDB, started and stopped with the server.

A real `mongod` runs as a one-member replica set on the files in the data directory and listens
on nothing but a Unix socket that only this user can reach. Three processes take part: the server
(or a command such as `load`) owns the data directory by a lock, a small guard
(`embedded_guard.py`) keeps mongod running and ends it when the server is gone, and mongod does
the work. Why it is built so: docs/adr/0002-embedded-mongodb.md.
"""

import contextlib
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, unquote_plus

from fhir_server.storage.embedded_binary import find_mongod, runnable
from fhir_server.storage.embedded_directory import DataDirectory, Record, is_private
from fhir_server.storage.embedded_error import WAYS_OUT, EmbeddedMongodError, explain_end
from fhir_server.storage.embedded_keeper import Keeper, Order
from fhir_server.storage.embedded_leftovers import stop_leftovers

if TYPE_CHECKING:
    from pymongo import MongoClient

__all__ = ["EmbeddedMongod", "EmbeddedMongodError", "attach", "find_mongod", "start"]

_REPLICA_SET: Final = "fhir"
_POLL_SECONDS: Final = 0.005
# Long, since after a crash in the midst of a load mongod applies up to a minute of writes anew.
_START_SECONDS: Final = 300.0
_ATTACH_SECONDS: Final = 5.0
_NOT_YET_INITIALIZED: Final = 94
_ALREADY_INITIALIZED: Final = 23


@dataclass(frozen=True)
class EmbeddedMongod:
    """A running embedded MongoDB.

    Attributes:
        uri: Connection string; give it to worker processes.
        data_dir: The directory it serves, as a real path.
        pid: Process id of mongod when it was started; after a crash it has another.
        owned: Whether this process started it and is to stop it.
    """

    uri: str
    data_dir: Path
    pid: int
    owned: bool
    _keeper: Keeper | None = field(default=None, repr=False, compare=False)

    def stop(self, timeout: float = 20) -> None:
        """Stop mongod and wait for its end; does nothing where another process owns it.

        Args:
            timeout: Seconds to wait before it is killed, which its journal survives.
        """
        if self.owned and self._keeper is not None:
            self._keeper.stop(timeout)

    def is_alive(self) -> bool:
        """Whether mongod takes connections; false for a moment while it starts again."""
        return _is_listening(_socket_of(self.uri))


# WiredTiger reads its last journal file whole when it opens: with 16 MB instead of 100 MB a start
# is 0.2 s faster. Of its cache 5 % may be dirty before it begins to write pages, and 20 % before
# writers have to; a bundle dirties more than that of a small cache, so that each page of an index
# was written for every few of its entries instead of once for each checkpoint. Half as much may be
# changes that are not written yet, if nothing else is said.
_ENGINE = (
    "log=(file_max=16MB),eviction_dirty_target=40,eviction_dirty_trigger=60,"
    "eviction_updates_target=40,eviction_updates_trigger=60"
)


def start(data_dir: Path, mongod: Path | None = None, *, cache_gb: float = 0.5) -> EmbeddedMongod:
    """Start a MongoDB on a data directory and become its owner.

    Whatever a killed server left behind there is stopped first. mongod is started again when it
    ends unexpectedly, and ends when this process does, however that happens.

    Args:
        data_dir: Created if missing, for this user alone.
        mongod: The program to run; see `find_mongod`.
        cache_gb: Size of MongoDB's cache. A transaction may write about a quarter of it.

    Returns:
        The running MongoDB: a primary that takes writes.

    Raises:
        EmbeddedMongodError: It cannot run; the text says why and what to do.
    """
    if sys.platform == "win32":
        raise EmbeddedMongodError(f"MongoDB cannot be embedded on Windows. {WAYS_OUT}")
    program = find_mongod(mongod)
    directory = DataDirectory.at(data_dir)
    directory.prepare()
    try:
        return _start(directory, program, cache_gb)
    except OSError as error:
        raise EmbeddedMongodError(
            f"The embedded MongoDB cannot start on {directory.root}: {error}."
        ) from error


def attach(data_dir: Path) -> str | None:
    """Find the MongoDB that another process of this user serves from a data directory.

    Args:
        data_dir: The directory; it need not exist.

    Returns:
        Its connection string, or None when nobody serves that directory.
    """
    if sys.platform == "win32":
        return None
    directory = DataDirectory.at(data_dir)
    deadline = time.monotonic() + _ATTACH_SECONDS
    while directory.is_claimed():
        record = directory.record()
        if record is not None and _serves(record):
            return _uri(record.socket)
        if time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    return None


def _start(directory: DataDirectory, program: Path, cache_gb: float) -> EmbeddedMongod:
    claim = directory.claim()
    keeper = Keeper(directory, claim)
    try:
        stop_leftovers(directory)
        listener = directory.private_socket()
        directory.rotate_log()
        command = _command(runnable(program, directory.root), directory, listener, cache_gb)
        keeper.start(Order(listener, tuple(command)))
        _await_primary(keeper, directory, str(listener))
        pid = keeper.settle()
    except BaseException:
        keeper.stop(timeout=20)
        raise
    return EmbeddedMongod(_uri(str(listener)), directory.root, pid, owned=True, _keeper=keeper)


def _command(program: Path, directory: DataDirectory, listener: Path, cache_gb: float) -> list[str]:
    return [
        str(program),
        *("--dbpath", str(directory.dbpath), "--bind_ip", str(listener)),
        # Without this it would also listen on, and first remove, /tmp/mongodb-27017.sock,
        # which may be another MongoDB's.
        *("--nounixsocket", "--filePermissions", "0600"),
        # Not opened. With the default port, mongod looks its own host up in the DNS first, which
        # on a machine without network takes 15 seconds.
        *("--port", "27018"),
        *("--replSet", _REPLICA_SET, "--oplogSize", "1024"),
        *("--wiredTigerCacheSizeGB", str(cache_gb)),
        *("--wiredTigerEngineConfigString", _ENGINE),
        "--noscripting",
        # A line on a slow query would quote the query, and so personal data.
        *("--quiet", "--slowms", "86400000"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        # Stopped before it is a primary, mongod would wait 15 s for drivers to go elsewhere.
        *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
    ]


def _await_primary(keeper: Keeper, directory: DataDirectory, listener: str) -> None:
    """Wait until mongod takes writes, making it a replica set where it is none yet."""
    deadline = time.monotonic() + _START_SECONDS
    while not _is_listening(listener):
        _check_progress(keeper, directory, deadline)
        time.sleep(_POLL_SECONDS)
    with _client(listener) as client:
        while not _is_primary(client, listener):
            _check_progress(keeper, directory, deadline)
            time.sleep(_POLL_SECONDS)


def _check_progress(keeper: Keeper, directory: DataDirectory, deadline: float) -> None:
    code = keeper.first_end
    if code is not None:
        raise EmbeddedMongodError(explain_end(directory.log, code, directory.dbpath))
    if time.monotonic() > deadline:
        raise EmbeddedMongodError(
            f"mongod took no writes within {_START_SECONDS:.0f} s on {directory.dbpath}; "
            f"its log is {directory.log}. Starting again goes on where it stopped."
        )


def _is_primary(client: "MongoClient[dict[str, Any]]", listener: str) -> bool:
    """Whether mongod takes writes; where it belongs to no replica set yet, see to that."""
    from pymongo.errors import AutoReconnect

    try:
        hello = client.admin.command("hello")
        if "setName" not in hello:
            _form_replica_set(client, listener)
    except AutoReconnect:
        # It ended, or closed its connections because its state changed: the guard tells which.
        return False
    return bool(hello.get("isWritablePrimary"))


def _form_replica_set(client: "MongoClient[dict[str, Any]]", listener: str) -> None:
    """Make a new mongod a replica set, and tell a moved one where it listens now."""
    from pymongo.errors import OperationFailure

    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALIZED:
            raise
        _initiate(client, listener)
        return
    if config["members"][0]["host"] != listener:
        config["members"][0]["host"] = listener
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)


def _initiate(client: "MongoClient[dict[str, Any]]", listener: str) -> None:
    from pymongo.errors import OperationFailure

    member = {"_id": 0, "host": listener}
    try:
        client.admin.command("replSetInitiate", {"_id": _REPLICA_SET, "members": [member]})
    except OperationFailure as error:
        if error.code != _ALREADY_INITIALIZED:
            raise


def _serves(record: Record) -> bool:
    """Whether a MongoDB at the recorded socket has the recorded files open and takes writes."""
    from pymongo.errors import PyMongoError

    if not is_private(Path(record.socket).parent) or not _is_listening(record.socket):
        return False
    try:
        with _client(record.socket) as client:
            options = client.admin.command("getCmdLineOpts")["parsed"]
            hello = client.admin.command("hello")
    except PyMongoError:
        return False
    return bool(hello.get("isWritablePrimary")) and options["storage"]["dbPath"] == record.dbpath


def _client(listener: str) -> "MongoClient[dict[str, Any]]":
    from pymongo import MongoClient

    return MongoClient(
        f"mongodb://{quote_plus(listener)}/?directConnection=true",
        serverSelectionTimeoutMS=5000,
    )


def _uri(listener: str) -> str:
    # By the replica set's name, not as a direct connection: while mongod starts again, a driver
    # then waits for a primary.
    return f"mongodb://{quote_plus(listener)}/?replicaSet={_REPLICA_SET}"


def _socket_of(uri: str) -> str:
    return unquote_plus(uri.removeprefix("mongodb://").partition("/")[0])


def _is_listening(listener: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        with contextlib.suppress(OSError):
            probe.connect(listener)
            return True
    return False
