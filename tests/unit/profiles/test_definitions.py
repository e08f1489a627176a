"""What the definitions say about types, elements, search parameters and compartments."""

from __future__ import annotations

import pytest

from fhir_server.fhir.locations import definition_directories
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.search_expressions import expression_for, parts


def test_r4_has_146_concrete_resource_types(definitions):
    assert len(definitions.resource_types) == 146
    assert definitions.resource_types[:3] == ("Account", "ActivityDefinition", "AdverseEvent")


@pytest.mark.parametrize("name", ["DomainResource", "Resource", "HumanName", "SubscriptionStatus"])
def test_what_is_no_concrete_r4_resource_type_is_told_apart(definitions, name):
    assert not definitions.is_resource_type(name)


def test_a_resource_inherits_the_elements_of_its_base_types_first(definitions):
    names = list(definitions.children("CareTeam"))
    assert names[:6] == ["id", "meta", "implicitRules", "language", "text", "contained"]
    assert names[-1] == "note"


def test_binary_has_no_elements_of_domain_resource(definitions):
    assert "contained" not in definitions.children("Binary")


def test_a_backbone_element_has_its_own_and_inherited_children(definitions):
    names = list(definitions.children("CareTeam.participant"))
    assert names == [
        "id",
        "extension",
        "modifierExtension",
        "role",
        "member",
        "onBehalfOf",
        "period",
    ]


def test_an_element_of_a_data_type_leads_to_the_children_of_the_type(definitions):
    path = "CareTeam.participant.role.coding"
    assert definitions.children(path) == definitions.children("Coding")


def test_a_content_reference_is_followed(definitions):
    assert list(definitions.children("Bundle.entry.link"))[-2:] == ["relation", "url"]
    assert definitions.children("Questionnaire.item.item.item")["linkId"].min == 1


def test_a_choice_element_appears_once_with_a_property_for_each_type(definitions):
    value = definitions.children("Observation")["value"]
    assert value.is_choice
    assert value.properties()["valueCodeableConcept"].code == "CodeableConcept"
    assert "valueReference" not in value.properties()


def test_an_element_knows_cardinality_targets_and_binding(definitions):
    member = definitions.children("CareTeam.participant")["member"]
    assert (member.min, member.max) == (0, 1)
    assert set(member.types[0].targets) == {
        "Practitioner",
        "PractitionerRole",
        "RelatedPerson",
        "Patient",
        "Organization",
        "CareTeam",
    }
    status = definitions.children("CareTeam")["status"]
    assert status.is_modifier
    assert status.is_summary
    assert status.binding.strength == "required"
    assert status.binding.value_set == "http://hl7.org/fhir/ValueSet/care-team-status"


def test_the_id_of_a_resource_is_an_id_and_that_of_an_element_a_string(definitions):
    assert definitions.children("Patient")["id"].types[0].code == "id"
    assert definitions.children("HumanName")["id"].types[0].code == "string"
    assert definitions.children("Extension")["url"].types[0].code == "uri"


def test_a_simple_quantity_has_no_comparator(definitions):
    assert "comparator" in definitions.children("Quantity")
    assert "comparator" not in definitions.children("SimpleQuantity")


def test_an_undefined_path_is_an_error(definitions):
    with pytest.raises(KeyError):
        definitions.children("CareTeam.nurse")


def test_meta_has_only_what_hl7_published(definitions):
    assert list(definitions.children("Meta"))[2:] == [
        "versionId",
        "lastUpdated",
        "source",
        "profile",
        "security",
        "tag",
    ]


def test_codes_are_listed_by_system(definitions):
    codes = definitions.codes("http://hl7.org/fhir/ValueSet/care-team-status")
    assert codes == {
        "http://hl7.org/fhir/care-team-status": [
            "proposed",
            "active",
            "suspended",
            "inactive",
            "entered-in-error",
        ]
    }


