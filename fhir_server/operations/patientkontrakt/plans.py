"""A plan on the patientkontrakt: what it is for, who answers for what, when it is followed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fhir_server import swedish
from fhir_server.operations.patientkontrakt.names import Names
from fhir_server.operations.patientkontrakt.reading import Kontrakt
from fhir_server.operations.patientkontrakt.words import (
    ACTIVITY_STATES,
    HUVUDMEN,
    PLAN_NAMES,
    PLAN_PURPOSES,
    PLAN_STATES,
    achieved,
    plan_title,
)
from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, extension, items, target, text
from fhir_server.sweden.patientkontrakt import OVER, belongs, plan_type, reference_of
from fhir_server.swedish import Piece

_CALLED_OFF = ("cancelled", "entered-in-error")
_NO_GOAL = ("cancelled", "rejected", "entered-in-error")
MINE, REGION, KOMMUN, OTHERS, CARE = (
    "Det här gör jag",
    "Det här gör regionen",
    "Det här gör kommunen",
    "Det här gör andra",
    "Det här gör vården",
)


@dataclass(frozen=True, slots=True)
class GoalView:
    """A goal.

    Args:
        words: the goal.
        by: when it is to be reached; empty where that is not said.
        state: how far it is reached; empty where nobody has said.
    """

    words: str
    by: str
    state: str


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is done.

    Args:
        words: what.
        who: by whom; empty where not said, or where the heading says it.
        when: from when, until when, how often.
        state: how far it has come, and with what result; empty for going on.
    """

    words: str
    who: str
    when: str
    state: str


