"""References as the rules compare them."""

from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Target, codings, target

HSA = {"system": codes.HSA_ID_SYSTEMS[0], "value": "SE2321000214-TEST20"}
ALIAS = {"system": codes.HSA_ID_SYSTEMS[1], "value": "SE2321000214-TEST20"}


@pytest.mark.parametrize(
    ("one", "other", "within", "across"),
    [
        ({"reference": "Organization/1"}, {"reference": "Organization/1/_history/3"}, True, True),
        ({"reference": "Organization/1"}, {"reference": "Organization/2"}, False, False),
        ({"reference": "#1"}, {"reference": "#1"}, True, False),
        ({"reference": "#1", "identifier": HSA}, {"reference": "#1"}, True, False),
        ({"reference": "#1", "identifier": HSA}, {"identifier": ALIAS}, True, True),
        (
            {"reference": "#1", "identifier": HSA},
            {"reference": "#1", "identifier": ALIAS},
            True,
            True,
        ),
        ({"reference": "#1"}, {"reference": "Organization/1"}, False, False),
        ({"identifier": HSA}, {"identifier": ALIAS}, True, True),
        ({"reference": "Organization/1", "identifier": HSA}, {"identifier": ALIAS}, True, True),
        (
            {"reference": "Organization/1", "identifier": HSA},
            {"reference": "Organization/2", "identifier": HSA},
            False,
            False,
        ),
        (
            {"identifier": {"system": "urn:a", "value": "1"}},
            {"identifier": {"value": "1"}},
            False,
            False,
        ),
        ({}, {}, False, False),
        ({"display": "Eva"}, {"display": "Eva"}, False, False),
    ],
)
def test_when_two_references_lead_to_the_same(
    one: dict[str, Any], other: dict[str, Any], within: bool, across: bool
) -> None:
    assert target(one).same(target(other)) is within
    assert target(other).same(target(one)) is within
    assert target(one).same_elsewhere(target(other)) is across


@pytest.mark.parametrize(
    ("reference", "resource_type"),
    [
        ("Patient/1", "Patient"),
        ("Patient/1/_history/2", "Patient"),
        ("https://other.example/Patient/1", ""),
        ("urn:uuid:0b8b1c7e-8d3f-4c6f-9d5e-3a2f1b0c9d8e", ""),
        ("Patient?identifier=1", ""),
        ("#p", ""),
        ("patient/1", ""),
        ("", ""),
    ],
)
def test_only_a_relative_reference_has_a_type_here(reference: str, resource_type: str) -> None:
    assert target({"reference": reference}).resource_type == resource_type


def test_a_coding_without_a_code_says_nothing() -> None:
    concept = {"coding": [{"system": "urn:a"}, {"system": "urn:a", "code": " "}, {"code": "1"}]}
    assert codings(concept, "urn:a") == []


def test_a_contained_reference_has_no_key_for_others_to_share() -> None:
    assert target({"reference": "#p"}).key == ""
    assert Target().key == ""
    assert target({"identifier": ALIAS}).key == f"{codes.HSA_ID}|SE2321000214-TEST20"
