"""What happens and when, from appointments, plans, goals and contacts (R95–R97)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from fhir_server import swedish
from fhir_server.operations.patientkontrakt.names import Names
from fhir_server.operations.patientkontrakt.words import (
    APPOINTMENT_PAST_STATES,
    APPOINTMENT_STATES,
    DECISIONS,
    MEETING_FORMS,
    achieved,
    plan_title,
)
from fhir_server.sweden import codes, periods
from fhir_server.sweden.contact_view import ContactView
from fhir_server.sweden.elements import Json, child, extension, items, says, text
from fhir_server.sweden.patientkontrakt import OVER, reference_of

# What the picture and the colour of an entry go by.
MEETING, VISIT, FOLLOW_UP, PLAN, GOAL, ACTION, CONTACT = (
    "mote",
    "besok",
    "uppfoljning",
    "plan",
    "mal",
    "insats",
    "kontakt",
)
_NOT_HAPPENING = ("cancelled", "noshow")
_AGREED = ("booked", "arrived", "checked-in")
# Never was, or is asked about by nobody.
_NO_APPOINTMENT = ("entered-in-error", "waitlist")
_NO_GOAL = ("cancelled", "rejected", "entered-in-error", "proposed")


@dataclass(frozen=True, slots=True)
class Event:
    """Something on the timeline.

    Args:
        kind: one of the kinds above.
        title: what it is.
        past: the same where it lies before today; as ``title`` where empty.
        source: ``Type/id`` of the resource that says so.
        start: first moment; None where no time is set yet.
        end: first moment after; that of the day where only the day is said.
        timed: whether the hour is said.
        details: place, people, what it is about; one sentence each.
        state: how far it has come; empty where there is nothing to say.
        past_state: the same where it lies before today.
        off: whether it does not take place.
        link: where to take part from afar; empty for nowhere.
    """

    kind: str
    title: str
    source: str
    past: str = ""
    start: datetime | None = None
    end: datetime | None = None
    timed: bool = False
    details: tuple[str, ...] = ()
    state: str = ""
    past_state: str = ""
    off: bool = False
    link: str = ""

    def is_over(self, moment: datetime) -> bool:
        """Tell whether it lies before a moment; what has no time yet does not."""
        return self.end is not None and self.end <= moment


def of_appointments(appointments: Iterable[Json], names: Names) -> Iterator[Event]:
    """Give the agreed times (R95); those proposed as well, said to be so."""
    for each in appointments:
        if each.get("status") in _NO_APPOINTMENT:
            continue
        sip = says(each, "serviceType", codes.SIP_MEETING, codes.code_system("service-type"))
        status = text(each, "status")
        event = Event(
            MEETING if sip else VISIT,
            "SIP-möte" if sip else _what(each),
            reference_of(each),
            details=tuple(_about(each, names)),
            state=APPOINTMENT_STATES.get(status, ""),
            past_state=APPOINTMENT_PAST_STATES.get(status, ""),
            off=status in _NOT_HAPPENING,
            link=_link(each) if status in _AGREED else "",
        )
        yield _at(event, each.get("start"), each.get("end"))


def of_plan(plan: Json, names: Names) -> Iterator[Event]:
    """Give when a plan began and ended, its follow-ups, and what begins in it."""
    title, source, status = plan_title(plan), reference_of(plan), text(plan, "status")
    period = child(plan, "period")
    if status != "draft" and period.get("start"):
        began = Event(PLAN, f"{title} börjar gälla", source, f"{title} började gälla")
        yield _at(began, period["start"])
    if status in OVER and period.get("end"):
        ended = Event(PLAN, f"{title} avslutas", source, f"{title} avslutades")
        yield _at(ended, period["end"])
    yield from _follow_ups(plan, names, title)
    yield from _beginnings(plan, names)


def of_goals(goals: Iterable[Json]) -> Iterator[Event]:
    """Give when goals are to be reached."""
    for goal in goals:
        if goal.get("lifecycleStatus") in _NO_GOAL:
            continue
        words = text(child(goal, "description"), "text")
        for _, aim in items(goal, "target"):
            if aim.get("dueDate") and words:
                reached = achieved(goal)
                said = Event(
                    GOAL, f"Mål: {words}", reference_of(goal), state=reached, past_state=reached
                )
                yield _at(said, aim["dueDate"])


def of_contacts(views: Iterable[ContactView], moment: datetime) -> Iterator[Event]:
    """Give when contacts were appointed, and who stands in for them in time to come (R45, R48)."""
    for view in views:
        what = view.display or "kontakt"
        if view.start is not None and view.person.name:
            who = view.person.name
            start, end = _day_of(view.start)
            yield Event(
                CONTACT,
                f"{who} blir {what}",
                view.reference,
                f"{who} blev {what}",
                start,
                end,
            )
        for stand_in in view.deputies:
            if stand_in.start is not None and stand_in.start > moment and stand_in.person.name:
                whom = view.person.name or what
                yield Event(
                    CONTACT,
                    f"{stand_in.person.name} svarar i stället för {whom}",
                    view.reference,
                    start=stand_in.start,
                    end=stand_in.end,
                )


def _at(event: Event, start: object, end: object = None) -> Event:
    """Give an event at a FHIR date or moment; as it is where none is set."""
    first, last = periods.bounds(start), periods.bounds(end)
    if first is None:
        return event
    timed = "T" in str(start)
    until = (last[0] if timed else last[1]) if last else first[1]
    return replace(event, start=first[0], end=max(until, first[1]), timed=timed)


def _day_of(moment: datetime) -> tuple[datetime, datetime]:
    day = periods.bounds(periods.local_date(moment).isoformat())
    return day if day else (moment, moment)


def _what(appointment: Json) -> str:
    """Say what an appointment is, by its description or kind."""
    for name in ("serviceType", "appointmentType", "specialty"):
        concepts = [found for _, found in items(appointment, name)] or [child(appointment, name)]
        for concept in concepts:
            displays = [text(coding, "display") for _, coding in items(concept, "coding")]
            if words := next(filter(None, [text(concept, "text"), *displays]), ""):
                return words
    return text(appointment, "description") or "Besök"


def _about(appointment: Json, names: Names) -> Iterator[str]:
    about = text(appointment, "description")
    if about != _what(appointment):
        yield from filter(None, [swedish.sentence(about)])
    places = [
        names.of(child(each, "actor"))
        for _, each in items(appointment, "participant")
        if text(child(each, "actor"), "reference").startswith("Location/")
    ]
    places += [
        text(each, "valueString")
        for _, each in items(appointment, "extension")
        if each.get("url") == codes.MEETING_PLACE
    ]
    form = text(extension(appointment, codes.MEETING_FORM), "valueCode")
    where = ", ".join(filter(None, places)) or MEETING_FORMS.get(form, "")
    if where:
        yield f"Plats: {where}"
    people = swedish.listed(list(_others(appointment, names)))
    if people:
        yield f"Med: {people}"
    if told := text(appointment, "patientInstruction"):
        yield swedish.sentence(told)


def _others(appointment: Json, names: Names) -> Iterator[str]:
    """Give who else comes, by name; who has said no does not."""
    for _, each in items(appointment, "participant"):
        actor = child(each, "actor")
        is_place = text(actor, "reference").startswith("Location/")
        if names.is_self(actor) or is_place or each.get("status") == "declined":
            continue
        if name := names.of(actor):
            # Only who it is: what everybody does is said where the contacts are.
            yield name.split(", ")[0]


def _link(appointment: Json) -> str:
    links = (
        text(each, "valueUrl")
        for _, each in items(appointment, "extension")
        if each.get("url") == codes.MEETING_PLACE
    )
    return next((link for link in links if link.startswith("https://")), "")


def _follow_ups(plan: Json, names: Names, title: str) -> Iterator[Event]:
    source = reference_of(plan)
    held = []
    for _, found in items(plan, "extension"):
        if found.get("url") != codes.PLAN_EVALUATION:
            continue
        at = extension(found, "at").get("valueDateTime")
        if bounds := periods.bounds(at):
            held.append(bounds[0])
        decision = DECISIONS.get(text(extension(found, "decision"), "valueCode"), "")
        said = (decision, text(extension(found, "text"), "valueString"))
        details = tuple(swedish.sentence(each) for each in said if each)
        yield _at(Event(FOLLOW_UP, f"{title} följdes upp", source, details=details), at)
    follow_up = extension(plan, codes.FOLLOW_UP)
    day = extension(follow_up, "date").get("valueDate")
    bounds = periods.bounds(day)
    if bounds is None or plan.get("status") in OVER or any(at >= bounds[0] for at in held):
        return
    responsible = names.of(child(extension(follow_up, "responsible"), "valueReference"))
    details = (f"Ansvarar: {responsible}",) if responsible else ()
    # Past, and nobody has noted that it was done (R92).
    past = f"{title} skulle följas upp"
    yield _at(Event(FOLLOW_UP, f"{title} följs upp", source, past, details=details), day)


def _beginnings(plan: Json, names: Names) -> Iterator[Event]:
    """Give what begins on a day of its own, not with the plan."""
    began = child(plan, "period").get("start")
    for _, activity in items(plan, "activity"):
        detail = child(activity, "detail")
        start = child(detail, "scheduledPeriod").get("start")
        called_off = detail.get("status") in ("cancelled", "entered-in-error", "stopped")
        words = text(detail, "description")
        if not start or start == began or called_off or not words:
            continue
        who = [name for _, each in items(detail, "performer") if (name := names.of(each))]
        event = Event(
            ACTION,
            f"Börjar: {words}",
            reference_of(plan),
            f"Började: {words}",
            details=(swedish.listed(who),) if who else (),
        )
        yield _at(event, start)
