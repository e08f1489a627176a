"""Every operation as each role calls it: who may, on whose behalf, and what comes out.

The demo's people, each with a principal of their own; no HTTP.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.operations.registry import OPERATIONS
from fhir_server.security.principal import Principal
from fhir_server.sweden import codes
from tests.domain.clinic import code, string
from tests.domain.secured_world import (
    ALBERTINA,
    DISTRICT_NURSE,
    HEAD,
    HOME_NURSE,
    MARIA,
    MUNICIPALITY,
    NEUROLOGY,
    SCHOOL,
    UNITS,
    WARD,
    Json,
    Secured,
    reference,
    staff,
)

HER, STAY = "Patient/albertina-hammar", "Encounter/albertina-avd108"
EVA, SARA = "PractitionerRole/eva-test-hc", "PractitionerRole/sara-test-hemsjukvard"
NURSING = "Organization/hemsjukvarden"
READER = staff("halsocentralen-test", "reader")
SYSTEM = Principal("journal", role="system", unit=UNITS["region-jh"])
ANALYST = Principal("analyst", role="analyst")
GUARDIAN = Principal("mamma", role="guardian", wards=("Patient/lo-testsson",))
NATIONAL = Principal("1177", role="national-service", purpose="PATRQT")
ADMINISTRATOR = Principal("drift", role="administrator")

TERMINOLOGY = {"expand", "lookup", "subsumes", "translate", "validate-code"}
PERSONS = {
    "access-log", "discharge-summary", "document", "everything", "graphql", "named-contacts",
    "patientkontrakt",
}  # fmt: skip
ADMINISTRATORS = {
    "access-log", "diff", "meta", "meta-add", "meta-delete", "purge", "reindex", "validate",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(app: Flask) -> Secured:
    world = Secured(app)
    world.load_demo()
    return world


def may(world: Secured, who: Principal) -> set[str]:
    """Give the operations that somebody may call."""
    access = world.context(who).store.access
    invoker: Any = world.parts.server.operations
    allowed = set()
    for name in OPERATIONS:
        writes = bool(invoker._by_code[name][0].get("affectsState"))
        try:
            access.require_operation(name, writes=writes)
        except FhirError:
            continue
        allowed.add(name)
    return allowed


def test_each_role_may_call_what_it_is_for(world: Secured) -> None:
    """R110, R111: patients read their own, analysts count, staff act, administrators keep it running."""
    everything = set(OPERATIONS)
    of_care = everything - {"reindex", "emergency-access", "purge"}
    assert may(world, ALBERTINA) == may(world, GUARDIAN) == (PERSONS | TERMINOLOGY) & everything
    assert may(world, ANALYST) == TERMINOLOGY | {"evaluate-measure"}
    assert may(world, NATIONAL) == TERMINOLOGY | {"named-contacts"}
    assert may(world, ADMINISTRATOR) == (TERMINOLOGY | ADMINISTRATORS) & everything
    assert may(world, HEAD) - {"emergency-access"} == of_care
    for who in (DISTRICT_NURSE, WARD, SYSTEM):
        assert may(world, who) - {"emergency-access"} == of_care - {
            "evaluate-measure",
            "access-log",
        }
    for name in may(world, READER) - {"emergency-access"}:
        assert not world.parts.server.operations._by_code[name][0].get("affectsState"), name  # type: ignore[attr-defined]


# On whose behalf

ACTS = {
    f"{STAY}/$discharge": "by",
    f"{STAY}/$expected-discharge": "by",
    f"{STAY}/$ready-for-discharge": "by",
    "Appointment/albertina-sip-mote/$remind-call": "by",
    "Appointment/albertina-sip-mote/$cancel-sip-meeting": "by",
    f"{HER}/$note-sip-need": "by",
}


@pytest.mark.parametrize("address", ACTS)
def test_nobody_acts_in_anothers_name(world: Secured, address: str) -> None:
    """R112: who writes is who answers for it."""
    needed: dict[str, list[Json]] = {
        "$discharge": [{"name": "summary", **string("Hem")}],
        "$expected-discharge": [{"name": "time", "valueDateTime": "2026-12-05T11:00:00+01:00"}],
        "$cancel-sip-meeting": [{"name": "reason", **string("sjuk")}],
        "$note-sip-need": [{"name": "reason", **string("behov")}],
    }
    more = needed.get(address.rpartition("/")[2], [])
    with pytest.raises(FhirError) as refused:
        world.call(DISTRICT_NURSE, address, reference(ACTS[address], SARA), *more)
    assert refused.value.status == 403
    assert "no other's name" in refused.value.issues[0].text
    assert refused.value.issues[0].expression == (ACTS[address],) or ACTS[address] in str(
        refused.value.issues[0].expression
    )


def test_a_staff_member_may_be_named_by_role_person_or_unit(world: Secured) -> None:
    """R117: a role in the own unit, the own person, the own unit; not the unit above it."""
    address = f"{HER}/$note-sip-need"
    own = (EVA, "Practitioner/eva-test", "Organization/halsocentralen-test")
    for named in own:
        assert world.refused(
            DISTRICT_NURSE, address, reference("by", named), {"name": "reason", **string("behov")}
        ) in (0, 422), named
    for named in ("Organization/region-jh", "Practitioner/sara-test", NURSING, "Location/x"):
        assert world.refused(
            DISTRICT_NURSE, address, reference("by", named), {"name": "reason", **string("behov")}
        ) in (400, 403), named


def test_a_view_is_for_who_asks(world: Secured) -> None:
    """R94, R110: a unit reads as itself; a patient as themself, and never as staff."""
    plan = "CarePlan/maria-sip"
    assert world.refused(HOME_NURSE, f"{plan}/$document", reference("recipient", NURSING)) == 0
    other = reference("recipient", "Organization/testskolan")
    assert world.refused(HOME_NURSE, f"{plan}/$document", other) == 403
    assert world.refused(SCHOOL, f"{plan}/$document", other) == 404, "not handed out to the school"
    assert world.refused(MARIA, f"{plan}/$document", other) == 403
    assert world.refused(MARIA, f"{plan}/$document") == 0
    assert world.refused(ALBERTINA, f"{plan}/$document") == 404
    kontrakt = "Patient/maria-ljungberg/$patientkontrakt"
    assert world.refused(HOME_NURSE, kontrakt, reference("reader", "Organization/region-jh")) == 403
    assert world.refused(MARIA, kontrakt, reference("reader", NURSING)) == 403
    assert world.refused(MARIA, kontrakt) == 0
    assert world.refused(ALBERTINA, kontrakt) == 404
    # Whose plan it is may hand it out, and print the person's own copy.
    for named in (NURSING, "Patient/maria-ljungberg"):
        assert world.refused(NEUROLOGY, f"{plan}/$document", reference("recipient", named)) == 0
    as_staff = {"name": "audience", **code("professional")}
    assert world.refused(ALBERTINA, f"{HER}/$named-contacts", as_staff) == 403


def test_what_is_handed_out_is_noted(world: Secured) -> None:
    """R115: the trace of the request says whose plan was given."""
    document = world.call(HOME_NURSE, "CarePlan/maria-sip/$document")
    trace = world.traces[-1]
    assert "CarePlan/maria-sip" in trace.given
    assert trace.patients == {"Patient/maria-ljungberg"}
    held = [each["resource"] for each in document["entry"][1:]]
    assert {f"{each['resourceType']}/{each['id']}" for each in held} <= trace.given


def test_no_search_finds_what_is_handed_out_in_part(world: Secured) -> None:
    """R111: only the operations that cut the plan to the consent give it."""
    assert world.reads(SCHOOL, "CarePlan/lo-sip") is None
    assert world.finds(SCHOOL, "CarePlan", patient="Patient/lo-testsson") == []
    assert world.finds(SCHOOL, "Goal", patient="Patient/lo-testsson") == []


def test_a_person_is_named_with_and_without_the_type(world: Secured) -> None:
    """R111: ``patient=7`` asks for a Group of that id too, and names the person all the same."""
    spelled = (HER, HER.partition("/")[2])
    found = [world.finds(DISTRICT_NURSE, "Task", patient=each) for each in spelled]
    assert found[0] == found[1] != []
    both = [set(world.finds(HOME_NURSE, "CareTeam", patient=each)) for each in spelled]
    assert both[0] == both[1]
    # What other units of the municipality documented is seen with the care relation alone.
    assert "albertina-omsorgskontakt" in both[0]


# Figures


def test_a_managers_figures_are_those_of_their_unit(world: Secured) -> None:
    """R101, R110: no other's, and of nobody by themselves."""
    period = [
        {"name": "periodStart", "valueDate": "2026-01-01"},
        {"name": "periodEnd", "valueDate": "2026-03-31"},
        {"name": "measure", **string("fast-kontakt-tackning")},
    ]
    measures = world.finds(None, "Measure")
    if measures:
        period[2] = {"name": "measure", **string(measures[0])}

    def asked(who: Principal, *more: Json) -> int:
        return world.refused(who, "Measure/$evaluate-measure", *period, *more)

    own = {"name": "unit", **string("Organization/halsocentralen-test")}
    other = {"name": "unit", **string(NURSING)}
    person = {"name": "subject", **string(HER)}
    listed = {"name": "reportType", **code("subject-list")}
    assert asked(HEAD) == asked(HEAD, other) == asked(HEAD, own, person) == 403
    assert asked(HEAD, own, listed) == asked(ANALYST, listed) == asked(ANALYST, person) == 403
    assert asked(DISTRICT_NURSE, own) == 403
    assert asked(HEAD, own) not in (401, 403)
    assert asked(ANALYST) not in (401, 403)


