"""$record-sip-consent, $withdraw-sip-consent and $sip-access, as sentences (R75, R78, R80, R94)."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes, sharing
from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    days,
    errors,
    extension,
    outcome_issues,
    paragraphs,
    parameters,
    part,
    reference,
    refusals,
    string,
)
from tests.domain.consent_calls import ENDED, GOES_ON, active, guardian, planned, statuses

LAW = ["HSL-16-4", "SOL-10-8"]


def record(clinic: Clinic, patient: str, decision: str = "permit", **more: Any) -> Any:
    """Call $record-sip-consent."""
    named = {
        "decision": code(decision),
        "form": code("muntligt"),
        "documentedBy": reference(more.pop("unit", None) or clinic.unit()),
        **more,
    }
    return clinic.fhir.post(f"{patient}/$record-sip-consent", parameters(**named))


def withdraw(clinic: Clinic, consent: str, by: str, **more: Any) -> Any:
    """Call $withdraw-sip-consent."""
    body = parameters(by=reference(by), **more)
    return clinic.fhir.post(f"{consent}/$withdraw-sip-consent", body)


def access(clinic: Clinic, plan: str, actor: str = "", at: str = "") -> dict[str, Json]:
    """Give what $sip-access says of each actor, or of one; a reference can't stand in a URL."""
    if actor:
        named = {"actor": reference(actor)} | ({"at": {"valueDateTime": at}} if at else {})
        response = clinic.fhir.post(f"{plan}/$sip-access", parameters(**named))
    else:
        response = clinic.fhir.get(f"{plan}/$sip-access")
    assert response.status_code == 200, response.text
    found = {}
    for each in response.json.get("parameter", []):
        parts = each["part"]
        one = {p["name"]: next(v for k, v in p.items() if k != "name") for p in parts}
        one["information"] = {p["valueCode"] for p in parts if p["name"] == "information"}
        found[one["actor"]["reference"]] = one
    return found


def result(response: Any) -> Json:
    """Give the consent."""
    assert response.status_code in (200, 201), response.text
    return dict(response.json["parameter"][0]["resource"])


def changed(response: Any, name: str) -> list[str]:
    """Give the resources of a parameter."""
    found = [p["resource"] for p in response.json["parameter"] if p["name"] == name]
    return [f"{each['resourceType']}/{each['id']}" for each in found]


def warned(response: Any) -> list[list[str]]:
    """Give the paragraphs of what the law says in an answer; R4 has remarks of its own."""
    if not any(p["name"] == "outcome" for p in response.json["parameter"]):
        return []
    return [law for issue in outcome_issues(response) if (law := paragraphs(issue))]


# ---- $record-sip-consent ----------------------------------------------------------------------


def test_an_oral_consent_of_the_person_is_written_down(clinic: Clinic) -> None:
    """R75, R78: any form, documented: by whom, when, at which unit."""
    patient, unit = clinic.patient(), clinic.unit()
    nurse = clinic.nurse(unit)
    response = record(clinic, patient, unit=nurse)
    consent = result(response)
    assert response.status_code == 201, response.text
    assert warned(response) == []
    assert consent["status"] == "active"
    assert consent["performer"] == [{"reference": patient}]
    assert consent["organization"] == [{"reference": unit}]
    assert extension(consent, codes.CONSENT_DOCUMENTED_BY)["valueReference"]["reference"] == nurse
    assert extension(consent, codes.CONSENT_FORM)["valueCode"] == "muntligt"
    assert consent["provision"]["type"] == "permit"
    assert consent["provision"]["period"]["start"] == consent["dateTime"]


def test_a_consent_may_be_limited_to_actors_kinds_and_time(clinic: Clinic) -> None:
    """R78, R84, R94: with exceptions; the plan is seen accordingly."""
    patient, region, kommun = clinic.patient(), clinic.unit(), clinic.unit(codes.KOMMUN)
    consent = result(
        record(
            clinic,
            patient,
            actor=[reference(region), reference(kommun)],
            information=[code("mal"), code("behov"), code("insatser-kommun")],
            period={"valuePeriod": {"end": days(100)}},
            **{
                "except": [
                    {"part": part(actor=reference(kommun), information=code("behov"))["part"]},
                ]
            },
        )
    )
    url = f"Consent/{consent['id']}"
    plan = active(clinic, patient, url, region, kommun, clinic.nurse(region))
    seen = access(clinic, plan)
    assert seen[region]["information"] == {"mal", "behov", "insatser-kommun"}
    assert seen[kommun]["information"] == {"mal", "insatser-kommun"}
    assert seen[kommun]["until"].startswith(days(101))
    later = access(clinic, plan, kommun, days(102))
    assert not later[kommun]["allowed"]


