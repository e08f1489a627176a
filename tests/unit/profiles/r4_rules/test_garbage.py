"""Whatever stands wherever in a resource, the validator says something and never fails."""

from __future__ import annotations

import random
from typing import Any

from fhir_server.fhir import json
from fhir_server.profiles.validator import Validator
from tests.conformance.r4_examples import examples

GARBAGE: list[Any] = [
    None,
    5,
    1.5,
    True,
    "",
    "x",
    "#x",
    [],
    {},
    [None],
    [[]],
    [5],
    {"id": 5},
    {"a": {}},
    [{}],
]


def spoilt(value: Any, chance: random.Random) -> Any:
    if chance.random() < 0.06:
        return chance.choice(GARBAGE)
    if isinstance(value, list):
        return [spoilt(item, chance) for item in value]
    if isinstance(value, dict):
        return {k: v if k == "resourceType" else spoilt(v, chance) for k, v in value.items()}
    return value


def test_garbage_anywhere_is_told_and_nothing_fails(validator: Validator) -> None:
    chance = random.Random(7)
    spoilt_ones = 0
    for number, (_, data) in enumerate(examples()):
        if number % 9 or len(data) > 8000:
            continue
        resource = json.plain(data)
        for _ in range(4):
            wrong = spoilt(resource, chance)
            if isinstance(wrong, dict) and wrong != resource:
                spoilt_ones += 1
                assert all(issue.text for issue in validator.validate(wrong))
    assert spoilt_ones > 1000
