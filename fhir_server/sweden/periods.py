"""Periods as half-open intervals, compared as Swedish readers mean them.

A date without a time means that day in Europe/Stockholm. A period's end takes in the whole of
what it names: ``2026-04-16`` lasts to midnight (https://hl7.org/fhir/R4/datatypes.html#Period).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.fhir import dates
from fhir_server.sweden.elements import Json, child

STOCKHOLM = ZoneInfo("Europe/Stockholm")
# The shortest time there is here.
INSTANT = timedelta(microseconds=1)
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC)


def local_date(moment: datetime) -> date:
    """Give the day it is in Sweden at a moment; laws take effect by it."""
    return moment.astimezone(STOCKHOLM).date()


def bounds(value: Any) -> tuple[datetime, datetime] | None:
    """Give first moment and first moment after a FHIR date, dateTime or instant.

    Returns:
        None for an absent value and for one that can't be read, which the validator refuses.
    """
    if not isinstance(value, str):
        return None
    try:
        first, after = dates.interval(value, STOCKHOLM)
        return _with_room(first), _with_room(after)
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, open where a bound is None.

    Args:
        start: first moment inside.
        end: first moment after.
    """

    start: datetime | None = None
    end: datetime | None = None

    def covers(self, moment: datetime) -> bool:
        """Tell whether the moment lies inside."""
        return (self.start is None or self.start <= moment) and not self.ended(moment)

    def ended(self, moment: datetime) -> bool:
        """Tell whether the period is over at the moment."""
        return self.end is not None and self.end <= moment

    def overlaps(self, other: Period) -> bool:
        """Tell whether the periods have any moment in common."""
        return _before(self.start, other.end) and _before(other.start, self.end)

    def within(self, other: Period) -> bool:
        """Tell whether no bound that is given lies outside the other period."""
        return not (
            (self.start is not None and other.start is not None and self.start < other.start)
            or (self.end is not None and other.end is not None and self.end > other.end)
            or (self.start is not None and other.ended(self.start))
            or (self.end is not None and other.start is not None and self.end <= other.start)
        )


ALWAYS = Period()


def common(one: Period, other: Period) -> Period | None:
    """Give the period that lies in both; None where they have no moment in common."""
    if not one.overlaps(other):
        return None
    starts = [each.start for each in (one, other) if each.start is not None]
    ends = [each.end for each in (one, other) if each.end is not None]
    return Period(max(starts, default=None), min(ends, default=None))


def read(element: Json, name: str = "period") -> Period:
    """Read a Period element; open at both ends where it is absent."""
    period = child(element, name)
    start, end = bounds(period.get("start")), bounds(period.get("end"))
    return Period(start[0] if start else None, end[1] if end else None)


def _with_room(moment: datetime) -> datetime:
    """Give a moment that every zone has a date for; only the first and last days there are move."""
    return min(max(moment, _FIRST), _LAST)


def _before(start: datetime | None, end: datetime | None) -> bool:
    return start is None or end is None or start < end
