"""The audit trail of one process: what it records is written before its answers leave.

A record is in the spool of this process, and from there in the database a moment later
(`fhir_server.security.audit.shipping`). Where it can't be recorded, nothing is answered.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import structlog
import uuid_utils

from fhir_server.fhir import json
from fhir_server.security.audit.chain import Record, Seal
from fhir_server.security.audit.event import Form, Occurrence, audit_event
from fhir_server.security.audit.shipping import Stream, adopt
from fhir_server.security.audit.spool import Spool, SpoolFailure, waiting
from fhir_server.storage.mongo_audit import AuditStore
from fhir_server.storage.records import StoreFailure, StoreUnavailable

log = structlog.get_logger()

# How soon a record is on disk that its answer did not wait for, and how soon in the database.
FLUSH_SECONDS = 0.1
SHIP_SECONDS = 0.5
# How often somebody looks for spools whose process is gone.
ADOPT_SECONDS = 10.0
# How often the log gets the head of the stream, for `fhir-server audit verify --anchors`.
ANCHOR_SECONDS = 300.0
# After a failure to write, requests are refused so long before the next is tried.
REST_SECONDS = 1.0
AT_END_SECONDS = 5.0


class TrailUnavailable(Exception):
    """Nothing can be recorded, so nothing may be answered; the text says why."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a trail is kept.

    Args:
        root: the folder of the spools.
        key: of the chain; empty for none.
        sync: whether every record is on disk before its answer leaves, and not only of changes.
        most_bytes: how much may wait for the database.
    """

    root: Path
    key: bytes = b""
    sync: bool = False
    most_bytes: int = 1_000_000_000


class Trail:
    """Records what this process answers.

    Args:
        rules: how.
        ledger: the trail in the database.
    """

    def __init__(self, rules: Rules, ledger: AuditStore) -> None:
        self._rules = rules
        self._ledger = ledger
        self._seal = Seal(rules.key)
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._turn = threading.Lock()
        self._spool: Spool | None = None
        self._stream: Stream | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._waiting = 0
        self._in_trouble = False
        self._done: dict[str, float] = {}
        self._failed = float("-inf")

    def start(self) -> None:
        """Begin to ship, first of all what processes before this one have left."""
        with self._turn:
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
                atexit.register(self.stop)

    def require_room(self) -> None:
        """Refuse what could not be recorded, before it is carried out.

        Raises:
            TrailUnavailable: the spool is full, or could not be written a moment ago.
        """
        if self._waiting > self._rules.most_bytes:
            raise TrailUnavailable("the spool is full: the database takes no records")
        if time.monotonic() - self._failed < REST_SECONDS:
            raise TrailUnavailable("the spool can't be written")

    def record(self, body: bytes, *, change: bool = False) -> Record:
        """Write a record; it outlives this process when this returns.

        Args:
            body: of the AuditEvent.
            change: whether it tells of a change: then it also outlives a loss of power, as the
                change does.

        Raises:
            TrailUnavailable: it can't be written.
        """
        try:
            return self._own().append(body, sync=change or self._rules.sync)
        except SpoolFailure as error:
            self._failed = time.monotonic()
            log.error("audit record not written", reason=str(error))  # noqa: TRY400
            raise TrailUnavailable(str(error)) from None

    def tell(self, occurrence: Occurrence, form: Form) -> Record:
        """Record an interaction.

        Args:
            occurrence: what happened; it is as of now.
            form: what all records have in common.

        Raises:
            TrailUnavailable: it can't be written.
        """
        event = audit_event(occurrence, str(uuid_utils.uuid7()), time.time_ns() // 1000, form)
        return self.record(json.dump(event), change=bool(occurrence.changed))

    def ship(self) -> int:
        """Ship now what this process wrote, and give how many records that were.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with self._turn:
            return self._stream.ship() if self._stream else 0

    def stop(self) -> None:
        """Ship what is left, for a moment at most; what then remains, the next process ships."""
        atexit.unregister(self.stop)
        if os.getpid() != self._pid:
            return
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(AT_END_SECONDS)
        with self._turn:
            spool, stream = self._spool, self._stream
            self._spool = self._stream = None
        if spool is None or stream is None:
            return
        # Not where the database did not answer a moment ago: who stops the server waits.
        if not self._in_trouble:
            with contextlib.suppress(StoreUnavailable, StoreFailure, SpoolFailure):
                stream.ship()
                _anchor(stream)
                stream.remove()
        spool.close()

    def _own(self) -> Spool:
        """Give the spool of this very process; a fork shares its parent's otherwise."""
        if self._pid != os.getpid():
            if self._spool is not None:
                self._spool.forget()
            self._begin()
        spool = self._spool
        if spool is None:
            with self._turn:
                spool = self._spool or self._new_spool()
            self.start()
        return spool

    def _new_spool(self) -> Spool:
        root = self._rules.root
        spool = Spool(root, str(uuid.uuid4()), self._seal)
        self._stream = Stream(root, spool.stream, self._ledger, self._seal)
        self._spool = spool
        return spool

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._work()
                self._in_trouble = False
            except Exception as error:  # whatever it is, the next attempt may do
                if not self._in_trouble:
                    log.error("audit records wait", kind=type(error).__name__)  # noqa: TRY400
                self._in_trouble = True
            self._wake.wait(FLUSH_SECONDS)

    def _work(self) -> None:
        spool = self._spool
        if spool is not None:
            spool.flush()
        if self._due("adopt", ADOPT_SECONDS):
            adopt(self._rules.root, self._ledger, self._seal)
        if self._due("ship", SHIP_SECONDS):
            self._waiting = waiting(self._rules.root)
            self.ship()
        if self._stream and self._stream.shipped and self._due("anchor", ANCHOR_SECONDS):
            _anchor(self._stream)

    def _due(self, what: str, seconds: float) -> bool:
        """Tell whether something that is done now and then is to be done now."""
        now = time.monotonic()
        due = now - self._done.get(what, float("-inf")) >= seconds
        if due:
            self._done[what] = now
        return due


def _anchor(stream: Stream) -> None:
    """Tell the log where the stream has come to; no personal data is in it."""
    log.info("audit head", stream=stream.name, number=stream.shipped, hash=stream.hash)
