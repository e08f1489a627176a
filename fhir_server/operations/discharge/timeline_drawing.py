"""The drawn timeline of a stay: where on the line each day, deadline and deed lies, in per cent.

The page draws each step on the same scale, so that a reader sees what runs beside what; all that
is drawn stands in words beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fhir_server.sweden.discharge import midnight
from fhir_server.sweden.discharge_steps import Step
from fhir_server.sweden.periods import local_date
from fhir_server.sweden.working_days import is_working_day

# More names of days do not fit on a phone.
_MOST_LABELS = 6
_WEEKDAYS = "mån tis ons tor fre lör sön".split()


@dataclass(frozen=True, slots=True)
class Day:
    """A day on the scale.

    Args:
        left: where it begins, in per cent of the width.
        width: how wide it is.
        label: its name; empty where there is no room.
        off: whether it is a Saturday, a Sunday or a holiday (R73).
    """

    left: float
    width: float
    label: str
    off: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A step on the scale, in per cent of the width; None for what it does not have.

    Args:
        left: from when the deadline counts.
        width: to the deadline.
        deadline: where the deadline lies.
        done: where it was done.
    """

    left: float | None
    width: float | None
    deadline: float | None
    done: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """The time that the drawing shows."""

    start: datetime
    end: datetime

    @classmethod
    def over(cls, moments: Iterable[datetime]) -> Scale:
        """Give whole days around all moments."""
        found = sorted(moments)
        first, last = local_date(found[0]), local_date(found[-1])
        return cls(midnight(first), midnight(last + timedelta(days=1)))

    def at(self, moment: datetime) -> float:
        """Give where a moment lies, in per cent."""
        whole = self.end.timestamp() - self.start.timestamp()
        share = (moment.timestamp() - self.start.timestamp()) / whole
        return round(100 * min(max(share, 0), 1), 2)

    def days(self) -> tuple[Day, ...]:
        """Give the days, with as many names as fit."""
        first, last = local_date(self.start), local_date(self.end)
        count = (last - first).days
        every = -(-count // _MOST_LABELS)
        return tuple(
            self._day(first + timedelta(days=n), named=n % every == 0) for n in range(count)
        )

    def _day(self, day: date, *, named: bool) -> Day:
        left = self.at(midnight(day))
        width = round(self.at(midnight(day + timedelta(days=1))) - left, 2)
        label = f"{_WEEKDAYS[day.weekday()]} {day.day}/{day.month}" if named else ""
        return Day(left, width, label, not is_working_day(day))

    def bar(self, step: Step) -> Bar:
        """Give where a step lies."""
        left = self.at(step.since) if step.since else None
        deadline = self.at(step.deadline) if step.deadline else None
        width = None
        if left is not None and deadline is not None and deadline > left:
            width = round(deadline - left, 2)
        return Bar(left, width, deadline, self.at(step.at) if step.at else None)


def scale_of(steps: Sequence[Step], others: Iterable[datetime | None], first: datetime) -> Scale:
    """Give the scale that all steps and some other moments lie on.

    Args:
        steps: what is drawn.
        others: other moments to show.
        first: what was before, such as a contact of old, is drawn at the left edge.
    """
    moments = [m for step in steps for m in (step.since, step.deadline, step.at)]
    shown = (each for each in (*moments, *others) if each is not None)
    return Scale.over([first, *(each for each in shown if each > first)])
