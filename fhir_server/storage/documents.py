"""How versions of resources look as MongoDB documents; docs/adr/0003-storage-layout.md says why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo import InsertOne, ReplaceOne

from fhir_server.search import labels
from fhir_server.search.indexing import IndexEntries
from fhir_server.search.unit_entries import entries_of_units
from fhir_server.storage.records import Change, StoredResource

Document = dict[str, Any]

# What a reader needs of a document: not what searches find it by.
STORED = {"y": 1, "v": 1, "u": 1, "b": 1, "a": 1}
STORED_AND_TOKENS = {**STORED, "t": 1}
# Below the first, which is 1.
NO_VERSION = 0


def stored(document: Document) -> StoredResource:
    """Read a document of either collection."""
    # A superseded version has an id of its own and names its resource in "r".
    reference: str = document.get("r") or document["_id"]
    resource_type, _, id_ = reference.partition("/")
    labels = tuple(document.get("a", ()))
    return StoredResource(
        resource_type, id_, document["v"], document["u"], document.get("b"), labels
    )


def current_document(change: Change) -> Document:
    """Give the document that makes a change the current version."""
    new, entries = change.new, change.entries
    document = _common(new) | {"_id": new.reference}
    if new.body is None:
        document["del"] = True
    if entries is not None:
        document |= index_fields(entries, new.reference, new.last_updated)
    return document


def index_fields(entries: IndexEntries, reference: str, last_updated: int) -> Document:
    """Give the fields that searches use; those that most resources don't need only where needed.

    Args:
        entries: of the resource, with all its labels.
        reference: ``Type/id`` of the resource.
        last_updated: when it was stored, in microseconds since 1970.
    """
    found, keys = [*entries.tokens, *entries.labels], entries.keys
    if entries.labels:
        own = labels.read(entries.labels)
        more, own_keys = entries_of_units(reference, last_updated, own, found, keys)
        found, keys = found + more, keys | own_keys
    document: Document = {"t": found, "k": keys, "d": entries.ranges}
    if entries.labels:
        document["a"] = list(entries.labels)
    if entries.words:
        document["w"] = entries.words
    if entries.position is not None:
        document["g"] = {"type": "Point", "coordinates": list(entries.position)}
    if entries.facts:
        document["f"] = dict(entries.facts)
    if entries.revision:
        document["i"] = entries.revision
    return document


def superseded_document(old: StoredResource) -> Document:
    """Give the document that keeps a superseded version."""
    return _common(old) | superseded_key(old.reference, old.version)


def writes(changes: Sequence[Change]) -> list[InsertOne[Document] | ReplaceOne[Document]]:
    """Give the writes that put changes in force, where their previous versions still are.

    They go in one command: where some replace, others that insert are spelled as replacements of
    what can't be there, since a command holds one kind of write only.
    """
    replacing = any(change.previous is not None for change in changes)
    return [_write(change, replacing=replacing) for change in changes]


def _write(change: Change, *, replacing: bool) -> InsertOne[Document] | ReplaceOne[Document]:
    document = current_document(change)
    if not replacing:
        return InsertOne(document)
    return ReplaceOne(_replaced(change), document, upsert=change.previous is None)


def replacements(changes: Sequence[Change]) -> list[Document]:
    """Give the same writes as MongoDB spells updates, creates among them too."""
    return [
        {"q": _replaced(c), "u": current_document(c), "upsert": c.previous is None} for c in changes
    ]


def _replaced(change: Change) -> Document:
    # No resource has the version of a create. One that has the key makes the upsert fail.
    version = NO_VERSION if change.previous is None else change.previous.version
    return {"_id": change.new.reference, "v": version}


def superseded_key(reference: str, version: int) -> Document:
    """Give what finds a superseded version, on a cluster on the one shard that has it.

    ``r`` is what `history` is sharded by; the id alone would ask all shards.
    """
    return {"_id": superseded_id(reference, version), "r": reference}


def superseded_id(reference: str, version: int) -> str:
    """Give the key of a superseded version."""
    # Zero-padded, so that the order of the texts is the order of the versions.
    return f"{reference}/{version:010d}"


def _common(version: StoredResource) -> Document:
    document: Document = {
        "y": version.resource_type,
        "v": version.version,
        "u": version.last_updated,
    }
    if version.labels:
        document["a"] = list(version.labels)
    if version.body is not None:
        document["b"] = version.body
    return document
