"""$answer-call: what an actor answers to the kallelse to a SIP meeting (R83, R84, R90, R91)."""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.at_hand import Found
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.meetings.sip_meetings import (
    ANSWERED_BY,
    REPRESENTATIVE,
    answered,
    calls_to,
    meeting_at_hand,
    require_open,
)
from fhir_server.operations.moments import said_or_now
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.task_at_hand import require_status, task_at_hand
from fhir_server.sweden import codes, sip_call
from fhir_server.sweden.belonging import acts_for
from fhir_server.sweden.elements import child, target

Resource = dict[str, Any]

_OURS = (REPRESENTATIVE, ANSWERED_BY)


def run(call: Call) -> Answer:
    """Store the answer, and the meeting as it stands after it.

    Returns:
        Parameters: ``return``, the Task; ``appointment``, the meeting.

    Raises:
        FhirError: 400, a no without a reason; 409, the meeting was called off or held; 422,
            somebody answers who may not, or comes from elsewhere.
    """
    if call.arguments["answer"] == codes.DECLINED and "reason" not in call.arguments:
        text = "Say in reason why the actor does not come; the person and the caller need to know."
        raise invalid(text, "reason", "required")
    at = said_or_now(call)

    def draft() -> list[Draft]:
        stored, task = task_at_hand(call.context, call.id or "", codes.KALLELSE)
        require_status(task, sip_call.ANSWERABLE)
        finder = Finder(call.context.server, call.context.store)
        _require_may_answer(call, finder, task)
        meeting = _meeting_of(call, task)
        after = _answered(call, task, at)
        drafts = [Draft(after, stored.id, stored)]
        if meeting is not None:
            kept, appointment = meeting
            others = [each for _, each in calls_to(finder, kept.id) if each["id"] != task["id"]]
            gone = _without_representative(appointment, task)
            drafts.append(Draft(answered(gone, [*others, after]), kept.id, kept))
        return drafts

    written = write_together(call.context, draft)
    names = ("return", "appointment")
    return several_answer(200, list(zip(names, written.stored, strict=False)), written.issues)


def _meeting_of(call: Call, task: Resource) -> Found | None:
    """Give the meeting; None where the kallelse is to a plan without a time yet."""
    focus = target(child(task, "focus"))
    if focus.resource_type != "Appointment":
        return None
    found = meeting_at_hand(call.context, focus.literal.split("/")[1])
    require_open(found[1])
    return found


def _require_may_answer(call: Call, finder: Finder, task: Resource) -> None:
    """Refuse an answer for somebody else (422).

    Who called may write down what was answered by telephone; staff may for the person.
    """
    owner, requester = child(task, "owner"), child(task, "requester")
    by = call.arguments.get("by", owner)
    of_person = target(owner).resource_type in ("Patient", "RelatedPerson")
    if not (of_person or acts_for(by, owner, finder.read) or acts_for(by, requester, finder.read)):
        text = (
            "Only the actor called, somebody of its unit, or who called, may register the answer."
        )
        raise FhirError(Issue("error", "business-rule", text, "by"), status=422)
    comes = call.arguments.get("representative")
    if comes is not None and not acts_for(comes, owner, finder.read):
        text = "The representative does not work at the unit that was called."
        raise FhirError(Issue("error", "business-rule", text, "representative"), status=422)


def _answered(call: Call, task: Resource, at: str) -> Resource:
    arguments, answer = call.arguments, call.arguments["answer"]
    kept = [o for o in task.get("output", []) if o.get("type", {}).get("text") not in _OURS]
    told = {ANSWERED_BY: arguments.get("by"), REPRESENTATIVE: arguments.get("representative")}
    outputs = [{"type": {"text": name}, "valueReference": who} for name, who in told.items() if who]
    after = {
        **task,
        "status": sip_call.STATUS_OF_ANSWER[answer],
        "businessStatus": coded(sip_call.PARTICIPATION, answer),
        "statusReason": {"text": arguments["reason"]} if "reason" in arguments else None,
        "lastModified": at,
        "output": [*kept, *outputs],
    }
    return {name: value for name, value in after.items() if value}


def _without_representative(meeting: Resource, task: Resource) -> Resource:
    """Give the meeting without who came for the unit by the answer before this one."""
    before = [
        target(output.get("valueReference", {})).literal
        for output in task.get("output", [])
        if output.get("type", {}).get("text") == REPRESENTATIVE
    ]
    kept = [p for p in meeting["participant"] if target(child(p, "actor")).literal not in before]
    return {**meeting, "participant": kept}
