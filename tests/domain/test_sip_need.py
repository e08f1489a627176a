"""The need of a SIP: noted, proposed, refused, taken back; on every way of writing."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.clinic import (
    Clinic,
    Json,
    category,
    code,
    outcome_issues,
    paragraphs,
    parameters,
    reference,
    refusals,
    string,
)
from tests.domain.life_cycle import every, named, url_of
from tests.domain.sip_calls import complete, consent_to_sip, generate, ready

LAW = ["HSL-16-4", "SOL-10-8"]


def note(clinic: Clinic, patient: str, by: str, **more: Any) -> Any:
    """Call $note-sip-need."""
    given = {"reason": string("Behöver både hemtjänst och hälsocentralen"), **more}
    return clinic.fhir.post(f"{patient}/$note-sip-need", parameters(by=reference(by), **given))


def refuse(clinic: Clinic, task: str, by: str, reason: str = "Personen har redan en plan") -> Any:
    """Call $refuse-sip."""
    body = parameters(by=reference(by), reason=string(reason))
    return clinic.fhir.post(f"{task}/$refuse-sip", body)


def owners(response: Any) -> list[str]:
    """Give who got a Task, ``return`` first."""
    tasks = [*every(response, "return"), *every(response, "task")]
    return [task["owner"]["reference"] for task in tasks]


@pytest.fixture
def units(clinic: Clinic) -> tuple[str, str]:
    """Give a unit of the region and one of the municipality."""
    return clinic.unit(codes.REGION), clinic.unit(codes.KOMMUN)


def test_what_one_huvudman_assesses_both_hear_of(clinic: Clinic, units: tuple[str, str]) -> None:
    """R75: the assessing side comes first, the other gets the same need."""
    region, kommun = units
    nurse = clinic.nurse(region)
    response = note(clinic, clinic.patient(), nurse, owner=reference(kommun))
    assert response.status_code == 201
    assert owners(response) == [region, kommun]
    first, other = every(response, "return")[0], every(response, "task")[0]
    assert first["groupIdentifier"] == other["groupIdentifier"]
    for task in (first, other):
        assert task["businessStatus"]["coding"][0]["code"] == codes.BEDOMT
        assert task["status"] == "requested"
        assert task["requester"] == {"reference": nurse}


def test_the_units_of_the_persons_contacts_are_found(clinic: Clinic) -> None:
    """R75: where nobody says whose unit, the fixed contacts' units hear of it."""
    patient = clinic.patient()
    region, kommun = clinic.unit(codes.REGION), clinic.unit(codes.KOMMUN)
    clinic.assign(patient, clinic.nurse(region))
    clinic.assign(patient, clinic.nurse(kommun))
    assessor = clinic.nurse(clinic.unit(codes.KOMMUN))
    found = owners(note(clinic, patient, assessor))
    assert found[1:] == [region]


def test_an_assessment_that_only_one_would_hear_of_is_refused(clinic: Clinic) -> None:
    """R75: nobody of the municipality is named or known."""
    with clinic.nothing_stored("Task"):
        response = note(clinic, clinic.patient(), clinic.nurse())
        assert refusals(response) == [("business-rule", LAW, "owner")]


@pytest.mark.parametrize("who", ["patient", "relative", "school"])
def test_anybody_may_propose(clinic: Clinic, units: tuple[str, str], who: str) -> None:
    """R82: the person, a relative, the school; it is a proposal, not an assessment."""
    patient = clinic.patient()
    relation = {"text": "Dotter"}
    relative = {"resourceType": "RelatedPerson", "patient": {"reference": patient}}
    by = {
        "patient": lambda: patient,
        "relative": lambda: clinic.put({**relative, "relationship": [relation]}),
        "school": lambda: clinic.person(unit=clinic.unit(codes.ANNAN)),
    }[who]()
    task = named(note(clinic, patient, by, owner=reference(units[1])))["return"]
    assert task["businessStatus"]["coding"][0]["code"] == codes.FORESLAGET
    assert task["owner"] == {"reference": units[1]}


def test_who_is_no_huvudman_does_not_assess(clinic: Clinic, units: tuple[str, str]) -> None:
    """R75, R82: said as an assessment, a proposal is refused, by operation and by plain write."""
    patient = clinic.patient()
    both = [reference(unit) for unit in units]
    response = note(clinic, patient, patient, kind=code(codes.BEDOMT), owner=both)
    assert refusals(response) == [("business-rule", LAW, "Task.businessStatus")] * 2
    proposed = named(note(clinic, patient, patient, owner=both[0]))["return"]
    kind = category(codes.SIP_NEED_KIND_SYSTEM, codes.BEDOMT)
    response = clinic.fhir.put(url_of(proposed), {**proposed, "businessStatus": kind})
    assert refusals(response) == [("business-rule", LAW, "Task.businessStatus")]


