"""The validator as a whole: further rules, threads, and the schemas it compiles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology

RULE = Issue("error", "business-rule", "Not on Sundays.")


def test_further_rules_are_asked_about_a_resource_whose_structure_is_right(definitions):
    asked: list[Any] = []

    def rule(resource: Any) -> list[Issue]:
        asked.append(resource)
        return [RULE]

    resource = {"resourceType": "CareTeam"}
    assert Validator(definitions, Terminology(definitions), extra_rules=[rule]).validate(
        resource
    ) == [RULE]
    assert asked == [resource]


def test_what_further_rules_say_of_a_part_with_a_wrong_structure_is_left_out(definitions):
    def rule(resource: Any) -> list[Issue]:
        return [Issue("error", "business-rule", "x", f"CareTeam.{n}") for n in ("status", "name")]

    found = Validator(definitions, Terminology(definitions), extra_rules=[rule]).validate(
        {"resourceType": "CareTeam", "status": 5, "name": "Sunday"}
    )
    assert [issue.expression for issue in found] == ["CareTeam.status", "CareTeam.name"]
    assert [issue.code for issue in found] == ["structure", "business-rule"]


def test_a_warning_does_not_keep_further_rules_away(definitions):
    resource = {"resourceType": "CareTeam", "meta": {"profile": ["http://other.example/x"]}}
    found = Validator(
        definitions, Terminology(definitions), extra_rules=[lambda _: [RULE]]
    ).validate(resource)
    assert [issue.severity for issue in found] == ["error", "warning"]


def test_threads_that_meet_a_type_first_at_once_get_the_same_answer(definitions):
    validator = Validator(definitions, Terminology(definitions))
    resources = [{"resourceType": "CareTeam"}, {"resourceType": "CareTeam", "status": "x"}] * 20
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(validator.validate, resources))
    assert [len(issues) for issues in found] == [0, 1] * 20


def test_the_answer_stays_the_same_when_all_types_are_compiled_together(definitions):
    validator = Validator(definitions, Terminology(definitions))
    types = ["Patient", "CareTeam", "Group", "Basic", "Goal", "CarePlan", "Task", "Flag", "Account"]
    before = validator.validate({"resourceType": "CareTeam", "status": "x", "nurse": 1})
    for resource_type in types:
        validator.validate({"resourceType": resource_type})
    assert validator.validate({"resourceType": "CareTeam", "status": "active"}) == []
    assert validator.validate({"resourceType": "CareTeam", "status": "x", "nurse": 1}) == before
    assert [i.expression for i in before] == ["CareTeam.nurse", "CareTeam.status"]


def test_the_resource_is_left_as_it_was(validator):
    resource = {"resourceType": "Patient", "name": [{"given": ["A", None], "_given": [None, {}]}]}
    before = repr(resource)
    validator.validate(resource)
    assert repr(resource) == before


def test_the_schemas_of_all_types_are_valid_json_schema(definitions, validator):
    # It makes a grammar of addresses when it is imported: 2 s, for each process that collects this.
    import jsonschema

    together: dict[str, Any] = {}
    for resource_type in definitions.resource_types:
        schema = validator.schema(resource_type)
        for name, definition in schema.pop("$defs").items():
            assert together.setdefault(name, definition) == definition
        together[f"type {resource_type}"] = {k: v for k, v in schema.items() if k != "$schema"}
    jsonschema.Draft202012Validator.check_schema({"$defs": together})


def test_the_quick_schema_refuses_whatever_the_thorough_one_refuses(validator):
    quick, thorough = (
        validator.schema("Patient", null_items=null_items) for null_items in (False, True)
    )
    names = quick["$defs"]["HumanName"]["properties"]
    assert set(thorough["$defs"]["HumanName"]["properties"]) - set(names) == {
        "_given",
        "_prefix",
        "_suffix",
    }
