"""What a walk passes over at a glance has nothing to check."""

from __future__ import annotations

import random

import pytest

from fhir_server.fhir import json
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.r4_rules.walk import Plan
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology
from tests.conformance.r4_examples import examples
from tests.unit.profiles.r4_rules.test_shortcuts import changed

LARGEST = 12_000
EVERY = 30


@pytest.mark.timeout(300)
def test_a_walk_that_passes_over_values_finds_what_one_that_visits_all_finds(
    definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = Terminology(definitions)
    quick, slow = Validator(definitions, codes), Validator(definitions, codes)
    chance = random.Random(8)
    resources = []
    for number, (_, data) in enumerate(examples()):
        if number % EVERY == 0 and len(data) < LARGEST:
            resource = json.plain(data)
            resources += [resource, changed(resource, chance), changed(resource, chance)]
    assert len(resources) > 300
    as_usual = [quick.validate(resource) for resource in resources]
    monkeypatch.setattr(Plan, "finish", lambda self: None)
    assert [slow.validate(resource) for resource in resources] == as_usual
    assert any(issue.severity == "error" for issues in as_usual for issue in issues)
