"""Expressions, compiled to places in the JSON."""

from typing import Any

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.fhirpath import UnsupportedExpression
from fhir_server.search.paths import follow, locations


@pytest.fixture
def values(definitions: Definitions) -> Any:
    def found(expression: str, resource: dict[str, Any]) -> list[Any]:
        places = locations(definitions, resource["resourceType"], expression)
        return [v for place in places for v in follow(place.steps, resource, resource)]

    return found


def test_every_expression_of_r4_compiles(definitions: Definitions) -> None:
    compiled = 0
    for type_ in definitions.resource_types:
        for parameter in definitions.search_parameters(type_).values():
            if parameter.expression:
                assert locations(definitions, type_, parameter.expression)
                compiled += 1
    assert compiled > 2000


def test_a_choice_element_is_looked_for_under_each_of_its_names(definitions: Definitions) -> None:
    found = locations(definitions, "Observation", "Observation.effective")
    assert {place.type for place in found} == {"dateTime", "Period", "Timing", "instant"}


def test_a_cast_leaves_one_type_of_a_choice(values: Any) -> None:
    observation = {"resourceType": "Observation", "valueQuantity": {"value": 1}}
    assert values("Observation.value as Quantity", observation) == [{"value": 1}]
    assert values("Observation.value.as(string)", observation) == []


def test_a_filter_looks_at_the_element_it_stands_at(values: Any) -> None:
    telecom = [{"system": "phone", "value": "1"}, {"system": "email", "value": "2"}, {}]
    patient = {"resourceType": "Patient", "telecom": telecom}
    assert values("Patient.telecom.where(system = 'phone').value", patient) == ["1"]
    assert values("Patient.telecom.where(system != 'phone').value", patient) == ["2"]
    assert values("Patient.telecom.where(system.exists() and value = '2').value", patient) == ["2"]
    assert values("Patient.telecom.where(system.empty())", patient) == [{}]
    assert values("Patient.telecom.where(system.exists().not())", patient) == [{}]


@pytest.mark.parametrize(
    ("subject", "is_patient"),
    [
        ({"reference": "Patient/7"}, True),
        ({"reference": "https://other.example/fhir/Patient/7/_history/1"}, True),
        ({"reference": "Group/7"}, False),
        ({"reference": "#p"}, True),
        ({"reference": "#g"}, False),
        ({"reference": "#nobody"}, False),
        ({"reference": "urn:uuid:0b7a9f6e", "type": "Patient"}, True),
        ({"reference": "urn:uuid:0b7a9f6e"}, False),
        ({"type": "Patient", "identifier": {"value": "1"}}, True),
        ({"type": "Group", "identifier": {"value": "1"}}, False),
        ({"identifier": {"value": "1"}}, True),
    ],
)
def test_the_type_of_a_reference_is_told_without_reading_it(
    values: Any, subject: dict[str, Any], is_patient: bool
) -> None:
    resource = {
        "resourceType": "Observation",
        "contained": [
            {"resourceType": "Patient", "id": "p"},
            {"resourceType": "Group", "id": "g"},
        ],
        "subject": subject,
    }
    found = values("Observation.subject.where(resolve() is Patient)", resource)
    assert found == ([subject] if is_patient else [])


def test_a_boolean_expression_gives_its_truth(values: Any) -> None:
    expression = "Patient.deceased.exists() and Patient.deceased != false"
    assert values(expression, {"resourceType": "Patient"}) == [False]
    assert values(expression, {"resourceType": "Patient", "deceasedBoolean": False}) == [False]
    assert values(expression, {"resourceType": "Patient", "deceasedBoolean": True}) == [True]
    assert values(expression, {"resourceType": "Patient", "deceasedDateTime": "2020"}) == [True]


def test_a_test_may_look_at_the_whole_resource(values: Any) -> None:
    telecom = [{"system": "phone", "value": "1"}]
    expression = "Patient.telecom.where(%resource.active = true).value"
    assert values(expression, {"resourceType": "Patient", "telecom": telecom}) == []
    active = {"resourceType": "Patient", "active": True, "telecom": telecom}
    assert values(expression, active) == ["1"]


def test_an_index_takes_one_item(values: Any) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"id": "1"}}, {"fullUrl": "x"}]}
    assert values("Bundle.entry[0].resource", bundle) == [{"id": "1"}]
    assert values("Bundle.entry[5].resource", bundle) == []
    assert values("Bundle.entry.first().resource.id", bundle) == ["1"]


def test_extensions_are_found_on_elements_and_beside_primitives(values: Any) -> None:
    patient = {
        "resourceType": "Patient",
        "extension": [{"url": "http://a", "valueString": "x"}, {"url": "http://b"}],
        "birthDate": "2020-01-01",
        "_birthDate": {"extension": [{"url": "http://t", "valueDateTime": "2020-01-01T08:00:00Z"}]},
    }
    assert values("Patient.extension('http://a').value.ofType(string)", patient) == ["x"]
    found = values("Patient.birthDate.extension('http://t').value as dateTime", patient)
    assert found == ["2020-01-01T08:00:00Z"]


def test_the_part_of_a_union_that_is_about_another_type_is_left_out(
    definitions: Definitions,
) -> None:
    expression = "CodeSystem.url | ValueSet.url"
    assert len(locations(definitions, "ValueSet", expression)) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "Patient.nothing",
        "Patient.name.trace('x')",
        "Observation.value as Patient",
        "Patient.contact.telecom[0]",
        "Group.member",
        "Patient.where(name.count() = 1)",
        "Patient.name.where(family)",
    ],
)
def test_what_does_not_fit_the_type_is_refused(definitions: Definitions, expression: str) -> None:
    with pytest.raises(UnsupportedExpression):
        locations(definitions, "Patient", expression)
