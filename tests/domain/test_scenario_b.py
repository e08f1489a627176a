"""Scenario 6b: Maria has ALS; from 10 February 2026 her life is in danger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    advice,
    category,
    code,
    days,
    ended,
    errors,
    extension,
    fast_kontakt,
    included,
    matches,
    members,
    paragraphs,
    reference,
    refusals,
    refused_by,
    result,
)
from tests.domain.sip_calls import YES, activity, follow_up, generate, goal, responsible

MARIA, ALS = "Patient/maria-ljungberg", "Condition/maria-als"
NILS_IS, LENA_IS = "CareTeam/maria-kontaktsjukskoterska", "CareTeam/maria-samordnande-lakare"
NILS, LENA, ADAM, FRIDA = (
    f"PractitionerRole/{name}-test-neuro" for name in ("nils", "lena", "adam", "frida")
)
SARA = "PractitionerRole/sara-test-hemsjukvard"
EVA = "PractitionerRole/eva-test-hc"
TEAM = "CareTeam/als-teamet"
MEMBER = "CareTeam.participant[0].member"
SOSFS = "SOSFS-2011-7-2-3"

Demo = Callable[..., Clinic]


@pytest.fixture
def neurology(demo: Demo) -> Clinic:
    """The demo of scenario b."""
    return demo("b-als")


@pytest.fixture
def autumn(neurology: Clinic) -> Clinic:
    """As it was before February: Nils is her contact, no physician is, no flag is set."""
    assert neurology.fhir.delete(LENA_IS).status_code == 204
    condition = neurology.read(ALS)
    neurology.put({name: v for name, v in condition.items() if name != "extension"})
    return neurology


def flag(clinic: Clinic) -> None:
    """Set the flag, as on 10 February: respiratory failure."""
    at = {"url": "at", "valueDateTime": "2026-02-10T09:00:00+01:00"}
    danger = [{"url": "flag", "valueBoolean": True}, at]
    told = {"url": codes.LIFE_THREATENING, "extension": danger}
    clinic.put(clinic.read(ALS) | {"extension": [told]})


def put(clinic: Clinic, url: str, **changed: Any) -> Any:
    return clinic.fhir.put(url, clinic.read(url) | changed)


# ---- the walk ---------------------------------------------------------------------------------


def test_the_scenario_from_nurse_to_physician(autumn: Clinic) -> None:
    """R15-R17, R28, R31, R32: steps 1 to 3."""
    assert members(autumn.contacts(MARIA)) == [NILS]
    flag(autumn)
    with autumn.nothing_stored():
        refused_by(autumn.assign(MARIA, NILS, "4", basis=code("livshotande")), SOSFS, MEMBER)
        refused_by(autumn.assign(MARIA, EVA), SOSFS, MEMBER)
        refused = autumn.assign(MARIA, ADAM, "4", reasonReference=reference(ALS))
        refused_by(refused, SOSFS, MEMBER)
        assert "204xxx" in errors(refused)[0]["details"]["text"], "an AT-läkare has no licence"

    response = autumn.assign(
        MARIA,
        LENA,
        "4",
        basis=code("livshotande"),
        reasonReference=reference(ALS),
        viaTeam=reference(TEAM),
    )
    lena = result(response)
    assert advice(response) == []
    assert lena["participant"][0]["role"][0]["coding"][0]["code"] == "4"

    kept = put(autumn, NILS_IS, note=[{"text": "Nils samordnar det praktiska."}])
    assert kept.status_code == 200, "kept for practical coordination, type 1"
    assert members(autumn.contacts(MARIA)) == [NILS, LENA]


def test_steps_1_to_3_by_the_operation_alone(autumn: Clinic) -> None:
    """R15-R17, R28, R31, R32, R39, R40: 6b, from an empty record; each refusal has its paragraph."""
    assert autumn.fhir.delete(NILS_IS).status_code == 204
    title = category(codes.CONTACT_TITLE_SYSTEM, "kontaktsjukskoterska")
    nils = autumn.assign(
        MARIA,
        NILS,
        localTitle={"valueCodeableConcept": title},
        viaTeam=reference(TEAM),
        period={"valuePeriod": {"start": "2025-09-01"}},
    )
    roles = result(nils)["participant"][0]["role"][0]["coding"]
    assert [each["code"] for each in roles] == ["1", "kontaktsjukskoterska"]
    assert advice(nils) == []

    flag(autumn)
    danger = {"basis": code("livshotande"), "reasonReference": reference(ALS)}
    with autumn.nothing_stored():
        refused_by(autumn.assign(MARIA, NILS, "4", **danger), SOSFS, MEMBER)
        at_lakare = autumn.assign(MARIA, ADAM, "4", **danger)
        refused_by(at_lakare, SOSFS, MEMBER)
        assert "204xxx" in errors(at_lakare)[0]["details"]["text"]

    sara = autumn.assign(MARIA, SARA, basis=code("hemsjukvard"))
    [reminder] = [each for each in advice(sara) if SOSFS in paragraphs(each)]
    assert reminder["severity"] == "warning"
    assert paragraphs(reminder) == [SOSFS, "SOSFS-2011-7-1-1"]

    lena = autumn.assign(
        MARIA, LENA, "4", coordinationReason=code("grundsjukdom"), viaTeam=reference(TEAM), **danger
    )
    team = result(lena)
    assert advice(lena) == []
    answers = [
        each["valueCodeableConcept"]["coding"][0]["code"]
        for each in team["extension"]
        if each["url"] == codes.CONTACT_TASK
    ]
    assert answers == ["ansvara-planering", "ansvara-uppfoljning"]
    assert sorted(members(autumn.contacts(MARIA))) == sorted([NILS, SARA, LENA])
    with autumn.nothing_stored():
        second = autumn.assign(MARIA, EVA, "4")
        refused_by(second, "PL-6-2", "CareTeam.participant[0].role")


# ---- R15 --------------------------------------------------------------------------------------


def test_before_the_flag_a_nurse_may_be_the_contact(autumn: Clinic) -> None:
    """R13, R15: any suitable profession, until life is in danger."""
    result(autumn.assign(MARIA, EVA))


def test_nils_is_kept_and_may_be_corrected_while_the_physician_is_awaited(autumn: Clinic) -> None:
    """R15: "så snart som möjligt", and the telephone must be right meanwhile."""
    flag(autumn)
    number = [{"system": "phone", "value": "063-000 00 99"}]
    assert put(autumn, NILS_IS, telecom=number).status_code == 200
    nils = autumn.read(NILS_IS)
    kind = nils["participant"][0]["role"][0]["coding"][0]
    person = nils["participant"][0] | {"role": [{"coding": [kind | {"code": "4"}]}]}
    refused_by(put(autumn, NILS_IS, participant=[person]), SOSFS, MEMBER)


def test_nils_is_not_the_contact_on_that_ground(neurology: Clinic) -> None:
    """R15: the ground is the physician's, also while Lena is there."""
    nils = neurology.read(NILS_IS)
    with neurology.nothing_stored():
        response = put(neurology, NILS_IS, reasonReference=[{"reference": ALS}])
        refused_by(response, SOSFS, MEMBER)
    assert neurology.read(NILS_IS) == nils


