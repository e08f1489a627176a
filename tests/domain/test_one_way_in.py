"""What the operations of issue 6 refuse holds for plain writes, however they are spelled."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    parameters,
    reference,
    refusals,
    string,
    transaction,
)
from tests.domain.consent_calls import active, meeting_of, sip, task
from tests.domain.life_cycle import every, named, url_of
from tests.domain.sip_calls import complete, consent_to_sip, generate
from tests.domain.sip_world import note_need
from tests.domain.stays import EXPECTED, NOTICED, READY, Ward, soon, ward

LAW = ["HSL-16-4", "SOL-10-8"]
BASE = "http://localhost/fhir"
EARLY = "2026-03-01T09:00:00+01:00"
LATER = "2026-03-05T14:00:00+01:00"


def outright(response: Any, paragraph: str | list[str], expression: str) -> None:
    """Demand that a rule of law refuses; profiles may say the same beside it."""
    law = [paragraph] if isinstance(paragraph, str) else paragraph
    found = [(law, at) for code, law, at in refusals(response) if code == "business-rule"]
    # In a bundle the place is Bundle.entry[0].resource and what follows.
    place = expression.partition(".")[2]
    assert any(each == law and at.endswith(place) for each, at in found), response.text


# ---- the timeline of a stay ---------------------------------------------------------------------


def step(url: str, at: str, **more: Json) -> Json:
    parts = {"at": {"valueDateTime": at}, "by": {"valueReference": {"display": "Avd"}}, **more}
    return {"url": url, "extension": [{"url": name, **value} for name, value in parts.items()]}


def noticed(where: Ward, at: str = NOTICED) -> list[Json]:
    to = {"valueReference": {"reference": where.home_care}}
    expected: Json = {"time": {"valueDateTime": EXPECTED}, "recorded": {"valueDateTime": at}}
    said = [{"url": name, **value} for name, value in expected.items()]
    said.append({"url": "by", "valueReference": {"display": "Avd"}})
    sent = step(codes.ADMISSION_NOTICE_SENT, at, to=to)
    return [sent, {"url": codes.EXPECTED_DISCHARGE, "extension": said}]


def ready(at: str) -> Json:
    return step(codes.DISCHARGE_READY, at)


def withdrawn(at: str) -> Json:
    return step(codes.DISCHARGE_READY_WITHDRAWN, at)


WRITES = ("PUT", "PATCH", "transaction")


def write(clinic: Clinic, resource: Json, way: str) -> Any:
    """Store a version of a resource; only its extensions are patched."""
    url = f"{resource['resourceType']}/{resource['id']}"
    if way == "PUT":
        return clinic.fhir.put(url, resource)
    if way == "transaction":
        return clinic.fhir.post("", transaction(("PUT", url, resource)))
    names = ("extension", "status", "statusReason", "businessStatus")
    patch = [{"op": "add", "path": f"/{n}", "value": resource[n]} for n in names if n in resource]
    return clinic.fhir.client.patch(
        f"/fhir/{url}", data=json.dumps(patch), content_type="application/json-patch+json"
    )


@pytest.mark.parametrize("way", WRITES)
@pytest.mark.parametrize("what", ["early notice", "early", "ahead", "never said", "before said"])
def test_a_timeline_that_cannot_have_happened_is_refused(
    clinic: Clinic, what: str, way: str
) -> None:
    """R57, R61, R62: however it is written."""
    here = ward(clinic)
    timeline, paragraph = {
        "early notice": (noticed(here, EARLY), "SAMVL-2-1"),
        "early": ([*noticed(here), ready(EARLY)], "SAMVL-2-1"),
        "ahead": ([*noticed(here), ready(soon())], "SAMVL-2-1"),
        "never said": ([*noticed(here), withdrawn(LATER)], "SAMVL-3-1"),
        "before said": ([*noticed(here), ready(LATER), withdrawn(READY)], "SAMVL-3-1"),
    }[what]
    response = write(clinic, here.now() | {"extension": timeline}, way)
    outright(response, paragraph, "Encounter.extension")
    assert "extension" not in here.now()


@pytest.mark.parametrize("notice", [True, False])
def test_what_was_done_in_the_wrong_order_is_recorded_and_flagged(
    clinic: Clinic, notice: bool
) -> None:
    """R61: the clocks run from what was done, and somebody is told that it was wrong."""
    here = ward(clinic)
    early = "2026-03-02T09:00:00+01:00"
    steps = [*(noticed(here) if notice else []), ready(early)]
    response = clinic.fhir.put(
        here.stay, here.now() | {"extension": steps}, Prefer="return=OperationOutcome"
    )
    assert response.status_code == 200, response.text
    assert "SAMVL-2-1" in response.text
    in_order = [*noticed(here), ready(READY)]
    response = clinic.fhir.put(
        here.stay, here.now() | {"extension": in_order}, Prefer="return=OperationOutcome"
    )
    assert (response.status_code, "SAMVL-2-1" in response.text) == (200, False)


# ---- an assessed need ---------------------------------------------------------------------------


def needs(clinic: Clinic) -> tuple[Json, Json]:
    """Give the need that the region assessed: its own Task, and the municipality's."""
    region, kommun = clinic.unit(codes.REGION), clinic.unit(codes.KOMMUN)
    said = note_need(clinic, clinic.patient(), clinic.nurse(region), owner=[reference(kommun)])
    return named(said)["return"], every(said, "task")[0]


