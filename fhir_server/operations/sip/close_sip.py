"""$close-sip: a plan ends, with why, and with what was still to do.

The person may end it at any time (R78); it is kept, with its history. R90, R93; HSL (2017:30) 16
kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.sip.sip_at_hand import (
    Resource,
    goals_of,
    moment_of,
    patient_of,
    require_status,
    sip,
)
from fhir_server.operations.sip.sip_closing import ended, goals_ended, tasks_cancelled
from fhir_server.operations.sip.sip_in_force import Named, drafts
from fhir_server.operations.sip.sip_step import Step
from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.elements import child, target


def run(call: Call) -> Answer:
    """End the plan.

    Returns:
        Parameters: ``return``, the plan; ``goal`` and ``task``, what ended with it.

    Raises:
        FhirError: 409, it is over already; 422, somebody else's relative closes it.
    """
    step = Step(call.arguments["by"], *moment_of(call))
    named = list[Named]()

    def draft() -> Sequence[Draft]:
        stored, plan = sip(call.context, call.id or "")
        require_status(plan, plan_life.ACTIVE, plan_life.ON_HOLD, plan_life.DRAFT)
        _require_may_close(call.context, plan, call.arguments)
        closed = ended(plan, step, call.arguments["reason"], call.arguments.get("text"))
        goals = goals_ended(call.context, plan, goals_of(call.context, plan), step.day)
        named[:] = [
            ("return", Draft(closed, stored.id, stored)),
            *(("goal", goal) for goal in goals),
            *(("task", task) for task in tasks_cancelled(call.context, stored.reference)),
        ]
        return drafts(named)

    written = write_together(call.context, draft)
    answered = [(name, each) for (name, _), each in zip(named, written.stored, strict=True)]
    return several_answer(200, answered, written.issues)


def _require_may_close(context: Context, plan: Resource, arguments: Arguments) -> None:
    """Refuse a person or a relative who is not this plan's (R78)."""
    by, patient = target(arguments["by"]), patient_of(plan)
    if by.resource_type == "RelatedPerson":
        relative = Finder(context.server, context.store).read(by.literal) or {}
        own = target(child(relative, "patient")).literal == patient
    else:
        own = by.resource_type != "Patient" or by.literal == patient
    if not own:
        text = "Only the person, their relatives and staff may end the plan."
        paragraphs = (codes.HSL_16_4.coding, codes.SOL_10_9.coding)
        raise FhirError(Issue("error", "business-rule", text, "by", paragraphs))
