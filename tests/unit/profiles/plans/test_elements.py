"""Cardinality, prohibited elements, types of choices, content defined elsewhere."""

from __future__ import annotations

import pytest

from tests.unit.profiles.plans.conftest import DEFINITION, concept, profile, rule

TEAM = f"{DEFINITION}/team"
QUANTITY = [{"code": "Quantity"}]


def team(**elements):
    return {"resourceType": "CareTeam", **elements}


def observation(**elements):
    return {"resourceType": "Observation", **elements}


def test_an_element_that_the_profile_requires(check, issues):
    required = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
    assert check(team(), required) == [("min", "CareTeam.name")]
    assert check(team(name="x"), required) == []
    [issue] = issues(team(), required)
    assert issue.text == f"name is missing; the profile requires it here. Profile: {TEAM}"
    assert (issue.severity, issue.code, issue.profile) == ("error", "invariant", TEAM)


def test_a_primitive_with_an_extension_alone_is_there(check):
    required = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})
    assert check(team(_name={"extension": [{"url": "urn:x", "valueCode": "c"}]}), required) == []


def test_an_element_that_the_profile_forbids(check):
    forbidden = profile("CareTeam", {"id": "CareTeam.name", "max": "0"})
    assert check(team(name="x"), forbidden) == [("max", "CareTeam.name")]
    assert check(team(_name={"id": "n"}), forbidden) == [("max", "CareTeam.name")]
    assert check(team(), forbidden) == []


def test_fewer_and_more_repetitions_than_the_profile_allows(check):
    two = profile("CareTeam", {"id": "CareTeam.category", "min": 2, "max": "3"})
    texts = [{"text": str(n)} for n in range(4)]
    assert check(team(category=texts[:1]), two) == [("min", "CareTeam.category")]
    assert check(team(category=texts[:2]), two) == []
    assert check(team(category=texts), two) == [("max", "CareTeam.category")]


def test_repetitions_of_a_primitive_count_where_there_is_only_an_extension(check):
    two = profile("Patient", {"id": "Patient.name"}, {"id": "Patient.name.given", "min": 2})
    extension = {"extension": [{"url": "urn:x", "valueCode": "c"}]}
    name = {"given": ["A"], "_given": [None, extension]}
    assert check({"resourceType": "Patient", "name": [name]}, two) == []
    name = {"given": ["A"], "_given": [extension]}
    assert check({"resourceType": "Patient", "name": [name]}, two) == [
        ("min", "Patient.name[0].given")
    ]


def test_what_r4_requires_is_not_asked_again(check):
    same = profile("CarePlan", {"id": "CarePlan.status", "min": 1, "max": "1"})
    assert check({"resourceType": "CarePlan"}, same) == []


def test_a_constraint_deep_inside_data_types(check):
    deep = profile(
        "CareTeam",
        {"id": "CareTeam.participant"},
        {"id": "CareTeam.participant.role"},
        {"id": "CareTeam.participant.role.coding", "min": 1},
        {"id": "CareTeam.participant.role.coding.system", "min": 1, "fixedUri": "urn:system"},
    )
    assert check(team(participant=[{"role": [concept("a")]}]), deep) == []
    assert check(team(participant=[{"role": [concept("a", system="urn:x")]}]), deep) == [
        ("fixed", "CareTeam.participant[0].role[0].coding[0].system")
    ]
    assert check(team(participant=[{}, {"role": [{"text": "x"}]}]), deep) == [
        ("min", "CareTeam.participant[1].role[0].coding"),
    ]


def test_a_choice_narrowed_to_one_type(check, issues):
    narrowed = profile(
        "Observation", {"id": "Observation.value[x]", "min": 1, "max": "1", "type": QUANTITY}
    )
    assert check(observation(valueQuantity={"value": 1}), narrowed) == []
    [issue] = issues(observation(valueString="x"), narrowed)
    assert (issue.rule, issue.expression) == ("type", "Observation.value")
    assert issue.text.startswith("value[x] must be of type Quantity.")
    [issue] = issues(observation(), narrowed)
    assert issue.text.startswith("value[x] is missing; the profile requires it here.")


def test_a_choice_that_the_profile_forbids(check):
    forbidden = profile("Observation", {"id": "Observation.value[x]", "max": "0"})
    assert check(observation(valueString="x"), forbidden) == [("max", "Observation.value")]
    assert check(observation(_valueString={"id": "v"}), forbidden) == [("max", "Observation.value")]
    assert check(observation(), forbidden) == []


