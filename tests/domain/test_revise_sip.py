"""$revise-sip: the next version of a plan, what is changed, and what stays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    days,
    extension,
    outcome_issues,
    part,
    reference,
    refusals,
    string,
)
from tests.domain.life_cycle import moment, named, part_of
from tests.domain.plan_calls import (
    active_plan,
    call,
    draft_plan,
    followed_up,
    goal_of,
    ids_of,
    tasks,
)
from tests.domain.sip_calls import complete, goal

ACTIVE = {"status": code("active")}
NEW = part(description=string("Rehabilitering hemma"), huvudman=code(codes.REGION))


def revised(clinic: Clinic, plan: Json, /, **given: Json | list[Json]) -> Any:
    return call(clinic, plan, "revise-sip", **given)


def lines(response: Any) -> list[str]:
    """Give what the answer says is changed."""
    assert response.status_code in (200, 201), response.text
    return [p["valueString"] for p in response.json["parameter"] if p["name"] == "changes"]


def test_a_draft_stands_beside_the_plan_in_force_until_it_takes_over(clinic: Clinic) -> None:
    """R90, R93: nobody is without a plan meanwhile."""
    plan = active_plan(clinic)
    response = revised(clinic, plan, activity=NEW)
    draft = named(response)["return"]
    assert response.status_code == 201
    assert draft["id"] != plan["id"]
    assert draft["replaces"] == [{"reference": f"CarePlan/{plan['id']}"}]
    assert draft["status"] == "draft"
    assert clinic.read(f"CarePlan/{plan['id']}")["status"] == "active"
    taken_over = call(clinic, draft, "activate-sip")
    assert named(taken_over)["return"]["status"] == "active"
    before = named(taken_over)["replaced"]
    assert (before["id"], before["status"]) == (plan["id"], "completed")
    assert part_of(before, codes.PLAN_END, "reason") == codes.ERSATT


def test_an_active_version_takes_over_at_once(clinic: Clinic) -> None:
    """R92, R93: the plan before is over, its follow-up is cancelled, another is to come."""
    plan = active_plan(clinic)
    response = revised(clinic, plan, activity=NEW, **ACTIVE)
    after = named(response)["return"]
    assert after["status"] == "active"
    before = clinic.read(f"CarePlan/{plan['id']}")
    assert (before["status"], before["period"]["end"]) == ("completed", days(0))
    assert [task["status"] for task in tasks(clinic, plan)] == ["cancelled"]
    assert [task["status"] for task in tasks(clinic, after)] == ["requested"]
    # The answer's outcome does not warn of two plans: there is one.
    assert "CarePlan.replaces" not in str(outcome_issues(response))


def test_activities_keep_their_ids(clinic: Clinic) -> None:
    """R93: what is changed, what is new, what is as before."""
    plan = active_plan(clinic)
    region, kommun = ids_of(plan)
    changed = part(activity=string(kommun), description=string("Hemtjänst fyra gånger om dagen"))
    response = revised(clinic, plan, activity=[changed, NEW])
    after = named(response)["return"]
    assert ids_of(after)[:2] == [region, kommun]
    assert len(set(ids_of(after))) == 3
    assert after["activity"][0] == plan["activity"][0]
    assert after["activity"][1]["detail"]["description"] == "Hemtjänst fyra gånger om dagen"
    assert lines(response) == [
        "Ändrad insats: Hemtjänst fyra gånger om dagen (texten)",
        "Ny insats (regionen): Rehabilitering hemma",
    ]


def test_an_activity_may_be_removed(clinic: Clinic) -> None:
    """R76: as long as both huvudmän have one; a draft hears what it lacks."""
    plan = active_plan(clinic)
    with clinic.nothing_stored("CarePlan", "Goal", "Task"):
        found = refusals(revised(clinic, plan, remove=string(ids_of(plan)[0]), **ACTIVE))
        assert found == [("business-rule", ["HSL-16-4", "SOL-10-8"], "CarePlan.activity")]
    response = revised(clinic, plan, remove=string("1"))
    assert ids_of(named(response)["return"]) == [ids_of(plan)[1]]
    assert lines(response) == ["Insats som inte finns kvar (regionen): Hjälper till"]
    [gap] = [i for i in outcome_issues(response) if i["code"] == "business-rule"]
    assert gap["details"]["text"].startswith("Before the plan can be active: ")


def test_goals_are_carried_over_added_and_ended(clinic: Clinic) -> None:
    """R89, R93: a goal that is not in the new plan ends with the old."""
    plan = active_plan(clinic, None, goal("Ett"), goal("Två"), *complete()[1:])
    left, ended = (each["reference"] for each in plan["goal"])
    new = part(description=string("Tre"))
    response = revised(clinic, plan, goal=new, removeGoal=reference(ended))
    draft = named(response)["return"]
    assert lines(response) == ["Nytt mål: Tre", "Mål som inte finns kvar: Två"]
    assert draft["goal"][0] == {"reference": left}
    assert goal_of(clinic, draft, 1)["lifecycleStatus"] == "proposed"
    assert clinic.read(ended)["lifecycleStatus"] == "active", "the plan in force has it"
    call(clinic, draft, "activate-sip")
    assert clinic.read(left)["lifecycleStatus"] == "active"
    assert clinic.read(ended)["lifecycleStatus"] == "cancelled"
    assert goal_of(clinic, draft, 1)["lifecycleStatus"] == "active"


def test_an_activity_does_not_serve_a_goal_that_is_gone(clinic: Clinic) -> None:
    """R89."""
    served = part(description=string("X"), huvudman=code(codes.REGION), goal=string("1"))
    plan = draft_plan(clinic, None, *complete(), {"name": "activity", **served})
    [only] = plan["goal"]
    after = named(revised(clinic, plan, removeGoal=reference(only["reference"])))["return"]
    assert "goal" not in after
    assert not [each for each in after["activity"] if "goal" in each["detail"]]


def test_what_the_call_does_not_mention_stays(clinic: Clinic) -> None:
    """R93: and what was said of the version before alone does not come along (R81, R92)."""
    patient = None
    words = {"name": "whatMatters", "valueString": "Att bo kvar hemma."}
    plan = active_plan(clinic, patient, *complete(), words)
    person = {"valueReference": plan["subject"]}
    call(clinic, plan, "record-plan-copy", to=person, channel=code("brev"))
    followed_up(clinic, plan, "andras", next={"valueDate": "2027-09-01"})
    after = named(revised(clinic, plan, crisisPlan=string("Ring 1177.")))["return"]
    assert extension(after, codes.WHAT_MATTERS)["valueString"] == "Att bo kvar hemma."
    assert extension(after, codes.CRISIS_PLAN)["valueString"] == "Ring 1177."
    assert part_of(after, codes.FOLLOW_UP, "date") == "2027-09-01"
    urls = {each["url"] for each in after["extension"]}
    assert not urls & {codes.COPY_GIVEN, codes.PLAN_EVALUATION, codes.PLAN_END}
    for name in ("goal", "activity", "supportingInfo", "careTeam", "subject", "category"):
        assert after[name] == plan[name], name


def test_needs_and_responsibility_are_replaced_and_participants_added(clinic: Clinic) -> None:
    """R76, R84: what is said is what holds; who takes part comes beside the others."""
    unit, person = clinic.unit(codes.REGION), clinic.nurse()
    plan = active_plan(clinic, None, *complete(), {"name": "need", "valueString": "Trygghet"})
    response = revised(
        clinic,
        plan,
        need=string("Mat"),
        overallResponsible=part(huvudman=code(codes.REGION), organization=reference(unit)),
        planningResponsible=reference(person),
        participant=reference(unit),
    )
    after = named(response)["return"]
    assert extension(after, codes.SIP_NEED)["valueString"] == "Mat"
    assert part_of(after, codes.OVERALL_RESPONSIBLE, "huvudman") == codes.REGION
    assert part_of(after, codes.OVERALL_RESPONSIBLE, "person") == {"reference": person}
    assert {"reference": unit} in after["contributor"]
    assert lines(response) == [
        "Nytt behov: Mat",
        "Behov som inte finns kvar: Trygghet",
        "Huvudansvar: regionen",
        "Nya deltagare: 1",
    ]


def test_only_who_sees_to_the_plan_may_change(clinic: Clinic) -> None:
    """R76: the huvudman stays the one."""
    plan, person = active_plan(clinic), clinic.nurse()
    after = named(revised(clinic, plan, planningResponsible=reference(person)))["return"]
    assert part_of(after, codes.OVERALL_RESPONSIBLE, "huvudman") == codes.KOMMUN
    assert part_of(after, codes.OVERALL_RESPONSIBLE, "person") == {"reference": person}
    bare = draft_plan(clinic, None, goal())
    lacking = revised(clinic, bare, planningResponsible=reference(person))
    assert [each[2] for each in refusals(lacking, 400)] == ["planningResponsible"]


def test_a_draft_is_changed_in_place(clinic: Clinic) -> None:
    """R90: nothing in force is replaced."""
    draft = draft_plan(clinic, None, goal("Ett"), *complete())
    gone = draft["goal"][0]["reference"]
    response = revised(clinic, draft, activity=NEW, removeGoal=reference(gone))
    after = named(response)["return"]
    assert response.status_code == 200
    assert (after["id"], after["status"]) == (draft["id"], "draft")
    assert "replaces" not in after
    assert clinic.read(gone)["lifecycleStatus"] == "cancelled", "no plan has it"
    assert named(revised(clinic, after, title=string("Vår plan"), **ACTIVE))["return"][
        "status"
    ] == ("active")


def test_two_revisions_do_not_both_take_over(clinic: Clinic) -> None:
    """R93: the later one is told to revise what is in force now."""
    plan = active_plan(clinic)
    one, two = (named(revised(clinic, plan, activity=NEW))["return"] for _ in range(2))
    assert call(clinic, one, "activate-sip").status_code == 200
    assert refusals(call(clinic, two, "activate-sip"), 409) == [
        ("conflict", [], "CarePlan.replaces")
    ]


def test_of_many_at_once_one_takes_over(clinic: Clinic) -> None:
    """R85, R93: whatever the order, one plan is in force."""
    plan = active_plan(clinic)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: revised(clinic, plan, activity=NEW, **ACTIVE), range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    patient = plan["subject"]["reference"]
    found = clinic.fhir.get(f"CarePlan?patient={patient}&status=active").json
    assert found["total"] == 1


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such activity": ({"remove": string("9")}, "remove"),
    "another's goal": ({"removeGoal": reference("Goal/annan")}, "removeGoal"),
    "a new activity without words": ({"activity": part(huvudman=code("region"))}, "activity"),
    "a new activity without huvudman": ({"activity": part(description=string("X"))}, "activity"),
    "both changed and removed": (
        {"remove": string("1"), "activity": part(activity=string("1"), kind=code("sol"))},
        "remove",
    ),
    "an unknown goal": (
        {"activity": part(activity=string("1"), goal=string("ingen"))},
        "activity",
    ),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_what_does_not_fit_is_refused(clinic: Clinic, case: str) -> None:
    """R93: nothing is stored."""
    given, where = WRONG[case]
    plan = active_plan(clinic)
    with clinic.nothing_stored("CarePlan", "Goal", "Task"):
        assert [each[2] for each in refusals(revised(clinic, plan, **given), 400)] == [where]


def test_a_revision_changes_something(clinic: Clinic) -> None:
    """R93: a version says what is new."""
    response = revised(clinic, active_plan(clinic), at=moment(days(0)))
    assert [each[0] for each in refusals(response, 400)] == ["required"]


def test_a_closed_plan_is_not_revised(clinic: Clinic) -> None:
    """R93: a new one is made."""
    plan = active_plan(clinic)
    call(clinic, plan, "close-sip", reason=code("flyttat"))
    assert refusals(revised(clinic, plan, activity=NEW), 409) == [
        ("conflict", [], "CarePlan.status")
    ]
