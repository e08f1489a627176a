"""The request for another contact: a Task, done with the change or refused without it (R46)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fhir_server.fhir.ids import ID
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.at_hand import Found, living
from fhir_server.operations.contacts.assignment_at_hand import (
    named_contact,
    patient_of,
    require_no_end_yet,
    require_open,
)
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.moments import now_text
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes
from fhir_server.sweden.elements import concept_codes

Resource = dict[str, Any]

_TASK = re.compile(rf"Task/({ID})\Z")
_DONE = ("completed", "rejected", "cancelled", "failed", "entered-in-error")


def refuse(call: Call) -> Answer:
    """Keep a refused request as a rejected Task; the assignment is not touched.

    Raises:
        FhirError: no reason is given; the assignment or the Task is closed already.
    """
    if "decisionReason" not in call.arguments:
        text = "Say in decisionReason why the request is refused; the patient may ask."
        raise invalid(text, "decisionReason", "required")
    id_ = new_id()
    given = "task" in call.arguments
    team_version: list[StoredResource] = []

    def draft() -> Sequence[Draft]:
        stored, team = named_contact(call.context, call.id or "")
        require_open(team)
        require_no_end_yet(team)
        team_version[:] = [stored]
        if given:
            return [_decided(call, stored.id, "rejected")]
        return [Draft(_rejected(call, _request(call, team)), id_)]

    written = write_together(call.context, draft)
    [task] = written.stored
    [stored] = team_version
    return several_answer(
        200 if given else 201, [("task", task), ("return", stored)], written.issues
    )


def completed(call: Call, before: str, after: str) -> list[Draft]:
    """Give the Task of the call as completed by the change; nothing where the call names none.

    Args:
        call: of $change-fast-vardkontakt.
        before: id of the assignment that ends.
        after: id of the one that begins.
    """
    if "task" not in call.arguments:
        return []
    draft = _decided(call, before, "completed")
    came = {
        "type": {"text": "Ny fast kontakt"},
        "valueReference": {"reference": f"CareTeam/{after}"},
    }
    output = [*draft.resource.get("output", []), came]
    return [Draft({**draft.resource, "output": output}, draft.id, draft.previous)]


def _decided(call: Call, team_id: str, status: str) -> Draft:
    stored, task = _stored_task(call.context, call.arguments["task"], team_id)
    task = {**task, "lastModified": now_text(call.context)}
    if status == "rejected":
        return Draft(_rejected(call, task), stored.id, stored)
    outputs = [*task.get("output", []), *_outputs(call.arguments)]
    return Draft({**task, "status": status, "output": outputs}, stored.id, stored)


def _stored_task(context: Context, reference: Resource, team_id: str) -> Found:
    match = _TASK.match(str(reference.get("reference", "")))
    if match is None:
        raise invalid("task must be a reference of the form Task/[id].", "task", "value")
    stored, task = living(context, "Task", match[1])
    asks = codes.BYTE_AV_KONTAKT in concept_codes(task, "code", codes.TASK_CODE_SYSTEM)
    if not asks or task.get("focus", {}).get("reference") != f"CareTeam/{team_id}":
        text = "task must be a request for another contact (byte-av-kontakt) about this CareTeam."
        raise FhirError(Issue("error", "business-rule", text, "task"), status=422)
    if task["status"] in _DONE:
        text = f"{match[0]} is decided already: its status is {task['status']}."
        raise FhirError(Issue("error", "conflict", text, "task"))
    return stored, task


def _request(call: Call, team: Resource) -> Resource:
    arguments = call.arguments
    return {
        "resourceType": "Task",
        "meta": {"profile": [codes.structure("change-request-task")]},
        "status": "requested",
        "intent": "order",
        "code": coded(codes.TASK_CODE_SYSTEM, codes.BYTE_AV_KONTAKT),
        "focus": {"reference": f"CareTeam/{team['id']}"},
        "for": {"reference": patient_of(team)},
        "authoredOn": arguments.get("decidedAt") or now_text(call.context),
        "requester": arguments["requester"],
        "owner": arguments["decidedBy"],
        "reasonCode": {"text": arguments["reason"]},
    }


def _rejected(call: Call, task: Resource) -> Resource:
    return {
        **task,
        "status": "rejected",
        "statusReason": {"text": call.arguments["decisionReason"]},
        "output": [*task.get("output", []), *_outputs(call.arguments)],
    }


def _outputs(arguments: Arguments) -> list[Resource]:
    """Say what was decided, by whom: the Task keeps it also where the contact stays."""
    decision = coded(codes.CHANGE_DECISION_SYSTEM, arguments["decision"])
    told = [
        {"type": {"text": "Beslut"}, "valueCodeableConcept": decision},
        {"type": {"text": "Verksamhetschef"}, "valueReference": arguments["decidedBy"]},
    ]
    if "physician" in arguments:
        told.append(
            {
                "type": {"text": "Medicinskt ledningsansvarig läkare"},
                "valueReference": arguments["physician"],
            }
        )
    return told
