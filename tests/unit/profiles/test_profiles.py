"""Which profile applies when; what profiles ask is tested in tests/unit/profiles/plans."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.validator import Validator
from tests.unit.profiles.plans.conftest import DEFINITION, profile

TEAM = f"{DEFINITION}/team"
REQUIRED = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
REVIEW = profile(
    "Extension",
    {"id": "Extension.extension", "max": "0"},
    {"id": "Extension.url", "min": 1, "max": "1", "fixedUri": f"{DEFINITION}/review"},
    {"id": "Extension.value[x]", "min": 1, "max": "1", "type": [{"code": "date"}]},
    name="review",
)


def short(found: list[Issue]) -> list[tuple[str, str]]:
    return [(issue.code, issue.expression or "") for issue in found]


def care_team(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "CareTeam", "meta": {"profile": [TEAM]}, **elements}


def extended(*extensions: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "CareTeam", "extension": list(extensions)}


@pytest.fixture
def check(with_conformance):
    """Validate a resource against definitions; errors as (code, expression)."""

    def found(resource: dict[str, Any], *definitions: dict[str, Any]) -> list[tuple[str, str]]:
        issues = Validator(with_conformance(*definitions)).validate(resource)
        return short([issue for issue in issues if issue.severity == "error"])

    return found


def test_a_profile_that_is_claimed_applies(check):
    assert check(care_team(), REQUIRED) == [("invariant", "CareTeam.name")]
    assert check(care_team(name="x"), REQUIRED) == []


def test_a_profile_that_is_not_claimed_does_not_apply(check):
    assert check({"resourceType": "CareTeam"}, REQUIRED) == []


def test_a_profile_that_is_asked_for_applies(with_conformance):
    validator = Validator(with_conformance(REQUIRED))
    found = validator.validate({"resourceType": "CareTeam"}, profiles=[TEAM])
    assert short(found) == [("invariant", "CareTeam.name")]
    assert found[0].text == f"name is missing; the profile requires it here. Profile: {TEAM}"
    assert (found[0].rule, found[0].profile) == ("min", TEAM)


def test_a_known_extension_is_checked_wherever_it_stands(check):
    right = {"url": REVIEW["url"], "valueDate": "2026-05-01"}
    assert check(extended(right), REVIEW) == []
    wrong = {"url": REVIEW["url"], "valueString": "2026-05-01"}
    assert check(extended(wrong), REVIEW) == [("extension", "CareTeam.extension[0].value")]
    telecom = [{"system": "phone", "value": "1", "extension": [wrong]}]
    assert check({"resourceType": "CareTeam", "telecom": telecom}, REVIEW) == [
        ("extension", "CareTeam.telecom[0].extension[0].value")
    ]


def test_an_undefined_extension_of_the_project_is_refused(with_conformance):
    validator = Validator(with_conformance(REVIEW))
    [issue] = validator.validate(extended({"url": f"{DEFINITION}/reviev", "valueDate": "2026"}))
    assert (issue.code, issue.expression) == ("extension", "CareTeam.extension[0].url")
    assert f"Did you mean {DEFINITION}/review?" in issue.text


def test_an_extension_of_others_is_left_alone(check):
    assert check(extended({"url": "http://other.example/x", "valueString": "x"}), REVIEW) == []


def test_an_unknown_profile_is_a_warning_where_claimed_and_an_error_where_asked_for(validator):
    url = "http://other.example/profile"
    [warning] = validator.validate({"resourceType": "CareTeam", "meta": {"profile": [url]}})
    assert (warning.severity, warning.code) == ("warning", "not-supported")
    [error] = validator.validate({"resourceType": "CareTeam"}, profiles=[url])
    assert (error.severity, error.code) == ("error", "not-supported")


def test_r4s_own_definition_of_the_type_may_be_claimed(validator):
    url = "http://hl7.org/fhir/StructureDefinition/CareTeam"
    assert validator.validate({"resourceType": "CareTeam", "meta": {"profile": [url]}}) == []


def test_a_profile_for_another_type_is_refused(check):
    resource = {"resourceType": "CarePlan", "meta": {"profile": [TEAM]}}
    resource |= {"status": "draft", "intent": "plan", "subject": {"reference": "Patient/1"}}
    assert check(resource, profile("CareTeam")) == [("invariant", "CarePlan.meta.profile")]


def test_a_contained_resource_is_checked_by_the_profile_it_claims(check):
    resource = {"resourceType": "CarePlan", "contained": [care_team(id="t")]}
    resource |= {"status": "draft", "intent": "plan", "subject": {"reference": "Patient/1"}}
    resource["careTeam"] = [{"reference": "#t"}]
    assert check(resource, REQUIRED) == [("invariant", "CarePlan.contained[0].name")]


def test_breaks_of_r4_come_before_breaks_of_the_profile(check):
    assert check(care_team(nurse=1), REQUIRED) == [
        ("structure", "CareTeam.nurse"),
        ("invariant", "CareTeam.name"),
    ]
