"""Hours as stretches of time: Swedish wall-clock time, public holidays as Sundays (R44).

On the two days a year when the clock changes, hours mean what the clock shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from fhir_server.sweden.contact_view import Hours
from fhir_server.sweden.periods import STOCKHOLM, Period, local_date
from fhir_server.sweden.stretches import NEVER, Stretch, Stretches, common, of, united
from fhir_server.sweden.working_days import WEEKDAYS, day_code

_DAY = timedelta(days=1)
# All of the European Union changes its clocks at this hour.
_CHANGE = time(1, tzinfo=UTC)
WORKING_WEEK = WEEKDAYS[:5]
# What a named person's hours are taken to be where nobody has said.
OFFICE_HOURS = (Hours(WORKING_WEEK, time(8), time(17)),)


@lru_cache(maxsize=4096)
def open_within(hours: tuple[Hours, ...], within: Period) -> Stretches:
    """Give the stretches of a period in which any of some hours is open.

    Args:
        hours: none is never.
        within: bounded at both ends.
    """
    if within.start is None or within.end is None or within.start >= within.end:
        return NEVER
    # The day before, too: its night may reach into the first day.
    first, last = local_date(within.start) - _DAY, local_date(within.end)
    found = (stretch for each in hours for day in _days(first, last) for stretch in _of(each, day))
    return common(united(found), of(within))


def is_day(hours: Hours, day: date) -> bool:
    """Tell whether hours are open, or begin to be, on a day."""
    return (
        (not hours.days or day_code(day) in hours.days)
        and (not hours.months or day.month in hours.months)
        and (hours.first is None or hours.first <= day)
        and (hours.last is None or day <= hours.last)
    )


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY


def _of(hours: Hours, day: date) -> Iterator[Stretch]:
    """Give when hours are open that begin on a day, those past midnight on the next one."""
    if not is_day(hours, day):
        return
    start, end = hours.start or time.min, hours.end or time.min
    if hours.end is not None and time.min < end <= start:
        yield from _by_the_clock(day, start, time.min)
        yield from _by_the_clock(day + _DAY, time.min, end)
    else:
        yield from _by_the_clock(day, start, end)


def _by_the_clock(day: date, start: time, end: time) -> Iterable[Stretch]:
    """Give when the clock of a day shows a time from ``start`` until before ``end``.

    Args:
        day: in Sweden.
        start: first time.
        end: the time after; midnight for the end of the day.
    """
    opens = datetime.combine(day, start)
    closes = datetime.combine(day + _DAY if end == time.min else day, end)
    for begins, ends in _even(day):
        offset = begins.astimezone(STOCKHOLM).utcoffset() or timedelta()
        shown = ((opens - offset).replace(tzinfo=UTC), (closes - offset).replace(tzinfo=UTC))
        stretch = max(shown[0], begins), min(shown[1], ends)
        if stretch[0] < stretch[1]:
            yield stretch


def _even(day: date) -> Iterator[Stretch]:
    """Give the parts of a day in which the clock runs evenly: two where it is changed."""
    first = datetime.combine(day, time.min, STOCKHOLM)
    last = datetime.combine(day + _DAY, time.min, STOCKHOLM)
    begins, ends = first.astimezone(UTC), last.astimezone(UTC)
    if first.utcoffset() == last.utcoffset():
        yield begins, ends
    else:
        change = datetime.combine(day, _CHANGE)
        yield begins, change
        yield change, ends
