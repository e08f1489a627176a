"""Whoever a plan names, in words: staff, units, teams, relatives, the person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fhir_server import swedish
from fhir_server.operations.contact_ways import Way, ways_to
from fhir_server.operations.written.plan_words import concept
from fhir_server.pages.writing import Row
from fhir_server.sweden import contact_reading
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.contact_view import Place, Somebody
from fhir_server.sweden.elements import Json, items, target, text
from fhir_server.sweden.people import name_of
from fhir_server.sweden.references import Read, alone, follow

YOU = "Du själv"
STAFF = ("PractitionerRole", "Practitioner")
PLACES = ("Organization", "CareTeam", "HealthcareService", "Location")
PROTECTED = "Namnet är skyddat"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody, or something, that takes part.

    Args:
        key: tells parties apart.
        name: to show.
        about: title and place of work, or how related.
        ways: how to reach them, nearest first.
        kind: the type of the resource; empty where only words name it.
        title: profession, or how related; empty where unknown.
    """

    key: str
    name: str
    about: str = ""
    ways: tuple[Way, ...] = ()
    kind: str = ""
    title: str = ""

    @property
    def short(self) -> str:
        """Give name and title, without the place of work."""
        return f"{self.name}, {lowered(self.title)}" if self.title else self.name

    @property
    def called(self) -> str:
        """Give name and what is known of it in one line."""
        return f"{self.name}, {lowered(self.about)}" if self.about else self.name


@dataclass(frozen=True, slots=True)
class Parties:
    """Reads who is meant.

    Args:
        read: gives the resource at ``Type/id``, as far as the reader may see it.
        moment: ways to reach somebody that do not hold then are left out.
        discreet: the person's data are protected (R118): no ways to reach relatives.
        you: what to call the person.
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
            said = text(reference, "display")
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
        if kind == "Patient":
            return Party(key, self.you, kind=kind)
        if kind != "RelatedPerson":
            return None
        hidden = self.discreet or is_protected(person)
        ways = () if hidden else ways_to(contact_reading.channels(person, self.moment))
        related = next((concept(each) for _, each in items(person, "relationship")), "")
        name = "" if is_protected(person) else name_of(person)
        return Party(
            key, name or "Närstående", related if name else "", ways, kind, related if name else ""
        )


def ways_rows(party: Party, most: int = 3) -> tuple[Row, ...]:
    """Give the ways to reach somebody as facts."""
    return tuple(as_row(way) for way in party.ways[:most])


def as_row(way: Way) -> Row:
    """Give a way to reach somebody as a fact: the number is a link, hours and note follow."""
    more = ", ".join(filter(None, [way.when, way.note]))
    after = (swedish.Piece(f", {more}"),) if more else ()
    return Row(way.label, (swedish.Piece(way.text, way.href), *after))


def _staff(key: str, who: Somebody, kind: str, display: str) -> Party:
    place = who.unit.name if who.unit else ""
    ways = ways_to(who.channels, who.unit.channels if who.unit else ())
    title = swedish.sentence(who.title).rstrip(".")
    if who.name:
        return Party(key, who.name, ", ".join(filter(None, [title, place])), ways, kind, title)
    # Who has no name here is the work they do; a display is not read where the name is protected.
    name = title or ("" if who.protected else display) or "Personal"
    protected = f"{PROTECTED}." if who.protected else ""
    return Party(key, name, ". ".join(filter(None, [place, protected])), ways, kind)


def _place(key: str, place: Place, kind: str) -> Party | None:
    return Party(key, place.name, "", ways_to(place.channels), kind) if place.name else None


def lowered(words: str) -> str:
    """Give words with a small letter first, unless they begin with an abbreviation such as KOL."""
    return words if words[1:2].isupper() else f"{words[:1].lower()}{words[1:]}"