@dataclass(frozen=True, slots=True)
class Part:
    """Who does what: a heading and what is done."""

    heading: str
    deeds: tuple[Deed, ...]


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan.

    Args:
        id: of the CarePlan.
        title: what it is called.
        kind: what sort of plan; empty where the title says so.
        purpose: what such a plan is for.
        description: the person's situation, as the plan describes it.
        state: gäller nu.
        draft: whether it is being made.
        linked: whether it belongs to the patientkontrakt.
        facts: pairs of a word and what is so: who answers for it, since when.
        goals: what is to be reached.
        parts: who does what.
        crisis: what to do when it gets worse; numbers are links.
        notes: what everybody may read.
        builds_on: titles of plans it builds on and does not repeat (R85).
    """

    id: str
    title: str
    kind: str
    purpose: str
    description: str
    state: str
    draft: bool
    linked: bool
    facts: tuple[tuple[str, str], ...]
    goals: tuple[GoalView, ...]
    parts: tuple[Part, ...]
    crisis: tuple[Piece, ...]
    notes: tuple[str, ...]
    builds_on: tuple[str, ...]


def plan_view(plan: Json, kontrakt: Kontrakt, names: Names, zone: ZoneInfo) -> PlanView:
    """Give a plan as it is to be read.

    Args:
        plan: a CarePlan that is not the patientkontrakt.
        kontrakt: what the reader may see.
        names: of people and units.
        zone: whose days the days are.
    """
    title, kind = plan_title(plan), PLAN_NAMES.get(plan_type(plan), "")
    told_already = kind.split(" (")[0].casefold() in title.casefold()
    status = text(plan, "status")
    return PlanView(
        id=text(plan, "id"),
        title=title,
        kind="" if told_already else kind,
        purpose=PLAN_PURPOSES.get(plan_type(plan), ""),
        description=text(plan, "description"),
        state=PLAN_STATES.get(status, ""),
        draft=status == "draft",
        linked=belongs(plan, kontrakt.umbrella),
        facts=tuple(_facts(plan, names, zone)),
        goals=tuple(_goals(plan, kontrakt)),
        parts=tuple(_parts(plan, names, kontrakt.moment.astimezone(zone))),
        crisis=swedish.pieces(text(extension(plan, codes.CRISIS_PLAN), "valueString"), short=True),
        notes=tuple(text(note, "text") for _, note in items(plan, "note") if text(note, "text")),
        builds_on=tuple(_builds_on(plan, kontrakt)),
    )


def _facts(plan: Json, names: Names, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    responsible = extension(plan, codes.OVERALL_RESPONSIBLE)
    if responsible:
        who = HUVUDMEN.get(text(extension(responsible, "huvudman"), "valueCode"), "")
        named = [
            names.of(child(extension(responsible, part), "valueReference"))
            for part in ("organization", "person")
        ]
        yield "Ansvarar för helheten", ", ".join(filter(None, [who, *named]))
    elif author := names.of(child(plan, "author")):
        yield "Ansvarar för planen", author
    period = periods.read(plan)
    if period.start or period.end:
        # The end of a plan in force is when it ends, not that it has ended.
        yield "Gäller", swedish.period(period.start, period.end, zone)
    follow_up = extension(plan, codes.FOLLOW_UP)
    if (day := _day(extension(follow_up, "date").get("valueDate"))) and plan["status"] not in OVER:
        who = names.of(child(extension(follow_up, "responsible"), "valueReference"))
        yield "Nästa uppföljning", ", ".join(filter(None, [swedish.day(day), who]))


def _goals(plan: Json, kontrakt: Kontrakt) -> Iterator[GoalView]:
    for _, reference in items(plan, "goal"):
        goal = kontrakt.goals.get(target(reference).literal)
        words = text(child(goal, "description"), "text") if goal else text(reference, "display")
        if not words or (goal and goal.get("lifecycleStatus") in _NO_GOAL):
            continue
        dues = [_day(aim.get("dueDate")) for _, aim in items(goal or {}, "target")]
        due = next(filter(None, dues), None)
        yield GoalView(words, f"senast {swedish.day(due)}" if due else "", achieved(goal or {}))


def _parts(plan: Json, names: Names, moment: datetime) -> Iterator[Part]:
    """Give who does what, the person first; what a SIP must say (R76)."""
    found: dict[str, list[Deed]] = {h: [] for h in (MINE, REGION, KOMMUN, OTHERS, CARE)}
    for _, activity in items(plan, "activity"):
        heading = _heading(activity, names)
        if done := deed(activity, names, moment, with_who=heading != MINE):
            found[heading].append(done)
    for heading, deeds in found.items():
        if deeds:
            yield Part(heading, tuple(deeds))


def _heading(activity: Json, names: Names) -> str:
    performers = [each for _, each in items(child(activity, "detail"), "performer")]
    if any(names.is_self(each) for each in performers):
        return MINE
    huvudman = text(extension(activity, codes.HUVUDMAN), "valueCode")
    return {codes.REGION: REGION, codes.KOMMUN: KOMMUN, codes.ANNAN: OTHERS}.get(huvudman, CARE)


def deed(activity: Json, names: Names, moment: datetime, *, with_who: bool) -> Deed | None:
    """Give what is done, by whom and when; None where nothing is said, or it was called off.

    Args:
        activity: of a CarePlan.
        names: of people and units.
        moment: now, in the zone whose days count; what goes on already needs no date.
        with_who: whether who does it is not told by the heading.
    """
    detail = child(activity, "detail")
    if not text(detail, "description") or detail.get("status") in _CALLED_OFF:
        return None
    who = [name for _, each in items(detail, "performer") if (name := names.of(each))]
    results = [text(result, "text") for _, result in items(activity, "outcomeCodeableConcept")]
    state = ACTIVITY_STATES.get(text(detail, "status"), "")
    return Deed(
        text(detail, "description"),
        swedish.listed(who) if with_who else "",
        _when(detail, moment),
        ". ".join(filter(None, [state, *results])),
    )


def _when(detail: Json, moment: datetime) -> str:
    if said := text(detail, "scheduledString"):
        return said
    period = periods.read(detail, "scheduledPeriod")
    start = period.start if period.start and period.start > moment else None
    zone = moment.tzinfo if isinstance(moment.tzinfo, ZoneInfo) else periods.STOCKHOLM
    return swedish.period(start, period.end, zone)


def _builds_on(plan: Json, kontrakt: Kontrakt) -> Iterator[str]:
    seen = {reference_of(each): plan_title(each) for each in kontrakt.plans}
    for _, reference in items(plan, "supportingInfo"):
        if title := seen.get(target(reference).literal):
            yield title


def _day(value: object) -> date | None:
    found = periods.bounds(value)
    return periods.local_date(found[0]) if found else None
