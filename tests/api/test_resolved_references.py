"""Rules on what a reference leads to: in the store, and in the same transaction first."""

from __future__ import annotations

from typing import Any

from tests.conftest import Fhir


def team(member: str) -> dict[str, Any]:
    """A team with a member on behalf of an organization, as only a practitioner may be (ctm-1)."""
    participant = {"member": {"reference": member}, "onBehalfOf": {"display": "x"}}
    return {"resourceType": "CareTeam", "participant": [participant]}


def transaction(member: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {"fullUrl": "urn:uuid:8c1f2e7c-54bb-4b4b-9b7a-0f8a0e5a0001", "resource": member,
         "request": {"method": "POST", "url": member["resourceType"]}},
        {"resource": team("urn:uuid:8c1f2e7c-54bb-4b4b-9b7a-0f8a0e5a0001"),
         "request": {"method": "POST", "url": "CareTeam"}},
    ]  # fmt: skip
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


PERSON = {"resourceType": "Practitioner", "name": [{"text": "x"}]}
UNIT = {"resourceType": "Organization", "name": "x"}


def test_a_rule_looks_at_what_is_stored(fhir: Fhir) -> None:
    person, unit = fhir.post("Practitioner", PERSON), fhir.post("Organization", UNIT)
    assert fhir.post("CareTeam", team(f"Practitioner/{person.json['id']}")).status_code == 201
    refused = fhir.post("CareTeam", team(f"Organization/{unit.json['id']}"))
    assert refused.status_code == 422
    assert refused.json["issue"][0]["details"]["coding"][0]["code"] == "ctm-1"


def test_a_rule_looks_at_what_the_same_transaction_writes(fhir: Fhir) -> None:
    assert fhir.post("", transaction(PERSON)).status_code == 200
    refused = fhir.post("", transaction(UNIT))
    assert refused.status_code == 422
    assert refused.json["issue"][0]["expression"] == ["Bundle.entry[1].resource.participant[0]"]
