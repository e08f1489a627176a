"""SMART scopes: what they allow, and that what can't be read allows nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.security.scopes import LETTERS, Scope, allows, covers, parse


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("system/CarePlan.rs", "rs"),
        ("system/CarePlan.cruds", "cruds"),
        ("system/CarePlan.cud", "cud"),
        ("system/CarePlan.read", "rs"),
        ("system/CarePlan.write", "cud"),
        ("system/CarePlan.*", "cruds"),
    ],
)
def test_versions_1_and_2_are_read(text: str, letters: str) -> None:
    assert parse(text) == (Scope("system", "CarePlan", letters),)


@pytest.mark.parametrize(
    "text",
    [
        "", "openid", "fhirUser", "launch/patient", "offline_access", "system/CarePlan",
        "system/CarePlan.", "system/CarePlan.sr", "system/CarePlan.rr", "system/CarePlan.x",
        "system/careplan.r", "root/CarePlan.r", "system/CarePlan.r?", "system/CarePlan.r?category",
        "system/CarePlan.r?=x", "system/CarePlan.r?category=", "system/*.r?category=x",
        "system/CarePlan.r?a=b&", "System/CarePlan.r", "system/Care Plan.r", "system/**.r",
        "system/CarePlan.r\u00a0user/Patient.r", "system/CarePlan.readwrite",
    ],
)  # fmt: skip
def test_what_is_not_about_resources_or_can_not_be_read_allows_nothing(text: str) -> None:
    assert parse(text) == ()


def test_a_scope_may_be_limited_by_a_search() -> None:
    (scope,) = parse("user/Observation.rs?category=a%7Cb&code=x")
    assert scope.search == (("category", "a|b"), ("code", "x"))


def test_several_scopes_add_up_and_others_are_left_out() -> None:
    scopes = parse("openid user/CarePlan.rs launch/patient user/*.r user/CarePlan.rs")
    assert len(scopes) == 2
    assert allows(scopes, "CarePlan", "s")
    assert allows(scopes, "Patient", "r")
    assert not allows(scopes, "Patient", "s")
    assert not allows(scopes, "CarePlan", "u")
    assert not allows((), "CarePlan", "r")


@given(st.text(max_size=60))
def test_no_text_fails(text: str) -> None:
    parse(text)
    parse(f"user/Patient.r?{text}")


@given(
    st.sampled_from(["patient", "user", "system"]),
    st.sampled_from(["*", "Patient", "CarePlan"]),
    st.lists(st.sampled_from(LETTERS), min_size=1, unique=True).map(
        lambda found: "".join(each for each in LETTERS if each in found)
    ),
)
def test_a_scope_covers_its_letters_and_no_other(context: str, type_: str, letters: str) -> None:
    (scope,) = parse(f"{context}/{type_}.{letters}")
    for letter in LETTERS:
        assert covers(scope, "CarePlan", letter) == (letter in letters and type_ != "Patient")
