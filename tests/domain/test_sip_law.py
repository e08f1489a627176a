"""The law on samordnad individuell plan meets $generate-sip, POST, PUT and bundles alike."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    advice,
    category,
    paragraphs,
    reference,
    refusals,
    result,
    transaction,
)
from tests.domain.sip_calls import (
    YES,
    activity,
    complete,
    consent_to_sip,
    consented,
    follow_up,
    generate,
    goal,
    ready,
    responsible,
)

LAW = ["HSL-16-4", "SOL-10-8"]
INFO = "CarePlan.supportingInfo"
STORED = ("CarePlan", "Goal")
BASE = "http://localhost/fhir"


def refused(response: Any, *expressions: str) -> None:
    """Demand refusals by the two paragraphs on SIP at some elements, and by nothing else."""
    assert refusals(response) == [("business-rule", LAW, each) for each in expressions], (
        response.text
    )


def active_plan(clinic: Clinic, patient: str) -> Json:
    return result(generate(clinic, patient, "active", *complete()))


def put(clinic: Clinic, plan: Json) -> Any:
    return clinic.fhir.put(f"CarePlan/{plan['id']}", plan)


# ---- a draft and what it lacks ------------------------------------------------------------------

GAPS = {
    "no goal": ([0], "CarePlan.goal"),
    "no activity by the region": ([1], "CarePlan.activity"),
    "no activity by the municipality": ([2], "CarePlan.activity"),
    "no overall-responsible huvudman": ([3], "CarePlan.extension"),
}


@pytest.mark.parametrize("gap", sorted(GAPS))
def test_an_active_plan_may_not_lack_what_the_law_asks_for(clinic: Clinic, gap: str) -> None:
    """R76, R89, cp-2 to cp-4: refused whole, no Goal is left behind."""
    left_out, expression = GAPS[gap]
    given = [each for number, each in enumerate(complete()) if number not in left_out]
    patient = ready(clinic)
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, "active", *given), expression)


@pytest.mark.parametrize("gap", sorted(GAPS))
def test_a_draft_may_and_says_so(clinic: Clinic, gap: str) -> None:
    """R76, R89, R90: "Before the plan can be active"."""
    left_out, expression = GAPS[gap]
    given = [each for number, each in enumerate(complete()) if number not in left_out]
    response = generate(clinic, ready(clinic), "draft", *given)
    assert result(response)["status"] == "draft"
    [issue] = advice(response)
    assert (issue["severity"], paragraphs(issue)) == ("warning", LAW)
    assert issue["expression"] == [expression]
    assert issue["details"]["text"].startswith("Before the plan can be active: ")


def test_an_empty_draft_lists_all_that_the_law_still_asks_for(clinic: Clinic) -> None:
    """R75, R76, R89, R92."""
    response = generate(clinic, clinic.patient(), "draft")
    told = [issue["expression"][0] for issue in advice(response)]
    assert sorted(told) == [
        "CarePlan.activity",
        "CarePlan.activity",
        "CarePlan.author",
        "CarePlan.extension",
        "CarePlan.extension",
        "CarePlan.goal",
        INFO,
    ]
    assert {issue["severity"] for issue in advice(response)} == {"warning"}


def test_an_active_plan_without_author_is_refused(clinic: Clinic) -> None:
    """R92, cp-4: nobody keeps it current."""
    patient = clinic.patient()
    clinic.put(consent_to_sip(patient))
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, "active", *complete()), "CarePlan.author")


def test_a_follow_up_is_advised_and_not_demanded(clinic: Clinic) -> None:
    """R92."""
    response = generate(clinic, ready(clinic), "active", *complete()[:-1])
    assert result(response)["status"] == "active"
    [issue] = advice(response)
    assert issue["expression"] == ["CarePlan.extension"]


@pytest.mark.parametrize("status", ["draft", "active"])
@pytest.mark.parametrize("second", [codes.REGION, codes.KOMMUN])
def test_two_overall_responsible_huvudman_are_refused(
    clinic: Clinic, status: str, second: str
) -> None:
    """R76, cp-3: exactly one, also where both name the same."""
    patient = ready(clinic)
    with clinic.nothing_stored(*STORED):
        response = generate(clinic, patient, status, *complete(), responsible(second))
        refused(response, "CarePlan.extension")


def test_the_organization_and_the_huvudman_must_agree(clinic: Clinic) -> None:
    """R76, cp-3."""
    patient, unit = ready(clinic), clinic.unit(codes.REGION)
    given = [*complete()[:3], responsible(codes.KOMMUN, organization=reference(unit)), follow_up()]
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, "active", *given), "CarePlan.extension[0]")


def test_a_second_active_plan_is_advised_against(clinic: Clinic) -> None:
    """R85: an existing plan with the content suffices."""
    patient = ready(clinic)
    active_plan(clinic, patient)
    [issue] = advice(generate(clinic, patient, "active", *complete(), despiteExisting=YES))
    assert (issue["severity"], issue["expression"]) == ("warning", ["CarePlan.replaces"])


def test_a_plan_stored_by_post_obeys_the_same_law(clinic: Clinic) -> None:
    """R75-R77, R89: everything the law asks for is missing."""
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [category(codes.CARE_PLAN_CATEGORY, codes.SIP)],
        "subject": {"reference": clinic.patient()},
    }
    lacks = [INFO, "CarePlan.activity", "CarePlan.activity", "CarePlan.extension"]
    lacks += ["CarePlan.goal", "CarePlan.author", "CarePlan.period.start"]
    with clinic.nothing_stored("CarePlan"):
        refused(clinic.fhir.post("CarePlan", plan), *lacks)
        bundle = transaction(("POST", "CarePlan", plan))
        assert {tuple(law) for _, law, _ in refusals(clinic.fhir.post("", bundle))} == {tuple(LAW)}
        lower = category(codes.CARE_PLAN_CATEGORY, "sip")
        refused(clinic.fhir.post("CarePlan", plan | {"category": [lower]}), *lacks)


@pytest.mark.parametrize("subject", ["identifier", "group", "absolute"])
def test_an_active_plan_is_a_known_patients(clinic: Clinic, subject: str) -> None:
    """R75: or nobody's consent can be matched."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    told = {
        "identifier": {"identifier": {"system": codes.PERSONNUMMER, "value": "189002029800"}},
        "group": {"reference": "Group/x"},
        "absolute": {"reference": f"{BASE}/{patient}"},
    }
    response = put(clinic, plan | {"subject": told[subject], "meta": {}})
    assert ("business-rule", LAW, "CarePlan.subject") in refusals(response)