WHY = {"statusReason": {"text": "Behövs inte"}}
PROPOSED = {"coding": [{"system": codes.SIP_NEED_KIND_SYSTEM, "code": codes.FORESLAGET}]}


@pytest.mark.parametrize("way", WRITES)
@pytest.mark.parametrize("status", ["cancelled", "failed", "entered-in-error", "rejected"])
def test_an_assessed_need_is_not_taken_from_the_other_huvudman(
    clinic: Clinic, status: str, way: str
) -> None:
    """R75, R83: with a reason too, while the assessment stands."""
    _, other = needs(clinic)
    outright(write(clinic, other | {"status": status, **WHY}, way), LAW, "Task.status")
    assert clinic.read(url_of(other))["status"] == "requested"


@pytest.mark.parametrize("way", WRITES)
def test_an_assessed_need_becomes_no_proposal(clinic: Clinic, way: str) -> None:
    """R75: a proposal obliges nobody."""
    own, other = needs(clinic)
    for each in (own, other):
        response = write(clinic, each | {"businessStatus": PROPOSED}, way)
        outright(response, LAW, "Task.businessStatus")


@pytest.mark.parametrize("name", ["requester", "owner"])
def test_whose_assessment_it_is_and_whom_it_obliges_stays(clinic: Clinic, name: str) -> None:
    """R75: or else the other huvudman could refuse it as its own."""
    _, other = needs(clinic)
    whose = clinic.unit(codes.KOMMUN if name == "requester" else codes.REGION)
    response = clinic.fhir.put(url_of(other), other | {name: {"reference": whose}})
    outright(response, LAW, f"Task.{name}")


def test_an_assessed_need_does_not_vanish_without_a_reason(clinic: Clinic) -> None:
    """R83: why there is no plan is documented."""
    own, _ = needs(clinic)
    response = clinic.fhir.put(url_of(own), own | {"status": "cancelled"})
    outright(response, LAW, "Task.statusReason")


def test_the_huvudman_who_assessed_takes_it_back_for_both(clinic: Clinic) -> None:
    """R75, R83: in one transaction as in $refuse-sip, or one after the other."""
    for together in (True, False):
        own, other = needs(clinic)
        gone = [each | {"status": "cancelled", **WHY} for each in (own, other)]
        if together:
            puts = [("PUT", url_of(each), each) for each in gone]
            assert clinic.fhir.post("", transaction(*puts)).status_code == 200
        else:
            for each in gone:
                response = clinic.fhir.put(url_of(each), each)
                assert response.status_code == 200, response.text


# ---- who is called ------------------------------------------------------------------------------


def left_out(unit: str) -> Json:
    """Give a consent to everything but one unit."""
    actor = {"role": {"text": "Mottagare"}, "reference": {"reference": unit}}
    return {"provision": {"type": "permit", "provision": [{"type": "deny", "actor": [actor]}]}}


@pytest.fixture
def unwanted(clinic: Clinic) -> tuple[str, str, str, str]:
    """A person, their draft, the unit that they do not want, and somebody who may call."""
    patient, unit = clinic.patient(), clinic.unit(codes.KOMMUN)
    clinic.put(consent_to_sip(patient, **left_out(unit)))
    plan = url_of(named(generate(clinic, patient, "draft", *complete()))["return"])
    return patient, plan, unit, clinic.nurse()


OWNERS: dict[str, Any] = {
    "plain": lambda unit: {"reference": unit},
    "a version": lambda unit: {"reference": f"{unit}/_history/1"},
    "absolute": lambda unit: {"reference": f"{BASE}/{unit}"},
    "another host": lambda unit: {"reference": f"https://elsewhere.example/fhir/{unit}"},
    "by identifier": lambda _: {"identifier": {"system": "urn:x", "value": "1"}},
    "by name": lambda _: {"display": "Hemtjänsten"},
    "inside": lambda _: {"reference": "#o"},
}


