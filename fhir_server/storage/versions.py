"""What a history asks of the store, and what it gets.

Versions are ordered by the moment they were stored, newest first, and at the same moment by
reference. A version never changes and never moves, so a position in this order stays right
whatever others write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fhir_server.storage.records import StoredResource


@dataclass(frozen=True, slots=True)
class Position:
    """The place of one version in the order of all.

    Args:
        updated: when it was stored, in microseconds since 1970.
        reference: its resource, ``Type/id``.
        version: its number.
    """

    updated: int
    reference: str
    version: int


@dataclass(frozen=True, slots=True)
class Moments:
    """A stretch of time, in microseconds since 1970; it ends before ``end``."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """Which versions, and how many.

    Args:
        types: the resource types, one where ``id`` is given.
        id: a logical id, for the history of one resource.
        count: how many versions a page has at most.
        since: only versions stored then or later.
        at: only versions that were current at some moment of it.
        after: only versions that come after this place, which are older.
        listed: only versions of these resources, ``Type/id``: those with these numbers, or all
            where there are none.
        max_bytes: the size of the versions after which a page ends; None for any.
    """

    types: tuple[str, ...]
    id: str | None = None
    count: int = 20
    since: int | None = None
    at: Moments | None = None
    after: Position | None = None
    listed: Mapping[str, Sequence[int]] | None = None
    max_bytes: int | None = None

    @property
    def reference(self) -> str:
        """``Type/id`` of a query for one resource."""
        return f"{self.types[0]}/{self.id}"


@dataclass(frozen=True, slots=True)
class VersionPage:
    """Versions in order.

    Args:
        versions: at most as many as asked for.
        next: where the next page begins; None for the last page. A page may be shorter than
            asked for, or empty, and yet have a next.
        total: how many there are on all pages, where that is known without counting.
    """

    versions: list[StoredResource]
    next: Position | None = None
    total: int | None = None


def position(version: StoredResource) -> Position:
    """Give the place of a version."""
    return Position(version.last_updated, version.reference, version.version)
