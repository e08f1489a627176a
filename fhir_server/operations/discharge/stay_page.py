"""The page of one stay: its timeline drawn, its steps in words, and who pays.

For staff. The name of a protected person is not printed (R118).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from fhir_server import swedish
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.discharge.discharge_cases import Case
from fhir_server.operations.discharge.timeline_drawing import Bar, scale_of
from fhir_server.operations.operation import Call
from fhir_server.pages import web
from fhir_server.sweden import audience
from fhir_server.sweden.discharge import end_of
from fhir_server.sweden.discharge_steps import DUE, NOT_APPLICABLE, OVERDUE, Step
from fhir_server.sweden.elements import child, target, text
from fhir_server.sweden.people import name_of
from fhir_server.sweden.periods import local_date
from fhir_server.swedish import long_day, long_moment

Resource = dict[str, Any]

SHEET = "timeline.css"
PROTECTED = "Patient med skyddade uppgifter"
NAMELESS = "Patient utan namn här"
STATUSES = {
    "met": "Klart i tid",
    "late": "Klart för sent",
    "due": "Att göra",
    "overdue": "Försenat",
    "upcoming": "Kommer senare",
    "not-applicable": "Gäller inte",
}
_COUNTED = ((OVERDUE, "försenat"), (DUE, "att göra"))
LAW_NAME = "om samverkan vid utskrivning från sluten hälso- och sjukvård"
PAYMENT = {
    "inte-aktuellt": "Inget betalningsansvar",
    "har-inte-intratt": "Betalningsansvaret har inte inträtt",
    "lopande": "Kommunen har betalningsansvar",
    "avslutat": "Betalningsansvaret har upphört",
    "inget": "Patienten skrevs ut innan betalningsansvaret inträdde",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A step as the page shows it."""

    step: Step
    status: str
    bar: Bar
    deadline: str
    paragraph: str


def answer(call: Call, case: Case, at: dt.datetime) -> Answer:
    """Give the page of a stay.

    Args:
        call: the request.
        case: the stay with its steps.
        at: the moment they were judged at.
    """
    shown = [step for step in case.steps if step.status != NOT_APPLICABLE]
    scale = scale_of(shown, (case.stay.discharged, at), case.stay.admitted or at)
    payment = case.liability(at)
    page = web.page(
        "timeline.html",
        sheet=SHEET,
        patient=whose(case),
        unit=unit_name(call.context, case.encounter),
        at=long_moment(at),
        admitted=long_moment(case.stay.admitted) if case.stay.admitted else "",
        discharged=long_moment(case.stay.discharged) if case.stay.discharged else "",
        days=scale.days(),
        now=scale.at(at),
        rows=[row(step, scale.bar(step)) for step in shown],
        others=[step for step in case.steps if step.status == NOT_APPLICABLE],
        summary=summary(shown),
        payment=payment,
        payment_title=PAYMENT[payment.status],
        information="$discharge-summary?_format=html" if call.by_get else "",
    )
    return Answer(200, body=page, media_type=web.CONTENT_TYPE, headers=web.headers(SHEET))


def summary(steps: list[Step]) -> str:
    """Say how much is overdue and how much is to be done."""
    counts = [(sum(step.status == status for step in steps), word) for status, word in _COUNTED]
    said = [f"{count} {word}" for count, word in counts if count]
    return swedish.sentence(swedish.listed(said)) if said else "Inget är försenat eller väntar."


def row(step: Step, bar: Bar) -> Row:
    """Give a step as a page shows it."""
    return Row(step, STATUSES[step.status], bar, last(step.deadline), short(step.paragraph.display))


def last(deadline: dt.datetime | None) -> str:
    """Say by when: a whole day has no hour; empty for no deadline."""
    if deadline is None:
        return ""
    day = local_date(deadline)
    return f"Senast {long_day(day) if deadline == end_of(day) else long_moment(deadline)}"


def short(paragraph: str) -> str:
    """Give a paragraph without the name of the law, which stands once at the foot of the page."""
    return (
        paragraph.replace(f" {LAW_NAME}", "")
        .replace(" kap. ", "\u00a0kap.\u00a0")
        .replace(" §", "\u00a0§")
    )


def whose(case: Case) -> str:
    """Give the patient's name; for a protected person, that it is one (R118)."""
    if case.patient is None:
        return NAMELESS
    if audience.is_protected(case.patient):
        return PROTECTED
    return name_of(case.patient) or NAMELESS


def unit_name(context: Context, encounter: Resource) -> str:
    """Give the name of the ward; empty where none is known."""
    provider = child(encounter, "serviceProvider")
    read = Finder(context.server, context.store).read(target(provider).literal)
    return text(read or {}, "name") or text(provider, "display")
