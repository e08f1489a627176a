"""R4's code systems, value sets and concept maps, read line by line when they are asked for.

Nothing is read at start. The first question reads a file once, to note where each line begins.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from fhir_server.terminology.bounded import Bounded
from fhir_server.terminology.listed import ListedCodeSystem, info_of

# Definitions bind value sets of other versions by the version of R4 as well.
R4_VERSION = "4.0.1"
MAX_CONCEPTS = 20_000

# A line begins with these, in this order (tools/r4_terminology.py).
_HEAD = re.compile(
    rb'\{"url":"([^"]*)","id":"([^"]*)"(?:,"version":"([^"]*)")?(?:,"valueSet":"([^"]*)")?'
)


class _Line(NamedTuple):
    offset: int
    length: int
    version: str | None


class Lines:
    """The entries of a file by url, or by id.

    Args:
        path: one JSON resource on each line; a missing file has none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: Mapping[str, _Line] | None = None
        self._ids: Mapping[str, str] = {}
        self._value_sets: Mapping[str, str] = {}

    def get(self, url: str, version: str | None = None) -> dict[str, Any] | None:
        """Give an entry; None where there is none of that version."""
        return self._read(self._index[url]) if self.has(url, version) else None

    def has(self, url: str, version: str | None = None) -> bool:
        """Tell whether there is an entry of that version."""
        line = self._index.get(url)
        return line is not None and version in (None, line.version, R4_VERSION)

    def versions(self) -> Iterator[tuple[str, str | None]]:
        """Give url and version of every entry."""
        return ((url, line.version) for url, line in self._index.items())

    def of_id(self, id_: str) -> str | None:
        """Give the url of the entry with an id."""
        return self._ids.get(id_) if self._index else None

    def of_value_set(self, url: str) -> str | None:
        """Give the url of the code system that is listed by a value set."""
        return self._value_sets.get(url) if self._index else None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._read, self._index.values())

    def _read(self, line: _Line) -> dict[str, Any]:
        assert self._path is not None  # noqa: S101 - an index without a file is empty
        with self._path.open("rb") as file:
            file.seek(line.offset)
            found: dict[str, Any] = orjson.loads(file.read(line.length))
        return found

    @property
    def _index(self) -> Mapping[str, _Line]:
        if self._entries is None:
            with self._lock:
                if self._entries is None:
                    self._entries = self._scan()
        return self._entries

    def _scan(self) -> Mapping[str, _Line]:
        if self._path is None or not self._path.is_file():
            return {}
        entries, ids, value_sets, offset = {}, {}, {}, 0
        with self._path.open("rb") as file:
            for line in file:
                head = _HEAD.match(line)
                if head is None:
                    raise ValueError(f"{self._path.name} was not written by tools.derive_r4.")
                url, id_, version, value_set = (str(each or b"", "utf-8") for each in head.groups())
                entries[url] = _Line(offset, len(line), version or None)
                ids[id_] = url
                if value_set:
                    value_sets[value_set] = url
                offset += len(line)
        self._ids, self._value_sets = ids, value_sets
        return entries


class R4Tables:
    """What HL7 published with R4; the same for every generation of definitions.

    Args:
        directory: with the tables; None for none.
        max_concepts: how many are kept in memory.
    """

    def __init__(self, directory: Path | None, max_concepts: int = MAX_CONCEPTS) -> None:
        self._directory = directory
        self._systems = Lines(directory and directory / "code_systems.jsonl")
        self._kept: Bounded[str, ListedCodeSystem] = Bounded(max_concepts, len)

    def find(self, url: str, version: str | None = None) -> ListedCodeSystem | None:
        """Give a code system."""
        if not self._systems.has(url, version):
            return None
        return self._kept.get(url, lambda: self._read(url))

    def systems(self) -> Iterable[tuple[str, str | None]]:
        """Give url and version of all code systems."""
        return self._systems.versions()

    def system_of(self, value_set: str) -> str | None:
        """Give the code system that names a value set as that of all its codes."""
        return self._systems.of_value_set(value_set)

    @cached_property
    def value_sets(self) -> Lines:
        """How R4's value sets are composed."""
        return Lines(self._directory and self._directory / "value_sets.jsonl")

    @cached_property
    def concept_maps(self) -> Lines:
        """What R4's concept maps map."""
        return Lines(self._directory and self._directory / "concept_maps.jsonl")

    def _read(self, url: str) -> ListedCodeSystem:
        line = self._systems.get(url) or {}
        rows = line.pop("concept")
        return ListedCodeSystem(info_of(line, len(rows)), rows)
