"""FHIR's dates and times, and where a meeting is, as people in Sweden say them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_server import swedish
from fhir_server.sweden import codes
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.elements import Json, extension, items, text
from fhir_server.sweden.periods import bounds

FORMS = {
    "hemma": "Hemma hos personen",
    "digitalt": "Digitalt",
    "mottagning": "På en mottagning eller annan enhet",
    "blandat": "På plats och digitalt",
}


_AT_HOME = ("hemma", "blandat")


def first_of(value: object) -> datetime | None:
    """Give the first moment of a FHIR date or dateTime; None where it can't be read."""
    found = bounds(value)
    return found[0] if found else None


def on_day(value: object, zone: ZoneInfo) -> str:
    """Give the day of a FHIR date or dateTime: 12 mars 2026; the month or year, if that is all."""
    moment = first_of(value)
    if moment is None or not isinstance(value, str):
        return ""
    day = moment.astimezone(zone).date()
    match value.count("-"):
        case 0:
            return str(day.year)
        case 1:
            return f"{swedish.MONTHS[day.month - 1]} {day.year}"
        case _:
            return swedish.day(day)


def weekday(value: object, zone: ZoneInfo) -> str:
    """Give a day with its weekday: torsdag 12 mars 2026."""
    moment = first_of(value)
    if moment is None:
        return ""
    return swedish.long_day(moment.astimezone(zone).date())


def planned(value: object, now: datetime, zone: ZoneInfo) -> str:
    """Give a day that something is planned for; of one that is over, that it was."""
    moment, said = bounds(value), weekday(value, zone)
    return f"var bestämd till {said}" if moment and moment[1] <= now else said


def occasion(start: object, end: object, zone: ZoneInfo) -> str:
    """Give when something happens: torsdag 12 mars 2026 klockan 13–14."""
    first, last = first_of(start), first_of(end)
    if first is None:
        return ""
    begin = first.astimezone(zone)
    said = f"{swedish.long_day(begin.date())} klockan {swedish.clock(begin.time())}"
    if last is None:
        return said
    ending = last.astimezone(zone)
    until = swedish.clock(ending.time())
    if ending.date() == begin.date():
        return f"{said}–{until}"
    return f"{said} till {swedish.long_day(ending.date())} klockan {until}"


def day_and_hour(value: object, zone: ZoneInfo) -> str:
    """Give day and hour: 12 mars 2026 klockan 13.30; the day alone where no hour is said."""
    moment = first_of(value)
    if moment is None:
        return ""
    if not isinstance(value, str) or "T" not in value:
        return on_day(value, zone)
    return swedish.moment(moment, zone)


def places_of(meeting: Json, person: Json) -> list[str]:
    """Give where a meeting is, and the link to the digital one (R66, R91).

    Never the home of somebody whose address is protected (R118): that is where it is where no other
    form is said.

    Args:
        meeting: the Appointment.
        person: the Patient it is about.
    """
    form = text(extension(meeting, codes.MEETING_FORM), "valueCode")
    at_home = is_protected(person) and (form in _AT_HOME or not form)
    places = [
        text(each, "valueString") or text(each, "valueUrl")
        for _, each in items(meeting, "extension")
        if each.get("url") == codes.MEETING_PLACE
    ]
    return [place for place in places if place and (not at_home or "://" in place)]


def place_in_words(meeting: Json, person: Json) -> str:
    """Give form and place of a meeting as `places_of`."""
    form = text(extension(meeting, codes.MEETING_FORM), "valueCode")
    return ", ".join(filter(None, (FORMS.get(form, ""), *places_of(meeting, person))))
