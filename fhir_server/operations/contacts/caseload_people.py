"""Who the contacts of a workload are: by name, and with the hours scheduled for their patients."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from fhir_server.operations.contacts.caseload_reading import WorkloadReader
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.caseload import scheduled_hours
from fhir_server.sweden.elements import Json, child, target
from fhir_server.sweden.people import name_of


class People:
    """The people behind some PractitionerRoles, read in two round trips.

    Args:
        reader: reads them.
        contacts: ``PractitionerRole/[id]``.
    """

    def __init__(self, reader: WorkloadReader, contacts: Collection[str]) -> None:
        self._roles = reader.read_many(sorted(contacts))
        whom = {contact: _practitioner(role) for contact, role in self._roles.items()}
        people = reader.read_many(sorted(set(whom.values())))
        self._names = {
            contact: name_of(person)
            for contact, reference in whom.items()
            # R118: a list of who works where leaves the server without protected names.
            if (person := people.get(reference)) and not is_protected(person)
        }

    def name(self, contact: str) -> str:
        """Give a contact's name; empty where it is protected or not known here."""
        return self._names.get(contact, "")

    def hours(self, contact: str, kinds: Collection[str]) -> Decimal | None:
        """Give the hours a week scheduled for a contact's patients (R52).

        Args:
            contact: ``PractitionerRole/[id]``.
            kinds: the types of contact counted; empty for all.

        Returns:
            None where nothing is said for just these.
        """
        role = self._roles.get(contact, {})
        if not kinds:
            return scheduled_hours(role)
        of_kind = [scheduled_hours(role, kind) for kind in kinds]
        said = [hours for hours in of_kind if hours is not None]
        return sum(said, Decimal(0)) if len(said) == len(of_kind) else None


def _practitioner(role: Json) -> str:
    return target(child(role, "practitioner")).literal
