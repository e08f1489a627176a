"""Finds what was done to the trail behind the server's back: `fhir-server audit verify`.

Each stream is followed from its beginning, or from where what is past its time was taken away, to
its head; the list of streams is followed too. What a chain can't show by itself, that its end was
cut off or that all of it was made anew, heads show that somebody else has kept: `Anchor`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fhir_server.fhir import json
from fhir_server.security.audit.chain import Seal
from fhir_server.security.audit.event import DIGEST, TYPE
from fhir_server.security.audit.index import index_entries
from fhir_server.storage.audit_records import Head, KeptRecord
from fhir_server.storage.mongo_audit import AuditStore

Kind = Literal["changed", "removed", "inserted", "truncated", "missing", "hidden", "head", "anchor"]
# A client's AuditEvent may be past its time when what mentions it is not yet.
GRACE_MICROSECONDS = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as the server left it.

    Args:
        kind: what was done.
        stream: where; empty where it is about no stream.
        number: of the record; 0 for none.
        text: what is wrong, without personal data.
    """

    kind: Kind
    stream: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head of a stream as somebody else has kept it, such as the server's log.

    Args:
        stream: its name.
        number: of the record.
        hash: of the record.
    """

    stream: str
    number: int
    hash: str


def read_anchors(lines: Iterable[str]) -> Iterator[Anchor]:
    """Read anchors from lines of JSON: the server's log, or what `fhir-server audit heads` said.

    Other lines are left out.
    """
    for line in lines:
        start = line.find("{")
        try:
            found = json.plain(line[start:].encode()) if start >= 0 else {}
            yield Anchor(str(found["stream"]), int(found["number"]), str(found["hash"]))
        except (KeyError, TypeError, ValueError):
            continue


class Verification:
    """Verifies one trail.

    Args:
        ledger: the trail.
        seal: with the key that the server has.
        anchors: heads that were kept elsewhere.
        done: is told how many records were verified.
    """

    def __init__(
        self,
        ledger: AuditStore,
        seal: Seal,
        anchors: Iterable[Anchor] = (),
        done: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._seal = seal
        self._done = done
        self._anchors: dict[str, dict[int, str]] = {}
        for anchor in anchors:
            self._anchors.setdefault(anchor.stream, {})[anchor.number] = anchor.hash
        self._mentioned: dict[str, str] = {}
        self._purged_before = 0
        self.records = 0

    def run(self) -> Iterator[Finding]:
        """Give what is found.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        heads = self._ledger.heads()
        yield from self._streams(heads)
        for head in heads:
            yield from self._stream(head)
        yield from self._created_by_clients()

    def _streams(self, heads: Sequence[Head]) -> Iterator[Finding]:
        """Follow the list of streams."""
        count, register = self._ledger.register()
        previous = ""
        for place, head in enumerate(heads, 1):
            previous = self._seal.register(previous, head.stream)
            if head.order != place or head.register != previous:
                text = "The list of streams is broken here: one was removed, inserted or renamed."
                yield Finding("missing", head.stream, 0, text)
                previous = head.register
            sealed = self._seal.head(head.stream, head.number, head.hash, head.order)
            if head.seal != sealed:
                yield Finding("head", head.stream, head.number, "The head was changed.")
        if count != len(heads) or register != previous:
            text = f"There were {count} streams, and {len(heads)} are there."
            yield Finding("missing", "", 0, text)
        known = {head.stream for head in heads}
        for stream in self._ledger.streams():
            if stream not in known:
                yield Finding("inserted", stream, 0, "There are records of a stream without head.")
        for stream in self._anchors.keys() - known:
            yield Finding("missing", stream, 0, "A stream that an anchor names is not there.")

    def _stream(self, head: Head) -> Iterator[Finding]:
        expected, previous = 1, self._seal.genesis(head.stream)
        kept = head.checkpoint
        if kept is not None:
            expected, previous = kept.number + 1, kept.hash
            self._purged_before = max(self._purged_before, kept.before)
            if kept.seal != self._seal.checkpoint(head.stream, kept.number, kept.hash):
                text = "The place where the kept records begin was changed."
                yield Finding("head", head.stream, kept.number, text)
        anchors = self._anchors.get(head.stream, {})
        for record in self._ledger.records(head.stream, expected - 1):
            self.records += 1
            self._done(1)
            if record.number > expected:
                text = f"Records {expected} to {record.number - 1} are not there."
                yield Finding("removed", head.stream, expected, text)
            if record.number < expected or record.number > head.number:
                text = "There is a record that the server did not write."
                yield Finding("inserted", head.stream, record.number, text)
                continue
            yield from self._record(head.stream, record, previous, record.number == expected)
            if anchors.get(record.number, record.hash) != record.hash:
                text = (
                    "The record is not the one whose hash an anchor has: the chain was made anew."
                )
                yield Finding("anchor", head.stream, record.number, text)
            expected, previous = record.number + 1, record.hash
        yield from self._end(head, expected, previous, max(anchors, default=0))

    def _end(self, head: Head, expected: int, hash_: str, anchored: int) -> Iterator[Finding]:
        if expected <= head.number:
            text = f"Records {expected} to {head.number} are not there."
            yield Finding("truncated", head.stream, expected, text)
        elif hash_ != head.hash and expected == head.number + 1:
            yield Finding("head", head.stream, head.number, "The head has another hash.")
        if anchored > head.number:
            text = f"An anchor has record {anchored}, and the stream ends at {head.number}."
            yield Finding("truncated", head.stream, anchored, text)

    def _record(
        self, stream: str, record: KeptRecord, previous: str, follows: bool
    ) -> Iterator[Finding]:
        body = record.body or b""
        # Behind a gap nobody knows what the record followed.
        if follows and self._seal.record(previous, record.number, body) != record.hash:
            text = "The record, or the one before it, is not as it was written."
            yield Finding("changed", stream, record.number, text)
            return
        try:
            event = json.plain(body)
            own = f"{TYPE}/{event['id']}"
            tokens = index_entries(event).tokens
        except (ValueError, KeyError, TypeError):
            yield Finding("changed", stream, record.number, "The record can't be read.")
            return
        if own != record.key or not set(tokens) <= set(record.tokens):
            text = "Searches do not find the record by what it says: its index was changed."
            yield Finding("hidden", stream, record.number, text)
        self._note_mentioned(event)

    def _note_mentioned(self, event: dict[str, Any]) -> None:
        for entity in event.get("entity", ()):
            for detail in entity.get("detail", ()):
                if detail["type"] == DIGEST:
                    reference = entity["what"]["reference"].partition("/_history/")[0]
                    self._mentioned[reference] = detail["valueString"]

    def _created_by_clients(self) -> Iterator[Finding]:
        """Verify what clients created: the server's record of the creation has its digest."""
        seen: set[str] = set()
        for record in self._ledger.unchained():
            self.records += 1
            self._done(1)
            seen.add(record.key)
            digest = self._mentioned.get(record.key)
            if digest is None:
                if record.updated >= self._purged_before + GRACE_MICROSECONDS:
                    text = (
                        f"No record tells of the creation of {record.key}: it was put in beside "
                        "the server, or the server was killed as it created it."
                    )
                    yield Finding("inserted", "", 0, text)
            elif digest != hashlib.sha256(record.body or b"").hexdigest():
                text = f"{record.key} is not as its client created it."
                yield Finding("changed", "", 0, text)
        for reference in self._mentioned.keys() - seen:
            if not self._purged_before:
                yield Finding("removed", "", 0, f"{reference} is not there.")
