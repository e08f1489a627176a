"""The concepts of stored CodeSystems: put where they are found one by one, and taken away again.

They are many, too many for a transaction: those of a new version are stored before it takes effect,
under a name of their own, and those of the old one removed after every worker has left it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import uuid_utils

from fhir_server.interactions.stored_definitions import StoredDefinitions
from fhir_server.storage.concept_reads import StoredCodeSystem
from fhir_server.storage.mongo_concepts import ConceptStore
from fhir_server.storage.mongo_conformance import ConformanceStore
from fhir_server.storage.places import Collections
from fhir_server.storage.records import StoredResource
from fhir_server.terminology.concepts import SystemInfo

Resource = Mapping[str, Any]
# Of a code system with so few concepts they stay in it: it is read as a whole, and kept.
MOST_INLINE = 200
ORPHAN_SECONDS = 3600


class NewConcepts:
    """The concepts that one write brings.

    Args:
        collections: of the database.
    """

    def __init__(self, collections: Collections) -> None:
        self._store = ConceptStore(collections)
        self._made: dict[tuple[str, int], tuple[str, int]] = {}

    def split(self, stored: StoredResource, resource: Resource) -> tuple[Resource, str]:
        """Give a resource without its concepts, where they are many, and what names them then."""
        if resource["resourceType"] != "CodeSystem" or not _has_many(resource):
            return resource, ""
        version = (stored.reference, stored.version)
        if version not in self._made:
            # No two attempts to write have the same name: one may be undone while another stands.
            key = f"{stored.reference}/{uuid_utils.uuid7()}"
            self._made[version] = key, 0
            self._made[version] = key, self._store.add(key, resource)
        key, count = self._made[version]
        without = {name: value for name, value in resource.items() if name != "concept"}
        return {**without, "count": count}, key

    def undo(self) -> None:
        """Remove what was stored, after a write that failed."""
        self.remove(key for key, _ in self._made.values())

    def remove(self, names: Iterable[str]) -> None:
        """Remove the concepts under some names."""
        for name in names:
            self._store.remove(name)


class StoredConcepts:
    """Finds the concepts of stored CodeSystems, at one revision.

    Args:
        definitions: what is stored.
        collections: of the database.
    """

    def __init__(self, definitions: StoredDefinitions, collections: Collections) -> None:
        self._definitions = definitions
        self._store = ConceptStore(collections)

    def system_of(self, definition: Resource, info: SystemInfo) -> StoredCodeSystem | None:
        """Give the code system of a definition without concepts; None where it has none."""
        version = str(definition.get("version", ""))
        entry = self._definitions.exactly("CodeSystem", str(definition["url"]), version)
        return self._store.system(entry.concepts, info) if entry and entry.concepts else None

    def canonical_of(self, reference: str) -> str | None:
        """Give the canonical of a resource named as ``Type/id``; None for none."""
        return self._definitions.canonical_of(reference)

    def supplements(self) -> Iterator[tuple[str, str]]:
        """Give the url of each code system that is supplemented, with a supplement's canonical."""
        return self._definitions.supplements()


def remove_orphans(collections: Collections, older_than: float = ORPHAN_SECONDS) -> int:
    """Remove concepts of writes that ended before they took effect; give how many writes.

    Args:
        collections: of the database.
        older_than: seconds; what is younger may belong to a write that is under way.
    """
    concepts = ConceptStore(collections)
    # Names end in a UUID that begins with its time in milliseconds.
    begun = f"{int((time.time() - older_than) * 1000):012x}"
    limit = f"{begun[:8]}-{begun[8:]}"
    names = concepts.stored_keys()
    named = ConformanceStore(collections).concept_names()
    gone = [name for name in names if name.rpartition("/")[2] < limit and name not in named]
    for name in gone:
        concepts.remove(name)
    return len(gone)


def _has_many(resource: Resource) -> bool:
    """Tell whether there are more concepts than `MOST_INLINE`, nested ones included."""
    count, waiting = 0, [*resource.get("concept", ())]
    while waiting and count <= MOST_INLINE:
        count += 1
        waiting += waiting.pop().get("concept", ())
    return count > MOST_INLINE
