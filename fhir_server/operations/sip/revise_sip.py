"""$revise-sip: the next version of a plan, and what is changed.

A plan in force is not overwritten: the new one replaces it, by `CarePlan.replaces`, and takes over
when it comes into force. Activities keep their ids. R85, R92, R93; HSL (2017:30) 16 kap. 4 §,
socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.sip import sip_in_force
from fhir_server.operations.sip.sip_at_hand import (
    NewIds,
    Resource,
    goals_of,
    moment_of,
    patient_of,
    require_status,
    sip,
)
from fhir_server.operations.sip.sip_closing import goals_ended
from fhir_server.operations.sip.sip_contents import (
    changed_activity,
    contributors,
    distinct,
    extensions,
    goals,
    labels,
    name_who_follows_up,
    new_activity,
    position,
    with_ids,
)
from fhir_server.operations.sip.sip_in_force import Named
from fhir_server.operations.sip.sip_step import Step
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.elements import items, target
from fhir_server.sweden.plan_changes import changes

# What is said of one version alone: who got it, how it was evaluated, why it ended.
_OF_THE_OLD = (codes.COPY_GIVEN, codes.PLAN_EVALUATION, codes.PLAN_END)
# What a call may say that changes nothing by itself.
_NO_CHANGE = ("by", "at", "status", "author")


@dataclass
class _Revision:
    """One revision, as it is worked out anew at every attempt.

    Args:
        call: of the operation.
        step: who revises, and when.
        ids: of new resources.
        lines: what is changed.
    """

    call: Call
    step: Step
    ids: NewIds
    lines: list[str] = field(default_factory=list)

    def named(self) -> list[Named]:
        """Give what is written, each with the parameter of the answer that gives it."""
        context, arguments = self.call.context, self.call.arguments
        stored, before = sip(context, self.call.id or "")
        require_status(before, plan_life.DRAFT, plan_life.ACTIVE, plan_life.ON_HOLD)
        new_goals = list(goals(patient_of(before), arguments, self.step.day))
        goal_ids = [self.ids[f"goal {number}"] for number in range(len(new_goals))]
        plan = self._content(before, goal_ids)
        old_goals = goals_of(context, before)
        made = [Draft(g, id_) for g, id_ in zip(new_goals, goal_ids, strict=True)]
        words = {g.reference: g.resource["description"]["text"] for g in (*old_goals, *made)}
        self.lines[:] = changes(before, plan, words)
        own = self._own(stored, before, plan)
        follows = self._follows(own, old_goals)
        return [("return", own), *(("goal", goal) for goal in made), *follows]

    def _content(self, before: Resource, goal_ids: list[str]) -> Resource:
        arguments, day = self.call.arguments, self.step.day
        kept = _goals_kept(before, arguments)
        by_name = labels(arguments, goal_ids, [target(each).literal for each in kept])
        given = ("title", "description", "encounter")
        plan = {
            **before,
            **{name: arguments[name] for name in given if name in arguments},
            "extension": extensions(before, arguments, day),
            "author": arguments.get("author", self.step.by),
            "contributor": contributors(before, arguments),
            "careTeam": distinct([*before.get("careTeam", []), *arguments.get("careTeam", [])]),
            "supportingInfo": _supporting_info(before, arguments),
            "goal": [*kept, *({"reference": f"Goal/{id_}"} for id_ in goal_ids)],
            "activity": _activities(before, arguments, by_name),
        }
        plan = {key: value for key, value in plan.items() if value}
        name_who_follows_up(plan)
        return plan

    def _own(self, stored: StoredResource, before: Resource, plan: Resource) -> Draft:
        """Give the plan: a draft in place, or a new one that replaces the plan in force."""
        active = self.call.arguments.get("status") == plan_life.ACTIVE
        if active:
            plan = sip_in_force.resting_on_consent(self.call.context, plan)
        if before["status"] != plan_life.DRAFT:
            plan = _successor(stored.reference, plan, self.step)
        if active:
            plan = sip_in_force.comes_into_force(plan, self.step)
        if before["status"] == plan_life.DRAFT:
            return Draft(plan, stored.id, stored)
        return Draft(plan, self.ids["plan"])

    def _follows(self, own: Draft, old_goals: list[Draft]) -> list[Named]:
        context, step = self.call.context, self.step
        follows: list[Named] = []
        if own.previous is not None:
            # A draft changed in place: what it no longer names, no version in force does.
            kept = {target(each).literal for _, each in items(own.resource, "goal")}
            left = [goal for goal in old_goals if goal.reference not in kept]
            ended = goals_ended(context, {**own.resource, "id": own.id}, left, step.day)
            follows = [("goal", goal) for goal in ended]
        if own.resource["status"] == plan_life.ACTIVE:
            follows += sip_in_force.with_it(context, own.id, own.resource, step, self.ids)
        return follows


def run(call: Call) -> Answer:
    """Revise the plan.

    Returns:
        Parameters: ``return``, the new version; ``changes``, line by line; ``goal``, ``replaced``
        and ``task``, what changed with it.

    Raises:
        FhirError: 400, nothing is changed, or an activity or goal is none of the plan's; 409, the
            plan is over; 422, the law refuses the plan as it would be.
    """
    if not set(call.arguments) - set(_NO_CHANGE):
        raise invalid("Say what is changed of the plan.", "Parameters", "required")
    step = Step(call.arguments["by"], *moment_of(call))
    work, named = _Revision(call, step, NewIds(new_id)), list[Named]()

    def draft() -> Sequence[Draft]:
        named[:] = work.named()
        return sip_in_force.drafts(named)

    written = write_together(call.context, draft)
    answered = [(name, each) for (name, _), each in zip(named, written.stored, strict=True)]
    lines = [{"name": "changes", "valueString": each} for each in work.lines]
    status = 201 if written.stored[0].version == 1 else 200
    return several_answer(status, answered, written.issues, more=lines)


def _successor(before: str, plan: Resource, step: Step) -> Resource:
    """Give a plan that replaces another: a draft of its own, from this day."""
    of_its_own = ("id", "meta", "text", "identifier", "replaces")
    kept = {key: value for key, value in plan.items() if key not in of_its_own}
    stated = [e for e in kept.get("extension", []) if e.get("url") not in _OF_THE_OLD]
    return {
        **kept,
        "meta": {"profile": [codes.structure("sip-careplan")]},
        "extension": stated,
        "status": plan_life.DRAFT,
        "replaces": [{"reference": before}],
        "period": {"start": step.day.isoformat()},
        "created": step.day.isoformat(),
    }


def _goals_kept(before: Resource, arguments: Arguments) -> list[Resource]:
    removed = {target(each).literal for each in arguments.get("removeGoal", [])}
    stored: list[Resource] = before.get("goal", [])
    if removed - {target(each).literal for each in stored}:
        raise invalid("removeGoal must be a goal of the plan.", "removeGoal", "value")
    return [each for each in stored if target(each).literal not in removed]


def _activities(before: Resource, arguments: Arguments, by_name: Any) -> list[Resource]:
    activities = with_ids(before.get("activity", []))
    removed = {position(activities, each, "remove") for each in arguments.get("remove", [])}
    gone = {target(each).literal for each in arguments.get("removeGoal", [])}
    made = []
    after = [_without_goals(each, gone) for each in activities]
    for given in arguments.get("activity", []):
        if "activity" not in given:
            made.append(new_activity(given, by_name))
            continue
        index = position(activities, given["activity"], "activity.activity")
        if index in removed:
            raise invalid("An activity is either changed or removed.", "remove", "business-rule")
        after[index] = changed_activity(after[index], given, by_name)
    return [*(each for index, each in enumerate(after) if index not in removed), *made]


def _without_goals(activity: Resource, gone: set[str]) -> Resource:
    """Give an activity that does not serve goals that are no longer there."""
    served = activity.get("detail", {}).get("goal", [])
    left = [each for each in served if target(each).literal not in gone]
    if left == served:
        return activity
    detail = {key: value for key, value in activity["detail"].items() if key != "goal"}
    return {**activity, "detail": {**detail, "goal": left} if left else detail}


def _supporting_info(before: Resource, arguments: Arguments) -> list[Resource]:
    given = [arguments["consent"]] if "consent" in arguments else []
    return distinct([*before.get("supportingInfo", []), *given])
