"""What goes in and out of the collection of the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fhir_server.search.indexing import IndexEntries


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One record with its place in a chain, and what searches find it by.

    Args:
        id: logical id of the AuditEvent.
        number: in its stream, from 1.
        hash: that joins it to the one before.
        updated: when it was made, in microseconds since 1970.
        body: the bytes of the AuditEvent.
        entries: of the index.
    """

    id: str
    number: int
    hash: str
    updated: int
    body: bytes
    entries: IndexEntries


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the records of a stream begin that are still kept.

    Args:
        number: of the last record that was taken away.
        hash: its hash.
        seal: vouches for both.
        before: what was recorded before this was taken away, in microseconds since 1970.
    """

    number: int
    hash: str
    seal: str
    before: int = 0


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream has come to.

    Args:
        stream: its name.
        number: of its last record; 0 for none yet.
        hash: of that record.
        order: its number among the streams, from 1.
        register: vouches for the list of streams up to it.
        seal: vouches for the rest.
        checkpoint: where the kept records begin; None for at the first.
    """

    stream: str
    number: int
    hash: str
    order: int
    register: str
    seal: str
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as the collection has it.

    Args:
        key: its key in the collection, ``AuditEvent/[id]``.
        stream: empty for what a client created.
        number: in the stream; 0 for what a client created.
        hash: as stored.
        updated: as stored.
        body: the bytes of the AuditEvent; None where there are none.
        tokens: what searches find it by.
    """

    key: str
    stream: str
    number: int
    hash: str
    updated: int
    body: bytes | None
    tokens: Sequence[str] = ()
