"""The parameters about the answer: what they ask for, and what can't be combined."""

from __future__ import annotations

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.search.parse import QueryParser
from fhir_server.search.query import HasToken, Sort


def refusal(parser: QueryParser, type_: str | None, *parameters: tuple[str, str]) -> str:
    with pytest.raises(FhirError) as error:
        parser.parse(type_, parameters)
    assert error.value.status == 400
    return str(error.value)


def test_several_sorts_keep_their_order_and_directions(parser: QueryParser) -> None:
    query = parser.parse("Patient", [("_sort", "-birthdate,family,gender,_id")])
    assert query.sort == (
        Sort("Patient.birthdate", True, "date"),
        Sort("Patient.family", False, "string"),
        Sort("Patient.gender", False, "token"),
        Sort("_id"),
    )


@pytest.mark.parametrize(
    ("type_", "code", "kind"),
    [
        ("Observation", "value-quantity", "quantity"),
        ("RiskAssessment", "probability", "number"),
        ("Observation", "subject", "reference"),
        ("ValueSet", "url", "uri"),
        ("Patient", "_profile", "uri"),
    ],
)
def test_every_type_of_parameter_can_be_sorted_by(
    parser: QueryParser, type_: str, code: str, kind: str
) -> None:
    assert parser.parse(type_, [("_sort", f"-{code}")]).sort == (
        Sort(f"{type_}.{code}", True, kind),
    )


def test_an_unknown_sort_is_refused_with_a_hint_and_the_valid_ones(parser: QueryParser) -> None:
    text = refusal(parser, "Patient", ("_sort", "birthdat"))
    assert "Did you mean 'birthdate'" in text
    assert all(name in text for name in ("_id", "_lastUpdated", "family", "general-practitioner"))


def test_a_composite_or_a_place_cannot_be_sorted_by(parser: QueryParser) -> None:
    assert "Valid" in refusal(parser, "Observation", ("_sort", "code-value-quantity"))
    assert "Valid" in refusal(parser, "Location", ("_sort", "near"))


def test_several_types_are_sorted_by_what_the_store_keeps_of_all(parser: QueryParser) -> None:
    query = parser.parse(None, [("_sort", "-_lastUpdated,_id")])
    assert query.sort == (Sort("_lastUpdated", True), Sort("_id"))
    text = refusal(parser, None, ("_type", "Patient,Practitioner"), ("_sort", "family"))
    assert "Valid: _id, _lastUpdated" in text
    one = parser.parse(None, [("_type", "Patient"), ("_sort", "family")])
    assert one.sort == (Sort("Patient.family", False, "string"),)


@pytest.mark.parametrize("value", ["true", "text", "data", "false"])
def test_a_summary_is_asked_for(parser: QueryParser, value: str) -> None:
    query = parser.parse("Patient", [("_summary", value)])
    assert (query.summary, query.count) == (value, 20)
    assert query.applied == (("_summary", value),)


def test_a_summary_of_the_count_asks_for_no_results(parser: QueryParser) -> None:
    query = parser.parse("Patient", [("_summary", "count"), ("_count", "5")])
    assert (query.summary, query.count) == ("count", 0)


def test_elements_are_those_of_the_types_searched(parser: QueryParser) -> None:
    query = parser.parse("Patient", [("_elements", "name,birthDate, name,deceased")])
    assert query.elements == ("name", "birthDate", "deceased")
    assert query.applied == (("_elements", "name,birthDate,deceased"),)
    text = refusal(parser, "Patient", ("_elements", "name,birthdate"))
    assert "birthdate" in text
    assert "Did you mean birthDate" in text
    assert parser.parse(None, [("_elements", "birthDate,vaccineCode")]).elements


def test_elements_and_a_summary_are_not_combined(parser: QueryParser) -> None:
    pairs = [("_elements", "name"), ("_summary", "true")]
    assert "_elements can't be combined with _summary" in refusal(parser, "Patient", *pairs)
    assert parser.parse("Patient", pairs, lenient=True).elements == ()
    assert parser.parse("Patient", [("_elements", "name"), ("_summary", "false")]).elements


def test_contained_and_explain_are_asked_for(parser: QueryParser) -> None:
    plain = parser.parse("Patient", [])
    assert (plain.contained, plain.contained_type, plain.explain) == ("false", "container", False)
    query = parser.parse(
        "Patient", [("_contained", "both"), ("_containedType", "contained"), ("_explain", "true")]
    )
    assert (query.contained, query.contained_type, query.explain) == ("both", "contained", True)


@pytest.mark.parametrize(
    ("other", "dropped"),
    [
        (("_sort", "name"), "_sort"),
        (("_include", "Patient:link"), "_include"),
        (("_revinclude", "Observation:patient"), "_include"),
        (("organization.name", "x"), "_contained"),
        (("_has:Observation:patient:status", "final"), "_contained"),
        (("_list", "1"), "_contained"),
        (("_filter", "not (organization.name co x)"), "_contained"),
    ],
)
def test_contained_resources_are_not_sorted_included_or_joined(
    parser: QueryParser, other: tuple[str, str], dropped: str
) -> None:
    assert dropped in refusal(parser, "Patient", ("_contained", "true"), other)
    query = parser.parse("Patient", [("_contained", "true"), other], lenient=True)
    assert dropped in query.ignored[0].text
    left = {"_contained", other[0]} - {dropped if dropped == "_contained" else other[0]}
    assert {name for name, _ in query.applied} == left
    assert (query.sort, query.includes, query.revincludes) == ((), (), ())


def test_includes_and_a_summary_of_texts_are_not_combined(parser: QueryParser) -> None:
    pairs = [("_include", "Patient:link"), ("_summary", "text"), ("active", "true")]
    assert "_summary=text" in refusal(parser, "Patient", *pairs)
    query = parser.parse("Patient", pairs, lenient=True)
    assert query.includes == ()
    assert query.applied == (("_summary", "text"), ("active", "true"))
    assert query.where.parts == (HasToken("Patient.active=true"),)


def test_a_search_has_a_limit_of_includes(parser: QueryParser) -> None:
    pairs = [("_include", "Patient:link")] * 31
    assert "at most 30" in refusal(parser, "Patient", *pairs)


def test_a_misspelt_name_gets_a_hint(parser: QueryParser) -> None:
    assert "Did you mean '_summary'" in refusal(parser, "Patient", ("_sumary", "true"))
    assert "Did you mean 'birthdate'" in refusal(parser, "Patient", ("birthDate", "2020"))
    assert "Did you mean '_lastUpdated'" in refusal(parser, None, ("_lastupdated", "2020"))


@pytest.mark.parametrize(
    "name",
    ["_count", "_sort", "_include", "_include:iterate", "_summary", "_total", "_type", "_cursor"],
)
def test_criteria_of_another_interaction_have_no_say_about_an_answer(
    parser: QueryParser, name: str
) -> None:
    with pytest.raises(FhirError, match=name) as error:
        parser.parse_criteria("Patient", [("identifier", "x|1"), (name, "1")], 2)
    assert error.value.status == 400


def test_criteria_of_another_interaction_may_follow_references(parser: QueryParser) -> None:
    pairs = [
        ("identifier", "x|1"),
        ("organization.name", "y"),
        ("_has:Encounter:patient:status", "planned"),
    ]
    query = parser.parse_criteria("Patient", pairs, 2)
    assert query.count == 2
    assert query.where == parser.parse("Patient", pairs).where
