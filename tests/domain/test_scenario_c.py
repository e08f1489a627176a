"""Scenario 6c: Lo, twelve years old, away from school; BUP, socialtjänsten and the school."""

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
    matches,
    members,
    paragraphs,
    reference,
    refusals,
    refused_by,
    result,
    string,
)
from tests.domain.sip_calls import activity, follow_up, generate, goal, responsible

LO, MAMMA, PAPPA = "Patient/lo-testsson", "RelatedPerson/lo-mamma", "RelatedPerson/lo-pappa"
KIM, BO = "PractitionerRole/kim-test-bup", "PractitionerRole/bo-test-bup"
SAM, ELIN = "PractitionerRole/sam-test-skola", "PractitionerRole/elin-test-ifo"
BUP, IFO, SCHOOL = (
    f"Organization/{name}" for name in ("bup-ostersund", "socialtjansten-ifo", "testskolan")
)
CONSENT, DRAFT, CONTACT = (
    "Consent/lo-sip-samtycke",
    "CarePlan/lo-sip",
    "CareTeam/lo-fast-vardkontakt",
)
LAW = ["HSL-16-4", "SOL-10-8"]

Demo = Callable[..., Clinic]


@pytest.fixture
def bup(demo: Demo) -> Clinic:
    """The demo of scenario c."""
    return demo("c-child")


def meeting() -> list[Json]:
    """Give what the meeting agreed on: goals of child and guardian, insatser of three."""
    return [
        goal("Vara i skolan utan ont i magen", label=string("skolan")),
        goal("Lugnare morgnar hemma", label=string("hemma"), expressedBy=reference(MAMMA)),
        activity(codes.REGION, "Behandling och KBT", owner=reference(BUP), goal=string("skolan")),
        activity(codes.KOMMUN, "Familjebehandling", owner=reference(IFO), goal=string("hemma")),
        activity(codes.KOMMUN, "Kontaktperson", owner=reference(ELIN)),
        activity(
            codes.ANNAN,
            "Anpassad studiegång och mentor",
            owner=reference(SCHOOL),
            goal=string("skolan"),
        ),
        responsible(codes.KOMMUN, organization=reference(IFO)),
        follow_up("2027-01-11", responsible=reference(KIM)),
    ]


def put(clinic: Clinic, url: str, **changed: Any) -> Any:
    return clinic.fhir.put(url, clinic.read(url) | changed)


def test_the_scenario_with_the_school(bup: Clinic) -> None:
    """R76, R80, R82, R89, R92: three take part, each with its own; the municipality answers."""
    response = generate(bup, LO, "active", *meeting(), need=string("Tillbaka till skolan"))
    plan = result(response)
    assert advice(response) == []
    assert [extension(each, codes.HUVUDMAN)["valueCode"] for each in plan["activity"]] == [
        codes.REGION,
        codes.KOMMUN,
        codes.KOMMUN,
        codes.ANNAN,
    ]
    school = plan["activity"][3]["detail"]
    assert school["performer"] == [{"reference": SCHOOL}]
    assert school["goal"] == [plan["goal"][0]]
    assert {each["reference"] for each in plan["contributor"]} == {BUP, IFO, ELIN, SCHOOL}
    whose = [bup.read(each["reference"])["expressedBy"]["reference"] for each in plan["goal"]]
    assert whose == [LO, MAMMA]
    assert plan["author"]["reference"] == KIM, "the fast vårdkontakt, as nobody coordinates"
    assert plan["supportingInfo"] == [{"reference": CONSENT}]
    assert {each["reference"] for each in plan["addresses"]} == {
        "Condition/lo-autism",
        "Condition/lo-adhd",
    }


@pytest.mark.parametrize("huvudman", [codes.REGION, codes.KOMMUN])
def test_the_school_stands_in_for_neither_huvudman(bup: Clinic, huvudman: str) -> None:
    """R76: measures by others are carried, and are not the region's or the municipality's."""
    given = [
        each
        for each in meeting()
        if each["name"] != "activity" or {"name": "huvudman", **code(huvudman)} not in each["part"]
    ]
    with bup.nothing_stored("CarePlan", "Goal"):
        response = generate(bup, LO, "active", *given)
        assert refusals(response) == [("business-rule", LAW, "CarePlan.activity")]


def test_the_school_cannot_have_the_overall_responsibility(bup: Clinic) -> None:
    """R76: region or municipality; neither as a code, nor as the organization behind one."""
    given = [each for each in meeting() if each["name"] != "overallResponsible"]
    with bup.nothing_stored("CarePlan", "Goal"):
        response = generate(bup, LO, "active", *given, responsible(codes.ANNAN))
        assert [kind for kind, _, _ in refusals(response, 400)] == ["code-invalid"]
        hidden = responsible(codes.KOMMUN, organization=reference(SCHOOL))
        response = generate(bup, LO, "active", *given, hidden)
        assert [law for _, law, _ in refusals(response)] == [LAW]


def test_the_draft_becomes_active_at_the_meeting(bup: Clinic) -> None:
    """R90, R92, R93: it says who has overall responsibility and when it is followed up."""
    active = put(bup, DRAFT, status="active")
    told = {each["expression"][0] for each in errors(active)}
    assert told == {"CarePlan.extension", "CarePlan.period.start"}
    overall = {
        "url": codes.OVERALL_RESPONSIBLE,
        "extension": [{"url": "huvudman", "valueCode": codes.KOMMUN}],
    }
    when = {"url": codes.FOLLOW_UP, "extension": [{"url": "date", "valueDate": "2026-04-01"}]}
    told_more = [*bup.read(DRAFT)["extension"], overall, when]
    period = {"start": "2026-02-18"}
    response = put(bup, DRAFT, status="active", extension=told_more, period=period)
    assert response.status_code == 200, response.text


