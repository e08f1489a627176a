"""The page of a unit: what is overdue, what is due today, before the next working day, and later.

R73: that a deadline runs out in an evening or on a weekend is what gets forgotten, so the page says
on a Friday what must be done before Monday.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.discharge.discharge_cases import Case
from fhir_server.operations.discharge.stay_page import SHEET, STATUSES, last, short, whose
from fhir_server.pages import web
from fhir_server.sweden.discharge import end_of
from fhir_server.sweden.discharge_steps import OVERDUE, Step
from fhir_server.sweden.elements import child, target, text
from fhir_server.sweden.periods import STOCKHOLM, local_date
from fhir_server.sweden.working_days import is_working_day, working_day_from
from fhir_server.swedish import long_day, long_moment

Resource = dict[str, Any]

# From when the ordinary day is over; what ends at midnight is due in the day itself.
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_DAY_ENDS, _DAY_BEGINS = dt.time(17), dt.time(8)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to do."""

    step: Step
    status: str
    deadline: str
    hint: str
    paragraph: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What there is to do for one patient; ``ward`` is empty where the page is that ward's."""

    name: str
    ward: str
    href: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Group:
    """Things to do that are due together."""

    id: str
    title: str
    patients: list[Patient]

    @property
    def count(self) -> int:
        """How many things."""
        return sum(len(each.lines) for each in self.patients)


def answer(
    context: Context, unit: Resource, rows: Sequence[tuple[Case, Step]], at: dt.datetime
) -> Answer:
    """Give the page.

    Args:
        context: the request.
        unit: whose page it is.
        rows: each step with its stay, the most urgent stay first.
        at: the moment they were judged at.
    """
    groups = _groups(context, unit, rows, at)
    lines = [line for group in groups for each in group.patients for line in each.lines]
    page = web.page(
        "unit_timeline.html",
        sheet=SHEET,
        unit=text(unit, "name"),
        at=long_moment(at),
        groups=groups,
        rest=rest_words(at),
        in_rest=sum(bool(line.hint) for line in lines),
    )
    return Answer(200, body=page, media_type=web.CONTENT_TYPE, headers=web.headers(SHEET))


def _groups(
    context: Context, unit: Resource, rows: Sequence[tuple[Case, Step]], at: dt.datetime
) -> list[Group]:
    """Give what is due by when it is due, and within that by patient, the first due first."""
    here = f"Organization/{unit['id']}"
    wards = sorted({_ward(case) for case, _ in rows} - {"", here})
    names = Finder(context.server, context.store).read_many(wards)
    found: dict[str, dict[str, Patient]] = {}
    for case, step in sorted(rows, key=lambda each: each[1].deadline or _NEVER):
        stay = f"Encounter/{case.encounter['id']}"
        patients = found.setdefault(group_of(step, at), {})
        if stay not in patients:
            href = f"../../{stay}/$discharge-timeline?_format=html"
            ward = text(names.get(_ward(case), {}), "name")
            patients[stay] = Patient(whose(case), ward, href, [])
        patients[stay].lines.append(_line(step))
    titles = _titles(at)
    return [Group(id_, titles[id_], [*found[id_].values()]) for id_ in titles if id_ in found]


def _line(step: Step) -> Line:
    hint, law = off_hours(step.deadline), short(step.paragraph.display)
    return Line(step, STATUSES[step.status], last(step.deadline), hint, law)


def _ward(case: Case) -> str:
    return target(child(case.encounter, "serviceProvider")).literal


def group_of(step: Step, at: dt.datetime) -> str:
    """Give in which group of the page a step belongs."""
    if step.status == OVERDUE:
        return "forsenat"
    if not step.open:
        return "ovrigt"
    if step.deadline is None:
        return "snarast"
    day, today = local_date(step.deadline), local_date(at)
    if day <= today:
        return "idag"
    return "fore-vardag" if day < next_working_day(today) else "senare"


def next_working_day(today: dt.date) -> dt.date:
    """Give the first working day after a day."""
    return working_day_from(today + dt.timedelta(days=1))


def off_hours(deadline: dt.datetime | None) -> str:
    """Say that a deadline lies on a weekend or holiday, in the evening or at night (R73)."""
    if deadline is None:
        return ""
    day = local_date(deadline)
    if not is_working_day(day):
        return "helg"
    if deadline == end_of(day):
        return ""
    hour = deadline.astimezone(STOCKHOLM).time()
    return "" if _DAY_BEGINS <= hour < _DAY_ENDS else "kväll eller natt"


def rest_words(at: dt.datetime) -> str:
    """Say when the next working day is, where it is not tomorrow."""
    today = local_date(at)
    following = next_working_day(today)
    if following == today + dt.timedelta(days=1):
        return ""
    return f"Nästa vardag är {long_day(following)}."


def _titles(at: dt.datetime) -> dict[str, str]:
    before = long_day(next_working_day(local_date(at)))
    return {
        "forsenat": "Försenat",
        "idag": "Ska vara klart i dag",
        "fore-vardag": f"Ska vara klart före {before}",
        "snarast": "Så snart som möjligt",
        "senare": "Senare",
        "ovrigt": "Övrigt",
    }
