"""What HL7's own test cases for FHIRPath Patch ask for (FHIR/fhir-test-cases, r4/patch).

All cases of fhir-path-tests.xml and fhir-patch-tests.xml are here but one, "Consecutive operations":
its output holds a value that neither its input nor its patch has.
"""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.outcome import FhirError
from tests.unit.patches.conftest import Apply
from tests.unit.patches.operations import operation

Json = dict[str, Any]
BIRTH = {"birthDate": "1920-01-01"}
CONTACT = {"contact": [{"name": {"text": "a name"}, "gender": "male"}]}
ORG = "http://example.org"


def identifiers(*numbers: int) -> Json:
    return {"identifier": [{"system": ORG, "value": f"value {n}"} for n in numbers]}


def new_identifier(number: int) -> Json:
    return {"valueIdentifier": {"system": ORG, "value": f"value {number}"}}


def move(source: int, destination: int) -> Json:
    return operation("move", "Patient.identifier", source=source, destination=destination)


CASES: dict[str, tuple[Json, list[Json], Json]] = {
    "No Difference": (BIRTH, [], BIRTH),
    "Replace Primitive": (
        BIRTH,
        [operation("replace", "Patient.birthDate", valueDate="1930-01-01")],
        {"birthDate": "1930-01-01"},
    ),
    "Delete Primitive": (BIRTH, [operation("delete", "Patient.birthDate")], {}),
    "Add Primitive": (
        {},
        [operation("add", "Patient", name="birthDate", valueDate="1930-01-01")],
        {"birthDate": "1930-01-01"},
    ),
    "Replace Nested Primitive #1": (
        CONTACT,
        [operation("replace", "Patient.contact[0].gender", valueCode="female")],
        {"contact": [{"name": {"text": "a name"}, "gender": "female"}]},
    ),
    "Replace Nested Primitive #2": (
        CONTACT,
        [operation("replace", "Patient.contact[0].name.text", valueString="the name")],
        {"contact": [{"name": {"text": "the name"}, "gender": "male"}]},
    ),
    "Delete Nested Primitive #1": (
        CONTACT,
        [operation("delete", "Patient.contact[0].gender")],
        {"contact": [{"name": {"text": "a name"}}]},
    ),
    "Delete Nested Primitive #2": (
        CONTACT,
        [operation("delete", "Patient.contact[0].name.text")],
        {"contact": [{"gender": "male"}]},
    ),
    "Add Nested Primitive": (
        {"contact": [{"name": {"text": "a name"}}]},
        [operation("add", "Patient.contact[0]", name="gender", valueCode="male")],
        CONTACT,
    ),
    "Add Complex": (
        {},
        [
            operation(
                "add", "Patient", name="maritalStatus", valueCodeableConcept={"text": "married"}
            )
        ],
        {"maritalStatus": {"text": "married"}},
    ),
    "Replace Complex": (
        {"maritalStatus": {"id": "1", "text": "married"}},
        [
            operation(
                "replace",
                "Patient.maritalStatus",
                valueCodeableConcept={"id": "2", "text": "not married"},
            )
        ],
        {"maritalStatus": {"id": "2", "text": "not married"}},
    ),
    "Delete Complex": (
        {"maritalStatus": {"text": "married"}},
        [operation("delete", "Patient.maritalStatus")],
        {},
    ),
    "Add Anonymous Type": (
        {},
        [
            operation(
                "add",
                "Patient",
                name="contact",
                part=[{"name": "name", "valueHumanName": {"text": "a name"}}],
            )
        ],
        {"contact": [{"name": {"text": "a name"}}]},
    ),
    "Delete Anonymous Type": (
        {"contact": [{"name": {"text": "a name"}}]},
        [operation("delete", "Patient.contact[0]")],
        {},
    ),
    "List unchanged": (identifiers(1, 2), [], identifiers(1, 2)),
    "List unchanged, contents changed": (
        identifiers(1, 2),
        [
            operation("replace", "Patient.identifier[0].value", valueString="value 2"),
            operation("replace", "Patient.identifier[1].value", valueString="value 1"),
        ],
        identifiers(2, 1),
    ),
    "Add to list (insert)": (
        identifiers(1, 2),
        [operation("insert", "Patient.identifier", index=2, **new_identifier(3))],
        identifiers(1, 2, 3),
    ),
    "Add to list (add)": (
        identifiers(1, 2),
        [operation("add", "Patient", name="identifier", **new_identifier(3))],
        identifiers(1, 2, 3),
    ),
    "Insert in list #1": (
        identifiers(1, 2),
        [operation("insert", "Patient.identifier", index=1, **new_identifier(3))],
        identifiers(1, 3, 2),
    ),
    "Insert in list #2": (
        identifiers(1, 2),
        [operation("insert", "Patient.identifier", index=0, **new_identifier(3))],
        identifiers(3, 1, 2),
    ),
    "Delete from List #1": (
        identifiers(1, 2, 3),
        [operation("delete", "Patient.identifier[0]")],
        identifiers(2, 3),
    ),
    "Delete from List #2": (
        identifiers(1, 2, 3),
        [operation("delete", "Patient.identifier[1]")],
        identifiers(1, 3),
    ),
    "Delete from List #3": (
        identifiers(1, 2, 3),
        [operation("delete", "Patient.identifier[2]")],
        identifiers(1, 2),
    ),
    "Reorder List #1": (identifiers(1, 2, 3, 4), [move(3, 1)], identifiers(1, 4, 2, 3)),
    "Reorder List #2": (identifiers(1, 2, 3, 4), [move(3, 0)], identifiers(4, 1, 2, 3)),
    "Reorder List #3": (identifiers(1, 2, 3, 4), [move(3, 2)], identifiers(1, 2, 4, 3)),
    "Reorder List #4": (identifiers(1, 2, 3, 4), [move(0, 3)], identifiers(2, 3, 4, 1)),
    "Reorder List #5": (identifiers(1, 2, 3, 4), [move(1, 0), move(2, 1)], identifiers(2, 3, 1, 4)),
    "Reorder List #6": (
        identifiers(1, 2, 3, 4),
        [move(3, 0), move(3, 1), move(3, 2)],
        identifiers(4, 3, 2, 1),
    ),
    "Operation on missing element #2": (
        {},
        [operation("add", "Patient", name="identifier", **new_identifier(3))],
        identifiers(3),
    ),
    "Full Resource, what it changes": (
        {"text": {"status": "generated", "div": "<div>a</div>"}, "name": [{"family": "A"}]},
        [
            operation("replace", "Patient.text.div", valueString="<div>b</div>"),
            operation("replace", "Patient.name[0].family", valueString="B"),
        ],
        {"text": {"status": "generated", "div": "<div>b</div>"}, "name": [{"family": "B"}]},
    ),
}


@pytest.mark.parametrize("case", list(CASES))
def test_case(apply: Apply, case: str) -> None:
    before, operations, after = CASES[case]
    patient = {"resourceType": "Patient"}
    assert apply({**patient, **before}, *operations) == {**patient, **after}


def test_an_operation_on_a_missing_element_is_refused(apply: Apply) -> None:
    patient = {"resourceType": "Patient", "identifier": [{"use": "official", "value": "123"}]}
    path = "Patient.identifier.where(use = 'official').period"
    add = operation("add", path, name="end", valueDateTime="2021-12-01")
    with pytest.raises(FhirError, match=r"Operation 0 \(add\): its path leads to nothing"):
        apply(patient, add)
