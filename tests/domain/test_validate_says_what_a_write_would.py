"""$validate with a mode says what the write says, of the law too, and stores nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.domain.clinic import Clinic, Json, fast_kontakt, result
from tests.domain.sip_calls import complete, generate, ready


def said(response: Any) -> list[tuple[str, str, str | None]]:
    """Give severity, code and place of what an outcome says, in a fixed order."""
    return sorted(
        (issue["severity"], issue["code"], next(iter(issue.get("expression", [])), None))
        for issue in response.json["issue"]
    )


def errors(response: Any) -> list[Json]:
    return [issue for issue in response.json["issue"] if issue["severity"] == "error"]


def asked(clinic: Clinic, mode: str, at: str, resource: Json | None) -> Any:
    response = clinic.fhir.post(f"{at}/$validate?mode={mode}", resource)
    assert response.status_code == 200, response.text
    return response


def test_a_second_coordinator_is_refused_by_both_in_the_same_words(clinic: Clinic) -> None:
    """R32."""
    patient, nurse = clinic.patient(), clinic.nurse()
    clinic.fhir.create(fast_kontakt(patient, nurse, "4"))
    second = fast_kontakt(patient, clinic.nurse(), "4")
    with clinic.nothing_stored("CareTeam"):
        told = asked(clinic, "create", "CareTeam", second)
        refused = clinic.fhir.post("CareTeam", second)
    assert refused.status_code == 422
    assert errors(told) == errors(refused) != []


def test_a_lawful_contact_passes_and_is_not_stored(clinic: Clinic) -> None:
    with clinic.nothing_stored("CareTeam"):
        told = asked(clinic, "create", "CareTeam", fast_kontakt(clinic.patient(), clinic.nurse()))
    assert all(severity != "error" for severity, _, _ in said(told))


def test_an_update_is_judged_beside_the_others_and_not_beside_itself(clinic: Clinic) -> None:
    """R32: the coordinator that is there does not stand in its own way."""
    patient = clinic.patient()
    stored = clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "4"))
    at = f"CareTeam/{stored['id']}"
    changed = {**stored, "name": "Samordnare"}
    assert all(s != "error" for s, _, _ in said(asked(clinic, "update", at, changed)))
    other = clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "1"))
    promoted = {**other, "participant": fast_kontakt(patient, clinic.nurse(), "4")["participant"]}
    told = asked(clinic, "update", f"CareTeam/{other['id']}", promoted)
    refused = clinic.fhir.put(f"CareTeam/{other['id']}", promoted)
    assert refused.status_code == 422
    assert errors(told) == errors(refused) != []
    assert clinic.read(f"CareTeam/{other['id']}")["meta"]["versionId"] == "1"


def test_law_and_references_are_told_together(clinic: Clinic) -> None:
    """R32, R78: a write stops at the law, a question does not have to."""
    patient = clinic.patient()
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "4"))
    second = fast_kontakt(patient, "PractitionerRole/nobody", "4")
    codes = {code for _, code, _ in said(asked(clinic, "create", "CareTeam", second))}
    assert {"business-rule", "not-found"} <= codes


def test_a_plan_after_its_consent_was_withdrawn_would_not_be_stored(clinic: Clinic) -> None:
    """R75, R78: the withdrawal has revoked the plan, and nothing makes it active again."""
    patient = ready(clinic)
    at = f"CarePlan/{result(generate(clinic, patient, 'active', *complete()))['id']}"
    for consent in clinic.fhir.get(f"Consent?patient={patient}").json["entry"]:
        withdrawn = {**consent["resource"], "status": "inactive"}
        clinic.fhir.put(f"Consent/{consent['resource']['id']}", withdrawn)
    changed = {**clinic.read(at), "status": "active"}
    told = asked(clinic, "update", at, changed)
    assert ("error", "business-rule", "CarePlan.supportingInfo[0]") in said(told)
    assert clinic.read(at)["status"] == "revoked"


def test_in_general_the_law_on_other_resources_is_not_asked(clinic: Clinic) -> None:
    """Without a mode a resource is judged by itself."""
    patient = clinic.patient()
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "4"))
    second = fast_kontakt(patient, clinic.nurse(), "4")
    response = clinic.fhir.post("CareTeam/$validate", second)
    assert response.status_code == 200
    assert all(severity != "error" for severity, _, _ in said(response))


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_a_bundle_may_ask_beside_its_writes(clinic: Clinic, kind: str) -> None:
    patient, nurse = clinic.patient(), clinic.nurse()
    team = fast_kontakt(patient, nurse, "4")
    entries = [
        {"resource": team, "request": {"method": "POST", "url": "CareTeam"}},
        {"request": {"method": "GET", "url": f"{patient}/$validate?mode=delete"}},
    ]
    bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
    answered = clinic.fhir.post("", bundle)
    assert answered.status_code == 200, answered.text
    [_, told] = answered.json["entry"]
    # The question is answered after the write: what was just stored refers to the patient.
    assert told["resource"]["issue"][0]["code"] == "conflict"
