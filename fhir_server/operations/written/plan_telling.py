"""What the sections of a written document need: the resource, who reads, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from fhir_server.operations.contacts.contact_card import Card
from fhir_server.operations.parties import YOU, Parties, Party
from fhir_server.operations.written.plan_gathering import Gathered, Resource
from fhir_server.sweden.elements import Json, items
from fhir_server.sweden.people import name_of
from fhir_server.sweden.references import alone, follow


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told, to whom, when.

    Args:
        gathered: the plan or stay, and what it leads to.
        now: the moment it is made.
        zone: whose days count.
        card: the named contacts as on the patient's card; None for none.
        outside_hours: what to do when nobody answers.
        emergency: what to do when life is in danger.
        recipient: the actor that the copy is for; None for the person.
        may: the kinds of information (information-class) that the recipient may see.
        signatures: whether to give lines to sign on.
    """

    gathered: Gathered
    now: datetime
    zone: ZoneInfo
    card: Card | None
    outside_hours: str
    emergency: str
    recipient: Party | None = None
    may: frozenset[str] = frozenset()
    signatures: bool = False

    @property
    def source(self) -> Resource:
        """The plan or stay."""
        return self.gathered.source

    @property
    def parties(self) -> Parties:
        """Who is meant by what it refers to."""
        you = YOU if self.recipient is None else name_of(self.gathered.patient) or "Personen"
        discreet = self.gathered.protected
        return Parties(self.gathered.found.get, self.now, discreet=discreet, you=you)

    def sees(self, kind: str) -> bool:
        """Tell whether the reader may see a kind of information; the person sees all of it."""
        return self.recipient is None or kind in self.may

    def party(self, reference: Json, holder: Json) -> Party | None:
        """Give whom a Reference in a resource means."""
        return self.parties.of(reference, holder)

    def named(self, references: Iterable[Json], holder: Json) -> tuple[Party, ...]:
        """Give those that references in a resource mean."""
        return self.parties.all(references, holder)

    def referred(self, name: str, resource_type: str) -> Iterator[tuple[Json, Json]]:
        """Give the references in an element, each with the resource there; empty where unknown.

        Args:
            name: the element.
            resource_type: of what the reference must lead to.
        """
        for _, reference in items(self.source, name):
            found = follow(alone(self.source), reference, self.gathered.found.get)
            if found and found.resource.get("resourceType") == resource_type:
                yield reference, found.resource
