"""$named-contacts: who are this patient's named contacts, in which role, reachable how.

R10, R31, R43-R45, R48, R53, R112-R114, R118, R121, R122; the fields of the national service
contract GetCareManagers are in the resources of the answer (docs/national/getcaremanagers.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.bundle import bundle, outcome_entry, raw, search_entry
from fhir_server.interactions.answer import Answer
from fhir_server.operations.contacts import inera_r5, patient_card
from fhir_server.operations.contacts.contact_views import Contacts, gather
from fhir_server.operations.operation import INERA_R5, Call
from fhir_server.sweden import codes
from fhir_server.sweden.contact_view import Channel, ContactView
from fhir_server.sweden.periods import STOCKHOLM

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Give the assignments asked for and, beside them, what says who that is and how to reach them.

    Returns:
        A searchset Bundle: the CareTeams as matches, each with who answers right now; what they
        lead to as included; an OperationOutcome where there is something to know of the answer.

    Raises:
        FhirError: 404 for no such patient, 412 for several with the identifier, 400 for
            parameters that contradict each other.
    """
    if call.media_type in patient_card.RENDERS:
        return patient_card.answer(call)
    contacts = gather(call)
    base = call.context.base
    if call.media_type == INERA_R5:
        body = _bundle(contacts, base, inera_r5.resource)
        return Answer(200, body=body, media_type=f"{INERA_R5}; charset=utf-8")
    return Answer(200, body=_bundle(contacts, base, _as_stored))


def identified(patient: Resource) -> Resource:
    """Give as much of a Patient as says whose contacts these are (GetCareManagers, patientId)."""
    meta = {name: value for name, value in patient.get("meta", {}).items() if name != "profile"}
    meta["tag"] = [*meta.get("tag", []), codes.SUBSETTED]
    kept = ("resourceType", "id", "identifier")
    return {name: patient[name] for name in kept if name in patient} | {"meta": meta}


def _as_stored(resource: Resource) -> Resource:
    return resource


def _bundle(contacts: Contacts, base: str, shape: Callable[[Resource], Resource | None]) -> bytes:
    def entry(resource: Resource, mode: str, body: bytes = b"") -> Iterator[Resource]:
        if not body:
            shaped = shape(resource)
            body = json.dump(shaped) if shaped else b""
        if body:
            address = f"{base}/{resource['resourceType']}/{resource['id']}"
            yield search_entry(address, raw(body), mode)

    stored = contacts.stored if shape is _as_stored else {}

    def found(resource: Resource, mode: str) -> Iterator[Resource]:
        reference = f"{resource['resourceType']}/{resource['id']}"
        return entry(resource, mode, stored.get(reference, b""))

    entries: list[Resource] = []
    for team, view in zip(contacts.teams, contacts.views, strict=True):
        for match in found(team, "match"):
            if contacts.inquiry.exact:
                match["search"]["extension"] = [_who_answers(view, contacts)]
            entries.append(match)
    if contacts.teams:
        for each in contacts.around:
            entries += found(each, "include")
        entries += entry(identified(contacts.patient), "include")
    if contacts.issues:
        entries.append(outcome_entry(contacts.issues))
    return bundle("searchset", entries, total=len(contacts.teams))


def _who_answers(view: ContactView, contacts: Contacts) -> Resource:
    """Say who answers, beside the CareTeam and not in it: it is computed, and never stored."""
    at = contacts.inquiry.moment.astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
    parts: list[Resource] = [
        {"url": "at", "valueInstant": at},
        {"url": "away", "valueBoolean": view.away},
        {"url": "atOnce", "valueBoolean": view.at_once},
    ]
    who = view.answers or view.answers_for
    if who is not None:
        parts.append({"url": "who", "valueReference": _reference(who.reference, who.name)})
    parts += [
        {"url": "telecom", "valueContactPoint": _contact_point(channel)}
        for channel in view.answer_channels
    ]
    return {"url": codes.WHO_ANSWERS, "extension": parts}


def _reference(reference: str, name: str) -> Resource:
    # A contained role is known inside its CareTeam only.
    if reference.startswith("#"):
        return {"type": "PractitionerRole", **({"display": name} if name else {})}
    return {"reference": reference, **({"display": name} if name else {})}


def _contact_point(channel: Channel) -> Resource:
    point: Resource = {"system": channel.system, "value": channel.value}
    if channel.use:
        point["use"] = channel.use
    if channel.note:
        point["extension"] = [{"url": codes.CONTACT_NOTE, "valueString": channel.note}]
    return point