def test_a_no_ends_the_plan(clinic: Clinic) -> None:
    """R78: no plan against the person's will; the answer gives what it changed."""
    sip = planned(clinic)
    response = record(clinic, sip.patient, "deny")
    assert statuses(clinic, sip) == ENDED
    assert changed(response, "plan") == [sip.plan]
    assert changed(response, "appointment") == [sip.meeting]
    assert set(changed(response, "task")) == {*sip.calls.values(), sip.follow_up}


def test_every_guardian_is_asked_for_and_the_child_too(clinic: Clinic) -> None:
    """R80: föräldrabalken 6 kap. 11 §, patientlagen 4 kap. 3 §."""
    child = clinic.patient(birthDate=days(-12 * 365))
    assert warned(record(clinic, child)) == [["FB-6-11", *LAW], ["PL-4-3"]]
    mum, dad = guardian(clinic, child), guardian(clinic, child)
    view = {"childInformed": {"valueBoolean": True}, "childsView": string("Jag vill ha lugn")}
    response = record(clinic, child, givenBy=reference(mum), **view)
    assert warned(response) == [["FB-6-11", *LAW]]
    told = {e["url"]: e for e in extension(result(response), codes.CHILDS_VIEW)["extension"]}
    assert told["view"]["valueString"] == "Jag vill ha lugn"
    assert told["informed"]["valueBoolean"] is True
    assert warned(record(clinic, child, givenBy=reference(dad), **view)) == []
    both = [reference(mum), reference(dad)]
    assert warned(record(clinic, child, givenBy=both, **view)) == []


def test_a_relative_does_not_consent_for_an_adult(clinic: Clinic) -> None:
    """R75: a warning, for there are representatives."""
    patient = clinic.patient(birthDate="1940-01-01")
    relative = guardian(clinic, patient)
    assert warned(record(clinic, patient, givenBy=reference(relative))) == [LAW]


def test_nobody_consents_for_another(clinic: Clinic) -> None:
    """R75: neither another patient nor another's relative."""
    patient, other = clinic.patient(), clinic.patient()
    for giver in (other, guardian(clinic, other)):
        with clinic.nothing_stored("Consent"):
            response = record(clinic, patient, givenBy=reference(giver))
            assert refusals(response) == [("business-rule", LAW, "givenBy[0]")]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"decision": code("kanske")}, 400),
        ({"form": code("telepatiskt")}, 400),
        ({"except": {"part": []}}, 400),
        ({"at": {"valueDateTime": "2026-03"}}, 400),
        ({"at": {"valueDateTime": "2999-03-01"}}, 422),
        ({"information": code("allt")}, 400),
        ({"actor": reference("Organization/finnsinte")}, 422),
    ],
)
def test_what_can_t_be_is_refused(clinic: Clinic, more: Json, status: int) -> None:
    """R78."""
    with clinic.nothing_stored("Consent"):
        response = record(clinic, clinic.patient(), **more)
        assert response.status_code == status, response.text
        assert errors(response)


def test_a_no_has_no_exceptions_and_a_missing_patient_none_at_all(clinic: Clinic) -> None:
    """R78."""
    some = {"except": {"part": part(information=code("mal"))["part"]}}
    assert record(clinic, clinic.patient(), "deny", **some).status_code == 400
    assert record(clinic, "Patient/finnsinte").status_code == 404


# ---- $withdraw-sip-consent --------------------------------------------------------------------


def test_the_person_withdraws_and_access_ends_the_next_moment(clinic: Clinic) -> None:
    """R78, R94: without a reason; the answer gives what changed."""
    sip = planned(clinic)
    assert access(clinic, sip.plan)[sip.kommun]["allowed"]
    response = withdraw(clinic, sip.consent, sip.patient)
    assert not any(each["allowed"] for each in access(clinic, sip.plan).values())
    consent = result(response)
    assert consent["status"] == "inactive"
    note = {e["url"]: e for e in extension(consent, codes.CONSENT_WITHDRAWAL)["extension"]}
    assert note["by"]["valueReference"]["reference"] == sip.patient
    assert note["whole"]["valueBoolean"] is True
    assert consent["provision"]["period"]["end"] == note["at"]["valueDateTime"]
    assert statuses(clinic, sip) == ENDED
    assert changed(response, "plan") == [sip.plan]
    assert access(clinic, sip.plan, sip.patient)[sip.patient]["allowed"]


