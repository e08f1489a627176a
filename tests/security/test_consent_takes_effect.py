"""Consent, spärr, relation and emergency access count from the next moment on."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_app
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.context import OperationRequest
from fhir_server.interactions.create import create
from fhir_server.interactions.history import history
from fhir_server.interactions.read import read
from fhir_server.interactions.search import search
from fhir_server.interactions.update import update
from fhir_server.security.principal import Principal
from fhir_server.settings import Settings
from fhir_server.sweden import codes, emergency
from tests.security.consents import PATIENT, block, observation, svod, withdrawn
from tests.security.worlds import HSA, ORGANIZATIONS, World, encounter, hsa, organization, staff

DOCUMENTS = ("d-hc", "d-psyk", "d-hemsjukvard")


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(organization_of("skolan", "kommun", codes.SKOLA))
    world.put(
        {"resourceType": "Patient", "id": "p1", "name": [{"family": "Ett"}]},
        {"resourceType": "Patient", "id": "p2", "name": [{"family": "Två"}]},
        *(observation(f"d-{unit}", unit) for unit in ("hc", "psyk", "hemsjukvard", "skolan")),
        observation("other", "psyk", "p2"),
        encounter("relation-hc", "hc"),
        encounter("relation-hemsjukvard", "hemsjukvard"),
        encounter("relation-skolan", "skolan"),
        # What is over gives no relation.
        encounter("old", "hc", "p2", status="finished", period={"end": "2020-01-01"}),
    )
    return world


@pytest.fixture(autouse=True)
def _nothing_agreed(world: World) -> Iterator[None]:
    yield
    for type_ in ("Consent", "Flag"):
        for found in all_of(world, type_):
            if found["status"] == "active":
                world.put({**found, "status": "inactive"})


def teacher() -> Principal:
    return Principal("t", "coordinator", unit="SE2120000001-skolan", purpose="TREAT", person="t")


def organization_of(id_: str, parent: str, kind: str) -> dict[str, Any]:
    coding = {"system": codes.UNIT_KIND_SYSTEM, "code": kind}
    return {
        "resourceType": "Organization",
        "id": id_,
        "name": id_,
        "identifier": [{"system": HSA, "value": f"SE2120000001-{id_.replace('-', '')}"}],
        "type": [{"coding": [coding]}],
        "partOf": {"reference": f"Organization/{parent}"},
    }


def all_of(world: World, type_: str) -> list[dict[str, Any]]:
    bundle = json.loads(search(world.context(), type_, [("_count", "500")]).body)
    return [each["resource"] for each in bundle.get("entry", ())]


def found(world: World, who: Principal, type_: str, *asked: tuple[str, str]) -> set[str]:
    bundle = json.loads(search(world.context(who), type_, list(asked)).body)
    return {each["resource"]["id"] for each in bundle.get("entry", ())}


def seen(world: World, who: Principal, patient: str = PATIENT) -> set[str]:
    """Give the documents that somebody sees, and check that each way of asking says the same."""
    by_search = found(world, who, "DocumentReference", ("patient", f"Patient/{patient}"))
    context = world.context(who)
    counted = search(
        context, "DocumentReference", [("patient", f"Patient/{patient}"), ("_summary", "count")]
    )
    assert json.loads(counted.body)["total"] == len(by_search)
    for id_ in (*DOCUMENTS, "d-skolan"):
        if patient != PATIENT:
            break
        assert reads(world, who, id_) == (id_ in by_search)
        assert has_history(world, who, id_) == (id_ in by_search)
    included = search(
        context,
        "Patient",
        [("_id", patient), ("_revinclude", "DocumentReference:patient")],
    )
    entries = json.loads(included.body)["entry"]
    assert {e["resource"]["id"] for e in entries} - {patient} == by_search
    everything = context.server.operations.invoke(
        context, OperationRequest("everything", "Patient", patient, "GET", [("_count", "100")])
    )
    told = json.loads(everything.body)["entry"]
    assert by_search == {
        e["resource"]["id"] for e in told if e["resource"]["resourceType"] == "DocumentReference"
    }
    return by_search


def is_there(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except FhirError as refused:
        if refused.status != 404:
            raise
        return False
    return True


def reads(world: World, who: Principal, id_: str) -> bool:
    return is_there(lambda: read(world.context(who), "DocumentReference", id_))


def has_history(world: World, who: Principal, id_: str) -> bool:
    context = world.context(who)
    return is_there(lambda: history(context, resource_type="DocumentReference", id=id_))


def test_with_a_care_relation_one_sees_other_units_of_the_vardgivare(world: World) -> None:
    """R111: PDL 4 kap. 1 and 4 §§."""
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk"}
    assert seen(world, staff("psyk")) == {"d-psyk"}  # no relation: its own


def test_a_care_contact_of_long_ago_is_no_relation(world: World) -> None:
    """R111: the relation is of now."""
    assert seen(world, staff("hc"), "p2") == set()
    today = dt.datetime.now(dt.UTC).date().isoformat()
    world.put(encounter("old", "hc", "p2", status="finished", period={"end": today}))
    assert seen(world, staff("hc"), "p2") == {"other"}
    world.put(encounter("old", "hc", "p2", status="finished", period={"end": "2020-01-01"}))


def test_a_consent_is_seen_by_the_next_request_and_its_withdrawal_too(world: World) -> None:
    """R110, R111: given, other vårdgivare's records are there; taken back, they are not."""
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk"}
    given = svod("svod-1", "region")
    world.put(given)
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk", "d-hemsjukvard"}
    assert seen(world, staff("hemsjukvard")) == {"d-hemsjukvard"}  # it is for the region
    world.put(withdrawn(given))
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk"}


