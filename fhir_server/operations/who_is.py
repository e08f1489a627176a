"""Who somebody in a plan is, in words: name, what they do, where, and a telephone number.

R5, R91, R118: a name that is protected is not written. Everything is looked up by references from
what was found about one person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.interactions.finder import Finder
from fhir_server.sweden import contact_reading
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.contact_view import Channel
from fhir_server.sweden.elements import Json, child, items, target, text
from fhir_server.sweden.people import name_of

Resource = dict[str, Any]

PROTECTED = "Skyddade personuppgifter"
# A role, its person and unit.
_STEPS = 3


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, in words.

    Args:
        name: of the person, or of the unit where no person is named.
        role: profession, or relation to the person.
        unit: where they work; empty where ``name`` is the unit's.
        phone: a number to reach them; empty where none is known.
    """

    name: str
    role: str = ""
    unit: str = ""
    phone: str = ""

    @property
    def about(self) -> str:
        """Role and unit: distriktssköterska, Hälsocentralen Test."""
        return ", ".join(filter(None, (self.role, self.unit)))


class People:
    """Looks up who references lead to, a few round trips for all.

    Args:
        finder: reads the store.
        moment: ways to reach somebody that do not hold then are left out.
    """

    def __init__(self, finder: Finder, moment: dt.datetime) -> None:
        self._finder = finder
        self._moment = moment
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

    def who(self, reference: Json) -> Who:
        """Give who a reference leads to; what it says itself where that is not known here."""
        aim = target(reference)
        found = self.read(aim.literal) if aim.local else None
        if found is None:
            return Who(text(reference, "display") or text(child(reference, "identifier"), "value"))
        if aim.resource_type in ("PractitionerRole", "Practitioner"):
            return self._staff(reference)
        if is_protected(found):
            return Who(PROTECTED)
        phone = _phone(contact_reading.channels(found, self._moment))
        if aim.resource_type in ("RelatedPerson", "Patient"):
            return Who(name_of(found), _relation(found), "", phone)
        return Who(text(found, "name"), "", "", phone)

    def _staff(self, reference: Json) -> Who:
        person = contact_reading.somebody(reference, {}, self.read, self._moment)
        place = person.unit
        name = PROTECTED if person.protected else person.name
        channels = person.channels or (place.channels if place else ())
        unit = place.name if place else ""
        return Who(name or person.title or unit, person.title, unit, _phone(channels))


def _onward(resource: Json) -> Iterator[Json]:
    if resource.get("resourceType") == "PractitionerRole":
        yield child(resource, "practitioner")
        yield child(resource, "organization")


def _relation(person: Json) -> str:
    for _, concept in items(person, "relationship"):
        if said := text(concept, "text"):
            return said
    return ""


def _phone(channels: tuple[Channel, ...]) -> str:
    return next((each.value for each in channels if each.system == "phone"), "")
