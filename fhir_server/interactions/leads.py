"""Where units and staff led when they were last read, to ask for it in the same round trip.

A contact's position leads to a person and a unit, the unit to what it is part of: each step would
be a round trip. They change rarely. What is remembered decides what is asked for along, and never
what is answered: that is what the database says during the request.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

_DIRECTORY = frozenset({"Organization", "Practitioner", "PractitionerRole"})
# Some 2 MB of references.
_MOST = 10_000


class Leads:
    """Remembers where resources of the directory led; one for all requests of a process."""

    def __init__(self) -> None:
        self._led: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def reached(self, references: Iterable[str]) -> set[str]:
        """Give some references, and all that they led to."""
        found: set[str] = set()
        waiting = list(references)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self._led.get(each, ())
        return found

    def note(self, reference: str, led: Iterable[str]) -> None:
        """Note where a resource leads, now that it was read."""
        if reference.partition("/")[0] not in _DIRECTORY:
            return
        now = tuple(led)
        if self._led.get(reference) == now:
            return
        with self._lock:
            if len(self._led) >= _MOST:
                self._led.pop(next(iter(self._led)))
            self._led[reference] = now


LEADS = Leads()
