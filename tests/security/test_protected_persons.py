"""Protected persons and staff: not found, and given without what leads to them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.read import read
from fhir_server.interactions.search import search
from fhir_server.interactions.update import update
from fhir_server.security.principal import Principal
from fhir_server.sweden import codes, masking
from tests.security.consents import observation, svod
from tests.security.worlds import HSA, ORGANIZATIONS, World, encounter, organization, staff

LABEL = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
NUMBER = ("http://electronichealth.se/identifier/personnummer", "201305142398")
REDACTED = {"system": codes.OBSERVATION_VALUE, "code": "REDACTED"}


def protected(resource: dict[str, Any], label: str = "sekretessmarkering") -> dict[str, Any]:
    return {**resource, "meta": {"security": [{"system": LABEL, "code": label}]}}


PATIENT = protected(
    {
        "resourceType": "Patient",
        "id": "p1",
        "text": {
            "status": "additional",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">Storgatan 1</div>',
        },
        "extension": [{"url": "http://example.org/where", "valueString": "Storgatan 1"}],
        "identifier": [
            {"system": NUMBER[0], "value": NUMBER[1], "assigner": {"display": "Storgatan 1"}}
        ],
        "active": True,
        "name": [{"use": "official", "family": "Ett", "given": ["Lo"]}],
        "telecom": [{"system": "phone", "value": "Storgatan 1"}],
        "gender": "female",
        "birthDate": "2013-05-14",
        "address": [{"line": ["Storgatan 1"]}],
        "contact": [{"name": {"text": "Storgatan 1"}}],
        "communication": [{"language": {"text": "Storgatan 1"}}],
        "generalPractitioner": [{"reference": "Organization/hc", "display": "Storgatan 1"}],
        "managingOrganization": {"reference": "Organization/hc", "display": "Storgatan 1"},
    }
)


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(
        PATIENT,
        encounter("relation-hc", "hc"),
        observation("d-hc", "hc"),
        observation("d-psyk", "psyk"),
        observation("d-hemsjukvard", "hemsjukvard"),
        svod("svod", "region"),
        protected(
            {
                "resourceType": "Practitioner",
                "id": "secret",
                "identifier": [{"system": HSA, "value": "SE2321000131-P000000000001"}],
                "name": [{"family": "Hemlig", "given": ["Eva"]}],
            }
        ),
        {
            "resourceType": "PractitionerRole",
            "id": "secret-role",
            "practitioner": {"reference": "Practitioner/secret", "display": "Eva Hemlig"},
            "organization": {"reference": "Organization/hc"},
            "telecom": [{"system": "phone", "value": "063-000 00 17"}],
        },
    )
    return world


def cleared(unit: str) -> Principal:
    return replace(staff(unit), rights=frozenset({"protected-persons"}))


def found(world: World, who: Principal, type_: str, *asked: tuple[str, str]) -> list[str]:
    bundle = json.loads(search(world.context(who), type_, list(asked)).body)
    return [each["resource"]["id"] for each in bundle.get("entry", ())]


def given(world: World, who: Principal, type_: str, id_: str) -> dict[str, Any]:
    stored = read(world.context(who), type_, id_).stored
    assert stored is not None
    resource: dict[str, Any] = json.loads(stored.body or b"")
    return resource


def test_without_the_right_only_the_own_units_record_is_seen(world: World) -> None:
    """R118: neither relation nor consent gives what other units documented."""
    asked = ("patient", "Patient/p1")
    assert found(world, staff("hc"), "DocumentReference", asked) == ["d-hc"]
    everything = ["d-hc", "d-hemsjukvard", "d-psyk"]
    assert found(world, cleared("hc"), "DocumentReference", asked) == everything


def test_a_protected_person_is_found_by_number_or_id_alone(world: World) -> None:
    """R118: whoever does not know who it is finds nobody."""
    by_number = [("identifier", "|".join(NUMBER))]
    assert found(world, staff("hc"), "Patient", *by_number) == ["p1"]
    assert found(world, staff("hc"), "Patient", ("_id", "p1")) == ["p1"]
    for asked in (("family", "Ett"), ("birthdate", "2013-05-14"), ("address", "Storgatan")):
        assert found(world, staff("hc"), "Patient", *by_number, asked) == []
        assert found(world, cleared("hc"), "Patient", *by_number, asked) == ["p1"]


def test_nothing_that_leads_to_a_protected_person_is_given(world: World, app: Flask) -> None:
    """R118: no address, telephone, relative, unit, narrative or unknown extension."""
    seen = given(world, staff("hc"), "Patient", "p1")
    assert "Storgatan" not in json.dumps(seen)
    assert seen["name"] == PATIENT["name"]
    assert seen["identifier"] == [{"system": NUMBER[0], "value": NUMBER[1]}]
    assert REDACTED in seen["meta"]["security"]
    validator = app.extensions["fhir"].server.validator
    assert [i for i in validator.validate(seen) if i.severity == "error"] == []
    whole = given(world, cleared("hc"), "Patient", "p1")
    assert whole["address"] == PATIENT["address"]


def test_a_masked_person_is_valid_by_the_swedish_profile(app: Flask) -> None:
    """R118: what is left is still a Patient of the profile."""
    profile = {**PATIENT["meta"], "profile": [codes.structure("se-patient")]}
    seen = masking.of_protected({**PATIENT, "meta": profile})
    validator = app.extensions["fhir"].server.validator
    assert [i for i in validator.validate(seen) if i.severity == "error"] == []


def test_what_was_masked_is_not_written_back(world: World) -> None:
    """R118: the address would be lost."""
    context = world.context(staff("hc"))
    seen = given(world, staff("hc"), "Patient", "p1")
    with pytest.raises(FhirError) as refused:
        update(context, "Patient", "p1", {**seen, "gender": "male"})
    assert refused.value.status == 403
    assert given(world, cleared("hc"), "Patient", "p1")["address"]


def test_an_app_that_staff_launched_for_a_protected_person_gets_no_more(world: World) -> None:
    """R118: the launch context is no right of its own."""
    launched = replace(staff("hc"), patient="Patient/p1")
    assert "Storgatan" not in json.dumps(given(world, launched, "Patient", "p1"))


def test_the_person_sees_their_own(world: World) -> None:
    """R118: they know where they live; from the age at which they ask by themselves."""
    grown = {**PATIENT, "id": "p2", "birthDate": "1990-05-14"}
    world.put(grown)
    who = Principal("Patient/p2", role="patient", patient="Patient/p2")
    assert given(world, who, "Patient", "p2")["address"]


def test_protected_staff_have_no_name_here(world: World) -> None:
    """R118: GetCareManagers, PractitionerType; neither by themselves nor in their role."""
    for type_, id_ in (("Practitioner", "secret"), ("PractitionerRole", "secret-role")):
        seen = given(world, staff("hc"), type_, id_)
        assert "Hemlig" not in json.dumps(seen)
        assert "063-000" not in json.dumps(seen)
        assert REDACTED in seen["meta"]["security"]
        assert "REDACTED" not in json.dumps(given(world, cleared("hc"), type_, id_))
    bundle = search(
        world.context(staff("hc")),
        "PractitionerRole",
        [("_id", "secret-role"), ("_include", "PractitionerRole:practitioner")],
    )
    assert "Hemlig" not in bundle.body.decode()
    assert found(world, staff("hc"), "Practitioner", ("family", "Hemlig")) == []
    assert found(world, staff("hc"), "PractitionerRole", ("practitioner.family", "Hemlig")) == []


def test_emergency_access_shows_care_and_not_the_address(world: World) -> None:
    """R111, R118: life goes before; who follows up sees it in the log."""
    from tests.security.test_consent_takes_effect import open_record

    who = staff("psyk", "reader")
    open_record(world, who, "p1")
    asked = ("patient", "Patient/p1")
    assert found(world, who, "DocumentReference", asked) == ["d-hc", "d-hemsjukvard", "d-psyk"]
    assert "Storgatan" not in json.dumps(given(world, who, "Patient", "p1"))


def years_ago(years: int, days: int = 0) -> str:
    today = dt.datetime.now(dt.UTC).date()
    return (
        today.replace(year=today.year - years, day=min(today.day, 28)) - dt.timedelta(days)
    ).isoformat()


def test_a_guardian_sees_a_young_childs_record_and_no_older_one(world: World) -> None:
    """R123: the proposed ages: a guardian until 13, the young person from 16."""
    world.put(
        {"resourceType": "Patient", "id": "young", "birthDate": years_ago(12)},
        {"resourceType": "Patient", "id": "teen", "birthDate": years_ago(14)},
        {"resourceType": "Patient", "id": "almost-grown", "birthDate": years_ago(17)},
        {"resourceType": "Patient", "id": "unknown"},
        protected({"resourceType": "Patient", "id": "hidden", "birthDate": years_ago(5)}),
    )
    wards = ("young", "teen", "almost-grown", "unknown", "hidden", "nobody")
    guardian = Principal(
        "guardian-1", role="guardian", wards=tuple(f"Patient/{each}" for each in wards)
    )
    assert found(world, guardian, "Patient") == ["young"]
    for id_, own in (("young", []), ("teen", []), ("almost-grown", ["almost-grown"])):
        who = Principal(f"Patient/{id_}", role="patient", patient=f"Patient/{id_}")
        assert found(world, who, "Patient") == own


def test_a_guardian_whose_custody_is_over_sees_nothing(world: World) -> None:
    """R123: from the next request on."""
    number = [{"system": NUMBER[0], "value": "197705232382"}]
    guard = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
    parent: dict[str, Any] = {
        "resourceType": "RelatedPerson",
        "id": "parent",
        "identifier": number,
        "patient": {"reference": "Patient/child"},
        "relationship": [{"coding": [guard]}],
        "name": [{"family": "Ett"}],
        "telecom": [{"system": "phone", "value": "063-000 00 99"}],
    }
    world.put(
        {"resourceType": "Patient", "id": "grown-up", "identifier": number},
        {"resourceType": "Patient", "id": "child", "birthDate": years_ago(3)},
        parent,
    )
    guardian = Principal(
        "guardian-2", role="guardian", patient="Patient/grown-up", wards=("Patient/child",)
    )
    assert found(world, guardian, "Patient") == ["child"]
    world.put({**parent, "period": {"end": "2026-01-01"}})
    assert found(world, guardian, "Patient") == []
