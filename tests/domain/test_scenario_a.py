"""Scenario 6a: Albertina, old and with several illnesses, goes home from hospital."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    LATER,
    Clinic,
    Json,
    advice,
    code,
    days,
    ended,
    errors,
    extension,
    included,
    matches,
    members,
    parameters,
    reference,
    refusals,
    refused_by,
    resources,
    result,
    string,
)
from tests.domain.sip_calls import SIP_CATEGORY, activity, follow_up, generate, goal, responsible

ALBERTINA = "Patient/albertina-hammar"
EVA, OLA, VERA = (f"PractitionerRole/{name}-test-hc" for name in ("eva", "ola", "vera"))
KARIN, ALI = "PractitionerRole/karin-test-hc", "PractitionerRole/ali-test-hemtjanst"
SARA, TOVE = (f"PractitionerRole/{name}-test-hemsjukvard" for name in ("sara", "tove"))
CONSENT = "Consent/albertina-sip-samtycke"
PERSONNUMMER = f"{codes.PERSONNUMMER}|189002029800"
LAW = ["HSL-16-4", "SOL-10-8"]

Demo = Callable[..., Clinic]


@pytest.fixture
def ward(demo: Demo) -> Clinic:
    """The demo of scenario a."""
    return demo("a-elderly-discharge")


def assign_eva(ward: Clinic) -> Any:
    return ward.assign(
        ALBERTINA,
        EVA,
        basis=code("utskrivning"),
        appointedBy=reference(VERA),
        encounter=reference("Encounter/albertina-avd108"),
    )


def meeting_of_12_march() -> list[Json]:
    """Give what the SIP meeting agreed on: goals, insatser, responsibility, follow-up."""
    return [
        goal("Gå till brevlådan", label=string("brevlådan")),
        goal("Färre besök på akuten", expressedBy=reference(SARA)),
        activity(codes.REGION, "Distriktssköterska väger varje vecka", owner=reference(EVA)),
        activity(codes.REGION, "Läkemedelsgenomgång", owner=reference(KARIN)),
        activity(
            codes.KOMMUN,
            "Hemtjänst tre gånger om dagen",
            owner=reference("Organization/hemtjansten"),
            goal=string("brevlådan"),
        ),
        activity(codes.ANNAN, "Dottern handlar", owner=reference("RelatedPerson/albertina-dotter")),
        responsible(codes.KOMMUN, organization=reference("Organization/ostersunds-kommun")),
        follow_up("2026-04-16", responsible=reference(SARA)),
    ]


def without(given: list[Json], huvudman: str) -> list[Json]:
    return [
        each
        for each in given
        if each["name"] != "activity" or {"name": "huvudman", **code(huvudman)} not in each["part"]
    ]


# ---- the walk ---------------------------------------------------------------------------------


def test_the_scenario_from_admission_to_contacts(ward: Clinic) -> None:
    """R3, R5, R10, R32, R53, R60, R75, R76, R89, R92: assign, be refused, generate, read."""
    care_team = result(assign_eva(ward))
    assert care_team["managingOrganization"][0]["reference"] == "Organization/halsocentralen-test"
    refused_by(ward.assign(ALBERTINA, OLA, "4"), "PL-6-2", "CareTeam.participant[0].role")

    meeting = reference("Appointment/albertina-sip-mote")
    response = generate(ward, ALBERTINA, "active", *meeting_of_12_march(), meeting=meeting)
    plan = result(response)
    assert advice(response) == []
    assert plan["author"]["reference"] == SARA
    assert plan["supportingInfo"] == [{"reference": CONSENT}]
    assert {each["reference"] for each in plan["careTeam"]} == {
        "CareTeam/albertina-fast-lakarkontakt",
        "CareTeam/albertina-omsorgskontakt",
        "CareTeam/albertina-samordnare",
        f"CareTeam/{care_team['id']}",
    }
    assert {each["reference"] for each in plan["addresses"]} == {
        "Condition/albertina-hjartsvikt",
        "Condition/albertina-kol",
        "Condition/albertina-diabetes",
    }
    assert {each["reference"] for each in plan["contributor"]} == {
        EVA,
        KARIN,
        "Organization/hemtjansten",
        "RelatedPerson/albertina-dotter",
    }
    assert plan["activity"][2]["detail"]["goal"] == [plan["goal"][0]]
    whose = [ward.read(each["reference"])["expressedBy"]["reference"] for each in plan["goal"]]
    assert whose == [ALBERTINA, SARA]
    found = ward.fhir.get(f"CarePlan?patient={ALBERTINA}&category={SIP_CATEGORY}").json
    assert [entry["resource"]["id"] for entry in found["entry"]] == [plan["id"]]

    contacts = ward.contacts(ALBERTINA)
    assert members(contacts) == [EVA, KARIN, ALI, SARA]


# ---- contacts ---------------------------------------------------------------------------------


def test_eva_is_assigned_in_the_discharge_process(ward: Clinic) -> None:
    """R3, R4, R60: appointed by the verksamhetschef, on the ground of discharge."""
    care_team = result(assign_eva(ward))
    assert care_team["encounter"] == {"reference": "Encounter/albertina-avd108"}
    appointed = extension(care_team, codes.structure("appointed-by"))["extension"]
    assert {"url": "by", **reference(VERA)} in appointed
    with ward.nothing_stored():
        refused_by(assign_eva(ward), "PL-6-2", "CareTeam")


def test_a_colleague_at_the_same_unit_is_not_a_second_contact(ward: Clinic) -> None:
    """R31, R45: Ola is the deputy, not another contact at Hälsocentralen Test."""
    result(assign_eva(ward))
    with ward.nothing_stored():
        refused_by(ward.assign(ALBERTINA, OLA), "PL-6-2", "CareTeam")


@pytest.mark.parametrize("role", [OLA, EVA, TOVE, "PractitionerRole/per-test-avd108"])
def test_nobody_becomes_a_second_coordinator(ward: Clinic, role: str) -> None:
    """R32: Sara coordinates, where Albertina mainly stays."""
    with ward.nothing_stored():
        refused_by(ward.assign(ALBERTINA, role, "4"), "PL-6-2", "CareTeam.participant[0].role")


def test_a_second_fast_lakarkontakt_is_refused(ward: Clinic) -> None:
    """R36: Karin is hers; a specialist at the hospital could not be in any case."""
    with ward.nothing_stored():
        response = ward.assign(ALBERTINA, "PractitionerRole/per-test-avd108", "2")
        assert {(law[0], at) for _, law, at in refusals(response)} == {
            ("PL-6-3", "CareTeam.managingOrganization[0]"),
            ("PL-6-3", "CareTeam.participant[0].role"),
        }


def test_a_nurse_is_no_omsorgskontakt(ward: Clinic) -> None:
    """R38: only one with bevis for undersköterska."""
    with ward.nothing_stored():
        response = ward.assign(ALBERTINA, TOVE, "3")
        refused_by(response, "SOL-10-7", "CareTeam.participant[0].member")


def test_a_contact_without_name_is_refused(ward: Clinic) -> None:
    """R5: "ofta inte namngiven"."""
    eva = ward.read("Practitioner/eva-test")
    nameless = {name: value for name, value in eva.items() if name != "name"}
    assert ward.fhir.put("Practitioner/eva-test", nameless).status_code == 422
    # Without an HSA-id no profile asks for the name.
    ward.put({name: value for name, value in nameless.items() if name != "identifier"})
    with ward.nothing_stored():
        refused_by(assign_eva(ward), "PL-6-2", "CareTeam.participant[0].member")


def test_a_contact_without_telephone_is_refused(ward: Clinic) -> None:
    """R10, R43: the patient is told how to reach the contact."""
    role = ward.read(EVA)
    ward.put({name: value for name, value in role.items() if name != "telecom"})
    period = {"valuePeriod": {"start": LATER}}
    with ward.nothing_stored():
        refused_by(ward.assign(ALBERTINA, EVA, period=period), "PL-3-2", "CareTeam.telecom")
    number: Json = {"valueContactPoint": {"system": "phone", "value": "063-000 00 01"}}
    result(ward.assign(ALBERTINA, EVA, period=period, telecom=number))


def test_the_contacts_she_had_continue_after_discharge(ward: Clinic) -> None:
    """R21, R22: the assignment outlives the stay; an open-care contact goes on."""
    stay = ward.read("Encounter/albertina-avd108")
    ward.put(stay | {"status": "finished"})
    where = reference("Encounter/albertina-avd108")
    result(ward.assign(ALBERTINA, EVA, basis=code("fortsatt"), encounter=where))
    assert members(ward.contacts(ALBERTINA)) == [EVA, KARIN, ALI, SARA]
    before = [each["meta"]["versionId"] for each in matches(ward.contacts(ALBERTINA))]
    assert before == ["1"] * 4, "none was touched"


def test_she_changes_contact_in_april(ward: Clinic) -> None:
    """R46-R48: on her request, one bundle: the old one ends, the new one begins."""
    eva = result(assign_eva(ward))
    moved = ended(eva, days(0))
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"request": {"method": "PUT", "url": f"CareTeam/{eva['id']}"}, "resource": moved}
        ],
    }
    assert ward.fhir.post("", bundle).status_code == 200
    result(ward.assign(ALBERTINA, OLA, basis=code("vald")))
    assert members(ward.contacts(ALBERTINA, "?type=1")) == [OLA]
    versions = ward.read(f"CareTeam/{eva['id']}/_history")["entry"]
    assert [entry["resource"]["status"] for entry in versions] == ["inactive", "active"]


# ---- reading ----------------------------------------------------------------------------------


def test_her_contacts_are_read_by_id_and_by_personnummer(ward: Clinic) -> None:
    """R10, R53, R122: by GET, and by POST because a number does not belong in a URL."""
    by_id = ward.contacts(ALBERTINA)
    assert members(by_id) == [KARIN, ALI, SARA]
    assert {"Practitioner/sara-test", TOVE, "Organization/hemsjukvarden"} <= included(by_id)
    assert {"Organization/ostersunds-kommun", "Organization/region-jh"} <= included(by_id)
    posted = parameters(identifier=string(PERSONNUMMER))
    for response in (
        ward.fhir.get(f"Patient/$named-contacts?identifier={PERSONNUMMER}"),
        ward.fhir.post("Patient/$named-contacts", posted),
        ward.fhir.post(f"{ALBERTINA}/$named-contacts", b""),
    ):
        assert response.status_code == 200
        assert resources(response.json) == resources(by_id)


def test_the_coordinator_alone_is_asked_for(ward: Clinic) -> None:
    """R32, R45, R114: type 4, with telephone, note and deputy."""
    [sara] = matches(ward.contacts(ALBERTINA, "?type=4"))
    assert sara["telecom"][0]["value"] == "063-000 00 05"
    assert sara["note"]
    deputy = extension(sara["participant"][0], codes.DEPUTY)["extension"]
    assert {"url": "member", **reference(TOVE)} in deputy


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2018-12-31", []),
        ("2019-02-04", [KARIN]),
        ("2024-11-04", [KARIN, SARA]),
        ("2026-03-03", [KARIN, ALI, SARA]),
    ],
)
def test_her_contacts_at_a_past_date(ward: Clinic, date: str, expected: list[str]) -> None:
    """R48: the history of all contacts with their periods."""
    assert members(ward.contacts(ALBERTINA, f"?date={date}")) == expected


# ---- the plan ---------------------------------------------------------------------------------


def test_a_draft_is_made_before_the_meeting(ward: Clinic) -> None:
    """R90: from what is known, and says what the meeting must decide."""
    response = generate(ward, ALBERTINA, "draft", goal("Gå till brevlådan"))
    assert result(response)["status"] == "draft"
    assert sorted(issue["expression"][0] for issue in advice(response)) == [
        "CarePlan.activity",
        "CarePlan.activity",
        "CarePlan.extension",
        "CarePlan.extension",
    ]


@pytest.mark.parametrize(
    ("lack", "expression"),
    [
        ("region", "CarePlan.activity"),
        ("kommun", "CarePlan.activity"),
        ("overall", "CarePlan.extension"),
    ],
)
def test_a_plan_of_one_huvudman_is_none(ward: Clinic, lack: str, expression: str) -> None:
    """R76, cp-2, cp-3: what the region does, what the municipality does, who answers for all."""
    given = meeting_of_12_march()
    given = (
        [each for each in given if each["name"] != "overallResponsible"]
        if lack == "overall"
        else without(given, lack)
    )
    with ward.nothing_stored("CarePlan", "Goal"):
        response = generate(ward, ALBERTINA, "active", *given)
        assert refusals(response) == [("business-rule", LAW, expression)]


def test_two_overall_responsible_are_one_too_many(ward: Clinic) -> None:
    """R76, cp-3."""
    with ward.nothing_stored("CarePlan", "Goal"):
        response = generate(
            ward, ALBERTINA, "active", *meeting_of_12_march(), responsible(codes.REGION)
        )
        assert refusals(response) == [("business-rule", LAW, "CarePlan.extension")]


def test_there_is_no_plan_without_her_consent(ward: Clinic) -> None:
    """R75, R78: withdrawn, then said no; a draft may wait for a yes, not go against a no."""
    consent = ward.read(CONSENT)
    ward.put(consent | {"status": "inactive"})
    with ward.nothing_stored("CarePlan", "Goal"):
        response = generate(ward, ALBERTINA, "active", *meeting_of_12_march())
        assert refusals(response) == [("business-rule", LAW, "CarePlan.supportingInfo")]
        named = reference(CONSENT)
        response = generate(ward, ALBERTINA, "draft", *meeting_of_12_march(), consent=named)
        assert "withdrawn" in errors(response)[0]["details"]["text"]
    result(generate(ward, ALBERTINA, "draft", *meeting_of_12_march()))
    ward.put(consent | {"status": "active", "provision": {"type": "deny"}})
    with ward.nothing_stored("CarePlan", "Goal"):
        response = generate(ward, ALBERTINA, "draft", *meeting_of_12_march())
        assert "said no" in errors(response)[0]["details"]["text"]


def test_loading_the_scenario_twice_changes_nothing(ward: Clinic) -> None:
    """The demo can be loaded again over what a reader did."""
    result(assign_eva(ward))
    before = resources(ward.contacts(ALBERTINA))
    ward.load_demo("0-organisations", "a-elderly-discharge")
    assert resources(ward.contacts(ALBERTINA)) == before
