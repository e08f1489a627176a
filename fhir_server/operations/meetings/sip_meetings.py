"""SIP meetings and the kallelser to them, in the versions that they were read in (R91)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.at_hand import Found, living, other_kind
from fhir_server.operations.sip.sip_at_hand import plan_at_hand
from fhir_server.sweden import codes, sip_call
from fhir_server.sweden.elements import child, says, target

Resource = dict[str, Any]

# A plan that is over is not met about: a new one is made.
_MET_ABOUT = ("draft", "active", "on-hold")


def plan_to_meet_about(context: Context, id_: str) -> Found:
    """Give the SIP that a meeting is about.

    Raises:
        FhirError: as `plan_at_hand`; 409 for a plan that is over.
    """
    stored, plan = plan_at_hand(context, id_)
    if plan.get("status") not in _MET_ABOUT:
        text = f"CarePlan/{id_} is over: its status is {plan.get('status')}. Make a new plan."
        raise FhirError(Issue("error", "conflict", text, "CarePlan.status"))
    return stored, plan


def meeting_at_hand(context: Context, id_: str) -> Found:
    """Give a SIP meeting.

    Raises:
        FhirError: 404 or 410 for none; 422 for another kind of appointment.
    """
    stored, meeting = living(context, "Appointment", id_)
    if not says(meeting, "serviceType", codes.SIP_MEETING, codes.code_system("service-type")):
        words = f"is no SIP meeting: its serviceType is not {codes.SIP_MEETING}."
        raise other_kind(meeting, words, "serviceType")
    return stored, meeting


def require_open(meeting: Resource) -> None:
    """Refuse a meeting that was called off or held (409)."""
    if meeting.get("status") not in sip_call.OPEN_MEETING:
        text = f"Appointment/{meeting['id']} is closed: its status is {meeting.get('status')}."
        raise FhirError(Issue("error", "conflict", text, "Appointment.status"))


def calls_to(finder: Finder, meeting_id: str) -> list[Found]:
    """Give the kallelser to a meeting, oldest first; those entered in error are left out."""
    code = f"{codes.TASK_CODE_SYSTEM}|{codes.KALLELSE}"
    found = finder.search_stored("Task", focus=f"Appointment/{meeting_id}", code=code)
    parsed = [(stored, json.parse(stored.body)) for stored in found if stored.body]
    kept = [each for each in parsed if each[1].get("status") != "entered-in-error"]
    return sorted(kept, key=lambda each: (each[1].get("authoredOn", ""), each[0].id))


def answered(meeting: Resource, tasks: Sequence[Resource]) -> Resource:
    """Give a meeting with the answers to its kallelser, and the status that follows (R91).

    An actor that may stand in an Appointment does so with its answer; for a unit, which may not,
    its representative does.
    """
    statuses: dict[str, str] = {}
    for task in tasks:
        if task.get("status") in ("cancelled", "failed"):
            continue
        answer = sip_call.answer_of(task)
        for person in filter(None, (_standing(task), representative_of(task))):
            statuses[person] = answer
    participants = [
        {**each, "status": statuses.pop(target(child(each, "actor")).literal, each["status"])}
        for each in meeting.get("participant", [])
    ]
    participants += [
        {"actor": {"reference": person}, "required": "required", "status": answer}
        for person, answer in statuses.items()
    ]
    answers = [sip_call.answer_of(t) for t in tasks if t.get("status") not in ("cancelled",)]
    has_time = "start" in meeting and "end" in meeting
    status = sip_call.meeting_status(str(meeting["status"]), has_time, answers)
    return {**meeting, "status": status, "participant": participants}


def representative_of(task: Resource) -> str:
    """Give who comes for the unit that was called; empty for nobody."""
    for output in task.get("output", []):
        if output.get("type", {}).get("text") == REPRESENTATIVE:
            return target(output.get("valueReference", {})).literal
    return ""


REPRESENTATIVE, ANSWERED_BY = "Representant", "Svarat av"


def _standing(task: Resource) -> str:
    owner = target(task.get("owner", {}))
    may_stand = ("PractitionerRole", "Practitioner", "RelatedPerson", "Patient")
    return owner.literal if owner.resource_type in may_stand else ""
