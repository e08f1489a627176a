"""Which of R4's search parameters are offered: all but those named here."""

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.parameters import Parameters

# Named queries, of which R4 defines none.
NOT_OFFERED = {"_query"}


def test_all_of_r4_is_offered_but_named_queries(definitions: Definitions) -> None:
    parameters = Parameters(definitions)
    offered = 0
    for type_ in definitions.resource_types:
        published = definitions.search_parameters(type_)
        left_out = set(parameters.unsupported(type_))
        assert left_out == NOT_OFFERED, type_
        assert set(parameters.of(type_)) == set(published) - left_out
        offered += len(parameters.of(type_))
    assert offered > 2700


def test_each_left_out_has_a_reason(definitions: Definitions) -> None:
    assert Parameters(definitions).unsupported("Observation") == {"_query": "it has no expression"}
    without_words = Parameters(definitions, full_text=False).unsupported("Observation")
    assert without_words["_text"] == "the setting full_text is off"


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
