"""What says who a contact is, read along the references from it.

Units and staff are asked for again and again, and change rarely. What they said and where they led
when they were last read is remembered, for two things. Where they led, they probably still lead: it
is asked for in the same round trip. And what the database gives is only read again where a byte of
it differs from what was read. So every answer is of what the database says during the request, and
what is remembered decides no more than how long it takes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.reference import local
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.storage.mongo_about import About
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import accountability, codes
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.elements import Json, Settled, child, extension, items, literal_of

Resource = dict[str, Any]

# From a deputy's role over unit, part and vårdgivare to the huvudman; longer than any chain here.
_STEPS = 8
_DIRECTORY = frozenset({"Organization", "Practitioner", "PractitionerRole"})
# Some 6 MB of units and staff as they usually are; what is much larger is not remembered.
_MOST_REMEMBERED = 1_000
_LARGEST_REMEMBERED = 4_000


@dataclass(frozen=True, slots=True)
class Known:
    """A resource that was read; nobody changes it, since it may be remembered.

    Args:
        resource: what it says.
        body: its JSON as it is stored; empty for what is not all that is stored.
        leads: ``Type/id`` of what to follow from it.
    """

    resource: Resource
    body: bytes
    leads: tuple[str, ...]


class _Memory:
    """What units and staff said when they were last read, the latest of them."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._lock = threading.Lock()

    def leads(self, references: Iterable[str]) -> set[str]:
        """Give some references, and all that they led to."""
        reached: set[str] = set()
        wanted = list(references)
        while wanted:
            each = wanted.pop()
            if each not in reached:
                reached.add(each)
                known = self._known.get(each)
                wanted += known.leads if known else ()
        return reached

    def read(self, stored: StoredResource, body: bytes) -> Known:
        """Read what is stored, or give what was read from the same bytes."""
        known = self._known.get(stored.reference)
        if known is not None and known.body == body:
            return known
        known = read(body)
        if stored.resource_type in _DIRECTORY and len(body) <= _LARGEST_REMEMBERED:
            with self._lock:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.pop(next(iter(self._known)))
                self._known[stored.reference] = known
        return known


_memory = _Memory()


def read(body: bytes) -> Known:
    """Read what is stored."""
    resource = Settled(json.parse(body))
    return Known(resource, body, tuple(leads_of(resource)))


def cut(resource: Resource) -> Known:
    """Stand for what is left of a resource."""
    return Known(resource, b"", tuple(leads_of(resource)))


def read_along(
    store: GuardedStore, start: Iterable[Known], tokens: Sequence[str], wanted: Sequence[About]
) -> None:
    """Read what `around` and a question about tokens will ask for, in one round trip."""
    store.read_along(_memory.leads(led_to(start)), tokens, wanted)


def around(store: GuardedStore, start: Iterable[Known]) -> dict[str, Known]:
    """Give what resources lead to, by ``Type/id``; one round trip for each step not foreseen."""
    found: dict[str, Known] = {}
    wanted = led_to(start)
    for _ in range(_STEPS):
        new = [reference for reference in wanted if reference not in found]
        if not new:
            break
        stored = store.read_many(new)
        step = {
            reference: _memory.read(each, each.body)
            for reference, each in sorted(stored.items())
            if each.body is not None
        }
        found |= step
        wanted = led_to(step.values())
    return found


def reached(start: Iterable[Known], among: Mapping[str, Known]) -> list[Known]:
    """Give what resources lead to among some, nearest first."""
    found: dict[str, Known] = {}
    wanted = led_to(start)
    while wanted:
        new = {r: among[r] for r in wanted if r in among and r not in found}
        found |= new
        wanted = led_to(new.values())
    return list(found.values())


def led_to(start: Iterable[Known]) -> list[str]:
    """Give where resources lead, each once."""
    return list(dict.fromkeys(reference for known in start for reference in known.leads))


def leads_of(resource: Json) -> Iterator[str]:
    """Give the references to follow from a resource, and from those contained in it."""
    for reference in _references(resource):
        literal = literal_of(reference)
        if local(literal) is not None:
            yield literal
    for _, inner in items(resource, "contained"):
        yield from leads_of(inner)


def _references(resource: Json) -> Iterator[Json]:
    match resource.get("resourceType"):
        case "CareTeam":
            yield from _of_team(resource)
        case "PractitionerRole":
            yield child(resource, "practitioner")
            yield child(resource, "organization")
        case "Organization":
            yield child(resource, "partOf")
        case "Provenance":
            yield from accountability.accountable(resource)


def _of_team(team: Json) -> Iterator[Json]:
    yield from (reference for _, reference in items(team, "managingOrganization"))
    yield child(extension(team, codes.MEDICALLY_RESPONSIBLE), "valueReference")
    yield child(extension(team, codes.CARE_PROCESS), "valueReference")
    if not kind_of(team):
        return
    for _, participant in items(team, "participant"):
        yield child(participant, "member")
        yield child(extension(participant, codes.CONTACT_VIA_TEAM), "valueReference")
        for _, each in items(participant, "extension"):
            if each.get("url") == codes.DEPUTY:
                yield child(extension(each, "member"), "valueReference")
