"""What expressions come to, by section of http://hl7.org/fhirpath/N1/; the cases are in cases.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhirpath.engine import Engine, Environment, FhirPathError
from tests import yaml_files
from tests.unit.fhirpath.conftest import environment_of

HERE = Path(__file__).parent
SAMPLES = yaml_files.load((HERE / "samples.yaml").read_text("utf-8"))
SECTIONS = yaml_files.load((HERE / "cases.yaml").read_text("utf-8"))


def cases(kind: str) -> Iterator[Any]:
    for section in SECTIONS:
        for case in section.get(kind, ()):
            name = section["section"].partition(" ")[0]
            yield pytest.param(section, case[0], case[1], id=f"{name} {case[0]}")


def plain(value: Any) -> Any:
    """Give exact numbers as those that YAML has."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return value


def evaluated(engine: Engine, section: dict[str, Any], expression: str) -> list[Any]:
    resource = SAMPLES[section.get("sample", "patient")]
    environment: Environment = environment_of(resource)
    type_ = resource["resourceType"]
    value, extension = resource, None
    if "at" in section:
        (value,) = engine.compile(section["at"], type_).evaluate(resource, environment)
        extension = resource.get(f"_{section['at']}")
    compiled = engine.compile(expression, section.get("context", type_))
    return compiled.evaluate(value, environment, extension)


@pytest.mark.parametrize(("section", "expression", "result"), [*cases("cases")])
def test_an_expression_comes_to_what_the_specification_says(
    engine: Engine, section: dict[str, Any], expression: str, result: list[Any]
) -> None:
    found = [plain(value) for value in evaluated(engine, section, expression)]
    assert found == result
    assert [type(value) is bool for value in found] == [type(value) is bool for value in result]


@pytest.mark.parametrize(("section", "expression", "text"), [*cases("errors")])
def test_an_expression_that_means_nothing_is_an_error_that_says_why(
    engine: Engine, section: dict[str, Any], expression: str, text: str
) -> None:
    with pytest.raises(FhirPathError) as error:
        evaluated(engine, section, expression)
    assert text in error.value.text
