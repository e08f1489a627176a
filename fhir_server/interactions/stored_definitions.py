"""The conformance resources in effect, as definitions: read when somebody asks for one.

Nothing is held but an index and what was asked for last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from fhir_server.fhir import json
from fhir_server.profiles.conformance_index import ConformanceIndex, Stored
from fhir_server.storage.mongo_conformance import ConformanceStore

Resource = Mapping[str, Any]
# A profile of 30 kB takes about 200 kB as parsed: what is kept takes at most some 30 MB.
MOST_KEPT = 128
MOST_BYTES = 4_000_000
READ_AHEAD = 100


class KeptContents:
    """Contents that were read last, by key and revision; safe to share between threads.

    Args:
        store: where they are.
    """

    def __init__(self, store: ConformanceStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, int], tuple[Resource, int]] = OrderedDict()
        self._bytes = 0

    def get(self, entry: Stored) -> Resource | None:
        """Give the content of an entry; None where it has just gone out of effect.

        Raises:
            StoreUnavailable: it is not kept, and the database does not answer.
        """
        name = (entry.key, entry.revision)
        with self._lock:
            kept = self._kept.get(name)
            if kept is not None:
                self._kept.move_to_end(name)
                return kept[0]
        content = self._store.content(entry.key)
        if content is None:
            return None
        found: Resource = json.plain(content)
        self._keep(name, found, len(content))
        return found

    def all(self, entries: Iterable[Stored]) -> Iterator[Resource]:
        """Give the contents of many entries, without keeping them."""
        waiting = iter(entries)
        while portion := list(islice(waiting, READ_AHEAD)):
            read = self._store.contents([each.key for each in portion])
            yield from (json.plain(read[each.key]) for each in portion if each.key in read)

    def _keep(self, name: tuple[str, int], content: Resource, size: int) -> None:
        with self._lock:
            self._bytes += size - self._kept.pop(name, ({}, 0))[1]
            self._kept[name] = (content, size)
            # What was asked for last is kept, however large: it may be asked for at once again.
            while len(self._kept) > 1 and (self._bytes > MOST_BYTES or len(self._kept) > MOST_KEPT):
                _, (_, gone) = self._kept.popitem(last=False)
                self._bytes -= gone


class StoredDefinitions:
    """The conformance resources in effect at one revision: a `ConformanceSource`.

    Args:
        index: of what is in effect.
        contents: gives them.
    """

    def __init__(self, index: ConformanceIndex, contents: KeptContents) -> None:
        self._index = index
        self._contents = contents

    def get(self, resource_type: str, canonical: str) -> Resource | None:
        """Give a resource by canonical, which may end in ``|version``; a profile with snapshot."""
        entry = self._index.find(resource_type, canonical)
        return None if entry is None else self._contents.get(entry)

    def exactly(self, resource_type: str, url: str, version: str) -> Stored | None:
        """Give where the resource of a url and version is, without reading it."""
        return self._index.exactly(resource_type, url, version)

    def of_type(self, resource_type: str) -> Iterator[Resource]:
        """Give the resources of a type; reads each of them."""
        return self._contents.all(self._index.of_type(resource_type))

    def urls(self, resource_type: str) -> Collection[str]:
        """Give the urls of a type."""
        return self._index.urls(resource_type)

    def profiles_of(self, type_name: str) -> Collection[str]:
        """Give the canonicals of the profiles on a resource type or data type."""
        entries = self._index.of_type("StructureDefinition")
        return [each.canonical for each in entries if each.constrains == type_name]
