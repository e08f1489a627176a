"""FHIR dates as intervals: ``2026-03`` is a month long, ``2026-03-02T08:10:00Z`` a second.

Source: https://hl7.org/fhir/R4/datatypes.html#dateTime, https://hl7.org/fhir/R4/search.html#date
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_DATE = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
# A time with microseconds and a zone is shorter; only the fraction of a second has no limit.
_SHORT = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def interval(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give the stretch of time that a date, dateTime or instant names.

    Search allows times without seconds; they are read here too.

    Args:
        text: the date as FHIR writes it.
        zone: what a date or time without an offset is local to.

    Returns:
        First moment and first moment after, aware, in UTC; bounds that datetime can't hold (the
        end of year 9999) are the nearest it can.

    Raises:
        ValueError: the text is no FHIR date.
    """
    return _remembered(text, zone) if len(text) <= _SHORT else _interval(text, zone)


def _interval(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError("not a FHIR date, dateTime or instant")
    parts = match.groupdict()
    if parts["hour"] is not None:
        return _time_interval(parts, zone)
    year, month, day = int(parts["year"]), int(parts["month"] or 1), int(parts["day"] or 1)
    start = datetime(year, month, day, tzinfo=zone)
    if parts["day"]:
        end = _next_day(start)
    elif parts["month"]:
        end = _at(year + month // 12, month % 12 + 1, zone)
    else:
        end = _at(year + 1, 1, zone)
    return _utc(start), _utc(end)


# Dates repeat, within a resource most of all.
_remembered = lru_cache(maxsize=1024)(_interval)


def _time_interval(parts: dict[str, str | None], zone: ZoneInfo) -> tuple[datetime, datetime]:
    numbers = [int(parts[name] or 0) for name in ("year", "month", "day", "hour", "minute")]
    second = int(parts["second"] or 0)
    if second > 60:
        raise ValueError("second must be in 0..60")
    fraction = (parts["fraction"] or "")[:6]
    local = datetime(*numbers, tzinfo=_zone(parts["zone"], zone))  # type: ignore[misc, arg-type]
    # 60 is a leap second, which datetime counts as the second after.
    past_minute = timedelta(seconds=second, microseconds=int(fraction.ljust(6, "0")))
    # The last moment of all begins one before it, as no stretch of time is empty.
    start = min(_after(_utc(local), past_minute), _LATEST - _MICROSECOND)
    return start, _after(start, _precision(parts["second"], fraction))


def _precision(second: str | None, fraction: str) -> timedelta:
    if second is None:
        return timedelta(minutes=1)
    return timedelta(microseconds=10 ** (6 - len(fraction)))


def _zone(text: str | None, default: ZoneInfo) -> tzinfo:
    if text is None:
        return default
    if text == "Z":
        return UTC
    # fromisoformat refuses offsets out of range.
    zone = datetime.fromisoformat(f"2000-01-01T00:00:00{text}").tzinfo
    assert zone is not None  # noqa: S101 - the pattern has an offset
    return zone


def _at(year: int, month: int, zone: ZoneInfo) -> datetime:
    return datetime(year, month, 1, tzinfo=zone) if year <= 9999 else _LATEST


def _next_day(start: datetime) -> datetime:
    # Adding a day to a local midnight gives the next local midnight, 23 to 25 hours on.
    try:
        return start + timedelta(days=1)
    except OverflowError:
        return _LATEST


def _after(start: datetime, length: timedelta) -> datetime:
    try:
        return start + length
    except OverflowError:
        return _LATEST


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return _EARLIEST if moment.year == 1 else _LATEST


def micros(moment: datetime) -> int:
    """Count the microseconds since 1970-01-01 UTC, exactly.

    Args:
        moment: an aware datetime.
    """
    return (moment - _EPOCH) // _MICROSECOND


def instant_text(count: int) -> str:
    """Write microseconds since 1970-01-01 as a FHIR instant in UTC, to the millisecond if exact."""
    seconds, rest = divmod(count, 1_000_000)
    fraction = f"{rest:06d}" if rest % 1000 else f"{rest // 1000:03d}"
    return f"{_second_text(seconds)}.{fraction}Z"


# What is written together is of the same few seconds.
@lru_cache(maxsize=64)
def _second_text(seconds: int) -> str:
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment.replace(tzinfo=None).isoformat(timespec="seconds")
