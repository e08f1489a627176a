"""The data directory of the embedded MongoDB: its files, its one owner, its socket."""

import hashlib
import json
import os
import re
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fhir_server.storage.embedded_error import EmbeddedMongodError

if sys.platform != "win32":
    import fcntl

# A socket's path has room for 107 bytes on Linux and 103 on macOS.
_SOCKET_PATH_BYTES: Final = 100
# mongod takes these as they are, in --bind_ip and as a replica set member's host; pymongo makes
# host names lower case.
_SOCKET_PATH: Final = re.compile(r"[a-z0-9/._-]+")
_LOCK_SECONDS: Final = 0.3


@dataclass(frozen=True)
class Record:
    """What the guard wrote down of the mongod it started (`mongod.json`)."""

    pid: int
    dbpath: str
    socket: str


@dataclass(frozen=True)
class DataDirectory:
    """A data directory, by its real path."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "DataDirectory":
        """The directory at a path, which need not exist."""
        return cls(Path(os.path.realpath(path.expanduser())))

    @property
    def dbpath(self) -> Path:
        """Where mongod keeps its files."""
        return self.root / "mongodb"

    @property
    def log(self) -> Path:
        """What the present mongod writes."""
        return self.root / "mongod.log"

    @property
    def lock(self) -> Path:
        """Locked by the server that owns this directory, with its process id inside."""
        return self.root / "server.lock"

    @property
    def guard_lock(self) -> Path:
        """Locked by the guard of this directory's mongod, with its process id inside."""
        return self.root / "guard.lock"

    def prepare(self) -> None:
        """Create what is missing, for this user alone.

        Raises:
            EmbeddedMongodError: The directory cannot be used; the text says why.
        """
        try:
            self._make_root()
            self.dbpath.mkdir(mode=0o700, exist_ok=True)
            self.dbpath.chmod(0o700)
        except OSError as error:
            raise EmbeddedMongodError(
                f"The data directory {self.root} cannot be used: {error.strerror}. "
                "Make it writable for this user, or choose another with --data-dir."
            ) from error

    def _make_root(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.root.stat()
        if found.st_uid != os.geteuid():
            raise EmbeddedMongodError(
                f"The data directory {self.root} belongs to user id {found.st_uid}, and the "
                f"server runs as {os.geteuid()}: run it as its owner, or choose another "
                "directory with --data-dir."
            )
        if self.dbpath.exists() or not any(self.root.iterdir()):
            self.root.chmod(0o700)
        elif found.st_mode & 0o022:
            # A directory in use for something else keeps its mode, if the mode is safe.
            raise EmbeddedMongodError(
                f"Other users may write to {self.root}, which also holds files of others: "
                f"chmod 700 it, or choose another directory with --data-dir."
            )

    def rotate_log(self) -> None:
        """Begin a new log; the one before is kept, older ones are not."""
        if self.log.exists():
            self.log.replace(self.log.with_name("mongod.log.1"))

    def record(self) -> Record | None:
        """What is written of the mongod last started here; None where it tells of another place.

        A copied or moved directory carries the record of the directory it was.
        """
        try:
            content = json.loads((self.root / "mongod.json").read_bytes())
            record = Record(int(content["pid"]), str(content["dbpath"]), str(content["socket"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return record if record.dbpath == str(self.dbpath) else None

    def claim(self) -> int:
        """Become the one owner of this directory.

        Returns:
            The descriptor that holds the claim; closed, or gone with this process, it ends.

        Raises:
            EmbeddedMongodError: Another server owns it; the text names its process id.
        """
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if not _lock_within(descriptor, _LOCK_SECONDS):
            os.close(descriptor)
            raise EmbeddedMongodError(
                f"The data directory {self.root} is in use by the server with process id "
                f"{_pid_in(self.lock) or '(unknown)'}: stop that one, or choose another "
                "directory with --data-dir."
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor

    def is_claimed(self) -> bool:
        """Whether a living server owns this directory."""
        return is_locked(self.lock)

    def guard_pid(self) -> int | None:
        """The process id of the guard that runs in this directory, if one does."""
        return _pid_in(self.guard_lock) if is_locked(self.guard_lock) else None

    def private_socket(self) -> Path:
        """Where this directory's mongod listens: a short, stable path only this user can enter.

        Data directories may be long, or have names that no socket or host can carry.

        Raises:
            EmbeddedMongodError: No temporary directory is safe; the text says why for each.
        """
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]
        refused = []
        for parent in _temporary_directories():
            folder = parent / f"fhir-server-{os.geteuid()}-{digest}"
            reason = _unfit(folder / "mongod.sock") or _unsafe(parent) or _open_private(folder)
            if reason is None:
                return folder / "mongod.sock"
            refused.append(f"{folder}: {reason}")
        raise EmbeddedMongodError(
            "No place is safe for the database's socket. " + "; ".join(refused) + ". "
            "Set TMPDIR to a short directory that only you can write to."
        )


def is_private(folder: Path) -> bool:
    """Whether a path is a real directory, this user's, and closed to all others."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
    )


def is_locked(path: Path) -> bool:
    """Whether another open file holds the lock on a file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        return not _lock_within(descriptor, 0, fcntl.LOCK_SH)
    except OSError:
        # No locks on this file system: `claim` is where that is reported.
        return False
    finally:
        os.close(descriptor)


def _lock_within(descriptor: int, seconds: float, kind: int | None = None) -> bool:
    """Try to lock for a while: a glance of `is_locked` holds a lock for some microseconds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, (kind or fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _pid_in(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _temporary_directories() -> Iterator[Path]:
    # XDG_RUNTIME_DIR comes last: it is removed when the user logs out, also under a server that
    # was meant to run on.
    names = [_default_temporary_directory(), "/tmp", os.environ.get("XDG_RUNTIME_DIR")]  # noqa: S108
    return (Path(os.path.realpath(name)) for name in dict.fromkeys(names) if name)


def _default_temporary_directory() -> str | None:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return None


def _unfit(socket: Path) -> str | None:
    if len(os.fsencode(socket)) >= _SOCKET_PATH_BYTES:
        return "its path is too long for a socket"
    if not _SOCKET_PATH.fullmatch(str(socket)):
        return "its path has capitals, spaces or other signs that a host's name cannot have"
    return None


def _unsafe(parent: Path) -> str | None:
    """Why another user could put something else in the place of a directory made here."""
    try:
        found = parent.stat()
    except OSError as error:
        return error.strerror
    if found.st_uid not in {0, os.geteuid()}:
        return f"{parent} belongs to user id {found.st_uid}"
    if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
        return f"others may rename what is in {parent} (it lacks the sticky bit)"
    return None


def _open_private(folder: Path) -> str | None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        return error.strerror
    if not is_private(folder):
        return "something that others made or may enter is there already"
    return None
