"""All of a patient's named contacts, in the versions that they were read in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes, succession
from fhir_server.sweden.assignments import kinds_of

Resource = dict[str, Any]


def contacts_of(context: Context, patient: str) -> Iterator[tuple[StoredResource, Resource]]:
    """Give each named contact of ``Patient/[id]``, whatever its status."""
    finder = Finder(context.server, context.store)
    found = finder.search_stored("CareTeam", patient=patient, category=codes.NAMED_CONTACTS)
    return ((stored, json.parse(stored.body)) for stored in found if stored.body is not None)


class OpenContacts:
    """A patient's contacts in force or planned, and whether they are still all there are.

    Args:
        context: the request.
        patient: ``Patient/[id]``.
        kind: only those of this type; all, where empty.
    """

    def __init__(self, context: Context, patient: str, kind: str = "") -> None:
        self._context = context
        self._patient = patient
        self._kind = kind
        self._seen: set[str] = set()

    def read(self) -> list[tuple[StoredResource, Resource]]:
        """Give them as they are now."""
        found = list(self._open(self._context))
        self._seen = {stored.reference for stored, _ in found}
        return found

    def require_unchanged(self, snapshot: Snapshot) -> None:
        """Let the write be tried again where another contact came between: run inside it.

        Raises:
            StaleWrite: there are others than those read.
        """
        found = self._open(self._context.inside(snapshot))
        if {stored.reference for stored, _ in found} != self._seen:
            raise StaleWrite([self._patient])

    def _open(self, context: Context) -> Iterator[tuple[StoredResource, Resource]]:
        statuses = (*succession.IN_FORCE, "proposed")
        for stored, team in contacts_of(context, self._patient):
            if team.get("status") in statuses and self._kind in ("", *kinds_of(team)):
                yield stored, team
