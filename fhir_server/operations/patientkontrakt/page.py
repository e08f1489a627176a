"""What the page and the document of a patientkontrakt say, in plain Swedish (R95–R99).

One value for both; its texts are ready to be shown. What the person says is important comes
first, then what happens next, whom to turn to, what was agreed, and the plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from fhir_server import swedish
from fhir_server.operations.contacts.contact_card import Card
from fhir_server.operations.patientkontrakt import timeline
from fhir_server.operations.patientkontrakt.names import STAFF, Names
from fhir_server.operations.patientkontrakt.plans import Deed, PlanView, deed, plan_view
from fhir_server.operations.patientkontrakt.reading import Kontrakt
from fhir_server.operations.patientkontrakt.timeline import Event
from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, extension, items, text
from fhir_server.sweden.patientkontrakt import OVER, reference_of

# What has been is there to recognise, not to search: a year, and so many entries.
_PAST = timedelta(days=366)
_PAST_ENTRIES = 10
# Up to how many a distance is told in days, in weeks, in months.
_IN_DAYS, _IN_WEEKS, _IN_MONTHS = 13, 8, 12


@dataclass(frozen=True, slots=True)
class Step:
    """An entry of the timeline.

    Args:
        kind: for picture and colour.
        datetime: for a program; empty where no time is set.
        when: torsdag 12 mars, klockan 13–14.
        soon: how far off it is: i dag, om 5 dagar, om 2 månader; empty where it has been.
        title: what it is.
        details: sentences.
        state: how far it has come.
        off: whether it does not take place.
        link: to take part from afar.
        is_next: whether it is the next thing to happen.
    """

    kind: str
    datetime: str
    when: str
    soon: str
    title: str
    details: tuple[str, ...]
    state: str
    off: bool
    link: str
    is_next: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What matters to the person, and where that is said.

    Args:
        words: the person's own.
        source: what they were said for; empty where only one place says anything.
    """

    words: str
    source: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed (R95, R96).

    Args:
        words: the agreement; empty where it is none but what matters.
        mine: what the person does.
        care: what care does.
        notes: what everybody may read.
        about: who agreed for care, and since when.
        exists: whether there is a patientkontrakt at all.
    """

    words: str
    mine: tuple[Deed, ...]
    care: tuple[Deed, ...]
    notes: tuple[str, ...]
    about: str
    exists: bool


@dataclass(frozen=True, slots=True)
class Page:
    """All of it.

    Args:
        card: the named contacts, and what to do when nobody answers.
        reader: who reads, where it is not the person; empty otherwise.
        less: whether something is left out for this reader.
        matters: in the person's own words.
        coming: what is to come, in order; what has no time yet is last.
        past: what has been, the latest first.
        earlier: how many more there are.
        agreed: the agreement.
        plans: those that count.
        over: those that do not any more.
    """

    card: Card
    reader: str
    less: bool
    matters: tuple[Said, ...]
    coming: tuple[Step, ...]
    past: tuple[Step, ...]
    earlier: int
    agreed: Agreed
    plans: tuple[PlanView, ...]
    over: tuple[PlanView, ...]


def page(kontrakt: Kontrakt, card: Card, zone: ZoneInfo) -> Page:
    """Give what to show.

    Args:
        kontrakt: what the reader may see.
        card: the contacts' card of the same moment.
        zone: whose days the days are.
    """
    names = Names(reference_of(kontrakt.patient), kontrakt.around, kontrakt.moment)
    reader = kontrakt.reader
    moment = kontrakt.moment.astimezone(zone)
    coming, past, earlier = steps(_events(kontrakt, names), moment)
    views = [plan_view(plan, kontrakt, names, zone) for plan in kontrakt.plans]
    matters = _matters(kontrakt)
    return Page(
        card=card,
        reader="" if reader.is_patient else names.of({"reference": reader.reference}) or STAFF,
        less=reader.less,
        matters=matters,
        coming=coming,
        past=past,
        earlier=earlier,
        agreed=_agreed(kontrakt, names, zone, {said.words for said in matters}),
        plans=tuple(
            v for v, p in zip(views, kontrakt.plans, strict=True) if p["status"] not in OVER
        ),
        over=tuple(v for v, p in zip(views, kontrakt.plans, strict=True) if p["status"] in OVER),
    )


def _events(kontrakt: Kontrakt, names: Names) -> list[Event]:
    found = list(timeline.of_appointments(kontrakt.appointments, names))
    held = [kontrakt.umbrella] if kontrakt.umbrella else []
    for plan in (*held, *kontrakt.plans):
        found += timeline.of_plan(plan, names)
    found += timeline.of_goals(kontrakt.goals.values())
    found += timeline.of_contacts(kontrakt.contacts.views, kontrakt.moment)
    return found


def steps(
    events: Sequence[Event], moment: datetime
) -> tuple[tuple[Step, ...], tuple[Step, ...], int]:
    """Give what comes, what has been, the latest first, and how much more there has been.

    Args:
        events: in any order.
        moment: now, in the zone whose days count.
    """
    dated = sorted((e for e in events if e.start), key=lambda e: (e.start or moment, e.title))
    undated = [each for each in events if each.start is None and not each.off]
    coming = [each for each in dated if not each.is_over(moment)]
    been = [e for e in dated if e.is_over(moment) and e.start and e.start > moment - _PAST]
    been.reverse()
    first = next((each for each in coming if not each.off), None)
    return (
        tuple(_step(each, moment, is_next=each is first) for each in (*coming, *undated)),
        tuple(_step(each, moment) for each in been[:_PAST_ENTRIES]),
        max(0, len(been) - _PAST_ENTRIES),
    )


def _step(event: Event, moment: datetime, *, is_next: bool = False) -> Step:
    start = event.start.astimezone(moment.tzinfo) if event.start else None
    past = event.is_over(moment)
    return Step(
        kind=event.kind,
        datetime=_machine(event, start),
        when=_when(event, start, moment) if start else "Tiden är inte bestämd",
        soon=_soon(start, moment) if start and not past and not event.off else "",
        title=(past and event.past) or event.title,
        details=event.details,
        state=event.past_state if past else event.state,
        off=event.off,
        link="" if past else event.link,
        is_next=is_next,
    )


def _machine(event: Event, start: datetime | None) -> str:
    if start is None:
        return ""
    return start.isoformat(timespec="minutes") if event.timed else start.date().isoformat()


def _when(event: Event, start: datetime, moment: datetime) -> str:
    """Give day and hour: torsdag 12 mars, klockan 13–14; the year where it is not this one."""
    said = _day(start.date(), moment.date())
    end = event.end.astimezone(moment.tzinfo) if event.end else start
    last = (end - timedelta(microseconds=1)).date()
    if last > start.date():
        return f"{said}–{_day(last, moment.date()).lower()}"
    if not event.timed:
        return said
    said = f"{said}, klockan {swedish.clock(start.time())}"
    # A moment is as long as it is written: to the minute, or shorter.
    lasts = end - start > timedelta(minutes=1)
    return f"{said}–{swedish.clock(end.time())}" if lasts else said


def _day(day: date, today: date) -> str:
    weekday = tuple(swedish.WEEKDAYS.values())[day.weekday()].capitalize()
    year = "" if day.year == today.year else f" {day.year}"
    return f"{weekday} {day.day} {swedish.MONTHS[day.month - 1]}{year}"


def _soon(start: datetime, moment: datetime) -> str:
    days = (start.date() - moment.date()).days
    if days < 2:
        return "pågår" if days < 0 else ("i dag", "i morgon")[days]
    if days <= _IN_DAYS:
        return f"om {days} dagar"
    weeks, months = round(days / 7), round(days / 30.4)
    if weeks <= _IN_WEEKS:
        return f"om {weeks} veckor"
    return f"om {months} månader" if months <= _IN_MONTHS else "om mer än ett år"


def _matters(kontrakt: Kontrakt) -> tuple[Said, ...]:
    """Give the person's own words: of the patientkontrakt, then of the plans in force (R89, R96).

    Where nobody has written them for themselves, the agreement is what was said of what matters.
    """
    plans = [p for p in (kontrakt.umbrella, *kontrakt.plans) if p and p["status"] not in OVER]
    own = [(plan, text(extension(plan, codes.WHAT_MATTERS), "valueString")) for plan in plans]
    said = [(plan, words) for plan, words in own if words]
    holder = kontrakt.umbrella
    if not said and holder and text(holder, "description"):
        said = [(holder, text(holder, "description"))]
    distinct = {words: plan for plan, words in reversed(said)}
    found = list(reversed(distinct.items()))
    several = len(found) > 1
    return tuple(Said(words, text(plan, "title") if several else "") for words, plan in found)


def _agreed(kontrakt: Kontrakt, names: Names, zone: ZoneInfo, said: set[str]) -> Agreed:
    holder = kontrakt.umbrella
    if holder is None:
        return Agreed("", (), (), (), "", exists=False)
    words = text(holder, "description")
    mine: list[Deed] = []
    care: list[Deed] = []
    for _, activity in items(holder, "activity"):
        own = _is_mine(child(activity, "detail"), names)
        if done := deed(activity, names, kontrakt.moment.astimezone(zone), with_who=not own):
            (mine if own else care).append(done)
    author, began = names.of(child(holder, "author")), _start(holder, zone)
    about = " ".join(filter(None, ["Överenskommet", began, f"med {author}" if author else ""]))
    notes = tuple(text(note, "text") for _, note in items(holder, "note") if text(note, "text"))
    return Agreed(
        "" if words in said else words,
        tuple(mine),
        tuple(care),
        notes,
        f"{about}." if author or began else "",
        exists=True,
    )


def _start(plan: Json, zone: ZoneInfo) -> str:
    """Say since when a plan holds: den 16 februari 2026; empty where it is not said."""
    start = periods.read(plan).start
    return f"den {swedish.day(start.astimezone(zone).date())}" if start else ""


def _is_mine(detail: Json, names: Names) -> bool:
    return any(names.is_self(each) for _, each in items(detail, "performer"))
