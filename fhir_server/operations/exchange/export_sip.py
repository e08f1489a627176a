"""$export-sip: a SIP as a Bundle that another server takes and goes on with.

R76, R93, R94, R100, R112. docs/operations/export-sip.md
"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.read import read
from fhir_server.operations.exchange.bundle import Parcel, bundle_of
from fhir_server.operations.exchange.ledger import ledger_of
from fhir_server.operations.exchange.names import Names
from fhir_server.operations.exchange.parties import organization_named
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.sip.disclosures import for_actor
from fhir_server.sweden import actors, codes, shown
from fhir_server.sweden.elements import items, target
from fhir_server.sweden.plan_units import without_id
from fhir_server.sweden.plans import is_sip
from fhir_server.sweden.sharing import Disclosure, is_one_of, participants

Resource = dict[str, Any]

_GROUND = ("resourceType", "id", "status", "intent", "category", "title", "subject")


def run(call: Call) -> Answer:
    """Give the Bundle.

    Raises:
        FhirError: 404 or 410 for no such plan; 422, it is no SIP, or has activities that can't be
            told on another server; 403, the person's consent does not let the recipient see it,
            and it does not take part either.
    """
    names = Names(call.context)
    sender = organization_named(names, call.arguments, "sender")
    stored = read(call.context, "CarePlan", call.id or "").stored
    assert stored is not None  # noqa: S101 - a read gives what it read
    plan: Resource = json.parse(stored.body or b"{}")
    _require_exchangeable(plan)
    ledger = ledger_of(call.context, names, stored, sender)
    recipient = organization_named(names, call.arguments, "recipient")
    granted = for_actor(call.context, plan, recipient, now_of(call.context)) if recipient else None
    seen = _seen_by(call.context, plan, recipient, granted) if granted else plan
    classes = granted.classes if granted else None
    parcel = Parcel(stored, seen, ledger, sender, classes)
    return Answer(200, body=json.dump(bundle_of(call.context, names, parcel)))


def _seen_by(context: Context, plan: Resource, recipient: str, granted: Disclosure) -> Resource:
    if granted.allowed:
        return shown.plan(plan, granted)
    readers = actors.meanings(recipient, Finder(context.server, context.store).read)
    if not any(is_one_of(readers, target(each)) for each in participants(plan)):
        raise FhirError(*granted.why, status=403)
    return _ground_alone(plan)


def _ground_alone(plan: Resource) -> Resource:
    """Give a plan's status and the consents it rests on, and nothing of what it says (R78).

    Who takes part in a plan has a copy, or may have one: it must learn that the consent no longer
    lets it read.
    """
    meta = {**plan.get("meta", {}), "tag": [codes.SUBSETTED]}
    kept = {name: plan[name] for name in _GROUND if name in plan}
    consents = [
        each for _, each in items(plan, "supportingInfo") if target(each).resource_type == "Consent"
    ]
    return {**kept, "meta": meta, "supportingInfo": consents}


def _require_exchangeable(plan: Resource) -> None:
    if not is_sip(plan):
        text = "Only a CarePlan of category SIP is exchanged this way; others by $document."
        raise FhirError(Issue("error", "not-supported", text, "CarePlan.category"), status=422)
    text = (
        "The activity has no id, or another's: the servers could not tell whose change is of what. "
        "Give each activity an id of its own, such as a UUID, which it keeps."
    )
    issues = [
        Issue("error", "required", text, f"CarePlan.activity[{index}].id")
        for index in without_id(plan)
    ]
    if issues:
        raise FhirError(*issues, status=422)
