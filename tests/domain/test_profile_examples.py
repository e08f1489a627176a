"""Each profile accepts its examples, and refuses what breaks one of its rules, for that rule alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fhir_server.fhir.locations import definition_directories
from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology
from tests.domain.profile_examples import VALID, Breach, breaches, surroundings, valid

BREACHES = breaches()
COMPILED = definition_directories()[1]
PROFILES = {
    definition["id"]: definition
    for definition in map(json.loads, (p.read_text() for p in COMPILED.glob("Structure*.json")))
    if definition["type"] != "Extension"
}
# A profile of a data type has no examples of its own: the resources around it have them.
DATA_TYPES = {"se-humanname"}
OF_RESOURCES = sorted(PROFILES.keys() - DATA_TYPES)


@pytest.fixture(scope="module")
def validator() -> Validator:
    definitions = Definitions.load()
    return Validator(definitions, Terminology(definitions))


def found(validator: Validator, resource: Mapping[str, Any]) -> list[Issue]:
    return validator.validate(resource, resolve=surroundings().get)


@pytest.mark.parametrize("name", sorted(valid()))
def test_a_valid_example_claims_its_profile_and_conforms_to_it(
    validator: Validator, name: str
) -> None:
    example = valid()[name]
    claimed = [url.rpartition("/")[2] for url in example["meta"]["profile"]]
    assert [id_ for id_ in claimed if name.startswith(f"{id_}-")] == claimed
    assert len(claimed) == 1
    assert [issue for issue in found(validator, example) if issue.severity == "error"] == []


@pytest.mark.parametrize("profile", OF_RESOURCES)
def test_a_profile_has_at_least_two_valid_examples(profile: str) -> None:
    assert len(list(VALID.glob(f"{profile}-*.json"))) >= 2


def test_no_two_examples_are_the_same_resource_with_other_content() -> None:
    seen: dict[str, Any] = {}
    for example in valid().values():
        content = {key: value for key, value in example.items() if key != "meta"}
        key = f"{example['resourceType']}/{example['id']}"
        assert seen.setdefault(key, content) == content


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: breach.name)
def test_what_breaks_one_rule_is_refused_for_that_rule_alone(
    validator: Validator, breach: Breach
) -> None:
    # What is said of the valid example is no news: a code that can't be checked, for one.
    before = {(i.rule, i.expression) for i in found(validator, valid()[breach.base])}
    news = [
        (issue.rule, issue.expression)
        for issue in found(validator, breach.resource())
        if (issue.rule, issue.expression) not in before
    ]
    assert news == [(breach.rule, breach.at)]


def test_a_breach_is_made_from_an_example_of_its_profile() -> None:
    assert [b.name for b in BREACHES if not b.base.startswith(f"{b.profile}-")] == []


def test_every_invariant_of_every_profile_is_broken_by_a_row() -> None:
    stated = {
        (id_, constraint["key"])
        for id_, definition in PROFILES.items()
        for element in definition["differential"]["element"]
        for constraint in element.get("constraint", [])
    }
    broken = {(breach.profile, breach.rule) for breach in BREACHES}
    assert stated - broken == set()


@pytest.mark.parametrize("profile", OF_RESOURCES)
def test_each_kind_of_constraint_that_a_profile_adds_is_broken_by_a_row(profile: str) -> None:
    elements = PROFILES[profile]["differential"]["element"]
    kinds = {kind for element in elements for kind in _kinds(element)}
    broken = {breach.rule for breach in BREACHES if breach.profile == profile}
    assert kinds - broken == set()


def _kinds(element: Mapping[str, Any]) -> set[str]:
    """Name what a stated element adds that a resource can break by itself."""
    # The patterns and values inside a slice tell which slice an item is in; they refuse nothing.
    if ":" in element["id"] or "sliceName" in element:
        return set()
    kinds = {"pattern"} if any(key.startswith("pattern") for key in element) else set()
    if element.get("binding", {}).get("strength") == "required":
        kinds.add("binding")
    if element.get("min") and "slicing" not in element:
        kinds.add("min")
    return kinds