def test_a_consent_gives_nothing_without_a_care_relation(world: World) -> None:
    """R111: relation and consent, both."""
    world.put(svod("svod-2", "region"))
    assert seen(world, staff("psyk")) == {"d-psyk"}


def test_a_consent_that_is_over_gives_nothing(world: World) -> None:
    """R111: it has a time."""
    over = {"period": {"start": "2020-01-01", "end": "2021-01-01"}}
    ahead = {"period": {"start": "2090-01-01"}}
    world.put(svod("svod-3", "region", provision=over), svod("svod-4", "region", provision=ahead))
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk"}


def test_a_no_stands_against_a_yes(world: World) -> None:
    """R110: whoever said no to all has said no to these."""
    world.put(svod("svod-5", "region"))
    no = {**svod("svod-6"), "provision": {"type": "deny"}}
    world.put(no)
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk"}


def test_a_consent_for_research_is_none_for_care(world: World) -> None:
    """R111: a consent for another purpose gives nothing in care."""
    purpose = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HRESCH"}]
    world.put(svod("svod-7", "region", provision={"purpose": purpose}))
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk"}


def test_an_inner_block_hides_from_every_other_unit(world: World) -> None:
    """R111, R112: PDL 4 kap. 4 §: a vårdenhet's records, from other units and vårdgivare."""
    world.put(svod("svod-8", "region", "hemsjukvard"))
    inner = block("block-1", "psyk")
    world.put(inner)
    assert seen(world, staff("hc")) == {"d-hc", "d-hemsjukvard"}
    assert seen(world, staff("hemsjukvard")) == {"d-hemsjukvard", "d-hc"}
    assert seen(world, staff("psyk")) == {"d-psyk"}  # the unit itself sees all
    world.put(withdrawn(inner))
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk", "d-hemsjukvard"}


def test_an_outer_block_hides_from_other_vardgivare_only(world: World) -> None:
    """R111, R112: within the vårdgivare all stays as it was."""
    world.put(svod("svod-9", "region", "hemsjukvard"), block("block-2", "region"))
    assert seen(world, staff("hemsjukvard")) == {"d-hemsjukvard"}
    assert seen(world, staff("hc")) == {"d-hc", "d-psyk", "d-hemsjukvard"}


def test_a_block_by_hsa_id_counts_as_one_by_reference(world: World) -> None:
    """R112: units are named by HSA-id, in HL7 Sweden's system or in Inera's."""
    named = block("block-3", "psyk")
    for system in codes.HSA_ID_SYSTEMS:
        identifier = {"system": system, "value": hsa("psyk")}
        named["provision"]["actor"][0]["reference"] = {"identifier": identifier}
        world.put(named)
        assert seen(world, staff("hc")) == {"d-hc"}


def test_a_school_neither_sees_nor_is_seen_by_direct_access(world: World) -> None:
    """R110: SVOD does not cover it (DOMAIN 0.7); what it is to know is sent."""
    world.put(svod("svod-10", "region", "skolan", "kommun"))
    assert seen(world, teacher()) == {"d-skolan"}
    assert "d-skolan" not in seen(world, staff("hc"))
    assert "d-skolan" not in seen(world, staff("hemsjukvard"))
    sent = {
        "resourceType": "CommunicationRequest",
        "id": "to-school",
        "status": "active",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "sender": {"reference": "Organization/hc"},
        "recipient": [{"reference": "Organization/skolan"}],
    }
    world.put(sent)
    assert found(world, teacher(), "CommunicationRequest") == {"to-school"}