def test_a_nurse_sees_the_caseload_of_her_own_unit(world: Secured) -> None:
    """R51: of another vårdgivare's unit nothing is counted."""

    def contacts(who: Principal, unit: str) -> int:
        answer = world.call(who, f"Organization/{unit}/$caseload", get=True)
        return json.dumps(answer).count('"member"') + json.dumps(answer).count("PractitionerRole/")

    assert contacts(DISTRICT_NURSE, "halsocentralen-test") > 0
    assert contacts(DISTRICT_NURSE, "hemsjukvarden") == 0
    assert contacts(HOME_NURSE, "hemsjukvarden") > 0


# Partial results


def test_graphql_and_everything_give_what_is_seen_without_errors(world: Secured) -> None:
    """R111: what one may not see is not there; the rest comes."""
    for who in (DISTRICT_NURSE, WARD, HOME_NURSE, MUNICIPALITY, SCHOOL, ALBERTINA, SYSTEM):
        answer = world.call(who, f"{HER}/$everything", get=True)
        found = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in answer["entry"]}
        assert HER in found
        assert {f for f in found if f.startswith("CarePlan/maria")} == set()
        asked = (
            "{id CareTeamList(_reference: patient) {id} EncounterList(_reference: patient) {id}}"
        )
        graph = world.call(who, f"{HER}/$graphql", {"name": "query", **string(asked)})
        assert graph.get("resourceType") != "OperationOutcome", graph
        data = json.loads(base64.b64decode(graph["data"])) if "contentType" in graph else graph
        assert "errors" not in data, who.id
        teams = {f"CareTeam/{each['id']}" for each in data["data"]["CareTeamList"] or ()}
        assert teams <= found, who.id
    assert world.refused(MARIA, f"{HER}/$everything") == 404


