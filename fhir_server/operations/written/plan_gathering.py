"""Gathers a plan, or a stay, and all that it refers to, as far as a reader may see it.

A fixed number of round trips: one for each step away from what is shown. Only what is about the
same person is taken up, whatever a reference says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contacts.contact_card import Card, Words, card, holder
from fhir_server.operations.contacts.contact_views import gather
from fhir_server.operations.operation import Call
from fhir_server.sweden import audience
from fhir_server.sweden.elements import Json, child, items, target, text

Resource = dict[str, Any]

_STEPS = 4
# What is followed further: what says who or what of somebody named; not other plans.
_LEAD_ON = {
    "Goal": ("expressedBy",),
    "Appointment": ("participant",),
    "Consent": ("performer", "provision"),
    "PractitionerRole": ("practitioner", "organization"),
}


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a document is made from.

    Args:
        source: the CarePlan or Encounter, as far as the reader may see it.
        patient: whose it is.
        found: what it leads to, by ``Type/id``, as far as the reader may see it.
    """

    source: Resource
    patient: Resource
    found: Mapping[str, Resource]

    @property
    def protected(self) -> bool:
        """Whether the person's data are protected (R118)."""
        return audience.is_protected(self.patient)


def gathered(context: Context, source: Resource, reader: str, *also: Resource) -> Gathered:
    """Gather what a resource leads to.

    Args:
        context: the request.
        source: a CarePlan or an Encounter, already cut to what the reader may see.
        reader: an `audience`.
        also: other resources to be shown beside it.
    """
    finder = Finder(context.server, context.store)
    whose = target(child(source, "subject")).literal
    found = _reached(finder, [source, *also])
    own = {at: each for at, each in found.items() if _is_about(each, whose)}
    own |= {_reference(each): each for each in also}
    protected = audience.protected_among(own.values())
    seen = {
        at: audience.for_audience(each, reader, protected)
        for at, each in own.items()
        if audience.may_see(each, reader)
    }
    of_group = not whose.startswith("Patient/")
    patient = (None if of_group else own.get(whose)) or {"resourceType": "Patient"}
    return Gathered(audience.for_audience(source, reader, protected), patient, seen)


def contacts_card(context: Context, patient: Resource, now: datetime) -> Card | None:
    """Give the patient's named contacts as on the patient's card; None where there are none.

    None also for a patient who is not on this server, as of a plan for a group.
    """
    if "id" not in patient:
        return None
    call = Call(context, "Patient", patient["id"], {"audience": audience.PATIENT})
    views = gather(call).views
    settings = context.server.settings
    words = Words(settings.card_outside_hours, settings.card_emergency)
    at = now.astimezone(settings.zone)
    return card(holder("", None, protected=True), views, (), at, words) if views else None


def _reached(finder: Finder, start: Iterable[Resource]) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    wanted = {reference for each in start for reference in _references(each)}
    for _ in range(_STEPS):
        new = [reference for reference in wanted if reference not in found]
        if not new:
            break
        read = finder.read_many(new)
        found |= read
        wanted = {r for each in read.values() for r in _onward(each)}
    return found


def _onward(resource: Resource) -> Iterator[str]:
    for name in _LEAD_ON.get(resource["resourceType"], ()):
        yield from _references(resource.get(name))


def _references(value: Any) -> Iterator[str]:
    """Give the local references anywhere in a value."""
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        aim = target(value)
        if aim.local:
            yield aim.literal
        for name, each in value.items():
            if name != "text" and isinstance(each, (dict, list)):
                yield from _references(each)


def _is_about(resource: Json, patient: str) -> bool:
    """Tell whether a resource is about this person, or about nobody."""
    if resource.get("resourceType") == "Patient":
        return _reference(resource) == patient
    named = [child(resource, "subject"), child(resource, "patient")]
    whose = {target(each).literal for each in named} - {""}
    called = [child(each, "actor") for _, each in items(resource, "participant")]
    patients = {aim.literal for each in called if (aim := target(each)).resource_type == "Patient"}
    return whose <= {patient} and (not patients or patient in patients)


def _reference(resource: Json) -> str:
    return f"{text(resource, 'resourceType')}/{text(resource, 'id')}"