def open_record(world: World, who: Principal, patient: str = PATIENT, **more: Any) -> Any:
    reason = {
        "coding": [{"system": codes.EMERGENCY_REASON_SYSTEM, "code": "fara-for-liv"}],
        "text": "Medvetslös",
        **more.pop("reason", {}),
    }
    said = {name: value for name, value in reason.items() if value}
    parameters = [{"name": "reason", "valueCodeableConcept": said}]
    parameters += [{"name": "minutes", "valuePositiveInt": more["minutes"]}] if more else []
    context = world.context(who)
    body = {"resourceType": "Parameters", "parameter": parameters}
    request = OperationRequest("emergency-access", "Patient", patient, "POST", (), body)
    answer = context.server.operations.invoke(context, request)
    return json.loads(answer.body)["parameter"][0]["resource"]


def test_emergency_access_opens_for_who_asked_at_that_unit(world: World) -> None:
    """R111: relation, consent and spärr are lifted; for nobody else."""
    world.put(block("block-4", "hc"), block("block-5", "kommun"))
    who = staff("psyk", "reader")
    assert seen(world, who) == {"d-psyk"}
    flag = open_record(world, who, minutes=15)
    assert flag["author"] == {"reference": "Organization/psyk"}
    assert seen(world, who) == set(DOCUMENTS)
    assert seen(world, staff("psyk", "coordinator")) == {"d-psyk"}
    elsewhere = Principal("x", role="reader", unit=hsa("hc"), purpose="TREAT", person=who.person)
    assert "d-psyk" in seen(world, elsewhere)  # by relation
    assert "d-hemsjukvard" not in seen(world, elsewhere)


def test_what_is_seen_in_an_emergency_is_noted_as_such(world: World) -> None:
    """R115: the log says that it was an emergency access."""
    who = staff("psyk", "reader")
    open_record(world, who)
    context = world.context(who)
    read(context, "DocumentReference", "d-hemsjukvard")
    assert context.store.trace.emergency
    context = world.context(who)
    read(context, "DocumentReference", "d-psyk")  # their own, whatever was opened
    assert not context.store.trace.emergency


def test_emergency_access_ends_when_it_is_withdrawn(world: World) -> None:
    """R111: by storing its Flag as inactive."""
    who = staff("psyk", "reader")
    flag = open_record(world, who)
    assert seen(world, who) == set(DOCUMENTS)
    update(world.context(who), "Flag", flag["id"], {**flag, "status": "inactive"})
    assert seen(world, who) == {"d-psyk"}


def test_emergency_access_ends_with_its_time(world: World) -> None:
    """R111: nobody has to end it, and no period is longer than the setting."""
    who, now = staff("psyk", "reader"), dt.datetime.now(dt.UTC)
    reason = {
        "coding": [{"system": codes.EMERGENCY_REASON_SYSTEM, "code": "fara-for-liv"}],
        "text": "Medvetslös",
    }
    for ago, minutes in ((16, 15), (241, 100_000)):
        start = now - dt.timedelta(minutes=ago)
        flag = emergency.opening(
            f"Patient/{PATIENT}", "Organization/psyk", who.person, reason, start, minutes
        )
        create(world.context(who), "Flag", flag)
        assert seen(world, who) == {"d-psyk"}


def test_a_patient_that_is_linked_to_a_protected_one_does_not_lift_the_protection(
    world: World,
) -> None:
    """R118: anybody may store a Patient that says it is the same person."""
    system = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
    marked = {"security": [{"system": system, "code": "sekretessmarkering"}]}
    world.put(
        {"resourceType": "Patient", "id": "kept", "meta": marked},
        observation("d-kept", "psyk", "kept"),
        encounter("relation-kept", "hc", "kept"),
    )
    who = staff("hc")
    with pytest.raises(FhirError):
        read(world.context(who), "DocumentReference", "d-kept")
    link = [{"other": {"reference": "Patient/kept"}, "type": "seealso"}]
    world.put(*({"resourceType": "Patient", "id": f"{n}-twin", "link": link} for n in "az"))
    with pytest.raises(FhirError) as refused:
        read(world.context(who), "DocumentReference", "d-kept")
    assert refused.value.status == 404


def test_emergency_access_opens_nothing_for_another_purpose_than_care(world: World) -> None:
    """R111: neither opened for care nor by a plain write of the Flag (PDL 4 kap. 5 §)."""
    nurse = staff("psyk", "reader")
    clerk = replace(nurse, purpose="PATADMIN")
    flag = open_record(world, nurse)
    assert seen(world, nurse) == set(DOCUMENTS)
    assert seen(world, clerk) == {"d-psyk"}
    create(world.context(clerk), "Flag", flag)
    assert seen(world, clerk) == {"d-psyk"}


