"""$cancel-sip-meeting: the meeting is called off, and its kallelser are withdrawn (R91)."""

from __future__ import annotations

from typing import Any

from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.meetings.sip_meetings import calls_to, meeting_at_hand, require_open
from fhir_server.operations.moments import now_text
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.sweden import sip_call

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store the meeting and the kallelser as cancelled.

    Returns:
        Parameters: ``return``, the Appointment; ``task``, the Tasks.

    Raises:
        FhirError: 404 for no such meeting, 409 for one that was called off or held.
    """

    def draft() -> list[Draft]:
        stored, meeting = meeting_at_hand(call.context, call.id or "")
        require_open(meeting)
        finder = Finder(call.context.server, call.context.store)
        reason = {"text": call.arguments["reason"]}
        off = {**meeting, "status": "cancelled", "cancelationReason": reason}
        calls = [
            Draft(_withdrawn(call, task), each.id, each)
            for each, task in calls_to(finder, stored.id)
            if task.get("status") in sip_call.ANSWERABLE
        ]
        return [Draft(off, stored.id, stored), *calls]

    written = write_together(call.context, draft)
    first, *others = written.stored
    named = [("return", first), *(("task", each) for each in others)]
    return several_answer(200, named, written.issues)


def _withdrawn(call: Call, task: Resource) -> Resource:
    by = {"type": {"text": "Inställt av"}, "valueReference": call.arguments["by"]}
    return {
        **task,
        "status": "cancelled",
        "statusReason": {"text": call.arguments["reason"]},
        "lastModified": now_text(call.context),
        "output": [*task.get("output", []), by],
    }
