"""Answers kept for a while: the ones used last, no more than so many, none older than so long."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """A bounded cache whose entries grow old; safe to share between threads.

    Args:
        most: how many answers are kept.
        seconds: how long each is kept.
        clock: the time in seconds, of any beginning.
    """

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, tuple[float, Answer]] = OrderedDict()

    def __len__(self) -> int:
        """Give the number of answers kept."""
        return len(self._entries)

    def get(self, key: Hashable) -> Answer | None:
        """Give an answer that is not too old."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry[0] < self._clock():
                del self._entries[key]
                return None
            self._entries.move_to_end(key)
            return entry[1]

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer, in place of the one that was used longest ago."""
        with self._lock:
            self._entries[key] = (self._clock() + self._seconds, answer)
            self._entries.move_to_end(key)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)
