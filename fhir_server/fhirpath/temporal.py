"""Dates, times and dateTimes with their precision, compared and moved as FHIRPath asks.

Source: http://hl7.org/fhirpath/N1/#datetime-equality, http://hl7.org/fhirpath/N1/#comparison,
http://hl7.org/fhirpath/N1/#datetime-arithmetic
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal as OneOf

from fhir_server.fhirpath.errors import FhirPathError

Kind = OneOf["date", "dateTime", "time"]

_CLOCK = r"([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?)?)?"
_DATE_TIME = re.compile(
    rf"([0-9]{{4}})(?:-([0-9]{{2}})(?:-([0-9]{{2}}))?)?(T(?:{_CLOCK}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?)?"
)
_TIME = re.compile(rf"T?{_CLOCK}")
_HIGHEST = (9999, 12, 31, 23, 59, 60, 999_999_999)
_LOWEST = (1, 1, 1, 0, 0, 0, 0)

# Where a dateTime without an offset may be: from UTC+14 to UTC-12.
_FARTHEST = (14 * 60, -12 * 60)

_SECONDS: dict[str, int | Decimal] = {
    "week": 7 * 86_400,
    "day": 86_400,
    "hour": 3_600,
    "minute": 60,
    "second": 1,
    "millisecond": Decimal("0.001"),
}


class Temporal:
    """A date, dateTime or time.

    Args:
        kind: which of them.
        parts: year, month, day, hour, minute, second with nanoseconds as far as they are known;
            of a time only the last three. Seconds and what is below count as one part.
        offset: from UTC, in minutes; None where it is not given.
        text: as written.
    """

    __slots__ = ("key", "kind", "offset", "parts", "text")

    def __init__(
        self, kind: Kind, parts: tuple[int, ...], offset: int | None, text: str | None = None
    ) -> None:
        self.kind: Kind = kind
        self.parts = parts
        self.offset = offset
        self.key = parts if offset is None else _shifted(parts, -offset)
        self.text = _written(kind, parts, offset) if text is None else text

    def __repr__(self) -> str:
        return f"<{self.kind} {self.text}>"

    @property
    def day(self) -> Temporal:
        """The date of a dateTime."""
        return Temporal("date", self.parts[:3], None)

    @property
    def exact(self) -> tuple[object, ...]:
        """What is the same for two that are equal, and hashable."""
        return (self.kind == "time", self.offset is None or len(self.key) < 4, self.key)


def parsed(text: str, kind: str) -> Temporal | None:
    """Read a date, dateTime or time; None for what is none."""
    return {"date": date, "dateTime": date_time, "time": time}[kind](text)


# A cache asked by one string is the fastest there is.
@lru_cache(maxsize=1024)
def date(text: str) -> Temporal | None:
    """Read a date."""
    return _dated(text, "date")


@lru_cache(maxsize=1024)
def date_time(text: str) -> Temporal | None:
    """Read a dateTime; a date is one without a time."""
    return _dated(text, "dateTime")


@lru_cache(maxsize=1024)
def time(text: str) -> Temporal | None:
    """Read a time."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    parts = tuple(_clock(match.group(1, 2, 3, 4)))
    return Temporal("time", parts, None, text.removeprefix("T")) if _possible(parts, 3) else None


def _dated(text: str, kind: str) -> Temporal | None:
    match = _DATE_TIME.fullmatch(text)
    if match is None or (kind == "date" and match[4]):
        return None
    numbers = [int(part) for part in match.group(1, 2, 3) if part]
    if match[5] and len(numbers) < 3:
        return None
    numbers += _clock(match.group(5, 6, 7, 8))
    parts = tuple(numbers)
    if not _possible(parts, 0):
        return None
    own: Kind = "dateTime" if kind == "dateTime" or match[4] else "date"
    offset = _offset(match[9])
    if offset is not None and not -14 * 60 <= offset <= 14 * 60:
        return None
    return Temporal(own, parts, offset, text.removesuffix("T"))


def _clock(texts: tuple[str | None, ...]) -> list[int]:
    numbers = [int(part) for part in texts[:3] if part]
    if len(numbers) == 3:
        numbers.append(int((texts[3] or "0").ljust(9, "0")))
    return numbers


def _possible(parts: tuple[int, ...], first: int) -> bool:
    ranges = zip(parts, _LOWEST[first:], _HIGHEST[first:], strict=False)
    if not all(low <= part <= high for part, low, high in ranges):
        return False
    return first > 0 or len(parts) < 3 or parts[2] <= monthrange(parts[0], parts[1])[1]


def _offset(text: str | None) -> int | None:
    if not text:
        return None
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes


def _shifted(parts: tuple[int, ...], minutes: int) -> tuple[int, ...]:
    """Move by minutes, keeping the precision; what leaves the calendar stays where it is."""
    if not minutes or len(parts) < 5:
        return parts if len(parts) != 4 or minutes % 60 else _shifted_hours(parts, minutes)
    try:
        moved = datetime(*parts[:5]) + timedelta(minutes=minutes)  # type: ignore[arg-type]
    except OverflowError:
        return parts
    return (moved.year, moved.month, moved.day, moved.hour, moved.minute, *parts[5:])


