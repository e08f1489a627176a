"""Codes translated by ConceptMaps: equivalence, dependencies, products, unmapped codes, reverse."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from fhir_server.profiles.code_checks import Coded
from fhir_server.terminology.translate import Dependency, Translation, Wanted, translate

A, B, C = "urn:a", "urn:b", "urn:c"


def concept_map(*elements: dict[str, Any], **group: Any) -> dict[str, Any]:
    return {
        "resourceType": "ConceptMap",
        "url": "urn:map",
        "sourceCanonical": "urn:vs-a",
        "targetCanonical": "urn:vs-b",
        "group": [{"source": A, "target": B, "element": list(elements), **group}],
    }


def element(code: str, *targets: dict[str, Any]) -> dict[str, Any]:
    return {"code": code, "display": f"the {code}", "target": list(targets)}


def to(code: str | None, equivalence: str = "equivalent", **more: Any) -> dict[str, Any]:
    named = {"code": code, "display": f"the {code}"} if code else {}
    return {**named, "equivalence": equivalence, **more}


def no_systems(_: str) -> Collection[str] | None:
    return None


def run(a_map: dict[str, Any], code: str = "1", system: str = A, **wanted: Any) -> Translation:
    others = wanted.pop("others", {})
    version = wanted.pop("version", None)
    systems_of = wanted.pop("systems_of", no_systems)
    asked = Wanted(Coded(code, system, version), **wanted)
    return translate(a_map, asked, others.get, systems_of)


def codes(found: Translation) -> list[tuple[str, str | None]]:
    return [(match.equivalence, match.coding.get("code")) for match in found.matches]


def test_a_code_is_translated_with_the_equivalence_the_map_states() -> None:
    found = run(concept_map(element("1", to("x", "wider")), element("2", to("y"))))
    (match,) = found.matches
    assert match.equivalence == "wider"
    assert match.coding == {"system": B, "code": "x", "display": "the x"}
    assert match.source == "urn:map"
    assert found.succeeds


def test_the_version_of_the_map_is_part_of_its_canonical() -> None:
    found = run({**concept_map(element("1", to("x"))), "version": "2"})
    assert found.matches[0].source == "urn:map|2"


def test_a_code_of_another_system_is_not_translated() -> None:
    assert run(concept_map(element("1", to("x"))), system=C).matches == []


def test_a_code_in_another_case_is_another_code() -> None:
    assert run(concept_map(element("a", to("x"))), code="A").matches == []


def test_every_counterpart_is_given_once() -> None:
    found = run(concept_map(element("1", to("x"), to("y", "narrower")), element("1", to("x"))))
    assert codes(found) == [("equivalent", "x"), ("narrower", "y")]


@pytest.mark.parametrize("equivalence", ["unmatched", "disjoint"])
def test_the_word_that_there_is_no_counterpart_is_no_success(equivalence: str) -> None:
    found = run(concept_map(element("1", to(None, equivalence))))
    assert codes(found) == [(equivalence, None)]
    assert not found.succeeds


def test_only_the_wanted_system_is_translated_to() -> None:
    a_map = concept_map(element("1", to("x")))
    a_map["group"].append({"source": A, "target": C, "element": [element("1", to("z"))]})
    assert codes(run(a_map)) == [("equivalent", "x"), ("equivalent", "z")]
    assert codes(run(a_map, target_system=C)) == [("equivalent", "z")]


def test_a_group_for_another_version_of_the_system_does_not_count() -> None:
    a_map = concept_map(element("1", to("x")), sourceVersion="2025")
    assert run(a_map, version="2026").matches == []
    assert codes(run(a_map, version="2025")) == [("equivalent", "x")]
    assert codes(run(a_map)) == [("equivalent", "x")]


DEPENDS = {"dependsOn": [{"property": "urn:p", "system": C, "value": "left"}]}


def test_a_mapping_that_depends_on_something_not_given_is_left_out_and_named() -> None:
    found = run(concept_map(element("1", to("x", **DEPENDS))))
    assert found.matches == []
    assert found.needed == {"urn:p"}


def test_a_mapping_counts_when_what_it_depends_on_is_given() -> None:
    a_map = concept_map(element("1", to("x", **DEPENDS), to("y")))
    left = Dependency("urn:p", frozenset({(C, "left")}))
    right = Dependency("urn:p", frozenset({(C, "right")}))
    assert codes(run(a_map, dependencies=[left])) == [("equivalent", "x"), ("equivalent", "y")]
    assert codes(run(a_map, dependencies=[right])) == [("equivalent", "y")]


@pytest.mark.parametrize(
    "given",
    [
        Dependency("urn:p", frozenset({(None, "left")})),
        Dependency("urn:p", frozenset({(C, "left")})),
        Dependency("urn:p", frozenset(), "left"),
    ],
)
def test_a_dependency_without_a_system_is_met_by_code_or_text(given: Dependency) -> None:
    target = to("x", dependsOn=[{"property": "urn:p", "value": "left"}])
    assert codes(run(concept_map(element("1", target)), dependencies=[given])) == [
        ("equivalent", "x")
    ]


def test_a_dependency_under_another_name_does_not_count() -> None:
    given = Dependency("urn:q", frozenset({(C, "left")}))
    assert run(concept_map(element("1", to("x", **DEPENDS))), dependencies=[given]).matches == []


def test_products_come_with_the_counterpart() -> None:
    product = {"property": "urn:q", "system": C, "value": "left", "display": "Left"}
    (match,) = run(concept_map(element("1", to("x", product=[product])))).matches
    (given,) = match.products
    assert given.element == "urn:q"
    assert given.coding == {"system": C, "code": "left", "display": "Left"}


def test_an_unmapped_code_may_be_the_same_in_the_other_system() -> None:
    found = run(concept_map(element("2", to("y")), unmapped={"mode": "provided"}))
    assert found.matches[0].coding == {"system": B, "code": "1"}
    assert found.succeeds


def test_an_unmapped_code_may_get_a_fixed_one() -> None:
    rule = {"mode": "fixed", "code": "other", "display": "Other"}
    found = run(concept_map(element("2", to("y")), unmapped=rule))
    assert found.matches[0].coding == {"system": B, "code": "other", "display": "Other"}


def test_what_is_said_to_have_no_counterpart_is_not_unmapped() -> None:
    rule = {"mode": "fixed", "code": "other"}
    found = run(concept_map(element("1", to(None, "unmatched")), unmapped=rule))
    assert codes(found) == [("unmatched", None)]


def test_a_code_that_is_listed_without_targets_is_unmapped() -> None:
    found = run(concept_map({"code": "1"}, unmapped={"mode": "fixed", "code": "other"}))
    assert codes(found) == [("relatedto", "other")]


def test_unmapped_codes_are_left_alone_where_nobody_said_the_code_is_of_the_source() -> None:
    a_map = concept_map(element("2", to("y")), unmapped={"mode": "provided"})
    assert run(a_map, by_rule=False).matches == []


def test_another_map_may_be_asked_for_unmapped_codes() -> None:
    other = {**concept_map(element("1", to("x"))), "url": "urn:other"}
    rule = {"mode": "other-map", "url": "urn:other"}
    found = run(concept_map(element("2", to("y")), unmapped=rule), others={"urn:other": other})
    assert codes(found) == [("equivalent", "x")]
    assert found.matches[0].source == "urn:other"


def test_maps_that_refer_to_each_other_come_to_an_end() -> None:
    one = concept_map(element("2", to("y")), unmapped={"mode": "other-map", "url": "urn:two"})
    two = {
        **concept_map(element("2", to("y")), unmapped={"mode": "other-map", "url": "urn:map"}),
        "url": "urn:two",
    }
    assert run(one, others={"urn:map": one, "urn:two": two}).matches == []


def test_another_map_that_is_not_known_is_named() -> None:
    rule = {"mode": "other-map", "url": "urn:unknown"}
    assert run(concept_map(element("2", to("y")), unmapped=rule)).missing == {"urn:unknown"}


def test_in_reverse_the_sources_of_a_code_are_given_with_the_equivalence_turned_round() -> None:
    a_map = concept_map(
        element("1", to("x", "wider")), element("2", to("x")), element("3", to("y", "narrower"))
    )
    found = run(a_map, code="x", system=B, reverse=True)
    assert codes(found) == [("narrower", "1"), ("equivalent", "2")]
    assert found.matches[0].coding == {"system": A, "code": "1", "display": "the 1"}
    assert codes(run(a_map, code="y", system=B, reverse=True)) == [("wider", "3")]


def test_in_reverse_the_wanted_system_is_that_of_the_sources() -> None:
    a_map = concept_map(element("1", to("x")))
    assert codes(run(a_map, code="x", system=B, reverse=True, target_system=A)) == [
        ("equivalent", "1")
    ]
    assert run(a_map, code="x", system=B, reverse=True, target_system=C).matches == []


def test_in_reverse_what_a_mapping_depends_on_is_its_product() -> None:
    a_map = concept_map(element("1", to("x", **DEPENDS)))
    (match,) = run(a_map, code="x", system=B, reverse=True).matches
    assert match.products[0].coding == {"system": C, "code": "left"}


def test_in_reverse_unmapped_codes_have_no_source() -> None:
    a_map = concept_map(element("1", to("x")), unmapped={"mode": "fixed", "code": "other"})
    assert run(a_map, code="other", system=B, reverse=True).matches == []


def test_a_group_without_systems_takes_them_from_the_value_sets() -> None:
    a_map = concept_map(element("1", to("x")))
    del a_map["group"][0]["source"], a_map["group"][0]["target"]
    known = {"urn:vs-a": [A], "urn:vs-b": [B]}
    assert codes(run(a_map, systems_of=known.get)) == [("equivalent", "x")]
    assert codes(run(a_map, systems_of=known.get, target_system=B)) == [("equivalent", "x")]
    assert run(a_map, systems_of=known.get, system=C).matches == []
    assert run(a_map).matches == []
