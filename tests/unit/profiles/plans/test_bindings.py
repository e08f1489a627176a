"""Bindings of every strength, on every type that has codes."""

from __future__ import annotations

import pytest

from tests.unit.profiles.conftest import CANONICAL
from tests.unit.profiles.plans.conftest import SYSTEM, concept, profile

CODES = f"{CANONICAL}/ValueSet/kind"
MAX = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
CODE_SYSTEM = {
    "resourceType": "CodeSystem",
    "url": SYSTEM,
    "content": "complete",
    "concept": [{"code": "a", "display": "Alpha", "concept": [{"code": "a1"}]}],
}
VALUE_SET = {
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


def bound(strength: str, id_: str = "CareTeam.category", value_set: str = f"{CODES}|1.0", **more):
    type_ = id_.partition(".")[0]
    binding = {"strength": strength, "valueSet": value_set, **more}
    return profile(type_, {"id": id_, "binding": binding}), CODE_SYSTEM, VALUE_SET


def team(*categories):
    return {"resourceType": "CareTeam", "category": list(categories)}


def test_a_concept_with_a_code_of_a_required_value_set(check):
    right = [concept("a1"), concept("l", system="urn:listed"), concept("z", "a")]
    assert check(team(*right), *bound("required")) == []


def test_a_single_wrong_code_is_pointed_at(check, issues):
    [issue] = issues(team(concept("a"), concept("b")), *bound("required"))
    assert (issue.severity, issue.code, issue.rule) == ("error", "code-invalid", "binding")
    assert issue.expression == "CareTeam.category[1].coding[0].code"
    assert (
        f"category[1] must have a code of the value set {CODES}|1.0: a, a1 of {SYSTEM}"
        in issue.text
    )


def test_where_several_codes_are_wrong_the_concept_is_pointed_at(check):
    assert check(team(concept("b", "c")), *bound("required")) == [
        ("binding", "CareTeam.category[0]")
    ]


def test_text_alone_does_not_pass_a_required_binding_but_an_extension_does(check):
    absent = {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}
    assert check(team(absent), *bound("required")) == []
    for wrong in ({"text": "a"}, {"coding": [{"system": SYSTEM}]}, {**absent, "coding": [{}]}):
        assert check(team(wrong), *bound("required")) == [("binding", "CareTeam.category[0]")]


def test_a_code_without_its_system_does_not_pass(check):
    assert check(team({"coding": [{"code": "a"}]}), *bound("required")) == [
        ("binding", "CareTeam.category[0].coding[0].code")
    ]


def test_outside_an_extensible_value_set_is_a_warning(issues):
    assert issues(team(concept("z", "a"), {"text": "a"}), *bound("extensible")) == []
    [issue] = issues(team(concept("z")), *bound("extensible"))
    assert (issue.severity, issue.code) == ("warning", "code-invalid")
    assert "should have a code" in issue.text


@pytest.mark.parametrize("strength", ["preferred", "example"])
def test_weaker_bindings_ask_nothing(check, strength):
    assert check(team(concept("z")), *bound(strength)) == []


def test_what_nobody_can_tell_is_said_once_for_a_value_set(issues):
    unknown = bound("required", value_set="urn:unknown")
    [issue] = issues(team(concept("x"), concept("y")), *unknown)
    assert (issue.severity, issue.code, issue.rule) == ("warning", "code-invalid", "binding")
    assert "can't be told here. The value set urn:unknown is not known here." in issue.text
    [issue] = issues(team(concept("x", system="urn:elsewhere")), *bound("extensible"))
    assert "The code system urn:elsewhere is not known here." in issue.text


def test_the_widest_value_set_is_an_error(check, issues):
    widest = {"extension": [{"url": MAX, "valueCanonical": CODES}]}
    preferred = bound("preferred", value_set="urn:unknown", **widest)
    assert check(team(concept("a")), *preferred) == []
    [issue] = issues(team(concept("z")), *preferred)
    assert (issue.severity, issue.rule) == ("error", "binding")


def test_a_wrong_display_is_a_warning(issues):
    def shown(display):
        return team({"coding": [{"system": SYSTEM, "code": "a", "display": display}]})

    assert issues(shown("alpha"), *bound("required")) == []
    [issue] = issues(shown("Beta"), *bound("required"))
    assert issue.severity == "warning"
    assert issue.expression == "CareTeam.category[0].coding[0].display"
    assert "Alpha" in issue.text
    assert "Beta" not in issue.text


def test_a_bare_code_may_be_of_any_system_of_the_value_set(check, issues):
    bare = bound("required", "Observation.value[x]")
    right = {"resourceType": "Observation", "valueString": "l"}
    assert check(right, *bare) == []
    closed = {"resourceType": "ValueSet", "url": CODES}
    closed |= {"compose": {"include": [{"system": "urn:listed", "concept": [{"code": "l"}]}]}}
    [issue] = issues({**right, "valueString": "z"}, bare[0], closed)
    assert (issue.rule, issue.expression) == ("binding", "Observation.value")
    assert f"value must have a code of the value set {CODES}|1.0: l." in issue.text


def test_a_coding_and_a_quantity(check):
    coding = bound("required", "Encounter.class")
    encounter = {"resourceType": "Encounter"}
    assert check({**encounter, "class": {"system": SYSTEM, "code": "a"}}, *coding) == []
    assert check({**encounter, "class": {"system": SYSTEM, "code": "z"}}, *coding) == [
        ("binding", "Encounter.class.code")
    ]
    assert check({**encounter, "class": {"display": "A"}}, *coding) == [
        ("binding", "Encounter.class")
    ]
    quantity = bound("required", "Observation.value[x]")
    right = {"resourceType": "Observation", "valueQuantity": {"system": SYSTEM, "code": "a"}}
    assert check(right, *quantity) == []
    wrong = {"resourceType": "Observation", "valueQuantity": {"system": SYSTEM, "code": "z"}}
    assert check(wrong, *quantity) == [("binding", "Observation.value.code")]


def test_r4s_own_required_binding_is_not_asked_again(check):
    status = profile(
        "CareTeam",
        {
            "id": "CareTeam.status",
            "binding": {
                "strength": "required",
                "valueSet": "http://hl7.org/fhir/ValueSet/care-team-status|4.0.1",
            },
        },
    )
    assert check({"resourceType": "CareTeam", "status": "bogus"}, status) == []
