"""The tools that derive the R4 tables, on small packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools import r4_operations
from tools.r4_codes import code_lists
from tools.r4_package import Package
from tools.r4_search import compartments, search_parameters
from tools.r4_terminology import as_lines, code_systems, value_sets

SYSTEM = "http://example.org/system"
CONCEPTS = [
    {"code": "a", "concept": [{"code": "a1", "concept": [{"code": "a11"}]}]},
    {"code": "b"},
    {"code": "c", "property": [{"code": "subsumedBy", "valueCode": "a1"}]},
]


@pytest.fixture
def package(tmp_path: Path):
    def make(*resources: dict[str, Any]) -> Package:
        for number, resource in enumerate(resources):
            path = tmp_path / f"{resource['resourceType']}-{number}.json"
            path.write_text(json.dumps(resource))
        return Package(tmp_path)

    return make


@pytest.fixture
def expanded(package):
    """Expand a value set with the given compose."""

    def expand(compose: dict[str, Any], *others: dict[str, Any]) -> Any:
        system = {
            "resourceType": "CodeSystem",
            "url": SYSTEM,
            "content": "complete",
            "concept": CONCEPTS,
        }
        value_set = {"resourceType": "ValueSet", "url": "urn:vs", "compose": compose}
        table = code_lists(package(system, value_set, *others), ["urn:vs"])
        return table["closed"].get("urn:vs", table["open"].get("urn:vs"))

    return expand


def including(**details: Any) -> dict[str, Any]:
    return {"include": [{"system": SYSTEM, **details}]}


def test_a_whole_code_system_is_listed_with_its_hierarchy(expanded):
    assert expanded(including()) == {SYSTEM: ["a", "a1", "a11", "b", "c"]}


def test_listed_concepts_are_taken_as_they_are(expanded):
    assert expanded(including(concept=[{"code": "b"}])) == {SYSTEM: ["b"]}


@pytest.mark.parametrize(
    ("name", "operator", "value", "codes"),
    [
        ("concept", "is-a", "a1", ["a1", "a11", "c"]),
        ("concept", "descendent-of", "a", ["a1", "a11", "c"]),
        ("code", "regex", "a[0-9]+", ["a1", "a11"]),
    ],
)
def test_filters_by_hierarchy_and_by_pattern(expanded, name, operator, value, codes):
    condition = {"property": name, "op": operator, "value": value}
    assert expanded(including(filter=[condition])) == {SYSTEM: codes}


def test_another_filter_leaves_the_value_set_open(expanded):
    condition = {"property": "status", "op": "=", "value": "active"}
    assert expanded(including(filter=[condition])) == f"filter status = on {SYSTEM}"


def test_exclusions_and_imports(expanded):
    imported = {
        "resourceType": "ValueSet",
        "url": "urn:imported",
        "compose": including(concept=[{"code": "a"}, {"code": "b"}]),
    }
    compose = {
        "include": [{"valueSet": ["urn:imported"]}],
        "exclude": [{"system": SYSTEM, "concept": [{"code": "a"}]}],
    }
    assert expanded(compose, imported) == {SYSTEM: ["b"]}


def test_a_value_set_of_a_system_that_is_not_there_is_open(expanded):
    reason = expanded({"include": [{"system": "urn:ietf:bcp:13"}]})
    assert reason == "urn:ietf:bcp:13 is not enumerated in the package"


def parameter(**details: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "url": "urn:p",
        "version": "4.0.1",
        "code": "name",
        "type": "string",
        "base": ["Patient", "Practitioner"],
        "expression": "Patient.name | Practitioner.name",
        **details,
    }


def test_a_search_parameter_is_derived_for_each_of_its_types(package):
    table = search_parameters(package(parameter()))
    assert table["Patient"]["name"]["expression"] == "Patient.name"
    assert table["Practitioner"]["name"]["expression"] == "Practitioner.name"


def test_search_parameters_of_extensions_and_examples_are_left_out(package):
    found = package(
        parameter(expression="Patient.extension('urn:x').value", base=["Patient"]),
        parameter(version="1"),
        parameter(expression=None, base=["Patient"]),
    )
    assert search_parameters(found) == {}


def test_an_expression_without_a_part_for_a_base_stops_the_derivation(package):
    with pytest.raises(SystemExit, match="applies to Group"):
        search_parameters(package(parameter(base=["Group"])))


def test_a_compartment_leaves_out_types_without_parameters(package):
    compartment = {
        "resourceType": "CompartmentDefinition",
        "url": "urn:c",
        "version": "4.0.1",
        "code": "Patient",
        "resource": [{"code": "CareTeam", "param": ["patient"]}, {"code": "Binary"}],
    }
    assert compartments(package(compartment)) == {
        "Patient": {"url": "urn:c", "resources": {"CareTeam": ["patient"]}}
    }


def test_definitions_that_a_vendor_has_altered_are_refused(package):
    altered = {
        "resourceType": "StructureDefinition",
        "url": "http://hl7.org/fhir/StructureDefinition/AuditEvent",
        "version": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": "AuditEvent",
        "snapshot": {
            "element": [
                {
                    "path": "AuditEvent.source.observer",
                    "type": [{"targetProfile": ["https://vendor.example/StructureDefinition/Bot"]}],
                }
            ]
        },
    }
    with pytest.raises(SystemExit, match=r"refers to https://vendor\.example"):
        package(altered).base_structures()


def test_operations_say_whether_they_change_something(package, monkeypatch):
    monkeypatch.setattr(r4_operations, "OFFERED", {"Resource-a": False, "Resource-b": True})
    named = [
        {"resourceType": "OperationDefinition", "id": f"Resource-{code}", "code": code, "text": {}}
        for code in "abc"
    ]
    assert r4_operations.operations(package(*named)) == {
        f"Resource-{code}": {
            "resourceType": "OperationDefinition",
            "id": f"Resource-{code}",
            "code": code,
            "affectsState": changes,
        }
        for code, changes in (("a", False), ("b", True))
    }


def test_an_operation_that_the_package_lacks_is_missed(package, monkeypatch):
    monkeypatch.setattr(r4_operations, "OFFERED", {"Resource-a": False})
    with pytest.raises(SystemExit, match="no OperationDefinition Resource-a"):
        r4_operations.operations(package())


def test_a_code_system_is_laid_out_flat_with_the_codes_above_each(package):
    below = {"code": "child", "valueCode": "b"}
    designation = {"language": "sv", "value": "Ett", "extension": [{"url": "urn:x"}]}
    first = {"code": "a1", "display": "One", "property": [below], "designation": [designation]}
    concepts = [{"code": "a", "definition": "A", "concept": [first]}, {"code": "b"}]
    system = {
        "resourceType": "CodeSystem",
        "id": "s",
        "url": SYSTEM,
        "version": "1",
        "content": "complete",
        "text": {"div": "long"},
        "concept": concepts,
    }
    assert code_systems(package(system)) == [
        {
            "url": SYSTEM,
            "id": "s",
            "version": "1",
            "content": "complete",
            "concept": [
                ["a", None, "A"],
                ["a1", "One", None, ["a"], [below], [{"language": "sv", "value": "Ett"}]],
                ["b", None, None, ["a1"]],
            ],
        }
    ]


def test_a_version_from_before_the_package_is_left_out(package):
    system = {
        "resourceType": "CodeSystem",
        "url": SYSTEM,
        "version": "4.0.1",
        "content": "complete",
    }
    includes = [{"system": SYSTEM, "version": "3.6.0"}, {"system": "urn:other", "version": "1"}]
    value_set = {"resourceType": "ValueSet", "url": "urn:vs", "compose": {"include": includes}}
    [found] = value_sets(package(system, value_set))
    assert found["compose"]["include"] == [
        {"system": SYSTEM},
        {"system": "urn:other", "version": "1"},
    ]


def test_lines_are_in_the_order_of_their_urls():
    assert as_lines([{"url": "b"}, {"url": "a"}]) == b'{"url":"a"}\n{"url":"b"}\n'