def test_a_choice_that_the_profile_renames(check):
    renamed = profile(
        "Observation",
        {"id": "Observation.valueQuantity", "min": 1, "max": "1", "type": QUANTITY},
        {"id": "Observation.valueQuantity.unit", "min": 1, "max": "1"},
    )
    assert check(observation(valueQuantity={"unit": "g"}), renamed) == []
    assert check(observation(valueQuantity={"value": 1}), renamed) == [
        ("min", "Observation.value.unit")
    ]
    assert check(observation(valueString="x"), renamed) == [("type", "Observation.value")]
    assert check(observation(), renamed) == [("min", "Observation.value")]


def test_a_slice_of_a_choice(check):
    sliced = profile(
        "Observation",
        {"id": "Observation.value[x]", "max": "1"},
        {"id": "Observation.value[x]:valueQuantity", "max": "1", "min": 1, "type": QUANTITY},
        {"id": "Observation.value[x]:valueQuantity.unit", "min": 1, "max": "1"},
    )
    assert check(observation(valueQuantity={"value": 1, "unit": "g"}), sliced) == []
    assert check(observation(valueQuantity={"value": 1}), sliced) == [
        ("min", "Observation.value.unit")
    ]
    assert check(observation(valueString="x"), sliced) == [("slice-min", "Observation.value")]
    assert check(observation(), sliced) == [("slice-min", "Observation.value")]


def test_a_constraint_on_one_type_of_a_choice_leaves_others_alone(check):
    sliced = profile(
        "Observation",
        {"id": "Observation.value[x]", "max": "1"},
        {"id": "Observation.value[x]:valueString", "max": "1", "type": [{"code": "string"}]},
        {"id": "Observation.valueQuantity", "max": "1", "type": QUANTITY},
        {"id": "Observation.valueQuantity.unit", "min": 1, "max": "1"},
    )
    assert check(observation(valueString="x"), sliced) == []
    assert check(observation(valueQuantity={"value": 1}), sliced) == [
        ("min", "Observation.value.unit")
    ]


def questionnaire(reference: str):
    return profile(
        "Questionnaire",
        {"id": "Questionnaire.item"},
        {"id": "Questionnaire.item.text", "min": 1, "max": "1"},
        {"id": "Questionnaire.item.item", "contentReference": reference},
    )


def test_content_that_is_defined_above_holds_at_any_depth(check):
    nested = {"text": "1", "item": [{"text": "1.1", "item": [{"linkId": "1.1.1"}]}]}
    own = questionnaire("#Questionnaire.item")
    assert check({"resourceType": "Questionnaire", "item": [nested]}, own) == [
        ("min", "Questionnaire.item[0].item[0].item[0].text")
    ]
    r4 = questionnaire("http://hl7.org/fhir/StructureDefinition/Questionnaire#Questionnaire.item")
    assert check({"resourceType": "Questionnaire", "item": [nested]}, r4) == []


def test_the_type_of_an_entry_and_what_is_inside_it(check):
    bundle = profile(
        "Bundle",
        {"id": "Bundle.entry"},
        {"id": "Bundle.entry.resource", "max": "1", "type": [{"code": "Patient"}]},
        {"id": "Bundle.entry.resource.birthDate", "min": 1, "max": "1"},
        {"id": "Bundle.entry.resource.name", "constraint": [rule("n", "%resource.id = 'p'")]},
    )
    entries = [
        {"resource": {"resourceType": "Patient", "birthDate": "2000", "id": "p", "name": [{}]}},
        {"resource": {"resourceType": "Patient", "id": "q", "name": [{"text": "x"}]}},
        {"resource": {"resourceType": "CareTeam"}},
    ]
    entries[0]["resource"]["name"] = [{"text": "x"}]
    assert check({"resourceType": "Bundle", "entry": entries}, bundle) == [
        ("min", "Bundle.entry[1].resource.birthDate"),
        ("n", "Bundle.entry[1].resource.name[0]"),
        ("type", "Bundle.entry[2].resource"),
    ]


def test_elements_without_an_id_are_known_by_path_and_slice_name(check):
    definition = profile("Observation", {"id": "Observation.value[x]", "type": QUANTITY})
    for each in definition["snapshot"]["element"]:
        del each["id"]
    assert check(observation(valueString="x"), definition) == [("type", "Observation.value")]


@pytest.mark.parametrize("broken", [None, 1, "x", [], {}, [None], [1], {"a": 1}])
def test_what_has_not_r4s_structure_raises_nothing(check, broken):
    deep = profile(
        "CareTeam",
        {"id": "CareTeam.name", "fixedString": "a", "maxLength": 2},
        {"id": "CareTeam.participant", "min": 1},
        {"id": "CareTeam.participant.role", "min": 1, "patternCodeableConcept": concept("a")},
        {"id": "CareTeam.participant.role.coding", "min": 1},
    )
    for name in ("name", "_name", "participant"):
        check(team(**{name: broken}), deep)
    check(team(participant=[{"role": broken}]), deep)
    check(broken, deep, resource={}, root={})
