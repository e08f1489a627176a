"""fhirclient (https://pypi.org/project/fhirclient/), the SMART library, against a real server."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from fhirclient.client import FHIRClient
from fhirclient.models.bundle import Bundle, BundleEntry, BundleEntryRequest
from fhirclient.models.careteam import CareTeam
from fhirclient.models.fhirreference import FHIRReference
from fhirclient.models.humanname import HumanName
from fhirclient.models.identifier import Identifier
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRNotFoundException, FHIRServer
from requests import HTTPError

from tests.conftest import ServerProcess


@pytest.fixture(scope="module")
def server(live_server: ServerProcess) -> FHIRServer:
    client = FHIRClient(settings={"app_id": "tests", "api_base": live_server.base})
    assert client.prepare() is False or client.ready is not None
    return client.server


@pytest.fixture
def mark() -> str:
    """A family name that no other test uses."""
    return f"Fhirclient{secrets.token_hex(4)}"


def new_patient(mark: str, given: str = "Anna") -> Patient:
    patient = Patient()
    name = HumanName()
    name.family, name.given = mark, [given]
    patient.name = [name]
    return patient


def created(server: FHIRServer, resource: Any) -> Any:
    return type(resource)(resource.create(server))


def team_of(patient: Patient) -> CareTeam:
    team = CareTeam()
    team.status = "active"
    team.subject = FHIRReference({"reference": f"Patient/{patient.id}"})
    return team


def test_the_library_reads_the_capability_statement(server: FHIRServer) -> None:
    statement = server.capabilityStatement
    assert statement.fhirVersion == "4.0.1"
    assert {"CareTeam", "CarePlan"} <= {r.type for r in statement.rest[0].resource}


def test_a_resource_is_created_read_updated_and_deleted(server: FHIRServer, mark: str) -> None:
    stored = created(server, new_patient(mark))
    read = Patient.read(stored.id, server)
    assert read.name[0].family == mark
    read.gender = "female"
    assert read.update(server)["meta"]["versionId"] == "2"
    read.delete(server)
    with pytest.raises(HTTPError) as gone:
        Patient.read(stored.id, server)
    assert gone.value.response.status_code == 410


def test_a_conditional_create_creates_once(server: FHIRServer, mark: str) -> None:
    patient = new_patient(mark)
    identifier = Identifier()
    identifier.system, identifier.value = "urn:fhirclient", mark
    patient.identifier = [identifier]
    server.session.headers["If-None-Exist"] = f"identifier=urn:fhirclient|{mark}"
    try:
        first, second = created(server, patient), created(server, patient)
    finally:
        del server.session.headers["If-None-Exist"]
    assert first.id == second.id


def test_a_chained_search_with_an_include_gives_both(server: FHIRServer, mark: str) -> None:
    patient = created(server, new_patient(mark))
    team = created(server, team_of(patient))
    search = CareTeam.where({"subject:Patient.family": mark}).include("subject")
    found = list(search.perform_resources_iter(server))
    assert {each.id for each in found} == {team.id, patient.id}


def test_all_pages_are_followed(server: FHIRServer, mark: str) -> None:
    made = [created(server, new_patient(mark, f"Nr {n:02d}")).id for n in range(13)]
    search = Patient.where({"family": mark, "_count": "5", "_sort": "given"})
    assert [each.id for each in search.perform_resources_iter(server)] == made


def test_dates_are_compared(server: FHIRServer, mark: str) -> None:
    patient = new_patient(mark).as_json() | {"birthDate": "1950-02-03"}
    stored = created(server, Patient(patient))
    search = Patient.where({"family": mark, "birthdate": "ge1950-02-01"})
    assert [each.id for each in search.perform_resources_iter(server)] == [stored.id]


def test_a_patch_is_sent_with_the_session(server: FHIRServer, mark: str) -> None:
    stored = created(server, new_patient(mark))
    patch = [{"op": "add", "path": "/active", "value": True}]
    headers = {"Content-Type": "application/json-patch+json"}
    url = f"{server.base_uri}Patient/{stored.id}"
    assert server.session.patch(url, json=patch, headers=headers).status_code == 200
    assert Patient.read(stored.id, server).active is True


def test_the_history_is_a_bundle_of_versions(server: FHIRServer, mark: str) -> None:
    stored = created(server, new_patient(mark))
    stored.gender = "other"
    stored.update(server)
    history = Bundle.read_from(f"Patient/{stored.id}/_history", server)
    assert history.type == "history"
    assert [entry.resource.meta.versionId for entry in history.entry] == ["2", "1"]


def test_a_transaction_is_carried_out_whole(server: FHIRServer, mark: str) -> None:
    bundle = Bundle()
    bundle.type, bundle.entry = "transaction", []
    for resource in (new_patient(mark), new_patient(mark)):
        entry = BundleEntry()
        entry.resource, entry.request = resource, BundleEntryRequest()
        entry.request.method, entry.request.url = "POST", "Patient"
        bundle.entry.append(entry)
    answer = Bundle(bundle.create(server))
    assert [entry.response.status[:3] for entry in answer.entry] == ["201", "201"]
    assert len(list(Patient.where({"family": mark}).perform_resources_iter(server))) == 2


def test_errors_arrive_as_the_exceptions_the_library_has(server: FHIRServer) -> None:
    with pytest.raises(FHIRNotFoundException):
        Patient.read("does-not-exist", server)
    with pytest.raises(HTTPError) as refused:
        list(Patient.where({"nonsense": "1"}).perform_resources_iter(server))
    assert refused.value.response.json()["resourceType"] == "OperationOutcome"
