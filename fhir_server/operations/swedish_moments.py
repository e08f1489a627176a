"""When and where a meeting is, as a Swedish reader writes it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.pages import swedish
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, extension, items, text
from fhir_server.sweden.periods import bounds

FORMS = {
    "hemma": "Hemma hos personen",
    "digitalt": "Digitalt",
    "mottagning": "På en mottagning eller annan enhet",
    "blandat": "På plats och digitalt",
}
_WEEKDAYS = tuple(swedish.WEEKDAYS.values())


def moment_in_words(said: Any, zone: ZoneInfo) -> str:
    """Give a FHIR date or time: 9 mars 2026, or 9 mars 2026 klockan 13.00; empty for none."""
    found = bounds(said)
    if found is None:
        return ""
    first = found[0].astimezone(zone)
    day = swedish.day(first.date())
    return f"{day} klockan {first:%H.%M}" if "T" in str(said) else day


def when_in_words(meeting: Json, zone: ZoneInfo) -> str:
    """Give when a meeting is: torsdag 12 mars 2026 klockan 13.00–14.00; empty for no time."""
    start, end = bounds(meeting.get("start")), bounds(meeting.get("end"))
    if start is None:
        return ""
    first = start[0].astimezone(zone)
    said = f"{_WEEKDAYS[first.weekday()]} {swedish.day(first.date())} klockan {first:%H.%M}"
    return f"{said}–{end[0].astimezone(zone):%H.%M}" if end else said


def place_in_words(meeting: Json) -> str:
    """Give form and place of a meeting, with the link to the digital one (R66, R91)."""
    form = text(extension(meeting, codes.MEETING_FORM), "valueCode")
    places = [
        text(each, "valueString") or text(each, "valueUrl")
        for _, each in items(meeting, "extension")
        if each.get("url") == codes.MEETING_PLACE
    ]
    return ", ".join(filter(None, (FORMS.get(form, ""), *places)))
