"""JSON Patch (RFC 6902) on resources, and what would make it dangerous."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.patches import json_patch
from fhir_server.interactions.patches.json_patch import JsonPatch
from fhir_server.interactions.patches.merge_patch import MergePatch

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "name": [{"family": "Hammar", "given": ["Anna"]}, {"text": "Annika"}],
    "birthDate": "1890-02-02",
}
GIVEN = "/name/0/given"


def patched(*operations: dict[str, Any]) -> Any:
    before = json.copy(PATIENT)
    after = JsonPatch(list(operations)).apply(PATIENT)
    assert before == PATIENT, "the resource given was changed"
    return after


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ({"op": "add", "path": "/gender", "value": "female"}, {"gender": "female"}),
        ({"op": "add", "path": "/active", "value": False}, {"active": False}),
        ({"op": "add", "path": "/name/1", "value": {"text": "x"}},
         {"name": [PATIENT["name"][0], {"text": "x"}, {"text": "Annika"}]}),
        ({"op": "add", "path": "/name/-", "value": {"text": "x"}},
         {"name": [*PATIENT["name"], {"text": "x"}]}),
        ({"op": "replace", "path": "/name/1/text", "value": "x"},
         {"name": [PATIENT["name"][0], {"text": "x"}]}),
        ({"op": "remove", "path": "/name/0"}, {"name": [{"text": "Annika"}]}),
        ({"op": "move", "from": "/name/0", "path": "/name/1"},
         {"name": [{"text": "Annika"}, PATIENT["name"][0]]}),
        ({"op": "copy", "from": "/name/1", "path": "/name/0"},
         {"name": [{"text": "Annika"}, *PATIENT["name"]]}),
        ({"op": "test", "path": GIVEN, "value": ["Anna"]}, {}),
    ],
)  # fmt: skip
def test_each_kind_of_operation_is_carried_out(
    operation: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert patched(operation) == {**PATIENT, **changed}


def test_what_removing_leaves_empty_is_removed_too() -> None:
    removed = patched({"op": "remove", "path": "/name/1/text"})
    assert removed["name"] == [PATIENT["name"][0]]
    both = ({"op": "remove", "path": f"/name/{n}"} for n in (1, 0))
    assert "name" not in patched(*both)


def test_an_array_may_be_begun_empty_and_filled() -> None:
    telecom = {"op": "add", "path": "/telecom", "value": []}
    filled = {"op": "add", "path": "/telecom/-", "value": {"value": "1"}}
    assert patched(telecom, filled)["telecom"] == [{"value": "1"}]
    assert "telecom" not in patched(telecom)


def test_items_beside_an_array_keep_their_places_when_one_gets_empty() -> None:
    beside = {"extension": [{"url": "u", "valueCode": "c"}]}
    patient = {"resourceType": "Patient", "_given": [beside, beside], "given": ["A", "B"]}
    removed = JsonPatch([{"op": "remove", "path": "/_given/0/extension"}]).apply(patient)
    assert removed["_given"] == [None, beside]


def test_decimals_keep_their_digits_and_are_tested_by_value() -> None:
    observation = json.parse(b'{"resourceType":"Observation","valueQuantity":{"value":1.10}}')
    patch = json.parse(
        b'[{"op":"test","path":"/valueQuantity/value","value":1.1},'
        b'{"op":"copy","from":"/valueQuantity","path":"/component"},'
        b'{"op":"add","path":"/valueQuantity/x","value":2.00}]'
    )
    assert json.dump(JsonPatch(patch).apply(observation)) == (
        b'{"resourceType":"Observation","valueQuantity":{"value":1.10,"x":2.00},'
        b'"component":{"value":1.10}}'
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [("/active", 1), ("/active", "true"), ("/birthDate", "1890"), (GIVEN, ["Anna", "B"]), ("", {})],
)
def test_a_test_that_fails_is_refused_without_the_value(path: str, value: Any) -> None:
    with pytest.raises(FhirError, match=r"^Operation 0 \(test\): the value is not") as error:
        patched({"op": "test", "path": path, "value": value})
    assert error.value.status == 422
    assert "1890" not in str(error.value)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/gender"},
        {"op": "remove", "path": "/name/2"},
        {"op": "remove", "path": "/name/-"},
        {"op": "remove", "path": ""},
        {"op": "remove", "path": "/active/x"},
        {"op": "remove", "path": "/birthDate/0"},
        {"op": "replace", "path": "/gender", "value": "x"},
        {"op": "replace", "path": "/name/02", "value": "x"},
        {"op": "replace", "path": "/name/-", "value": "x"},
        {"op": "add", "path": "/name/3", "value": {}},
        {"op": "add", "path": f"/name/{'9' * 5000}", "value": {}},
        {"op": "add", "path": "/contact/0/gender", "value": "x"},
        {"op": "add", "path": "/name/-/x/y", "value": "x"},
        {"op": "move", "from": "/gender", "path": "/x"},
        {"op": "move", "from": "/name", "path": "/name/0/x"},
        {"op": "move", "from": "", "path": "/x"},
        {"op": "copy", "from": "/name/-", "path": "/x"},
        {"op": "copy", "from": "/gender", "path": "/x"},
        {"op": "test", "path": "/gender", "value": "x"},
        {"op": "test", "path": "/name/-", "value": "x"},
    ],
)
def test_a_place_that_is_not_there_is_refused_with_the_operation(operation: dict[str, Any]) -> None:
    first = {"op": "test", "path": "/active", "value": True}
    with pytest.raises(FhirError) as error:
        patched(first, operation)
    assert error.value.status == 422
    assert error.value.issues[0].text == f"Operation 1 ({operation['op']}): there is no such place."


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "is an array of operations"),
        ([{}], "Operation 0: op must be one of add, remove, replace, move, copy, test."),
        ([7], "op must be one of"),
        ([{"op": ["add"], "path": ""}], "op must be one of"),
        ([{"op": "delete", "path": "/x"}], "op must be one of"),
        ([{"op": "add", "path": "/x"}], "add needs value"),
        ([{"op": "move", "path": "/x"}], "move needs from"),
        ([{"op": "remove"}], "path must be a JSON Pointer"),
        ([{"op": "remove", "path": "name"}], "path must be a JSON Pointer"),
        ([{"op": "remove", "path": "/a~2"}], "path must be a JSON Pointer"),
        ([{"op": "copy", "path": "/x", "from": 7}], "from must be a JSON Pointer"),
    ],
)
def test_what_is_no_json_patch_is_refused(document: Any, why: str) -> None:
    with pytest.raises(FhirError) as error:
        JsonPatch(document)
    assert error.value.status == 400
    assert why in error.value.issues[0].text


def test_more_than_a_thousand_operations_are_refused() -> None:
    with pytest.raises(FhirError, match="the server takes 1000") as error:
        JsonPatch([{"op": "remove", "path": "/x"}] * 1001)
    assert error.value.status == 413


def test_copies_of_copies_are_stopped() -> None:
    doubling = {"op": "copy", "from": "/name", "path": "/name/-"}
    with pytest.raises(FhirError, match="the patch copies too much"):
        patched(*[doubling] * 100)


def test_nesting_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_patch, "MAX_COPIED_BYTES", 10**12)
    deep: Any = {"x": {}}
    for _ in range(100):
        deep = {"x": deep}
    longer = [
        {"op": "add", "path": "/x" * 101 * n or "/x", "value": deep["x"]} for n in range(1, 4)
    ]
    with pytest.raises(FhirError, match="nested deeper than 200 levels"):
        patched({"op": "add", "path": "/x", "value": deep["x"]}, *longer)


def test_a_patch_may_be_applied_again() -> None:
    value = {"text": "x"}
    add = {"op": "add", "path": "/name/-", "value": value}
    change = {"op": "replace", "path": "/name/2/text", "value": "y"}
    patch = JsonPatch([add, change])
    assert patch.apply(PATIENT) == patch.apply(PATIENT)
    assert value == {"text": "x"}


def test_a_merge_patch_merges_objects_and_replaces_arrays() -> None:
    changes = {"active": None, "name": [{"text": "x"}], "maritalStatus": {"text": "t", "id": None}}
    assert MergePatch(changes).apply(PATIENT) == {
        "resourceType": "Patient",
        "name": [{"text": "x"}],
        "birthDate": "1890-02-02",
        "maritalStatus": {"text": "t"},
    }
    with pytest.raises(FhirError, match="is an object"):
        MergePatch([])