def test_once_lena_is_contact_others_may_be_too(neurology: Clinic) -> None:
    """R14, R15, R31: a licensed physician answers; a nurse at the health centre helps."""
    response = neurology.assign(MARIA, EVA)
    result(response)
    assert advice(response) == []


def test_when_lena_leaves_a_nurse_does_not_take_over(neurology: Clinic) -> None:
    """R15, R48."""
    lena = ended(neurology.read(LENA_IS), days(0))
    assert neurology.fhir.put(LENA_IS, lena).status_code == 200
    with neurology.nothing_stored():
        refused_by(neurology.assign(MARIA, EVA), SOSFS, MEMBER)


def test_an_expired_licence_is_none(neurology: Clinic) -> None:
    """R15: legitimation is what HOSP says, in force."""
    assert neurology.fhir.delete(LENA_IS).status_code == 204
    lena = neurology.read("Practitioner/lena-test")
    expired = [each | {"period": {"end": days(-1)}} for each in lena["qualification"]]
    neurology.put(lena | {"qualification": expired})
    with neurology.nothing_stored():
        refused_by(neurology.assign(MARIA, LENA, "4"), SOSFS, MEMBER)


def test_the_municipal_nurse_is_allowed_with_a_reminder(autumn: Clinic) -> None:
    """R15, R17: SOSFS 2011:7 1 kap. 1 § exempts her unit, not the region."""
    flag(autumn)
    response = autumn.assign(MARIA, SARA, basis=code("livshotande"))
    result(response)
    reminder = [each for each in advice(response) if SOSFS in paragraphs(each)]
    assert [paragraphs(each) for each in reminder] == [[SOSFS, "SOSFS-2011-7-1-1"]]
    assert {each["severity"] for each in advice(response)} == {"warning"}


