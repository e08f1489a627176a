"""Snapshots are what their differentials make of their bases.

What is generated for every profile of this project and of HL7 Sweden is compared with what SUSHI
made; what it leaves open is tried with small profiles.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.snapshot_generator import Generated, generate

ROOT = Path(__file__).parents[3]
SWEDEN = Path.home() / ".fhir" / "packages" / "hl7se.fhir.base#1.1.0" / "package"
CORE = Path.home() / ".fhir" / "packages" / "hl7.fhir.r4.core#4.0.1" / "package"
R4 = "http://hl7.org/fhir/StructureDefinition/"
# The published snapshot has children of Meta that R4 does not have.
WITH_FOREIGN_ELEMENTS = {
    "SEBasePatient": {
        f"Patient.meta.{name}"
        for name in ("project", "author", "onBehalfOf", "account", "accounts", "compartment")
    }
}

Resource = Mapping[str, Any]


@cache
def definitions() -> Definitions:
    return Definitions.load()


def published() -> dict[str, Resource]:
    paths = [*sorted((ROOT / "profiles" / "se").glob("StructureDefinition-*.json"))]
    paths += sorted(SWEDEN.glob("StructureDefinition-*.json"))
    found = [json.loads(path.read_text()) for path in paths]
    for each in found:
        foreign = WITH_FOREIGN_ELEMENTS.get(each["id"], set())
        elements = each.get("snapshot", {}).get("element", [])
        elements[:] = [element for element in elements if element["id"] not in foreign]
    return {f"{each['url']}|{each.get('version', '')}": each for each in found}


def find(others: Mapping[str, Resource]) -> Callable[[str], Resource | None]:
    by_url = {each["url"]: each for each in others.values()}

    def found(canonical: str) -> Resource | None:
        url = canonical.partition("|")[0]
        own = definitions().conformance("StructureDefinition", canonical)
        return by_url.get(url) or own or of_r4(url)

    return found


def of_r4(url: str) -> Resource | None:
    """Give an extension that R4 defines, where its package is installed."""
    path = CORE / f"StructureDefinition-{url.removeprefix(R4)}.json"
    return json.loads(path.read_text()) if url.startswith(R4) and path.is_file() else None


def said(element: Mapping[str, Any]) -> dict[str, Any]:
    """Give what of an element constrains, in a form that doesn't depend on who wrote it."""
    binding = element.get("binding", {})
    values = ("fixed", "pattern", "minValue", "maxValue", "maxLength")
    return {
        "path": element["path"],
        "min": element["min"],
        "max": element["max"],
        "types": sorted(
            (t["code"], sorted(t.get("profile", ())), sorted(t.get("targetProfile", ())))
            for t in element.get("type", ())
        ),
        # R4's tables leave out a binding that names no value set.
        "binding": "valueSet" in binding
        and (binding["strength"], binding["valueSet"].partition("|")[0]),
        "values": {k: v for k, v in element.items() if k.startswith(values)},
        "slicing": {key: element.get("slicing", {}).get(key) for key in ("discriminator", "rules")},
        "slice": element.get("sliceName"),
        "constraints": sorted(each["key"] for each in element.get("constraint", ())),
        "reference": element.get("contentReference", "").rpartition("#")[2],
        "modifier": bool(element.get("isModifier")),
        "must": element.get("mustSupport"),
    }


@pytest.mark.parametrize("canonical", sorted(published()))
def test_what_is_generated_equals_what_sushi_made(canonical: str) -> None:
    everything = published()
    definition = everything[canonical]
    if not definition.get("snapshot", {}).get("element"):
        pytest.skip("published without a snapshot")
    if definition["baseDefinition"].startswith("http://hl7.se/") and not SWEDEN.is_dir():
        pytest.skip("HL7 Sweden's package, which it is derived from, is not in ~/.fhir/packages")
    bare = {key: value for key, value in definition.items() if key != "snapshot"}

    generated = generate(bare, find(everything))

    assert generated.issues == ()
    assert generated.definition is not None
    theirs = {e["id"]: said(e) for e in definition["snapshot"]["element"]}
    ours = {e["id"]: said(e) for e in generated.definition["snapshot"]["element"]}
    assert list(ours) == list(theirs)
    assert ours == theirs


