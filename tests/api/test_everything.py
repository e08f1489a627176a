"""$everything and $document over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_server.app import create_app
from fhir_server.settings import Settings
from tests.conftest import Fhir


def put(fhir: Fhir, resource: dict[str, Any]) -> None:
    response = fhir.put(f"{resource['resourceType']}/{resource['id']}", resource)
    assert response.status_code in (200, 201), response.text


def of(patient: str) -> dict[str, str]:
    return {"reference": f"Patient/{patient}"}


CONCEPT = {"text": "x"}


@pytest.fixture
def record(fhir: Fhir) -> None:
    """Anna's record, and Bo's beside it."""
    for resource in (
        {"resourceType": "Organization", "id": "region", "name": "Region"},
        {"resourceType": "Organization", "id": "unit", "name": "Unit", "partOf": {"reference": "Organization/region"}},
        {"resourceType": "Practitioner", "id": "eva"},
        {
            "resourceType": "PractitionerRole",
            "id": "role",
            "practitioner": {"reference": "Practitioner/eva"},
            "organization": {"reference": "Organization/unit"},
        },
        {"resourceType": "Patient", "id": "anna"},
        {"resourceType": "Patient", "id": "bo"},
        {"resourceType": "Encounter", "id": "stay", "status": "finished", "class": {"code": "IMP"}, "subject": of("anna"), "period": {"start": "2026-01-01", "end": "2026-01-09"}},
        {"resourceType": "Condition", "id": "c", "subject": of("anna"), "onsetDateTime": "2020-05-01"},
        {"resourceType": "Observation", "id": "o1", "status": "final", "code": CONCEPT, "subject": of("anna"), "effectiveDateTime": "2026-01-02", "encounter": {"reference": "Encounter/stay"}},
        {"resourceType": "Observation", "id": "o2", "status": "final", "code": CONCEPT, "subject": of("anna"), "effectiveDateTime": "2026-02-02"},
        {"resourceType": "Observation", "id": "undated", "status": "final", "code": CONCEPT, "subject": of("anna")},
        {"resourceType": "Observation", "id": "bo", "status": "final", "code": CONCEPT, "subject": of("bo")},
        {"resourceType": "CareTeam", "id": "team", "status": "active", "subject": of("anna"), "participant": [{"member": {"reference": "PractitionerRole/role"}}]},
        {"resourceType": "CareTeam", "id": "shared", "status": "active", "subject": of("bo"), "participant": [{"member": of("anna")}]},
        {"resourceType": "Goal", "id": "goal", "lifecycleStatus": "active", "description": CONCEPT, "subject": of("anna")},
        {
            "resourceType": "CarePlan",
            "id": "plan",
            "status": "active",
            "intent": "plan",
            "subject": of("anna"),
            "author": {"reference": "PractitionerRole/role"},
            "careTeam": [{"reference": "CareTeam/team", "display": "Teamet"}],
            "goal": [{"reference": "Goal/goal", "display": "Gå själv"}],
        },
    ):  # fmt: skip
        put(fhir, resource)


def found(bundle: dict[str, Any], mode: str) -> set[str]:
    entries = [e for e in bundle.get("entry", []) if e["search"]["mode"] == mode]
    return {f"{e['resource']['resourceType']}/{e['resource'].get('id')}" for e in entries}


ANNAS = {
    "Patient/anna", "Encounter/stay", "Condition/c", "Observation/o1", "Observation/o2",
    "Observation/undated", "CareTeam/team", "CareTeam/shared", "Goal/goal", "CarePlan/plan",
}  # fmt: skip
AROUND = {"PractitionerRole/role", "Practitioner/eva", "Organization/unit", "Organization/region"}


@pytest.mark.usefixtures("record")
def test_everything_about_a_patient_comes_with_those_around_and_nobody_else(fhir: Fhir) -> None:
    bundle = fhir.get("Patient/anna/$everything").json
    assert bundle["type"] == "searchset"
    assert found(bundle, "match") == ANNAS
    assert found(bundle, "include") == AROUND


@pytest.mark.usefixtures("record")
def test_what_is_in_the_compartment_takes_no_room_from_those_around(
    settings: Settings, mongo_uri: str
) -> None:
    small = create_app(replace(settings, max_includes=len(AROUND)), mongo_uri)
    bundle = Fhir(small.test_client()).get("Patient/anna/$everything").json
    assert found(bundle, "include") == AROUND
    assert found(bundle, "outcome") == set()


@pytest.mark.usefixtures("record")
def test_everything_comes_in_pages_without_loss_or_repetition(fhir: Fhir) -> None:
    url: str | None = "Patient/anna/$everything?_count=3"
    seen: list[str] = []
    while url:
        bundle = fhir.get(url.removeprefix("http://localhost/fhir/")).json
        page = found(bundle, "match")
        assert len(page) <= 3
        seen += page
        url = next((x["url"] for x in bundle["link"] if x["relation"] == "next"), None)
    assert len(seen) == len(set(seen))
    assert set(seen) == ANNAS


@pytest.mark.usefixtures("record")
def test_start_and_end_are_about_care_and_leave_the_undated_in(fhir: Fhir) -> None:
    january = fhir.get("Patient/anna/$everything?start=2026-01-01&end=2026-01-31").json
    assert found(january, "match") == ANNAS - {"Condition/c", "Observation/o2"}
    later = fhir.get("Patient/anna/$everything?start=2026-02-01").json
    assert "Observation/o2" in found(later, "match")
    assert not {"Observation/o1", "Encounter/stay"} & found(later, "match")


@pytest.mark.usefixtures("record")
def test_types_and_since_narrow_it(fhir: Fhir) -> None:
    some = fhir.get("Patient/anna/$everything?_type=Observation,Practitioner").json
    assert found(some, "match") == {"Observation/o1", "Observation/o2", "Observation/undated"}
    assert found(some, "include") == {"Practitioner/eva"}
    none = fhir.get("Patient/anna/$everything?_since=2099-01-01T00:00:00Z").json
    assert found(none, "match") == set()


@pytest.mark.usefixtures("record")
def test_everything_about_an_encounter(fhir: Fhir) -> None:
    bundle = fhir.get("Encounter/stay/$everything").json
    assert found(bundle, "match") == {"Encounter/stay", "Observation/o1"}


@pytest.mark.usefixtures("record")
def test_everything_about_nobody_is_refused(fhir: Fhir) -> None:
    assert fhir.get("Patient/nobody/$everything").status_code == 404
    assert fhir.get("Patient/anna/$everything?_type=Nothing").status_code == 400
    assert fhir.get("Patient/anna/$everything?_count=0").status_code == 400
    assert fhir.get("Patient/anna/$everything?_cursor=x").status_code == 400
    assert fhir.get("Observation/o1/$everything").status_code == 404


def composition(fhir: Fhir, entry: str) -> dict[str, Any]:
    return fhir.create(
        {
            "resourceType": "Composition",
            "status": "final",
            "type": CONCEPT,
            "subject": of("anna"),
            "date": "2026-01-01",
            "author": [{"reference": "PractitionerRole/role"}],
            "title": "Sammanfattning",
            "section": [
                {"title": "A", "section": [{"title": "B", "entry": [{"reference": entry}]}]}
            ],
        }
    )


def held(bundle: dict[str, Any]) -> list[str]:
    resources = [entry["resource"] for entry in bundle["entry"]]
    return [f"{r['resourceType']}/{r.get('id')}" for r in resources]


@pytest.mark.usefixtures("record")
def test_a_document_holds_the_composition_and_what_it_refers_to(fhir: Fhir) -> None:
    stored = composition(fhir, "Observation/o1")
    bundle = fhir.get(f"Composition/{stored['id']}/$document").json
    assert bundle["type"] == "document"
    assert bundle["identifier"]["value"].startswith("urn:uuid:")
    first, *others = held(bundle)
    assert first == f"Composition/{stored['id']}"
    assert sorted(others) == sorted(
        {"Patient/anna", "Observation/o1", "PractitionerRole/role", "Practitioner/eva", "Organization/unit"}
    )  # fmt: skip


@pytest.mark.usefixtures("record")
def test_a_plan_becomes_a_document_with_swedish_headings(fhir: Fhir) -> None:
    bundle = fhir.get("CarePlan/plan/$document").json
    made, *_ = (entry["resource"] for entry in bundle["entry"])
    assert made["resourceType"] == "Composition"
    titles = [section["title"] for section in made["section"]]
    assert titles[:2] == ["Plan", "Mål"]
    assert titles[-1] == "Team"
    assert "<b>x</b>" in made["section"][1]["text"]["div"]
    assert {"CarePlan/plan", "Goal/goal", "CareTeam/team", "Practitioner/eva"} <= set(held(bundle))


@pytest.mark.usefixtures("record")
def test_a_document_may_be_stored(fhir: Fhir) -> None:
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "persist", "valueBoolean": True}]}  # fmt: skip
    response = fhir.post("CarePlan/plan/$document", parameters)
    assert response.status_code == 201, response.text
    stored = fhir.get(f"Bundle/{response.json['id']}").json
    assert stored["type"] == "document"
    assert fhir.get("CarePlan/plan/$document?persist=true").status_code == 400
