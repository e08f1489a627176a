"""R4's structure: what is accepted, what is refused, and what the refusal says."""

from __future__ import annotations

import pytest

CODED = {"coding": [{"system": "http://loinc.org", "code": "1-8"}]}

UNKNOWN = {"url": "urn:u", "valueCode": "unknown"}


def care_team(**elements: object) -> dict:
    return {"resourceType": "CareTeam", **elements}


def observation(**elements: object) -> dict:
    return {"resourceType": "Observation", "status": "final", "code": CODED, **elements}


def questionnaire(depth: int, **innermost: object) -> dict:
    item: dict = {"linkId": "x", "type": "string", **innermost}
    for level in range(depth):
        item = {"linkId": f"x{level}", "type": "group", "item": [item]}
    return {"resourceType": "Questionnaire", "status": "draft", "item": [item]}


RIGHT = {
    "nothing but the type": care_team(),
    "a choice": observation(valueString="x"),
    "a choice with extensions": observation(
        valueString="x", _valueString={"extension": [{"url": "urn:u", "valueCode": "x"}]}
    ),
    "extensions instead of a required value": {
        "resourceType": "Observation",
        "code": CODED,
        "_status": {"extension": [{"url": "urn:u", "valueCode": "unknown"}]},
    },
    "a recursive structure": questionnaire(5),
    "extensions in an array of primitives": {
        "resourceType": "Patient",
        "name": [{"given": ["Anna", None], "_given": [None, {"id": "g2", "extension": [UNKNOWN]}]}],
    },
    "only extensions in an array of primitives": {
        "resourceType": "Patient",
        "name": [{"_given": [{"extension": [UNKNOWN]}]}],
    },
    "a contained resource": care_team(
        contained=[{"resourceType": "Patient", "id": "p"}], subject={"reference": "#p"}
    ),
    "a required CodeableConcept with a coding of the value set among others": {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/1"},
        "clinicalStatus": {
            "coding": [
                {"system": "urn:local", "code": "1"},
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                },
            ]
        },
    },
    "a required CodeableConcept with only an extension": {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/1"},
        "clinicalStatus": {"extension": [{"url": "urn:u", "valueCode": "unknown"}]},
    },
}

WRONG = [
    ("an unknown element", care_team(nurse="x"), "structure", "CareTeam.nurse"),
    (
        "an unknown element deep inside",
        care_team(participant=[{"role": [{"coding": [{"kod": "1"}]}]}]),
        "structure",
        "CareTeam.participant[0].role[0].coding[0].kod",
    ),
    (
        "an unknown element in the extensions of a primitive",
        {"resourceType": "Patient", "_birthDate": {"extensions": []}},
        "structure",
        "Patient.birthDate.extensions",
    ),
    ("a value for an array", care_team(category=CODED), "structure", "CareTeam.category"),
    ("an array for a value", care_team(name=["x"]), "structure", "CareTeam.name"),
    ("a string for an object", care_team(period="2024"), "structure", "CareTeam.period"),
    ("null", care_team(name=None), "structure", "CareTeam.name"),
    ("null in an array", care_team(category=[None]), "structure", "CareTeam.category[0]"),
    ("an empty array", care_team(category=[]), "structure", "CareTeam.category"),
    ("an empty object", care_team(period={}), "structure", "CareTeam.period"),
    (
        "a missing element",
        {"resourceType": "Observation", "status": "final"},
        "required",
        "Observation.code",
    ),
    (
        "a missing primitive",
        {"resourceType": "Observation", "code": CODED},
        "required",
        "Observation.status",
    ),
    (
        "a missing choice",
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/1"},
        },
        "required",
        "MedicationRequest.medication",
    ),
    (
        "a missing element inside a recursion",
        questionnaire(3, linkId=""),
        "value",
        "Questionnaire.item[0].item[0].item[0].item[0].linkId",
    ),
    (
        "two of a choice",
        observation(valueString="x", valueBoolean=True),
        "structure",
        "Observation.value",
    ),
    (
        "a choice and the extensions of another",
        observation(valueString="x", _valueBoolean={"id": "b"}),
        "structure",
        "Observation.value",
    ),
    (
        "a type that the choice does not have",
        observation(valueUri="urn:x"),
        "structure",
        "Observation.valueUri",
    ),
    ("a choice without its type", observation(value="x"), "structure", "Observation.value"),
    ("a code outside the value set", care_team(status="bogus"), "code-invalid", "CareTeam.status"),
    ("a number for a code", care_team(status=5), "structure", "CareTeam.status"),
    (
        "a required CodeableConcept with text alone",
        {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/1"},
            "clinicalStatus": {"text": "active"},
        },
        "code-invalid",
        "Condition.clinicalStatus",
    ),
    (
        "a code of the value set in another system",
        {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/1"},
            "clinicalStatus": {"coding": [{"system": "urn:x", "code": "active"}]},
        },
        "code-invalid",
        "Condition.clinicalStatus",
    ),
    (
        "a comparator in a simple quantity",
        observation(referenceRange=[{"low": {"value": 1, "comparator": "<"}}]),
        "structure",
        "Observation.referenceRange[0].low.comparator",
    ),
    (
        "an extension without url",
        care_team(extension=[{"valueCode": "x"}]),
        "required",
        "CareTeam.extension[0].url",
    ),
    ("extensions of an id", care_team(_id={"id": "x"}), "structure", "CareTeam._id"),
    (
        "null without extensions",
        {"resourceType": "Patient", "name": [{"given": ["Anna", None]}]},
        "structure",
        "Patient.name[0].given",
    ),
    (
        "more values than extensions",
        {"resourceType": "Patient", "name": [{"given": ["A", "B"], "_given": [{"id": "x"}]}]},
        "structure",
        "Patient.name[0].given",
    ),
    (
        "neither value nor extension",
        {"resourceType": "Patient", "name": [{"given": ["A", None], "_given": [None, None]}]},
        "structure",
        "Patient.name[0].given",
    ),
    (
        "no extension at a place without values",
        {"resourceType": "Patient", "name": [{"_given": [None, {"id": "x"}]}]},
        "structure",
        "Patient.name[0].given",
    ),
]


