"""A circuit breaker: a server that fails is left alone for a while.

The libraries for this (pybreaker, circuitbreaker) wrap functions and count their exceptions; what
is needed here is smaller than their configuration.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger()

FAILURES = 3
REST_SECONDS = 30.0


class Breaker:
    """Counts failures in a row; safe to share between threads.

    Args:
        failures: so many in a row, and nobody asks any more.
        rest_seconds: until one question is let through again.
        clock: the time in seconds, of any beginning.
    """

    def __init__(
        self,
        failures: int = FAILURES,
        rest_seconds: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures
        self._rest = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_until: float | None = None

    def allows(self) -> bool:
        """Tell whether to ask; after a rest, one caller is told so and the others wait for it."""
        with self._lock:
            if self._closed_until is None:
                return True
            now = self._clock()
            if now < self._closed_until:
                return False
            self._closed_until = now + self._rest
            return True

    def succeeded(self) -> None:
        """Note an answer."""
        with self._lock:
            was_out = self._closed_until is not None
            self._failures, self._closed_until = 0, None
        if was_out:
            log.warning("terminology server answers again")

    def failed(self, reason: str) -> None:
        """Note a failure.

        Args:
            reason: for the log: what the server did, without anything that was asked.
        """
        with self._lock:
            self._failures += 1
            goes_out = self._closed_until is None and self._failures >= self._most
            if self._failures >= self._most:
                self._closed_until = self._clock() + self._rest
        if goes_out:
            log.warning("terminology server does not answer", reason=reason)
