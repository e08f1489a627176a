"""Prefer: return=OperationOutcome: what validation and rules have to say of every kind of write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Fhir

CLAIMED = "http://example.org/unknown"
OUTCOME = {"Prefer": "return=OperationOutcome"}
REPLACING = [{"op": "replace", "path": "/active", "value": False}]


def claiming(**more: Any) -> dict[str, Any]:
    """Give a patient that draws one warning: its profile is not known."""
    return {"resourceType": "Patient", "meta": {"profile": [CLAIMED]}, "active": True, **more}


def warned(outcome: dict[str, Any]) -> bool:
    assert outcome["resourceType"] == "OperationOutcome"
    warnings = [issue for issue in outcome["issue"] if issue["severity"] == "warning"]
    return [issue["code"] for issue in warnings] == ["not-supported"]


def all_is_well(outcome: dict[str, Any]) -> bool:
    assert outcome["resourceType"] == "OperationOutcome"
    return [issue["severity"] for issue in outcome["issue"]] == ["information"]


def test_a_create_tells_its_warnings(fhir: Fhir) -> None:
    answer = fhir.post("Patient", claiming(), **OUTCOME)
    assert answer.status_code == 201
    assert warned(answer.json)
    assert all_is_well(fhir.post("Patient", {"resourceType": "Patient"}, **OUTCOME).json)


def test_an_update_tells_its_warnings(fhir: Fhir) -> None:
    created = fhir.put("Patient/told", claiming(id="told"), **OUTCOME)
    changed = fhir.put("Patient/told", claiming(id="told", active=False), **OUTCOME)
    assert (created.status_code, changed.status_code) == (201, 200)
    assert warned(created.json)
    assert warned(changed.json)


def test_an_update_that_changes_nothing_says_so(fhir: Fhir) -> None:
    fhir.put("Patient/same", claiming(id="same"))
    again = fhir.put("Patient/same", claiming(id="same"), **OUTCOME)
    assert all_is_well(again.json)
    assert "Nothing changed" in again.json["issue"][0]["details"]["text"]


def test_conditional_writes_tell_their_warnings(fhir: Fhir) -> None:
    identifier = [{"system": "urn:x", "value": "conditional"}]
    headers = {**OUTCOME, "If_None_Exist": "identifier=urn:x|conditional"}
    assert warned(fhir.post("Patient", claiming(identifier=identifier), **headers).json)
    exists = fhir.post("Patient", claiming(identifier=identifier), **headers)
    assert exists.status_code == 200
    assert all_is_well(exists.json)
    assert "there already" in exists.json["issue"][0]["details"]["text"]
    changed = claiming(identifier=identifier, gender="female")
    assert warned(fhir.put("Patient?identifier=urn:x|conditional", changed, **OUTCOME).json)
    patched = patch(fhir, "Patient?identifier=urn:x|conditional")
    assert warned(patched.json)


def test_a_patch_tells_its_warnings(fhir: Fhir) -> None:
    id_ = fhir.create(claiming())["id"]
    assert warned(patch(fhir, f"Patient/{id_}").json)


def test_a_delete_that_is_asked_answers_with_an_outcome(fhir: Fhir) -> None:
    id_ = fhir.create(claiming())["id"]
    answer = fhir.delete(f"Patient/{id_}", **OUTCOME)
    assert answer.status_code == 200
    assert all_is_well(answer.json)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_entries_tell_their_warnings_also_unasked(fhir: Fhir, kind: str) -> None:
    """A bundle's answer is the only place they can stand in."""
    for headers in ({}, OUTCOME):
        entries = send(fhir, kind, claiming(), {"resourceType": "Patient"}, **headers)
        told, well = (entry["response"].get("outcome") for entry in entries)
        assert warned(told)
        assert all_is_well(well) if headers else well is None


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_an_entry_that_changes_nothing_says_so_when_asked(fhir: Fhir, kind: str) -> None:
    id_ = fhir.create(claiming())["id"]
    put = {"method": "PUT", "url": f"Patient/{id_}"}
    body = {"resourceType": "Bundle", "type": kind, "entry": [{"resource": claiming(id=id_)}]}
    body["entry"][0]["request"] = put
    [silent] = fhir.post("", body).json["entry"]
    assert "outcome" not in silent["response"]
    [told] = fhir.post("", body, **OUTCOME).json["entry"]
    assert all_is_well(told["response"]["outcome"])


def patch(fhir: Fhir, at: str) -> Any:
    headers = {**OUTCOME, "Content_Type": "application/json-patch+json"}
    answer = fhir._request("PATCH", at, REPLACING, headers)
    assert answer.status_code == 200, answer.text
    return answer


def send(fhir: Fhir, kind: str, *resources: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    request = {"method": "POST", "url": "Patient"}
    entries = [{"resource": resource, "request": request} for resource in resources]
    answer = fhir.post("", {"resourceType": "Bundle", "type": kind, "entry": entries}, **headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json["entry"])
