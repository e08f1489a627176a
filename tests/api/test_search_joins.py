"""Chains, _has and _list over a real MongoDB."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.interactions.context import Server
from fhir_server.storage.mongo import MongoStore
from tests.api.searching import Searcher, searcher
from tests.conftest import Fhir

Json = dict[str, Any]


def to(reference: str) -> Json:
    return {"reference": reference}


def observation(id_: str, patient: str, code: str, **more: Any) -> Json:
    coded = {"coding": [{"system": "http://loinc.org", "code": code}]}
    return {
        "resourceType": "Observation", "id": id_, "status": "final",
        "code": coded, "subject": to(patient), **more,
    }  # fmt: skip


RESOURCES: tuple[Json, ...] = (
    {"resourceType": "Organization", "id": "region", "name": "Region Norr", "active": True},
    {"resourceType": "Organization", "id": "ward", "name": "Avdelning 1", "partOf": to("Organization/region")},
    {"resourceType": "Practitioner", "id": "doctor", "name": [{"family": "Ek"}]},
    {
        "resourceType": "PractitionerRole", "id": "role",
        "practitioner": to("Practitioner/doctor"), "organization": to("Organization/ward"),
    },
    {
        "resourceType": "Patient", "id": "anna", "name": [{"family": "Åberg", "given": ["Anna"]}],
        "birthDate": "1950-03-02", "gender": "female",
        "generalPractitioner": [to("PractitionerRole/role")],
        "meta": {"tag": [{"system": "http://x", "code": "pilot"}]},
    },
    {
        "resourceType": "Patient", "id": "bo", "name": [{"family": "Ek"}], "birthDate": "1980-01-01",
        "generalPractitioner": [to("Organization/ward")],
    },
    {"resourceType": "Patient", "id": "cia", "gender": "female"},
    {"resourceType": "Location", "id": "place", "name": "Åbergs hus"},
    observation("a1", "Patient/anna", "1", valueQuantity={"value": 5}),
    observation("a2", "Patient/anna", "2", performer=[to("Practitioner/doctor")]),
    observation("b1", "Patient/bo", "1"),
    observation("l1", "Location/place", "1"),
    {
        "resourceType": "AuditEvent", "id": "read", "type": {"code": "rest"},
        "recorded": "2026-01-01T00:00:00Z", "source": {"observer": to("Organization/ward")},
        "agent": [{"requestor": True, "who": to("Practitioner/doctor")}],
        "entity": [{"what": to("Observation/a1")}],
    },
    {
        "resourceType": "List", "id": "round", "status": "current", "mode": "working",
        "entry": [{"item": to("Patient/bo")}, {"item": to("Patient/cia")}],
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def find(app: Any, app_server: Server, store: MongoStore) -> Searcher:
    return searcher(app, app_server, store, RESOURCES)


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("Observation?patient.family=aberg", "a1 a2"),
        ("Observation?subject.name=åberg", "a1 a2 l1"),
        ("Observation?subject:Patient.name=åberg", "a1 a2"),
        ("Observation?subject:Location.name:contains=hus", "l1"),
        ("Observation?subject.name:exact=Åberg", "a1 a2"),
        ("Observation?subject.name:exact=åberg", ""),
        ("Observation?patient.birthdate=lt1960", "a1 a2"),
        ("Observation?patient.birthdate=lt1960,gt1970", "a1 a2 b1"),
        ("Observation?patient.family=ek,aberg", "a1 a2 b1"),
        ("Observation?patient.gender=female&code=1", "a1"),
        ("Observation?patient.gender:missing=true", "b1"),
        ("Observation?patient.gender:missing=false", "a1 a2"),
        ("Observation?patient.gender:not=female", "b1"),
        ("Observation?patient._id=anna", "a1 a2"),
        ("Observation?patient._tag=http://x|pilot", "a1 a2"),
        ("Observation?patient._lastUpdated=gt2020", "a1 a2 b1"),
        ("Observation?patient._lastUpdated=lt2020", ""),
        ("Observation?performer.name=ek", "a2"),
        ("Observation?patient.family=aberg&performer.name=ek", "a2"),
        ("Patient?general-practitioner.organization.name=avd", "anna"),
        ("Patient?general-practitioner.organization.partof.name=region", "anna"),
        ("Patient?general-practitioner:Organization.partof.name=region", "bo"),
        ("Patient?general-practitioner.practitioner.family:exact=Ek", "anna"),
        ("Observation?patient.general-practitioner.organization.partof.active=true", "a1 a2"),
        ("Patient?_has:Observation:patient:code=1", "anna bo"),
        ("Patient?_has:Observation:patient:code=http://loinc.org|2", "anna"),
        ("Patient?_has:Observation:patient:code=1&_has:Observation:patient:code=2", "anna"),
        ("Patient?_has:Observation:patient:value-quantity=gt4", "anna"),
        ("Patient?_has:Observation:patient:code:not=1", "anna"),
        ("Patient?_has:Observation:patient:code=3,2", "anna"),
        (
            "Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/doctor",
            "anna",
        ),
        ("Patient?_has:Observation:patient:performer.name=ek", "anna"),
        ("Practitioner?_has:PractitionerRole:practitioner:organization.name=avd", "doctor"),
        ("Observation?patient._has:List:item:status=current", "b1"),
        ("Patient?_list=round", "bo cia"),
        ("Patient?_list=round&gender=female", "cia"),
        ("Patient?_list=nothing", ""),
        ("Observation?patient._list=round", "b1"),
        (
            "Patient?_filter=general-practitioner.organization.name co avd or gender eq female",
            "anna cia",
        ),
        ("Patient?_filter=not (gender eq female) and birthdate gt 1970", "bo"),
        ("Patient?_filter=gender ne male", "anna cia"),
        ("Patient?_filter=family eq ek", "bo"),
        ("Observation?_filter=patient[gender eq female].birthdate lt 1960", "a1 a2"),
        ("Observation?_filter=patient[gender eq male].birthdate lt 1960", ""),
    ],
)
def test_a_search_over_references_finds(find: Searcher, url: str, ids: str) -> None:
    page = find(url.replace(" ", "%20"))
    assert sorted(each.partition("/")[2] for each in page.matches) == ids.split()
    assert page.total == len(ids.split())


def test_a_search_over_references_is_counted(find: Searcher) -> None:
    assert find("Observation?patient.family=aberg&_summary=count").total == 2
    assert find("Observation?patient.family=aberg&_total=accurate&_count=1").total == 2


def test_a_search_over_references_is_paged(find: Searcher) -> None:
    pages = find.pages("Observation?subject.name=aberg&_count=1&_sort=_id")
    assert [page.matches for page in pages] == [
        ["Observation/a1"],
        ["Observation/a2"],
        ["Observation/l1"],
    ]


def test_all_types_can_be_searched_by_who_refers_to_them(find: Searcher) -> None:
    page = find("?_has:Observation:subject:code=1")
    assert sorted(page.matches) == ["Location/place", "Patient/anna", "Patient/bo"]
    listed = find("?_list=round&_type=Patient,Location")
    assert sorted(listed.matches) == ["Patient/bo", "Patient/cia"]


def test_a_chain_sees_what_was_changed(find: Searcher, fhir: Fhir) -> None:
    before = {"resourceType": "Patient", "id": "eva", "name": [{"family": "Innan"}]}
    fhir.put("Patient/eva", before)
    fhir.put("Observation/e1", observation("e1", "Patient/eva", "9"))
    assert find("Observation?patient.family=innan").matches == ["Observation/e1"]
    fhir.put("Patient/eva", {**before, "name": [{"family": "Efter"}]})
    assert find("Observation?patient.family=innan").matches == []
    assert find("Observation?patient.family=efter").matches == ["Observation/e1"]
    fhir.delete("Observation/e1")
    assert find("Patient?_has:Observation:patient:code=9").matches == []


def test_a_conditional_create_may_follow_references(find: Searcher, fhir: Fhir) -> None:
    flag = {
        "resourceType": "Flag", "status": "active", "code": {"text": "x"},
        "subject": to("Patient/anna"),
    }  # fmt: skip
    criteria = {"If_None_Exist": "patient.family=aberg"}
    assert fhir.post("Flag", flag, **criteria).status_code == 201
    assert fhir.post("Flag", flag, **criteria).status_code == 200
    assert len(find("Flag?patient=anna").matches) == 1
    refused = fhir.post("Flag", flag, If_None_Exist="patient.family=aberg&_count=1")
    assert refused.status_code == 400
    assert "_count" in refused.text
