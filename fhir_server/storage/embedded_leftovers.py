"""Ends what a killed server left running in its data directory, and nothing else."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fhir_server.storage.embedded_directory import DataDirectory, is_locked

if TYPE_CHECKING:
    import psutil

GUARD_SCRIPT: Final = Path(__file__).with_name("embedded_guard.py")
_GUARD_SECONDS: Final = 17.0
_MONGOD_SECONDS: Final = 15.0


def stop_leftovers(directory: DataDirectory) -> None:
    """Stop the guard and the mongod of a server that is gone; only for the directory's owner."""
    _await_guard(directory)
    end_mongod(directory, _MONGOD_SECONDS)


def end_mongod(directory: DataDirectory, patience: float) -> None:
    """End the mongod that a guard started on a directory, and no other.

    A process is ours only if this user runs it and its command line names our files and our
    socket; an id alone proves nothing, ids are used again.

    Args:
        directory: The data directory it serves.
        patience: Seconds that it gets to end in order before it is killed.
    """
    record = directory.record()
    if record is None:
        return
    for pid in {record.pid, _pid_in_mongod_lock(directory)} - {None}:
        process = _process(pid, ["--dbpath", record.dbpath, "--bind_ip", record.socket])
        if process is not None:
            _stop(process, patience)


def _await_guard(directory: DataDirectory) -> None:
    """Let a guard finish: it stops its mongod by itself once its server is gone."""
    deadline = time.monotonic() + _GUARD_SECONDS
    while is_locked(directory.guard_lock):
        if time.monotonic() > deadline:
            process = _process(directory.guard_pid(), [str(GUARD_SCRIPT), str(directory.root)])
            if process is not None:
                _stop(process, 0)
            return
        time.sleep(0.02)


def _pid_in_mongod_lock(directory: DataDirectory) -> int | None:
    try:
        return int((directory.dbpath / "mongod.lock").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _process(pid: int | None, arguments: list[str]) -> "psutil.Process | None":
    """The process of this user with that id whose command line has these arguments in a row."""
    if pid is None:
        return None
    import psutil

    try:
        process = psutil.Process(pid)
        command = process.cmdline()
        if process.uids().real != os.getuid():
            return None
    except (psutil.Error, ValueError):
        return None
    width = len(arguments)
    rows = (command[start : start + width] for start in range(len(command)))
    return process if arguments in rows else None


def _stop(process: "psutil.Process", patience: float) -> None:
    """Ask a process to end, and end it after a while; psutil knows an id that was reused."""
    import psutil

    try:
        if patience:
            process.terminate()
        if not _ends_within(process, patience):
            process.kill()
            _ends_within(process, 5)
    except psutil.NoSuchProcess:
        return


def _ends_within(process: "psutil.Process", seconds: float) -> bool:
    """Wait for an end; a zombie has ended, though its parent may be slow to take notice."""
    import psutil

    deadline = time.monotonic() + seconds
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.01)
    return True
