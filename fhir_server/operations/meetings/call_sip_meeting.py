"""$call-sip-meeting: the meeting of a SIP, a kallelse to each actor, and the meeting in the plan.

R65, R66, R78-R80, R84, R90, R91; lagen (2017:612) om samverkan vid utskrivning från sluten hälso-
och sjukvård 4 kap. 3 §, socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.meetings.call_actors import Called, whom_to_call
from fhir_server.operations.meetings.sip_meetings import plan_to_meet_about
from fhir_server.operations.moments import first_of, now_of, said_or_now
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.sweden import codes, sip_call
from fhir_server.sweden.elements import items, target
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]

_AN_HOUR = dt.timedelta(hours=1)


def run(call: Call) -> Answer:
    """Store the meeting, the kallelser, and the plan with the meeting.

    Returns:
        Parameters: ``return``, the Appointment; ``task``, the kallelser; ``plan``.

    Raises:
        FhirError: 400 for times that contradict each other; 404, 409 for the plan; 409 where the
            same meeting is called already; 422 where the law refuses.
    """
    meeting = _Meeting(call)
    written = write_together(call.context, meeting.draft)
    appointment, *tasks, plan = written.stored
    named = [("return", appointment), *(("task", task) for task in tasks), ("plan", plan)]
    return several_answer(201, named, [*written.issues, *meeting.advice])


class _Meeting:
    """The meeting as the call says it.

    Args:
        call: of the operation, at CarePlan.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._at = said_or_now(call)
        self._times = _times(call)
        self._id = new_id()
        self._group = uuid.uuid4().urn
        self._tasks: dict[str, str] = {}
        self.advice: list[Issue] = []

    def draft(self) -> list[Draft]:
        """Give the Appointment, the Tasks and the plan."""
        stored, plan = plan_to_meet_about(self._call.context, self._call.id or "")
        finder = Finder(self._call.context.server, self._call.context.store)
        self._require_new(finder, plan)
        stay = self._stay(plan)
        found = whom_to_call(self._call, plan, bool(stay), now_of(self._call.context))
        met = finder.read(target(stay).literal) if stay else None
        start = bounds(self._times.get("start"))
        early = sip_call.after_the_discharge(met or {}, start[0] if start else None)
        self.advice = [*found.issues, *early]
        drafts = [Draft(self._appointment(plan, found), self._id)]
        for actor in found.actors:
            id_ = self._tasks.setdefault(target(actor).key, new_id())
            drafts.append(Draft(self._task(plan, actor, stay), id_))
        return [*drafts, Draft(self._with_meeting(plan), stored.id, stored)]

    def _require_new(self, finder: Finder, plan: Resource) -> None:
        """Refuse the same meeting twice (409): everybody would be called, and answer, twice."""
        for reference in _meetings_of(plan):
            other = finder.read(reference) or {}
            same = other.get("start") == self._times.get("start")
            if same and other.get("status") in sip_call.OPEN_MEETING:
                text = f"{reference} is the same meeting: call it off first, or set another time."
                raise FhirError(Issue("error", "duplicate", text, "start"), status=409)

    def _stay(self, plan: Resource) -> Resource:
        """Give the stay that the call follows from: the plan's own leads to its first meeting."""
        given: Resource = self._call.arguments.get("encounter", {})
        first = not any(_meetings_of(plan))
        return given or (plan.get("encounter", {}) if first else {})

    def _appointment(self, plan: Resource, found: Called) -> Resource:
        arguments = self._call.arguments
        questions = [{"text": question} for question in arguments.get("question", [])]
        appointment = {
            "resourceType": "Appointment",
            "meta": {"profile": [codes.structure("sip-appointment")]},
            "extension": _places(self._call),
            "status": "pending" if self._times else "proposed",
            "serviceType": [coded(codes.code_system("service-type"), codes.SIP_MEETING)],
            "reasonCode": questions,
            "description": arguments["agenda"],
            "supportingInformation": [{"reference": f"CarePlan/{plan['id']}"}],
            **self._times,
            "created": self._at,
            "patientInstruction": arguments.get("instruction"),
            "participant": self._participants(found),
        }
        return {name: value for name, value in appointment.items() if value}

    def _participants(self, found: Called) -> list[Resource]:
        """Give who may stand in an Appointment; a unit is called by its Task (R4 has no more)."""
        caller = {
            "type": [{"text": "Sammankallande"}],
            "actor": self._call.arguments["by"],
            "required": "required",
            "status": codes.ACCEPTED,
        }
        others = [
            {"actor": actor, "required": "required", "status": sip_call.NEEDS_ACTION}
            for actor in found.actors
            if target(actor).resource_type != "Organization"
        ]
        return [*others, caller]

    def _task(self, plan: Resource, actor: Resource, stay: Resource) -> Resource:
        arguments, now = self._call.arguments, now_of(self._call.context)
        called = first_of(self._at, now)
        start = bounds(self._times.get("start"))
        days = self._call.context.server.settings.meeting_answer_days
        last = sip_call.answer_deadline(called, start[0] if start else None, days).isoformat()
        task = {
            "resourceType": "Task",
            "meta": {"profile": [codes.structure("kallelse-task")]},
            "basedOn": [{"reference": f"CarePlan/{plan['id']}"}],
            "groupIdentifier": {"system": "urn:ietf:rfc:3986", "value": self._group},
            "status": "requested",
            "businessStatus": coded(sip_call.PARTICIPATION, sip_call.NEEDS_ACTION),
            "intent": "order",
            "code": coded(codes.TASK_CODE_SYSTEM, codes.KALLELSE),
            "description": "\n".join([arguments["agenda"], *arguments.get("question", [])]),
            "focus": {"reference": f"Appointment/{self._id}"},
            "for": plan["subject"],
            "encounter": stay,
            "authoredOn": self._at,
            "requester": arguments["by"],
            "owner": actor,
            "restriction": {"period": {"end": arguments.get("answerBy", last)}},
        }
        return {name: value for name, value in task.items() if value}

    def _with_meeting(self, plan: Resource) -> Resource:
        meeting = {"reference": f"Appointment/{self._id}"}
        link = {"url": codes.SIP_MEETING_LINK, "valueReference": meeting}
        return {**plan, "extension": [*plan.get("extension", []), link]}


