"""$follow-up-sip: goals and activities evaluated, and what is decided then."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    days,
    extension,
    guidance,
    outcome_issues,
    paragraphs,
    reference,
    refusals,
    string,
)
from tests.domain.life_cycle import every, moment, named, part_of
from tests.domain.plan_calls import (
    active_plan,
    call,
    draft_plan,
    evaluated,
    followed_up,
    goal_of,
    ids_of,
    outcome_of,
    tasks,
)
from tests.domain.sip_calls import complete, goal

NEXT: dict[str, Any] = {"next": {"valueDate": "2027-09-01"}}
REACHED = "achieved"


def goal_reference(plan: Json, number: int = 0) -> str:
    return str(plan["goal"][number]["reference"])


def test_the_follow_up_is_kept_in_the_plan(clinic: Clinic) -> None:
    """R92: when, who, what was decided and said, and the next day."""
    plan = active_plan(clinic)
    said = string("Jag går ut igen. Hemtjänsten kommer för tidigt.")
    after = named(followed_up(clinic, plan, "fortsatt", text=said, **NEXT))["return"]
    assert part_of(after, codes.PLAN_EVALUATION, "decision") == "fortsatt"
    assert part_of(after, codes.PLAN_EVALUATION, "text") == said["valueString"]
    assert part_of(after, codes.PLAN_EVALUATION, "by") == plan["author"]
    assert part_of(after, codes.PLAN_EVALUATION, "next") == "2027-09-01"
    assert part_of(after, codes.FOLLOW_UP, "date") == "2027-09-01"
    assert part_of(after, codes.FOLLOW_UP, "responsible") == plan["author"]
    assert after["status"] == "active"


def test_every_follow_up_is_kept(clinic: Clinic) -> None:
    """R92, R93: none takes another's place."""
    plan = active_plan(clinic)
    followed_up(clinic, plan, "fortsatt", **NEXT)
    after = named(followed_up(clinic, plan, "andras", **NEXT))["return"]
    held = [e for e in after["extension"] if e["url"] == codes.PLAN_EVALUATION]
    assert len(held) == 2


GOALS = {
    "achieved": "completed",
    "sustaining": "active",
    "in-progress": "active",
    "worsening": "active",
    "not-attainable": "cancelled",
}


@pytest.mark.parametrize("achievement", sorted(GOALS))
def test_a_goal_carries_how_far_it_is_reached(clinic: Clinic, achievement: str) -> None:
    """R89, R92: with a note, and the day."""
    plan = active_plan(clinic)
    given = evaluated(goal_reference(plan), achievement, note=string("Går själv varje dag."))
    response = followed_up(clinic, plan, "fortsatt", goal=given, **NEXT)
    [after] = every(response, "goal")
    assert after["achievementStatus"]["coding"][0]["code"] == achievement
    assert (after["lifecycleStatus"], after["statusDate"]) == (GOALS[achievement], days(0))
    assert after["note"][0]["text"] == "Går själv varje dag."
    assert after["note"][0]["authorReference"]["reference"].startswith("Practitioner/")
    assert goal_of(clinic, plan) == after


def test_an_activity_carries_what_came_of_it(clinic: Clinic) -> None:
    """R92: by its id, or by its number; the others are as they were."""
    plan = active_plan(clinic)
    first, _ = ids_of(plan)
    given = [
        outcome_of(first, status=code("completed"), result=string("Läkemedlen är genomgångna.")),
        outcome_of("2", note=string("Kommer tre gånger om dagen.")),
    ]
    after = named(followed_up(clinic, plan, "fortsatt", activity=given, **NEXT))["return"]
    one, two = after["activity"]
    assert one["detail"]["status"] == "completed"
    assert one["outcomeCodeableConcept"] == [{"text": "Läkemedlen är genomgångna."}]
    assert two["detail"]["status"] == "not-started"
    assert two["progress"][0]["text"] == "Kommer tre gånger om dagen."
    assert ids_of(after) == ids_of(plan)


def test_the_task_is_completed_and_the_next_is_made(clinic: Clinic) -> None:
    """R92: one open follow-up at a time, of a named person."""
    plan = active_plan(clinic)
    [before] = tasks(clinic, plan)
    other = {"responsible": reference(clinic.nurse())}
    response = followed_up(clinic, plan, "fortsatt", **NEXT, **other)
    assert named(response)["closedTask"]["id"] == before["id"]
    status = {task["id"]: task["status"] for task in tasks(clinic, plan)}
    following = named(response)["task"]
    assert status == {before["id"]: "completed", following["id"]: "requested"}
    assert following["owner"] == other["responsible"]["valueReference"]
    assert following["restriction"]["period"]["end"] == "2027-09-01"


def test_without_a_next_day_the_law_reminds(clinic: Clinic) -> None:
    """R92: a plan in force has a day of follow-up."""
    response = followed_up(clinic, active_plan(clinic), "fortsatt")
    assert "task" not in named(response)
    told = [i["details"]["text"] for i in outcome_issues(response) if i["code"] == "business-rule"]
    assert told == ["The plan has no date of follow-up. Agree on one."]


