"""The types of literal references, as far as their text shows them."""

from __future__ import annotations

import pytest

RIGHT = [
    "PractitionerRole/1",
    "PractitionerRole/1/_history/2",
    "https://other.example/fhir/PractitionerRole/1",
    "PractitionerRole?identifier=urn:x|1",
    "#",
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    "urn:oid:1.2.3",
    "https://other.example/documents/1",
    "https://other.example/Nurse/1",
]
WRONG = [
    "Encounter/1",
    "Encounter/1/_history/1",
    "https://other.example/fhir/Encounter/1",
    "Encounter?identifier=1",
    "Nurse/1",
    "1",
    "PractitionerRole",
    "PractitionerRole/1/x",
    "PractitionerRole/a b",
    "practitionerrole/1",
]


def member(reference: str) -> dict:
    return {"resourceType": "CareTeam", "participant": [{"member": {"reference": reference}}]}


@pytest.mark.parametrize("reference", RIGHT)
def test_a_reference_that_may_lead_to_an_allowed_type_is_accepted(issues, reference):
    assert issues(member(reference)) == []


@pytest.mark.parametrize("reference", WRONG)
def test_a_reference_that_leads_elsewhere_is_refused(issues, reference):
    assert issues(member(reference)) == [("value", "CareTeam.participant[0].member.reference")]


def test_the_refusal_names_the_allowed_types(validator):
    [issue] = validator.validate(
        {"resourceType": "CareTeam", "encounter": {"reference": "Patient/1"}}
    )
    assert "must refer to Encounter, as Type/id" in issue.text
    assert "Patient" not in issue.text


def test_a_reference_to_any_resource_still_needs_a_type_that_exists(issues):
    def focus(reference: str) -> dict:
        return {
            "resourceType": "Task",
            "status": "draft",
            "intent": "order",
            "focus": {"reference": reference},
        }

    assert issues(focus("CareTeam/1")) == []
    assert issues(focus("Nurse/1")) == [("value", "Task.focus.reference")]


def test_a_reference_by_identifier_alone_is_accepted(issues):
    identifier = {"system": "urn:oid:1.2.752.29.4.19", "value": "SE1"}
    subject = {"identifier": identifier, "type": "Patient"}
    assert issues({"resourceType": "CareTeam", "subject": subject}) == []
