"""Packages: which there are, and how what they brought takes effect at once, or goes out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pymongo import UpdateOne
from pymongo.collection import Collection

from fhir_server.storage.documents import Document
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo_conformance import Derived, document
from fhir_server.storage.mongo_indexes import CONFORMANCE, PACKAGES
from fhir_server.storage.places import Collections
from fhir_server.storage.snapshot import Snapshot

LOADING = "loading"
ACTIVE = "active"
REMOVING = "removing"


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was added.

    Args:
        name: e.g. ``hl7se.fhir.base``.
        version: e.g. ``1.1.0``.
        state: loading, active or removing.
        resources: ``Type/id`` of what it brings.
        at: when it was added, an instant.
        digest: of its content; the same package again has the same.
    """

    name: str
    version: str
    state: str
    resources: Sequence[str] = field(default_factory=tuple)
    at: str = ""
    digest: str = ""

    @property
    def key(self) -> str:
        """``name#version``."""
        return f"{self.name}#{self.version}"


class PackageStore:
    """The packages of one database."""

    def __init__(self, collections: Collections) -> None:
        self._primary = collections.primary
        database = collections.resources.database
        self._packages: Collection[Document] = database[PACKAGES]
        self._documents: Collection[Document] = database[CONFORMANCE]

    def all(self) -> list[Package]:
        """Give the packages, by name and version.

        Raises:
            StoreUnavailable: the database can't be reached.
        """
        with translated_errors():
            found = self._primary.settled(lambda: self._packages.find().sort("_id", 1).to_list())
        return [_package(each) for each in found]

    def put(self, package: Package) -> None:
        """Keep a package, in the place of what is known of it."""
        with translated_errors():
            self._packages.replace_one({"_id": package.key}, _kept(package), upsert=True)

    def put_inside(self, snapshot: Snapshot, package: Package) -> None:
        """Keep a package in a transaction."""
        self._packages.replace_one(
            {"_id": package.key}, _kept(package), upsert=True, session=snapshot.session
        )

    def drop(self, package: Package) -> None:
        """Forget a package."""
        with translated_errors():
            self._packages.delete_one({"_id": package.key})

    def hold_inside(self, snapshot: Snapshot, derived: Sequence[Derived]) -> None:
        """Keep what takes effect with its package; what is in effect until then stays so."""
        writes = [
            UpdateOne(
                {"_id": each.key},
                {"$set": {"pending": document(each, 0)}, "$setOnInsert": {"r": 0, "on": False}},
                upsert=True,
            )
            for each in derived
        ]
        self._documents.bulk_write(writes, ordered=False, session=snapshot.session)

    def replaced_inside(self, snapshot: Snapshot, package: str) -> list[str]:
        """Give the names of concepts that are replaced when a package takes effect."""
        found = self._documents.find(
            {"pending.pkg": package}, {"con": 1}, session=snapshot.session
        ).hint("pending")
        return [each["con"] for each in found if "con" in each]

    def release_inside(self, snapshot: Snapshot, package: str, revision: int) -> None:
        """Let all that waits of a package take effect."""
        merged = {"$mergeObjects": [{"_id": "$_id"}, "$pending", {"r": revision}]}
        self._documents.update_many(
            {"pending.pkg": package},
            [{"$replaceWith": merged}],
            session=snapshot.session,
            hint="pending",
        )

    def withdraw_inside(self, snapshot: Snapshot, package: str, revision: int) -> None:
        """Take all that a package brought out of effect."""
        self._documents.update_many(
            {"pkg": package, "on": True},
            {"$set": {"on": False, "r": revision, "why": "its package is being removed"}},
            session=snapshot.session,
            hint="package",
        )


def _kept(package: Package) -> Document:
    return {
        "_id": package.key,
        "name": package.name,
        "version": package.version,
        "state": package.state,
        "resources": list(package.resources),
        "at": package.at,
        "digest": package.digest,
    }


def _package(found: Document) -> Package:
    return Package(
        found["name"],
        found["version"],
        found["state"],
        tuple(found.get("resources", ())),
        found.get("at", ""),
        found.get("digest", ""),
    )
