"""$refuse-sip: no plan is made, and why; or a huvudman takes its own assessment back.

R75, R83; HSL (2017:30) 16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8 §.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.moments import now_of, now_text
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.task_at_hand import require_status, task_at_hand
from fhir_server.sweden import codes, sip_need
from fhir_server.sweden.belonging import acts_for
from fhir_server.sweden.elements import child, text
from fhir_server.sweden.rulings import refusal

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store the refusal.

    Returns:
        Parameters: ``return``, the rejected Task; ``task``, the same need at other units, withdrawn
        where its assessment was taken back.

    Raises:
        FhirError: 409, the need is decided already; 422 where the law refuses.
    """
    law = sip_need.law_at(now_of(call.context))

    def draft() -> list[Draft]:
        stored, task = task_at_hand(call.context, call.id or "", codes.SIP_BEHOV)
        require_status(task, codes.OPEN_TASK)
        finder = Finder(call.context.server, call.context.store)
        if not acts_for(call.arguments["by"], child(task, "owner"), finder.read):
            said = "Only the unit that was asked, or one above it, may refuse to make the plan."
            raise FhirError(refusal(said, "by", *law), status=422)
        refused = Draft(
            _closed(call, task, "rejected", call.arguments["reason"]), stored.id, stored
        )
        return [refused, *_withdrawn(call, finder, task)]

    written = write_together(call.context, draft)
    first, *others = written.stored
    named = [("return", first), *(("task", each) for each in others)]
    return several_answer(200, named, [*written.issues, sip_need.refused_by_exception(law)])


def _withdrawn(call: Call, finder: Finder, task: Resource) -> Iterator[Draft]:
    """Give the same need at other units as withdrawn: the assessment that obliged them is gone."""
    group = text(child(task, "groupIdentifier"), "value")
    if not group or not sip_need.is_assessed(task):
        return
    code = f"{codes.TASK_CODE_SYSTEM}|{codes.SIP_BEHOV}"
    patient = text(child(task, "for"), "reference")
    for stored in finder.search_stored("Task", patient=patient, code=code):
        other = json.parse(stored.body or b"{}")
        same = text(child(other, "groupIdentifier"), "value") == group
        if same and other["id"] != task["id"] and other.get("status") in codes.OPEN_TASK:
            why = "Bedömningen är återtagen av den huvudman som gjorde den."
            yield Draft(_closed(call, other, "cancelled", why), stored.id, stored)


def _closed(call: Call, task: Resource, status: str, reason: str) -> Resource:
    decided = {"type": {"text": "Beslutat av"}, "valueReference": call.arguments["by"]}
    return {
        **task,
        "status": status,
        "statusReason": {"text": reason},
        "lastModified": now_text(call.context),
        "output": [*task.get("output", []), decided],
    }
