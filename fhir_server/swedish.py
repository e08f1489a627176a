"""Dates, times, lists and telephone numbers as people in Sweden write them.

Source: Svenska skrivregler (dates and times), Myndigheternas skrivregler, RFC 3966 (tel:).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MONTHS = (
    "januari februari mars april maj juni juli augusti september oktober november december".split()
)
WEEKDAYS = {
    "mon": "måndag",
    "tue": "tisdag",
    "wed": "onsdag",
    "thu": "torsdag",
    "fri": "fredag",
    "sat": "lördag",
    "sun": "söndag",
}
ALWAYS = "alla dagar"
STOCKHOLM = ZoneInfo("Europe/Stockholm")
_ORDER = tuple(WEEKDAYS)
_LONG = tuple(WEEKDAYS.values())
_PHONE = re.compile(r"\+?\d[\d\s()/–-]*\d")
# In a running text: a number with its area code, nothing that might be a room or a date.
_LONG_PHONE = re.compile(r"(?<![\w+-])(?:\+\d{2}|0\d{1,3})[ \d()/–-]{5,}\d(?![\w-])")
_ANY_PHONE = re.compile(rf"{_LONG_PHONE.pattern}|(?<![\w+-])(?:112|1177|11[ ]?414)(?![\w-])")


def day(when: date) -> str:
    """Give a date: 9 mars 2026."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


def long_day(when: date) -> str:
    """Give a date with its weekday: fredag 6 mars 2026."""
    return f"{_LONG[when.weekday()]} {day(when)}"


def moment(when: datetime, zone: ZoneInfo = STOCKHOLM) -> str:
    """Give day and hour: 6 mars 2026 klockan 11."""
    local = when.astimezone(zone)
    return f"{day(local.date())} klockan {clock(local.time())}"


def long_moment(when: datetime, zone: ZoneInfo = STOCKHOLM) -> str:
    """Give weekday, day and minute, as a time limit is told: fredag 6 mars 2026 klockan 10.00."""
    local = when.astimezone(zone)
    return f"{long_day(local.date())} klockan {local:%H.%M}"


def days(first: date, last: date) -> str:
    """Give a period of whole days: 9–13 mars 2026."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(last)}"
    if first.year == last.year:
        return f"{first.day} {MONTHS[first.month - 1]}–{day(last)}"
    return f"{day(first)}–{day(last)}"


def dates(first: date | None, last: date | None) -> str:
    """Give a period of whole days that may be open at either end; empty for always."""
    if first and last:
        return days(first, last)
    if first:
        return f"från och med {day(first)}"
    return f"till och med {day(last)}" if last else ""


def period(start: datetime | None, end: datetime | None, zone: ZoneInfo) -> str:
    """Give a period whose end is the first moment after; empty for always."""
    first = start.astimezone(zone).date() if start else None
    if end is None or _midnight(end, zone):
        return dates(first, end.astimezone(zone).date() - timedelta(days=1) if end else None)
    return f"{day(first)}–{last_day(end, zone)}" if first else f"till {last_day(end, zone)}"


def last_day(end: datetime | None, zone: ZoneInfo) -> str:
    """Give the last day before an end, or its hour where it is not midnight; empty for none."""
    if end is None:
        return ""
    if _midnight(end, zone):
        return day(end.astimezone(zone).date() - timedelta(days=1))
    return moment(end, zone)


def _midnight(moment: datetime, zone: ZoneInfo) -> bool:
    return moment.astimezone(zone).time() == time(0)


def clock(when: time) -> str:
    """Give an hour: 08, or 08.30."""
    return f"{when.hour:02}.{when.minute:02}" if when.minute else f"{when.hour:02}"


def hours(names: Iterable[str], start: time | None, end: time | None) -> str:
    """Give weekdays and hours: måndag–fredag 08–16.

    Args:
        names: ``mon`` … ``sun``; none for every day.
        start: None for the beginning of the day.
        end: None, or midnight, for its end.
    """
    which = weekdays(names) or ALWAYS
    if (start or time(0)) == time(0) and end in (None, time(0)):
        return "dygnet runt" if which == ALWAYS else f"{which} hela dagen"
    until = clock(end) if end and end != time(0) else "24"
    return f"{which} {clock(start or time(0))}–{until}"


def weekdays(names: Iterable[str]) -> str:
    """Give weekdays, neighbours joined: måndag–onsdag och fredag."""
    wanted = sorted({_ORDER.index(name) for name in names if name in _ORDER})
    if len(wanted) == len(_ORDER):
        return ALWAYS
    return _in_runs(wanted, _LONG)


def months(numbers: Iterable[int]) -> str:
    """Give months from 1 to 12, neighbours joined: juni–augusti; empty for all of them."""
    wanted = sorted({number - 1 for number in numbers if 0 < number <= len(MONTHS)})
    return "" if len(wanted) == len(MONTHS) else _in_runs(wanted, MONTHS)


def _in_runs(wanted: Iterable[int], names: Sequence[str]) -> str:
    """Name numbers in order; more than two neighbours become first–last."""
    runs: list[list[int]] = []
    for number in wanted:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts: list[str] = []
    for run in runs:
        spelled = [names[number] for number in run]
        parts += [f"{spelled[0]}–{spelled[-1]}"] if len(spelled) > 2 else spelled
    return listed(parts)


def listed(parts: Sequence[str]) -> str:
    """Join parts: a, b och c."""
    return " och ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def sentence(text: str) -> str:
    """Give a text with a capital first and a full stop last, where it has neither."""
    text = text.strip()
    if not text:
        return ""
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.!?…:' else '.'}"


def telephone(number: str, scheme: str = "tel") -> str:
    """Give the link that calls a number; empty where it does not begin like one.

    Numbers are Swedish where they do not say otherwise; short ones, such as 1177, stay as they are.
    """
    found = _PHONE.match(number.strip())
    if not found:
        return ""
    digits = re.sub(r"\D", "", found[0].replace("(0)", ""))
    if found[0].startswith("+"):
        return f"{scheme}:+{digits}"
    if digits.startswith("00"):
        return f"{scheme}:+{digits[2:]}"
    if digits.startswith("0") and len(digits) >= 6:
        return f"{scheme}:+46{digits[1:]}"
    return f"{scheme}:{digits}" if len(digits) >= 3 else ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text.

    Args:
        text: to show.
        href: where it leads; empty for nowhere.
    """

    text: str
    href: str = ""


def pieces(text: str, *, short: bool = False) -> tuple[Piece, ...]:
    """Give a text in pieces, its telephone numbers as links.

    Args:
        text: to look through.
        short: whether 112, 1177 and 11414 are numbers here and no rooms or amounts.
    """
    found: list[Piece] = []
    position = 0
    for match in (_ANY_PHONE if short else _LONG_PHONE).finditer(text):
        if match.start() > position:
            found.append(Piece(text[position : match.start()]))
        found.append(Piece(match[0], telephone(match[0])))
        position = match.end()
    if position < len(text):
        found.append(Piece(text[position:]))
    return tuple(found)
