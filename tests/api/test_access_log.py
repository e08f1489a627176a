"""$access-log: what a person may know of who has had access to their data, and samples for checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import audit_form, create_app
from fhir_server.interactions.context import Context, OperationRequest
from fhir_server.security.audit.event import Interaction, Occurrence
from fhir_server.security.principal import Principal
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from fhir_server.sweden.audit_trail import APPEND_ONLY
from tests.conftest import Fhir

UNIT, PROVIDER = "SE2321000016-unit", "SE2321000016-giver"
NURSE = Principal(
    "SE2321000016-nurse", "coordinator", "journal", "SE2321000016-nurse", PROVIDER, UNIT,
    "SE2321000016-task", "TREAT",
)  # fmt: skip
READ = Interaction("read", "R")


@pytest.fixture(scope="module")
def settings(database: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        mongodb_database=database,
        base_url="http://localhost/fhir",
        log_level="error",
        audit="always",
        audit_dir=tmp_path_factory.mktemp("audit"),
    )


@pytest.fixture(scope="module")
def store(mongo_uri: str, database: str) -> Iterator[MongoStore]:
    store = MongoStore(mongo_uri, database, APPEND_ONLY)
    store.prepare()
    yield store
    store.close()


@pytest.fixture(scope="module")
def app(settings: Settings, mongo_uri: str, store: MongoStore) -> Iterator[Flask]:
    app = create_app(settings, mongo_uri)
    fhir = Fhir(app.test_client())
    for name, hsa_id in (("Hälsocentralen", UNIT), ("Regionen", PROVIDER)):
        identifier = [{"system": codes.HSA_ID, "value": hsa_id}]
        fhir.create({"resourceType": "Organization", "name": name, "identifier": identifier})
    for person in ("anna", "bo"):
        fhir.put(f"Patient/{person}", {"resourceType": "Patient", "id": person})
    trail, _ = app.extensions["fhir_audit"]
    form = audit_form(settings)
    for n in range(12):
        trail.tell(Occurrence(READ, 200, NURSE, ["Patient/anna"], [f"CarePlan/{n}"]), form)
    trail.tell(Occurrence(READ, 200, NURSE, ["Patient/anna"], emergency=True), form)
    trail.tell(Occurrence(READ, 404, NURSE, target="Patient/anna"), form)
    trail.tell(Occurrence(READ, 200, Principal("Patient/bo", "patient"), ["Patient/bo"]), form)
    trail.ship()
    yield app
    trail.stop()
    app.extensions["fhir"].store.close()


def accesses(fhir: Fhir, path: str) -> list[dict[str, Any]]:
    """Give what all pages have."""
    found: list[dict[str, Any]] = []
    while path:
        page = fhir.get(path).json
        found += [entry["resource"] for entry in page.get("entry", ())]
        links = {link["relation"]: link["url"] for link in page["link"]}
        path = links.get("next", "").removeprefix("http://localhost/fhir/")
    return found


def by_the_nurse(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for e in events if e["agent"][0]["who"].get("display") == "Hälsocentralen"]


def test_the_patient_sees_when_and_from_which_unit(fhir: Fhir) -> None:
    """R116: patientdatalagen 8 kap. 5 §: unit and time, and no name of staff."""
    listed = accesses(fhir, "Patient/anna/$access-log")
    assert [each["recorded"] for each in listed] == sorted(
        (each["recorded"] for each in listed), reverse=True
    )
    seen = by_the_nurse(listed)
    assert len(seen) == 13
    for event in seen:
        assert event["agent"][0]["who"]["identifier"]["value"] == UNIT
        assert event["agent"][1]["who"]["display"] == "Regionen"
        assert event["meta"]["tag"][0]["code"] == "SUBSETTED"
        assert "nurse" not in str(event)
        assert "entity" not in event


def test_an_emergency_access_is_told_as_one(fhir: Fhir) -> None:
    """R116: the patient can judge whether it was called for."""
    newest = by_the_nurse(accesses(fhir, "Patient/anna/$access-log"))[0]
    assert newest["purposeOfEvent"][-1]["coding"][0]["code"] == "ETREAT"


def test_pages_hold_each_access_once(fhir: Fhir) -> None:
    whole = accesses(fhir, "Patient/anna/$access-log?count=1000&end=2100-01-01")
    paged = accesses(fhir, "Patient/anna/$access-log?count=3&end=2100-01-01")
    shared = [each["id"] for each in paged if each in whole]
    assert shared == [each["id"] for each in whole]


def test_only_accesses_of_the_period_are_given(fhir: Fhir) -> None:
    assert accesses(fhir, "Patient/anna/$access-log?end=2020-01-01") == []
    assert accesses(fhir, "Patient/anna/$access-log?start=2099-01-01") == []


def test_who_looked_at_the_own_data_is_told_so(fhir: Fhir) -> None:
    oldest = accesses(fhir, "Patient/bo/$access-log")
    assert {"display": "Du själv"} in [each["agent"][0]["who"] for each in oldest]


def test_it_is_a_page_in_swedish(fhir: Fhir) -> None:
    """R116: for people to read."""
    page = fhir.get("Patient/anna/$access-log?count=13", Accept="text/html")
    assert page.status_code == 200
    assert "Hälsocentralen" in page.text
    assert "Regionen" in page.text
    assert "SE2321000016" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    empty = fhir.get("Patient/anna/$access-log?end=2020-01-01", Accept="text/html")
    assert "Ingen har tagit del" in empty.text


def listed(app: Flask, who: Principal, person: str) -> list[dict[str, Any]]:
    parts = app.extensions["fhir"]
    context = Context(parts.server, parts.gate.open(who), "http://localhost/fhir")
    request = OperationRequest("access-log", "Patient", person, "GET", (), None)
    answer = parts.server.operations.invoke(context, request)
    return [each["resource"] for each in json.loads(answer.body or b"{}").get("entry", ())]


def test_a_manager_is_not_told_where_else_a_person_is_cared_for(app: Flask) -> None:
    """R115, R111: checks are of accesses from the own unit (patientdatalagen 4 kap. 3 §)."""
    elsewhere = "SE2321000016-E000000000099"
    fhir = Fhir(app.test_client())
    identifier = [{"system": codes.HSA_ID, "value": elsewhere}]
    fhir.create({"resourceType": "Organization", "name": "Annan", "identifier": identifier})
    trail, _ = app.extensions["fhir_audit"]
    trail.ship()
    manager = replace(NURSE, id="chief", role="manager", person="SE2321000016-chief")
    assert len(by_the_nurse(listed(app, manager, "anna"))) == len(listed(app, manager, "anna")) > 0
    assert listed(app, replace(manager, unit=elsewhere), "anna") == []
    assert len(by_the_nurse(listed(app, Principal("a", role="administrator"), "anna"))) == 13


def test_a_sample_is_drawn_at_random_and_can_be_drawn_again(fhir: Fhir) -> None:
    """R115: checks by sample, documented."""
    first = fhir.get("Patient/$access-log?sample=5&seed=mars&start=2026-01-01&end=2100-01-01").json
    again = fhir.get("Patient/$access-log?sample=5&seed=mars&start=2026-01-01&end=2100-01-01").json
    drawn = [entry["resource"]["id"] for entry in first["entry"]]
    assert len(drawn) == 5
    # Records that came since may take a place; those that were there keep theirs.
    assert len(set(drawn) & {entry["resource"]["id"] for entry in again["entry"]}) >= 3
    other = fhir.get("Patient/$access-log?sample=5&seed=april").json
    assert drawn != [entry["resource"]["id"] for entry in other["entry"]]
    whole = fhir.get("Patient/anna/$access-log?sample=500&seed=x").json["entry"]
    people = {
        each["resource"]["agent"][0]["who"].get("identifier", {}).get("value") for each in whole
    }
    assert "SE2321000016-nurse" in people


def test_that_a_sample_was_drawn_is_recorded_with_its_seed(app: Flask, fhir: Fhir) -> None:
    """R115: the check itself is documented."""
    fhir.get("Patient/$access-log?sample=2&seed=dokumenterad", X_Request_Id="check-1")
    trail, _ = app.extensions["fhir_audit"]
    trail.ship()
    (entry,) = fhir.get("AuditEvent?subtype=access-log&entity-name=check-1").json["entry"]
    assert any("query" in entity for entity in entry["resource"]["entity"])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Patient/nobody/$access-log", 404),
        ("Patient/$access-log", 400),
        ("Patient/anna/$access-log?count=0", 400),
        ("Patient/anna/$access-log?count=1001", 400),
        ("Patient/anna/$access-log?start=igår", 400),
        ("Patient/anna/$access-log?_cursor=nonsense", 400),
        ("Patient/anna/$access-log?sample=0", 400),
        ("Patient/$access-log?sample=501", 400),
    ],
)
def test_what_can_not_be_answered_is_refused(fhir: Fhir, path: str, status: int) -> None:
    assert fhir.get(path).status_code == status


def test_a_server_without_a_trail_has_no_access_log(mongo_uri: str, database: str) -> None:
    app = create_app(Settings(mongodb_database=database, log_level="error"), mongo_uri)
    fhir = Fhir(app.test_client())
    assert fhir.get("Patient/anna/$access-log").status_code == 400
    app.extensions["fhir"].store.close()
