"""What goes in and out of the store, and the three ways a write can fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fhir_server.search.indexing import IndexEntries

# What tells of something that happened: it may outlive what it tells of, and name it afterwards.
RECORDS = frozenset({"AuditEvent", "Provenance"})


class StoreUnavailable(Exception):
    """The database can't be reached or answers too late."""


class StoreTooSlow(StoreUnavailable):
    """What was asked takes longer than it may; the database itself answers."""


class StoreFailure(Exception):
    """The database refused what the store asked of it, which is a fault of the store."""


class WriteTooLarge(Exception):
    """The database can't hold the write in one transaction; nothing was written."""


class StaleWrite(Exception):
    """Another writer changed a resource between our reading and our writing it.

    Args:
        references: the resources, as ``Type/id``.
    """

    def __init__(self, references: Sequence[str]) -> None:
        super().__init__(", ".join(references))
        self.references = tuple(references)


class AlreadyDone(Exception):
    """The write carries a ``once`` key that an earlier one carried."""


@dataclass(frozen=True, slots=True)
class StoredResource:
    """One version of a resource; ``body`` is its JSON, or None for a deletion.

    ``last_updated`` counts microseconds since 1970-01-01 UTC; ``labels`` say whose it is and whom
    it is about (`fhir_server.search.labels`).
    """

    resource_type: str
    id: str
    version: int
    last_updated: int
    body: bytes | None
    labels: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.resource_type}/{self.id}"

    @property
    def versioned(self) -> str:
        """``Type/id/_history/version``."""
        return f"{self.reference}/_history/{self.version}"

    @property
    def deleted(self) -> bool:
        """Whether this version is a deletion."""
        return self.body is None


@dataclass(frozen=True, slots=True)
class Change:
    """A new version of one resource.

    Args:
        new: the version to store; its number is one more than that of ``previous``, or 1.
        previous: the version it replaces, as read before; None for a resource that never was.
        entries: what searches will find it by; None for a deletion.
    """

    new: StoredResource
    previous: StoredResource | None = None
    entries: IndexEntries | None = None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of matches.

    Args:
        resources: in order.
        next_cursor: of the next page, if there is one.
        tokens: what each is found by, by reference; only where others are to be included.
    """

    resources: list[StoredResource]
    next_cursor: str | None
    tokens: Mapping[str, list[str]] = field(default_factory=dict)
