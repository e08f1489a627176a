"""_filter: the grammar, and the criteria that comparisons become."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.outcome import FhirError
from fhir_server.search.filter_language import (
    OPERATORS,
    Comparison,
    Filter,
    Logical,
    Negated,
    Step,
    parse,
)
from fhir_server.search.parse import QueryParser
from fhir_server.search.query import (
    And,
    Chained,
    Criterion,
    HasId,
    HasToken,
    InRange,
    Not,
    Or,
    TextContains,
    TextStart,
    TokenRange,
    Updated,
)


def comparison(name: str, operator: str = "eq", value: str = "x") -> Comparison:
    return Comparison((Step(name),), operator, value)


A, B, C = comparison("a"), comparison("b"), comparison("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a eq x", A),
        ('  a   eq "x"  ', A),
        ("(a eq x)", A),
        ("a eq x and b eq x", Logical("and", (A, B))),
        ("a eq x or b eq x or c eq x", Logical("or", (A, B, C))),
        ("a eq x or b eq x and c eq x", Logical("or", (A, Logical("and", (B, C))))),
        ("(a eq x or b eq x) and c eq x", Logical("and", (Logical("or", (A, B)), C))),
        ("not (a eq x) and b eq x", Logical("and", (Negated(A), B))),
        ("not(a eq x or b eq x)", Negated(Logical("or", (A, B)))),
        (r'a eq "x \"y\" \\ å\u00e5)"', comparison("a", "eq", 'x "y" \\ åå)')),
        ("a eq http://loinc.org|1234-5", comparison("a", "eq", "http://loinc.org|1234-5")),
        ("(a ge 2014-10-10T10:00:00+02:00)", comparison("a", "ge", "2014-10-10T10:00:00+02:00")),
        ("a-b_c eq and", comparison("a-b_c", "eq", "and")),
        ("_lastUpdated gt 2020", comparison("_lastUpdated", "gt", "2020")),
        ("a pr true", comparison("a", "pr", "true")),
        ("a.b co x", Comparison((Step("a"), Step("b")), "co", "x")),
        ("a:Patient.b co x", Comparison((Step("a:Patient"), Step("b")), "co", "x")),
        ("a[b eq x].c eq x", Comparison((Step("a", B), Step("c")), "eq", "x")),
        (
            "a[b eq x and not (c eq x)].b.c re Patient/1",
            Comparison(
                (Step("a", Logical("and", (B, Negated(C)))), Step("b"), Step("c")), "re", "Patient/1"
            ),
        ),
    ],
)  # fmt: skip
def test_a_filter_is_read(text: str, tree: Filter) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "expected", "at"),
    [
        ("", "the name of a search parameter", 1),
        ("a", "one of eq", 2),
        ("a xx y", "one of eq", 3),
        ("a eq", "a value", 5),
        ("a eq )", "a value", 6),
        ("a eq x y", "'and', 'or' or the end", 8),
        ("a eq x and", "the name", 11),
        ("(a eq x", "')'", 8),
        ("a eq x)", "the end", 7),
        ("not a eq x", "'('", 5),
        ("a[b eq x eq y", "']'", 10),
        ("a[b eq x] eq y", "'.'", 11),
        ("1 eq 2", "the name", 1),
        ('a eq "open', "a value", 6),
        (r'a eq "\q"', "JSON", 10),
        ("a EQ x", "one of eq", 3),
    ],
)
def test_what_is_no_filter_is_refused_with_the_place(text: str, expected: str, at: int) -> None:
    with pytest.raises(FhirError) as error:
        parse(text)
    assert error.value.status == 400
    assert expected in str(error.value)
    assert f"character {at}." in str(error.value)


def test_a_filter_has_a_greatest_length_and_depth() -> None:
    assert parse(" and ".join(["a eq x"] * 50))
    with pytest.raises(FhirError, match="at most 50"):
        parse(" and ".join(["a eq x"] * 51))
    assert parse("(" * 20 + "a eq x" + ")" * 20)
    with pytest.raises(FhirError, match="at most 20"):
        parse("(" * 21 + "a eq x" + ")" * 21)


NAMES = st.sampled_from(["a", "b-c", "_id", "x1"])
LEAVES = st.builds(
    Comparison,
    st.lists(st.builds(Step, NAMES), min_size=1, max_size=3).map(tuple),
    st.sampled_from(OPERATORS),
    st.text(st.characters(codec="utf-8"), max_size=8),
)


def written(node: Filter) -> str:
    """Write a filter with all the parentheses there can be."""
    match node:
        case Comparison(steps, operator, value):
            import json

            return f"{'.'.join(s.name for s in steps)} {operator} {json.dumps(value)}"
        case Negated(part):
            return f"not ({written(part)})"
        case Logical(operator, parts):
            return f" {operator} ".join(f"({written(part)})" for part in parts)


def trees(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Negated, inner), st.builds(Logical, st.sampled_from(["and", "or"]), several)
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(LEAVES, trees, max_leaves=8))
def test_what_is_written_is_read_as_it_was(node: Filter) -> None:
    assert parse(written(node)) == node


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('ab eqandornot()[]."\\x1 '), max_size=40))
def test_whatever_is_sent_is_read_or_refused(text: str) -> None:
    with suppress(FhirError):  # anything else fails the test
        assert parse(text)


def read(parser: QueryParser, type_: str, text: str) -> Criterion:
    (criterion,) = parser.parse(type_, [("_filter", text)]).where.parts
    return criterion


@pytest.mark.parametrize(
    ("type_", "text", "criterion"),
    [
        ("Patient", 'name co "pet"', TextContains("Patient.name", "pet")),
        ("Patient", "name sw Åke", TextStart("Patient.name", "ake")),
        ("Patient", 'given eq "Anna-Lena"', TextStart("Patient.given", "anna lena\x1f")),
        ("Patient", "gender eq male", HasToken("Patient.gender=male")),
        ("Patient", "active pr false", Not(TokenRange("Patient.active:", "Patient.activeA"))),
        ("Patient", "active pr true", TokenRange("Patient.active:", "Patient.activeA")),
        (
            "Observation",
            "code eq http://loinc.org|1234-5",
            HasToken("Observation.code;http://loinc.org|1234-5"),
        ),
        ("Observation", "code eq a,b", HasToken("Observation.code=a,b")),
        ("Observation", "subject re Patient/7", HasToken("Observation.subject>Patient/7")),
        ("Patient", "_id eq 7", HasId(("Patient/7",))),
        ("ValueSet", "url sw http://x/", TokenRange("ValueSet.url=http://x/", "ValueSet.url=http://x/\U0010ffff")),
        (
            "Observation",
            "code ne 1",
            Or((
                TokenRange("Observation.code=", "Observation.code=1"),
                TokenRange("Observation.code=1\0", "Observation.code>"),
            )),
        ),
        (
            "Observation",
            "code ne s|1",
            Or((
                TokenRange("Observation.code;", "Observation.code;s|1"),
                TokenRange("Observation.code;s|1\0", "Observation.code<"),
            )),
        ),
    ],
)  # fmt: skip
def test_a_comparison_is_what_a_search_would_be(
    parser: QueryParser, type_: str, text: str, criterion: Criterion
) -> None:
    found = parser.parse(type_, [("_filter", text)]).where
    assert found == (criterion if isinstance(criterion, And) else And((criterion,)))


@pytest.mark.parametrize("operator", ["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
def test_a_comparison_of_dates_is_that_of_the_prefix(parser: QueryParser, operator: str) -> None:
    (prefixed,) = parser.parse("Patient", [("birthdate", f"{operator}2014-10-10")]).where.parts
    assert read(parser, "Patient", f"birthdate {operator} 2014-10-10") == prefixed


def test_po_is_an_overlap(parser: QueryParser) -> None:
    found = read(parser, "Encounter", "date po 2026-03")
    assert isinstance(found, InRange)
    assert found.comparator == "ap"
    assert (found.low, found.high) == ("2026-02-28T23:00:00.000000", "2026-03-31T22:00:00.000000")
    assert isinstance(read(parser, "Encounter", "_lastUpdated po 2026"), Updated)


def test_a_path_leads_over_references(parser: QueryParser) -> None:
    assert read(parser, "Observation", 'patient:Patient.name co "pet"') == Chained(
        "Observation.patient", ("Patient",), TextContains("Patient.name", "pet")
    )
    assert read(parser, "Observation", "patient:Patient[active eq true].gender eq male") == Chained(
        "Observation.patient",
        ("Patient",),
        And((HasToken("Patient.active=true"), HasToken("Patient.gender=male"))),
    )


def test_and_or_and_not_become_criteria(parser: QueryParser) -> None:
    male, active = HasToken("Patient.gender=male"), HasToken("Patient.active=true")
    text = "gender eq male and not (active eq true)"
    assert parser.parse("Patient", [("_filter", text)]).where == And((male, Not(active)))
    assert read(parser, "Patient", "gender eq male or active eq true") == Or((male, active))


def test_several_types_are_filtered_by_what_they_share(parser: QueryParser) -> None:
    query = parser.parse(None, [("_type", "Patient,Encounter"), ("_filter", "identifier eq x")])
    either = Or((HasToken("Patient.identifier=x"), HasToken("Encounter.identifier=x")))
    assert query.where.parts == (either,)


@pytest.mark.parametrize(
    ("type_", "text", "says"),
    [
        ("Patient", "colour eq red", "'colour' is not supported"),
        ("Patient", "birthdat eq 2000", "Did you mean 'birthdate'"),
        ("Patient", "gender co x", "Valid: eq, ne, ss, sb, in, ni, pr"),
        ("Patient", "name ne x", "Valid: eq, co, sw, ew, pr"),
        ("Patient", "birthdate co x", "Valid: eq, ne, gt"),
        ("Patient", "phone ne 1", "Valid: eq"),
        ("Patient", "birthdate eq ge2000", "leave the prefix out"),
        ("Patient", "birthdate eq 20-13", "must be a date"),
        ("Patient", "active pr maybe", "true or false"),
        ("Patient", "_id pr true", "Valid: eq"),
        ("Patient", "name:exact eq x", "no modifiers"),
        ("Patient", "name eq ---", "letter or a digit"),
        ("Patient", "name.given eq x", "is no reference"),
        ("Patient", "organization.colour eq x", "colour"),
        ("Patient", "organization[colour eq x].name eq x", "colour"),
        ("Patient", "identifier ne |x|", "|code"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_can(
    parser: QueryParser, type_: str, text: str, says: str
) -> None:
    with pytest.raises(FhirError) as error:
        parser.parse(type_, [("_filter", text)])
    assert error.value.status == 400
    assert str(error.value).startswith("_filter: ")
    assert says in str(error.value)