def test_a_part_is_withdrawn_and_the_plan_goes_on(clinic: Clinic) -> None:
    """R78: for one actor, or for a kind of information; by a member of staff who was told."""
    sip = planned(clinic)
    response = withdraw(
        clinic, sip.consent, sip.nurse, actor=reference(sip.kommun), reason=string("Jag vill inte")
    )
    assert result(response)["status"] == "active"
    assert statuses(clinic, sip) == GOES_ON | {"kommun": "cancelled"}
    assert changed(response, "task") == [sip.calls[sip.kommun]]
    assert not access(clinic, sip.plan)[sip.kommun]["allowed"]
    assert access(clinic, sip.plan)[sip.region]["allowed"]
    result(withdraw(clinic, sip.consent, sip.patient, information=code("halsotillstand")))
    seen = access(clinic, sip.plan)[sip.region]
    assert seen["information"] == sharing.ALL_CLASSES - {"halsotillstand"}
    assert seen["why"]["issue"][0]["severity"] == "warning"


def test_the_last_actor_s_withdrawal_is_one_of_the_whole(clinic: Clinic) -> None:
    """R78: a consent that permits nobody carries no plan; nor one that permits no kind."""
    sip = planned(clinic)
    named = {"type": "permit", "actor": []}
    consent = clinic.read(sip.consent)
    role = {"coding": [{"code": "IRCP"}]}
    named["actor"] = [{"role": role, "reference": {"reference": sip.region}}]
    clinic.put(consent | {"provision": named})
    response = withdraw(clinic, sip.consent, sip.patient, actor=reference(sip.region))
    assert result(response)["status"] == "inactive"
    assert statuses(clinic, sip) == ENDED
    other = planned(clinic)
    every = [code(each) for each in sorted(sharing.ALL_CLASSES)]
    response = withdraw(clinic, other.consent, other.patient, information=every)
    assert result(response)["status"] == "inactive"


def test_one_guardian_s_withdrawal_stops_the_school_or_all_of_it(clinic: Clinic) -> None:
    """R78, R80: scenario 6c."""
    child = clinic.patient(birthDate=days(-12 * 365))
    mum, dad = guardian(clinic, child), guardian(clinic, child)
    sip = planned(clinic, {"performer": [{"reference": mum}, {"reference": dad}]}, patient=child)
    result(withdraw(clinic, sip.consent, dad, actor=reference(sip.kommun)))
    assert statuses(clinic, sip) == GOES_ON | {"kommun": "cancelled"}
    assert access(clinic, sip.plan, mum)[mum]["allowed"]
    result(withdraw(clinic, sip.consent, dad))
    assert statuses(clinic, sip) == ENDED | {"kommun": "cancelled"}


def test_who_has_no_say_withdraws_nothing(clinic: Clinic) -> None:
    """R78: another patient, a relative who did not give it."""
    sip = planned(clinic)
    for other in (clinic.patient(), guardian(clinic, sip.patient)):
        assert refusals(withdraw(clinic, sip.consent, other)) == [("business-rule", LAW, "by")]
    assert statuses(clinic, sip) == GOES_ON


def test_what_is_withdrawn_is_not_withdrawn_again(clinic: Clinic) -> None:
    """R78: and a no is taken back whole; another consent is none to a SIP."""
    sip = planned(clinic)
    result(withdraw(clinic, sip.consent, sip.patient))
    assert withdraw(clinic, sip.consent, sip.patient).status_code == 409
    no = f"Consent/{result(record(clinic, sip.patient, 'deny'))['id']}"
    assert withdraw(clinic, no, sip.patient, actor=reference(sip.region)).status_code == 422
    assert result(withdraw(clinic, no, sip.patient))["status"] == "inactive"
    assert withdraw(clinic, "Consent/finnsinte", sip.patient).status_code == 404
    other = clinic.read(sip.consent)
    loinc = [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}]
    url = clinic.put(other | {"id": "annat", "category": loinc})
    assert withdraw(clinic, url, sip.patient).status_code == 422


# ---- $sip-access ------------------------------------------------------------------------------


def test_every_actor_concerned_is_listed_or_one_that_is_asked_for(clinic: Clinic) -> None:
    """R94, R100: why not, with the paragraphs of secrecy."""
    sip, stranger = planned(clinic), clinic.unit()
    seen = access(clinic, sip.plan)
    assert {sip.region, sip.kommun, sip.nurse} <= seen.keys()
    assert all(each["allowed"] for each in seen.values())
    assert all("why" not in each and "until" not in each for each in seen.values())
    no = access(clinic, sip.plan, stranger)[stranger]
    assert {"OSL-10-1", "OSL-25-1", "OSL-26-1", "OSL-12-2"} <= set(
        paragraphs(no["why"]["issue"][0])
    )


def test_only_a_sip_is_asked_about(clinic: Clinic) -> None:
    """R94."""
    assert clinic.fhir.get("CarePlan/finnsinte/$sip-access").status_code == 404
    plain = {"resourceType": "CarePlan", "status": "active", "intent": "plan"}
    url = clinic.put(plain | {"subject": {"reference": clinic.patient()}})
    assert clinic.fhir.get(f"{url}/$sip-access").status_code == 422
