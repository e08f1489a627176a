"""What is left out of a resource that may be seen, because not all of it may (R114, R118)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from fhir_server.fhir import json
from fhir_server.search import labels
from fhir_server.security.access import Access
from fhir_server.storage.records import StoredResource


class MaskingLaw(Protocol):
    """Leaves out what the law keeps from somebody."""

    def for_patient(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Give what a patient may see of a resource: no internal notes (R114)."""

    def of_protected(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Give a protected person's resource without what leads to them (R118)."""


class Masks:
    """Masks what is given out.

    Args:
        law: says what is left out.
    """

    def __init__(self, law: MaskingLaw) -> None:
        self._law = law

    def masked(self, access: Access, stored: StoredResource) -> StoredResource:
        """Give a version as a principal may see it."""
        if stored.body is None or not stored.labels or access.principal.unrestricted:
            return stored
        own = labels.read(stored.labels)
        notes = own.hidden == labels.HIDDEN_PARTS and access.role.kind in ("patient", "national")
        person = own.protected and not access.sees_protected
        person = person and stored.reference not in access.own_persons
        if not notes and not person:
            return stored
        resource: dict[str, Any] = json.parse(stored.body)
        if notes:
            resource = self._law.for_patient(resource)
        if person:
            resource = self._law.of_protected(resource)
        return replace(stored, body=json.dump(resource))
