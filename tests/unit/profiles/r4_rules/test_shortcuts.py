"""What is decided without evaluating FHIRPath is decided as FHIRPath decides it."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.r4_rules import invariants
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology
from tests.unit.profiles.r4_rules.altered import examples_and_altered

EVERY = 12


def found(validator: Validator, resource: Any) -> list[tuple[str | None, str | None]]:
    return sorted((i.rule or "", i.expression or "") for i in validator.validate(resource))


@pytest.mark.timeout(300)
def test_predicates_and_what_decides_early_agree_with_the_expressions(
    definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = Terminology(definitions)
    quick, slow = Validator(definitions, codes), Validator(definitions, codes)
    only_special = {
        key: predicate
        for key, predicate in invariants.PREDICATES.items()
        # The first reports only on request; R4's own puts strings together.
        if key[1] in ("dom-6", "bdl-7")
    }
    resources = examples_and_altered(EVERY, 4)
    as_usual = [found(quick, resource) for resource in resources]
    monkeypatch.setattr(invariants, "PREDICATES", only_special)
    monkeypatch.setattr(
        invariants.Invariants, "_decisive", lambda self, invariant: ((), frozenset())
    )
    assert [found(slow, resource) for resource in resources] == as_usual
    assert any(rule in ("per-1", "cpt-2") for issues in as_usual for rule, _ in issues)
