"""The spool of one stream: records in files, until the database has them.

    [audit_dir]/[stream]/owner               locked by the process that writes, as long as it lives
    [audit_dir]/[stream]/[number].records    lines, named by the number of the first

A record is one line, written by one ``write``: it outlives the process, also one killed the next
moment. With ``sync`` it is on disk when `Spool.append` returns, and outlives a loss of power:
threads that wait at the same time share one ``fdatasync``.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from fhir_server.security.audit.chain import Record, Seal

if sys.platform != "win32":
    import fcntl

OWNER = "owner"
SUFFIX = ".records"
UNBORN = ".new-"
SEGMENT_BYTES = 8_000_000


class SpoolFailure(Exception):
    """The spool can't be written or read; what was to be recorded is not."""


class Spool:
    """Writes the records of one stream.

    Args:
        root: the folder of all streams.
        stream: a name that no other stream has, ever.
        seal: makes the chain.
        segment_bytes: the length at which a new file begins.

    Raises:
        SpoolFailure: the folder can't be made.
    """

    def __init__(
        self,
        root: Path,
        stream: str,
        seal: Seal,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.stream = stream
        self.folder = root / stream
        self._seal = seal
        self._segment_bytes = segment_bytes
        self._number = 0
        self._hash = seal.genesis(stream)
        self._turn = threading.Lock()
        self._file = -1
        self._size = 0
        self._commit = GroupCommit(self._to_disk)
        try:
            self._owner = _found(root, stream)
        except OSError as error:
            raise SpoolFailure(f"{root} can't be used: {error.strerror}") from None

    def append(self, body: bytes, *, sync: bool) -> Record:
        """Write one record.

        Args:
            body: of the AuditEvent, on one line.
            sync: whether to wait until it is on disk.

        Raises:
            SpoolFailure: it is not written, or not on disk.
        """
        with self._turn:
            number = self._number + 1
            record = Record(number, self._seal.record(self._hash, number, body), body)
            self._write(record.line(), number)
            self._number, self._hash = number, record.hash
            ticket = self._commit.written()
        if sync:
            self._wait(ticket)
        return record

    def flush(self) -> None:
        """Wait until all that was appended is on disk.

        Raises:
            SpoolFailure: it may not be.
        """
        self._wait(self._commit.last)

    def _wait(self, ticket: int) -> None:
        try:
            self._commit.wait(ticket)
        except OSError as error:
            raise SpoolFailure(f"records may not be on disk: {error.strerror}") from None

    def close(self) -> None:
        """Let others ship what is left."""
        with self._turn:
            for descriptor in (self._file, self._owner):
                if descriptor >= 0:
                    os.close(descriptor)
            self._file = self._owner = -1

    def forget(self) -> None:
        """Close what a fork gave this process beside its parent, who goes on writing."""
        # Not `close`: another thread of the parent may have had the lock when it forked.
        for descriptor in (self._file, self._owner):
            if descriptor >= 0:
                os.close(descriptor)

    def _to_disk(self) -> None:
        # A descriptor of its own: another thread may begin a new file meanwhile. What the file
        # before held was on disk when the new one began.
        with self._turn:
            descriptor = os.dup(self._file) if self._file >= 0 else -1
        if descriptor >= 0:
            try:
                _sync_file(descriptor)
            finally:
                os.close(descriptor)

    def _write(self, line: bytes, number: int) -> None:
        try:
            if self._file < 0 or self._size >= self._segment_bytes:
                self._begin(number)
            written = os.write(self._file, line)
        except OSError as error:
            self._undo()
            raise SpoolFailure(f"the record can't be written: {error.strerror}") from None
        if written != len(line):
            self._undo()
            raise SpoolFailure("the record can't be written: no space is left")
        self._size += written

    def _begin(self, number: int) -> None:
        """Begin a file; what the one before has is on disk first."""
        if self._owner < 0:
            raise OSError(0, "the spool is closed")
        if self._file >= 0:
            _sync_file(self._file)
            os.close(self._file)
            self._file = -1
        path = self.folder / f"{number:012d}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        # All that a file of this name can hold already is a record that failed.
        os.ftruncate(self._file, 0)
        self._size = 0
        _sync_folder(self.folder)

    def _undo(self) -> None:
        """Cut off what was written of a line; where that fails, go on in no file but a new one."""
        if self._file < 0:
            return
        try:
            os.ftruncate(self._file, self._size)
        except OSError:
            with contextlib.suppress(OSError):
                os.close(self._file)
            self._file = -1


class GroupCommit:
    """Lets threads that wait for the disk share one wait.

    Args:
        sync: puts on disk what is written.
    """

    def __init__(self, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._state = threading.Condition()
        self._written = self._synced = 0
        self._syncing = False

    @property
    def last(self) -> int:
        """The ticket of what was written last."""
        return self._written

    def written(self) -> int:
        """Note that something more is written; the ticket is for `wait`."""
        with self._state:
            self._written += 1
            return self._written

    def wait(self, ticket: int) -> None:
        """Return when all up to a ticket is on disk.

        Raises:
            OSError: the disk failed, for this ticket or one that shared its wait.
        """
        while True:
            with self._state:
                while self._syncing and self._synced < ticket:
                    self._state.wait()
                if self._synced >= ticket:
                    return
                self._syncing, covered = True, self._written
            try:
                self._sync()
            except BaseException:
                with self._state:
                    self._syncing = False
                    self._state.notify_all()
                raise
            with self._state:
                self._synced, self._syncing = max(self._synced, covered), False
                self._state.notify_all()


class SpoolReader:
    """Reads what a spool holds, and takes away files that are read to their end.

    Args:
        folder: of the stream.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # All records up to this number were read; the next stands here.
        self._number, self._file, self._offset = 0, 0, 0

    def read(self, after: int, most: int) -> list[Record]:
        """Give the next whole records, as far as they are written.

        Args:
            after: the number of the record to begin after.
            most: how many at most.

        Raises:
            SpoolFailure: a line is no record.
        """
        if after != self._number:
            self._number, self._file, self._offset = after, 0, 0
        found: list[Record] = []
        try:
            for first, path in self._files_after(after):
                self._read(first, path, most, found)
                if len(found) >= most:
                    break
        except OSError as error:
            raise SpoolFailure(f"{self._folder} can't be read: {error.strerror}") from None
        return found

    def _read(self, first: int, path: Path, most: int, found: list[Record]) -> None:
        if first != self._file:
            self._file, self._offset = first, 0
        with path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                # The last line of who was killed may be torn: its answer never left.
                if not line.endswith(b"\n"):
                    return
                record = _read_line(line, path)
                self._offset += len(line)
                if record.number > self._number:
                    found.append(record)
                    self._number = record.number
                if len(found) >= most:
                    return

    def drop(self, shipped: int) -> None:
        """Take away files whose records all have numbers up to one; the last file stays."""
        files = self._files()
        for (_, path), (following, _) in pairwise(files):
            if following <= shipped + 1:
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Take the whole spool away: the database has all of it."""
        for _, path in self._files():
            path.unlink(missing_ok=True)
        (self._folder / OWNER).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _files_after(self, after: int) -> list[tuple[int, Path]]:
        files = self._files()
        # A file ends where the next begins.
        ends = [*(following for following, _ in files[1:]), after + 2][: len(files)]
        return [file for file, end in zip(files, ends, strict=True) if end > after + 1]

    def _files(self) -> list[tuple[int, Path]]:
        found = [p for p in self._folder.glob(f"*{SUFFIX}") if p.stem.isdigit()]
        return sorted((int(path.stem), path) for path in found)


def _read_line(line: bytes, path: Path) -> Record:
    try:
        return Record.read(line)
    except ValueError:
        raise SpoolFailure(f"{path} has a line that is no record") from None


def waiting(root: Path) -> int:
    """Give how many bytes all streams hold."""
    total = 0
    for path in root.glob(f"*/*{SUFFIX}"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


def abandoned(root: Path) -> Iterator[tuple[str, int]]:
    """Give the streams whose writers are gone, each with the descriptor of its lock, to be closed.

    Nobody else gets a stream as long as the descriptor is open.
    """
    with contextlib.suppress(FileNotFoundError):
        for folder in sorted(root.iterdir()):
            if folder.name.startswith(UNBORN) or not folder.is_dir():
                continue
            lock = _locked(folder)
            if lock is not None:
                yield folder.name, lock


def _locked(folder: Path) -> int | None:
    """Become the owner of a stream that has none."""
    try:
        descriptor = os.open(folder / OWNER, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _found(root: Path, stream: str) -> int:
    """Make the folder of a stream; it has its name only once it has an owner."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    unborn = root / f"{UNBORN}{stream}"
    unborn.mkdir(mode=0o700)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(unborn / OWNER, flags, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    unborn.rename(root / stream)
    _sync_folder(root)
    return descriptor


def _sync_file(descriptor: int) -> None:
    getattr(os, "fdatasync", os.fsync)(descriptor)  # macOS has the latter only


def _sync_folder(folder: Path) -> None:
    """Let a name in a folder outlive the machine's power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
