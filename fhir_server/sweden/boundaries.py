"""Bounds of periods as FHIR spells them, so that one period ends exactly where the next begins.

FHIR's end takes in what it names: the end before ``2026-05-01`` is ``2026-04-30``, the one before
``2026-05-01T12:00:00+02:00`` is ``2026-05-01T11:59:59+02:00``.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from fhir_server.sweden.periods import INSTANT, STOCKHOLM, Period

_SECOND = timedelta(seconds=1)


def spelled(period: Period) -> dict[str, str]:
    """Give a FHIR Period; `periods.read` reads the same period from it."""
    found = {}
    if period.start is not None:
        found["start"] = start_text(period.start)
    if period.end is not None:
        found["end"] = end_text(period.end)
    return found


def start_text(first: datetime) -> str:
    """Give the shortest date or dateTime that begins at a moment."""
    local = first.astimezone(STOCKHOLM)
    if _is_midnight(local):
        return local.date().isoformat()
    return _time_text(local, fine=bool(local.microsecond))


def end_text(after: datetime) -> str:
    """Give the date or dateTime whose end is a moment: the first that is outside."""
    local = after.astimezone(STOCKHOLM)
    if _is_midnight(local):
        return (local.date() - timedelta(days=1)).isoformat()
    fine = bool(after.microsecond)
    last = after - (INSTANT if fine else _SECOND)
    # What is named must be as short as what was taken off, zeros included.
    return _time_text(last.astimezone(STOCKHOLM), fine=fine)


def _is_midnight(local: datetime) -> bool:
    return local.time() == time.min


def _time_text(local: datetime, *, fine: bool) -> str:
    return local.isoformat(timespec="microseconds" if fine else "seconds")
