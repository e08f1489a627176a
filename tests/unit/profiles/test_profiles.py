"""Profiles: cardinality, values, codes, slices, extensions, and which profile applies when."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.validator import Validator
from tests.unit.profiles.conftest import CANONICAL

DEFINITION = f"{CANONICAL}/StructureDefinition"
TEAM = f"{DEFINITION}/team"
CODES = f"{CANONICAL}/ValueSet/kind"
SYSTEM = "urn:system"
OTHER = {"url": "urn:other", "valueCode": "unknown"}


def profile(resource_type: str, *elements: dict[str, Any], name: str = "team") -> dict[str, Any]:
    """Make a StructureDefinition with a snapshot of the given elements."""
    root = {"id": resource_type, "path": resource_type, "min": 0, "max": "*"}
    return {
        "resourceType": "StructureDefinition",
        "url": f"{DEFINITION}/{name}",
        "type": resource_type,
        "derivation": "constraint",
        "snapshot": {"element": [root, *(element(**e) for e in elements)]},
    }


def element(**details: Any) -> dict[str, Any]:
    path = ".".join(step.partition(":")[0] for step in details["id"].split("."))
    return {"path": path, "min": 0, "max": "*", **details}


def short(found: list[Issue]) -> list[tuple[str, str]]:
    return [(issue.code, issue.expression or "") for issue in found if issue.severity == "error"]


def care_team(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "CareTeam", "meta": {"profile": [TEAM]}, **elements}


def concept(code: str, system: str = SYSTEM) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


@pytest.fixture
def check(with_conformance):
    """Validate a resource against definitions; errors as (code, expression)."""

    def found(resource: dict[str, Any], *definitions: dict[str, Any]) -> list[tuple[str, str]]:
        return short(Validator(with_conformance(*definitions)).validate(resource))

    return found


def test_an_element_that_the_profile_requires(check):
    required = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
    assert check(care_team(), required) == [("invariant", "CareTeam.name")]
    assert check(care_team(name="x"), required) == []


def test_a_profile_that_is_not_claimed_does_not_apply(check):
    required = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
    assert check({"resourceType": "CareTeam"}, required) == []


def test_a_profile_that_is_asked_for_applies(with_conformance):
    required = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
    validator = Validator(with_conformance(required))
    found = validator.validate({"resourceType": "CareTeam"}, profiles=[TEAM])
    assert short(found) == [("invariant", "CareTeam.name")]
    assert found[0].text == f"name is missing; the profile requires it here. Profile: {TEAM}"


def test_an_element_that_the_profile_forbids(check):
    forbidden = profile("CareTeam", {"id": "CareTeam.name", "max": "0"})
    assert check(care_team(name="x"), forbidden) == [("invariant", "CareTeam.name")]
    assert check(care_team(_name={"extension": [OTHER]}), forbidden) == [
        ("invariant", "CareTeam.name")
    ]
    assert check(care_team(), forbidden) == []


def test_fewer_and_more_repetitions_than_the_profile_allows(check):
    two = profile("CareTeam", {"id": "CareTeam.category", "min": 2, "max": "3"})
    texts = [{"text": str(n)} for n in range(4)]
    assert check(care_team(category=texts[:1]), two) == [("invariant", "CareTeam.category")]
    assert check(care_team(category=texts[:2]), two) == []
    assert check(care_team(category=texts), two) == [("invariant", "CareTeam.category")]


def test_a_fixed_value_and_a_pattern(check):
    fixed = profile("CareTeam", {"id": "CareTeam.name", "fixedString": "Team"})
    assert check(care_team(name="Team"), fixed) == []
    assert check(care_team(name="Lag"), fixed) == [("invariant", "CareTeam.name")]
    pattern = profile(
        "CareTeam", {"id": "CareTeam.category", "patternCodeableConcept": concept("a")}
    )
    more = {"text": "A", "coding": [{"system": "urn:x", "code": "y"}, *concept("a")["coding"]]}
    assert check(care_team(category=[more]), pattern) == []
    assert check(care_team(category=[concept("b")]), pattern) == [
        ("invariant", "CareTeam.category[0]")
    ]


def test_a_constraint_deep_inside_data_types(check):
    deep = profile(
        "CareTeam",
        {"id": "CareTeam.participant"},
        {"id": "CareTeam.participant.role"},
        {"id": "CareTeam.participant.role.coding", "min": 1},
        {"id": "CareTeam.participant.role.coding.system", "min": 1, "fixedUri": SYSTEM},
    )
    assert check(care_team(participant=[{"role": [concept("a")]}]), deep) == []
    assert check(care_team(participant=[{"role": [concept("a", "urn:x")]}]), deep) == [
        ("invariant", "CareTeam.participant[0].role[0].coding[0].system")
    ]
    assert check(care_team(participant=[{}, {"role": [{"text": "x"}]}]), deep) == [
        ("structure", "CareTeam.participant[0]"),
        ("invariant", "CareTeam.participant[1].role[0].coding"),
    ]


def test_a_binding_to_a_value_set_of_the_project(check):
    system = {
        "resourceType": "CodeSystem",
        "url": SYSTEM,
        "content": "complete",
        "concept": [{"code": "a", "concept": [{"code": "a1"}]}],
    }
    value_set = {
        "resourceType": "ValueSet",
        "url": CODES,
        "compose": {
            "include": [
                {"system": SYSTEM},
                {"system": "urn:listed", "concept": [{"code": "l"}]},
                {"system": "urn:elsewhere"},
            ]
        },
    }
    binding = {"strength": "required", "valueSet": f"{CODES}|1.0"}
    bound = profile("CareTeam", {"id": "CareTeam.category", "binding": binding})
    right = [concept("a1"), concept("l", "urn:listed"), concept("any", "urn:elsewhere")]
    assert check(care_team(category=right), bound, system, value_set) == []
    wrong = [concept("b"), concept("a", "urn:listed"), concept("a", "urn:unknown"), {"text": "a"}]
    assert check(care_team(category=wrong), bound, system, value_set) == [
        ("code-invalid", f"CareTeam.category[{n}].coding[0].code") for n in range(3)
    ] + [("code-invalid", "CareTeam.category[3]")]


def test_a_binding_that_cant_be_decided_here_refuses_nothing(check):
    binding = {"strength": "required", "valueSet": "urn:unknown"}
    bound = profile("CareTeam", {"id": "CareTeam.category", "binding": binding})
    assert check(care_team(category=[concept("x")]), bound) == []


def test_a_reference_narrowed_to_fewer_types(check):
    target = "http://hl7.org/fhir/StructureDefinition/PractitionerRole"
    narrowed = profile(
        "CareTeam",
        {"id": "CareTeam.participant"},
        {
            "id": "CareTeam.participant.member",
            "max": "1",
            "type": [{"code": "Reference", "targetProfile": [target]}],
        },
    )
    right = care_team(participant=[{"member": {"reference": "PractitionerRole/1"}}])
    wrong = care_team(participant=[{"member": {"reference": "Practitioner/1"}}])
    assert check(right, narrowed) == []
    assert check(wrong, narrowed) == [("invariant", "CareTeam.participant[0].member.reference")]


def test_a_reference_narrowed_to_a_profile_of_the_project_means_its_type(check):
    role = profile("PractitionerRole", name="role")
    narrowed = profile(
        "CareTeam",
        {"id": "CareTeam.participant"},
        {
            "id": "CareTeam.participant.member",
            "max": "1",
            "type": [{"code": "Reference", "targetProfile": [role["url"]]}],
        },
    )
    wrong = care_team(participant=[{"member": {"reference": "Practitioner/1"}}])
    assert check(wrong, narrowed, role) == [
        ("invariant", "CareTeam.participant[0].member.reference")
    ]


def test_a_choice_narrowed_to_one_type(check):
    narrowed = profile(
        "Observation",
        {"id": "Observation.value[x]", "min": 1, "max": "1", "type": [{"code": "Quantity"}]},
    )
    resource = {
        "resourceType": "Observation",
        "meta": {"profile": [TEAM]},
        "status": "final",
        "code": {"text": "x"},
    }
    assert check({**resource, "valueQuantity": {"value": 1}}, narrowed) == []
    assert check({**resource, "valueString": "x"}, narrowed) == [("invariant", "Observation.value")]
    assert check(resource, narrowed) == [("invariant", "Observation.value")]


def test_a_slice_of_a_choice(check):
    sliced = profile(
        "Observation",
        {"id": "Observation.value[x]", "max": "1", "type": [{"code": "Quantity"}]},
        {
            "id": "Observation.value[x]:valueQuantity",
            "max": "1",
            "min": 1,
            "type": [{"code": "Quantity"}],
        },
        {"id": "Observation.value[x]:valueQuantity.unit", "min": 1, "max": "1"},
    )
    resource = {
        "resourceType": "Observation",
        "meta": {"profile": [TEAM]},
        "status": "final",
        "code": {"text": "x"},
    }
    assert check({**resource, "valueQuantity": {"value": 1, "unit": "g"}}, sliced) == []
    assert check({**resource, "valueQuantity": {"value": 1}}, sliced) == [
        ("invariant", "Observation.value.unit")
    ]
    assert check(resource, sliced)[0] == ("invariant", "Observation.value")


SLICING = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
SLICED = (
    {"id": "PractitionerRole.identifier", "slicing": SLICING},
    {"id": "PractitionerRole.identifier:hsa", "min": 1, "max": "1"},
    {"id": "PractitionerRole.identifier:hsa.system", "min": 1, "patternUri": "urn:hsa"},
    {"id": "PractitionerRole.identifier:hsa.value", "min": 1, "max": "1"},
)


def role(*identifiers: dict[str, Any], **elements: Any) -> dict[str, Any]:
    given = {"identifier": list(identifiers)} if identifiers else {}
    return {
        "resourceType": "PractitionerRole",
        "meta": {"profile": [TEAM]},
        **given,
        **elements,
    }


def test_slices_told_apart_by_a_value(check):
    sliced = profile("PractitionerRole", *SLICED)
    hsa, other = {"system": "urn:hsa", "value": "1"}, {"system": "urn:x"}
    assert check(role(other, hsa), sliced) == []
    assert check(role(other), sliced) == [("invariant", "PractitionerRole.identifier")]
    assert check(role(), sliced) == [("invariant", "PractitionerRole.identifier")]
    assert check(role(hsa, hsa), sliced) == [("invariant", "PractitionerRole.identifier")]


def test_rules_inside_a_slice_hold_for_its_items_only(check):
    sliced = profile("PractitionerRole", *SLICED)
    assert check(role({"system": "urn:x"}, {"system": "urn:hsa"}), sliced) == [
        ("invariant", "PractitionerRole.identifier[1].value")
    ]


def test_a_closed_slicing_refuses_other_items(check):
    closed = {**SLICING, "rules": "closed"}
    sliced = profile("PractitionerRole", {**SLICED[0], "slicing": closed}, *SLICED[1:])
    hsa = {"system": "urn:hsa", "value": "1"}
    assert check(role(hsa, {"system": "urn:x"}), sliced) == [
        ("invariant", "PractitionerRole.identifier[1]")
    ]


def test_a_slice_told_apart_by_a_pattern_of_the_item_itself(check):
    slicing = {"discriminator": [{"type": "pattern", "path": "$this"}], "rules": "open"}
    sliced = profile(
        "CareTeam",
        {"id": "CareTeam.category", "slicing": slicing},
        {"id": "CareTeam.category:kind", "min": 1, "patternCodeableConcept": concept("a")},
    )
    assert check(care_team(category=[{"text": "x"}, concept("a")]), sliced) == []
    assert check(care_team(category=[{"text": "x"}]), sliced) == [
        ("invariant", "CareTeam.category")
    ]


def test_a_slice_told_apart_by_a_path_through_arrays(check):
    slicing = {"discriminator": [{"type": "value", "path": "role.coding.code"}], "rules": "open"}
    sliced = profile(
        "CareTeam",
        {"id": "CareTeam.participant", "slicing": slicing},
        {"id": "CareTeam.participant:nurse", "max": "1"},
        {"id": "CareTeam.participant:nurse.role"},
        {"id": "CareTeam.participant:nurse.role.coding"},
        {"id": "CareTeam.participant:nurse.role.coding.code", "fixedCode": "nurse"},
        {"id": "CareTeam.participant:nurse.member", "min": 1, "max": "1"},
    )
    nurse = {"role": [{"text": "x"}, concept("nurse")], "member": {"display": "N"}}
    assert check(care_team(participant=[nurse, {"role": [concept("x")]}]), sliced) == []
    assert check(care_team(participant=[nurse, nurse]), sliced) == [
        ("invariant", "CareTeam.participant")
    ]
    assert check(care_team(participant=[{"role": [concept("nurse")]}]), sliced) == [
        ("invariant", "CareTeam.participant[0].member")
    ]


def test_a_slice_told_apart_by_existence(check):
    slicing = {"discriminator": [{"type": "exists", "path": "member"}], "rules": "open"}
    sliced = profile(
        "CareTeam",
        {"id": "CareTeam.participant", "slicing": slicing},
        {"id": "CareTeam.participant:named", "min": 1},
        {"id": "CareTeam.participant:named.member", "min": 1, "max": "1"},
    )
    assert check(care_team(participant=[{"member": {"display": "N"}}]), sliced) == []
    assert check(care_team(participant=[{"role": [concept("x")]}]), sliced) == [
        ("invariant", "CareTeam.participant")
    ]


def test_the_profile_of_a_data_type_holds_where_it_is_asked_for(check):
    name = profile("HumanName", {"id": "HumanName.family", "min": 1, "max": "1"}, name="name")
    patient = profile(
        "Patient",
        {"id": "Patient.name", "type": [{"code": "HumanName", "profile": [name["url"]]}]},
    )
    resource = {"resourceType": "Patient", "meta": {"profile": [TEAM]}, "name": [{"text": "x"}]}
    assert check(resource, patient, name) == [("invariant", "Patient.name[0].family")]


REVIEW = profile(
    "Extension",
    {"id": "Extension.extension", "max": "0"},
    {"id": "Extension.url", "min": 1, "max": "1", "fixedUri": f"{DEFINITION}/review"},
    {"id": "Extension.value[x]", "min": 1, "max": "1", "type": [{"code": "date"}]},
    name="review",
)
GIVEN = profile(
    "Extension",
    {"id": "Extension.extension", "min": 1},
    {"id": "Extension.extension:at", "min": 1, "max": "1"},
    {"id": "Extension.extension:at.url", "min": 1, "max": "1", "fixedUri": "at"},
    {
        "id": "Extension.extension:at.value[x]",
        "min": 1,
        "max": "1",
        "type": [{"code": "dateTime"}],
    },
    {"id": "Extension.value[x]", "max": "0", "type": [{"code": "string"}, {"code": "date"}]},
    name="given",
)


def extended(*extensions: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "CareTeam", "extension": list(extensions)}


def test_a_known_extension_has_the_value_that_its_definition_says(check):
    right = {"url": REVIEW["url"], "valueDate": "2026-05-01"}
    assert check(extended(right), REVIEW) == []
    wrong = {"url": REVIEW["url"], "valueString": "2026-05-01"}
    assert set(check(extended(wrong), REVIEW)) == {("extension", "CareTeam.extension[0].value")}


def test_a_complex_extension_has_the_parts_that_its_definition_says(check):
    at = {"url": "at", "valueDateTime": "2026-05-01"}
    assert check(extended({"url": GIVEN["url"], "extension": [at]}), GIVEN) == []
    part = {"url": "by", "valueString": "x"}
    assert check(extended({"url": GIVEN["url"], "extension": [part]}), GIVEN) == [
        ("extension", "CareTeam.extension[0].extension")
    ]
    wrong = {"url": "at", "valueDate": "2026-05-01"}
    assert set(check(extended({"url": GIVEN["url"], "extension": [wrong]}), GIVEN)) == {
        ("extension", "CareTeam.extension[0].extension[0].value")
    }
    assert ("extension", "CareTeam.extension[0].value") in check(
        extended({"url": GIVEN["url"], "valueDate": "2026-05-01"}), GIVEN
    )


def test_an_extension_is_checked_wherever_it_stands(check):
    telecom = [{"system": "phone", "extension": [{"url": REVIEW["url"], "valueString": "x"}]}]
    found = check({"resourceType": "CareTeam", "telecom": telecom}, REVIEW)
    assert set(found) == {("extension", "CareTeam.telecom[0].extension[0].value")}


def test_an_undefined_extension_of_the_project_is_refused(with_conformance):
    validator = Validator(with_conformance(REVIEW))
    [issue] = validator.validate(extended({"url": f"{DEFINITION}/reviev", "valueDate": "2026"}))
    assert (issue.code, issue.expression) == ("extension", "CareTeam.extension[0].url")
    assert f"Did you mean {DEFINITION}/review?" in issue.text


def test_an_extension_of_others_is_left_alone(check):
    assert check(extended({"url": "http://other.example/x", "valueString": "x"}), REVIEW) == []


def test_the_number_of_an_extension_is_limited_by_the_profile(check):
    team = profile(
        "CareTeam",
        {"id": "CareTeam.extension"},
        {
            "id": "CareTeam.extension:review",
            "min": 1,
            "max": "1",
            "type": [{"code": "Extension", "profile": [REVIEW["url"]]}],
        },
    )
    review = {"url": REVIEW["url"], "valueDate": "2026-05-01"}
    assert check(care_team(extension=[review]), team, REVIEW) == []
    assert check(care_team(extension=[review, review]), team, REVIEW) == [
        ("invariant", "CareTeam.extension")
    ]
    assert check(care_team(), team, REVIEW) == [("invariant", "CareTeam.extension")]


def test_the_extensions_of_a_primitive_are_limited_by_the_profile(check):
    team = profile(
        "CareTeam",
        {"id": "CareTeam.name", "max": "1"},
        {"id": "CareTeam.name.extension"},
        {
            "id": "CareTeam.name.extension:review",
            "max": "1",
            "type": [{"code": "Extension", "profile": [REVIEW["url"]]}],
        },
    )
    review = {"url": REVIEW["url"], "valueDate": "2026-05-01"}
    resource = care_team(name="x", _name={"extension": [review, review]})
    assert check(resource, team, REVIEW) == [("invariant", "CareTeam.name.extension")]


def test_an_unknown_profile_is_a_warning_where_claimed_and_an_error_where_asked_for(validator):
    url = "http://other.example/profile"
    [warning] = validator.validate({"resourceType": "CareTeam", "meta": {"profile": [url]}})
    assert (warning.severity, warning.code) == ("warning", "not-supported")
    [error] = validator.validate({"resourceType": "CareTeam"}, profiles=[url])
    assert (error.severity, error.code) == ("error", "not-supported")


def test_r4s_own_definition_of_the_type_may_be_claimed(issues, validator):
    url = "http://hl7.org/fhir/StructureDefinition/CareTeam"
    assert validator.validate({"resourceType": "CareTeam", "meta": {"profile": [url]}}) == []


def test_a_profile_for_another_type_is_refused(check):
    resource = {"resourceType": "CarePlan", "meta": {"profile": [TEAM]}}
    resource |= {"status": "draft", "intent": "plan", "subject": {"reference": "Patient/1"}}
    assert check(resource, profile("CareTeam")) == [("invariant", "CarePlan.meta.profile")]


def test_a_contained_resource_is_checked_by_the_profile_it_claims(check):
    required = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
    resource = {"resourceType": "CarePlan", "contained": [care_team(id="t")]}
    resource["careTeam"] = [{"reference": "#t"}]
    resource |= {"status": "draft", "intent": "plan", "subject": {"reference": "Patient/1"}}
    assert check(resource, required) == [("invariant", "CarePlan.contained[0].name")]


def test_breaks_of_r4_come_before_breaks_of_the_profile(check):
    required = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
    assert check(care_team(nurse=1), required) == [
        ("structure", "CareTeam.nurse"),
        ("invariant", "CareTeam.name"),
    ]
