"""Conformance resources in effect: written with the resource, read by canonical.

Beside each StructureDefinition, ValueSet, CodeSystem and ConceptMap in ``resources`` stands a
document in ``conformance``. It holds what takes effect of it: a profile with its snapshot, packed.
What a package brings stands under ``pending`` in it until the whole package takes effect at once.
``conformance_state`` counts the changes; every document carries the count at which it changed, so
that a worker reads no more than what is new to it. docs/adr/0010-conformance-as-data.md says why.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson.binary import Binary
from pymongo import DeleteOne, ReplaceOne
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from fhir_server.fhir import json
from fhir_server.profiles.conformance_index import Stored
from fhir_server.storage.documents import Document
from fhir_server.storage.errors import TransactionConflict, translated_errors
from fhir_server.storage.mongo_indexes import (
    CONFORMANCE,
    CONFORMANCE_LAYOUT,
    CONFORMANCE_STATE,
    STATE_ID,
)
from fhir_server.storage.places import Collections
from fhir_server.storage.snapshot import Snapshot

# What an index keeps of a document.
_ENTRY = {"r": 1, "url": 1, "ver": 1, "ret": 1, "of": 1, "con": 1, "u": 1, "on": 1}
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Derived:
    """What is kept of a conformance resource beside itself.

    Args:
        key: ``Type/id``.
        url: canonical, without version.
        version: the business version; empty for none.
        updated: when the resource was changed, in µs.
        content: what takes effect; None where nothing does.
        reason: why nothing does.
        retired: whether only who names the version gets it.
        constrains: the type that a profile is about; empty for what is no profile.
        concepts: names its concepts in the database; empty for none.
        needs: urls of the profiles that decided what takes effect.
        package: ``name#version`` of the package that brought it; empty for none.
    """

    key: str
    url: str
    version: str
    updated: int
    content: Any = None
    reason: str = ""
    retired: bool = False
    constrains: str = ""
    concepts: str = ""
    needs: frozenset[str] = field(default_factory=frozenset)
    package: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of a conformance resource before a change.

    Args:
        in_effect: whether it is.
        revision: at which it last took effect, or went out of it; 0 for never.
        concepts: names of its concepts in the database, those that wait included.
        package: that brought it; empty for none.
        waits: whether something of it waits for a package to take effect.
    """

    in_effect: bool = False
    revision: int = 0
    concepts: tuple[str, ...] = ()
    package: str = ""
    waits: bool = False