def test_a_value_set_without_a_finite_list_has_no_codes(definitions):
    assert definitions.codes("http://hl7.org/fhir/ValueSet/mimetypes") is None


def test_a_shared_search_parameter_has_the_expression_of_each_type(definitions):
    care_team = definitions.search_parameters("CareTeam")["patient"]
    assert care_team.expression == "CareTeam.subject.where(resolve() is Patient)"
    encounter = definitions.search_parameters("Encounter")["patient"]
    assert encounter.expression == "Encounter.subject.where(resolve() is Patient)"
    assert care_team.url == encounter.url == "http://hl7.org/fhir/SearchParameter/clinical-patient"


def test_search_parameters_of_the_base_types_are_included(definitions):
    found = definitions.search_parameters("CareTeam")
    assert found["_lastUpdated"].base == "Resource"
    assert found["_text"].base == "DomainResource"
    assert "_text" not in definitions.search_parameters("Binary")


def test_a_composite_search_parameter_names_its_components(definitions):
    found = definitions.search_parameters("Observation")["code-value-quantity"]
    assert [c.expression for c in found.components] == ["code", "value.as(Quantity)"]


def test_every_search_parameter_has_an_expression_or_is_special(definitions):
    without = {
        code
        for resource_type in definitions.resource_types
        for code, found in definitions.search_parameters(resource_type).items()
        if not found.expression
    }
    assert without == {"_text", "_content", "_query"}


def test_unions_inside_parentheses_stay_together():
    assert parts("A.b | (C.d | C.e).f | C.g") == ["A.b", "(C.d | C.e).f", "C.g"]
    assert expression_for("C", "A.b | (C.d | C.e).f | C.g") == "(C.d | C.e).f | C.g"


def test_a_relative_expression_gets_its_type_in_front():
    assert expression_for("InsurancePlan", "name | alias") == (
        "InsurancePlan.name | InsurancePlan.alias"
    )


def test_a_compartment_tells_the_parameters_of_its_members(definitions):
    patient = definitions.compartment("Patient")
    assert patient.parameters["CareTeam"] == ("patient", "participant")
    assert "Organization" not in patient.parameters
    assert definitions.compartment("Basic") is None


def test_own_search_parameters_operations_and_profiles_are_found(with_conformance):
    parameter = {
        "resourceType": "SearchParameter",
        "url": "https://clinic.example/fhir/SearchParameter/role",
        "code": "role",
        "type": "token",
        "base": ["CareTeam"],
        "expression": "CareTeam.participant.role",
    }
    operation = {"resourceType": "OperationDefinition", "url": "https://clinic.example/op"}
    profile = {
        "resourceType": "StructureDefinition",
        "url": "https://clinic.example/fhir/StructureDefinition/team",
        "type": "CareTeam",
        "derivation": "constraint",
    }
    definitions = with_conformance(parameter, operation, profile)
    assert definitions.search_parameters("CareTeam")["role"].expression == (
        "CareTeam.participant.role"
    )
    assert "role" not in definitions.search_parameters("CarePlan")
    *standard, own = definitions.operations()
    assert own == operation
    assert {each["url"] for each in standard} >= {
        "http://hl7.org/fhir/OperationDefinition/Resource-meta",
        "http://hl7.org/fhir/OperationDefinition/Resource-meta-add",
    }
    assert definitions.profiles("CareTeam") == (profile,)
    assert definitions.profiles("CarePlan") == ()
    assert definitions.conformance("StructureDefinition", f"{profile['url']}|1.0") == profile
    assert definitions.canonical == "https://clinic.example/fhir"


def test_without_own_conformance_resources_r4_is_still_there():
    definitions = Definitions.load(definition_directories()[:1])
    assert definitions.canonical == ""
    urls = [each["url"] for each in definitions.operations()]
    assert all(url.startswith("http://hl7.org/fhir/OperationDefinition/") for url in urls)
    assert definitions.is_resource_type("CareTeam")
