"""A copy of a plan for somebody: what they may see of it, and the words for it.

R78, R81, R94, R110, R113, R114. The person's own copy holds nothing that is not for the patient; an
actor's holds what the consent lets it see.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.context import Context
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.parties import Parties, Party
from fhir_server.operations.sip.disclosures import for_actor
from fhir_server.operations.written import plan_view
from fhir_server.operations.written.plan_gathering import Gathered, contacts_card, gathered
from fhir_server.operations.written.plan_telling import Telling
from fhir_server.pages.writing import Writing
from fhir_server.sweden import audience, sharing, shown
from fhir_server.sweden.elements import Json, child, target

Resource = dict[str, Any]

_RELATIVES = ("Patient", "RelatedPerson")


@dataclass(frozen=True, slots=True)
class Copy:
    """A plan as one reader may have it.

    Args:
        told: the plan with what it refers to, for the reader.
        writing: the same in words.
        reader: the `audience` it is for.
        classes: the kinds of information in it.
    """

    told: Telling
    writing: Writing
    reader: str
    classes: frozenset[str]


def copy_of(call: Call, plan: Resource) -> Copy:
    """Give the copy that a call asks for.

    Raises:
        FhirError: 403 where the plan is not for that reader; 400 for a recipient that can't be.
    """
    now = now_of(call.context)
    recipient = target(call.arguments.get("recipient", {}))
    subject = target(child(plan, "subject")).literal
    signed = bool(call.arguments.get("signatures"))
    if not recipient.literal or recipient.literal == subject:
        return _for_person(call.context, plan, now, signed=signed)
    if not recipient.local:
        raise invalid("recipient must be a reference of the form Type/[id].", "recipient", "value")
    if not plan_view.is_sip(plan):
        raise invalid("A recipient other than the person is for a SIP only.", "recipient", "value")
    granted = for_actor(call.context, plan, recipient.literal, now)
    if not granted.allowed:
        raise FhirError(*granted.why, status=403)
    if granted.whole and recipient.resource_type in _RELATIVES:
        return _for_person(call.context, plan, now, signed=signed)
    reader = _audience(recipient.resource_type)
    _require_visible(plan, reader)
    found = gathered(call.context, shown.plan(plan, granted), reader)
    found = _as_granted(found, granted.classes)
    who = _recipient(call.context, recipient.literal, now)
    told = _telling(call.context, found, now, signed=signed, who=who, may=granted.classes)
    return Copy(told, plan_view.written(told), reader, granted.classes)


def whole_copy(call: Call, plan: Resource) -> Copy:
    """Give the plan as it is stored, for a document that says all of it."""
    now = now_of(call.context)
    found = gathered(call.context, plan, audience.PROFESSIONAL)
    told = _telling(call.context, found, now, signed=False)
    return Copy(told, plan_view.written(told), audience.PROFESSIONAL, sharing.ALL_CLASSES)


def for_reader(resource: Resource, copy: Copy) -> Resource | None:
    """Give what the reader of a copy may have of a resource in its document; None for nothing.

    A plan is cut already; what it refers to may say what the consent leaves out.
    """
    if resource["resourceType"] == "CarePlan" and resource["id"] == copy.told.source["id"]:
        return copy.told.source
    if not audience.may_see(resource, copy.reader):
        return None
    seen = copy.told.gathered.found.get(f"{resource['resourceType']}/{resource['id']}")
    if seen is not None or copy.told.recipient is None:
        return seen or audience.for_audience(resource, copy.reader, ())
    shaped = audience.for_audience(resource, copy.reader, ())
    return _cut(shaped, copy.classes, copy.told.gathered)


def _as_granted(found: Gathered, classes: frozenset[str]) -> Gathered:
    """Cut what a plan for an actor refers to."""
    cut = {at: kept for at, each in found.found.items() if (kept := _cut(each, classes, found))}
    return replace(found, found=cut)


def _cut(resource: Resource, classes: frozenset[str], found: Gathered) -> Resource | None:
    """Cut one resource for an actor."""
    match resource["resourceType"]:
        case "Patient":
            return shown.person(resource)
        case "RelatedPerson":
            # How to reach who takes part is what the contacts of a plan are for.
            return shown.relative(resource, *(() if found.protected else ("telecom",)))
        case "Consent" if not classes >= sharing.ALL_CLASSES:
            return None  # it names the other actors, and what they may see
        case "Goal":
            return shown.goal(resource, classes)
        case _:
            return resource


def _for_person(context: Context, plan: Resource, now: datetime, *, signed: bool) -> Copy:
    _require_visible(plan, audience.PATIENT)
    found = gathered(context, plan, audience.PATIENT)
    told = _telling(context, found, now, signed=signed)
    return Copy(told, plan_view.written(told), audience.PATIENT, sharing.ALL_CLASSES)


def _audience(resource_type: str) -> str:
    return audience.PATIENT if resource_type in _RELATIVES else audience.PROFESSIONAL


def _require_visible(plan: Json, reader: str) -> None:
    if not audience.may_see(plan, reader):
        text = (
            "The plan is not approved for the patient (R113). Approve it, or name a recipient who "
            "is staff."
        )
        raise FhirError(Issue("error", "forbidden", text, "CarePlan"), status=403)


def _recipient(context: Context, reference: str, now: datetime) -> Party:
    holder: Resource = {"recipient": {"reference": reference}}
    found = gathered(context, holder, audience.PROFESSIONAL).found
    return Parties(found.get, now).of(holder["recipient"], holder) or Party("", "mottagaren")


def _telling(
    context: Context,
    found: Gathered,
    now: datetime,
    *,
    signed: bool,
    who: Party | None = None,
    may: frozenset[str] = frozenset(),
) -> Telling:
    settings = context.server.settings
    return Telling(
        gathered=found,
        now=now,
        zone=settings.zone,
        card=contacts_card(context, found.patient, now),
        outside_hours=settings.card_outside_hours,
        emergency=settings.card_emergency,
        recipient=who,
        may=may,
        signatures=signed,
    )
