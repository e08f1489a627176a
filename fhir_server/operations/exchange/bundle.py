"""A SIP as a Bundle that another server can take: the plan, its goals, consent, people and units.

A transaction, so that a server that knows nothing of the exchange can store it as it is; with a
Provenance that says of each unit which revisions it has had, so that one that does can merge.
R93, R94, R112; DOMAIN 0.7, 0.11.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.exchange.ledger import Ledger, is_receipt, written
from fhir_server.operations.exchange.names import (
    OWN_UNITS,
    PARTIES,
    Names,
    carried,
    referred,
    translated,
)
from fhir_server.operations.moments import now_text
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import shown
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.plan_revisions import Held, Revision
from fhir_server.sweden.plan_units import MARK_SYSTEM, units, whole
from fhir_server.sweden.references import alone, organization_chain

Resource = dict[str, Any]

LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_AT_HOME = ("Patient", "RelatedPerson")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent.

    Args:
        stored: the plan's current version.
        plan: the plan as the recipient may see it.
        ledger: of the plan.
        sender: reference to the Organization that sends; empty where nobody said.
        classes: the kinds of information that the recipient may see; None for a server of the same
            organization, which has everything.
    """

    stored: StoredResource
    plan: Resource
    ledger: Ledger
    sender: str
    classes: frozenset[str] | None = None


def bundle_of(context: Context, names: Names, parcel: Parcel) -> Resource:
    """Give the Bundle."""
    revisions = dict(_revisions(parcel, names))
    found = _without_secrets(_gathered(context, names, parcel, revisions))
    revisions = {
        unit: _cut_too(unit, each, parcel.ledger, found)
        for unit, each in revisions.items()
        if _is_sent(unit, parcel.ledger, found)
    }
    entries = [_entry(context, names, each) for each in (parcel.plan, *found.values())]
    entries += [
        _record(context, each) for each in _records(context, parcel.stored.reference, found)
    ]
    entries.append(_record(context, _provenance(context, names, parcel, revisions)))
    moved = {reference: f"{context.base}/{reference}" for reference in _local(context, entries)}
    return {
        "resourceType": "Bundle",
        "meta": {"lastUpdated": now_text(context)},
        "type": "transaction",
        "entry": [{**each, "resource": translated(each["resource"], moved)} for each in entries],
    }


def _local(context: Context, entries: list[Resource]) -> Iterator[str]:
    for entry in entries:
        yield from (r for r in referred(entry["resource"]) if local(r) is not None)


def _revisions(parcel: Parcel, names: Names) -> Iterator[tuple[str, Revision]]:
    """Give what is told of the units: those that the recipient sees, and those removed."""
    seen = units(parcel.plan, names.identity)
    for unit, held in parcel.ledger.held.items():
        own = unit.startswith(OWN_UNITS)
        if held.revision.removed or own or unit in seen:
            cut = not own and unit in seen and seen[unit] != held.value
            yield unit, _partial(held, cut)


def _partial(held: Held, cut: bool) -> Revision:
    revision = held.revision
    return replace(revision, partial=revision.partial or cut)


def _is_sent(unit: str, ledger: Ledger, found: Mapping[str, Resource]) -> bool:
    return not unit.startswith(OWN_UNITS) or (
        unit in ledger.own and ledger.own[unit].reference in found
    )


def _cut_too(
    unit: str, revision: Revision, ledger: Ledger, found: Mapping[str, Resource]
) -> Revision:
    """Say of a Goal that the recipient sees a part of it, where that is so."""
    held = ledger.own.get(unit)
    sent = found.get(held.reference) if held else None
    cut = sent is not None and whole(sent) != ledger.held[unit].value
    return replace(revision, partial=revision.partial or cut)


def _gathered(
    context: Context, names: Names, parcel: Parcel, revisions: Mapping[str, Revision]
) -> dict[str, Resource]:
    """Give what the plan refers to and travels with it, each resource once."""
    found: dict[str, Resource] = {}
    told = [r.by for r in revisions.values() if r.by] + ([parcel.sender] if parcel.sender else [])
    waiting = [*referred(parcel.plan), *told]
    while waiting:
        here = carried(waiting.pop(0), context.base)
        if here is None or here.resource_type == "CarePlan" or str(here) in found:
            continue
        stored = names.resource(str(here))
        if stored is None:
            continue
        found[str(here)] = resource = _for_recipient(stored, parcel.classes)
        if here.resource_type not in ("Patient", "Practitioner"):
            waiting += referred(resource)
    return found