def test_the_reminder_falls_silent_once_lena_is_contact(neurology: Clinic) -> None:
    """R17, R32."""
    response = neurology.assign(MARIA, SARA, basis=code("hemsjukvard"))
    result(response)
    assert advice(response) == []


def test_when_the_danger_is_over_a_nurse_may_be_the_contact(autumn: Clinic) -> None:
    """R15: a condition in remission is no longer one."""
    flag(autumn)
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    status = {"coding": [{"system": clinical, "code": "remission"}]}
    assert put(autumn, ALS, clinicalStatus=status).status_code == 200
    result(autumn.assign(MARIA, EVA))


def test_there_is_one_coordinator(neurology: Clinic) -> None:
    """R32: where the main illness is treated."""
    with neurology.nothing_stored():
        refused_by(neurology.assign(MARIA, SARA, "4"), "PL-6-2", "CareTeam.participant[0].role")


# ---- the team and the deputy ------------------------------------------------------------------


def test_contacts_are_reached_through_the_team(neurology: Clinic) -> None:
    """R39, R40, R43: 063-000 00 11, the fast track."""
    bundle = neurology.contacts(MARIA)
    assert members(bundle) == [NILS, LENA]
    assert TEAM in included(bundle)
    [team] = [e["resource"] for e in bundle["entry"] if e["fullUrl"].endswith(TEAM)]
    assert team["telecom"][0]["value"] == "063-000 00 11"
    nils, lena = matches(bundle)
    for contact in (nils, lena):
        via = extension(contact["participant"][0], codes.CONTACT_VIA_TEAM)
        assert via["valueReference"]["reference"] == TEAM


def test_the_deputy_is_told(neurology: Clinic) -> None:
    """R45: Frida stands in for Nils in July."""
    bundle = neurology.contacts(MARIA, "?type=1")
    assert {FRIDA, "Practitioner/frida-test"} <= included(bundle)


@pytest.mark.parametrize("how", ["himself", "outside the assignment"])
def test_a_deputy_is_another_inside_the_period(neurology: Clinic, how: str) -> None:
    """R45, ct-9."""
    nils = neurology.read(NILS_IS)
    member = NILS if how == "himself" else FRIDA
    start = "2026-07-06" if how == "himself" else "2025-08-31"
    stands_in = {
        "url": codes.DEPUTY,
        "extension": [
            {"url": "member", "valueReference": {"reference": member}},
            {"url": "period", "valuePeriod": {"start": start, "end": "2026-07-31"}},
        ],
    }
    person = nils["participant"][0] | {"extension": [stands_in]}
    response = put(neurology, NILS_IS, participant=[person])
    refused_by(response, "HSF-4-1", "CareTeam.participant[0].extension[0]")


def test_an_unreachable_contact_without_the_team_is_refused(neurology: Clinic) -> None:
    """R40, R43, ct-8: Paula has no telephone of her own."""
    paula = "PractitionerRole/paula-test-neuro"
    with neurology.nothing_stored():
        response = neurology.fhir.post(
            "CareTeam", fast_kontakt(MARIA, paula, period={"start": "2090-01-01"})
        )
        assert "PL-3-2" in {law for each in errors(response) for law in paragraphs(each)}


