"""What a walk passes over at a glance has nothing to check."""

from __future__ import annotations

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.r4_rules.walk import Plan
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology
from tests.unit.profiles.r4_rules.altered import examples_and_altered

EVERY = 30


@pytest.mark.timeout(300)
def test_a_walk_that_passes_over_values_finds_what_one_that_visits_all_finds(
    definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = Terminology(definitions)
    quick, slow = Validator(definitions, codes), Validator(definitions, codes)
    resources = examples_and_altered(EVERY, 8)
    as_usual = [quick.validate(resource) for resource in resources]
    monkeypatch.setattr(Plan, "finish", lambda self: None)
    assert [slow.validate(resource) for resource in resources] == as_usual
    assert any(issue.severity == "error" for issues in as_usual for issue in issues)
