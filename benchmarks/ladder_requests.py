"""What is asked of each rung of the ladder, with values drawn from what is stored there."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fhir_server.security.authentication import local_tokens
from fhir_server.sweden import codes

Resource = dict[str, Any]
SEARCHSET = '"searchset"'


@dataclass(frozen=True, slots=True)
class Person:
    """A patient with what is asked about them.

    Args:
        id: of the Patient.
        identifier: ``system|value``.
        family: name.
        born: birth date.
        visit: an Encounter of theirs.
        unit: the Organization that answers for that Encounter.
        hsa_id: of that unit.
    """

    id: str
    identifier: str
    family: str
    born: str
    visit: Resource
    unit: str
    hsa_id: str


# Gives path, body and a text that a right answer has.
Make = Callable[[Person], tuple[str, bytes | None, str]]


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of request; staff of the unit that answers for the person's visit ask.

    Args:
        name: to show.
        make: makes one about a person.
    """

    name: str
    make: Make


class Population:
    """People drawn evenly from a rung.

    Args:
        uri: of its database.
        database: the database's name.
        size: patients.
        sample: how many are drawn at most.
    """

    def __init__(self, uri: str, database: str, size: int, sample: int) -> None:
        from pymongo import MongoClient

        pick = random.Random(1)
        numbers = pick.sample(range(size), min(size, sample * 2))
        self.people: list[Person] = []
        units: dict[str, str] = {}
        with MongoClient[Resource](uri) as client:
            stored = client[database]["resources"]

            def read(reference: str) -> Resource | None:
                found = stored.find_one({"_id": reference}, {"b": 1})
                return json.loads(found["b"]) if found and "b" in found else None

            for number in numbers:
                id_ = f"demo-{number:06}"
                patient, visit = read(f"Patient/{id_}"), read(f"Encounter/{id_}-1")
                if patient is None or visit is None:
                    continue
                unit = visit["serviceProvider"]["reference"]
                if patient.get("managingOrganization", {}).get("reference") != unit:
                    continue
                if unit not in units:
                    units[unit] = _hsa_id(read(unit) or {})
                identifier = patient["identifier"][0]
                self.people.append(
                    Person(
                        id_,
                        f"{identifier['system']}|{identifier['value']}",
                        patient["name"][0]["family"],
                        patient["birthDate"],
                        visit,
                        unit.removeprefix("Organization/"),
                        units[unit],
                    )
                )
                if len(self.people) == sample:
                    break


class Sampler:
    """Makes requests about one person after the other."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._people = itertools.cycle(population.people)

    def largest_unit(self) -> str:
        """Give the HSA-id of the unit with the most visits, by the sample."""
        counted = Counter(person.hsa_id for person in self._population.people)
        return counted.most_common(1)[0][0]

    def requests(self, case: Case, count: int) -> Iterator[tuple[str, str, bytes | None, bytes]]:
        """Give who asks, path, body and what a right answer has."""
        made = []
        for person in itertools.islice(self._people, count):
            path, body, expected = case.make(person)
            made.append((person.hsa_id, f"/fhir/{path}", body, expected.encode()))
        return iter(made)


def token(place: Path, hsa_id: str) -> str:
    """Give a token for staff of a unit."""
    claims = {
        "sub": "bench", "client_id": "bench", "role": "coordinator", "purpose": "TREAT",
        "unit": hsa_id, "person": "SE-bench", "scope": "user/*.cruds",
    }  # fmt: skip
    return local_tokens.issue(place, claims, 7200)


def _hsa_id(organization: Resource) -> str:
    for identifier in organization.get("identifier", ()):
        if identifier.get("system") in codes.HSA_ID_SYSTEMS:
            return str(identifier["value"])
    return ""


def _search(template: str, expected: str) -> Make:
    """Fill a template with what is known of a person."""

    def make(person: Person) -> tuple[str, bytes | None, str]:
        known = {
            "id": person.id,
            "identifier": quote(person.identifier),
            "family": quote(person.family),
            "born": person.born,
            "visit": person.visit["id"],
            "date": person.visit["period"]["start"][:10],
            "unit": person.unit,
            "worker": person.visit["participant"][0]["individual"]["reference"],
        }
        return template.format(**known), None, expected.format(**known)

    return make


def _named_contacts(person: Person) -> tuple[str, bytes | None, str]:
    asked = {"name": "identifier", "valueString": person.identifier}
    body = {"resourceType": "Parameters", "parameter": [asked]}
    return "Patient/$named-contacts", json.dumps(body).encode(), SEARCHSET


_PATIENT = '"id":"{id}"'
_ABOUT = '"Patient/{id}"'
_UNIT = '"Organization/{unit}"'
CASES = (
    Case("read Patient", _search("Patient/{id}", _PATIENT)),
    Case("read Encounter", _search("Encounter/{visit}", '"id":"{visit}"')),
    Case("history of an Encounter", _search("Encounter/{visit}/_history", '"id":"{visit}"')),
    Case("Patient by identifier", _search("Patient?identifier={identifier}", _PATIENT)),
    Case("Patient by name and birth date",
         _search("Patient?family={family}&birthdate={born}", _PATIENT)),
    Case("Patient by name, the first 20",
         _search("Patient?family={family}", "{family}")),
    Case("Patient by birth year, sorted by name",
         _search("Patient?birthdate={born}&_sort=family", SEARCHSET)),
    Case("Encounter by patient", _search("Encounter?patient={id}", _ABOUT)),
    Case("Encounter by patient and date",
         _search("Encounter?patient={id}&date=ge{date}", _ABOUT)),
    Case("Encounter by patient, sorted", _search("Encounter?patient={id}&_sort=-date", _ABOUT)),
    Case("Encounter of the own unit", _search("Encounter?status=finished", _UNIT)),
    Case("Encounter of the own unit, the last ones",
         _search("Encounter?service-provider=Organization/{unit}&_sort=-date", _UNIT)),
    Case("Encounter by date and class", _search("Encounter?date={date}&class=AMB", SEARCHSET)),
    Case("Encounter by participant and date",
         _search("Encounter?practitioner={worker}&date=ge2026", SEARCHSET)),
    Case("CareTeam by patient and category", _search("CareTeam?patient={id}&status=active",
         SEARCHSET)),
    Case("CareTeam by participant", _search("CareTeam?participant={worker}", SEARCHSET)),
    Case("Encounter by the patient's identifier (chain)",
         _search("Encounter?patient.identifier={identifier}", _ABOUT)),
    Case("Patient by who cares for them (_has)",
         _search("Patient?_has:CareTeam:patient:participant={worker}&_count=20", SEARCHSET)),
    Case("Encounter and patient (_include)",
         _search("Encounter?patient={id}&_include=Encounter:subject", _PATIENT)),
    Case("Patient and encounters (_revinclude)",
         _search("Patient?_id={id}&_revinclude=Encounter:patient", _ABOUT)),
    Case("count of a patient's encounters",
         _search("Encounter?patient={id}&_summary=count", '"total"')),
    Case("changed lately", _search("Encounter?_lastUpdated=ge2026-01-01", _UNIT)),
    Case("$named-contacts by personnummer", _named_contacts),
    Case("$everything of a patient", _search("Patient/{id}/$everything", _ABOUT)),
)  # fmt: skip