@pytest.mark.parametrize("resource", RIGHT.values(), ids=RIGHT)
def test_what_r4_allows_is_accepted(issues, resource):
    assert issues(resource) == []


@pytest.mark.parametrize(
    ("resource", "code", "expression"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_what_r4_does_not_allow_is_refused_where_it_is(issues, resource, code, expression):
    assert issues(resource) == [(code, expression)]


def test_all_problems_are_found_at_once(issues):
    resource = care_team(status="bogus", nurse=1, category=[], period={"start": "yesterday"})
    assert sorted(issues(resource)) == [
        ("code-invalid", "CareTeam.status"),
        ("structure", "CareTeam.category"),
        ("structure", "CareTeam.nurse"),
        ("value", "CareTeam.period.start"),
    ]


def test_problems_of_structure_come_before_those_of_content(issues):
    found = issues(care_team(status="bogus", nurse=1))
    assert [code for code, _ in found] == ["structure", "code-invalid"]


def test_an_unknown_element_gets_the_names_that_are_near(validator):
    [issue] = validator.validate(care_team(particpant=[]))
    assert issue.text == (
        "R4 does not define the element 'particpant' here. Did you mean participant?"
    )


def test_a_choice_without_type_gets_the_names_with_type(validator):
    [issue] = validator.validate(observation(effective="2024"))
    assert "effectiveDateTime" in issue.text


def test_a_code_outside_a_short_value_set_gets_the_codes(validator):
    [issue] = validator.validate(care_team(status="bogus"))
    assert issue.text == (
        "status must have a code of the value set http://hl7.org/fhir/ValueSet/care-team-status: "
        "proposed, active, suspended, inactive, entered-in-error."
    )


def test_a_value_that_should_be_in_an_array_gets_that_advice(validator):
    [issue] = validator.validate(care_team(category=CODED))
    assert issue.text == "category may repeat: put it in an array, even where there is only one."


def test_a_problem_inside_a_choice_is_named_by_the_element_and_not_the_property(issues):
    resource = observation(valueQuantity={"value": "5"})
    assert issues(resource) == [("structure", "Observation.value.value")]


@pytest.mark.parametrize("resource", [None, [], "CareTeam", 5])
def test_what_is_no_object_is_no_resource(issues, resource):
    assert issues(resource) == [("structure", "")]


@pytest.mark.parametrize("resource", [{}, {"resourceType": None}, {"resourceType": ["CareTeam"]}])
def test_a_resource_names_its_type(validator, resource):
    [issue] = validator.validate(resource)
    assert issue.code == "structure"
    assert issue.text.startswith("resourceType is missing")


@pytest.mark.parametrize("name", ["Careteam", "DomainResource", "HumanName", "SubscriptionStatus"])
def test_an_unknown_resource_type_is_refused(validator, name):
    [issue] = validator.validate({"resourceType": name})
    assert issue.code == "structure"
    assert f"'{name}' is not a resource type of R4." in issue.text


def test_an_unknown_resource_type_gets_those_that_are_near(validator):
    [issue] = validator.validate({"resourceType": "Careteam"})
    assert "Did you mean CareTeam" in issue.text


def test_of_a_large_resource_only_the_first_problem_is_listed(validator):
    names = [{"x": 1} for _ in range(11_000)]
    first, note = validator.validate({"resourceType": "Patient", "name": names})
    assert (first.code, first.expression) == ("structure", "Patient.name[0].x")
    assert note.severity == "information"


def test_no_more_than_a_hundred_problems_of_a_resource_are_listed(validator):
    found = validator.validate(care_team(**{f"x{n}": 1 for n in range(1000)}))
    assert len(found) == 100
