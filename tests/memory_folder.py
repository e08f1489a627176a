"""A folder in memory for a database that need not outlive the tests, where the machine has room.

What a database waits for most is the disk: each collection and each index that it makes is written
through at once. Every file of tests has a database of its own, with dozens of both.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it is made by mkdtemp
_PREFIX = "fhir-server-tests-"
# A whole run leaves some hundred MB for each process of it. Containers often have 64 MB there.
ROOM = 4 << 30


@contextmanager
def folder_in_memory(otherwise: Path, memory: Path = MEMORY, room: int = ROOM) -> Iterator[Path]:
    """Give a new folder in memory until the end, or the other one where there is too little.

    Args:
        otherwise: A folder on a disk.
        memory: Where folders are in memory.
        room: So many bytes have to be free there.
    """
    if not _has(room, memory):
        yield otherwise
        return
    _remove_what_others_left(memory)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=memory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _has(room: int, memory: Path) -> bool:
    try:
        found = os.statvfs(memory)
    except (OSError, AttributeError):
        return False
    free = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available)
    # mongod is run from its folder where nobody may run it in its own.
    return os.access(memory, os.W_OK) and free >= room and not found.f_flag & os.ST_NOEXEC


def _remove_what_others_left(memory: Path) -> None:
    """Remove the folders of test processes that were killed."""
    for folder in memory.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
