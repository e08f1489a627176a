"""Search parameters as a whole: nothing is ignored, and the query knows what took effect."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.outcome import FhirError
from fhir_server.search.parse import QueryParser
from fhir_server.search.query import HasToken, Not, Or, Sort

PATIENT_7 = HasToken("CareTeam.patient>Patient/7")


def refusal(parser: QueryParser, type_: str | None, *parameters: tuple[str, str]) -> str:
    """Give the text of the error that parameters cause."""
    with pytest.raises(FhirError) as error:
        parser.parse(type_, parameters)
    assert error.value.status == 400
    return str(error.value)


def test_repeated_parameters_must_all_hold_and_alternatives_one(parser: QueryParser) -> None:
    query = parser.parse(
        "CareTeam", [("patient", "Patient/7"), ("status", "active,inactive"), ("status", "x")]
    )
    either = Or((HasToken("CareTeam.status=active"), HasToken("CareTeam.status=inactive")))
    assert query.where.parts == (PATIENT_7, either, HasToken("CareTeam.status=x"))


def test_an_unknown_parameter_is_refused_with_those_there_are(parser: QueryParser) -> None:
    text = refusal(parser, "CareTeam", ("statuss", "active"))
    assert "statuss" in text
    assert all(name in text for name in ("status", "patient", "_id", "_lastUpdated", "_count"))


@pytest.mark.parametrize(
    "name", ["_query", "$where", "Patient.name", "_score", "patient/name", "", ":exact"]
)
def test_what_is_not_offered_is_refused(parser: QueryParser, name: str) -> None:
    assert "not supported" in refusal(parser, "CareTeam", (name, "x"))


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("status:exact", ":not"),
        ("status:of-type", ":missing"),
        ("patient:contains", ":identifier"),
        ("patient:Practitioner", ":Patient"),
        ("date:not", ":missing"),
        ("_lastUpdated:missing", "none"),
    ],
)
def test_an_unknown_modifier_is_refused_with_those_there_are(
    parser: QueryParser, name: str, valid: str
) -> None:
    assert valid in refusal(parser, "CareTeam", (name, "x"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "xx2020"),
        ("date", "2020-13"),
        ("date", "20200101"),
        ("date", "'; db.dropDatabase()"),
        ("status", ""),
        ("status", "a|b|c"),
        ("status", "|"),
        ("status:missing", "maybe"),
        ("patient", "not a reference"),
        ("patient:Patient", "Group/7"),
        ("patient:identifier", "a|b|c"),
        ("identifier:of-type", "a|b"),
        ("_profile:below", "urn:x"),
        ("_count", "-1"),
        ("_count", "many"),
        ("_total", "some"),
        ("_summary", "some"),
        ("_sort", "colour"),
        ("_sort", "date,"),
        ("_sort", "--date"),
        ("_sort", "date,date"),
        ("_sort", "date,-date"),
        ("_sort", ",".join(["_id"] * 9)),
        ("_sort:asc", "date"),
        ("_elements", "colour"),
        ("_elements", "category,"),
        ("_contained", "yes"),
        ("_containedType", "both"),
        ("_explain", "1"),
        ("_list", "$current-problems"),
        ("_list", "a b"),
        ("_list:not", "1"),
        ("status:", "active"),
        ("_filter:x", "status eq active"),
        ("_has", "x"),
        ("_has:Observation:patient", "x"),
        ("_type", "Patient"),
        ("status", "x" * 30_000),
        ("status", ",".join(str(number) for number in range(5001))),
        ("date", ",".join(str(year) for year in range(1000, 1201))),
        ("status", "\ud800"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(parser: QueryParser, name: str, value: str) -> None:
    assert refusal(parser, "CareTeam", (name, value))


def test_a_search_has_a_limit_of_parameters(parser: QueryParser) -> None:
    assert "at most" in refusal(parser, "CareTeam", *[("status", "x")] * 101)


def test_every_wrong_parameter_is_named_at_once(parser: QueryParser) -> None:
    with pytest.raises(FhirError) as error:
        parser.parse("CareTeam", [("date", "x"), ("nothing", "x"), ("status", "active")])
    assert len(error.value.issues) == 2


def test_an_error_does_not_repeat_what_may_be_personal(parser: QueryParser) -> None:
    assert "19121212" not in refusal(parser, "Patient", ("birthdate", "19121212"))
    assert "19121212" not in refusal(parser, "Patient", ("identifier", "a|b|191212121212"))


def test_a_lenient_search_warns_of_what_it_leaves_out(parser: QueryParser) -> None:
    query = parser.parse(
        "CareTeam", [("nothing", "x"), ("patient", "Patient/7"), ("date", "x")], lenient=True
    )
    assert query.where.parts == (PATIENT_7,)
    assert query.applied == (("patient", "Patient/7"),)
    assert [issue.severity for issue in query.ignored] == ["warning", "warning"]
    assert "nothing" in query.ignored[0].text


def test_what_took_effect_is_known_without_the_cursor(parser: QueryParser) -> None:
    parameters = [("status:not", "a,b"), ("_count", "5000"), ("_sort", "-date"), ("_cursor", "x")]
    query = parser.parse("CareTeam", parameters)
    assert query.applied == (("status:not", "a,b"), ("_count", "100"), ("_sort", "-date"))
    assert query.cursor == "x"
    assert query.count == 100
    assert query.sort == (Sort("CareTeam.date", descending=True, kind="date"),)
    again = parser.parse("CareTeam", query.applied)
    assert (again.where, again.count, again.sort) == (query.where, query.count, query.sort)


def test_format_parameters_are_left_to_others(parser: QueryParser) -> None:
    assert parser.parse("CareTeam", [("_format", "json"), ("_pretty", "true")]).applied == ()


@pytest.mark.parametrize("parameter", [("_summary", "count"), ("_count", "0")])
def test_only_the_count_may_be_asked_for(parser: QueryParser, parameter: tuple[str, str]) -> None:
    assert parser.parse("CareTeam", [parameter]).count == 0


@pytest.mark.parametrize("name", ["_count", "_sort", "_total", "_summary"])
def test_a_result_parameter_is_given_once(parser: QueryParser, name: str) -> None:
    value = {"_count": "3", "_sort": "_id", "_total": "none", "_summary": "false"}[name]
    assert "once" in refusal(parser, "CareTeam", (name, value), (name, value))


def test_a_search_of_several_types_takes_what_they_share(parser: QueryParser) -> None:
    query = parser.parse(None, [("_type", "Patient,Encounter"), ("identifier", "x")])
    assert query.types == ("Patient", "Encounter")
    assert query.where.parts == (
        Or((HasToken("Patient.identifier=x"), HasToken("Encounter.identifier=x"))),
    )
    assert "birthdate" in refusal(parser, None, ("_type", "Patient,Encounter"), ("birthdate", "1"))
    assert refusal(parser, None, ("_type", "Nothing"))
    assert refusal(parser, None, ("status", "active"))
    assert refusal(parser, None, ("_type", "Patient,Encounter"), ("_sort", "identifier"))


def test_an_exclusion_from_several_types_excludes_from_each(parser: QueryParser) -> None:
    query = parser.parse(None, [("_type", "Patient,Encounter"), ("identifier:not", "x")])
    either = Or((HasToken("Patient.identifier=x"), HasToken("Encounter.identifier=x")))
    assert query.where.parts == (Not(either),)


def test_a_search_of_all_types_takes_what_every_resource_has(parser: QueryParser) -> None:
    query = parser.parse(None, [("_tag", "x"), ("_lastUpdated", "ge2020")])
    assert query.types == ()
    assert len(query.where.parts) == 2


def test_the_fingerprint_tells_searches_apart_but_not_their_pages(parser: QueryParser) -> None:
    first = parser.parse("CareTeam", [("status", "active")])
    other_page = parser.parse("CareTeam", [("_count", "5"), ("status", "active"), ("_cursor", "x")])
    other_search = parser.parse("CareTeam", [("status", "inactive")])
    other_order = parser.parse("CareTeam", [("status", "active"), ("_sort", "date")])
    assert first.fingerprint == other_page.fingerprint
    assert len({q.fingerprint for q in (first, other_search, other_order)}) == 3


def test_every_core_type_offers_its_parameters(parser: QueryParser) -> None:
    expected = {
        "CareTeam": {"patient", "subject", "status", "category", "date", "participant"},
        "CarePlan": {"patient", "status", "category", "date", "activity-date", "care-team", "goal"},
        "Encounter": {"patient", "status", "class", "date", "length", "service-provider"},
        "PractitionerRole": {"practitioner", "organization", "role", "active", "date"},
    }
    for type_, codes in expected.items():
        assert codes <= set(parser.supported_parameters(type_))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["date", "status", "patient", "identifier", "_id", "_sort", "x", "_cursor"]),
    st.sampled_from(["", ":not", ":missing", ":Patient", ":", "::", ":not:not", ".name"]),
    st.text(max_size=20),
)
def test_whatever_is_sent_is_read_or_refused(
    parser: QueryParser, name: str, modifier: str, value: str
) -> None:
    with suppress(FhirError):  # anything else fails the test
        query = parser.parse("CareTeam", [(name + modifier, value)])
        assert query.applied or query.cursor is not None
