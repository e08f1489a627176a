"""One access to a person's data as the person may know it: when, and from which unit (R116)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.security.audit.event import ACTING_UNIT, EMERGENCIES
from fhir_server.storage.audit_records import KeptRecord
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, extension, items, text

# What the page says was done.
WORDS = {"C": "skrev", "U": "ändrade", "D": "tog bort", "R": "läste", "E": "läste"}


@dataclass(frozen=True, slots=True)
class Access:
    """An access.

    Args:
        id: of the AuditEvent.
        at: when.
        unit: HSA-id or ``Organization/[id]`` of the unit it was made from; empty for none.
        provider: the same of the vårdgivare.
        action: ``C``, ``R``, ``U``, ``D`` or ``E``.
        own: whether the person made it.
        emergency: whether it was an emergency access.
        event: the whole record.
        unit_name: what the unit is called.
        provider_name: what the vårdgivare is called.
    """

    id: str
    at: dt.datetime
    unit: str
    provider: str
    action: str
    own: bool
    emergency: bool
    event: Json
    unit_name: str = ""
    provider_name: str = ""

    @property
    def done(self) -> str:
        """What was done, in a word."""
        return WORDS.get(self.action, WORDS["E"])

    def with_names(self, names: Mapping[str, str]) -> Access:
        """Give it with the names of unit and vårdgivare."""
        unit, provider = names.get(self.unit, self.unit), names.get(self.provider, self.provider)
        return replace(self, unit_name=unit, provider_name=provider)


def access_of(record: KeptRecord) -> Access:
    """Read a record of the trail, made by the server or created by a client."""
    event = json.plain(record.body or b"{}")
    agents = [agent for _, agent in items(event, "agent")]
    asking = next((each for each in agents if each.get("requestor")), {})
    who = child(asking, "who")
    person = any(
        text(child(each, "what"), "reference") == text(who, "reference") != ""
        for _, each in items(event, "entity")
    )
    unit = _named(extension(asking, ACTING_UNIT).get("valueReference") or {})
    if not unit and text(who, "reference").startswith("Organization/"):
        unit = text(who, "reference")
    owner = (a for a in agents if _code_in(child(a, "type"), "CST"))
    purposes = [code for _, each in items(event, "purposeOfEvent") for code in _codes(each)]
    return Access(
        event["id"],
        dt.datetime.fromisoformat(event["recorded"]),
        unit,
        _named(child(next(owner, {}), "who")),
        text(event, "action"),
        person and text(who, "reference").startswith("Patient/"),
        any(code in EMERGENCIES for code in purposes),
        event,
    )


def named(context: Context, accesses: Iterable[Access]) -> dict[str, str]:
    """Give what the units and caregivers of some accesses are called, as far as is known."""
    finder = Finder(context.server, context.store)
    ids = {each for access in accesses for each in (access.unit, access.provider) if each}
    references = [each for each in ids if each.startswith("Organization/")]
    found = finder.read_many(references)
    names = {reference: text(each, "name") for reference, each in found.items()}
    hsa_ids = sorted(ids - set(references))
    for start in range(0, len(hsa_ids), 50):
        asked = hsa_ids[start : start + 50]
        wanted = ",".join(
            f"{system}|{each}" for system in codes.HSA_ID_SYSTEMS for each in asked if _plain(each)
        )
        for unit in finder.search("Organization", identifier=wanted) if wanted else ():
            for _, identifier in items(unit, "identifier"):
                if text(identifier, "value") in asked:
                    names[text(identifier, "value")] = text(unit, "name")
    return {each: name for each, name in names.items() if name}


def as_subset(access: Access) -> Json:
    """Give as much of the record as the person may know: unit, time and what kind of thing."""
    event = access.event
    kept = ("resourceType", "id", "type", "action", "recorded", "outcome", "purposeOfEvent")
    who: Json = {"display": "Du själv"} if access.own else _reference(access.unit, access.unit_name)
    agents: list[Json] = [{"who": who, "requestor": True}]
    if access.provider:
        provider = _reference(access.provider, access.provider_name)
        agents.append({"who": provider, "requestor": False})
    observer = text(child(child(event, "source"), "observer"), "display") or "okänd"
    return {
        **{name: event[name] for name in kept if name in event},
        "meta": {"tag": [codes.SUBSETTED]},
        "agent": agents,
        "source": {"observer": {"display": observer}},
    }


def _reference(who: str, name: str) -> Json:
    if not who:
        return {"display": "okänd enhet"}
    named = {"display": name} if name and name != who else {}
    if who.startswith("Organization/"):
        return {"reference": who, **named}
    identifier = {"system": codes.HSA_ID, "value": who}
    return {"type": "Organization", "identifier": identifier, **named}


def _named(reference: Any) -> str:
    if not isinstance(reference, dict):
        return ""
    return text(child(reference, "identifier"), "value") or text(reference, "reference")


def _codes(concept: Json) -> list[str]:
    return [text(coding, "code") for _, coding in items(concept, "coding")]


def _code_in(concept: Json, code: str) -> bool:
    return code in _codes(concept)


def _plain(text_: str) -> bool:
    """Tell whether a text has nothing in it that a search reads as syntax."""
    return not set(text_) & set(",|$\\")
