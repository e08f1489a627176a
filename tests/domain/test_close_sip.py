"""$close-sip: a plan ends with its reason, its goals and what was still to do."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, code, days, reference, refusals, result, string
from tests.domain.life_cycle import every, moment, named, part_of
from tests.domain.plan_calls import active_plan, call, draft_plan, goal_of, tasks
from tests.domain.sip_calls import YES, complete, generate, goal, ready


def closed(clinic: Clinic, plan: Json, reason: str, /, **more: Json) -> Any:
    return call(clinic, plan, "close-sip", reason=code(reason), **more)


REASONS = {
    "mal-uppnadda": "completed",
    "behov-upphort": "completed",
    "flyttat": "completed",
    "avliden": "completed",
    "annat": "completed",
    "samtycke-aterkallat": "revoked",
}


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_it_ends_with_its_reason(clinic: Clinic, reason: str) -> None:
    """R78, R90, R93: when, by whom, why; the plan is kept."""
    plan = active_plan(clinic)
    after = named(closed(clinic, plan, reason, text=string("Familjen flyttar.")))["return"]
    assert (after["status"], after["period"]["end"]) == (REASONS[reason], days(0))
    assert part_of(after, codes.PLAN_END, "reason") == reason
    assert part_of(after, codes.PLAN_END, "by") == plan["author"]
    assert part_of(after, codes.PLAN_END, "text") == "Familjen flyttar."
    assert clinic.read(f"CarePlan/{plan['id']}") == after


def test_a_draft_that_is_given_up_is_revoked(clinic: Clinic) -> None:
    """R93: it never was in force."""
    draft = draft_plan(clinic)
    response = closed(clinic, draft, "behov-upphort")
    assert named(response)["return"]["status"] == "revoked"
    assert [each["lifecycleStatus"] for each in every(response, "goal")] == ["cancelled"]


def test_goals_and_tasks_end_with_it(clinic: Clinic) -> None:
    """R92, R93: nobody is asked to follow up what is over."""
    plan = active_plan(clinic)
    kallelse = clinic.put(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "code": {"coding": [{"system": codes.TASK_CODE_SYSTEM, "code": codes.KALLELSE}]},
            "basedOn": [{"reference": f"CarePlan/{plan['id']}"}],
            "for": plan["subject"],
            "description": "Vad behöver du hjälp med?",
            "focus": {"reference": f"CarePlan/{plan['id']}"},
            "authoredOn": days(0),
            "requester": plan["author"],
            "owner": plan["author"],
            "restriction": {"period": {"end": days(3)}},
        }
    )
    response = closed(clinic, plan, "annat")
    assert goal_of(clinic, plan)["lifecycleStatus"] == "cancelled"
    assert {each["status"] for each in every(response, "task")} == {"cancelled"}
    assert len(every(response, "task")) == 2
    assert clinic.read(kallelse)["status"] == "cancelled"
    assert [task["status"] for task in tasks(clinic, plan)] == ["cancelled"]


def test_a_goal_that_another_plan_shares_goes_on(clinic: Clinic) -> None:
    """R89, R93: it is worked for there."""
    plan = active_plan(clinic, None, goal("Ett"), *complete()[1:])
    call(clinic, plan, "revise-sip", title=string("Nästa plan"))
    response = closed(clinic, plan, "annat")
    assert every(response, "goal") == []
    assert goal_of(clinic, plan)["lifecycleStatus"] == "active"


def test_the_person_may_end_it_at_any_time(clinic: Clinic) -> None:
    """R78: and so may a relative for the person; nobody else's."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    other = clinic.patient()
    stranger = clinic.put({"resourceType": "RelatedPerson", "patient": {"reference": other}})
    for by in (other, stranger):
        response = closed(clinic, plan, "samtycke-aterkallat", by=reference(by))
        assert refusals(response) == [("business-rule", ["HSL-16-4", "SOL-10-9"], "by")]
    after = named(closed(clinic, plan, "samtycke-aterkallat", by=reference(patient)))["return"]
    assert part_of(after, codes.PLAN_END, "by") == {"reference": patient}


def test_it_ends_once(clinic: Clinic) -> None:
    """R93: the second hears that."""
    plan = active_plan(clinic)
    assert closed(clinic, plan, "annat").status_code == 200
    assert refusals(closed(clinic, plan, "annat"), 409) == [("conflict", [], "CarePlan.status")]


def test_it_ended_when_it_did(clinic: Clinic) -> None:
    """R93: told later, not before."""
    plan = active_plan(clinic)
    assert [w for *_, w in refusals(closed(clinic, plan, "annat", at=moment(days(1))))] == ["at"]
    response = closed(clinic, plan, "annat", at=moment(days(0)))
    assert part_of(named(response)["return"], codes.PLAN_END, "at") == days(0)


def test_a_new_plan_may_be_made_afterwards(clinic: Clinic) -> None:
    """R85: what is over is no plan with the content."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    assert generate(clinic, patient, "draft").status_code == 422
    assert generate(clinic, patient, "draft", despiteExisting=YES).status_code == 201
    closed(clinic, plan, "annat")
    assert result(generate(clinic, patient, "active", *complete()))["status"] == "active"


def test_why_is_a_code_that_exists(clinic: Clinic) -> None:
    """R90."""
    response = closed(clinic, active_plan(clinic), "trott")
    assert refusals(response, 400)[0][0] == "code-invalid"