def test_a_draft_is_made_active_when_it_is_whole(clinic: Clinic) -> None:
    """R90, R93: by update, under the same law."""
    patient = clinic.patient()
    clinic.put(consent_to_sip(patient))
    draft = result(generate(clinic, patient, "draft", *complete()))
    refused(put(clinic, draft | {"status": "active"}), "CarePlan.author")
    author = {"reference": clinic.nurse()}
    whole = draft | {"status": "active", "author": author}
    assert put(clinic, whole).status_code == 200
    assert clinic.read(f"CarePlan/{draft['id']}")["status"] == "active"


@pytest.mark.parametrize("huvudman", [codes.REGION, codes.KOMMUN])
def test_the_last_activity_of_a_huvudman_cannot_be_called_off(
    clinic: Clinic, huvudman: str
) -> None:
    """R76, cp-2: a plan joins what both do."""
    plan = active_plan(clinic, ready(clinic))
    index = 0 if huvudman == codes.REGION else 1
    plan["activity"][index]["detail"]["status"] = "cancelled"
    refused(put(clinic, plan), "CarePlan.activity")


@pytest.mark.parametrize("index", [0, 1])
def test_an_activity_that_is_not_to_be_done_counts_for_nobody(clinic: Clinic, index: int) -> None:
    """R76, cp-2: doNotPerform turns an insats into its opposite."""
    plan = active_plan(clinic, ready(clinic))
    plan["activity"][index]["detail"]["doNotPerform"] = True
    refused(put(clinic, plan), "CarePlan.activity")


def test_an_active_plan_is_not_changed_once_consent_is_withdrawn(clinic: Clinic) -> None:
    """R78, cp-6: it may be revoked, and nothing else."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    consent = consented(clinic, patient)["valueReference"]["reference"]
    plan = active_plan(clinic, patient)
    clinic.put(clinic.read(consent) | {"status": "inactive"})
    refused(put(clinic, plan | {"title": "En annan plan"}), f"{INFO}[0]")
    assert put(clinic, plan | {"status": "revoked"}).status_code == 200


def test_two_huvudman_for_one_activity_are_refused(clinic: Clinic) -> None:
    """R76, cp-2: split what two answer for."""
    patient = ready(clinic)
    draft = result(generate(clinic, patient, "draft", *complete()))
    kommun = {"url": codes.HUVUDMAN, "valueCode": codes.KOMMUN}
    draft["activity"][0]["extension"].append(kommun)
    response = put(clinic, draft | {"meta": {}})
    refused(response, "CarePlan.activity[0]")


def test_consent_goals_and_plan_may_come_in_one_bundle(clinic: Clinic) -> None:
    """R75: the law sees the transaction's own state; without the consent it is refused whole."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    other = clinic.patient()
    links = {"subject": {"reference": other}, "author": {"reference": clinic.nurse()}}
    fresh = {k: v for k, v in plan.items() if k not in ("id", "meta", "careTeam")} | links
    rests = {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}
    requests: list[tuple[str, str, Json]] = [
        ("POST", "CarePlan", fresh | {"supportingInfo": [rests]}),
        ("POST", "Consent", consent_to_sip(other)),
    ]
    with clinic.nothing_stored("CarePlan", "Consent"):
        denied = [requests[0], ("POST", "Consent", consent_to_sip(other, "deny"))]
        response = clinic.fhir.post("", transaction(*denied))
        assert {tuple(law) for _, law, _ in refusals(response)} == {tuple(LAW)}
    response = clinic.fhir.post("", transaction(*requests))
    assert response.status_code == 200, response.text


def test_a_plan_on_hold_is_not_judged(clinic: Clinic) -> None:
    """R78, cp-6: it may be so because consent was withdrawn."""
    plan = active_plan(clinic, ready(clinic))
    for status in ("on-hold", "revoked", "completed", "entered-in-error"):
        bare = {k: v for k, v in plan.items() if k not in ("supportingInfo", "activity", "goal")}
        assert put(clinic, bare | {"status": status}).status_code == 200
    refused(
        put(clinic, bare | {"status": "active"}), INFO, *["CarePlan.activity"] * 2, "CarePlan.goal"
    )


def test_an_activity_by_somebody_else_is_carried_and_counts_for_neither(clinic: Clinic) -> None:
    """R76, cp-2: measures by others than region and municipality."""
    patient = ready(clinic)
    given = [goal(), activity(codes.REGION), activity(codes.ANNAN), responsible(), follow_up()]
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, "active", *given), "CarePlan.activity")