def test_r4s_own_types_have_snapshots() -> None:
    own = definitions()
    for name in ("CareTeam", "Observation", "HumanName", "Timing", "Extension", "date"):
        definition = own.conformance("StructureDefinition", f"{R4}{name}")
        assert definition is not None
        paths = [each["path"] for each in definition["snapshot"]["element"]]
        assert paths[0] == name
        assert len(paths) == len(set(paths))

    observation = own.conformance("StructureDefinition", f"{R4}Observation|4.0.1")
    assert observation is not None
    elements = {each["id"]: each for each in observation["snapshot"]["element"]}
    assert elements["Observation.component.referenceRange"]["contentReference"] == (
        "#Observation.referenceRange"
    )
    keys = [each["key"] for each in elements["Observation"]["constraint"]]
    assert keys == ["dom-2", "dom-3", "dom-4", "dom-5", "dom-6", "obs-6", "obs-7"]
    assert elements["Observation.value[x]"]["type"][0] == {"code": "Quantity"}
    assert own.conformance("StructureDefinition", f"{R4}Observation|5.0.0") is None


def profile(*elements: dict[str, Any], on: str = "Observation", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": "https://vendor.example/fhir/StructureDefinition/p",
        "type": on,
        "baseDefinition": f"{R4}{on}",
        "derivation": "constraint",
        "differential": {"element": [*elements]},
        **more,
    }


