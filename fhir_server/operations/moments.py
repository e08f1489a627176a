"""Times as operations take and write them: now, a day, the last moment before another."""

from __future__ import annotations

import datetime as dt
import re

from fhir_server.fhir.outcome import invalid
from fhir_server.interactions.context import Context
from fhir_server.operations.operation import Call
from fhir_server.sweden.periods import bounds

_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")
_FRACTION = re.compile(r"\.(\d+)")


def now_of(context: Context) -> dt.datetime:
    """Give this moment in the server's zone."""
    return dt.datetime.now(context.server.settings.zone)


def now_text(context: Context) -> str:
    """Give this moment, to the millisecond, in the server's zone.

    Finer than a second, so that what is changed twice in a second has two periods.
    """
    return now_of(context).isoformat(timespec="milliseconds")


def require_day_or_moment(text: str, name: str) -> str:
    """Refuse a month or a year, which say of no moment whether it is before or after."""
    try:
        dt.datetime.fromisoformat(text)
        last_before(text)
    except (ValueError, OverflowError):
        text = f"{name} must be a day such as 2026-11-30, or a moment."
        raise invalid(text, name, "value") from None
    return text


def said_or_now(call: Call, name: str = "at") -> str:
    """Give when it happened that an operation records, as FHIR writes it: as the call says, or now.

    Raises:
        FhirError: 400, the parameter is a month or a year, or lies ahead.
    """
    text = call.arguments.get(name)
    if text is None:
        return now_text(call.context)
    said = bounds(require_day_or_moment(text, name))
    if said is not None and said[0] > now_of(call.context):
        raise invalid(f"{name} must not lie ahead: it is when it happened.", name, "value")
    return str(text)


def first_of(text: str, now: dt.datetime) -> dt.datetime:
    """Give the first moment of what `said_or_now` gave."""
    said = bounds(text)
    return said[0] if said else now


def last_before(start: str) -> str:
    """Give the end of a period that another follows without a gap.

    R4 includes the whole of what ``period.end`` names: its day, its second, its millisecond. So the
    end is one such step before the start of what follows.

    Args:
        start: a day or a moment, as FHIR writes it.
    """
    if _DAY.match(start):
        return (dt.date.fromisoformat(start) - dt.timedelta(days=1)).isoformat()
    fraction = _FRACTION.search(start)
    digits = min(len(fraction[1]), 6) if fraction else 0
    moment = dt.datetime.fromisoformat(start) - dt.timedelta(microseconds=10 ** (6 - digits))
    written = moment.isoformat(timespec="microseconds")
    whole, rest = written[:19], written[26:]
    return f"{whole}.{written[20 : 20 + digits]}{rest}" if digits else f"{whole}{rest}"
