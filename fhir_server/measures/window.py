"""The period that is measured, and whether something holds at a moment of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fhir_server.fhir.dates import interval
from fhir_server.sweden.facts import Facts, microseconds
from fhir_server.sweden.periods import STOCKHOLM

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """A period, half open, in µs since 1970.

    Args:
        start: first moment.
        end: first moment after.
        moment: what is a state and no event is counted as it was then: at the last moment of the
            period, or now where the period is not over.
        first: the first day as it was asked for.
        last: the last day as it was asked for.
    """

    start: int
    end: int
    moment: int
    first: str
    last: str

    @classmethod
    def of(cls, first: str, last: str, now: dt.datetime) -> Window:
        """Read the first and the last day of a period; both belong to it.

        Args:
            first: a FHIR date: 2026, 2026-01 or 2026-01-01.
            last: the same; ``2026`` and ``2026`` are the whole year.
            now: an aware datetime.

        Raises:
            ValueError: it ends before it begins, or has not begun.
        """
        start = microseconds(interval(first, STOCKHOLM)[0])
        end = microseconds(interval(last, STOCKHOLM)[1])
        if end <= start:
            raise ValueError("the period ends before it begins")
        current = microseconds(now)
        if current < start:
            raise ValueError("the period has not begun")
        return cls(start, end, min(end - 1, current), first, last)

    @property
    def day(self) -> int:
        """The day of `moment` in Sweden, as a number: 20260630."""
        at = (_EPOCH + dt.timedelta(microseconds=self.moment)).astimezone(STOCKHOLM)
        return at.year * 10_000 + at.month * 100 + at.day

    def holds(self, moment: int | None) -> bool:
        """Tell whether a moment lies in the period, as far as it has come."""
        return moment is not None and self.start <= moment <= self.moment


def in_force(facts: Facts, moment: int) -> bool:
    """Tell whether an assignment, position, enrolment or plan held at a moment.

    What has ended since held before: but only where it says when it ended.
    """
    status, end = facts["status"], facts.get("end")
    if status not in _HELD and not (status in _ENDED and end is not None):
        return False
    start = facts.get("start")
    return (start is None or start <= moment) and (end is None or end > moment)


# CareTeam: a suspended contact is none meanwhile, and proposed is not yet one (R45, R48).
_HELD = frozenset(("active", "onhold"))
_ENDED = frozenset(("inactive", "finished", "completed"))
