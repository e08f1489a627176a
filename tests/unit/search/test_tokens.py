"""Spelling of index tokens; strings as https://hl7.org/fhir/R4/search.html#string compares them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.folding import fold
from fhir_server.search import tokens
from fhir_server.search.parameters import present_range


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ÅSA Öberg", "asa oberg"),
        ("Åsa Öberg", "asa oberg"),
        ("Ærø Łódź", "aero lodz"),
        ("Straße", "strasse"),
        ("O'Brien O’Brien", "obrien obrien"),
        ("Anna-Lena  Svensson,\tUmeå", "anna lena svensson umea"),
        ("St. Göran", "st goran"),
        ("Ива\u0301н", "иван"),
        ("李", "李"),
        ("—", ""),
        ("", ""),
    ],
)
def test_case_accents_and_punctuation_do_not_count(text: str, folded: str) -> None:
    assert fold(text) == folded


@settings(deadline=None)
@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_a_folded_string_has_no_separators(one: str, other: str) -> None:
    folded = fold(f"{one}{tokens.EXACT}{other}{tokens.NEXT}")
    assert not {tokens.EXACT, tokens.NEXT} & set(folded)


def test_long_values_are_told_apart_by_their_hash() -> None:
    one, other = "x" * 5000, "x" * 4999 + "y"
    assert len(tokens.bounded(one)) < tokens.LONGEST + 100
    assert tokens.bounded(one) != tokens.bounded(other)
    assert tokens.bounded("x" * tokens.LONGEST) == "x" * tokens.LONGEST


def test_a_telephone_number_is_its_digits() -> None:
    assert tokens.telephone("+46 (0)70-123 45.67") == "+460701234567"


def test_the_range_of_a_parameter_holds_its_tokens_and_no_other() -> None:
    low, high = present_range("Task.code")
    own = [f"Task.code{s}x" for s in (":of-type=", "=", ";", ">", "<", "@", "?")]
    others = ["Task.code-value=x", "Task.codex=x", "Task.code_x=x", "Task.cod=x", "Task", "Task.co"]
    assert all(low <= token < high for token in own)
    assert not any(low <= token < high for token in others)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_what_is_folded_stays_as_it_is_folded_again(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert fold(text.upper()) == fold(text.upper().casefold())
