"""Resources inside resources: contained, in bundles and in parameters."""

from __future__ import annotations

from fhir_server.profiles.validator import Validator

WRONG_PATIENT = {"resourceType": "Patient", "gender": "x"}
REFERS = {"subject": {"reference": "#p"}}
ALSO = {"extension": [{"url": "urn:group", "valueReference": {"reference": "#g"}}]}
DONE = {"status": "200"}


def test_a_contained_resource_is_validated_by_its_own_type(issues):
    inner = [{"resourceType": "Group", "id": "g"}, {**WRONG_PATIENT, "id": "p"}]
    resource = {"resourceType": "CareTeam", "contained": inner, **REFERS, **ALSO}
    assert issues(resource) == [
        ("required", "CareTeam.contained[0].type"),
        ("required", "CareTeam.contained[0].actual"),
        ("code-invalid", "CareTeam.contained[1].gender"),
    ]


def test_a_contained_resource_contains_no_others(issues):
    inner = {"resourceType": "Patient", "id": "p", "contained": [{"resourceType": "Patient"}]}
    resource = {"resourceType": "CareTeam", "contained": [inner], **REFERS}
    assert ("invariant", "CareTeam.contained[0].contained") in issues(resource)


def test_a_contained_resource_names_its_type(issues):
    resource = {"resourceType": "CareTeam", "contained": [{"id": "p"}], **REFERS}
    assert issues(resource) == [("structure", "CareTeam.contained[0]")]


def test_the_entries_of_a_bundle_are_validated(issues):
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [
            {"resource": {"resourceType": "Patient", "contained": [{}]}, "response": DONE},
            {"resource": WRONG_PATIENT, "response": DONE},
            {"resource": {"resourceType": "Nurse"}, "response": DONE},
            {"response": {"status": "400", "outcome": {"resourceType": "OperationOutcome"}}},
        ],
    }
    assert sorted(issues(bundle)) == [
        ("code-invalid", "Bundle.entry[1].resource.gender"),
        ("invariant", "Bundle.entry[0].resource.contained[0]"),
        ("required", "Bundle.entry[3].response.outcome.issue"),
        ("structure", "Bundle.entry[0].resource.contained[0]"),
        ("structure", "Bundle.entry[2].resource"),
    ]


def test_a_bundle_in_a_bundle_is_validated(issues):
    inner = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": WRONG_PATIENT}]}
    outer = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]}
    assert issues(outer) == [("code-invalid", "Bundle.entry[0].resource.entry[0].resource.gender")]


def test_resources_in_parameters_and_their_parts_are_validated(issues):
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "a", "resource": WRONG_PATIENT},
            {"name": "b", "part": [{"name": "c", "resource": WRONG_PATIENT}]},
        ],
    }
    assert issues(parameters) == [
        ("code-invalid", "Parameters.parameter[0].resource.gender"),
        ("code-invalid", "Parameters.parameter[1].part[0].resource.gender"),
    ]


def test_nonsense_in_the_place_of_nested_resources_is_refused_without_an_accident(issues):
    for entry in (5, [5], [{"resource": 5}], [{"response": 5}], {"resource": {}}):
        found = issues({"resourceType": "Bundle", "type": "collection", "entry": entry})
        assert found
        assert {code for code, _ in found} <= {"structure", "required"}


def test_no_more_than_a_thousand_problems_of_a_bundle_are_listed(validator: Validator):
    entries = [{"resource": WRONG_PATIENT} for _ in range(1500)]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert len(validator.validate(bundle)) == 1000
