"""Fixed values, patterns, limits."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.profiles.plans.conftest import concept, profile


def team(**elements):
    return {"resourceType": "CareTeam", **elements}


def observation(**elements):
    return {"resourceType": "Observation", **elements}


def quantity(**asked):
    return profile("Observation", {"id": "Observation.value[x]", "max": "1", **asked})


def test_a_fixed_text(check):
    fixed = profile("CareTeam", {"id": "CareTeam.name", "fixedString": "Team"})
    assert check(team(name="Team"), fixed) == []
    assert check(team(name="Lag"), fixed) == [("fixed", "CareTeam.name")]
    assert check(team(), fixed) == []


def test_a_text_that_is_only_an_extension_is_not_the_fixed_one(check):
    fixed = profile("CareTeam", {"id": "CareTeam.name", "fixedString": "Team"})
    assert check(team(_name={"id": "n"}), fixed) == [("fixed", "CareTeam.name")]


def test_a_fixed_object_has_nothing_more_and_nothing_less(check):
    fixed = profile("CareTeam", {"id": "CareTeam.category", "fixedCodeableConcept": concept("a")})
    assert check(team(category=[concept("a")]), fixed) == []
    for other in ({**concept("a"), "text": "A"}, concept("a", "b"), concept("b"), {"text": "A"}):
        assert check(team(category=[other]), fixed) == [("fixed", "CareTeam.category[0]")]


def test_a_pattern_is_the_least_content(check):
    pattern = profile(
        "CareTeam", {"id": "CareTeam.category", "patternCodeableConcept": concept("a", "b")}
    )
    both = {"text": "A", "coding": [*concept("x", "b")["coding"], *concept("a")["coding"]]}
    assert check(team(category=[both]), pattern) == []
    assert check(team(category=[both, concept("a")]), pattern) == [
        ("pattern", "CareTeam.category[1]")
    ]


@pytest.mark.parametrize("value", [1, 1.0, Decimal("1.00")])
@pytest.mark.parametrize("fixed", [1, 1.0])
def test_numbers_are_compared_as_numbers(check, value, fixed):
    definition = quantity(patternQuantity={"value": fixed})
    assert check(observation(valueQuantity={"value": value}), definition) == []
    assert check(observation(valueQuantity={"value": value + 1}), definition) == [
        ("pattern", "Observation.value")
    ]


def test_a_tenth_is_a_tenth_however_it_was_read(check):
    definition = quantity(fixedQuantity={"value": 0.1})
    assert check(observation(valueQuantity={"value": Decimal("0.10")}), definition) == []


def test_true_is_not_one(check):
    definition = quantity(fixedInteger=1)
    assert check(observation(valueInteger=1), definition) == []
    assert check(observation(valueBoolean=True), definition) == [("fixed", "Observation.value")]
    definition = quantity(patternBoolean=True)
    assert check(observation(valueBoolean=True), definition) == []
    assert check(observation(valueInteger=1), definition) == [("pattern", "Observation.value")]


def test_a_text_that_is_too_long(check, issues):
    short = profile("CareTeam", {"id": "CareTeam.name", "maxLength": 4})
    assert check(team(name="Team"), short) == []
    [issue] = issues(team(name="Teams"), short)
    assert (issue.rule, issue.expression) == ("max-length", "CareTeam.name")
    assert "at most 4 characters" in issue.text
    assert "Teams" not in issue.text


def test_a_number_beyond_its_limits(check):
    between = quantity(minValueInteger=1, maxValueInteger=3)
    assert check(observation(valueInteger=1), between) == []
    assert check(observation(valueInteger=0), between) == [("min-value", "Observation.value")]
    assert check(observation(valueInteger=4), between) == [("max-value", "Observation.value")]


def test_a_date_beyond_its_limits_by_the_precision_it_has(check):
    between = profile(
        "Patient",
        {"id": "Patient.birthDate", "minValueDate": "1900-06", "maxValueDate": "2020-06-15"},
    )

    def found(date):
        return check({"resourceType": "Patient", "birthDate": date}, between)

    for date in ("1900-06-01", "1900", "2020-06-15", "2020-06", "2020"):
        assert found(date) == []
    assert found("1900-05") == found("1899") == [("min-value", "Patient.birthDate")]
    assert found("2020-06-16") == found("2021") == [("max-value", "Patient.birthDate")]


def test_a_date_may_be_limited_by_the_time_from_now(check):
    unit = {"system": "http://unitsofmeasure.org", "value": 0}
    for code in ("a", "mo", "wk", "d", "h", "min", "s"):
        past = profile(
            "Patient", {"id": "Patient.birthDate", "maxValueQuantity": {**unit, "code": code}}
        )
        assert check({"resourceType": "Patient", "birthDate": "2001"}, past) == []
        assert check({"resourceType": "Patient", "birthDate": "2901"}, past) == [
            ("max-value", "Patient.birthDate")
        ]


def test_a_time_beyond_its_limits(check):
    late = quantity(minValueTime="08:00:00")
    assert check(observation(valueTime="08:00:00"), late) == []
    assert check(observation(valueTime="07:59:00"), late) == [("min-value", "Observation.value")]


def test_a_quantity_beyond_its_limits(check, issues):
    gram = {"system": "http://unitsofmeasure.org", "code": "g"}
    light = quantity(maxValueQuantity={"value": 2.5, **gram})
    assert check(observation(valueQuantity={"value": 2.5, **gram}), light) == []
    assert check(observation(valueQuantity={"value": 3, **gram}), light) == [
        ("max-value", "Observation.value")
    ]
    [issue] = issues(observation(valueQuantity={"value": 1, "unit": "kg"}), light)
    assert (issue.severity, issue.rule) == ("warning", "max-value")
    assert "can't be told" in issue.text
