"""A Bundle of $export-sip in this server's words: whom and what it means here."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Context
from fhir_server.interactions.together import Draft
from fhir_server.operations.exchange.ledger import revisions_in
from fhir_server.operations.exchange.names import OWN_UNITS, PARTIES, Names, referred, translated
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes
from fhir_server.sweden.elements import child, extension, items, text
from fhir_server.sweden.plan_revisions import Held
from fhir_server.sweden.plan_units import MARK_SYSTEM, mark, units, whole, without_id
from fhir_server.sweden.plans import is_sip

Resource = dict[str, Any]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@dataclass(frozen=True, slots=True)
class Sent:
    """A Bundle taken apart, in the sender's words.

    Args:
        plan: its address at the sender.
        resources: all but the Provenances, by address.
        record: the Provenance of the sending.
        provenances: the others, by address.
    """

    plan: str
    resources: Mapping[str, Resource]
    record: Resource
    provenances: Mapping[str, Resource]


@dataclass(frozen=True, slots=True)
class Arrival:
    """The same in this server's words.

    Args:
        plan: the CarePlan as it would be here, with its id.
        held: what came of each unit.
        own: references to its Goals, Consents and Appointments by the names of their units.
        received: those as they came, by reference.
        deleted: those of them that were here once, by reference.
        parties: people and units that are not here yet.
        provenances: those that are not here yet.
        agents: who sent.
        source: which version, at the sender.
    """

    plan: Resource
    held: Mapping[str, Held]
    own: Mapping[str, str]
    received: Mapping[str, Resource]
    deleted: Mapping[str, StoredResource]
    parties: tuple[Draft, ...]
    provenances: tuple[Draft, ...]
    agents: tuple[Resource, ...]
    source: tuple[Resource, ...]


def sent(bundle: Resource) -> Sent:
    """Take a Bundle apart.

    Raises:
        FhirError: 422, it is none of $export-sip, or not whole.
    """
    resources: dict[str, Resource] = {}
    provenances: dict[str, Resource] = {}
    records = []
    for _, entry in items(bundle, "entry"):
        resource, url = dict(child(entry, "resource")), text(entry, "fullUrl")
        if resource.get("resourceType") != "Provenance":
            resources[url] = resource
        elif extension(resource, codes.EXCHANGE_UNIT):
            records.append(resource)
        else:
            provenances[url] = resource
    plans = [url for url, each in resources.items() if is_sip(each)]
    if len(plans) != 1 or len(records) != 1 or "" in resources:
        raise _unusable(
            "The Bundle must be one that $export-sip gives: one CarePlan of category SIP, one "
            "Provenance with the revisions of its parts, and a fullUrl for each entry. Store other "
            "Bundles as a transaction."
        )
    if without_id(resources[plans[0]]):
        raise _unusable("Each activity of the plan must have an id of its own.")
    return Sent(plans[0], resources, records[0], provenances)


def arrive(context: Context, names: Names, given: Sent) -> Arrival:
    """Find what the resources of a Bundle are here, or would be.

    Raises:
        FhirError: 409, several here could be meant; 422, something of the plan is not told of.
    """
    places = {url: _place(names, url, each) for url, each in given.resources.items()}
    moved = dict(_moved(context, given, {url: place for url, (place, _) in places.items()}))
    resources = {url: translated(each, moved) for url, each in given.resources.items()}
    parties = []
    for url, (reference, found) in places.items():
        type_, id_ = reference.split("/")
        if not found:
            name = mark(resources[url]) or url
            named = _named(resources[url], name)
            names.learn(reference, name, {**named, "id": id_})
            if type_ in PARTIES:
                parties.append(Draft(named, id_, context.store.read(type_, id_)))
    record = translated(given.record, moved)
    own = {
        f"{place.split('/')[0]}:{names.identity(place)}": (place, resources[url])
        for url, (place, _) in places.items()
        if place.startswith(OWN_UNITS)
    }
    plan = resources[given.plan] | {"id": places[given.plan][0].split("/")[1]}
    called = {
        mark(each) or url: names.identity(places[url][0]) for url, each in given.resources.items()
    }
    return Arrival(
        plan=plan,
        held=_held(names, plan, {u: whole(each) for u, (_, each) in own.items()}, record, called),
        own={unit: place for unit, (place, _) in own.items()},
        received=dict(own.values()),
        deleted=dict(_deleted(context, own.values())),
        parties=tuple(parties),
        provenances=tuple(_provenances(context, given, moved)),
        agents=tuple(record["agent"]),
        source=tuple(record.get("entity", ())),
    )


def _unusable(words: str) -> FhirError:
    return FhirError(Issue("error", "invalid", words, "Bundle.entry"), status=422)


def _place(names: Names, url: str, resource: Resource) -> tuple[str, bool]:
    """Give ``Type/id`` of a received resource here, and whether there is one already."""
    type_, name = text(resource, "resourceType"), mark(resource) or url
    if type_ in PARTIES:
        found = names.party(resource, name)
    elif type_ in (*OWN_UNITS, "CarePlan"):
        found = names.here(type_, name)
    else:
        raise _unusable("Only what $export-sip sends can be received with a plan.")
    return found or f"{type_}/{names.new_id(type_, name)}", found is not None


def _moved(context: Context, given: Sent, places: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give what references to received resources, and to this server's own, become."""
    everything = [*given.resources.values(), *given.provenances.values(), given.record]
    for reference in dict.fromkeys(referred(everything)):
        here = local(reference, context.base)
        if reference in places:
            yield reference, places[reference]
        elif here is not None and context.store.read(here.resource_type, here.id) is not None:
            yield reference, str(here)


def _deleted(
    context: Context, own: Iterable[tuple[str, Resource]]
) -> Iterator[tuple[str, StoredResource]]:
    for reference, _ in own:
        stored = context.store.read(*reference.split("/"))
        if stored is not None and stored.deleted:
            yield reference, stored


def _named(resource: Resource, name: str) -> Resource:
    """Give a copy that keeps the name of its original."""
    others = [e for e in resource.get("identifier", []) if e.get("system") != MARK_SYSTEM]
    return {**resource, "identifier": [*others, {"system": MARK_SYSTEM, "value": name}]}


def _held(
    names: Names,
    plan: Resource,
    own: Mapping[str, Any],
    record: Resource,
    called: Mapping[str, str],
) -> dict[str, Held]:
    said = {**units(plan, names.identity), **own}
    held = {}
    for name, revision in revisions_in(record):
        kind, _, rest = name.partition(":")
        unit = f"{kind}:{called.get(rest, rest)}"
        if revision.removed or unit in said:
            held[unit] = Held(None if revision.removed else said[unit], revision)
    untold = sorted(unit for unit in said if unit not in held)
    if untold:
        raise _unusable(
            "The Provenance of the exchange does not tell of every part of the plan. Export the "
            "plan again, and send the Bundle as it is."
        )
    return held


def _provenances(context: Context, given: Sent, moved: Mapping[str, str]) -> Iterator[Draft]:
    """Give what others wrote about the plan, once."""
    for url, each in given.provenances.items():
        id_ = url.rpartition("/")[2]
        if not _UUID.match(id_):
            id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, url))
        if context.store.read("Provenance", id_) is None:
            yield Draft(translated(each, dict(moved)), id_)
