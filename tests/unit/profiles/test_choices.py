"""A choice element has one of its properties, however few or many others stand beside it."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.profiles.validator import Validator

URL = {"url": "http://e.org/x"}


def rules(validator: Validator, extension: dict[str, Any]) -> set[str | None]:
    issues = validator.validate({"resourceType": "Basic", "code": {}, "extension": [extension]})
    return {i.rule for i in issues if (i.expression or "").startswith("Basic.extension")}


@pytest.mark.parametrize(
    "extension",
    [
        {"valueString": "a", "valueCode": "b"},
        {**URL, "valueString": "a", "valueCode": "b"},
        {**URL, "id": "x", "valueString": "a", "valueCode": "b"},
        {**URL, "id": "x", "_valueCode": {"id": "b"}, "valueString": "a"},
        {**URL, "_valueCode": {"id": "b"}, "valueString": "a"},
    ],
)
def test_two_properties_of_a_choice_are_refused(
    validator: Validator, extension: dict[str, Any]
) -> None:
    assert "choice" in rules(validator, extension)


@pytest.mark.parametrize(
    "extension",
    [
        {**URL, "valueString": "a"},
        {**URL, "id": "x", "valueString": "a"},
        {**URL, "id": "x", "valueString": "a", "_valueString": {"id": "b"}},
    ],
)
def test_one_property_of_a_choice_is_right(validator: Validator, extension: dict[str, Any]) -> None:
    assert "choice" not in rules(validator, extension)