@pytest.mark.parametrize("how", OWNERS)
def test_no_spelling_calls_who_is_not_wanted(
    clinic: Clinic, unwanted: tuple[str, str, str, str], how: str
) -> None:
    """R78, R84: nor somebody who can't be told."""
    patient, plan, unit, nurse = unwanted
    call = task(codes.KALLELSE, patient, plan, unit, nurse) | {"owner": OWNERS[how](unit)}
    if how == "inside":
        inner = {"resourceType": "Organization", "id": "o", "name": "En del"}
        call["contained"] = [inner | {"partOf": {"reference": unit}}]
    outright(clinic.fhir.post("Task", call), LAW, "Task.owner")


@pytest.mark.parametrize(
    "whose", [{"identifier": {"system": "urn:x", "value": "1"}}, {"display": "Ada"}]
)
def test_a_kallelse_says_whose_meeting_it_is(
    clinic: Clinic, unwanted: tuple[str, str, str, str], whose: Json
) -> None:
    """R78, R84: or nobody can look up whether the actor is wanted."""
    patient, plan, unit, nurse = unwanted
    call = task(codes.KALLELSE, patient, plan, unit, nurse) | {"for": whose}
    outright(clinic.fhir.post("Task", call), LAW, "Task.for")


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_who_is_not_wanted_is_not_put_into_the_meeting(
    clinic: Clinic, unwanted: tuple[str, str, str, str], linked: bool, there: bool
) -> None:
    """R78, R84: Appointment.participant is a call too; the plan tells whose meeting it is."""
    patient, plan, unit, nurse = unwanted
    worker = clinic.nurse(unit)
    meeting = meeting_of(patient, plan, nurse, worker)
    if not linked:
        del meeting["supportingInformation"]
    if not there:
        del meeting["participant"][0]
    response = clinic.fhir.post("Appointment", meeting)
    if linked or there:
        at = f"Appointment.participant[{1 + there}].actor"
        outright(response, LAW, at)
    else:
        assert response.status_code == 201, response.text
    welcome = meeting_of(patient, plan, nurse)
    assert clinic.fhir.post("Appointment", welcome).status_code == 201


def test_nobody_is_put_into_a_meeting_after_a_no(clinic: Clinic) -> None:
    """R75, R78: not against the person's will."""
    patient, nurse = clinic.patient(), clinic.nurse()
    meeting = meeting_of(patient, "", nurse)
    del meeting["supportingInformation"]
    assert clinic.fhir.post("Appointment", meeting).status_code == 201
    clinic.put(consent_to_sip(patient, "deny"))
    response = clinic.fhir.post("Appointment", meeting)
    outright(response, LAW, "Appointment.participant[1].actor")


# ---- the person's word and the plan -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["permit", "deny"])
def test_a_consent_says_whose_it_is(clinic: Clinic, kind: str) -> None:
    """R78: a no by personnummer alone would be found by nobody."""
    number = {"identifier": {"system": codes.PERSONNUMMER, "value": "189002029800"}}
    said = consent_to_sip(clinic.patient(), kind)
    with clinic.nothing_stored("Consent"):
        response = clinic.fhir.post("Consent", said | {"patient": number})
        outright(response, LAW, "Consent.patient")


@pytest.mark.parametrize("way", WRITES)
def test_a_plan_that_has_ended_is_not_put_in_force_again(clinic: Clinic, way: str) -> None:
    """R78, R93: after a new consent there is a new plan, which says what it replaces."""
    patient, region, kommun = clinic.patient(), clinic.unit(), clinic.unit(codes.KOMMUN)
    consent, nurse = clinic.put(consent_to_sip(patient)), clinic.nurse(region)
    plan = active(clinic, patient, consent, region, kommun, nurse)
    gone = clinic.fhir.post(
        f"{consent}/$withdraw-sip-consent",
        parameters(by=reference(patient), reason=string("Ångrat mig")),
    )
    assert gone.status_code == 200, gone.text
    again = {"reference": clinic.put(consent_to_sip(patient))}
    revoked = clinic.read(plan) | {"supportingInfo": [again]}
    assert clinic.fhir.put(plan, revoked).status_code == 200
    outright(write(clinic, revoked | {"status": "active"}, way), LAW, "CarePlan.status")
    assert clinic.read(plan)["status"] == "revoked"
    new = named(generate(clinic, patient, "active", *complete(), author=reference(nurse)))["return"]
    assert new["status"] == "active"


def test_a_second_plan_by_post_is_flagged(clinic: Clinic) -> None:
    """R85: the operation asks for despiteExisting; a plan that came from elsewhere is stored."""
    patient, region, kommun = clinic.patient(), clinic.unit(), clinic.unit(codes.KOMMUN)
    consent, nurse = clinic.put(consent_to_sip(patient)), clinic.nurse(region)
    active(clinic, patient, consent, region, kommun, nurse)
    second = sip(clinic, patient, consent, region, kommun, nurse)
    response = clinic.fhir.post("CarePlan", second, Prefer="return=OperationOutcome")
    assert response.status_code == 201, response.text
    assert "CarePlan.replaces" in [each["expression"][0] for each in response.json["issue"]]
