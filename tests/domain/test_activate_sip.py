"""$activate-sip: a draft comes into force, or hears all that the law misses."""

from __future__ import annotations

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, days, extension, guidance, paragraphs, refusals, result
from tests.domain.life_cycle import every, moment, named, part_of
from tests.domain.plan_calls import active_plan, call, draft_plan, goal_of, ids_of, tasks
from tests.domain.sip_calls import (
    activity,
    complete,
    consent_to_sip,
    follow_up,
    generate,
    goal,
    ready,
    responsible,
)

LAW = ["HSL-16-4", "SOL-10-8"]


def test_a_complete_draft_comes_into_force_with_its_goals(clinic: Clinic) -> None:
    """R75, R76, R77, R90: plan and goals are active from this day, on the law of the day."""
    draft = draft_plan(clinic)
    response = call(clinic, draft, "activate-sip")
    plan = named(response)["return"]
    assert response.status_code == 200
    assert (plan["status"], plan["period"]) == ("active", {"start": days(0)})
    [made] = every(response, "goal")
    assert made["lifecycleStatus"] == "active"
    assert goal_of(clinic, plan) == made
    assert clinic.read(f"CarePlan/{plan['id']}") == plan


def test_all_that_the_law_misses_is_told_at_once(clinic: Clinic) -> None:
    """R75, R76, R89, R90: one outcome, each with its paragraph; nothing changes."""
    patient = clinic.patient()
    draft = result(generate(clinic, patient, "draft"))
    by = {"valueReference": {"reference": clinic.nurse()}}
    with clinic.nothing_stored("CarePlan", "Goal", "Task"):
        found = refusals(call(clinic, draft | {"author": None}, "activate-sip", by=by))
    assert [(law, where) for _, law, where in found] == [
        (LAW, "CarePlan.supportingInfo"),
        (LAW, "CarePlan.activity"),
        (LAW, "CarePlan.activity"),
        (LAW, "CarePlan.extension"),
        (LAW, "CarePlan.goal"),
        (LAW, "CarePlan.author"),
    ]


def test_what_is_missing_is_filled_in_and_then_it_comes_into_force(clinic: Clinic) -> None:
    """R90: the refusal is a list to work through."""
    patient = ready(clinic)
    draft = draft_plan(clinic, patient, goal(), activity(codes.KOMMUN))
    assert len(refusals(call(clinic, draft, "activate-sip"))) == 2
    rest = [activity(codes.REGION), responsible(), follow_up()]
    given = {each["name"]: {k: v for k, v in each.items() if k != "name"} for each in rest}
    assert call(clinic, draft, "revise-sip", **given).status_code == 200
    assert named(call(clinic, draft, "activate-sip"))["return"]["status"] == "active"


def test_a_consent_given_after_the_draft_counts(clinic: Clinic) -> None:
    """R75: the plan names it from now on."""
    patient = clinic.patient()
    clinic.assign(patient, clinic.nurse())
    draft = draft_plan(clinic, patient)
    assert [where for _, _, where in refusals(call(clinic, draft, "activate-sip"))] == [
        "CarePlan.supportingInfo"
    ]
    consent = clinic.put(consent_to_sip(patient))
    plan = named(call(clinic, draft, "activate-sip"))["return"]
    assert plan["supportingInfo"] == [{"reference": consent}]


def test_a_no_stands_against_it(clinic: Clinic) -> None:
    """R78: no plan against the person's will."""
    patient = ready(clinic)
    draft = draft_plan(clinic, patient)
    clinic.put(consent_to_sip(patient, "deny"))
    found = refusals(call(clinic, draft, "activate-sip"))
    assert [where for _, _, where in found] == ["CarePlan.supportingInfo"]


def test_the_follow_up_becomes_a_task_of_who_sees_to_it(clinic: Clinic) -> None:
    """R92: a named person, and the day."""
    draft = draft_plan(clinic)
    [task] = every(call(clinic, draft, "activate-sip"), "task")
    assert task["meta"]["profile"] == [codes.structure("follow-up-task")]
    assert task["owner"] == draft["author"]
    assert task["restriction"] == {"period": {"end": "2027-04-16"}}
    assert tasks(clinic, draft) == [task]


def test_a_unit_is_nobody_and_gets_no_task(clinic: Clinic) -> None:
    """R92: the one who sees to the plan gets it instead."""
    unit, person = clinic.unit(), clinic.nurse()
    given = [
        *complete()[:3],
        responsible(),
        follow_up(responsible={"valueReference": {"reference": unit}}),
    ]
    draft = draft_plan(
        clinic,
        None,
        *given,
        {"name": "planningResponsible", "valueReference": {"reference": person}},
    )
    [task] = every(call(clinic, draft, "activate-sip"), "task")
    assert task["owner"] == {"reference": person}


