"""State that a database holds and every worker follows: kept, and read again when it is old."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from fhir_server.storage.records import StoreUnavailable

State = TypeVar("State")

# Reads the state anew: given the one before, and whether it is read for the first time.
Read = Callable[[State, bool], State]


class Followed(Generic[State]):
    """Gives the state, not older than a limit; safe to share between threads.

    While the database does not answer, what was read last holds on.

    Args:
        first: the state before anything is followed.
        refresh_s: how old the state may be before it is read again, in seconds.
        grace_s: how old it may be for those who ask while another thread reads; beyond it they
            wait for the reader.
    """

    def __init__(self, first: State, refresh_s: float, grace_s: float = 0.0) -> None:
        self._refresh_s = refresh_s
        self._grace_s = grace_s
        self._lock = threading.Lock()
        self._read: Read[State] | None = None
        # The state, and when the read began that gave it, by this process's own clock; replaced as
        # one, so that no thread takes an old state for a newly read one.
        self._seen = (first, math.inf)

    def follow(self, read: Read[State]) -> None:
        """Begin to read; whoever came first is kept."""
        with self._lock:
            if self._read is None:
                self._read = read
                self._seen = (self._seen[0], -math.inf)

    def seen(self) -> tuple[State, float]:
        """Give the state and when it was read, on ``time.monotonic``.

        Raises:
            StoreUnavailable: it was never read, and the database does not answer.
        """
        seen = self._seen
        age = time.monotonic() - seen[1]
        if age < self._refresh_s:
            return seen
        if self._lock.acquire(blocking=age > self._grace_s):
            try:
                self._refresh_if_old()
            finally:
                self._lock.release()
        return self._seen

    def refresh(self) -> State:
        """Read the state now.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with self._lock:
            self._refresh()
        return self._seen[0]

    def _refresh_if_old(self) -> None:
        if time.monotonic() - self._seen[1] < self._refresh_s:
            return
        try:
            self._refresh()
        except StoreUnavailable:
            # What can't be read can't be written either: nothing is stored by older rules.
            if self._seen[1] == -math.inf:
                raise

    def _refresh(self) -> None:
        if self._read is None:
            return
        began = time.monotonic()
        known, read_at = self._seen
        self._seen = (self._read(known, read_at == -math.inf), began)
