"""Where a received plan meets the one that is here: what is written, and what is set aside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.context import Context
from fhir_server.interactions.together import Draft
from fhir_server.operations.exchange.arrival import Arrival, Sent, arrive
from fhir_server.operations.exchange.bundle import LIFECYCLE
from fhir_server.operations.exchange.ledger import Ledger, ledger_of, made, written
from fhir_server.operations.exchange.names import OWN_UNITS, Names
from fhir_server.operations.exchange.parties import organization_named
from fhir_server.operations.moments import now_text
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes
from fhir_server.sweden.elements import child, target
from fhir_server.sweden.plan_owners import answers_for, leads
from fhir_server.sweden.plan_revisions import Conflict, Held, Merged, Revision, merged
from fhir_server.sweden.plan_units import MARK_SYSTEM, joined
from fhir_server.sweden.rulings import refusal

Resource = dict[str, Any]

_TARGET_ELEMENT = "http://hl7.org/fhir/StructureDefinition/targetElement"


@dataclass(frozen=True, slots=True)
class Meeting:
    """What comes of a receipt.

    Args:
        plan: reference to the plan here.
        new: whether it is new here.
        drafts: what is to be written; nothing where nothing is new.
        conflicts: what was set aside.
        record: reference to the Provenance that is written.
        receipts: ids of the Provenances of the receipts before, by what they are about.
    """

    plan: str
    new: bool
    drafts: tuple[Draft, ...]
    conflicts: tuple[Conflict, ...]
    record: str
    receipts: Mapping[str, str]


def meet(context: Context, given: Sent, arguments: Arguments, record: str) -> Meeting:
    """Merge what came with what is here.

    Args:
        context: the request.
        given: what came.
        arguments: of $receive-sip.
        record: id of the Provenance to write.
    """
    names = Names(context)
    receiver = organization_named(names, arguments, "receiver")
    arrival = arrive(context, names, given)
    reference = f"CarePlan/{arrival.plan['id']}"
    stored = context.store.read(*reference.split("/"))
    here = stored is not None and not stored.deleted
    if not here and codes.SUBSETTED in arrival.plan.get("meta", {}).get("tag", []):
        _require_contents(arrival.plan)
    also = dict(_here(context, arrival.own))
    _require_same_person(arrival, stored if here else None, also)
    ledger = ledger_of(context, names, stored if here else None, receiver, also)
    results = dict(_merged(names, ledger, arrival))
    conflicts = tuple(each.conflict for each in results.values() if each.conflict)
    revisions = {unit: each.held.revision for unit, each in results.items()}
    known = {unit: each.revision for unit, each in ledger.held.items()}
    if here and revisions == known and not arrival.provenances:
        return Meeting(reference, False, (), (), "", ledger.receipts)
    changed = [*_plan(stored, ledger, arrival, results), *_own(ledger, arrival, results)]
    targets = _targets(reference, stored, ledger, arrival, changed, results)
    receipt = {
        "resourceType": "Provenance",
        "extension": [
            *(written(unit, each) for unit, each in revisions.items()),
            *map(_set_aside, conflicts),
        ],
        "target": targets,
        "recorded": now_text(context),
        "activity": {"coding": [{"system": LIFECYCLE, "code": "receive"}]},
        "agent": list(arrival.agents),
        "entity": list(arrival.source),
    }
    drafts = (*arrival.parties, *changed, *arrival.provenances, Draft(receipt, record))
    return Meeting(reference, not here, drafts, conflicts, f"Provenance/{record}", ledger.receipts)


def _require_same_person(
    arrival: Arrival, plan: StoredResource | None, own: Mapping[str, StoredResource]
) -> None:
    """Refuse to make what is here another person's (R75, R100): a name was reused, or forged."""
    pairs = [(arrival.plan, plan)] if plan else []
    pairs += [(arrival.received[arrival.own[unit]], each) for unit, each in own.items()]
    for received, stored in pairs:
        known = json.parse(stored.body or b"{}")
        if _person(received) != _person(known):
            text = (
                f"{stored.reference} is here, and is about another person than the Bundle says. "
                "Nothing is stored. Ask who sent it to look at its identifiers."
            )
            refused = refusal(text, "Bundle.entry", codes.OSL_25_1, codes.OSL_26_1)
            raise FhirError(refused, status=409)


def _person(resource: Resource) -> str:
    """Give whose a plan, a goal or a consent is; empty for a meeting, which is of several."""
    return target(child(resource, "subject") or child(resource, "patient")).literal


def _require_contents(plan: Resource) -> None:
    """Refuse to make a plan of what only tells that a consent ended (R78)."""
    if not plan.get("activity"):
        text = (
            "The person's consent does not let this server have the plan: the Bundle tells its "
            "status alone, and there is no copy here that this would be about. Nothing is stored."
        )
        raise FhirError(refusal(text, "Bundle", codes.OSL_25_1, codes.OSL_26_1))