def test_an_open_need_is_met(clinic: Clinic) -> None:
    """R75, R90: what was assessed or proposed has led to a plan."""
    patient, unit = ready(clinic), clinic.unit(codes.KOMMUN)
    need = clinic.put(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "code": {"coding": [{"system": codes.TASK_CODE_SYSTEM, "code": codes.SIP_BEHOV}]},
            "focus": {"reference": patient},
            "for": {"reference": patient},
            "authoredOn": days(-3),
            "businessStatus": {
                "coding": [{"system": codes.SIP_NEED_KIND_SYSTEM, "code": codes.BEDOMT}]
            },
            "reasonCode": {"text": "Behöver stöd från båda."},
            "requester": {"reference": unit},
            "owner": {"reference": unit},
        }
    )
    draft = draft_plan(clinic, patient)
    assert clinic.read(need)["status"] == "requested"
    call(clinic, draft, "activate-sip")
    met = clinic.read(need)
    assert met["status"] == "completed"
    assert met["output"][0]["valueReference"] == {"reference": f"CarePlan/{draft['id']}"}


def test_it_reminds_of_what_belongs_to_a_plan(clinic: Clinic) -> None:
    """R79, R81, R86: who does what, the meeting, the copy."""
    told = guidance(call(clinic, draft_plan(clinic), "activate-sip"))
    assert [issue["expression"][0] for issue in told] == [
        "CarePlan.activity[0]",
        "CarePlan.extension",
        "CarePlan.extension",
    ]
    assert all(paragraphs(issue) for issue in told)


def test_a_plan_in_force_or_over_is_not_put_in_force(clinic: Clinic) -> None:
    """R93: the second of two hears that."""
    plan = active_plan(clinic)
    assert refusals(call(clinic, plan, "activate-sip"), 409) == [
        ("conflict", [], "CarePlan.status")
    ]
    call(clinic, plan, "close-sip", reason={"valueCode": "flyttat"})
    assert call(clinic, plan, "activate-sip").status_code == 409


def test_a_plan_on_hold_comes_into_force_again(clinic: Clinic) -> None:
    """R78, R93: with a new consent; it began when it began."""
    plan = active_plan(clinic)
    ended = [
        {"url": "reason", "valueCode": codes.SAMTYCKE_ATERKALLAT},
        {"url": "at", "valueDateTime": days(-1)},
    ]
    told = [*plan["extension"], {"url": codes.PLAN_END, "extension": ended}]
    period = {"start": days(-9), "end": days(-1)}
    paused = plan | {"status": "on-hold", "period": period, "extension": told}
    assert clinic.fhir.put(f"CarePlan/{plan['id']}", paused).status_code == 200
    again = named(call(clinic, plan, "activate-sip"))["return"]
    assert (again["status"], again["period"]) == ("active", {"start": days(-9)})
    assert codes.PLAN_END not in {each["url"] for each in again["extension"]}


def test_a_narrative_that_was_made_from_the_data_does_not_outlive_them(clinic: Clinic) -> None:
    """R93: what a reader sees is what holds."""
    draft = draft_plan(clinic)
    div = '<div xmlns="http://www.w3.org/1999/xhtml">Utkast</div>'
    body = draft | {"text": {"status": "generated", "div": div}}
    assert clinic.fhir.put(f"CarePlan/{draft['id']}", body).status_code == 200
    assert "text" not in named(call(clinic, draft, "activate-sip"))["return"]


def test_activities_of_a_plan_stored_by_others_get_their_ids(clinic: Clinic) -> None:
    """R93: an activity can be told from version to version."""
    draft = draft_plan(clinic)
    own = ids_of(draft)
    bare = draft["activity"][1].copy()
    del bare["id"]
    body = draft | {"activity": [draft["activity"][0], bare]}
    assert clinic.fhir.put(f"CarePlan/{draft['id']}", body).status_code == 200
    plan = named(call(clinic, draft, "activate-sip"))["return"]
    first, second = ids_of(plan)
    assert first == own[0]
    assert second
    assert second != first


def test_it_may_be_told_later_and_not_before(clinic: Clinic) -> None:
    """R93: from the day it was put in force; what lies ahead is not recorded."""
    draft = draft_plan(clinic)
    ahead = call(clinic, draft, "activate-sip", at=moment(days(2)))
    assert [where for _, _, where in refusals(ahead)] == ["at"]
    plan = named(call(clinic, draft, "activate-sip", at=moment(days(-2))))["return"]
    assert plan["period"] == {"start": days(-2)}


def test_only_a_sip_is_put_in_force(clinic: Clinic) -> None:
    """R86: a vårdplan has other rules."""
    other = {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "title": "Vårdplan",
        "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": "VP"}]}],
        "subject": {"reference": clinic.patient()},
    }
    plan = clinic.fhir.create(other)
    by = {"valueReference": {"reference": clinic.unit()}}
    assert refusals(call(clinic, plan, "activate-sip", by=by)) == [
        ("business-rule", [], "CarePlan.category")
    ]
    missing = call(clinic, {"id": "ingen-plan"}, "activate-sip", by=by)
    assert missing.status_code == 404


def test_who_plans_for_the_huvudman_is_kept(clinic: Clinic) -> None:
    """R76: planeringsansvarig."""
    person = {"valueReference": {"reference": clinic.nurse()}}
    plan = draft_plan(clinic, None, *complete(), {"name": "planningResponsible", **person})
    assert part_of(plan, codes.OVERALL_RESPONSIBLE, "person") == person["valueReference"]
    assert extension(plan, codes.OVERALL_RESPONSIBLE)
