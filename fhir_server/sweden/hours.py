"""Hours and absences, from the elements that FHIR spells them in.

`contact-availability` on a way to reach somebody (R44); `availableTime` and `notAvailable` of a
PractitionerRole (R45).
"""

from __future__ import annotations

from datetime import date, time
from typing import Any

from fhir_server.sweden import codes, periods
from fhir_server.sweden.contact_view import Hours
from fhir_server.sweden.elements import Json, child, items, text
from fhir_server.sweden.periods import Period

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def of_contact_point(element: Json) -> tuple[Hours, ...]:
    """Read the hours of a ContactPoint, or of an Address."""
    return tuple(
        _from_parts(each)
        for _, each in items(element, "extension")
        if each.get("url") == codes.CONTACT_AVAILABILITY
    )


def of_role(role: Json) -> tuple[Hours, ...]:
    """Read when a person works in a PractitionerRole."""
    return tuple(_from_available_time(each) for _, each in items(role, "availableTime"))


def absences(role: Json) -> tuple[Period, ...]:
    """Read when a person does not work at all; without a time, that is always."""
    return tuple(periods.read(each, "during") for _, each in items(role, "notAvailable"))


def clock(value: Any) -> time | None:
    """Read a FHIR time; None for an absent value and for one that can't be read."""
    try:
        return time.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _from_available_time(element: Json) -> Hours:
    days = tuple(day for day in element.get("daysOfWeek", ()) if isinstance(day, str))
    if element.get("allDay") is True:
        return Hours(days)
    return Hours(
        days, clock(element.get("availableStartTime")), clock(element.get("availableEndTime"))
    )


def _from_parts(extension: Json) -> Hours:
    parts = [part for _, part in items(extension, "extension")]
    during = next((child(part, "valuePeriod") for part in parts if part["url"] == "during"), {})
    months = [text(part, "valueCode") for part in parts if part.get("url") == "month"]
    return Hours(
        tuple(text(part, "valueCode") for part in parts if part.get("url") == "daysOfWeek"),
        _time(parts, "availableStartTime"),
        _time(parts, "availableEndTime"),
        tuple(MONTHS.index(month) + 1 for month in months if month in MONTHS),
        _day(during, "start", last=False),
        _day(during, "end", last=True),
    )


def _time(parts: list[Json], name: str) -> time | None:
    return next((clock(part.get("valueTime")) for part in parts if part.get("url") == name), None)


def _day(period: Json, name: str, *, last: bool) -> date | None:
    bounds = periods.bounds(period.get(name))
    if bounds is None:
        return None
    return periods.local_date(bounds[1] - periods.INSTANT if last else bounds[0])
