"""Parts of resources: _summary and _elements."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.subset import SUBSETTED, Subset

TEXT = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
TEAM: dict[str, Any] = {
    "resourceType": "CareTeam",
    "id": "t",
    "meta": {"versionId": "1", "tag": [{"code": "demo"}]},
    "implicitRules": "http://e.org/rules",
    "text": TEXT,
    "contained": [{"resourceType": "Patient", "id": "p"}],
    "extension": [{"url": "http://e.org/x", "valueCode": "c"}],
    "modifierExtension": [{"url": "http://e.org/m", "valueCode": "c"}],
    "status": "active",
    "_status": {"id": "s"},
    "name": "x",
    "subject": {
        "reference": "#p",
        "id": "r",
        "extension": [{"url": "http://e.org/x", "valueCode": "c"}],
    },
    "participant": [
        {
            "id": "a",
            "role": [{"text": "x"}],
            "member": {"display": "x"},
            "period": {"start": "2026"},
        }
    ],
    "note": [{"text": "x"}],
}


@pytest.fixture(scope="module")
def subset(definitions: Definitions) -> Subset:
    return Subset(definitions)


def names(resource: dict[str, Any]) -> set[str]:
    return set(resource) - {"resourceType", "id", "meta"}


def refused(subset: Subset, text: str, *types: str) -> str:
    with pytest.raises(FhirError) as error:
        subset.elements_from(text, types)
    assert error.value.status == 400
    return error.value.issues[0].text


@pytest.mark.parametrize("summary", [None, "false"])
def test_without_a_wish_the_resource_is_given_as_it_is(subset: Subset, summary: str | None) -> None:
    assert subset.apply(TEAM, summary, ()) is TEAM


@pytest.mark.parametrize(
    ("summary", "elements"), [("true", ()), ("text", ()), ("data", ()), (None, ("status",))]
)
def test_a_part_is_tagged_and_the_stored_resource_stays_as_it_is(
    subset: Subset, summary: str | None, elements: tuple[str, ...]
) -> None:
    before = json.dump(TEAM)
    part = subset.apply(TEAM, summary, elements)
    assert part["meta"] == {"versionId": "1", "tag": [{"code": "demo"}, SUBSETTED]}
    assert list(part)[:3] == ["resourceType", "id", "meta"]
    assert subset.apply(part, summary, elements)["meta"] == part["meta"]
    assert json.dump(TEAM) == before


def test_a_summary_has_its_elements_at_every_level_and_what_modifies(subset: Subset) -> None:
    part = subset.apply(TEAM, "true", ())
    assert names(part) == {
        "implicitRules", "modifierExtension", "status", "_status", "name", "subject"
    }  # fmt: skip
    assert part["subject"] == {"reference": "#p"}
    assert part["modifierExtension"] == TEAM["modifierExtension"]
    joined = {"type": [{"text": "x"}], "period": {"start": "2026"}, "individual": {"display": "x"}}
    encounter = {"resourceType": "Encounter", "participant": [{"id": "a", **joined}]}
    assert subset.apply(encounter, "true", ())["participant"] == [
        {"type": [{"text": "x"}], "individual": {"display": "x"}}
    ]


def test_mandatory_elements_stay_where_their_parent_does(subset: Subset) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "link": [{"relation": "self", "url": "http://e.org"}],
        "entry": [{"fullUrl": "urn:uuid:1", "resource": TEAM}],
    }
    part = subset.apply(bundle, "true", ())
    assert part["link"] == bundle["link"]
    assert part["entry"][0]["resource"] == subset.apply(TEAM, "true", ())
    patient = {"resourceType": "Patient", "link": [{"other": {"display": "x"}, "type": "refer"}]}
    assert subset.apply(patient, "true", ())["link"] == patient["link"]


def test_a_mandatory_element_with_nothing_but_extensions_is_not_emptied(subset: Subset) -> None:
    code = {"extension": [{"url": "http://e.org/absent", "valueCode": "unknown"}]}
    observation = {"resourceType": "Observation", "status": "final", "code": code}
    assert subset.apply(observation, "true", ())["code"] == code


def test_text_leaves_the_narrative_and_what_is_mandatory(subset: Subset) -> None:
    assert names(subset.apply(TEAM, "text", ())) == {"text", "implicitRules", "modifierExtension"}
    plan = {
        "resourceType": "CarePlan",
        "text": TEXT,
        "status": "draft",
        "intent": "plan",
        "title": "x",
    }
    assert names(subset.apply(plan, "text", ())) == {"text", "status", "intent"}


def test_data_leaves_everything_but_the_narrative(subset: Subset) -> None:
    assert names(subset.apply(TEAM, "data", ())) == names(TEAM) - {"text"}


def test_elements_gives_what_is_named_whole_and_what_is_mandatory(subset: Subset) -> None:
    part = subset.apply(TEAM, None, ("participant", "status"))
    assert names(part) == {"participant", "status", "_status", "implicitRules", "modifierExtension"}
    assert part["participant"] == TEAM["participant"]
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueString": "x",
        "_valueString": {"id": "v"},
        "note": [{"text": "x"}],
    }
    assert names(subset.apply(observation, None, ("value",))) == {
        "status", "code", "valueString", "_valueString"
    }  # fmt: skip
    assert names(subset.apply(observation, "false", ("note",))) == {"status", "code", "note"}


def test_elements_with_a_type_in_front_are_for_that_type(subset: Subset) -> None:
    named = subset.elements_from("CareTeam.name, Patient.gender", ["CareTeam", "Patient"])
    assert named == ("CareTeam.name", "Patient.gender")
    assert "name" in subset.apply(TEAM, None, named)
    patient = {"resourceType": "Patient", "gender": "other", "name": [{"text": "x"}]}
    assert names(subset.apply(patient, None, named)) == {"gender"}


def test_elements_that_the_type_does_not_have_are_refused_with_those_it_has(subset: Subset) -> None:
    assert "participant" in refused(subset, "status,nickname", "CareTeam")
    assert "Did you mean status" in refused(subset, "statsu", "CareTeam")
    assert "There are" in refused(subset, "", "CareTeam")
    assert "There are" in refused(subset, "status,", "CareTeam")
    assert "no element 'birthDate'" in refused(subset, "CareTeam.birthDate", "CareTeam", "Patient")
    assert "no element 'Patient.gender'" in refused(subset, "Patient.gender", "CareTeam")
    assert "no type here" in refused(subset, "nickname", "CareTeam", "Patient", "Group", "Basic")


def test_elements_inside_elements_are_refused(subset: Subset) -> None:
    assert "ask for name" in refused(subset, "name.family", "Patient")


def test_a_choice_is_named_with_or_without_its_type(subset: Subset) -> None:
    named = subset.elements_from("value,effectiveDateTime,id,meta", ["Observation"])
    assert named == ("value", "effectiveDateTime", "id", "meta")
