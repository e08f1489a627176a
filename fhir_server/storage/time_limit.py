"""How long the database may work for what one request asks.

The driver tells the database with each query how much of the time is left, and the database ends
the query itself when it is over: nobody who went away leaves it working.

Source: https://www.mongodb.com/docs/manual/reference/method/cursor.maxTimeMS/
"""

from __future__ import annotations

import time
from contextvars import ContextVar

import pymongo

_DEADLINE: ContextVar[float | None] = ContextVar("deadline", default=None)
# The driver gives up when a round trip more would be too late.
_ROUND_TRIP = 0.05


class limited:  # noqa: N801 - read as "with limited(5)"
    """Limits the time of all that is read inside; a limit around it holds besides.

    Args:
        seconds: from the begin on.

    Raises:
        StoreTooSlow: a read inside is not done in time.
    """

    __slots__ = ("_driver", "_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        given = _DEADLINE.get()
        own = time.monotonic() + self._seconds
        self._token = _DEADLINE.set(own if given is None else min(own, given))
        self._driver = pymongo.timeout(self._seconds)
        self._driver.__enter__()

    def __exit__(self, *_: object) -> None:
        self._driver.__exit__(None, None, None)
        _DEADLINE.reset(self._token)


def is_over() -> bool:
    """Tell whether there is a limit, and its time is over."""
    deadline = _DEADLINE.get()
    return deadline is not None and time.monotonic() >= deadline - _ROUND_TRIP
