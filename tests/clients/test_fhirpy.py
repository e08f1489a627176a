"""fhirpy (https://pypi.org/project/fhirpy/), as its users use it, against a real server process."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import MultipleResourcesFound, OperationOutcome, ResourceNotFound

from tests.conftest import ServerProcess


@pytest.fixture(scope="module")
def client(live_server: ServerProcess) -> SyncFHIRClient:
    return SyncFHIRClient(live_server.base)


@pytest.fixture
def mark() -> str:
    """A family name that no other test uses."""
    return f"Fhirpy{secrets.token_hex(4)}"


def patients(client: SyncFHIRClient, mark: str, number: int) -> list[Any]:
    made = []
    for index in range(number):
        name = [{"family": mark, "given": [f"Nr {index:03d}"]}]
        made.append(client.resource("Patient", name=name, active=True).create())
    return made


def team(client: SyncFHIRClient, patient: Any) -> Any:
    return client.resource("CareTeam", status="active", subject=patient.to_reference()).create()


def test_a_resource_is_created_read_and_updated(client: SyncFHIRClient, mark: str) -> None:
    (patient,) = patients(client, mark, 1)
    assert patient.id
    assert patient["meta"]["versionId"] == "1"
    patient["active"] = False
    patient.update()
    again = client.get("Patient", patient.id)
    assert again["active"] is False
    assert again["meta"]["versionId"] == "2"


def test_a_conditional_create_creates_once(client: SyncFHIRClient, mark: str) -> None:
    identifier = [{"system": "urn:fhirpy", "value": mark}]
    patient = client.resource("Patient", identifier=identifier)
    wanted = client.resources("Patient").search(identifier=f"urn:fhirpy|{mark}")
    first, created = wanted.get_or_create(patient)
    second, again = wanted.get_or_create(patient)
    assert (created, again) == (True, False)
    assert first["id"] == second["id"]


def test_a_conditional_update_updates_what_matches(client: SyncFHIRClient, mark: str) -> None:
    identifier = [{"system": "urn:fhirpy", "value": mark}]
    wanted = client.resources("Patient").search(identifier=f"urn:fhirpy|{mark}")
    first, created = wanted.update(client.resource("Patient", identifier=identifier))
    second, again = wanted.update(client.resource("Patient", identifier=identifier, active=True))
    assert (created, again) == (True, False)
    assert (first["id"], second["meta"]["versionId"]) == (second["id"], "2")


def test_a_chained_search_finds(client: SyncFHIRClient, mark: str) -> None:
    one, other = patients(client, mark, 2)
    wanted = team(client, one)
    team(client, other)
    found = client.resources("CareTeam").search(patient__Patient__given="Nr 000")
    found = found.search(patient__Patient__family=mark)
    assert [each.id for each in found.fetch()] == [wanted.id]


def test_what_is_included_comes_along(client: SyncFHIRClient, mark: str) -> None:
    (patient,) = patients(client, mark, 1)
    wanted = team(client, patient)
    searches = client.resources("CareTeam").search(patient=patient.id)
    bundle = searches.include("CareTeam", "patient").fetch_raw()
    assert [(e["resource"]["resourceType"], e["search"]["mode"]) for e in bundle["entry"]] == [
        ("CareTeam", "match"),
        ("Patient", "include"),
    ]
    backwards = client.resources("Patient").search(_id=patient.id).revinclude("CareTeam", "patient")
    assert {e["resource"]["id"] for e in backwards.fetch_raw()["entry"]} == {patient.id, wanted.id}


def test_has_finds_by_what_refers(client: SyncFHIRClient, mark: str) -> None:
    one, _ = patients(client, mark, 2)
    team(client, one)
    found = (
        client.resources("Patient").search(family=mark).has("CareTeam", "patient", status="active")
    )
    assert [each.id for each in found.fetch()] == [one.id]


def test_all_pages_are_followed(client: SyncFHIRClient, mark: str) -> None:
    made = patients(client, mark, 23)
    found = client.resources("Patient").search(family=mark).sort("-given").limit(5).fetch_all()
    assert [each.id for each in found] == [each.id for each in reversed(made)]


def test_the_number_of_matches_is_asked_for(live_server: ServerProcess, mark: str) -> None:
    # fhirpy counts with a parameter of its own, _totalMethod, which only a lenient search ignores.
    lenient = {"Prefer": "handling=lenient"}
    client = SyncFHIRClient(live_server.base, extra_headers=lenient)
    patients(client, mark, 3)
    assert client.resources("Patient").search(family=mark).count() == 3


def test_a_patch_changes_the_fields_it_names(client: SyncFHIRClient, mark: str) -> None:
    (patient,) = patients(client, mark, 1)
    patient.patch(active=False, gender="female")
    again = client.get("Patient", patient.id)
    assert (again["active"], again["gender"]) == (False, "female")
    assert again["name"][0]["family"] == mark


def test_a_refresh_asks_whether_anything_changed(client: SyncFHIRClient, mark: str) -> None:
    (patient,) = patients(client, mark, 1)
    mine = client.reference("Patient", patient.id).to_resource()
    patient.patch(active=False)
    mine.refresh()
    assert mine["active"] is False
    mine.refresh()
    assert mine["meta"]["versionId"] == "2"


def test_the_history_is_read(client: SyncFHIRClient, mark: str) -> None:
    (patient,) = patients(client, mark, 1)
    patient.patch(active=False)
    patient.delete()
    bundle = client.execute(f"Patient/{patient.id}/_history", method="get")
    assert [entry["request"]["method"] for entry in bundle["entry"]] == ["DELETE", "PUT", "POST"]


def test_a_transaction_is_carried_out_whole(client: SyncFHIRClient, mark: str) -> None:
    entries = [
        {
            "fullUrl": "urn:uuid:5b2a7d3e-3f5c-4c3e-9a3f-6f6b1f0b6a01",
            "resource": {"resourceType": "Patient", "name": [{"family": mark}]},
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "resource": {
                "resourceType": "CareTeam",
                "status": "active",
                "subject": {"reference": "urn:uuid:5b2a7d3e-3f5c-4c3e-9a3f-6f6b1f0b6a01"},
            },
            "request": {"method": "POST", "url": "CareTeam"},
        },
    ]
    bundle = client.resource("Bundle", type="transaction", entry=entries)
    answer = client.execute("", data=bundle.serialize())
    assert [entry["response"]["status"][:3] for entry in answer["entry"]] == ["201", "201"]
    found = client.resources("CareTeam").search(patient__Patient__family=mark).fetch()
    assert len(found) == 1


def test_a_failed_transaction_leaves_no_trace(client: SyncFHIRClient, mark: str) -> None:
    entries = [
        {
            "resource": {"resourceType": "Patient", "name": [{"family": mark}]},
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "resource": {"resourceType": "CareTeam", "status": "not a status"},
            "request": {"method": "POST", "url": "CareTeam"},
        },
    ]
    bundle = client.resource("Bundle", type="transaction", entry=entries)
    with pytest.raises(OperationOutcome) as refused:
        client.execute("", data=bundle.serialize())
    (issue,) = refused.value.resource["issue"]
    assert issue["expression"] == ["Bundle.entry[1].resource.status"]
    assert client.resources("Patient").search(family=mark).fetch() == []


def test_errors_are_outcomes_the_library_understands(client: SyncFHIRClient, mark: str) -> None:
    with pytest.raises(ResourceNotFound):
        client.get("Patient", "does-not-exist")
    with pytest.raises(OperationOutcome) as refused:
        client.resource("Patient", birthDate="yesterday").create()
    assert refused.value.resource["issue"][0]["expression"] == ["Patient.birthDate"]
    with pytest.raises(OperationOutcome):
        client.resources("Patient").search(nonsense="1").fetch()
    for _ in range(2):
        client.resource("Patient", identifier=[{"system": "urn:fhirpy", "value": mark}]).create()
    twice = client.resources("Patient").search(identifier=f"urn:fhirpy|{mark}")
    with pytest.raises(MultipleResourcesFound):
        twice.get_or_create(client.resource("Patient"))
