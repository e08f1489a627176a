"""$generate-sip in full: sections of the form, whom to call, and no plan twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    category,
    code,
    days,
    extension,
    guidance,
    paragraphs,
    reference,
    refusals,
    result,
    string,
)
from tests.domain.life_cycle import part_of
from tests.domain.plan_calls import active_plan, ids_of
from tests.domain.sip_calls import YES, activity, complete, consent_to_sip, generate, ready

GUARDIAN = [category("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "GUARD")]


def proposed(response: Any) -> dict[str, tuple[str, list[str]]]:
    """Give role and paragraphs of those proposed, by reference."""
    assert response.status_code == 201, response.text
    found = {}
    for each in response.json["parameter"]:
        if each["name"] == "proposal":
            parts = {p["name"]: p for p in each["part"]}
            assert parts["why"]["valueString"]
            law = [p["valueCoding"]["code"] for p in each["part"] if p["name"] == "paragraph"]
            actor = parts["actor"]["valueReference"]["reference"]
            found[actor] = (parts["role"]["valueString"], law)
    return found


def relative(clinic: Clinic, patient: str, **more: Any) -> str:
    return clinic.put({"resourceType": "RelatedPerson", "patient": {"reference": patient}} | more)


def test_the_sections_of_the_form_are_carried(clinic: Clinic) -> None:
    """R82, R84, R88, R89, R96: DOMAIN 4.1, sections 3 to 12."""
    patient, school = ready(clinic), clinic.unit(codes.ANNAN)
    plan = result(
        generate(
            clinic,
            patient,
            "draft",
            *complete(),
            whatMatters=string("Att hinna med skolan."),
            crisisPlan=string("Ring BUP, dygnet runt."),
            initiator=reference(school),
            targetGroup=[code("npf"), code("unga-psykosocialt")],
            participant=[reference(school)],
            need=[string("Lugn och ro")],
        )
    )
    assert extension(plan, codes.WHAT_MATTERS)["valueString"] == "Att hinna med skolan."
    assert extension(plan, codes.CRISIS_PLAN)["valueString"] == "Ring BUP, dygnet runt."
    assert extension(plan, codes.SIP_INITIATOR)["valueReference"] == {"reference": school}
    groups = [e["valueCode"] for e in plan["extension"] if e["url"] == codes.SIP_TARGET_GROUP]
    assert groups == ["npf", "unga-psykosocialt"]
    assert plan["contributor"] == [{"reference": school}]
    assert part_of(plan, codes.OVERALL_RESPONSIBLE, "huvudman") == codes.KOMMUN


def test_every_activity_gets_an_id_and_says_its_kind(clinic: Clinic) -> None:
    """R87, R93: hjälpmedel and LSS are insatser like others."""
    given = [
        activity(codes.REGION, kind=code("hjalpmedel")),
        activity(codes.KOMMUN, kind=code("lss")),
    ]
    plan = result(generate(clinic, ready(clinic), "draft", *given))
    assert len(set(ids_of(plan))) == 2
    kinds = [each["detail"]["code"]["coding"][0] for each in plan["activity"]]
    assert [kind["code"] for kind in kinds] == ["hjalpmedel", "lss"]
    assert {kind["system"] for kind in kinds} == {codes.INSATS_KIND_SYSTEM}


def test_the_person_comes_first_and_relatives_are_asked_about(clinic: Clinic) -> None:
    """R79: together with the person; a relative where it suits and the person wants it."""
    patient = clinic.patient(birthDate="1940-01-01")
    daughter = relative(clinic, patient, relationship=GUARDIAN)
    relative(clinic, patient, active=False)
    relative(clinic, clinic.patient())
    found = proposed(generate(clinic, patient, "draft"))
    assert list(found.items()) == [
        (patient, ("Personen själv", ["SOL-10-9", "HSL-16-4"])),
        (daughter, ("Närstående", ["SOL-10-9"])),
    ]


def test_a_childs_guardians_are_called(clinic: Clinic) -> None:
    """R80: both, and the child by age and maturity."""
    child = clinic.patient(birthDate="2015-05-14")
    guardians = {relative(clinic, child, relationship=GUARDIAN) for _ in range(2)}
    found = proposed(generate(clinic, child, "draft"))
    assert found[child] == ("Barnet", ["PL-4-3", "SOL-10-9"])
    for each in guardians:
        assert found[each] == ("Vårdnadshavare", ["FB-6-11", "SOL-10-9"])


def test_contacts_and_who_does_something_are_called(clinic: Clinic) -> None:
    """R84, R86, R91, R92: contacts, owners of insatser, who has the overall responsibility."""
    patient, nurse = clinic.patient(), clinic.nurse()
    clinic.assign(patient, nurse)
    unit, other, boss = clinic.unit(codes.KOMMUN), clinic.unit(codes.ANNAN), clinic.nurse()
    found = proposed(
        generate(
            clinic,
            patient,
            "draft",
            activity(codes.KOMMUN, owner=reference(unit)),
            activity(codes.ANNAN, owner=reference(other)),
            activity(codes.REGION, owner=reference(nurse)),
            {"name": "overallResponsible", "part": [{"name": "huvudman", **code("kommun")}]},
            planningResponsible=reference(boss),
        )
    )
    assert {each: role for each, (role, _) in found.items()} == {
        patient: "Personen själv",
        nurse: "Fast vårdkontakt",
        unit: "Utför insats för kommunen",
        other: "Bidrar med en åtgärd",
        boss: "Planeringsansvarig",
    }


def test_who_noted_the_need_and_who_planned_the_discharge_are_called(clinic: Clinic) -> None:
    """R65, R75, R82: the units of the inskrivningsmeddelande; who assessed, who is to see to it."""
    patient, school, unit, notified = (
        clinic.patient(),
        clinic.unit(codes.ANNAN),
        clinic.unit(codes.REGION),
        clinic.unit(codes.KOMMUN),
    )
    clinic.put(
        {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "code": category(codes.TASK_CODE_SYSTEM, codes.SIP_BEHOV),
            "businessStatus": category(codes.SIP_NEED_KIND_SYSTEM, codes.FORESLAGET),
            "reasonCode": {"text": "Behöver stöd från båda."},
            "focus": {"reference": patient},
            "for": {"reference": patient},
            "authoredOn": days(-3),
            "requester": {"reference": school},
            "owner": {"reference": unit},
        }
    )
    sent = [
        {"url": "at", "valueDateTime": "2026-03-02T15:40:00+01:00"},
        {"url": "to", "valueReference": {"reference": notified}},
    ]
    clinic.put(
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "IMP",
            },
            "serviceProvider": {"reference": clinic.unit()},
            "subject": {"reference": patient},
            "period": {"start": "2026-03-02T08:10:00+01:00"},
            "extension": [
                {"url": codes.ADMISSION_NOTICE_SENT, "extension": sent},
                {
                    "url": codes.EXPECTED_DISCHARGE,
                    "extension": [
                        {"url": "time", "valueDateTime": "2026-03-06T11:00:00+01:00"},
                        {"url": "recorded", "valueDateTime": "2026-03-02T15:40:00+01:00"},
                    ],
                },
            ],
        }
    )
    found = proposed(generate(clinic, patient, "draft"))
    assert found[school] == ("Initiativtagare", ["HSL-16-4"])
    assert found[unit] == ("Ansvarig för behovet", ["HSL-16-4"])
    assert found[notified] == ("Berörd enhet", ["SAMVL-4-1"])


def test_whom_the_consent_leaves_out_is_not_proposed(clinic: Clinic) -> None:
    """R78, R84: limited per actor."""
    patient, school, other = clinic.patient(), clinic.unit(codes.ANNAN), clinic.unit(codes.ANNAN)
    role = {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
        ]
    }
    actor = {"role": role, "reference": {"reference": school}}
    provision = {"type": "permit", "provision": [{"type": "deny", "actor": [actor]}]}
    clinic.put(consent_to_sip(patient, provision=provision))
    given = [reference(school), reference(other)]
    found = proposed(generate(clinic, patient, "draft", participant=given))
    assert school not in found
    assert found[other] == ("Deltagare", [])


def test_a_consent_for_some_actors_proposes_them_and_the_person_alone(clinic: Clinic) -> None:
    """R78, R84: whom a consent that names actors does not name would not be let in, either."""
    patient, school, other = clinic.patient(), clinic.unit(codes.ANNAN), clinic.unit(codes.ANNAN)
    actor = {"role": {"text": "Får läsa"}, "reference": {"reference": school}}
    clinic.put(consent_to_sip(patient, provision={"type": "permit", "actor": [actor]}))
    given = [reference(school), reference(other)]
    assert set(proposed(generate(clinic, patient, "draft", participant=given))) == {patient, school}


@pytest.mark.parametrize("status", ["draft", "active"])
def test_a_plan_in_force_with_the_content_suffices(clinic: Clinic, status: str) -> None:
    """R85: it is revised, or another is made knowingly."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    with clinic.nothing_stored("CarePlan", "Goal", "Task"):
        twice = generate(clinic, patient, status, *complete())
        assert refusals(twice) == [("business-rule", ["HSL-16-4", "SOL-10-8"], "despiteExisting")]
    assert f"CarePlan/{plan['id']}" in twice.text
    assert generate(clinic, patient, status, *complete(), despiteExisting=YES).status_code == 201


