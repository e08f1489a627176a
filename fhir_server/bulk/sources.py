"""Files to load: found, unpacked, and read one JSON document at a time."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Protocol, cast

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue

LINES = (".ndjson", ".jsonl")
SUFFIXES = tuple(f"{name}{packed}" for name in (".json", *LINES) for packed in ("", ".gz", ".bz2"))
# What is read at a time stays in memory while it is stored, about ten times as large.
MAX_LINE_BYTES = 64_000_000
MAX_DOCUMENT_BYTES = 500_000_000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Source(Protocol):
    """What is loaded: documents, in the same order however often they are asked for."""

    @property
    def name(self) -> str:
        """What a person knows it by."""

    @property
    def size(self) -> int:
        """The sum of what its documents consume, about."""

    def documents(self) -> Iterator[Document]:
        """Give the documents, one at a time."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to load, under the name a person knows it by."""

    path: Path
    name: str
    size: int

    def documents(self) -> Iterator[Document]:
        """Read the file, one document at a time.

        A file holds one JSON document, or one on each line (NDJSON). What can't be read comes as a
        document whose content is the error; after a bad line the next is read.
        """
        try:
            with self.path.open("rb") as raw:
                yield from _Reader(self, raw).documents()
        except (OSError, EOFError, zlib.error) as error:
            text = (
                f"The file can't be read to its end: {getattr(error, 'strerror', None) or error}."
            )
            yield Document(Place(self.name), _unreadable(text), 0, 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file, perhaps a line of it (from 1), perhaps a Bundle's entry."""

    file: str
    line: int | None = None
    entry: int | None = None

    def __str__(self) -> str:
        """``patients.ndjson, line 12, entry 3``."""
        line = "" if self.line is None else f", line {self.line}"
        return f"{self.file}{line}{'' if self.entry is None else f', entry {self.entry}'}"


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON document of a file.

    Args:
        place: where it stands.
        content: what it holds, as `fhir_server.fhir.json.parse` gives it; the error where it
            can't be read.
        length: its bytes, unpacked.
        consumed: the file's bytes, packed, that were read since the document before.
        listed: the file holds one resource on each line, as bulk exports do.
    """

    place: Place
    content: Any
    length: int
    consumed: int
    listed: bool = False


def find_sources(paths: Iterable[Path]) -> list[File]:
    """List the files to load: those named, and what the folders named hold, at any depth.

    Files that others refer to come first, recognised by name as Synthea and this project's demo
    give it: ``0-…`` and ``…Information…``. Otherwise the order is as given, by name in folders.
    """
    found = (
        File(path, str(path), path.stat().st_size)
        for path in dict.fromkeys(chain.from_iterable(map(_files, paths)))
    )
    return sorted(found, key=lambda source: not _is_referred_to(source.path.name))


def copy_of(stream: IO[bytes], path: Path, name: str) -> File:
    """Copy a stream to a file, since what fails may have to be read again.

    Args:
        stream: e.g. standard input.
        path: where to; readable by this user only.
        name: what to call it in messages.
    """
    path.touch(mode=0o600)
    with path.open("wb") as copy:
        shutil.copyfileobj(stream, copy)
    return File(path, name, path.stat().st_size)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(folder, name)


def _is_referred_to(name: str) -> bool:
    return name.startswith("0-") or "information" in name.lower()


class _Reader:
    def __init__(self, source: File, raw: IO[bytes]) -> None:
        self._source = source
        self._raw = raw
        self._reported = 0
        self._stream = _unpacked(raw)
        stem = source.path.name.removesuffix(".gz").removesuffix(".bz2")
        self._is_ndjson = stem.endswith(LINES)

    def documents(self) -> Iterator[Document]:
        lines = self._lines()
        first = next(lines, None)
        if first is None:
            yield self._document(_unreadable("The file is empty."), 0, None)
            return
        content = _parsed(first[1])
        if not self._is_ndjson and isinstance(content, FhirError):
            yield self._whole(first[1])
            return
        second = next(lines, None)
        listed = self._is_ndjson or second is not None
        yield self._document(content, len(first[1]), first[0] if listed else None, listed=listed)
        del first, content
        for number, text in chain([second] if second else [], lines):
            yield self._document(_parsed(text), len(text), number, listed=True)

    def _whole(self, beginning: bytes) -> Document:
        text = beginning + self._stream.read(MAX_DOCUMENT_BYTES)
        if self._stream.read(1):
            limit = MAX_DOCUMENT_BYTES // 1_000_000
            content: Any = _unreadable(
                f"The document is longer than {limit} MB. Split it, or give one resource on each "
                "line (NDJSON), which may be of any length."
            )
        else:
            content = _parsed(text)
        return self._document(content, len(text), None)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Give the lines that hold something, with their numbers."""
        number = 0
        while line := self._stream.readline(MAX_LINE_BYTES):
            number += 1
            if number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if line.strip():
                yield number, line
            # Of a longer line `_parsed` has seen a piece and said so; the rest is of no use.
            while len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                line = self._stream.readline(MAX_LINE_BYTES)

    def _document(
        self, content: Any, length: int, line: int | None, *, listed: bool = False
    ) -> Document:
        consumed = self._raw.tell() - self._reported
        self._reported += consumed
        return Document(Place(self._source.name, line), content, length, consumed, listed)


def _unpacked(raw: IO[bytes]) -> IO[bytes]:
    start = raw.read(3)
    raw.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", io.BufferedReader(gzip.GzipFile(fileobj=raw)))
    if start == b"BZh":
        return bz2.BZ2File(raw)
    return raw


def _parsed(text: bytes) -> Any:
    try:
        return json.parse(text.strip())
    except FhirError as error:
        reason = str(error).removeprefix("The body is not valid JSON: ")
        if len(text) == MAX_LINE_BYTES:
            reason = f"the line is longer than {MAX_LINE_BYTES // 1_000_000} MB"
        return _unreadable(f"Not valid JSON: {reason}.")


def _unreadable(text: str) -> FhirError:
    return FhirError(Issue("error", "structure", text))
