"""$activate-sip: a draft comes into force, if the law misses nothing.

What it misses is told all at once, each with its paragraph: the law that every write of such a
plan meets says so, in the transaction that writes. R75-R77, R90, R92, R93; HSL (2017:30) 16 kap.
4 §, socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.sip import sip_in_force
from fhir_server.operations.sip.sip_at_hand import NewIds, moment_of, require_status, sip
from fhir_server.operations.sip.sip_contents import name_who_follows_up, with_ids
from fhir_server.operations.sip.sip_in_force import Named
from fhir_server.operations.sip.sip_step import Step
from fhir_server.sweden import plan_life


def run(call: Call) -> Answer:
    """Put the plan in force.

    Returns:
        Parameters: ``return``, the plan; ``goal``, ``replaced`` and ``task``, what changed with it.

    Raises:
        FhirError: 422 with all that the law misses; 409, it is in force or over.
    """
    step = Step(call.arguments["by"], *moment_of(call))
    ids, named = NewIds(new_id), list[Named]()

    def draft() -> Sequence[Draft]:
        stored, plan = sip(call.context, call.id or "")
        require_status(plan, plan_life.DRAFT, plan_life.ON_HOLD)
        plan = sip_in_force.resting_on_consent(call.context, plan)
        plan = sip_in_force.comes_into_force(plan, step)
        plan["activity"] = with_ids(plan.get("activity", []))
        plan = {key: value for key, value in plan.items() if value}
        name_who_follows_up(plan)
        rest = sip_in_force.with_it(call.context, stored.id, plan, step, ids)
        named[:] = [("return", Draft(plan, stored.id, stored)), *rest]
        return sip_in_force.drafts(named)

    written = write_together(call.context, draft)
    answered = [(name, each) for (name, _), each in zip(named, written.stored, strict=True)]
    plan = json.parse(written.stored[0].body or b"{}")
    told = (*written.issues, *plan_life.in_force_advice(plan, step.moment))
    return several_answer(200, answered, told)