# ---- consent of the guardians -----------------------------------------------------------------


def test_the_plan_waits_for_the_guardians(bup: Clinic) -> None:
    """R78, R80: proposed by the school, drafted by BUP, not active before they have consented."""
    assert put(bup, CONSENT, status="proposed").status_code == 200
    with bup.nothing_stored("CarePlan", "Goal"):
        response = generate(bup, LO, "active", *meeting())
        assert refusals(response) == [("business-rule", LAW, "CarePlan.supportingInfo")]
    [issue] = advice(generate(bup, LO, "draft", *meeting()))
    assert (paragraphs(issue), issue["severity"]) == (LAW, "warning")


def test_the_school_part_is_withdrawn_and_the_plan_stays(bup: Clinic) -> None:
    """R78: consent may be limited per actor, and partly withdrawn at any time."""
    plan = result(generate(bup, LO, "active", *meeting()))
    consent = bup.read(CONSENT)
    recipient = category("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
    limited = consent["provision"] | {
        "provision": [
            {"type": "deny", "actor": [{"role": recipient, "reference": {"reference": SCHOOL}}]}
        ]
    }
    assert put(bup, CONSENT, provision=limited).status_code == 200
    assert bup.read(f"CarePlan/{plan['id']}")["status"] == "active"
    kept = [plan["activity"][number] for number in range(3)]
    response = bup.fhir.put(f"CarePlan/{plan['id']}", plan | {"activity": kept})
    assert response.status_code == 200, response.text


def test_a_no_from_a_guardian_stops_the_plan(bup: Clinic) -> None:
    """R78, R80: one consent permits, another denies; it is not made against their will."""
    consent = bup.read(CONSENT)
    no = {name: value for name, value in consent.items() if name != "id"}
    no |= {"provision": {"type": "deny"}, "performer": [{"reference": PAPPA}]}
    bup.fhir.create(no)
    with bup.nothing_stored("CarePlan", "Goal"):
        for status in ("draft", "active"):
            response = generate(bup, LO, status, *meeting())
            assert [law for _, law, _ in refusals(response)] == [LAW]


def test_the_consent_ends_with_childhood(bup: Clinic) -> None:
    """R78: limited in time; what the guardians gave does not carry a plan after it is over."""
    over = bup.read(CONSENT)["provision"] | {"period": {"start": "2026-02-02", "end": days(-1)}}
    assert put(bup, CONSENT, provision=over).status_code == 200
    with bup.nothing_stored("CarePlan", "Goal"):
        response = generate(bup, LO, "active", *meeting(), consent=reference(CONSENT))
        assert "expired" in errors(response)[0]["details"]["text"]


# ---- the contact ------------------------------------------------------------------------------


def test_kim_is_los_contact_as_lo_wished(bup: Clinic) -> None:
    """R6, R13: the wish, whom it names, and that it was met."""
    [kim] = matches(bup.contacts(LO))
    assert members(bup.contacts(LO)) == [KIM]
    wish = extension(kim, codes.structure("patient-preference"))["extension"]
    assert {"url": "met", "valueBoolean": True} in wish
    assert {"url": "person", **reference(KIM)} in wish


def test_a_second_contact_at_bup_is_refused(bup: Clinic) -> None:
    """R31, ct-11: replace instead."""
    with bup.nothing_stored():
        refused_by(bup.assign(LO, BO), "PL-6-2", "CareTeam")


def test_a_curator_is_no_fast_lakarkontakt(bup: Clinic) -> None:
    """R35: nor is anybody at BUP."""
    with bup.nothing_stored():
        for role in (SAM, KIM, ELIN):
            response = bup.assign(LO, role, "2")
            laws = {tuple(law) for _, law, _ in refusals(response)}
            assert laws == {("PL-6-3",)}


def test_a_social_worker_who_coordinates_is_allowed(bup: Clinic) -> None:
    """R13, R31, R32: several contacts, one of them with overall coordination."""
    response = bup.assign(LO, ELIN, "4")
    result(response)
    assert members(bup.contacts(LO)) == [KIM, ELIN]


def test_at_eighteen_the_contact_changes(bup: Clinic) -> None:
    """R47, R48: handed over to adult psychiatry; Kim's assignment ends the day before."""
    kim = bup.read(CONTACT)
    adult = {"system": codes.code_system("end-reason"), "code": "overgang-vuxen"}
    ending = ended(kim, "2031-05-13")
    ending["extension"][-1]["valueCodeableConcept"] = {"coding": [adult]}
    # Still active: the end is known long before.
    assert bup.fhir.put(CONTACT, ending | {"status": "active"}).status_code == 200
    successor = bup.nurse(bup.unit(kind="16"))
    result(bup.assign(LO, successor, period={"valuePeriod": {"start": "2031-05-14"}}))
    assert members(bup.contacts(LO, "?date=2031-05-13")) == [KIM]
    assert members(bup.contacts(LO, "?date=2031-05-14")) == [successor]