def test_nobody_opens_a_record_for_somebody_else(world: World) -> None:
    """R111: nor does a plain write of the Flag."""
    reason = {
        "coding": [{"system": codes.EMERGENCY_REASON_SYSTEM, "code": "fara-for-liv"}],
        "text": "Medvetslös",
    }
    flag = emergency.opening(
        f"Patient/{PATIENT}",
        "Organization/psyk",
        staff("psyk", "reader").person,
        reason,
        dt.datetime.now(dt.UTC),
        10,
    )
    for who in (staff("psyk"), Principal("s", role="system", unit=hsa("psyk"))):
        with pytest.raises(FhirError) as refused:
            create(world.context(who), "Flag", flag)
        assert refused.value.status == 403
    assert seen(world, staff("psyk", "reader")) == {"d-psyk"}


@pytest.mark.parametrize(
    ("who", "more", "status"),
    [
        (Principal("s", role="coordinator", unit=hsa("hc"), purpose="TREAT"), {}, 403),
        (Principal("s", role="coordinator", person="x", purpose="TREAT"), {}, 403),
        (staff("hc", "analyst"), {}, 403),
        (Principal("x", "reader", unit=hsa("hc"), purpose="PATADMIN", person="x"), {}, 403),
        (staff("hc"), {"minutes": 241}, 400),
        (staff("hc"), {"minutes": 1, "reason": {"text": ""}}, 422),
    ],
)
def test_emergency_access_is_for_staff_with_a_reason(
    world: World, who: Principal, more: dict[str, Any], status: int
) -> None:
    """R111: named staff at a unit, for treatment, with a reason in words and for a limited time."""
    with pytest.raises(FhirError) as refused:
        open_record(world, who, **more)
    assert refused.value.status == status


def test_openings_are_followed_up_by_a_search(world: World) -> None:
    """R115: the manager of the unit finds them, and the person sees them too."""
    flag = open_record(world, staff("hc", "reader"))
    asked = [("author", "Organization/hc")]
    assert flag["id"] in found(world, staff("hc", "manager"), "Flag", *asked)
    patient = Principal(f"Patient/{PATIENT}", role="patient", patient=f"Patient/{PATIENT}")
    assert flag["id"] in found(world, patient, "Flag")


def test_a_guardian_can_not_block_a_childs_record(world: World) -> None:
    """R111, R123: PDL 4 kap. 4 §."""
    born = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=3000)
    guard = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
    world.put(
        {"resourceType": "Patient", "id": "child", "birthDate": born.isoformat()},
        {
            "resourceType": "RelatedPerson",
            "id": "parent",
            "patient": {"reference": "Patient/child"},
            "relationship": [{"coding": [guard]}],
            "name": [{"family": "Ett"}],
            "telecom": [{"system": "phone", "value": "063-000 00 99"}],
        },
    )
    by_parent = [{"reference": "RelatedPerson/parent"}]
    with pytest.raises(FhirError) as refused:
        world.put(block("block-child", "psyk", patient="child", performer=by_parent))
    assert refused.value.issues[0].details[0].code == "PDL-4-4"
    world.put(block("block-child", "psyk", patient="child"))  # a mature child may


def test_a_consent_counts_on_every_worker_at_once(
    world: World, settings: Settings, mongo_uri: str
) -> None:
    """R111: another process that serves the same database knows at its next request."""
    app = create_app(settings, mongo_uri)
    other = World(app)
    try:
        assert seen(other, staff("hc")) == {"d-hc", "d-psyk"}
        given, inner = svod("svod-11", "region"), block("block-11", "psyk")
        for stored, expected in (
            (given, {"d-hc", "d-psyk", "d-hemsjukvard"}),
            (inner, {"d-hc", "d-hemsjukvard"}),
            (withdrawn(given), {"d-hc"}),
            (withdrawn(inner), {"d-hc", "d-psyk"}),
        ):
            world.put(stored)
            assert seen(other, staff("hc")) == expected
            assert seen(world, staff("hc")) == expected
    finally:
        app.extensions["fhir"].store.close()


def test_a_private_vardgivare_is_another_than_the_huvudman_it_works_for(world: World) -> None:
    """R112: the outer limit is the legal body, also where it is part of the region."""
    number = {"system": "urn:oid:2.5.4.97", "value": "5560000001"}
    private = organization_of("privat", "region", "annat")
    private["identifier"] = [number, {"system": HSA, "value": "SE5560000001-privat"}]
    world.put(
        private,
        {**organization_of("privat-hc", "privat", "annat")},
        observation("d-private", "privat-hc"),
    )
    region = Principal("journal", role="system", unit=hsa("region"))
    assert "d-private" not in seen(world, region)
    assert "d-private" not in seen(world, staff("hc"))
    world.put(svod("svod-12", "region"))
    assert "d-private" in seen(world, staff("hc"))
