"""FHIRPath Patch beyond HL7's cases: paths, choices, primitives' extensions, refusals."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.patches import nodes
from fhir_server.interactions.patches.fhirpath_patch import FhirPathPatch
from fhir_server.profiles.definitions import Definitions
from tests.unit.patches.conftest import Apply
from tests.unit.patches.operations import operation

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "active": True,
    "name": [
        {"use": "official", "family": "Hammar", "given": ["Anna", "Britta"]},
        {"use": "nickname", "given": ["Annika"]},
    ],
    "birthDate": "1890-02-02",
    "deceasedBoolean": False,
}
URL = "http://x.example/e"


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("Patient.name[0]", ["nickname"]),
        ("name[0]", ["nickname"]),
        ("Patient.name.first()", ["nickname"]),
        ("Patient.name.last()", ["official"]),
        ("Patient.name.where(use = 'official')", ["nickname"]),
        ("Patient.name.where(use != 'official')", ["official"]),
        ("Patient.name.where(family.exists())", ["nickname"]),
        ("Patient.name.where(family.empty())", ["official"]),
        ("Patient.name.where(family.exists().not())", ["official"]),
        ("Patient.name.where(given.exists($this = 'Britta'))", ["nickname"]),
        ("Patient.name.where(use = 'official' and given[0] = 'Anna')", ["nickname"]),
        ("Patient.name.where(use = 'none' or family = 'Hammar')", ["nickname"]),
        ("Patient.name.where(use = 'none')", ["official", "nickname"]),
        ("Patient.name.where(family = 'Hammar' and period = 'x')", ["official", "nickname"]),
        ("%resource.name[1]", ["official"]),
        ("Resource.name[1]", ["official"]),
        ("Patient.name[7]", ["official", "nickname"]),
    ],
)
def test_a_path_leads_to_the_one_name_that_is_deleted(
    apply: Apply, path: str, left: list[str]
) -> None:
    after = apply(PATIENT, operation("delete", path))
    assert [name["use"] for name in after["name"]] == left


@pytest.mark.parametrize(
    "path",
    ["Patient.deceased", "Patient.deceased.ofType(boolean)", "(Patient.deceased as boolean)"],
)
def test_replacing_a_choice_may_change_its_type(apply: Apply, path: str) -> None:
    after = apply(PATIENT, operation("replace", path, valueDateTime="1970-01-01"))
    assert after["deceasedDateTime"] == "1970-01-01"
    assert "deceasedBoolean" not in after


def test_a_choice_is_added_by_its_base_name_and_only_where_there_is_none(apply: Apply) -> None:
    living = {"resourceType": "Patient"}
    add = operation("add", "Patient", name="deceased", valueDateTime="1970")
    assert apply(living, add)["deceasedDateTime"] == "1970"
    with pytest.raises(FhirError, match="deceased is there already; replace it"):
        apply(PATIENT, add)
    typed = operation("add", "Patient", name="deceasedDateTime", valueDateTime="1970")
    with pytest.raises(FhirError, match="The choice is named deceased, without a type"):
        apply(living, typed)


def test_an_extension_of_a_primitive_is_added_found_and_deleted(apply: Apply) -> None:
    parts = [{"name": "url", "valueUri": URL}, {"name": "value", "valueString": "s"}]
    added = apply(PATIENT, operation("add", "Patient.birthDate", name="extension", part=parts))
    assert added["_birthDate"] == {"extension": [{"url": URL, "valueString": "s"}]}
    path = f"Patient.birthDate.extension('{URL}').value"
    replaced = apply(added, operation("replace", path, valueCode="c"))
    assert replaced["_birthDate"]["extension"] == [{"url": URL, "valueCode": "c"}]
    deleted = apply(replaced, operation("delete", f"Patient.birthDate.extension('{URL}')"))
    assert deleted == PATIENT


def test_items_and_their_extensions_stay_together(apply: Apply) -> None:
    beside = {"extension": [{"url": URL, "valueCode": "c"}]}
    patient = {"resourceType": "Patient", "name": [{"given": ["A", "B"], "_given": [None, beside]}]}
    path = "Patient.name[0].given"
    inserted = apply(patient, operation("insert", path, index=0, valueString="Z"))
    assert inserted["name"] == [{"given": ["Z", "A", "B"], "_given": [None, None, beside]}]
    moved = apply(patient, operation("move", path, source=1, destination=0))
    assert moved["name"] == [{"given": ["B", "A"], "_given": [beside, None]}]
    deleted = apply(patient, operation("delete", f"{path}[1]"))
    assert deleted["name"] == [{"given": ["A"]}]
    replaced = apply(patient, operation("replace", f"{path}[0]", _valueString=beside))
    assert replaced["name"] == [{"given": [None, "B"], "_given": [beside, beside]}]


def test_a_decimal_keeps_its_digits(definitions: Definitions) -> None:
    text = (
        b'{"resourceType":"Parameters","parameter":[{"name":"operation","part":['
        b'{"name":"type","valueCode":"add"},{"name":"path","valueString":"Observation"},'
        b'{"name":"name","valueString":"value"},'
        b'{"name":"value","valueQuantity":{"value":1.500}}]}]}'
    )
    patch = FhirPathPatch(definitions, json.parse(text))
    after = patch.apply({"resourceType": "Observation"})
    assert json.dump(after) == b'{"resourceType":"Observation","valueQuantity":{"value":1.500}}'


def test_a_patch_may_be_applied_again(definitions: Definitions) -> None:
    add = operation("add", "Patient", name="name", valueHumanName={"given": ["A"]})
    again = operation("add", "Patient.name[0]", name="given", valueString="B")
    patch = FhirPathPatch(definitions, {"parameter": [add, again]})
    first = patch.apply({"resourceType": "Patient"})
    assert patch.apply({"resourceType": "Patient"}) == first
    assert first["name"] == [{"given": ["A", "B"]}]


def test_a_contained_resource_is_added_and_changed(apply: Apply) -> None:
    organization = {"resourceType": "Organization", "id": "o", "name": "A"}
    add = operation("add", "Patient", name="contained", resource=organization)
    contained = apply(PATIENT, add)
    person = {"resourceType": "Practitioner", "id": "p", "active": True}
    both = apply(contained, operation("add", "Patient", name="contained", resource=person))
    path = "Patient.contained.where(name = 'A').name"
    renamed = apply(both, operation("replace", path, valueString="B"))
    assert renamed["contained"] == [{**organization, "name": "B"}, person]
    path = "Patient.contained.ofType(Practitioner)"
    assert apply(renamed, operation("delete", path))["contained"] == [{**organization, "name": "B"}]


def test_parts_are_put_together_to_any_depth(apply: Apply) -> None:
    low = {"name": "low", "valueQuantity": {"value": 1}}
    component = [
        {"name": "code", "valueCodeableConcept": {"text": "c"}},
        {"name": "value", "valueQuantity": {"value": 2}},
        {"name": "referenceRange", "part": [low]},
        {"name": "referenceRange", "part": [{"name": "text", "valueString": "t"}]},
    ]
    observation = {"resourceType": "Observation", "status": "final"}
    after = apply(observation, operation("add", "Observation", name="component", part=component))
    assert after["component"] == [
        {
            "code": {"text": "c"},
            "valueQuantity": {"value": 2},
            "referenceRange": [{"low": {"value": 1}}, {"text": "t"}],
        }
    ]


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (operation("delete", "Patient.name"), "leads to 2 elements"),
        (operation("delete", "Patient"), "no element that can be replaced or deleted"),
        (operation("delete", "Patient.active.exists()"), "no element that can be"),
        (operation("delete", "Patient.nam"), "Patient has no element 'nam'"),
        (operation("delete", "Patient.name.trace('x')"), "trace.. is not among the functions"),
        (operation("delete", "Patient.name | Patient.telecom"), "uses what paths of patches"),
        (operation("delete", "Patient.name.where(given)"), "several values where one is needed"),
        (operation("delete", "'x'.y"), "an element of what is none"),
        (operation("replace", "Patient.gender", valueCode="male"), "leads to nothing"),
        (operation("replace", "Patient.active", valueString="x"), "takes valueBoolean, not valueS"),
        (operation("replace", "Patient.name[0]", part=[{"name": "x"}]), "no element 'x'"),
        (
            operation(
                "add",
                "Patient",
                name="contact",
                part=[{"name": "gender", "valueCode": c} for c in ("male", "other")],
            ),
            "may be given once only",
        ),
        (operation("add", "Patient", name="contact", valueString="x"), "contact takes part"),
        (
            operation("add", "Patient", name="contained", valueString="x"),
            "contained takes resource",
        ),
        (operation("add", "Patient", name="birthDate", valueDate="1"), "is there already"),
        (operation("add", "Patient.name[9]", name="text", valueString="x"), "leads to nothing"),
        (operation("insert", "Patient.name", index=3, valueHumanName={}), "index is at most 2"),
        (operation("insert", "Patient.name", index=-1, valueHumanName={}), "index is at most 2"),
        (operation("insert", "Patient.name.given", index=0, valueString="x"), "leads to 2 elem"),
        (operation("insert", "Patient.active", index=0, valueBoolean=True), "active is no list"),
        (operation("insert", "Patient.name.first()", index=0, valueHumanName={}), "must end in"),
        (operation("move", "Patient.name", source=0, destination=2), "source and destination"),
        (operation("move", "Patient.telecom", source=0, destination=0), "the list has 0 items"),
    ],
)
def test_what_does_not_fit_the_resource_is_refused_with_the_operation(
    apply: Apply, refused: dict[str, Any], why: str
) -> None:
    harmless = operation("replace", "Patient.active", valueBoolean=False)
    with pytest.raises(
        FhirError, match=rf"^Operation 1 \({refused['part'][0]['valueCode']}\)"
    ) as e:
        apply(PATIENT, harmless, refused)
    assert e.value.status == 422
    assert why.replace("..", "()") in e.value.issues[0].text
    assert e.value.issues[0].expression == "Parameters.parameter[1]"


@pytest.mark.parametrize(
    ("parameter", "why"),
    [
        ({"name": "other", "part": []}, "is named operation"),
        ({"name": "operation"}, "is named operation"),
        (operation("erase", "Patient"), "type must be one of"),
        (operation("delete", "Patient..name"), "The path can't be read"),
        (operation("delete", "Patient.name + 1"), "The path can't be read"),
        (operation("delete", "Patient.name" + "(" * 30), "The path can't be read"),
        (operation("delete", "a" * 1001), "The path can't be read"),
        (operation("delete", "Patient.active", valueBoolean=True), "delete takes path, type"),
        (operation("replace", "Patient.active"), "replace needs the part value"),
        (operation("insert", "Patient.name", valueHumanName={}), "the part index with valueInt"),
        (operation("move", "Patient.name", source=1), "the part destination"),
        (operation("add", "Patient", valueDate="1890"), "the part name with valueString"),
        ({"name": "operation", "part": [{"name": "type", "valueString": "add"}]}, "valueCode"),
        ({"name": "operation", "part": [{"name": "type", "valueCode": "delete"}]}, "part path"),
        (
            operation("delete", "Patient", {"name": "path", "valueString": "Patient"}),
            "is given twice",
        ),
    ],
)
def test_what_is_no_fhirpath_patch_is_refused(
    definitions: Definitions, parameter: dict[str, Any], why: str
) -> None:
    with pytest.raises(FhirError) as error:
        FhirPathPatch(definitions, {"parameter": [parameter]})
    assert error.value.status == 400
    assert why in error.value.issues[0].text
    assert error.value.issues[0].expression == "Parameters.parameter[0]"


def test_more_than_a_thousand_operations_are_refused(definitions: Definitions) -> None:
    delete = operation("delete", "Patient.active")
    FhirPathPatch(definitions, {"parameter": [delete] * 1000})
    with pytest.raises(FhirError, match="the server takes 1000; split it") as error:
        FhirPathPatch(definitions, {"parameter": [delete] * 1001})
    assert error.value.status == 413


def test_paths_that_look_at_too_much_are_refused(
    apply: Apply, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "MAX_VISITS", 50)
    patient = {"resourceType": "Patient", "name": [{"family": "x"}] * 10}
    path = "Patient.name.where(%resource.name.where(family = 'y').exists())"
    with pytest.raises(FhirError, match="the paths look at too much"):
        apply(patient, operation("delete", path))


def test_the_value_in_a_path_is_not_repeated_in_the_refusal(apply: Apply) -> None:
    path = "Patient.identifier.where(value = '189002029800')"
    with pytest.raises(FhirError) as error:
        apply(PATIENT, operation("replace", path, valueIdentifier={"value": "1"}))
    assert "189002029800" not in str(error.value)
