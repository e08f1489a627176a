"""Whoever a resource names, in words: staff, units, teams, relatives, the person.

R5, R91, R114, R118: a name that is protected is not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_server import swedish
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contact_ways import Way, ways_to
from fhir_server.sweden import codes, contact_reading
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.contact_view import Place, Somebody
from fhir_server.sweden.elements import Json, child, concept_words, items, target, text
from fhir_server.sweden.people import name_of
from fhir_server.sweden.references import Read, alone, follow

YOU = "Du själv"
STAFF = ("PractitionerRole", "Practitioner")
PLACES = ("Organization", "CareTeam", "HealthcareService", "Location")
PROTECTED = "Namnet är skyddat"
Resource = dict[str, Any]
# A role, its person and unit.
_STEPS = 3


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody, or something, that takes part.

    Args:
        key: tells parties apart.
        name: to show.
        title: profession, or how related; empty where unknown, or where it stands for the name.
        place: of work; empty where ``name`` is the unit's.
        ways: how to reach them, nearest first.
        kind: the type of the resource; empty where only words name it.
        note: what there is to know of the name, as a sentence.
    """

    key: str
    name: str
    title: str = ""
    place: str = ""
    ways: tuple[Way, ...] = ()
    kind: str = ""
    note: str = ""

    @property
    def about(self) -> str:
        """Give title and place of work, or how related: distriktssköterska, Hälsocentralen."""
        said = ", ".join(filter(None, (lowered(self.title), self.place)))
        return ". ".join(filter(None, (said, self.note)))

    @property
    def short(self) -> str:
        """Give name and title, without the place of work."""
        return ", ".join(filter(None, (self.name, lowered(self.title))))

    @property
    def called(self) -> str:
        """Give name and what is known of it in one line."""
        return ", ".join(filter(None, (self.name, self.about)))

    @property
    def phone(self) -> str:
        """Give the nearest number to call; empty where none is known."""
        return next((way.text for way in self.ways if way.href.startswith("tel:")), "")


@dataclass(frozen=True, slots=True)
class Parties:
    """Reads who is meant.

    Args:
        read: gives the resource at ``Type/id``, as far as the reader may see it.
        moment: ways to reach somebody that do not hold then are left out.
        discreet: the person's data are protected (R118): no ways to reach relatives.
        you: what to call the person; empty for their name.
    """

    read: Read
    moment: datetime
    discreet: bool = False
    you: str = YOU

    def of(self, reference: Json, holder: Json) -> Party | None:
        """Give whom a Reference means; None where it says nothing that a reader can use.

        Args:
            reference: the Reference element.
            holder: the resource it stands in.
        """
        aim = target(reference)
        found = follow(alone(holder), reference, self.read)
        if found is None:
            said = text(reference, "display") or _number(reference)
            return Party(aim.key or said, said, kind=aim.resource_type) if said else None
        kind = text(found.resource, "resourceType")
        key = aim.key or f"{holder.get('id')}{aim.literal}"
        if kind in STAFF:
            who = contact_reading.somebody(reference, holder, self.read, self.moment)
            return _staff(key, who, kind, text(reference, "display"))
        if kind in PLACES:
            return _place(key, contact_reading.place(found.resource, self.moment), kind)
        return self._person(key, found.resource, kind)

    def all(self, references: Iterable[Json], holder: Json) -> tuple[Party, ...]:
        """Give those that references mean, each once."""
        found = [party for each in references if (party := self.of(each, holder))]
        return tuple({party.key: party for party in found}.values())

    def _person(self, key: str, person: Json, kind: str) -> Party | None:
        hidden = is_protected(person)
        name = "" if hidden else name_of(person)
        ways = contact_reading.channels(person, self.moment)
        reach = () if hidden or self.discreet else ways_to(ways)
        if kind == "Patient":
            return Party(key, self.you or name or PROTECTED, ways=reach, kind=kind)
        if kind != "RelatedPerson":
            return None
        related = next((concept_words(each) for _, each in items(person, "relationship")), "")
        if not name:
            return Party(key, "Närstående", ways=reach, kind=kind)
        return Party(key, name, related, ways=reach, kind=kind)


def _staff(key: str, who: Somebody, kind: str, display: str) -> Party:
    place = who.unit.name if who.unit else ""
    ways = ways_to(who.channels, who.unit.channels if who.unit else ())
    title = swedish.sentence(who.title).rstrip(".")
    if who.name:
        return Party(key, who.name, title, place, ways, kind)
    # Who has no name here is the work they do; a display is not read where the name is protected.
    name = title or ("" if who.protected else display) or "Personal"
    note = f"{PROTECTED}." if who.protected else ""
    return Party(key, name, place=place, ways=ways, kind=kind, note=note)


def _place(key: str, place: Place, kind: str) -> Party | None:
    return Party(key, place.name, ways=ways_to(place.channels), kind=kind) if place.name else None


def _number(reference: Json) -> str:
    """Give the HSA-id of a unit or a member of staff that only a number names."""
    identifier = child(reference, "identifier")
    known = identifier.get("system") in codes.HSA_ID_SYSTEMS
    return text(identifier, "value") if known else ""


def lowered(words: str) -> str:
    """Give words with a small letter first, unless they begin with an abbreviation such as KOL."""
    return words if words[1:2].isupper() else f"{words[:1].lower()}{words[1:]}"


class People:
    """Looks up who references lead to, a few round trips for all.

    Args:
        finder: reads the store.
        moment: ways to reach somebody that do not hold then are left out.
        person: ``Patient/[id]`` whom it is about.
    """

    def __init__(self, finder: Finder, moment: datetime, person: str) -> None:
        self._finder = finder
        self._moment = moment
        self._person = person
        self._found: dict[str, Resource | None] = {}

    def read_ahead(self, references: Iterable[Json]) -> None:
        """Read what some references lead to, so that `who` asks the store no more."""
        wanted = {target(each).literal for each in references if target(each).local}
        for _ in range(_STEPS):
            new = [each for each in wanted if each not in self._found]
            if not new:
                return
            read = self._finder.read_many(new)
            self._found.update({each: read.get(each) for each in new})
            wanted = {
                target(each).literal
                for resource in read.values()
                for each in _onward(resource)
                if target(each).local
            }

    def read(self, reference: str) -> Resource | None:
        """Give a resource, from what was read ahead where it was."""
        if reference not in self._found:
            self._found[reference] = self._finder.read(reference)
        return self._found[reference]

    def who(self, reference: Json) -> Party:
        """Give whom a reference leads to, the person by name; one without a name for nobody."""
        person = self.read(self._person) if self._person else None
        discreet = is_protected(person or {})
        parties = Parties(self.read, self._moment, discreet=discreet, you="")
        return parties.of(reference, {}) or Party("", "")


def _onward(resource: Json) -> Iterator[Json]:
    if resource.get("resourceType") == "PractitionerRole":
        yield child(resource, "practitioner")
        yield child(resource, "organization")
