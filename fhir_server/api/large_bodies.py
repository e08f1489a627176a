"""Large bodies have turns: a worker does not take up more of them at once than it gains by.

What is read from a body takes many times its size in memory until it is answered, and a worker
computes one thing at a time: with all threads at large bundles each of them would only take longer
and the worker need the memory of all.
"""

from __future__ import annotations

import ctypes
import threading
from collections import deque
from collections.abc import Callable

from flask import Flask

from fhir_server.api.exchange import Request, here

# Smaller ones never wait.
LARGE_BYTES = 100_000
# Enough that one computes while the database stores another.
ROOM_BYTES = 1_300_000


class Turns:
    """Lets as many in as there is room for, in the order in which they came.

    Args:
        room: for how many bytes; what is larger goes alone.
    """

    def __init__(self, room: int = ROOM_BYTES) -> None:
        self._room = self._free = room
        self._waiting: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def take(self, size: int) -> int:
        """Wait for room.

        Args:
            size: in bytes.

        Returns:
            How much was taken, to be given back.
        """
        wanted = min(size, self._room)
        me = object()
        with self._changed:
            self._waiting.append(me)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is me and self._free >= wanted)
                self._free -= wanted
            finally:
                self._waiting.remove(me)
                self._changed.notify_all()
        return wanted

    def give_back(self, taken: int) -> None:
        """Make room again."""
        with self._changed:
            self._free += taken
            self._changed.notify_all()


def register(app: Flask) -> None:
    """Give back at the end of each request what it took."""
    app.extensions["fhir_large_bodies"] = turns = Turns()
    trim = _trim()

    def end(_error: BaseException | None) -> None:
        request = here()
        taken, request.room_taken = request.room_taken, 0
        if taken:
            turns.give_back(taken)
            # What was read from it is gone by now, and lay among what stays.
            trim(0)

    app.teardown_request(end)


def _trim() -> Callable[[int], object]:
    """Give glibc's way to return free pages; by itself it only does so at the end of its heap.

    Elsewhere (musl, macOS) nothing is done. It takes 0.5 ms (docs/adr/0025-memory-of-a-worker.md).
    """
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return lambda _: None
    return trim


def wait_for_turn(app: Flask, request: Request, size: int) -> None:
    """Wait until a body may be worked on; it has been received by then.

    Args:
        app: the application.
        request: whose body it is; it keeps its room until its end.
        size: of the body in bytes, unpacked.
    """
    if size >= LARGE_BYTES and not request.room_taken:
        turns: Turns = app.extensions["fhir_large_bodies"]
        request.room_taken = turns.take(size)