# Masks on pages


def test_pages_for_the_person_hold_no_internal_note(world: Secured) -> None:
    """R113, R114: nor does any other way to the same words."""
    team = world.reads(None, "CareTeam/albertina-samordnare")
    assert team is not None
    note = {
        "url": codes.INTERNAL_NOTE,
        "valueAnnotation": {"text": "Hemligt om nyckeln"},
    }
    world.put({**team, "extension": [*team.get("extension", []), note]})
    for address in (f"{HER}/$named-contacts", f"{HER}/$patientkontrakt", f"{HER}/$everything"):
        for media in ("", "text/html"):
            if media and address.endswith("$everything"):
                continue
            answer = world.call(ALBERTINA, address, get=True, media=media)
            said = answer.decode() if media else json.dumps(answer, ensure_ascii=False)
            assert "Hemligt" not in said, (address, media)
    staffs = world.call(HOME_NURSE, f"{HER}/$everything", get=True)
    assert "Hemligt" in json.dumps(staffs, ensure_ascii=False)
    hidden = {**team, "meta": {**team["meta"], "security": [_NOPATIENT]}}
    world.put(hidden)
    for address in (f"{HER}/$named-contacts", f"{HER}/$patientkontrakt", f"{HER}/$everything"):
        answer = world.call(ALBERTINA, address, get=True)
        given = {each["resource"]["id"] for each in answer["entry"] if "id" in each["resource"]}
        assert "albertina-samordnare" not in given, address
    world.put(team)


_NOPATIENT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}


def test_what_is_refused_to_be_written_by_another_unit_leaves_nothing_behind(
    world: Secured,
) -> None:
    """R112: Sara appoints no contact at the hälsocentral."""
    before = world.finds(None, "CareTeam", patient=HER)
    given = [
        reference("practitionerRole", EVA),
        {"name": "basis", **code("behov")},
        reference("appointedBy", "PractitionerRole/vera-test-hc"),
    ]
    assert world.refused(HOME_NURSE, f"{HER}/$assign-fast-vardkontakt", *given) == 403
    assert world.finds(None, "CareTeam", patient=HER) == before