def test_a_proposal_that_nobody_would_hear_of_is_refused(clinic: Clinic) -> None:
    """R82: there is no unit to see to it."""
    patient = clinic.patient()
    assert refusals(note(clinic, patient, patient)) == [("business-rule", LAW, "owner")]


def test_the_need_keeps_groups_and_wishes(clinic: Clinic, units: tuple[str, str]) -> None:
    """R79, R88: target groups, and what the person wishes of the meeting."""
    response = note(
        clinic,
        clinic.patient(),
        clinic.nurse(units[0]),
        owner=reference(units[1]),
        targetGroup=[code("npf"), code("unga-psykosocialt")],
        meetingWish=string("Helst hemma, på eftermiddagen"),
    )
    for task in (*every(response, "return"), *every(response, "task")):
        groups = [e["valueCode"] for e in task["extension"] if e["url"] == codes.SIP_TARGET_GROUP]
        assert groups == ["npf", "unga-psykosocialt"]
        assert task["input"][0]["valueString"] == "Helst hemma, på eftermiddagen"


def test_a_plan_there_is_already_is_told(clinic: Clinic) -> None:
    """R85: the need is noted, and the answer says that there is an active plan."""
    patient = ready(clinic)
    generate(clinic, patient, "active", *complete())
    response = note(clinic, patient, patient, owner=reference(clinic.unit(codes.KOMMUN)))
    assert response.status_code == 201
    assert [i["code"] for i in outcome_issues(response)] == ["informational"]


def test_the_same_call_again_leaves_one_need(clinic: Clinic, units: tuple[str, str]) -> None:
    """R75: two clicks, or two threads, make one need."""
    patient, nurse = clinic.patient(), clinic.nurse(units[0])
    first = note(clinic, patient, nurse, owner=reference(units[1]))
    again = note(clinic, patient, nurse, owner=reference(units[1]))
    assert (first.status_code, again.status_code) == (201, 200)
    assert named(first)["return"]["id"] == named(again)["return"]["id"]
    other = note(clinic, patient, nurse, owner=reference(units[1]), reason=string("Nytt skäl"))
    assert other.status_code == 201


def test_two_who_note_the_same_at_once_leave_one_need(
    clinic: Clinic, units: tuple[str, str], app: Any
) -> None:
    """R75: the second sees the first's, whoever is faster."""
    patient, nurse = clinic.patient(), clinic.nurse(units[0])
    clients = [Clinic(Fhir(app.test_client())) for _ in range(4)]
    calls = [
        threading.Thread(target=note, args=(each, patient, nurse), kwargs={"owner": _ref(units[1])})
        for each in clients
    ]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    found = clinic.fhir.get(f"Task?patient={patient}&_summary=count").json
    assert found["total"] == 2


def _ref(unit: str) -> Json:
    return reference(unit)


# ---- refused -----------------------------------------------------------------------------------


def test_a_proposal_is_refused_with_its_reason(clinic: Clinic, units: tuple[str, str]) -> None:
    """R83: the reason is documented, and the answer says that this is an exception."""
    patient = clinic.patient()
    task = named(note(clinic, patient, patient, owner=reference(units[1])))["return"]
    response = refuse(clinic, url_of(task), clinic.nurse(units[1]))
    refused = named(response)["return"]
    assert refused["status"] == "rejected"
    assert refused["statusReason"] == {"text": "Personen har redan en plan"}
    [warned] = [i for i in outcome_issues(response) if i["severity"] == "warning"]
    assert paragraphs(warned) == LAW
    assert refusals(refuse(clinic, url_of(task), units[1]), 409) == [
        ("conflict", [], "Task.status")
    ]


def test_a_refusal_without_a_reason_is_refused(clinic: Clinic, units: tuple[str, str]) -> None:
    """R83: by the operation, and by the profile on a plain write."""
    patient = clinic.patient()
    task = named(note(clinic, patient, patient, owner=reference(units[1])))["return"]
    body = parameters(by=reference(units[1]))
    assert clinic.fhir.post(f"{url_of(task)}/$refuse-sip", body).status_code == 400
    response = clinic.fhir.put(url_of(task), {**task, "status": "rejected"})
    assert response.status_code == 422


def test_what_the_other_huvudman_assessed_is_not_refused(
    clinic: Clinic, units: tuple[str, str]
) -> None:
    """R75, R83: it obliges both, by operation and by plain write."""
    response = note(clinic, clinic.patient(), clinic.nurse(units[0]), owner=reference(units[1]))
    [task] = every(response, "task")
    expected = [("business-rule", LAW, "Task.status")]
    assert refusals(refuse(clinic, url_of(task), units[1])) == expected
    refused = {**task, "status": "rejected", "statusReason": {"text": "Vi vill inte"}}
    assert refusals(clinic.fhir.put(url_of(task), refused)) == expected


