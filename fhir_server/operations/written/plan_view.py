"""The written plan in plain Swedish: one value for the page, the PDF and the FHIR document.

R76, R81, R89, R91, R92, R96, R114, R118; the sections of the SIP form (DOMAIN 4.1). The person's
own words come first, then who does what. It says nothing that is not stored: what is missing is
left out, but for the four things the law asks of a SIP (HSL 16 kap. 4 §, SoL 10 kap. 8 §), whose
absence is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from fhir_server import swedish
from fhir_server.operations import swedish_moments
from fhir_server.operations.contacts.contact_card import Contact
from fhir_server.operations.written import plan_meetings, plan_sections, plan_terms, plan_words
from fhir_server.operations.written.plan_telling import Telling
from fhir_server.pages.writing import Row, Section, Writing, facts, filled, row, section
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, concept_codes, extension, items, text
from fhir_server.sweden.people import name_of
from fhir_server.sweden.periods import read

SIP_TITLE = "Samordnad individuell plan (SIP)"
_STATES = {
    "draft": "Utkast. Planen gäller inte än.",
    "active": "Planen gäller",
    "on-hold": "Planen är pausad.",
    "revoked": "Planen gäller inte längre.",
    "completed": "Planen är avslutad.",
    "entered-in-error": "Planen är felaktigt registrerad och gäller inte.",
    "unknown": "Det är oklart om planen gäller.",
}
_ENDED = {"completed": "avslutades", "revoked": "slutade gälla"}
DISCREET = (
    "Skyddade personuppgifter. Förvara planen så att ingen obehörig ser den, och lämna inte ut "
    "den utan att fråga."
)


def written(told: Telling) -> Writing:
    """Give the whole plan in words.

    Args:
        told: the plan with what it refers to, who reads, and when.
    """
    plan = told.source
    return Writing(
        title=title_of(plan),
        holder=name_of(told.gathered.patient),
        about=whose(told.gathered.patient, told.zone),
        notices=tuple(_notices(told)),
        state=_state(plan, told.zone),
        sections=filled(_sections(told)),
        made=f"Kopian är gjord {swedish.day(told.now.astimezone(told.zone).date())}.",
    )


def title_of(plan: Json) -> str:
    """Give what a plan is called."""
    if is_sip(plan):
        return SIP_TITLE
    return text(plan, "title") or "Vård- och omsorgsplan"


def is_sip(plan: Json) -> bool:
    """Tell whether a plan is a SIP."""
    return codes.SIP in concept_codes(plan, "category", codes.CARE_PLAN_CATEGORY)


def whose(patient: Json, zone: ZoneInfo) -> str:
    """Give the identity number, or else the day of birth, of whose document it is."""
    numbers = {
        text(each, "system"): text(each, "value") for _, each in items(patient, "identifier")
    }
    for systems, label in (
        (codes.PERSONNUMMER_SYSTEMS, "Personnummer"),
        (codes.SAMORDNINGSNUMMER_SYSTEMS, "Samordningsnummer"),
        (codes.RESERVNUMMER_SYSTEMS, "Reservnummer"),
    ):
        for system in systems:
            if number := numbers.get(system):
                return f"{label} {number[:8]}-{number[8:]}" if len(number) == 12 else number
    born = swedish_moments.on_day(patient.get("birthDate"), zone)
    return f"Född {born}" if born else ""


def _notices(told: Telling) -> Iterator[str]:
    if told.source.get("status") in plan_terms.OVER:
        yield "Planen gäller inte längre. Den visas för att du ska kunna se vad som var bestämt."
    if told.gathered.protected:
        yield DISCREET
    if told.recipient is not None:
        hidden = [words for code, words in plan_words.INFORMATION.items() if code not in told.may]
        what = f" Det här är inte med: {swedish.listed(hidden)}." if hidden else ""
        called = told.recipient.name
        yield f"Kopia till {called}. Den visar bara det som samtycket låter mottagaren se.{what}"


def _state(plan: Json, zone: ZoneInfo) -> str:
    said = _STATES.get(text(plan, "status"), "")
    period, closed = read(plan), extension(plan, codes.PLAN_END)
    if plan.get("status") == "active" and period.start:
        start = swedish.day(period.start.astimezone(zone).date())
        until = f" till och med {swedish.last_day(period.end, zone)}" if period.end else ""
        return f"{said} från och med {start}{until}."
    at = swedish_moments.on_day(extension(closed, "at").get("valueDateTime"), zone)
    if plan.get("status") in ("completed", "revoked") and at:
        said = f"Planen {_ENDED[text(plan, 'status')]} {at}"
    reason = plan_words.END_REASON.get(text(extension(closed, "reason"), "valueCode"), "")
    return plan_words.sentences(said, reason)


def _sections(told: Telling) -> Iterator[Section]:
    yield _lead(told)
    yield plan_sections.own_words(told)
    yield plan_sections.needs(told)
    yield plan_sections.goals(told)
    yield plan_sections.activities(told, missing=is_sip(told.source))
    yield plan_sections.contacts(told)
    yield plan_sections.worse(told)
    yield plan_sections.follow_ups(told)
    yield plan_meetings.meetings(told)
    yield plan_meetings.participants(told)
    yield plan_sections.health(told)
    yield plan_sections.other_plans(told)
    yield plan_terms.consent(told)
    yield plan_terms.about_the_plan(told)
    yield plan_terms.rights(told, sip=is_sip(told.source))
    yield plan_terms.signatures(told)


def _lead(told: Telling) -> Section:
    """Say what matters most: who answers for the whole, whom to ring, when it is looked at."""
    rows: list[Row | None] = [*_responsible(told)]
    if told.card and told.sees("kontakter"):
        first = told.card.contacts[0]
        rows.append(_turn_to(first))
    rows.append(_next_follow_up(told))
    rows.append(plan_meetings.next_meeting(told))
    return section("viktigast", "Det viktigaste", facts(*rows), tone="lead")


def _turn_to(contact: Contact) -> Row | None:
    """Say whom to ring first; whom to write to, where no telephone is known."""
    ways = [way for way in contact.ways + contact.other_ways if way.href]
    rings = [way for way in ways if way.href.startswith("tel:")]
    who = contact.name or contact.about
    way = next(iter(rings or ways), None)
    label = "Ring i första hand" if rings or not ways else "Kontakta i första hand"
    return row(label, f"{who}, {way.text}" if way else who)


def _responsible(told: Telling) -> Iterator[Row | None]:
    """Say who answers for the whole plan (R76), and the person who sees to it."""
    plan = told.source
    found = extension(plan, codes.OVERALL_RESPONSIBLE)
    huvudman = plan_words.HUVUDMAN.get(text(extension(found, "huvudman"), "valueCode"), "")
    unit = told.party(child(extension(found, "organization"), "valueReference"), plan)
    person = told.party(child(extension(found, "person"), "valueReference"), plan)
    said = ", ".join(filter(None, [huvudman, unit.name if unit else ""]))
    if not said and is_sip(plan) and not told.recipient and plan.get("status") not in _ENDED:
        said = "Det är inte bestämt än om regionen eller kommunen ansvarar."
    yield row("Ansvarar för helheten", said)
    if person:
        way = next((way.text for way in person.ways if way.href), "")
        yield row("Ansvarig person", ", ".join(filter(None, [person.short, way])))


def _next_follow_up(told: Telling) -> Row | None:
    day = text(extension(extension(told.source, codes.FOLLOW_UP), "date"), "valueDate")
    return row("Nästa uppföljning", swedish_moments.planned(day, told.now, told.zone))