def _shifted_hours(parts: tuple[int, ...], minutes: int) -> tuple[int, ...]:
    return _shifted((*parts, 0), minutes)[:4] if minutes else parts


def compare(one: Temporal, other: Temporal) -> int | None:
    """Order two of them.

    Returns:
        Negative, zero, positive; None where their precision, or an offset that is not given,
        leaves it open.
    """
    if (one.offset is None) is (other.offset is None):
        return _ordered(one.key, other.key)
    if len(one.parts) < 4 or len(other.parts) < 4:
        return _ordered(one.parts, other.parts)
    if one.offset is None:
        found = {_ordered(_shifted(one.parts, -minutes), other.key) for minutes in _FARTHEST}
    else:
        found = {_ordered(one.key, _shifted(other.parts, -minutes)) for minutes in _FARTHEST}
    return found.pop() if len(found) == 1 else None


def _ordered(one: tuple[int, ...], other: tuple[int, ...]) -> int | None:
    if len(one) == len(other):
        return (one > other) - (one < other)
    shared = min(len(one), len(other))
    head, tail = one[:shared], other[:shared]
    return (head > tail) - (head < tail) or None


def moved(start: Temporal, amount: Decimal, unit: str) -> Temporal:
    """Add a duration.

    Args:
        amount: how much; negative to go back.
        unit: a calendar unit in the singular.

    Raises:
        FhirPathError: the unit does not fit the kind.
        OverflowError: the result leaves the calendar.
    """
    if start.kind == "time":
        return _moved_time(start, amount, unit)
    if start.kind == "date" and unit not in ("year", "month", "week", "day"):
        raise FhirPathError(f"A date can't be moved by a {unit}; a dateTime can.")
    known = len(start.parts)
    if unit in ("year", "month"):
        months = int(amount) * (12 if unit == "year" else 1)
        if known == 1:
            months = int(months / 12) * 12
        return _moved_months(start, months)
    if known < 3:
        # The duration counts in what is known: 2014 + 24 months is 2016.
        days = amount * _SECONDS[unit] / 86_400
        return _moved_months(start, int(days / 365) * 12 if known == 1 else int(days / 30))
    return _moved_seconds(start, _whole(amount, unit) * _SECONDS[unit])


def _whole(amount: Decimal, unit: str) -> Decimal:
    # Fractions count for seconds and below only.
    return amount if unit in ("second", "millisecond") else Decimal(int(amount))


def _moved_months(start: Temporal, months: int) -> Temporal:
    year, month, *rest = (*start.parts, 1) if len(start.parts) == 1 else start.parts
    count = year * 12 + month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError
    if rest:
        rest[0] = min(rest[0], monthrange(year, month)[1])
    parts = (year, month, *rest)[: len(start.parts)]
    return Temporal(start.kind, parts, start.offset)


def _moved_seconds(start: Temporal, seconds: Decimal) -> Temporal:
    parts = start.parts
    known = len(parts)
    nanoseconds = parts[6] if known == 7 else 0
    total = nanoseconds + int(seconds * 1_000_000_000)
    whole, nanoseconds = divmod(total, 1_000_000_000)
    at = datetime(*(*parts[:6], 0, 0, 0)[:6]) + timedelta(seconds=whole)  # type: ignore[arg-type]
    filled = (at.year, at.month, at.day, at.hour, at.minute, at.second, nanoseconds)
    return Temporal(start.kind, filled[:known], start.offset)


def _moved_time(start: Temporal, amount: Decimal, unit: str) -> Temporal:
    if unit not in ("hour", "minute", "second", "millisecond"):
        raise FhirPathError(f"A time can't be moved by a {unit}.")
    on_a_day = Temporal("dateTime", (2000, 1, 1, *start.parts), None)
    seconds = _whole(amount, unit) * _SECONDS[unit] % 86_400
    return Temporal("time", _moved_seconds(on_a_day, Decimal(seconds)).parts[3:], None)


def _written(kind: Kind, parts: tuple[int, ...], offset: int | None) -> str:
    dates = () if kind == "time" else parts[:3]
    clock = parts if kind == "time" else parts[3:]
    text = "-".join(f"{part:0{4 if n == 0 else 2}}" for n, part in enumerate(dates))
    if not clock:
        return text
    text = f"{text}T" if dates else ""
    text += ":".join(f"{part:02}" for part in clock[:3])
    if len(clock) == 4 and clock[3]:
        text += (
            f".{clock[3]:09}".rstrip("0") if clock[3] % 1_000_000 else f".{clock[3] // 10**6:03}"
        )
    if offset is None:
        return text
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    return text + (f"{sign}{minutes // 60:02}:{minutes % 60:02}" if offset else "Z")


def now() -> Temporal:
    """Give this moment in UTC, to the millisecond."""
    at = datetime.now(UTC)
    parts = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    return Temporal("dateTime", (*parts, at.microsecond // 1000 * 1_000_000), 0)
