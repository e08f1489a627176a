"""How long the database may work for what one request asks.

The driver tells the database with each query how much of the time is left, and the database ends
the query itself when it is over: nobody who went away leaves it working.

Source: https://www.mongodb.com/docs/manual/reference/method/cursor.maxTimeMS/
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import pymongo

_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
# The driver gives up when a round trip more would be too late.
_ROUND_TRIP = 0.05


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Limit the time of all that is read inside; a limit around it holds besides.

    Args:
        seconds: from now on.

    Raises:
        StoreTooSlow: a read inside is not done in time.
    """
    given = _DEADLINE.get()
    own = time.monotonic() + seconds
    token = _DEADLINE.set(own if given is None else min(own, given))
    try:
        with pymongo.timeout(seconds):
            yield
    finally:
        _DEADLINE.reset(token)


def is_over() -> bool:
    """Tell whether there is a limit, and its time is over."""
    deadline = _DEADLINE.get()
    return deadline is not None and time.monotonic() >= deadline - _ROUND_TRIP
