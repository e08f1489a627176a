"""What is decided without evaluating FHIRPath is decided as FHIRPath decides it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.r4_rules import invariants
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology
from tests.conformance.r4_examples import examples

LARGEST = 12_000
EVERY = 12


def changed(value: Any, chance: random.Random) -> Any:
    """Leave out some of what a resource has, and let some of it be named otherwise."""
    if isinstance(value, list):
        return [changed(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {k: changed(v, chance) for k, v in value.items() if chance.random() > 0.12}
    for name in ("start", "end"):
        if name in kept and chance.random() > 0.5:
            kept[name] = chance.choice(["2011", "2012-06", "2015-02-07T13:28:17.239+02:00"])
    if "use" in kept and chance.random() > 0.5:
        kept["use"] = "home"
    return kept


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
    chance = random.Random(4)
    resources = []
    for number, (_, data) in enumerate(examples()):
        if number % EVERY == 0 and len(data) < LARGEST:
            resource = json.plain(data)
            resources += [resource, changed(resource, chance), changed(resource, chance)]
    assert len(resources) > 300
    as_usual = [found(quick, resource) for resource in resources]
    monkeypatch.setattr(invariants, "PREDICATES", only_special)
    monkeypatch.setattr(
        invariants.Invariants, "_decisive", lambda self, invariant: ((), frozenset())
    )
    assert [found(slow, resource) for resource in resources] == as_usual
    assert any(rule in ("per-1", "cpt-2") for issues in as_usual for rule, _ in issues)