def _for_recipient(resource: Resource, classes: frozenset[str] | None) -> Resource:
    """Cut what travels with the plan as the plan is; who is meant stays to be found there.

    A Consent goes whole: the law is asked about it where the plan arrives, and a no must count.
    """
    if classes is None:
        return resource
    match resource["resourceType"]:
        case "Goal":
            return shown.goal(resource, classes)
        case "Patient":
            return shown.person(resource)
        case "RelatedPerson":
            return shown.relative(resource, "identifier")
        case _:
            return resource


def _entry(context: Context, names: Names, resource: Resource) -> Resource:
    type_, id_ = resource["resourceType"], resource["id"]
    name = names.of(resource)
    marked = {"system": MARK_SYSTEM, "value": name}
    others = [each for each in resource.get("identifier", []) if each.get("system") != MARK_SYSTEM]
    copy = {key: value for key, value in resource.items() if key not in ("id", "text")}
    copy["identifier"] = [*others, marked]
    criteria = f"identifier={MARK_SYSTEM}|{name}"
    request: Resource = {"method": "PUT", "url": f"{type_}?{criteria}"}
    if type_ in PARTIES:
        numbers = [each for each in others if each.get("system") and each.get("value")]
        if numbers:
            criteria = f"identifier={numbers[0]['system']}|{numbers[0]['value']}"
        request = {"method": "POST", "url": type_, "ifNoneExist": criteria}
    return {"fullUrl": f"{context.base}/{type_}/{id_}", "resource": copy, "request": request}


def _without_secrets(found: dict[str, Resource]) -> dict[str, Resource]:
    """Leave out where a protected person is, and who lives with them (R118): ask them."""
    people = {at: each for at, each in found.items() if each["resourceType"] in _AT_HOME}
    if not any(map(is_protected, people.values())):
        return found
    for at, each in people.items():
        found[at] = {n: value for n, value in each.items() if n not in ("address", "telecom")}
    return found


def _records(context: Context, plan: str, found: Mapping[str, Resource]) -> Iterator[Resource]:
    """Give the Provenances that others wrote about the plan, which say who wrote what."""
    finder = Finder(context.server, context.store)
    for each in finder.search("Provenance", target=plan):
        targets = [local(r.get("reference", ""), context.base) for r in each["target"]]
        sent = all(t is not None and (str(t) == plan or str(t) in found) for t in targets)
        if sent and not is_receipt(each):
            yield each


def _record(context: Context, provenance: Resource) -> Resource:
    id_ = provenance["id"]
    return {
        "fullUrl": f"{context.base}/Provenance/{id_}",
        "resource": {key: value for key, value in provenance.items() if key != "text"},
        "request": {"method": "PUT", "url": f"Provenance/{id_}"},
    }


def _provenance(
    context: Context, names: Names, parcel: Parcel, revisions: Mapping[str, Revision]
) -> Resource:
    """Give the record of the sending; its id is the same for the same version and sender."""
    version = f"{context.base}/{parcel.stored.reference}/_history/{parcel.stored.version}"
    sent = f"{version}#{parcel.sender}#{sorted(r.head for r in revisions.values())}"
    return {
        "resourceType": "Provenance",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, sent)),
        "extension": [written(unit, revision) for unit, revision in revisions.items()],
        "target": [{"reference": parcel.stored.reference}],
        "recorded": now_text(context),
        "activity": {"coding": [{"system": LIFECYCLE, "code": "transmit"}]},
        "agent": agents(names, parcel.sender, context.base),
        "entity": [
            {"role": "source", "what": {"identifier": {"system": MARK_SYSTEM, "value": version}}}
        ],
    }


def agents(names: Names, organization: str, server: str) -> list[Resource]:
    """Give who sends or receives: the server, the unit, and the caregiver it belongs to (R112)."""
    told = [_agent("assembler", {"identifier": {"system": MARK_SYSTEM, "value": server}})]
    if organization:
        held = names.resource(organization)
        chain = list(organization_chain(alone(held), names.resource)) if held else []
        top = f"Organization/{chain[-1]['id']}" if chain else organization
        told.append(_agent("author", {"reference": organization}))
        told.append(_agent("custodian", {"reference": top}))
    return told


def _agent(kind: str, who: Resource) -> Resource:
    return {"type": {"coding": [{"system": AGENT, "code": kind}]}, "who": who}
