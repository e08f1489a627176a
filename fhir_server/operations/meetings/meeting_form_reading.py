"""Reads what the form for a SIP meeting says of a stored plan (DOMAIN 4.1).

The form lies on the table before all who take part: no internal note (R114), no address and number
of a person with protected data, no name of protected staff (R118).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server import swedish
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contacts.contact_card import KINDS, ORDER
from fhir_server.operations.meetings.meeting_form_content import (
    Activity,
    Agreement,
    Content,
    Meeting,
    Person,
)
from fhir_server.operations.meetings.sip_meetings import calls_to, representative_of
from fhir_server.operations.operation import Call
from fhir_server.operations.parties import Party, People, lowered
from fhir_server.operations.sip.disclosures import SIP_CONSENTS
from fhir_server.operations.swedish_moments import (
    day_and_hour,
    occasion,
    place_in_words,
)
from fhir_server.sweden import audience, codes, consents, guardians, periods
from fhir_server.sweden.assignments import is_named_contact, kind_of
from fhir_server.sweden.elements import Json, child, extension, items, target, text
from fhir_server.sweden.people import name_of
from fhir_server.sweden.sharing import participants

Resource = dict[str, Any]

HUVUDMEN = {codes.REGION: "Regionen", codes.KOMMUN: "Kommunen", codes.ANNAN: "Annan"}
DECISIONS = {"fortsatt": "Fortsätter", "andras": "Ändras", "avslutas": "Avslutas"}
CHANNELS = {
    "besok": "Vid besök",
    "telefon": "Telefon",
    "video": "Video",
    "brev": "Brev",
    "1177": "1177",
}
CLASSES = {
    "beskrivning": "min egen beskrivning",
    "behov": "behov",
    "halsotillstand": "hälsotillstånd och diagnoser",
    "mal": "mål",
    "insatser-region": "regionens insatser",
    "insatser-kommun": "kommunens insatser",
    "insatser-annan": "andras åtgärder",
    "kontakter": "kontakter och deltagare",
    "uppfoljning": "uppföljning",
}
ACHIEVED = {
    "achieved": "Ja",
    "sustaining": "Ja",
    "improving": "På väg",
    "in-progress": "På väg",
    "no-change": "Inte än",
    "no-progress": "Inte än",
    "worsening": "Inte än",
    "not-achieved": "Nej",
    "not-attainable": "Nej",
}


def content_of(call: Call, plan: Resource, now: dt.datetime) -> Content:
    """Give what is known of a plan.

    Args:
        call: of $meeting-form.
        plan: the CarePlan.
        now: an aware datetime.

    Raises:
        FhirError: 403, the plan is not to be shown to the person, who sits at the table (R113).
    """
    if not audience.may_see(plan, audience.PATIENT):
        said = "The plan is not released to the person, who reads this form at the meeting."
        raise FhirError(Issue("error", "forbidden", said, "CarePlan"), status=403)
    return _Reading(call, plan, now).content()


class _Reading:
    """One plan and what it refers to."""

    def __init__(self, call: Call, plan: Resource, now: dt.datetime) -> None:
        self._finder = Finder(call.context.server, call.context.store)
        self._zone: ZoneInfo = call.context.server.settings.zone
        self._plan = plan
        self._now = now
        self._subject = target(child(plan, "subject")).literal
        self._people = People(self._finder, now, self._subject)
        self._patient = self._people.read(self._subject) or {}
        self._protected = audience.is_protected(self._patient)
        self._people.read_ahead(
            [*participants(plan), *(each for _, each in items(plan, "goal")), *self._named_parts()]
        )

    def content(self) -> Content:
        """Give all of it."""
        plan = self._plan
        responsible = extension(plan, codes.OVERALL_RESPONSIBLE)
        follow_up = extension(plan, codes.FOLLOW_UP)
        activities = list(self._activities())
        return Content(
            person=self._person(),
            agreement=self._agreement(),
            meeting=self._meeting(),
            now=text(plan, "description"),
            matters=self._said(codes.WHAT_MATTERS),
            needs=tuple(self._all_said(codes.SIP_NEED)),
            goals=tuple(self._goals()),
            activities=tuple(a for code, a in activities if code != codes.ANNAN),
            others=tuple(a for code, a in activities if code == codes.ANNAN),
            overall=text(extension(responsible, "huvudman"), "valueCode"),
            overall_unit=self._who(responsible, "organization").name,
            overall_person=_with_phone(self._who(responsible, "person")),
            contacts=tuple(self._contacts()),
            crisis=self._said(codes.CRISIS_PLAN),
            follow_up=self._in_words(extension(follow_up, "date").get("valueDate")),
            follow_up_by=_with_phone(self._who(follow_up, "responsible")),
            evaluations=tuple(self._evaluations()),
            copies=tuple(self._copies()),
        )

    def _in_words(self, said: Any) -> str:
        return day_and_hour(said, self._zone)

    def _each(self, url: str) -> Iterator[Json]:
        return (each for _, each in items(self._plan, "extension") if each.get("url") == url)

    def _all_said(self, url: str) -> Iterator[str]:
        return (text(each, "valueString") for each in self._each(url))

    def _said(self, url: str) -> str:
        return next(self._all_said(url), "")

    def _who(self, held: Json, part: str) -> Party:
        return self._people.who(child(extension(held, part), "valueReference"))

    def _named_parts(self) -> Iterator[Json]:
        yield child(extension(self._plan, codes.SIP_INITIATOR), "valueReference")
        for url in (codes.SIP_MEETING_LINK, codes.COPY_GIVEN, codes.PLAN_EVALUATION):
            for found in self._each(url):
                yield child(found, "valueReference")
                yield from (child(part, "valueReference") for _, part in items(found, "extension"))

    def _person(self) -> Person:
        patient = self._patient
        relatives = list(self._finder.search("RelatedPerson", patient=self._subject))
        custody = guardians.guardians_of(patient, relatives, self._now)
        named = [self._people.who({"reference": each}) for each in custody]
        languages = [
            text(child(each, "language"), "text") or _display(child(each, "language"))
            for _, each in items(patient, "communication")
        ]
        phones = [t for _, t in items(patient, "telecom") if t.get("system") == "phone"]
        return Person(
            name=name_of(patient),
            number="" if self._protected else _number(patient),
            address="Skyddad" if self._protected else _address(patient),
            phone="" if self._protected else next((text(t, "value") for t in phones), ""),
            guardians=swedish.listed([_with_phone(each) for each in named]) if named else "",
            adaptation=", ".join(f"Språk: {each}" for each in languages if each),
        )

    def _agreement(self) -> Agreement:
        found = [
            consent
            for consent in self._finder.search(
                "Consent", patient=self._subject, category=SIP_CONSENTS, status="active"
            )
            if consents.facts_from(consent).period.covers(self._now)
        ]
        of_child = guardians.is_child(self._patient, self._now)
        if not found:
            return Agreement(of_child=of_child)
        facts = [consents.facts_from(each) for each in found]
        denies = any(each.denies for each in facts)
        shown = [e for e, f in zip(found, facts, strict=True) if f.denies == denies]
        rules = [child(each, "provision") for each in shown]
        self._people.read_ahead(r for each in shown for r in _references_of(each))
        by = [self._people.who(r).name for e in shown for _, r in items(e, "performer")]
        actors = [child(a, "reference") for rule in rules for _, a in items(rule, "actor")]
        kinds = [CLASSES.get(text(c, "code"), "") for r in rules for _, c in items(r, "class")]
        view = extension(extension(shown[-1], codes.CHILDS_VIEW), "view")
        return Agreement(
            permits=not denies,
            form=text(extension(shown[-1], codes.CONSENT_FORM), "valueCode"),
            by=_distinct(by),
            day=self._in_words(text(shown[-1], "dateTime")[:10]),
            actors=_distinct([self._people.who(each).name for each in actors], "; ")
            or "Alla som är med",
            kinds=_distinct(kinds) or "Det som behövs för planen",
            period=self._period(rules[-1]),
            childs_view=text(view, "valueString"),
            of_child=of_child,
        )

    def _period(self, held: Json, name: str = "period") -> str:
        """Give a period in words, its days included."""
        period = periods.read(held, name)
        return swedish.period(period.start, period.end, self._zone)

    def _meeting(self) -> Meeting:
        """Give the last meeting that was not called off, or who takes part where there is none."""
        links = [target(child(e, "valueReference")).literal for e in self._each(_MEETING)]
        found = [self._people.read(each) for each in links if each.startswith("Appointment/")]
        standing = [m for m in found if m and m.get("status") not in ("cancelled", "noshow")]
        meeting = standing[-1] if standing else {}
        questions = [text(each, "text") for _, each in items(meeting, "reasonCode")]
        initiator = child(extension(self._plan, codes.SIP_INITIATOR), "valueReference")
        return Meeting(
            initiator=_named(self._people.who(initiator)),
            reason=self._reason(),
            when=occasion(meeting.get("start"), meeting.get("end"), self._zone),
            place=place_in_words(meeting, self._patient),
            agenda=tuple(filter(None, [text(meeting, "description"), *questions])),
            called=tuple(self._called(meeting)),
        )

    def _reason(self) -> str:
        """Give why a plan is needed, as it was noted last (R75, R82)."""
        code = f"{codes.TASK_CODE_SYSTEM}|{codes.SIP_BEHOV}"
        found = self._finder.search("Task", patient=self._subject, code=code)
        noted = [task for task in found if task.get("status") not in ("rejected", "cancelled")]
        noted.sort(key=lambda task: text(task, "authoredOn"))
        return text(child(noted[-1], "reasonCode"), "text") if noted else ""

    def _called(self, meeting: Json) -> Iterator[tuple[str, str, str, str]]:
        named = [child(each, "actor") for _, each in items(meeting, "participant")]
        if meeting:
            tasks = [task for _, task in calls_to(self._finder, text(meeting, "id"))]
            open_still = [task for task in tasks if task.get("status") != "cancelled"]
            # Who comes for a unit stands in the meeting, in the unit's place.
            units = [child(t, "owner") for t in open_still if not representative_of(t)]
            named += [each for each in units if target(each).resource_type == "Organization"]
        else:
            named = [child(self._plan, "subject"), *participants(self._plan)]
        self._people.read_ahead(named)
        for reference in {target(each).key: each for each in named}.values():
            who = self._people.who(reference)
            mine = target(reference).literal == self._subject
            if target(reference).resource_type not in ("CareTeam", "Location", "") and who.name:
                phone = "" if mine and self._protected else _unbroken(who.phone)
                name = name_of(self._patient) if mine else who.name
                yield (name, "Personen själv" if mine else who.about, phone, "☐")

    def _goals(self) -> Iterator[tuple[str, str, str, str]]:
        for _, reference in items(self._plan, "goal"):
            goal = self._people.read(target(reference).literal) or {}
            due = next((each.get("dueDate") for _, each in items(goal, "target")), None)
            status = next(
                (text(c, "code") for _, c in items(child(goal, "achievementStatus"), "coding")), ""
            )
            said = text(child(goal, "description"), "text") or text(reference, "display")
            yield said, self._whose(goal), self._in_words(due), ACHIEVED.get(status, "")

    def _whose(self, goal: Json) -> str:
        by = child(goal, "expressedBy")
        if not by or target(by).literal == self._subject:
            return "Mitt"
        who = self._people.who(by)
        return who.short

    def _activities(self) -> Iterator[tuple[str, Activity]]:
        for _, activity in items(self._plan, "activity"):
            detail = child(activity, "detail")
            if text(detail, "status") in ("cancelled", "entered-in-error"):
                continue
            code = text(extension(activity, codes.HUVUDMAN), "valueCode")
            doers = [self._people.who(each) for _, each in items(detail, "performer")]
            when = text(detail, "scheduledString") or self._period(detail, "scheduledPeriod")
            outcomes = [text(o, "text") for _, o in items(activity, "outcomeCodeableConcept")]
            yield (
                code,
                Activity(
                    what=text(detail, "description") or text(child(detail, "code"), "text"),
                    huvudman=HUVUDMEN.get(code, ""),
                    who=_distinct([_named(each) for each in doers], "; "),
                    when=when,
                    result=_distinct(outcomes),
                ),
            )

    def _contacts(self) -> Iterator[tuple[str, str, str]]:
        teams = self._finder.search(
            "CareTeam", patient=self._subject, category=codes.NAMED_CONTACTS, status="active"
        )
        held = [t for t in teams if is_named_contact(t) and periods.read(t).covers(self._now)]
        seen = [team for team in held if audience.may_see(team, audience.PATIENT)]
        for team in sorted(seen, key=lambda each: _rank(kind_of(each))):
            member = child(next((each for _, each in items(team, "participant")), {}), "member")
            who = self._people.who(member)
            own = [t for _, t in items(team, "telecom") if t.get("system") == "phone"]
            phone = next((text(t, "value") for t in own), who.phone)
            where = ", ".join(filter(None, (who.place, _unbroken(phone))))
            yield KINDS.get(kind_of(team), "Fast kontakt"), who.name, where

    def _evaluations(self) -> Iterator[tuple[str, str, str]]:
        for found in self._each(codes.PLAN_EVALUATION):
            at = extension(found, "at").get("valueDateTime")
            decision = text(extension(found, "decision"), "valueCode")
            said = text(extension(found, "text"), "valueString")
            yield self._in_words(str(at or "")[:10]), DECISIONS.get(decision, ""), said

    def _copies(self) -> Iterator[tuple[str, str, str]]:
        for found in self._each(codes.COPY_GIVEN):
            at = str(extension(found, "at").get("valueDateTime") or "")
            channel = text(extension(found, "channel"), "valueCode")
            to = child(extension(found, "to"), "valueReference")
            mine = target(to).literal == self._subject
            name = name_of(self._patient) if mine else self._people.who(to).name
            yield self._in_words(at[:10]), name, CHANNELS.get(channel, "")


_MEETING = codes.SIP_MEETING_LINK


def _references_of(consent: Json) -> Iterator[Json]:
    yield from (each for _, each in items(consent, "performer"))
    for _, actor in items(child(consent, "provision"), "actor"):
        yield child(actor, "reference")


def _with_phone(who: Party) -> str:
    """Give somebody with a number: Mia Testsson (vårdnadshavare, mamma) 070-000 00 61."""
    role = f"({lowered(who.title)})" if who.title else ""
    return " ".join(filter(None, (who.name, role, _unbroken(who.phone))))


def _named(who: Party) -> str:
    """Give somebody with role and unit: Kim Test, specialistsjuksköterska, BUP Östersund."""
    return ", ".join(filter(None, (who.short, who.place)))


def _unbroken(phone: str) -> str:
    """Give a telephone number that stays on one line."""
    return phone.replace(" ", "\u00a0")


def _distinct(said: list[str], between: str = ", ") -> str:
    return between.join(dict.fromkeys(filter(None, said)))


def _rank(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def _display(concept: Json) -> str:
    return next((text(each, "display") for _, each in items(concept, "coding")), "")


def _number(patient: Json) -> str:
    """Give the personnummer, or the number in its place, as people write it: 20130514-2398."""
    systems = (
        *codes.PERSONNUMMER_SYSTEMS,
        *codes.SAMORDNINGSNUMMER_SYSTEMS,
        *codes.RESERVNUMMER_SYSTEMS,
    )
    found = {each.get("system"): text(each, "value") for _, each in items(patient, "identifier")}
    number = next((found[each] for each in systems if found.get(each)), "")
    return f"{number[:8]}-{number[8:]}" if len(number) == 12 and number.isdigit() else number


def _address(patient: Json) -> str:
    for _, address in items(patient, "address"):
        if address.get("use") not in ("old", "billing"):
            lines = address.get("line")
            street = [str(each) for each in lines] if isinstance(lines, list) else []
            code = text(address, "postalCode").replace(" ", "")
            spaced = f"{code[:3]} {code[3:]}" if len(code) == 5 else code
            town = " ".join(filter(None, (spaced, text(address, "city"))))
            return ", ".join(filter(None, (*street, town)))
    return ""
