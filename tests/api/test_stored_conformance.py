"""Profiles, value sets and code systems that clients store take effect at once (record 10)."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo import MongoClient

from tests.conftest import Fhir

BASE = "https://vendor.example/fhir"
R4 = "http://hl7.org/fhir/StructureDefinition"


def profile(name: str, *elements: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A profile on Patient by its differential alone."""
    return {
        "resourceType": "StructureDefinition",
        "url": f"{BASE}/StructureDefinition/{name}",
        "name": name,
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": f"{R4}/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, *elements]},
        **changes,
    }


def element(path: str, **says: Any) -> dict[str, Any]:
    return {"id": path, "path": path, **says}


def patient(name: str, version: str = "", **content: Any) -> dict[str, Any]:
    canonical = f"{BASE}/StructureDefinition/{name}{version and f'|{version}'}"
    return {"resourceType": "Patient", "meta": {"profile": [canonical]}, **content}


def stored(fhir: Fhir, resource: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Store a resource; give it, and the texts of the warnings in the answer."""
    answer = fhir.post(resource["resourceType"], resource, Prefer="return=OperationOutcome")
    assert answer.status_code == 201, answer.text
    texts = [issue["diagnostics"] for issue in answer.json.get("issue", ())]
    location = answer.headers["Location"].split("/fhir/")[1].split("/_history")[0]
    return {**resource, "id": location.partition("/")[2]}, texts


def test_a_profile_that_is_posted_holds_for_the_next_request(fhir: Fhir) -> None:
    stored(fhir, profile("born", element("Patient.birthDate", min=1)))

    refused = fhir.post("Patient", patient("born", gender="female"))
    accepted = fhir.post("Patient", patient("born", birthDate="1980-01-01"))

    assert refused.status_code == 422, refused.text
    assert "birthDate" in refused.text
    assert accepted.status_code == 201, accepted.text


def test_a_profile_that_is_deleted_holds_no_longer(fhir: Fhir) -> None:
    kept, _ = stored(fhir, profile("gone", element("Patient.birthDate", min=1)))
    assert fhir.post("Patient", patient("gone")).status_code == 422

    assert fhir.delete(f"StructureDefinition/{kept['id']}").status_code == 204

    assert fhir.post("Patient", patient("gone")).status_code == 201
