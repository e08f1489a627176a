"""The part of FHIRPath that search parameters use: http://hl7.org/fhirpath/N1/"""

import pytest

from fhir_server.fhirpath.syntax import (
    Binary,
    Call,
    Cast,
    Index,
    Is,
    Literal,
    Member,
    Name,
    This,
    Variable,
)
from fhir_server.search.fhirpath import UnsupportedExpression, alternatives, parse, type_name


def test_a_path_is_read_from_left_to_right() -> None:
    assert parse("Patient.name.family") == Member(Member(Name("Patient"), "name"), "family")


def test_a_cast_binds_tighter_than_a_union() -> None:
    union = parse("(A.b as Quantity) | A.c as Range | A.d")
    assert list(alternatives(union)) == [
        Cast(Member(Name("A"), "b"), "Quantity"),
        Cast(Member(Name("A"), "c"), "Range"),
        Member(Name("A"), "d"),
    ]


@pytest.mark.parametrize("text", ["A.b as Age", "A.b.as(Age)", "A.b.ofType(Age)"])
def test_a_cast_has_several_spellings(text: str) -> None:
    assert parse(text) == Cast(Member(Name("A"), "b"), "Age")


def test_the_namespace_of_a_type_is_left_out() -> None:
    assert type_name("FHIR.Age") == type_name("Age") == "Age"


def test_a_type_test_inside_a_filter_is_read() -> None:
    resolved = Call(This(), "resolve", ())
    assert parse("A.b.where(resolve() is Patient)") == Call(
        Member(Name("A"), "b"), "where", (Is(resolved, "Patient"),)
    )


def test_an_index_a_comparison_and_logic_are_read() -> None:
    assert parse("a.b[2]") == Index(Member(Name("a"), "b"), Literal(2))
    assert parse("a = 'x' and b != false or c") == Binary(
        "or",
        Binary(
            "and",
            Binary("=", Name("a"), Literal("x")),
            Binary("!=", Name("b"), Literal(False)),
        ),
        Name("c"),
    )


def test_a_string_may_hold_an_escaped_quote() -> None:
    assert parse(r"'it\'s'") == Literal("it's")


def test_quoted_names_and_variables_are_read() -> None:
    assert parse("%resource.`div`") == Member(Variable("resource"), "div")
    assert parse("$this") == This()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a +",
        "a + b",
        "a.",
        "(a",
        "a)",
        "a[b]",
        "a[1.5]",
        "a in b",
        "a implies b",
        "-a",
        "{}",
        "a.where($index = 0)",
        "a = @2020",
        "a > 4 days",
        "a[",
        "f(",
        "a as",
        "a as 5",
        "'open",
        "%x",
        "a b",
    ],
)
def test_what_is_outside_the_part_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedExpression):
        parse(text)