def test_a_plan_by_another_name_with_the_content_suffices(clinic: Clinic) -> None:
    """R85, R86: what counts is what it says; without the municipality's part it does not."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    same = {k: v for k, v in plan.items() if k not in ("id", "meta")}
    other = same | {"category": [category(codes.CARE_PLAN_CATEGORY, "SPU")]}
    clinic.fhir.put(f"CarePlan/{plan['id']}", plan | {"status": "revoked"})
    stored = clinic.fhir.create(other)
    assert refusals(generate(clinic, patient, "draft"))[0][2] == "despiteExisting"
    clinic.fhir.put(f"CarePlan/{stored['id']}", stored | {"activity": other["activity"][:1]})
    made = result(generate(clinic, patient, "draft"))
    assert {"reference": f"CarePlan/{stored['id']}"} in made["supportingInfo"], "it is linked"


def test_a_draft_that_waits_is_told_of(clinic: Clinic) -> None:
    """R77, R85: it could be gone on with."""
    patient = ready(clinic)
    first = result(generate(clinic, patient, "draft", *complete()))
    response = generate(clinic, patient, "draft", *complete())
    [told] = guidance(response)
    assert f"CarePlan/{first['id']}" in told["details"]["text"]
    assert paragraphs(told) == ["HSL-16-4", "SOL-10-8"]


def test_of_many_at_once_one_is_made(clinic: Clinic) -> None:
    """R85: two calls at the same moment do not both see none."""
    patient = ready(clinic)
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: generate(clinic, patient, "active", *complete()), range(4))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]


def test_a_plan_that_is_over_is_no_hindrance(clinic: Clinic) -> None:
    """R85, R93."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    over: Json = plan | {"period": {"start": days(-9), "end": days(-1)}}
    assert clinic.fhir.put(f"CarePlan/{plan['id']}", over).status_code == 200
    assert generate(clinic, patient, "draft").status_code == 201


def test_an_active_plan_has_its_follow_up_as_a_task(clinic: Clinic) -> None:
    """R92: as when a draft comes into force."""
    response = generate(clinic, ready(clinic), "active", *complete())
    [task] = [p["resource"] for p in response.json["parameter"] if p["name"] == "task"]
    assert task["focus"] == {"reference": f"CarePlan/{result(response)['id']}"}
    assert task["owner"] == result(response)["author"]
