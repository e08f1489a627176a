"""What a resource is called on every server, and which resource here bears a name.

A copy keeps the name of its original as an identifier (``urn:ietf:rfc:3986``). An original that has
none is called by its id where that is a UUID, and so one of its own in the world; else by its
address. People and units are found by the numbers that Sweden gives them, too.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.reference import LocalReference, local
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.sweden import codes
from fhir_server.sweden.plan_units import MARK_SYSTEM, mark

Resource = dict[str, Any]

# What takes part in the exchange as a unit of its own.
OWN_UNITS = ("Goal", "Consent", "Appointment")
# Who is found on the other server, or made there.
PARTIES = ("Patient", "RelatedPerson", "Practitioner", "PractitionerRole", "Organization")
CARRIED = ("CarePlan", *OWN_UNITS, *PARTIES)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")


class Names:
    """Names of what one request comes upon.

    Args:
        context: the request.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._finder = Finder(context.server, context.store)
        self._known: dict[str, str] = {}
        self._read: dict[str, Resource | None] = {}

    def resource(self, reference: str) -> Resource | None:
        """Give the current resource at ``Type/id``."""
        if reference not in self._read:
            self._read[reference] = self._finder.read(reference)
        return self._read[reference]

    def learn(self, reference: str, name: str, resource: Resource) -> None:
        """Take note of a resource that is about to be stored, and of its name."""
        self._known[reference] = name
        self._read[reference] = resource

    def of(self, resource: Resource) -> str:
        """Give the name of a resource that is stored here."""
        if named := mark(resource):
            return named
        id_ = str(resource["id"])
        if _UUID.match(id_):
            return f"urn:uuid:{id_}"
        return f"{self._context.base}/{resource['resourceType']}/{id_}"

    def identity(self, reference: str) -> str:
        """Give the name of what a literal reference leads to."""
        if reference not in self._known:
            self._known[reference] = self._identity(reference)
        return self._known[reference]

    def _identity(self, reference: str) -> str:
        here = local(reference, self._context.base)
        if here is None:
            return reference
        # Other plans stay where they are, and are called by their address.
        travels = here.resource_type in (*OWN_UNITS, *PARTIES)
        if travels and (found := self.resource(str(here))):
            return self.of(found)
        return f"{self._context.base}/{here}"

    def here(self, resource_type: str, name: str) -> str | None:
        """Give ``Type/id`` of the resource here that has a name; None where there is none.

        Raises:
            FhirError: 409, several have it.
        """
        own = self._own(resource_type, name)
        if own is not None:
            return own
        return self._one(resource_type, {(MARK_SYSTEM, name)})

    def party(self, resource: Resource, name: str) -> str | None:
        """Give the person or unit here that a received one is, by name or by number.

        Raises:
            FhirError: 409, several could be meant: the name is one's, and the number another's.
        """
        numbers = {
            (system, str(each["value"]))
            for each in resource.get("identifier", ())
            if each.get("value") and each.get("system") not in (None, MARK_SYSTEM)
            for system in _systems(str(each["system"]))
        }
        kind = str(resource["resourceType"])
        named = self.here(kind, name)
        if named is None:
            return self._one(kind, numbers)
        # A name that was reused, or forged, must not put one person's plan at another.
        others = set(self._found(kind, numbers)) if kind == "Patient" else set()
        if others and named not in others:
            raise _several(kind)
        return named

    def _own(self, resource_type: str, name: str) -> str | None:
        prefix = f"{self._context.base}/{resource_type}/"
        id_ = name.removeprefix("urn:uuid:").removeprefix(prefix)
        if not local(f"{resource_type}/{id_}"):
            return None
        found = self.resource(f"{resource_type}/{id_}")
        return f"{resource_type}/{id_}" if found and self.of(found) == name else None

    def _one(self, resource_type: str, numbers: set[tuple[str, str]]) -> str | None:
        found = set(self._found(resource_type, numbers))
        if len(found) > 1:
            raise _several(resource_type)
        return next(iter(found), None)

    def _found(self, resource_type: str, numbers: set[tuple[str, str]]) -> Iterator[str]:
        for system, value in sorted(numbers):
            token = f"{system}|{_escaped(value)}"
            for each in self._finder.search(resource_type, identifier=token):
                reference = f"{resource_type}/{each['id']}"
                self._read[reference] = each
                yield reference

    def new_id(self, resource_type: str, name: str) -> str:
        """Give the logical id of a copy: the same each time, so that two receipts make one copy."""
        id_ = name.removeprefix("urn:uuid:")
        if _UUID.match(id_) and self.resource(f"{resource_type}/{id_}") is None:
            return id_
        return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def referred(value: Any) -> Iterator[str]:
    """Give every literal reference in a resource."""
    if isinstance(value, list):
        for each in value:
            yield from referred(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "reference" and isinstance(each, str):
                yield each
            else:
                yield from referred(each)


def translated(value: Any, to: dict[str, str]) -> Any:
    """Give a resource with its literal references in other words, where there are any."""
    if isinstance(value, list):
        return [translated(each, to) for each in value]
    if isinstance(value, dict):
        return {
            key: to.get(each, each)
            if key == "reference" and isinstance(each, str)
            else translated(each, to)
            for key, each in value.items()
        }
    return value


def carried(reference: str, base: str) -> LocalReference | None:
    """Give a reference to something of this server that travels with a plan."""
    here = local(reference, base)
    return here if here is not None and here.resource_type in CARRIED else None


def _several(resource_type: str) -> FhirError:
    text = (
        f"Several resources of the type {resource_type} here have the identifier of the "
        "one received. Join them, or correct their identifiers, and receive again."
    )
    return FhirError(Issue("error", "multiple-matches", text, "Bundle.entry"), status=409)


def _systems(system: str) -> tuple[str, ...]:
    for same in (
        codes.HSA_ID_SYSTEMS,
        codes.PERSONNUMMER_SYSTEMS,
        codes.SAMORDNINGSNUMMER_SYSTEMS,
        codes.RESERVNUMMER_SYSTEMS,
    ):
        if system in same:
            return same
    return (system,)


def _escaped(value: str) -> str:
    return re.sub(r"([\\,$|])", r"\\\1", value)