def _here(context: Context, own: Mapping[str, str]) -> Iterator[tuple[str, StoredResource]]:
    for unit, reference in own.items():
        stored = context.store.read(*reference.split("/"))
        if stored is not None and not stored.deleted:
            yield unit, stored


def _merged(names: Names, ledger: Ledger, arrival: Arrival) -> Iterator[tuple[str, Merged]]:
    plan = json.parse(ledger.plan.body or b"{}") if ledger.plan else arrival.plan

    def may(unit: str, value: Any, revision: Revision) -> bool:
        if unit.startswith("activity:"):
            return answers_for(value or {}, revision.by, names.resource)
        return leads(plan, revision.by, names.resource)

    for unit in dict.fromkeys((*ledger.held, *arrival.held)):
        yield unit, merged(unit, ledger.held.get(unit), arrival.held.get(unit), may)


def _plan(
    stored: StoredResource | None,
    ledger: Ledger,
    arrival: Arrival,
    results: Mapping[str, Merged],
) -> Iterator[Draft]:
    said = {
        unit: each.held.value
        for unit, each in results.items()
        if not unit.startswith(OWN_UNITS) and not each.held.revision.removed
    }
    before = {
        unit: held.value
        for unit, held in ledger.held.items()
        if not unit.startswith(OWN_UNITS) and not held.revision.removed
    }
    if before == said:
        return
    known = json.parse(ledger.plan.body or b"{}") if ledger.plan else arrival.plan
    yield Draft(_marked_as(known, joined(said)), arrival.plan["id"], stored)


def _own(ledger: Ledger, arrival: Arrival, results: Mapping[str, Merged]) -> Iterator[Draft]:
    for unit, each in results.items():
        if not unit.startswith(OWN_UNITS) or unit not in arrival.own:
            continue
        before = ledger.held.get(unit)
        value = each.held.value
        if value is None or (before is not None and before.value == value):
            continue
        reference = arrival.own[unit]
        type_, id_ = reference.split("/")
        stored = ledger.own.get(unit) or arrival.deleted.get(reference)
        known = json.parse(stored.body) if stored and stored.body else arrival.received[reference]
        yield Draft(_marked_as(known, {"resourceType": type_, **value}), id_, stored)


def _marked_as(known: Resource, resource: Resource) -> Resource:
    """Let a resource keep the name that it has on every server, and the mark of a part.

    A narrative made from the data no longer tells what they say; one that says more is kept.
    """
    marks = [e for e in known.get("identifier", []) if e.get("system") == MARK_SYSTEM]
    result = {**resource, "identifier": [*resource.get("identifier", []), *marks]}
    if known.get("text", {}).get("status") == "additional":
        result["text"] = known["text"]
    if codes.SUBSETTED in known.get("meta", {}).get("tag", []):
        meta = result.get("meta", {})
        result["meta"] = {**meta, "tag": [*meta.get("tag", []), codes.SUBSETTED]}
    return {key: value for key, value in result.items() if value != []}


def _targets(
    plan: str,
    stored: StoredResource | None,
    ledger: Ledger,
    arrival: Arrival,
    changed: list[Draft],
    results: Mapping[str, Merged],
) -> list[Resource]:
    """Give the versions that the receipt is about, and which elements of the plan it changed."""
    drafted = {each.reference: _next(each.previous) for each in changed}
    version = drafted.get(plan) or (stored.version if stored else 1)
    elements = [
        {"url": _TARGET_ELEMENT, "valueUri": unit.partition(":")[2]}
        for unit, each in results.items()
        if unit.startswith("activity:") and _took(ledger.held.get(unit), each.held)
    ]
    target: Resource = {"reference": f"{plan}/_history/{version}"}
    targets = [{"extension": elements, **target} if elements else target]
    places = {unit: held.reference for unit, held in ledger.own.items()} | dict(arrival.own)
    for unit, reference in places.items():
        known = ledger.own.get(unit)
        version = drafted.get(reference) or (known.version if known else 0)
        if version:
            targets.append({"reference": f"{reference}/_history/{version}"})
    return targets


def _took(before: Held | None, after: Held) -> bool:
    return before is None or before.value != after.value


def _next(previous: StoredResource | None) -> int:
    return previous.version + 1 if previous else 1


def _set_aside(conflict: Conflict) -> Resource:
    revision = conflict.aside.revision
    parts: list[Resource] = [
        {"url": "unit", "valueString": conflict.unit},
        {"url": "kept", "valueCode": conflict.kept},
        {"url": "revision", "valueString": revision.head},
    ]
    if conflict.aside.value is not None:
        parts.append({"url": "value", "valueString": json.dump(conflict.aside.value).decode()})
    parts += made(revision)
    return {"url": codes.EXCHANGE_CONFLICT, "extension": parts}
