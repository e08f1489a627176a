"""Expressions come from clients: none may stop the server, whatever it asks for."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fhir_server.fhirpath import items
from fhir_server.fhirpath.engine import Engine, Environment, FhirPathError
from fhir_server.fhirpath.parser import MAX_DEPTH, MAX_LENGTH

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"given": ["a" * 1000]} for _ in range(100)],
}


def evaluated(engine: Engine, expression: str, resource: dict[str, Any] = PATIENT) -> list[Any]:
    environment = Environment(resource, resource)
    return engine.compile(expression, resource["resourceType"]).evaluate(resource, environment)


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 5000 + "1",
        "1" + "+1" * 5000,
        "a" + ".a" * 5000,
        "a" + "[0]" * 5000,
        "true" + " and true" * 1500,
        "iif(" * 3000 + "1",
        "name.where(" * 1500 + "true" + ")" * 1500,
        "1" + " is Integer" * 1500,
    ],
)
def test_what_is_nested_too_deeply_is_refused_with_its_place(
    engine: Engine, expression: str
) -> None:
    with pytest.raises(FhirPathError, match=f"nested more than {MAX_DEPTH} deep") as error:
        engine.compile(expression, "Patient")
    assert error.value.position is not None


def test_what_is_nested_as_deeply_as_allowed_is_evaluated(engine: Engine) -> None:
    assert evaluated(engine, "(" * 100 + "1" + ")" * 100) == [1]
    assert evaluated(engine, "1" + "+1" * 100) == [101]
    assert evaluated(engine, "true" + " and true" * 100) == [True]
    assert evaluated(engine, "name" + ".where(true" * 50 + ")" * 50) == PATIENT["name"]


def test_an_expression_that_is_too_long_is_refused(engine: Engine) -> None:
    with pytest.raises(FhirPathError, match="characters"):
        engine.compile("'" + "a" * MAX_LENGTH + "'", "Patient")


@pytest.mark.parametrize(
    "expression",
    [
        "descendants().where(%resource.descendants().where(%resource.descendants().count() > 0).count() > 0).count()",
        "descendants().select(%resource.descendants().select(%resource.descendants())).count()",
        "name.all(%resource.name.all(%resource.name.all(%resource.name.all(true))))",
        "name.repeat(%resource.name.repeat(%resource.name.repeat($this)))"
        ".select(%resource.descendants()).select(%resource.descendants()).select(%resource.descendants())",
    ],
)
def test_loops_inside_loops_end(
    engine: Engine, expression: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items, "MOST_STEPS", 20_000)
    with pytest.raises(FhirPathError, match="steps"):
        evaluated(engine, expression)


@pytest.mark.parametrize(
    "expression",
    [
        "name.given" + ".select($this.combine($this))" * 20,
        "name.given" + ".select($this & $this)" * 30,
        "name.given.first()" + ".replace('a', 'aa')" * 30,
        "name.given.first()" + ".replaceMatches('a', 'aa')" * 30,
    ],
)
def test_what_grows_without_measure_is_stopped(engine: Engine, expression: str) -> None:
    with pytest.raises(FhirPathError, match="more than"):
        evaluated(engine, expression)


def test_numbers_that_grow_without_measure_are_empty(engine: Engine) -> None:
    assert evaluated(engine, "name.aggregate($total * $total, 10)") == []
    assert evaluated(engine, "10.power(10).power(10).power(10)") == []
    assert evaluated(engine, "1000000.exp()") == []


@pytest.mark.parametrize(
    "call",
    [
        "matches('^(a+)+$')",
        "matches('^(a|a)*$')",
        "matches('^(a|aa)+$')",
        "matches('(.*a){20}$')",
        "replaceMatches('(a+)+$', 'x')",
        "replaceMatches('^(a|aa)+$', 'x')",
    ],
)
def test_regular_expressions_take_linear_time(engine: Engine, call: str) -> None:
    """Python's own engine would take longer than the universe exists for these."""
    patient = {"resourceType": "Patient", "name": [{"family": "a" * 9_999 + "!"}]}
    started = time.monotonic()
    evaluated(engine, f"name.family.first().{call}", patient)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("regex", ["a{1000}{1000}", "((a{100}){100}){100}", "a" * 3000])
def test_regular_expressions_that_take_much_memory_are_refused(engine: Engine, regex: str) -> None:
    with pytest.raises(FhirPathError, match="regular expression"):
        evaluated(engine, f"'a'.matches('{regex}')")
    with pytest.raises(FhirPathError, match="regular expression"):
        evaluated(engine, f"'a'.replaceMatches('{regex}', '')")


def test_repeat_ends_where_elements_lead_in_a_circle(engine: Engine) -> None:
    assert evaluated(engine, "repeat(%resource.name).count()") == [1]
    assert evaluated(engine, "repeat($this).count()") == [1]


def test_deep_resources_are_walked_without_recursion(engine: Engine) -> None:
    item: dict[str, Any] = {"linkId": "0"}
    for number in range(1, 3000):
        item = {"linkId": str(number), "item": [item]}
    questionnaire = {"resourceType": "Questionnaire", "item": [item]}
    assert evaluated(engine, "descendants().linkId.count()", questionnaire) == [3000]


def test_the_engine_keeps_no_more_expressions_than_it_should(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fhir_server.fhirpath import engine as module

    monkeypatch.setattr(module, "MOST_KEPT", 10)
    fresh = Engine(engine._types.model)
    for number in range(100):
        fresh.compile(str(number), "Patient")
    assert len(fresh._kept) <= 10
