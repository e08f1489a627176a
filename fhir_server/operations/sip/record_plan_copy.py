"""$record-plan-copy: the person got the plan in writing: who, when, how.

R80, R81 (prop. 2008/09:193 p. 25); what is not the person's stays secret: offentlighets- och
sekretesslagen (2009:400) 12 kap. 2 §, 25 kap. 1 §, 26 kap. 1 §.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.fhir.outcome import Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import coded, parts
from fhir_server.operations.moments import now_text
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.sip.sip_at_hand import (
    NewIds,
    Resource,
    moment_of,
    patient_of,
    refuse,
    require_status,
    sip,
)
from fhir_server.operations.sip.sip_in_force import Named, drafts
from fhir_server.operations.sip.sip_step import Step
from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.elements import target
from fhir_server.sweden.guardians import is_child

# A draft is nothing to keep; what was in force may be asked for later.
_GIVEN = (plan_life.ACTIVE, plan_life.ON_HOLD, "completed", "revoked")


def run(call: Call) -> Answer:
    """Store that a copy was given, and note it on the plan.

    Returns:
        Parameters: ``return``, the plan; ``communication``; ``document`` where one was sent.

    Raises:
        FhirError: 409, the plan is a draft; 422, it was given to somebody else's relative.
    """
    step = Step(call.arguments["by"], *moment_of(call))
    attachment = call.arguments.get("document")
    if attachment is not None and not {"data", "url"} & set(attachment):
        raise invalid("document needs its data, or a url.", "document", "required")
    ids, named = NewIds(new_id), list[Named]()
    said: list[Issue] = []

    def draft() -> Sequence[Draft]:
        stored, plan = sip(call.context, call.id or "")
        require_status(plan, *_GIVEN)
        said[:] = _may_have(call, plan, step)
        named[:] = [
            ("return", Draft(_noted(call, plan, step), stored.id, stored)),
            ("communication", Draft(_communication(call, plan, step, ids), ids["communication"])),
        ]
        if attachment is not None:
            document = _document(call, plan, step, attachment)
            named.append(("document", Draft(document, ids["document"])))
        return drafts(named)

    written = write_together(call.context, draft)
    answered = [(name, each) for (name, _), each in zip(named, written.stored, strict=True)]
    return several_answer(200, answered, (*said, *written.issues))


def _may_have(call: Call, plan: Resource, step: Step) -> list[Issue]:
    finder = Finder(call.context.server, call.context.store)
    patient, to = patient_of(plan), target(call.arguments["to"])
    relative = finder.read(to.literal) if to.resource_type == "RelatedPerson" else None
    of_child = is_child(finder.read(patient) or {}, step.moment)
    found = plan_life.may_have_copy(patient, to.literal, relative, step.moment, of_child=of_child)
    return refuse(list(found))


def _noted(call: Call, plan: Resource, step: Step) -> Resource:
    given = parts(
        codes.COPY_GIVEN,
        at=("valueDateTime", step.at),
        to=("valueReference", call.arguments["to"]),
        channel=("valueCode", call.arguments["channel"]),
    )
    return {**plan, "extension": [*plan.get("extension", []), given]}


def _communication(call: Call, plan: Resource, step: Step, ids: NewIds) -> Resource:
    communication: Resource = {
        "resourceType": "Communication",
        "meta": {"profile": [codes.structure("plan-copy-communication")]},
        "status": "completed",
        "category": [coded(codes.COMMUNICATION_CATEGORY_SYSTEM, codes.PLANKOPIA)],
        "medium": [coded(codes.INFORMATION_CHANNEL_SYSTEM, call.arguments["channel"])],
        "subject": {"reference": patient_of(plan)},
        "about": [{"reference": f"CarePlan/{plan['id']}"}],
        "sent": step.at,
        "recipient": [call.arguments["to"]],
        "sender": step.by,
    }
    if "document" in call.arguments:
        document = {"reference": f"DocumentReference/{ids['document']}"}
        communication["payload"] = [{"contentReference": document}]
    return communication


def _document(call: Call, plan: Resource, step: Step, attachment: Resource) -> Resource:
    return {
        "resourceType": "DocumentReference",
        "meta": {"profile": [codes.structure("sip-documentreference")]},
        "status": "current",
        "docStatus": "final",
        "type": coded(codes.CARE_PLAN_CATEGORY, codes.SIP),
        "subject": {"reference": patient_of(plan)},
        "date": now_text(call.context),
        "author": [step.by],
        "content": [{"attachment": attachment}],
        "context": {"related": [{"reference": f"CarePlan/{plan['id']}"}]},
    }
