"""A whole region, in the order in which it can be stored: whatever others refer to comes first."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator

from fhir_server.synthetic.contacts import contacts
from fhir_server.synthetic.elements import Json
from fhir_server.synthetic.needs import needs
from fhir_server.synthetic.patients import (
    HEMSJUKVARD,
    HEMTJANST,
    SABO,
    Patient,
    conditions,
    episodes,
    patient,
    patient_resource,
)
from fhir_server.synthetic.places import Kind, Unit, organizations, places
from fhir_server.synthetic.plans import sip
from fhir_server.synthetic.population import Population
from fhir_server.synthetic.staff import practitioners, teams
from fhir_server.synthetic.visits import stay, stay_resource, visits


class Region:
    """A made-up region.

    Args:
        size: how many patients.
        seed: what everything follows from.
        end: the last day that anything happens on; two years before it are shown.
        most_visits: of each patient; None for all that they made.
    """

    def __init__(self, size: int, seed: int, end: dt.date, most_visits: int | None = None) -> None:
        self.size = size
        self._most_visits = most_visits
        self._seed, self._end = f"{seed}", end
        self._places = places(size, self._seed)
        self._teams = teams(self._places, self._seed, end)
        self._people = Population(size, self._seed, end)

    @property
    def beyond_personnummer(self) -> int:
        """How many patients there is no test personnummer for."""
        return self._people.beyond_personnummer

    def units_and_staff(self) -> Iterator[Json]:
        """Give organizations, and those who work there."""
        yield from organizations(self._places)
        for team in self._teams.values():
            yield from practitioners(team)

    def patient(self, number: int) -> Iterator[Json]:
        """Give one patient, by a number from 0 to below the size, and all that is theirs."""
        municipalities = self._places.municipalities
        who = patient(number, self._people[number], municipalities, self._seed, self._end)
        care = _care_units(who)
        stayed = stay(who, self._places.wards, self._end)
        yield patient_resource(who)
        yield from conditions(who, self._end)
        yield from episodes(who, care)
        if stayed is not None:
            told = [care[form] for form, _ in who.care] + ([who.listed] if who.listed else [])
            yield stay_resource(who, stayed, self._teams[stayed.ward.id], told)
        found = needs(who, care, self._places, stayed, self._end)
        yield from contacts(who, found, self._teams, self._end)
        made = visits(who, self._teams, care, self._clinics(who), self._end)
        yield from itertools.islice(made, self._most_visits)
        yield from sip(who, care, self._teams, stayed, self._end)

    def _clinics(self, who: Patient) -> list[Unit]:
        ill = (*who.illnesses, who.grave) if who.grave else who.illnesses
        named = dict.fromkeys(each.clinic for each in ill if each.clinic)
        return [self._places.clinic(name) for name in named]


def _care_units(who: Patient) -> dict[str, Unit]:
    """Give the unit that would answer for each form of care where the patient lives."""
    homes = who.home.of_kind(Kind.SABO)
    return {
        SABO: homes[who.person.rank % len(homes)],
        HEMSJUKVARD: who.home.of_kind(Kind.HEMSJUKVARD)[0],
        HEMTJANST: who.home.of_kind(Kind.HEMTJANST)[0],
    }
