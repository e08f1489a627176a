"""A SIP comes into force: its goals with it, the plan it replaces over, what follows as tasks.

One change of all, whether by $activate-sip, $generate-sip or $revise-sip. R75, R90, R92, R93.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft
from fhir_server.operations.contacts.assignment_edits import with_extension
from fhir_server.operations.moments import now_of
from fhir_server.operations.sip.sip_at_hand import NewIds, as_draft, changed, goals_of, patient_of
from fhir_server.operations.sip.sip_closing import goals_ended
from fhir_server.operations.sip.sip_contents import distinct, with_legal_basis
from fhir_server.operations.sip.sip_gathering import permitting
from fhir_server.operations.sip.sip_step import Step, plan_end
from fhir_server.operations.sip.sip_tasks import follow_up_task, needs_met, over
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.elements import items, target

Resource = dict[str, Any]
# A draft and the parameter of the answer that gives it; empty for one that is not given.
Named = tuple[str, Draft]


def resting_on_consent(context: Context, plan: Resource) -> Resource:
    """Give a plan that names the consents in force, so that one given after the draft counts.

    Whether it may rest on them is the law's to say (R75, R78).
    """
    finder = Finder(context.server, context.store)
    found = permitting(finder, patient_of(plan), now_of(context))
    return {**plan, "supportingInfo": distinct([*plan.get("supportingInfo", []), *found])}


def comes_into_force(plan: Resource, step: Step) -> Resource:
    """Give a plan as it is in force from a step on: active, by the law of that day."""
    start = plan.get("period", {}).get("start")
    # The day a draft was written is not when it begins; a plan on hold began long ago.
    begins = step.day.isoformat() if plan.get("status") == plan_life.DRAFT or not start else start
    period = {**plan.get("period", {}), "start": begins}
    period.pop("end", None)
    open_ended = [e for e in plan.get("extension", []) if e.get("url") != codes.PLAN_END]
    plan = with_legal_basis({**plan, "extension": open_ended}, step.day)
    return {**plan, "status": plan_life.ACTIVE, "period": period}


def with_it(
    context: Context,
    id_: str,
    plan: Resource,
    step: Step,
    ids: NewIds,
    finder: Finder | None = None,
) -> Iterator[Named]:
    """Give what changes when a plan comes into force, beside the plan.

    Args:
        context: the request.
        id_: the plan's logical id.
        plan: as it will be stored.
        step: who puts it in force, and when.
        ids: of new resources.
        finder: finds current resources, some of which it may have found already.

    Raises:
        FhirError: 409, the plan it replaces was replaced by another meanwhile.
    """
    # Those that are made with the plan are not stored yet.
    for goal in goals_of(context, plan, new=ids.values()):
        if goal.resource.get("lifecycleStatus") in plan_life.GOAL_AHEAD:
            yield (
                "goal",
                changed(goal, lifecycleStatus="active", statusDate=step.day.isoformat()),
            )
    for stored in replaced_by(context, plan):
        yield "replaced", _replaced(stored, step)
        yield from (("goal", goal) for goal in _goals_left(context, stored, plan, step))
        cancelled = over(context, stored.reference, "cancelled", codes.UPPFOLJNING)
        yield from (("task", task) for task in cancelled)
    if task := follow_up_task(plan, id_, step.by, step.at, step.moment):
        yield "task", Draft(task, ids["task"])
    finder = finder or Finder(context.server, context.store)
    yield from (("task", task) for task in needs_met(finder, patient_of(plan), f"CarePlan/{id_}"))


def replaced_by(context: Context, plan: Resource) -> list[StoredResource]:
    """Give the plans in force that a plan replaces."""
    named = [target(each).literal for _, each in items(plan, "replaces")]
    found = context.store.read_many([each for each in named if each.startswith("CarePlan/")])
    standing = []
    for stored in found.values():
        if stored is None or stored.deleted:
            continue
        before = json.parse(stored.body or b"{}")
        if before.get("status") in (plan_life.ACTIVE, plan_life.ON_HOLD):
            standing.append(stored)
        elif _was_replaced(before):
            text = f"{stored.reference} was replaced by another plan meanwhile. Revise that one."
            raise FhirError(Issue("error", "conflict", text, "CarePlan.replaces"))
    return standing


def _replaced(stored: StoredResource, step: Step) -> Draft:
    draft = as_draft(stored)
    return changed(
        draft,
        status="completed",
        period={**draft.resource.get("period", {}), "end": step.day.isoformat()},
        extension=with_extension(draft.resource, plan_end(step, codes.ERSATT))["extension"],
    )


def _goals_left(
    context: Context, stored: StoredResource, plan: Resource, step: Step
) -> Iterator[Draft]:
    """Give the goals of a plan replaced that the new one does not have, as they end."""
    before = as_draft(stored).resource
    kept = {target(each).literal for _, each in items(plan, "goal")}
    left = [goal for goal in goals_of(context, before) if goal.reference not in kept]
    return goals_ended(context, before, left, step.day)


def _was_replaced(plan: Resource) -> bool:
    ends = [e for _, e in items(plan, "extension") if e.get("url") == codes.PLAN_END]
    reasons = [p.get("valueCode") for e in ends for _, p in items(e, "extension")]
    return codes.ERSATT in reasons


def drafts(named: Sequence[Named]) -> list[Draft]:
    """Give the drafts alone, for the write."""
    return [draft for _, draft in named]