def made(*elements: dict[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    generated = generate(profile(*elements, **more), find({}))
    assert generated.issues == ()
    assert generated.definition is not None
    return {each["id"]: each for each in generated.definition["snapshot"]["element"]}


def refused(*elements: dict[str, Any], **more: Any) -> Generated:
    generated = generate(profile(*elements, **more), find({}))
    assert generated.definition is None
    return generated


def at(path: str, **says: Any) -> dict[str, Any]:
    return {"path": path, **says}


def test_a_name_with_a_type_in_it_leaves_the_choice_with_this_type() -> None:
    elements = made(
        at("Observation.valueQuantity", min=1), at("Observation.valueQuantity.code", min=1)
    )

    value = elements["Observation.value[x]"]
    assert (value["min"], [t["code"] for t in value["type"]]) == (1, ["Quantity"])
    assert elements["Observation.value[x].code"]["min"] == 1


def test_several_names_with_types_slice_the_choice_by_type() -> None:
    elements = made(
        at("Observation.valueQuantity.code", min=1), at("Observation.valueString", maxLength=9)
    )

    assert elements["Observation.value[x]"]["slicing"]["discriminator"] == [
        {"type": "type", "path": "$this"}
    ]
    assert elements["Observation.value[x]:valueQuantity.code"]["min"] == 1
    assert elements["Observation.value[x]:valueString"]["maxLength"] == 9
    assert len(elements["Observation.value[x]"]["type"]) == 11


def test_a_slice_of_a_slice_has_what_is_constrained_before_it() -> None:
    slicing = {"discriminator": [{"type": "pattern", "path": "$this"}], "rules": "open"}
    elements = made(
        at("Observation.category", slicing=slicing),
        at("Observation.category.text", max="0"),
        at("Observation.category", sliceName="lab", max="1", slicing=slicing),
        at("Observation.category.coding", min=1),
        at("Observation.category", sliceName="lab/own", max="1"),
        at("Observation.category.coding", max="1"),
    )

    assert elements["Observation.category:lab.text"]["max"] == "0"
    assert elements["Observation.category:lab.coding"]["min"] == 1
    assert elements["Observation.category:lab/own.coding"].items() >= {"min": 1, "max": "1"}.items()
    ids = list(elements)
    assert ids.index("Observation.category:lab/own") > ids.index("Observation.category:lab.coding")


def test_a_reference_to_other_content_is_unfolded_below() -> None:
    elements = made(at("Observation.component.referenceRange.low", min=1))

    unfolded = elements["Observation.component.referenceRange"]
    assert "contentReference" not in unfolded
    assert [t["code"] for t in unfolded["type"]] == ["BackboneElement"]
    assert elements["Observation.component.referenceRange.low"]["min"] == 1
    assert elements["Observation.component.referenceRange.text"]["min"] == 0
    assert elements["Observation.referenceRange.low"]["min"] == 0


def test_constraints_add_up_and_name_who_states_them() -> None:
    own = {"key": "v-1", "severity": "error", "human": "h", "expression": "true"}

    (*inherited, last) = made(at("Observation", constraint=[own]))["Observation"]["constraint"]

    assert [each["key"] for each in inherited][-2:] == ["obs-6", "obs-7"]
    assert last == {**own, "source": "https://vendor.example/fhir/StructureDefinition/p"}


def test_a_slice_of_extensions_needs_no_slicing_and_has_its_profiles_content() -> None:
    extension = profile(
        at("Extension.url", fixedUri="https://vendor.example/e"),
        at("Extension.value[x]", type=[{"code": "code"}], min=1),
        on="Extension",
        url="https://vendor.example/e",
    )
    generated = generate(extension, find({})).definition
    assert generated is not None
    typed = [{"code": "Extension", "profile": ["https://vendor.example/e"]}]

    result = generate(
        profile(
            at("Patient.birthDate.extension", sliceName="e", type=typed),
            at("Patient.birthDate.extension.value[x]", mustSupport=True),
            on="Patient",
        ),
        find({"e": generated}),
    )

    assert result.definition is not None
    elements = {each["id"]: each for each in result.definition["snapshot"]["element"]}
    assert elements["Patient.birthDate.extension"]["slicing"]["rules"] == "open"
    assert elements["Patient.birthDate.extension:e"]["min"] == 0
    assert elements["Patient.birthDate.extension:e.url"]["fixedUri"] == "https://vendor.example/e"
    value = elements["Patient.birthDate.extension:e.value[x]"]
    assert (value["min"], value["mustSupport"]) == (1, True)


@pytest.mark.parametrize(
    ("element", "text"),
    [
        (at("Observation.shoeSize", min=1), "no element shoeSize"),
        (at("Patient.name", min=1), "begins with another type"),
        (at("Observation.code", min=0), "min 0 is less than the 1"),
        (at("Observation.code", max="*"), "max * is more than the 1"),
        (at("Observation.subject", min=2), "max 1 is less than min 2"),
        (at("Observation.code", type=[{"code": "Coding"}]), "the type Coding is none of"),
        (at("Observation.value[x].code", min=1), "may have several types"),
        (at("Observation.note", sliceName="a"), "no slicing before this slice"),
        (at("Observation.status", binding={"strength": "example"}), "it can't become example"),
        (
            at("Observation.code.extension.url", id="Observation.code.extension:none.url"),
            "no slice none before this",
        ),
    ],
)
def test_what_does_not_fit_the_base_is_said_with_its_place(
    element: dict[str, Any], text: str
) -> None:
    issues = refused(at("Observation"), element).issues

    assert [each.expression for each in issues] == ["StructureDefinition.differential.element[1]"]
    assert text in issues[0].text


def test_an_unknown_base_and_one_of_another_type_are_said() -> None:
    (unknown,) = refused(baseDefinition="https://vendor.example/none").issues
    (other,) = refused(baseDefinition=f"{R4}Patient").issues
    (none,) = refused(baseDefinition="").issues

    assert (unknown.expression, other.expression) == (
        "StructureDefinition.baseDefinition",
        "StructureDefinition.type",
    )
    assert "https://vendor.example/none is not known here" in unknown.text
    assert "about Patient, this profile about Observation" in other.text
    assert "names no base" in none.text


def test_a_differential_can_make_no_endless_work() -> None:
    deep = "Observation" + ".extension" * 60
    (issue,) = refused(at(deep, min=1)).issues
    assert "more than 40 levels" in issue.text

    wide = [
        at("Observation.component", slicing={"discriminator": [], "rules": "open"}),
        *(
            each
            for n in range(1500)
            for each in (
                at("Observation.component", sliceName=f"s{n}"),
                at("Observation.component.valueQuantity.code", min=1),
            )
        ),
    ]
    assert "more than 20000 elements" in refused(*wide).issues[0].text
