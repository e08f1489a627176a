"""$meeting-answers: who was called to a SIP meeting, what they answered, who has not (R91)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server import swedish
from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.meetings.call_reminders import reminders_of
from fhir_server.operations.meetings.sip_meetings import (
    calls_to,
    meeting_at_hand,
    representative_of,
)
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.parties import Party, People
from fhir_server.operations.swedish_moments import day_and_hour, occasion, place_in_words
from fhir_server.pages import web
from fhir_server.sweden import codes, sip_call
from fhir_server.sweden.elements import child, target, text
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]

# Those to do something about first.
_ORDER = (sip_call.NEEDS_ACTION, codes.DECLINED, sip_call.TENTATIVE, codes.ACCEPTED)
WORDS = {
    sip_call.NEEDS_ACTION: "Har inte svarat",
    codes.DECLINED: "Kommer inte",
    sip_call.TENTATIVE: "Kommer kanske",
    codes.ACCEPTED: "Kommer",
}
STATUSES = {
    "proposed": "Tid är inte bestämd",
    "pending": "Väntar på svar",
    "booked": "Bokat: alla kommer",
    "fulfilled": "Mötet har hållits",
    "cancelled": "Inställt",
}


@dataclass(frozen=True, slots=True)
class Called:
    """One who was called.

    Args:
        task: the kallelse.
        answer: needs-action, accepted, declined or tentative.
        overdue: whether the day to answer has passed without an answer.
        reminded: when reminders were sent.
    """

    task: Resource
    answer: str
    overdue: bool
    reminded: tuple[str, ...]

    @property
    def since(self) -> str:
        """Since when the answer stands; without one, when the kallelse was sent."""
        sent = text(self.task, "authoredOn")
        silent = self.answer == sip_call.NEEDS_ACTION
        return sent if silent else text(self.task, "lastModified") or sent

    @property
    def deadline(self) -> str:
        """The last day to answer; empty for none."""
        return text(child(child(self.task, "restriction"), "period"), "end")


def run(call: Call) -> Answer:
    """Give the answers, as Parameters or as a page.

    Raises:
        FhirError: 404 for no such meeting, 422 for an appointment of another kind.
    """
    _, meeting = meeting_at_hand(call.context, call.id or "")
    finder = Finder(call.context.server, call.context.store)
    called = _called(finder, meeting, now_of(call.context))
    if call.media_type == web.MEDIA_TYPE:
        return _page(call, finder, meeting, called)
    unanswered = sum(each.answer == sip_call.NEEDS_ACTION for each in called)
    parameter: list[Resource] = [{"name": "status", "valueCode": meeting["status"]}]
    if "start" in meeting:
        parameter.append({"name": "start", "valueDateTime": meeting["start"]})
    parameter.append({"name": "unanswered", "valueUnsignedInt": unanswered})
    parameter += [{"name": "actor", "part": list(_parts(each))} for each in called]
    return Answer(200, body=json.dump({"resourceType": "Parameters", "parameter": parameter}))


def _called(finder: Finder, meeting: Resource, now: dt.datetime) -> list[Called]:
    tasks = [t for _, t in calls_to(finder, meeting["id"]) if t.get("status") != "failed"]
    patient = target(child(tasks[0], "for")).literal if tasks else ""
    reminded = reminders_of(finder, patient) if patient else {}
    is_open = meeting.get("status") in sip_call.OPEN_MEETING
    found = []
    for task in tasks:
        answer = sip_call.answer_of(task)
        last = bounds(child(child(task, "restriction"), "period").get("end"))
        silent = answer == sip_call.NEEDS_ACTION and is_open
        overdue = silent and last is not None and last[1] <= now
        times = tuple(reminded.get(f"Task/{task['id']}", ()))
        found.append(Called(task, answer, overdue, times))
    return sorted(found, key=lambda each: (_ORDER.index(each.answer), each.since))


def _parts(called: Called) -> Iterator[Resource]:
    task = called.task
    yield {"name": "actor", "valueReference": task["owner"]}
    yield {"name": "task", "valueReference": {"reference": f"Task/{task['id']}"}}
    yield {"name": "answer", "valueCode": called.answer}
    yield {"name": "since", "valueDateTime": called.since}
    if said := text(child(task, "statusReason"), "text"):
        yield {"name": "reason", "valueString": said}
    if comes := representative_of(task):
        yield {"name": "representative", "valueReference": {"reference": comes}}
    if called.deadline:
        yield {"name": "deadline", "valueDateTime": called.deadline}
    yield {"name": "overdue", "valueBoolean": called.overdue}
    yield from ({"name": "reminded", "valueDateTime": at} for at in called.reminded)


def _page(call: Call, finder: Finder, meeting: Resource, called: list[Called]) -> Answer:
    now = now_of(call.context)
    whose = target(child(called[0].task, "for")).literal if called else ""
    people = People(finder, now, whose)
    people.read_ahead([{"reference": whose}, *(each.task["owner"] for each in called)])
    person = people.read(whose) or {} if whose else {}
    counts = [(WORDS[answer], sum(each.answer == answer for each in called)) for answer in _ORDER]
    body = web.page(
        "meeting_answers.html",
        sheet="meeting_answers.css",
        status=STATUSES.get(meeting["status"], meeting["status"]),
        when=occasion(meeting.get("start"), meeting.get("end"), call.context.server.settings.zone),
        place=place_in_words(meeting, person),
        agenda=text(meeting, "description"),
        counts=[each for each in counts if each[1]],
        called=[_shown(call, people, each) for each in called],
        made=day_and_hour(now.isoformat(), call.context.server.settings.zone),
    )
    headers = web.headers("meeting_answers.css")
    return Answer(200, body=body, media_type=web.CONTENT_TYPE, headers=headers)


def _shown(call: Call, people: People, called: Called) -> Resource:
    zone = call.context.server.settings.zone
    who: Party = people.who(called.task["owner"])
    comes = representative_of(called.task)
    person = people.who({"reference": comes}) if comes else None
    return {
        "name": who.name or "Namn saknas",
        "about": who.about,
        "phone": who.phone,
        "href": swedish.telephone(who.phone) if who.phone else "",
        "answer": called.answer,
        "words": WORDS[called.answer],
        "overdue": called.overdue,
        "since": day_and_hour(called.since, zone),
        "reason": text(child(called.task, "statusReason"), "text"),
        "deadline": day_and_hour(called.deadline, zone),
        "reminded": [day_and_hour(at, zone) for at in called.reminded],
        "representative": ", ".join(filter(None, (person.name, person.about))) if person else "",
    }
