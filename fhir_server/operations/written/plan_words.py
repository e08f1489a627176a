"""FHIR's codes in a plan as plain Swedish, and dates as people say them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fhir_server import swedish
from fhir_server.sweden.elements import Json, child, text
from fhir_server.sweden.periods import read

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
    "samtycke-upphort": "Samtycket gäller inte längre.",
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
