"""$follow-up-sip: how far the goals are reached, what came of the activities, and what then.

The follow-up stands in the plan, results stand at the goals and activities, and the next follow-up
is somebody's task. R92; HSL (2017:30) 16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8 §.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fhir_server.fhir.outcome import Issue, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import coded, parts
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.sip.sip_at_hand import (
    NewIds,
    Resource,
    changed,
    goals_of,
    moment_of,
    refuse,
    require_status,
    sip,
)
from fhir_server.operations.sip.sip_closing import ended, goals_ended, tasks_cancelled
from fhir_server.operations.sip.sip_contents import (
    follow_up,
    name_who_follows_up,
    position,
    with_ids,
)
from fhir_server.operations.sip.sip_in_force import Named, drafts
from fhir_server.operations.sip.sip_step import Step
from fhir_server.operations.sip.sip_tasks import follow_up_task, over
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.elements import child, extension, target


@dataclass
class _FollowUp:
    """One follow-up, as it is worked out anew at every attempt.

    Args:
        call: of the operation.
        step: who led it, and when.
        ids: of new resources.
        issues: what is said of it beside what the write says.
    """

    call: Call
    step: Step
    ids: NewIds
    issues: list[Issue] = field(default_factory=list)

    @property
    def closes(self) -> bool:
        return bool(self.call.arguments["decision"] == codes.AVSLUTAS)

    def named(self) -> list[Named]:
        """Give what is written, each with the parameter of the answer that gives it."""
        context, arguments = self.call.context, self.call.arguments
        stored, plan = sip(context, self.call.id or "")
        require_status(plan, plan_life.ACTIVE)
        goals = {goal.reference: goal for goal in goals_of(context, plan)}
        author = _annotator(Finder(context.server, context.store), self.step.by)
        evaluated = _evaluated(goals, arguments, self.step, author)
        activities = with_ids(plan.get("activity", []))
        touched = _with_results(activities, arguments, self.step, author)
        self.issues[:] = [
            *plan_life.held_in_time(plan, self.step.moment),
            *plan_life.all_evaluated(plan, evaluated, touched, self.step.moment),
        ]
        after = {
            **plan,
            "activity": activities,
            "extension": _extensions(plan, arguments, self.step),
        }
        after = {key: value for key, value in after.items() if value}
        named: list[Named]
        if self.closes:
            named = self._closed(stored, after, goals | evaluated)
        else:
            named = self._goes_on(stored, after)
        said = {draft.id for _, draft in named}
        kept = [("goal", goal) for goal in evaluated.values() if goal.id not in said]
        return [*named, *kept]

    def _closed(
        self, stored: StoredResource, plan: Resource, goals: dict[str, Draft]
    ) -> list[Named]:
        arguments, context = self.call.arguments, self.call.context
        reached = [goal.resource for goal in goals.values()]
        reason = arguments.get("reason")
        refuse(list(plan_life.reason_is_given(reason, reached, self.step.moment)))
        text = arguments.get("text")
        closed = ended(plan, self.step, reason or codes.MAL_UPPNADDA, text)
        done = [*over(context, stored.reference, "completed", codes.UPPFOLJNING)]
        finished = {task.id for task in done}
        left = [t for t in tasks_cancelled(context, stored.reference) if t.id not in finished]
        over_with_it = goals_ended(context, plan, goals.values(), self.step.day)
        return [
            ("return", Draft(closed, stored.id, stored)),
            *(("goal", goal) for goal in over_with_it),
            *(("closedTask", task) for task in (*done, *left)),
        ]

    def _goes_on(self, stored: StoredResource, plan: Resource) -> list[Named]:
        name_who_follows_up(plan)
        step = self.step
        named: list[Named] = [("return", Draft(plan, stored.id, stored))]
        if task := follow_up_task(plan, stored.id, step.by, step.at, step.moment):
            named.append(("task", Draft(task, self.ids["task"])))
        done = over(self.call.context, stored.reference, "completed", codes.UPPFOLJNING)
        return [*named, *(("closedTask", task) for task in done)]


def run(call: Call) -> Answer:
    """Record a follow-up.

    Returns:
        Parameters: ``return``, the plan; ``goal``, those that changed; ``task``, the next
        follow-up; ``closedTask``, this one.

    Raises:
        FhirError: 400, a goal or activity that is none of the plan's; 409, the plan is not in
            force; 422, the law refuses the plan as it would be.
    """
    arguments = call.arguments
    step = Step(arguments["by"], *moment_of(call))
    refuse(list(plan_life.next_is_later(arguments.get("next"), step.moment)))
    if arguments["decision"] == codes.AVSLUTAS and "next" in arguments:
        raise invalid("A plan that is closed has no next follow-up.", "next", "business-rule")
    if "responsible" in arguments and "next" not in arguments:
        raise invalid("responsible goes with next.", "responsible", "business-rule")
    if arguments["decision"] != codes.AVSLUTAS and "reason" in arguments:
        raise invalid("reason goes with avslutas.", "reason", "business-rule")
    work, named = _FollowUp(call, step, NewIds(new_id)), list[Named]()

    def draft() -> Sequence[Draft]:
        named[:] = work.named()
        return drafts(named)

    written = write_together(call.context, draft)
    answered = [(name, each) for (name, _), each in zip(named, written.stored, strict=True)]
    return several_answer(200, answered, (*work.issues, *written.issues))


def _evaluated(
    goals: dict[str, Draft], arguments: Arguments, step: Step, author: Resource
) -> dict[str, Draft]:
    found: dict[str, Draft] = {}
    for given in arguments.get("goal", []):
        reference = target(given["goal"]).literal
        if reference not in goals:
            raise invalid("goal.goal must be a goal of the plan.", "goal", "value")
        goal = found.get(reference, goals[reference])
        achievement = given["achievement"]
        notes = [*goal.resource.get("note", []), *_annotation(given.get("note"), step, author)]
        found[reference] = changed(
            goal,
            lifecycleStatus=plan_life.goal_after(achievement),
            achievementStatus=coded(codes.GOAL_ACHIEVEMENT, achievement),
            statusDate=step.day.isoformat(),
            note=notes or None,
        )
    return found


def _with_results(
    activities: list[Resource], arguments: Arguments, step: Step, author: Resource
) -> set[int]:
    """Put results at activities; give the positions of those that got any."""
    touched = set()
    for given in arguments.get("activity", []):
        index = position(activities, given["activity"], "activity.activity")
        activities[index] = _with_result(activities[index], given, step, author)
        touched.add(index)
    return touched


def _with_result(activity: Resource, given: Arguments, step: Step, author: Resource) -> Resource:
    after = dict(activity)
    if "status" in given:
        if "detail" not in activity:
            text = "This activity is a resource of its own: its status stands there."
            raise invalid(text, "activity", "business-rule")
        after["detail"] = {**activity["detail"], "status": given["status"]}
    if "result" in given:
        after["outcomeCodeableConcept"] = [{"text": given["result"]}]
    if notes := _annotation(given.get("note"), step, author):
        after["progress"] = [*activity.get("progress", []), *notes]
    return after


def _extensions(plan: Resource, arguments: Arguments, step: Step) -> list[Resource]:
    held = parts(
        codes.PLAN_EVALUATION,
        at=("valueDateTime", step.at),
        by=("valueReference", step.by),
        decision=("valueCode", arguments["decision"]),
        text=("valueString", arguments.get("text")),
        next=("valueDate", arguments.get("next")),
    )
    kept = [e for e in plan.get("extension", []) if e.get("url") != codes.FOLLOW_UP]
    return [*kept, held, *_next(plan, arguments)]


def _next(plan: Resource, arguments: Arguments) -> Iterator[Resource]:
    """Give the next follow-up; the one that was held is none any more."""
    if "next" in arguments:
        before = extension(plan, codes.FOLLOW_UP)
        was = child(extension(before, "responsible"), "valueReference") or None
        yield follow_up(arguments["next"], arguments.get("responsible", was))


def _annotator(finder: Finder, by: Resource) -> Resource:
    """Give who wrote a note; R4 takes a Practitioner there, and not a role."""
    if target(by).resource_type != "PractitionerRole":
        return by
    role = finder.read(target(by).literal) or {}
    person: Resource = role.get("practitioner", {})
    return person


def _annotation(text: str | None, step: Step, author: Resource) -> list[Resource]:
    if text is None:
        return []
    note: Resource = {"time": step.at, "text": text}
    return [{"authorReference": author, **note} if author else note]