def test_an_assessment_taken_back_frees_the_other(clinic: Clinic, units: tuple[str, str]) -> None:
    """R75, R83: the huvudman that assessed the need says that it is gone."""
    nurse = clinic.nurse(units[0])
    response = note(clinic, clinic.patient(), nurse, owner=reference(units[1]))
    answered = refuse(clinic, url_of(named(response)["return"]), nurse, "Behovet är borta")
    assert named(answered)["return"]["status"] == "rejected"
    assert [task["status"] for task in every(answered, "task")] == ["cancelled"]


def test_only_the_unit_that_was_asked_refuses(clinic: Clinic, units: tuple[str, str]) -> None:
    """R83: not the unit next door."""
    patient = clinic.patient()
    task = named(note(clinic, patient, patient, owner=reference(units[1])))["return"]
    elsewhere = clinic.nurse(clinic.unit(codes.KOMMUN))
    response = refuse(clinic, url_of(task), elsewhere)
    assert refusals(response) == [("business-rule", LAW, "by")]


def test_another_task_is_no_need(clinic: Clinic) -> None:
    patient = clinic.patient()
    other = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "for": {"reference": patient},
    }
    response = refuse(clinic, clinic.put(other), clinic.unit())
    assert refusals(response) == [("business-rule", [], "Task.code")]
    assert refuse(clinic, "Task/none", clinic.unit()).status_code == 404


# ---- suggested ---------------------------------------------------------------------------------


def suggestion(clinic: Clinic, patient: str) -> Json:
    """Call $sip-suggestion; give its values by name, those that repeat as lists."""
    response = clinic.fhir.get(f"{patient}/$sip-suggestion")
    assert response.status_code == 200, response.text
    told: Json = {"targetGroup": [], "plan": [], "consent": [], "need": []}
    for each in response.json["parameter"]:
        value = each.get("part") or next(v for k, v in each.items() if k.startswith("value"))
        if each["name"] in ("targetGroup", "plan", "consent", "need"):
            told[each["name"]].append(value)
        else:
            told[each["name"]] = value
    return told


def condition(patient: str, icd: str, called: str) -> Json:
    active = category("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
    coding = {"system": codes.ICD_10_SE_SYSTEMS[0], "code": icd}
    return {
        "resourceType": "Condition",
        "subject": {"reference": patient},
        "clinicalStatus": active,
        "code": {"coding": [coding], "text": called},
    }


def test_groups_that_fit_are_suggested_with_what_says_so(clinic: Clinic) -> None:
    """R88: a child with autism and psychosocial needs belongs to two groups."""
    patient = clinic.patient(birthDate="2015-05-14")
    autism = clinic.put(condition(patient, "F84.0", "Autism"))
    clinic.put(condition(patient, "F93.8", "Skolfrånvaro"))
    told = suggestion(clinic, patient)
    groups = {part[0]["valueCoding"]["code"]: part for part in told["targetGroup"]}
    assert set(groups) == {"npf", "unga-psykosocialt"}
    assert {"name": "evidence", "valueReference": {"reference": autism}} in groups["npf"]
    assert {"name": "why", "valueString": "Autism"} in groups["npf"]
    assert told["suggested"] is True
    assert (told["region"], told["kommun"]) == (False, False)


def test_nothing_is_suggested_of_what_is_over(clinic: Clinic) -> None:
    """R88: a condition in remission says nothing about today."""
    patient = clinic.patient(birthDate="2015-05-14")
    over = category("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved")
    clinic.put({**condition(patient, "F84.0", "Autism"), "clinicalStatus": over})
    told = suggestion(clinic, patient)
    assert told["targetGroup"] == []
    assert told["suggested"] is False


def test_what_there_is_already_stands_beside_the_suggestion(clinic: Clinic) -> None:
    """R75, R85, R88: plan, consent, need, and where the person is known."""
    patient = ready(clinic)
    clinic.put(condition(patient, "F90.0", "Adhd"))
    plan = generate(clinic, patient, "draft", *complete())
    note(clinic, patient, patient, owner=reference(clinic.unit(codes.KOMMUN)))
    told = suggestion(clinic, patient)
    assert told["suggested"] is False
    assert told["plan"] == [{"reference": url_of(named(plan)["return"])}]
    assert told["consentDecision"] == "permit"
    assert len(told["consent"]) == len(told["need"]) == 1
    assert (told["region"], told["kommun"]) == (True, False)


def test_a_no_is_told_before_anybody_asks_again(clinic: Clinic) -> None:
    """R78, R88: the person has said no."""
    patient = clinic.patient()
    clinic.put(consent_to_sip(patient, "deny"))
    assert suggestion(clinic, patient)["consentDecision"] == "deny"
    assert clinic.fhir.get("Patient/none/$sip-suggestion").status_code == 404
