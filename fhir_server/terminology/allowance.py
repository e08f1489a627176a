"""How long a request may wait for a terminology server, whatever it asks and how often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """Seconds that may still be waited."""

    left: float


_current: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def current() -> Allowance | None:
    """Give the allowance of what is under way; None where nobody set one."""
    return _current.get()


def begin(seconds: float) -> None:
    """Start anew, in place of what this thread did before: for servers, at each request."""
    _current.set(Allowance(seconds))


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Limit what is waited for inside; where there is a limit already, that one goes on."""
    if _current.get() is not None:
        yield
        return
    token = _current.set(Allowance(seconds))
    try:
        yield
    finally:
        _current.reset(token)
