"""Which of R4's search parameters are offered: all but those named here."""

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.parameters import Parameters

# Composite, special (near) and phonetic search, and what has no expression.
NOT_OFFERED = {"_content", "_query", "_text", "near", "phonetic"}


def test_all_of_r4_is_offered_but_for_a_few_kinds(definitions: Definitions) -> None:
    parameters = Parameters(definitions)
    offered = 0
    for type_ in definitions.resource_types:
        published = definitions.search_parameters(type_)
        left_out = set(parameters.unsupported(type_))
        composite = {code for code, p in published.items() if p.type == "composite"}
        assert left_out == (NOT_OFFERED | composite) & set(published), type_
        assert set(parameters.of(type_)) == set(published) - left_out
        offered += len(parameters.of(type_))
    assert offered > 2300


def test_each_left_out_has_a_reason(definitions: Definitions) -> None:
    reasons = Parameters(definitions).unsupported("Observation")
    assert reasons["code-value-quantity"] == "composite search of Observation is not supported"
    assert reasons["_text"] == "it has no expression"


def test_a_reference_points_to_what_its_element_allows(definitions: Definitions) -> None:
    parameters = Parameters(definitions).of("Encounter")
    assert parameters["subject"].targets == ("Group", "Patient")
    assert set(parameters["participant"].targets) == {
        "Practitioner",
        "PractitionerRole",
        "RelatedPerson",
    }


def test_a_plain_code_knows_the_systems_of_its_binding(definitions: Definitions) -> None:
    parameters = Parameters(definitions).of("Task")
    assert parameters["status"].systems == frozenset({"http://hl7.org/fhir/task-status"})
    assert len(parameters["intent"].systems or ()) == 2
    assert parameters["code"].systems is None
