"""Days and moments in the sentences of the law: fredag 6 mars 2026 klockan 10.15."""

from __future__ import annotations

from datetime import date, datetime

from fhir_server.sweden.periods import STOCKHOLM

_MONTHS = (
    "januari februari mars april maj juni juli augusti september oktober november december".split()
)
_WEEKDAYS = "måndag tisdag onsdag torsdag fredag lördag söndag".split()


def day_words(day: date) -> str:
    """Give a day with its weekday: fredag 6 mars 2026."""
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def moment_words(moment: datetime) -> str:
    """Give a moment in Sweden: fredag 6 mars 2026 klockan 10.15."""
    local = moment.astimezone(STOCKHOLM)
    return f"{day_words(local.date())} klockan {local:%H.%M}"