def test_what_nothing_was_said_of_is_told(clinic: Clinic) -> None:
    """R92: evaluation goes goal by goal and insats by insats."""
    plan = active_plan(clinic)
    silent = guidance(followed_up(clinic, plan, "fortsatt", **NEXT))
    assert [i["expression"][0] for i in silent] == ["CarePlan.goal[0]", "CarePlan.activity[0]"]
    assert all(paragraphs(i) for i in silent)
    said = followed_up(
        clinic,
        plan,
        "fortsatt",
        goal=evaluated(goal_reference(plan), "improving"),
        activity=[outcome_of("1", status=code("in-progress")), outcome_of("2", note=string("Bra"))],
        **NEXT,
    )
    assert guidance(said) == []


def test_one_that_is_held_late_is_told(clinic: Clinic) -> None:
    """R92: the day that was agreed on."""
    agreed = {"name": "followUp", "part": [{"name": "date", "valueDate": days(-3)}]}
    plan = active_plan(clinic, None, *complete()[:-1], agreed)
    told = outcome_issues(followed_up(clinic, plan, "fortsatt", **NEXT))
    late = [i for i in told if i["severity"] == "warning" and "later than the day" in str(i)]
    assert len(late) == 1


def test_a_plan_whose_goals_are_reached_is_closed(clinic: Clinic) -> None:
    """R90, R92, R93: the reason says itself."""
    plan = active_plan(clinic)
    given = evaluated(goal_reference(plan), REACHED)
    response = followed_up(clinic, plan, "avslutas", goal=given)
    after = named(response)["return"]
    assert (after["status"], after["period"]["end"]) == ("completed", days(0))
    assert part_of(after, codes.PLAN_END, "reason") == codes.MAL_UPPNADDA
    assert [task["status"] for task in tasks(clinic, plan)] == ["completed"]
    assert goal_of(clinic, plan)["lifecycleStatus"] == "completed"


def test_another_is_closed_with_its_reason(clinic: Clinic) -> None:
    """R90, R93: nobody guesses why."""
    plan = active_plan(clinic, None, goal("Ett"), goal("Två"), *complete()[1:])
    given = evaluated(goal_reference(plan), REACHED)
    with clinic.nothing_stored("CarePlan", "Goal", "Task"):
        missing = followed_up(clinic, plan, "avslutas", goal=given)
        assert refusals(missing) == [("business-rule", ["HSL-16-4", "SOL-10-8"], "reason")]
    response = followed_up(clinic, plan, "avslutas", goal=given, reason=code("flyttat"))
    assert part_of(named(response)["return"], codes.PLAN_END, "reason") == "flyttat"
    assert goal_of(clinic, plan, 0)["lifecycleStatus"] == "completed"
    assert goal_of(clinic, plan, 1)["lifecycleStatus"] == "cancelled"


def test_the_last_activity_of_a_huvudman_is_not_called_off(clinic: Clinic) -> None:
    """R76: a plan in force joins both; close it, or revise it."""
    plan = active_plan(clinic)
    with clinic.nothing_stored("CarePlan", "Goal", "Task"):
        given = outcome_of("1", status=code("cancelled"))
        found = refusals(followed_up(clinic, plan, "fortsatt", activity=given, **NEXT))
    assert found == [("business-rule", ["HSL-16-4", "SOL-10-8"], "CarePlan.activity")]


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "another's goal": ({"goal": evaluated("Goal/annan", REACHED)}, 400, "goal"),
    "no such activity": ({"activity": outcome_of("3")}, 400, "activity.activity"),
    "activity 0": ({"activity": outcome_of("0")}, 400, "activity.activity"),
    "a next day that is over": ({"next": {"valueDate": "2020-01-01"}}, 422, "next"),
    "somebody for no day": ({"responsible": reference("PractitionerRole/x")}, 400, "responsible"),
    "a reason to go on": ({"reason": code("flyttat")}, 400, "reason"),
    "a day ahead": ({"at": moment(days(1))}, 422, "at"),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_what_does_not_fit_is_refused(clinic: Clinic, case: str) -> None:
    """R92: nothing is stored."""
    given, status, where = WRONG[case]
    plan = active_plan(clinic)
    with clinic.nothing_stored("CarePlan", "Goal", "Task"):
        found = refusals(followed_up(clinic, plan, "fortsatt", **given), status)
    assert [each[2] for each in found] == [where]


def test_a_closed_plan_has_no_next_follow_up(clinic: Clinic) -> None:
    """R92."""
    response = followed_up(clinic, active_plan(clinic), "avslutas", **NEXT)
    assert [each[2] for each in refusals(response, 400)] == ["next"]


def test_a_draft_is_not_followed_up(clinic: Clinic) -> None:
    """R90: first it comes into force."""
    response = followed_up(clinic, draft_plan(clinic), "fortsatt", **NEXT)
    assert refusals(response, 409) == [("conflict", [], "CarePlan.status")]


def test_a_unit_may_lead_it(clinic: Clinic) -> None:
    """R92: and signs the notes."""
    plan, unit = active_plan(clinic), clinic.unit(codes.KOMMUN)
    given = outcome_of("1", note=string("Går bra."))
    response = call(
        clinic,
        plan,
        "follow-up-sip",
        by=reference(unit),
        decision=code("fortsatt"),
        activity=given,
        **NEXT,
    )
    [note] = named(response)["return"]["activity"][0]["progress"]
    assert note["authorReference"] == {"reference": unit}
    assert extension(named(response)["return"], codes.PLAN_EVALUATION)