# ---- plans ------------------------------------------------------------------------------------


def meeting() -> list[Json]:
    """Give what a new SIP meeting agrees on (R76, R87)."""
    return [
        goal("Jag vill bo kvar hemma"),
        activity(codes.REGION, "Andning, nutrition, palliativ vård", owner=reference(TEAM)),
        activity(codes.KOMMUN, "Assistans enligt LSS"),
        activity(codes.KOMMUN, "Hemsjukvård", owner=reference("Organization/hemsjukvarden")),
        activity(codes.ANNAN, "Försäkringskassan: assistansersättning"),
        activity(codes.ANNAN, "Maken", owner=reference("RelatedPerson/maria-make")),
        responsible(codes.REGION),
        follow_up(responsible=reference(LENA)),
    ]


def test_a_new_plan_links_to_the_others_and_is_lenas(neurology: Clinic) -> None:
    """R85, R86, R92, R95: patientkontrakt and vårdplan are linked, not repeated."""
    with neurology.nothing_stored("CarePlan", "Goal", "Task"):
        twice = generate(neurology, MARIA, "active", *meeting())
        assert refusals(twice) == [("business-rule", ["HSL-16-4", "SOL-10-8"], "despiteExisting")]
    response = generate(neurology, MARIA, "active", *meeting(), despiteExisting=YES)
    plan = result(response)
    assert plan["author"]["reference"] == LENA
    assert {each["reference"] for each in plan["supportingInfo"]} == {
        "Consent/maria-sip-samtycke",
        "CarePlan/maria-patientkontrakt",
        "CarePlan/maria-vardplan",
    }
    assert {each["reference"] for each in plan["careTeam"]} == {TEAM, NILS_IS, LENA_IS}
    assert plan["addresses"] == [{"reference": ALS}]
    assert [each["expression"] for each in advice(response)] == [["CarePlan.replaces"]]


def test_the_new_plan_may_replace_the_old(neurology: Clinic) -> None:
    """R85, R93: named in replaces, it is no second plan."""
    draft = result(generate(neurology, MARIA, "draft", *meeting(), despiteExisting=YES))
    replacing = draft | {"replaces": [{"reference": "CarePlan/maria-sip"}], "status": "active"}
    url = f"CarePlan/{draft['id']}"
    answer = neurology.fhir.put(url, replacing, Prefer="return=OperationOutcome")
    assert answer.status_code == 200
    assert "already has an active" not in answer.text


def test_her_own_plan_loses_its_ground_with_her_consent(neurology: Clinic) -> None:
    """R78: she says no; the plan is revoked with it, and does not come back."""
    deny = {"type": "deny"}
    assert put(neurology, "Consent/maria-sip-samtycke", provision=deny).status_code == 200
    assert neurology.read("CarePlan/maria-sip")["status"] == "revoked"
    changed = put(neurology, "CarePlan/maria-sip", status="active")
    assert changed.status_code == 422
    assert "said no" in errors(changed)[0]["details"]["text"]


def test_all_contacts_end_with_a_reason(neurology: Clinic) -> None:
    """R20, R48: at the end, all in one bundle; without a reason, none."""
    teams = [neurology.read(each) for each in (NILS_IS, LENA_IS)]

    def end(*changed: Json) -> Any:
        entries = [
            {"request": {"method": "PUT", "url": f"CareTeam/{each['id']}"}, "resource": each}
            for each in changed
        ]
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        return neurology.fhir.post("", body)

    unexplained = teams[1] | {
        "status": "inactive",
        "period": {"start": "2026-02-10", "end": days(0)},
    }
    assert end(ended(teams[0], days(0)), unexplained).status_code == 422
    assert members(neurology.contacts(MARIA)) == [NILS, LENA]
    assert end(*(ended(each, days(0)) for each in teams)).status_code == 200
    assert members(neurology.contacts(MARIA)) == []
    assert members(neurology.contacts(MARIA, "?date=2026-03-01")) == [NILS, LENA]