def _times(call: Call) -> dict[str, str]:
    """Give start and end; nothing for a meeting without a time.

    Raises:
        FhirError: 400, a day without an hour, an end without a start or before it.
    """
    named = {name: call.arguments[name] for name in ("start", "end") if name in call.arguments}
    for name, text in named.items():
        if "T" not in text:
            raise invalid(f"{name} must have an hour: 2026-03-12T13:00:00+01:00.", name, "value")
    if not named:
        return {}
    if "start" not in named:
        raise invalid("end needs a start.", "end", "value")
    try:
        start = dt.datetime.fromisoformat(named["start"])
        end = dt.datetime.fromisoformat(named["end"]) if "end" in named else start + _AN_HOUR
    except (ValueError, OverflowError):
        raise invalid(
            "start and end must be moments that a calendar has.", "start", "value"
        ) from None
    if end <= start:
        raise invalid("end must be after start.", "end", "value")
    return {"start": named["start"], "end": named.get("end", end.isoformat())}


def _places(call: Call) -> list[Resource]:
    arguments = call.arguments
    found: list[Resource] = [{"url": codes.MEETING_FORM, "valueCode": arguments["form"]}]
    if "place" in arguments:
        found.append({"url": codes.MEETING_PLACE, "valueString": arguments["place"]})
    if "video" in arguments:
        found.append({"url": codes.MEETING_PLACE, "valueUrl": arguments["video"]})
    return found


def _meetings_of(plan: Resource) -> list[str]:
    return [
        target(found.get("valueReference", {})).literal
        for _, found in items(plan, "extension")
        if found.get("url") == codes.SIP_MEETING_LINK
    ]
