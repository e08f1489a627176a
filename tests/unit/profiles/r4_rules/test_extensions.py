"""Extensions whose definition is known: where they may stand, and in which property."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology
from tests.unit.profiles.plans.conftest import DEFINITION, profile

URL = f"{DEFINITION}/note"


def definition(*contexts: tuple[str, str], modifier: bool = False, **more: Any) -> dict[str, Any]:
    made = profile(
        "Extension", {"id": "Extension.url", "min": 1, "max": "1", "fixedUri": URL}, name="note"
    )
    made["context"] = [{"type": kind, "expression": text} for kind, text in contexts]
    made["snapshot"]["element"][0]["isModifier"] = modifier
    return {**made, **more}


def by(definitions: Definitions) -> Validator:
    return Validator(definitions, Terminology(definitions))


ON_PERIOD = {
    "resourceType": "CareTeam",
    "period": {"extension": [{"url": URL, "valueCode": "x"}], "start": "2026"},
}
ON_NAME = {
    "resourceType": "CareTeam",
    "name": "x",
    "_name": {"extension": [{"url": URL, "valueCode": "x"}]},
}
ON_ROOT = {"resourceType": "CareTeam", "extension": [{"url": URL, "valueCode": "x"}]}
CASES = [
    (ON_PERIOD, ("element", "CareTeam.period"), True),
    (ON_PERIOD, ("element", "Period"), True),
    (ON_PERIOD, ("element", "Element"), True),
    (ON_PERIOD, ("element", "CareTeam"), False),
    (ON_PERIOD, ("fhirpath", "CareTeam.period"), True),
    (ON_PERIOD, ("fhirpath", "CareTeam.participant.period"), False),
    (ON_NAME, ("element", "CareTeam.name"), True),
    (ON_NAME, ("element", "string"), True),
    (ON_NAME, ("element", "Period"), False),
    (ON_ROOT, ("element", "DomainResource"), True),
    (ON_ROOT, ("element", "Resource"), True),
    (ON_ROOT, ("element", "Patient"), False),
    (ON_ROOT, ("extension", URL), False),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "context", "fits"), CASES)
def test_an_extension_stands_where_its_definition_says(
    with_conformance: Any, resource: dict[str, Any], context: tuple[str, str], fits: bool
) -> None:
    found = by(with_conformance(definition(context))).validate(resource)
    assert [(i.rule, i.profile) for i in found] == ([] if fits else [("context", URL)])


def test_a_modifier_extension_stands_in_modifier_extension(with_conformance: Any) -> None:
    validator = by(with_conformance(definition(("element", "CareTeam"), modifier=True)))
    [issue] = validator.validate(ON_ROOT)
    assert (issue.rule, issue.expression) == ("extension", "CareTeam.extension[0]")
    moved = {"resourceType": "CareTeam", "modifierExtension": ON_ROOT["extension"]}
    assert validator.validate(moved) == []


def test_an_extension_may_ask_something_of_what_it_stands_in(with_conformance: Any) -> None:
    asks = definition(("element", "CareTeam"), contextInvariant=["name.exists()"])
    validator = by(with_conformance(asks))
    [issue] = validator.validate(ON_ROOT)
    assert (issue.rule, issue.expression) == ("context", "CareTeam.extension[0]")
    assert validator.validate({**ON_ROOT, "name": "x"}) == []
