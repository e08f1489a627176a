"""A person's number names them with its system and without it: wherever a number may stand."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from tests.security.matrix_world import PRINCIPALS, RELATIONS, MatrixWorld, Told

SYSTEM = "urn:example:number"
PERSONS = ("own", "below", "related", "inner", "consented", "outer", "protected", "nobody")
# Where a number stands, in requests that find whom it names or what is about them.
PLACES = (
    "Patient?identifier={number}",
    "Patient?identifier={number}&family=Mark",
    "Patient?identifier=nobody,{number}",
    "Patient?_filter={filter}",
    "Patient/$named-contacts?identifier={number}",
    "Patient/$named-contacts?identifier={number}&audience=patient",
    "Patient/$graphql?query={graphql}",
    "Encounter?patient.identifier={number}",
    "CareTeam?subject:Patient.identifier={number}",
    "Task?patient.identifier={number}&_summary=count",
)


@pytest.fixture(scope="module")
def world(app: Flask) -> MatrixWorld:
    return MatrixWorld(app)


def asked(place: str, number: str) -> str:
    return place.format(
        number=quote(number),
        filter=quote(f'identifier eq "{number}"'),
        graphql=quote(f'{{PatientList(identifier:"{number}"){{id}}}}'),
    )


def given(told: Told) -> tuple[int, Any]:
    """Give what was answered, without where it was asked."""
    body = told.body if isinstance(told.body, dict) else {}
    found = [
        (each["search"]["mode"], each["resource"].get("id"))
        for each in body.get("entry", ())
        if "search" in each
    ]
    return told.status, (found, body.get("total"), body.get("data"))


@pytest.mark.parametrize("role", PRINCIPALS)
@pytest.mark.parametrize("place", PLACES)
def test_a_number_names_the_same_person_with_and_without_its_system(
    world: MatrixWorld, role: str, place: str
) -> None:
    """R111, R117, R122: for each role, of one's own unit, of others, protected, and of nobody."""
    for person in PERSONS:
        whole = world.ask(PRINCIPALS[role], "GET", asked(place, f"{SYSTEM}|n-{person}"))
        bare = world.ask(PRINCIPALS[role], "GET", asked(place, f"n-{person}"))
        assert given(bare) == given(whole), person
        assert whole.status < 500


@pytest.mark.parametrize("role", ["coordinator", "system-unit", "system-provider"])
def test_contacts_are_asked_for_by_a_number_alone(world: MatrixWorld, role: str) -> None:
    """R122: of everybody who is known here; what of them is shown is for the law to say."""
    for person in RELATIONS:
        told = world.ask(PRINCIPALS[role], "GET", f"Patient/$named-contacts?identifier=n-{person}")
        assert told.status == 200, person
    told = world.ask(PRINCIPALS[role], "GET", "Patient/$named-contacts?identifier=n-consented")
    assert told.body["total"] == 1


def test_a_reference_by_number_alone_leads_to_whom_it_names(world: MatrixWorld) -> None:
    """R111: a conditional reference of a transaction, a condition on a create."""
    nurse = PRINCIPALS["coordinator"]
    for number in (f"{SYSTEM}|n-consented", "n-consented"):
        unless = f"identifier={quote(number)}"
        patient = {"resourceType": "Patient", "name": [{"family": "Ny"}]}
        told = world.ask(nurse, "POST", "Patient", patient, ifNoneExist=unless)
        assert (told.status, "Patient/consented" in told.text) == (200, True), number


def test_part_of_a_number_names_nobody(world: MatrixWorld) -> None:
    """R117: nor does its system alone, nor a number that one does not want."""
    for asks in (f"identifier={SYSTEM}|", "identifier=n-", "identifier:not=n-own"):
        told = world.ask(PRINCIPALS["coordinator"], "GET", f"Patient?{asks}&_count=100")
        found = {each["resource"]["id"] for each in told.body.get("entry", ())}
        assert not found & {"consented", "related", "inner", "outer"}, asks
