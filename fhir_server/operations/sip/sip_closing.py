"""A SIP ends: with its reason, its goals, and what was still to do. R78, R90, R93."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft
from fhir_server.operations.contacts.assignment_edits import with_extension
from fhir_server.operations.sip.sip_at_hand import changed, patient_of
from fhir_server.operations.sip.sip_step import Step, plan_end
from fhir_server.operations.sip.sip_tasks import over
from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.elements import items, target

Resource = dict[str, Any]

_SIPS = f"{codes.CARE_PLAN_CATEGORY}|{codes.SIP}"
_LIVING = (plan_life.DRAFT, plan_life.ACTIVE, plan_life.ON_HOLD)


def ended(plan: Resource, step: Step, reason: str, text: str | None) -> Resource:
    """Give a plan that ends by a step.

    Args:
        plan: the CarePlan.
        step: who ends it, and when.
        reason: of CodeSystem plan-end-reason.
        text: more, in plain words.
    """
    period = {**plan.get("period", {}), "end": step.day.isoformat()}
    return {
        **with_extension(plan, plan_end(step, reason, text)),
        "status": plan_life.status_at_end(plan, reason),
        "period": period,
    }


def goals_ended(
    context: Context, plan: Resource, goals: Iterable[Draft], day: dt.date
) -> Iterator[Draft]:
    """Give the goals that end with a plan; one that another plan works for goes on.

    Args:
        context: the request.
        plan: the plan that ends.
        goals: its goals, as they are or are to become.
        day: when it ends.
    """
    shared = _goals_of_others(context, plan)
    for goal in goals:
        still_open = goal.resource.get("lifecycleStatus") in plan_life.GOAL_OPEN
        if still_open and goal.reference not in shared:
            status = plan_life.goal_at_end(goal.resource)
            yield changed(goal, lifecycleStatus=status, statusDate=day.isoformat())


def tasks_cancelled(context: Context, plan: str) -> Iterator[Draft]:
    """Give what was still to do for a plan, cancelled: follow-ups and kallelser."""
    yield from over(context, plan, "cancelled", codes.UPPFOLJNING, codes.KALLELSE)


def _goals_of_others(context: Context, plan: Resource) -> set[str]:
    finder = Finder(context.server, context.store)
    others = finder.search("CarePlan", patient=patient_of(plan), category=_SIPS)
    return {
        target(goal).literal
        for other in others
        if other["id"] != plan["id"] and other.get("status") in _LIVING
        for _, goal in items(other, "goal")
    }
