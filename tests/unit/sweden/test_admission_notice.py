"""What an inskrivningsmeddelande says, and who may get it."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import admission_notice, codes
from fhir_server.sweden.admission_notice import NOT_REGISTERED, PROTECTED, content, recipients
from tests.unit.sweden.conftest import Json, World

OFFICIAL = "http://hl7.se/fhir/ig/base/StructureDefinition/SEBaseAddressPersonExtension"


def address(line: str, kind: str = "", **more: Any) -> Json:
    """Give an address; ``kind`` is the SNOMED code of its official type."""
    coding = {"system": codes.SNOMED, "code": kind}
    official = {"url": OFFICIAL, "valueCodeableConcept": {"coding": [coding]}}
    found: Json = {"line": [line], "postalCode": "83100", "city": "Östersund", **more}
    return found | ({"extension": [official]} if kind else {})


def person(*addresses: Json, system: str = codes.PERSONNUMMER, **more: Any) -> Json:
    """Give a Patient with a number."""
    return {
        "resourceType": "Patient",
        "name": [{"family": "Hammar", "given": ["Albertina"]}],
        "identifier": [{"system": system, "value": "189002029800"}],
        "address": list(addresses),
    } | more


REGISTERED, POST = "63381000052101", "63391000052104"


@pytest.mark.parametrize(
    ("addresses", "spelled"),
    [
        ((address("A 1"),), "A 1, 83100 Östersund"),
        ((address("A 1"), address("B 2", REGISTERED)), "B 2, 83100 Östersund"),
        ((address("A 1", POST),), ""),
        ((address("A 1", use="temp"),), ""),
        ((address("A 1", period={"end": "2026-01-01"}), address("B 2")), "B 2, 83100 Östersund"),
        (({"text": "c/o Bo, Östersund"},), "c/o Bo, Östersund"),
        ((), ""),
    ],
)
def test_the_folkbokforingsadress_is_the_one_marked_so_or_the_home(
    world: World, addresses: tuple[Json, ...], spelled: str
) -> None:
    """R56: no postal address, none that has ended, none for a while."""
    assert content(person(*addresses), world.now).address == spelled


@pytest.mark.parametrize("label", ["sekretessmarkering", "skyddadFolkbokforing"])
def test_a_protected_persons_address_is_never_in_it(world: World, label: str) -> None:
    """R118, R56: nothing of it, even where it is known."""
    system = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
    meta = {"security": [{"system": system, "code": label}]}
    said = content(person(address("Hemliga gatan 1", REGISTERED), meta=meta), world.now)
    assert said.address == PROTECTED
    assert list(admission_notice.lacking(said)) == []


@pytest.mark.parametrize(
    ("system", "name", "stated"),
    [
        (codes.PERSONNUMMER, "Personnummer", ""),
        (codes.PERSONNUMMER_SYSTEMS[1], "Personnummer", ""),
        (codes.SAMORDNINGSNUMMER, "Samordningsnummer", NOT_REGISTERED),
        (codes.RESERVNUMMER, "Reservnummer", NOT_REGISTERED),
        ("urn:oid:1.2.3", "Id-nummer", NOT_REGISTERED),
    ],
)
def test_who_has_no_personnummer_is_not_registered_anywhere(
    world: World, system: str, name: str, stated: str
) -> None:
    """R56, R122."""
    said = content(person(system=system), world.now)
    assert (said.number_name, said.address) == (name, stated)


def test_all_that_is_missing_is_told_at_once(world: World) -> None:
    """R56."""
    said = content({"resourceType": "Patient"}, world.now)
    assert [issue.expression for issue in admission_notice.lacking(said)] == [
        "Patient.name",
        "Patient.identifier",
        "Patient.address",
    ]


def test_units_are_told_by_whose_insatser_are_needed(world: World) -> None:
    """R54, R55: those that the ward names are told anyway, each once."""
    region, kommun = "Organization/region", "Organization/kommun"
    found = [region, kommun]
    assert recipients(found, [], [], world.read)[0] == found
    assert recipients(found, [], ["kommun"], world.read) == ([kommun], [])
    assert recipients(found, [region], ["kommun"], world.read)[0] == found


def test_a_unit_that_says_nothing_of_its_huvudman_is_told_with_a_warning(world: World) -> None:
    """R55: it may be the one that is needed, so nothing is refused."""
    world.resources["Organization/tyst"] = {"resourceType": "Organization", "id": "tyst"}
    chosen, issues = recipients([], ["Organization/tyst"], ["kommun"], world.read)
    assert chosen == ["Organization/tyst"]
    assert [(i.severity, i.expression) for i in issues] == [("warning", "recipient[0]")]


def test_a_listed_unit_of_nobody_is_refused(world: World) -> None:
    """R55, R110: OSL 25 kap. 1 §."""
    _, issues = recipients(["Organization/annan"], [], [], world.read)
    assert [(i.details[0].code, i.expression) for i in issues] == [
        ("OSL-25-1", "Patient.generalPractitioner")
    ]


def test_the_municipality_is_that_of_the_home_now(world: World) -> None:
    """R55: by its kommunkod, of no other code system."""

    def lives(code: str, system: str = codes.KOMMUNKOD, **more: Any) -> Json:
        coding = {"system": system, "code": code}
        return {"extension": [{"url": codes.MUNICIPALITY, "valueCoding": coding}], **more}

    who = person(lives("0180", use="old"), lives("x", "urn:oid:1.2.3"), lives("2380"))
    assert admission_notice.municipality_of(who, world.now) == "2380"
    assert admission_notice.municipality_of(person(), world.now) == ""