class ConformanceStore:
    """Reads and changes what is in effect in one database."""

    def __init__(self, collections: Collections) -> None:
        self.collections = collections
        database = collections.resources.database
        self._documents: Collection[Document] = database[CONFORMANCE]
        self._states: Collection[Document] = database[CONFORMANCE_STATE]

    def revision(self) -> int:
        """Give the number of changes so far.

        Raises:
            StoreUnavailable: the database can't be reached.
        """
        with translated_errors():
            found = self.collections.primary.settled(
                lambda: self._states.find_one({"_id": STATE_ID}, {"revision": 1})
            )
        return int(found["revision"]) if found else 0

    def is_old(self) -> bool:
        """Tell whether an older version filled the database, so that documents must be made.

        Raises:
            StoreUnavailable: the database can't be reached.
        """
        with translated_errors():
            found = self._states.find_one({"_id": STATE_ID}, {"layout": 1})
        return found is None or int(found["layout"]) < CONFORMANCE_LAYOUT

    def changed_since(self, revision: int) -> tuple[int, list[Stored]]:
        """Give what changed after a revision, and the revision that this leads to.

        Raises:
            StoreUnavailable: the database can't be reached.
        """
        reached = self.revision()
        for _ in range(_ATTEMPTS):
            with translated_errors():
                cursor = self._documents.find({"r": {"$gt": revision}}, _ENTRY).hint("r")
                found = [_entry(document) for document in cursor]
            before, reached = reached, self.revision()
            # A cursor is no snapshot: only if nothing changed meanwhile does it give one state.
            if before == reached:
                break
        return reached, found

    def content(self, key: str) -> bytes | None:
        """Give the JSON of what is in effect of a resource; None where nothing is."""
        with translated_errors():
            found = self._documents.find_one({"_id": key, "on": True}, {"c": 1})
        return None if found is None else zlib.decompress(found["c"])

    def contents(self, keys: Sequence[str]) -> dict[str, bytes]:
        """Give the JSON of what is in effect of some resources."""
        with translated_errors():
            found = self._documents.find({"_id": {"$in": list(keys)}, "on": True}, {"c": 1})
            return {each["_id"]: zlib.decompress(each["c"]) for each in found}

    def revision_inside(self, snapshot: Snapshot) -> int:
        """Give the number of changes as a transaction sees it."""
        found = self._states.find_one({"_id": STATE_ID}, {"revision": 1}, session=snapshot.session)
        return int(found["revision"]) if found else 0

    def known_inside(self, snapshot: Snapshot, keys: Iterable[str]) -> dict[str, Known]:
        """Give what there is of some resources as a transaction sees it."""
        wanted, fields = {"_id": {"$in": list(keys)}}, {"c": 0, "pending.c": 0}
        found = self._documents.find(wanted, fields, session=snapshot.session)
        return {document["_id"]: _known(document) for document in found}

    def waiting_inside(self, snapshot: Snapshot, urls: Iterable[str], most: int) -> list[str]:
        """Give the keys of profiles that were made with some others, or for want of them not."""
        wanted = {"needs": {"$in": list(urls)}}
        found = self._documents.find(wanted, {"_id": 1}, session=snapshot.session)
        return [document["_id"] for document in found.hint("needs").limit(most)]

    def replace_inside(self, snapshot: Snapshot, derived: Sequence[tuple[Derived, int]]) -> None:
        """Put documents in the place of earlier ones, each changed at a revision."""
        writes = [
            ReplaceOne({"_id": each.key}, {"_id": each.key, **document(each, at)}, upsert=True)
            for each, at in derived
        ]
        if writes:
            self._documents.bulk_write(writes, ordered=False, session=snapshot.session)

    def forget_inside(self, snapshot: Snapshot, gone: Mapping[str, int]) -> None:
        """Remove what is kept of resources that are gone.

        Args:
            gone: by key the revision of the change; 0 for what no worker ever knew. Of others a
                note stays, by which the workers learn of it.
        """
        writes: list[DeleteOne | ReplaceOne[Document]] = [
            ReplaceOne({"_id": key}, {"_id": key, "r": at, "on": False})
            if at
            else DeleteOne({"_id": key})
            for key, at in gone.items()
        ]
        if writes:
            self._documents.bulk_write(writes, ordered=False, session=snapshot.session)

    def count_up_inside(self, snapshot: Snapshot) -> int:
        """Count a change and give the count; of two that count at once, one conflicts."""
        session = snapshot.session
        try:
            found = self._states.find_one_and_update(
                {"_id": STATE_ID}, {"$inc": {"revision": 1}}, upsert=True, session=session
            )
        except DuplicateKeyError:
            raise TransactionConflict from None
        return int(found["revision"]) + 1 if found else 1

    def stored_keys(self, resource_type: str, after: str, limit: int) -> list[str]:
        """Give ``Type/id`` of living resources, in order, after one of them."""
        # "0" comes after "/".
        among = {"$gt": max(after, f"{resource_type}/"), "$lt": f"{resource_type}0"}
        with translated_errors():
            found = self.collections.resources.find(
                {"_id": among, "b": {"$exists": True}}, {"_id": 1}
            )
            return [each["_id"] for each in found.hint("_id_").sort("_id", 1).limit(limit)]

    def concept_names(self) -> set[str]:
        """Give the names of all concepts that are in effect, or wait for a package."""
        with translated_errors():
            found = self._documents.find({"r": {"$gte": 0}}, {"con": 1, "pending.con": 1, "on": 1})
            return {name for each in found.hint("r") for name in _concepts(each)}

    def made_anew(self) -> None:
        """Note that all documents have the layout of this version."""
        with translated_errors():
            self._states.update_one(
                {"_id": STATE_ID},
                {"$max": {"layout": CONFORMANCE_LAYOUT}, "$setOnInsert": {"revision": 0}},
                upsert=True,
            )


def document(derived: Derived, revision: int) -> Document:
    """Give what a document holds besides its key."""
    fields: Document = {
        "r": revision,
        "on": derived.content is not None,
        "url": derived.url,
        "ver": derived.version,
        "u": derived.updated,
    }
    optional = {
        "why": derived.reason,
        "ret": derived.retired,
        "of": derived.constrains,
        "con": derived.concepts,
        "needs": sorted(derived.needs),
        "pkg": derived.package,
    }
    fields |= {name: value for name, value in optional.items() if value}
    if derived.content is not None:
        fields["c"] = Binary(zlib.compress(json.dump(derived.content)))
    return fields


def _concepts(found: Document) -> tuple[str, ...]:
    named = (found.get("con", ""), found.get("pending", {}).get("con", ""))
    return tuple(name for name in named if name)


def _known(found: Document) -> Known:
    waits = "pending" in found
    return Known(found["on"], found["r"], _concepts(found), found.get("pkg", ""), waits)


def _entry(document: Document) -> Stored:
    return Stored(
        key=document["_id"],
        url=document.get("url", ""),
        version=document.get("ver", ""),
        retired=document.get("ret", False),
        constrains=document.get("of", ""),
        concepts=document.get("con", ""),
        updated=document.get("u", 0),
        revision=document["r"],
        in_effect=document["on"],
    )
