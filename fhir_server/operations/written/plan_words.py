"""FHIR's codes in a plan as plain Swedish, and dates as people say them."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from fhir_server.pages import swedish
from fhir_server.sweden.elements import Json, child, items, text
from fhir_server.sweden.periods import bounds, read

_WEEKDAYS = tuple(swedish.WEEKDAYS.values())
# https://hl7.org/fhir/R4/valueset-care-plan-activity-status.html
ACTIVITY = {
    "not-started": "inte påbörjat",
    "scheduled": "planerat",
    "in-progress": "pågår",
    "on-hold": "pausat",
    "completed": "klart",
    "cancelled": "blir inte av",
    "stopped": "avslutat i förtid",
    "unknown": "",
    "entered-in-error": "felaktigt registrerat",
}
# https://hl7.org/fhir/R4/valueset-goal-achievement.html
ACHIEVEMENT = {
    "in-progress": "på väg",
    "improving": "det går framåt",
    "worsening": "det har blivit svårare",
    "no-change": "ingen förändring",
    "achieved": "uppnått",
    "sustaining": "uppnått och håller i sig",
    "not-achieved": "inte uppnått",
    "no-progress": "ingen förändring än",
    "not-attainable": "går inte att nå",
}
# https://hl7.org/fhir/R4/valueset-participationstatus.html
ANSWER = {
    "accepted": "kommer",
    "declined": "kan inte komma",
    "tentative": "kanske",
    "needs-action": "har inte svarat",
}
# https://hl7.org/fhir/R4/valueset-appointmentstatus.html
MEETING = {
    "proposed": "föreslaget, tiden är inte bestämd",
    "pending": "inväntar svar",
    "booked": "bestämt",
    "waitlist": "väntar på en tid",
}
MEETING_FORM = {
    "hemma": "Hemma hos dig",
    "digitalt": "Digitalt möte",
    "mottagning": "På en mottagning eller annan enhet",
    "blandat": "På plats och digitalt",
}
CHANNEL = {
    "besok": "vid ett besök",
    "telefon": "per telefon",
    "video": "på video",
    "brev": "med brev",
    "1177": "i 1177",
}
CONSENT_FORM = {"muntligt": "muntligt", "skriftligt": "skriftligt"}
INFORMATION = {
    "beskrivning": "personens egna ord",
    "behov": "behov",
    "halsotillstand": "hälsotillstånd och diagnoser",
    "mal": "mål",
    "insatser-region": "regionens insatser",
    "insatser-kommun": "kommunens insatser",
    "insatser-annan": "vad andra gör",
    "kontakter": "kontakter och deltagare",
    "uppfoljning": "uppföljning",
}
DECISION = {
    "fortsatt": "Planen fortsätter som den är.",
    "andras": "Planen ändras.",
    "avslutas": "Planen avslutas.",
}
END_REASON = {
    "mal-uppnadda": "Målen är uppnådda.",
    "behov-upphort": "Behovet av samordning har upphört.",
    "samtycke-aterkallat": "Samtycket är taget tillbaka.",
    "ersatt": "En ny plan har ersatt den.",
    "flyttat": "Personen har flyttat.",
    "avliden": "Personen har avlidit.",
    "annat": "",
}
HUVUDMAN = {"region": "Regionen", "kommun": "Kommunen", "annan": "Andra"}
_UNITS = {"h": "timmar", "d": "dagar", "wk": "veckor", "mo": "månader", "a": "år"}
_PER = {"h": "i timmen", "d": "om dagen", "wk": "i veckan", "mo": "i månaden", "a": "om året"}


def sentences(*parts: str) -> str:
    """Join texts, each as a sentence."""
    return " ".join(swedish.sentence(part) for part in parts if part.strip())


def moment_of(value: object) -> datetime | None:
    """Give the first moment of a FHIR date or dateTime; None where it can't be read."""
    found = bounds(value)
    return found[0] if found else None


def on_day(value: object, zone: ZoneInfo) -> str:
    """Give the day of a FHIR date or dateTime: 12 mars 2026; the month or year, if that is all."""
    moment = moment_of(value)
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
    moment = moment_of(value)
    if moment is None:
        return ""
    return _with_weekday(moment.astimezone(zone).date())


def planned(value: object, now: datetime, zone: ZoneInfo) -> str:
    """Give a day that something is planned for; of one that is over, that it was."""
    moment, said = bounds(value), weekday(value, zone)
    return f"var bestämd till {said}" if moment and moment[1] <= now else said


def occasion(start: object, end: object, zone: ZoneInfo) -> str:
    """Give when something happens: torsdag 12 mars 2026 klockan 13–14."""
    first, last = moment_of(start), moment_of(end)
    if first is None:
        return ""
    begin = first.astimezone(zone)
    said = f"{_with_weekday(begin.date())} klockan {swedish.clock(begin.time())}"
    if last is None:
        return said
    ending = last.astimezone(zone)
    until = swedish.clock(ending.time())
    if ending.date() == begin.date():
        return f"{said}–{until}"
    return f"{said} till {_with_weekday(ending.date())} klockan {until}"


def clock_of(value: object, zone: ZoneInfo) -> str:
    """Give day and hour: 12 mars 2026 klockan 13.30; the day alone where no hour is said."""
    moment = moment_of(value)
    if moment is None:
        return ""
    if not isinstance(value, str) or "T" not in value:
        return on_day(value, zone)
    local = moment.astimezone(zone)
    return f"{swedish.day(local.date())} klockan {swedish.clock(local.time())}"


def scheduled(detail: Json, zone: ZoneInfo) -> str:
    """Give when an insats is done, from ``scheduled[x]``."""
    if words := text(detail, "scheduledString"):
        return words
    if "scheduledPeriod" in detail:
        period = read(detail, "scheduledPeriod")
        return swedish.period(period.start, period.end, zone)
    return _timing(child(detail, "scheduledTiming"), zone)


def _timing(timing: Json, zone: ZoneInfo) -> str:
    if words := text(child(timing, "code"), "text"):
        return words
    repeat = child(timing, "repeat")
    days = [day for day in repeat.get("dayOfWeek", ()) if isinstance(day, str)]
    said = [_frequency(repeat), swedish.weekdays(days) if days else ""]
    period = read(repeat, "boundsPeriod")
    said.append(swedish.period(period.start, period.end, zone))
    return ", ".join(part for part in said if part)


def _frequency(repeat: Json) -> str:
    unit, each, times = repeat.get("periodUnit"), repeat.get("period", 1), repeat.get("frequency")
    if unit not in _UNITS:
        return ""
    count = f"{times or 1} {'gång' if times in (None, 1) else 'gånger'}"
    if each == 1:
        return f"{count} {_PER[unit]}"
    if (each, unit, times or 1) == (2, "wk", 1):
        return "varannan vecka"
    return f"{count} på {each} {_UNITS[unit]}"


def concept(value: Json) -> str:
    """Give a CodeableConcept in words: its text, else a display."""
    displays = [text(coding, "display") for _, coding in items(value, "coding")]
    return text(value, "text") or next(filter(None, displays), "")


def _with_weekday(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {swedish.day(day)}"
