"""What the engine promises to those who check rules with it."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import Any

import pytest

from fhir_server.fhir.json import parse
from fhir_server.fhirpath.engine import Engine, Environment, FhirPathError

NOBODY: dict[str, Any] = {"resourceType": "Patient"}
SURROUNDINGS = Environment(NOBODY, NOBODY)


def holds(engine: Engine, expression: str, context: str, value: Any, **more: Any) -> bool:
    return engine.compile(expression, context).holds(value, SURROUNDINGS, **more)


def test_a_rule_fails_only_where_it_is_false(engine: Engine) -> None:
    assert holds(engine, "start <= end", "Period", {"start": "2020", "end": "2021"})
    assert not holds(engine, "start <= end", "Period", {"start": "2021", "end": "2020"})


def test_a_rule_that_comes_to_nothing_holds(engine: Engine) -> None:
    assert holds(engine, "start <= end", "Period", {"start": "2020"})
    assert holds(engine, "start <= end", "Period", {"start": "2020", "end": "2020-05"})
    assert holds(engine, "{}", "Period", {})


def test_a_rule_that_comes_to_something_else_than_a_boolean_holds(engine: Engine) -> None:
    assert holds(engine, "start", "Period", {"start": "2020"})
    assert holds(engine, "'false'", "Period", {})


def test_a_rule_that_comes_to_several_items_is_an_error(engine: Engine) -> None:
    with pytest.raises(FhirPathError, match="several"):
        holds(engine, "given", "HumanName", {"given": ["a", "b"]})


def test_an_expression_is_compiled_once_for_each_context(engine: Engine) -> None:
    one = engine.compile("start.exists()", "Period")
    assert engine.compile("start.exists()", "Period") is one
    assert engine.compile("start.exists()", "CarePlan.period") is not one
    assert one.text == "start.exists()"


def test_a_path_and_a_type_are_contexts(engine: Engine) -> None:
    participant = {"role": [{"text": "a"}], "member": {"reference": "Patient/1"}}
    for context in ("CareTeam.participant", "CareTeam.participant[x]"):
        assert holds(engine, "member.exists()", context, participant)
    assert holds(engine, "coding.empty()", "CareTeam.participant.role", {"text": "a"})
    assert holds(engine, "item.empty()", "Questionnaire.item.item", {"linkId": "1"})


@pytest.mark.parametrize(
    ("context", "hint"),
    [("Patientt", ""), ("Patient.nam", "Did you mean name"), ("CareTeam.participant.rol", "role")],
)
def test_a_context_that_there_is_not_is_an_error(engine: Engine, context: str, hint: str) -> None:
    with pytest.raises(FhirPathError, match="There is no type and no element") as error:
        engine.compile("true", context)
    assert hint in error.value.text


def test_a_choice_is_a_context_whose_type_the_caller_may_tell(engine: Engine) -> None:
    context = "RiskAssessment.prediction.probability[x]"
    rule = "low.empty() or low.code = '%'"
    assert holds(engine, rule, context, {"low": {"code": "%"}}, type_name="Range")
    assert not holds(engine, rule, context, {"low": {"code": "g"}})
    assert holds(engine, rule, context, Decimal("0.5"), type_name="decimal")
    assert holds(engine, "$this is decimal", context, Decimal("0.5"))
    assert holds(engine, "$this is string", "Extension.value[x]", "x", type_name="string")
    assert not holds(engine, "$this is string", "Extension.value[x]", "x")
    with pytest.raises(FhirPathError, match="None of the types"):
        engine.compile("lo.empty()", context)


def test_an_element_of_any_type_is_a_context(engine: Engine) -> None:
    rule = "hasValue() or (children().count() > id.count())"
    assert holds(engine, rule, "Element", "text")
    assert holds(engine, rule, "Element", {"text": "a"})
    assert not holds(engine, rule, "Element", {"id": "a"})
    assert holds(engine, rule, "Element", None, extension={"extension": [{"url": "a"}]})


def test_a_primitive_is_given_with_what_stands_beside_it(engine: Engine) -> None:
    beside = {"extension": [{"url": "http://example.org", "valueCode": "a"}]}
    assert holds(engine, "hasValue()", "date", "2020")
    assert not holds(engine, "hasValue()", "date", None, extension=beside)
    assert holds(engine, "exists()", "date", None, extension=beside)
    assert holds(engine, "extension.value = 'a'", "date", "2020", extension=beside)
    assert holds(engine, "$this > @2019", "date", "2020", extension=beside)
    assert not holds(engine, "exists()", "date", None)
    found = engine.compile("$this", "date").evaluate(None, SURROUNDINGS, beside)
    assert found == [None]


@pytest.mark.parametrize("value", [0.1, Decimal("0.1"), parse(b"0.1")])
def test_decimals_are_exact_however_the_json_was_read(engine: Engine, value: Any) -> None:
    quantity = {"value": value}
    assert holds(engine, "value = 0.1", "Quantity", quantity)
    assert holds(engine, "value + 0.2 = 0.3", "Quantity", quantity)
    assert holds(engine, "value <= 0.1 and value >= 0.10", "Quantity", quantity)
    assert holds(engine, "value > 0", "Quantity", quantity)
    assert holds(engine, "(value | 0.1).count() = 1", "Quantity", quantity)
    assert engine.compile("value * 3", "Quantity").evaluate(quantity, SURROUNDINGS) == [
        Decimal("0.3")
    ]


def test_an_expression_may_be_evaluated_by_threads_side_by_side(engine: Engine) -> None:
    expression = engine.compile(
        "name.select(given.select($index)).aggregate($total + $this, 0)", "Patient"
    )
    wrong: list[Any] = []

    def run(count: int) -> None:
        patient = {"resourceType": "Patient", "name": [{"given": ["a"] * count}]}
        for _ in range(200):
            found = expression.evaluate(patient, Environment(patient, patient))
            if found != [count * (count - 1) // 2]:
                wrong.append(found)

    threads = [threading.Thread(target=run, args=(count,)) for count in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_evaluation_leaves_the_resource_as_it_was(engine: Engine) -> None:
    import copy

    patient = {"resourceType": "Patient", "name": [{"given": ["a", "b"]}], "telecom": [{"rank": 1}]}
    before = copy.deepcopy(patient)
    for expression in (
        "name.given.combine('c')", "name | telecom", "descendants()", "name.repeat(given)",
        "name.given.aggregate($total | $this)", "name.given.distinct()",
    ):  # fmt: skip
        engine.compile(expression, "Patient").evaluate(patient, Environment(patient, patient))
    assert patient == before


def test_a_value_that_is_not_what_its_type_says_is_an_error(engine: Engine) -> None:
    with pytest.raises(FhirPathError, match="not what its type says"):
        holds(engine, "family.length() > 1", "HumanName", "text")
    with pytest.raises(FhirPathError, match="not what its type says"):
        holds(engine, "family.length() > 1", "HumanName", {"family": 5})


def test_errors_say_nothing_of_the_data(engine: Engine) -> None:
    secret = "19121212-1212"
    for expression in (
        "family.toInteger() + given",
        "given.single()",
        "given < 5",
        "given and true",
    ):
        with pytest.raises(FhirPathError) as error:
            holds(engine, expression, "HumanName", {"family": secret, "given": [secret, secret]})
        assert secret not in error.value.text


def test_now_is_the_same_in_all_of_an_evaluation_and_later_in_the_next(engine: Engine) -> None:
    expression = engine.compile("now() = now() and today() <= now()", "Period")
    assert expression.evaluate({}, SURROUNDINGS) == [] or expression.holds({}, SURROUNDINGS)
    moment = engine.compile("now()", "Period")
    first = moment.evaluate({}, SURROUNDINGS)
    while moment.evaluate({}, SURROUNDINGS) == first:
        pass


def test_a_contained_resource_is_found_where_the_environment_does_not_know_it(
    engine: Engine,
) -> None:
    root = {"resourceType": "CareTeam", "contained": [{"resourceType": "Patient", "id": "p"}]}
    reference = {"reference": "#p"}
    expression = engine.compile("resolve() is Patient", "Reference")
    assert expression.evaluate(reference, Environment(root, root)) == [True]
    assert expression.evaluate({"reference": "#q"}, Environment(root, root)) == []
    assert expression.evaluate({"display": "q"}, Environment(root, root)) == []
