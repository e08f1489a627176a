"""Breaks invariants, one function for each key."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from fhir_server.sweden import codes
from tests.conformance.constraints.snapshots import Json, Place, at

Act = Callable[[Json, Place], None]


def _replaced(value: Any) -> Act:
    def act(resource: Json, place: Place) -> None:
        at(resource, place[:-1])[place[-1]] = value

    return act


def _empty(resource: Json, place: Place) -> None:
    """ele-1: neither a value nor children."""
    value = at(resource, place)
    at(resource, place[:-1])[place[-1]] = {} if isinstance(value, dict) else ""


def _both(resource: Json, place: Place) -> None:
    """ext-1: a value and extensions."""
    value = at(resource, place)
    if "extension" in value:
        value["valueBoolean"] = True
    else:
        value["extension"] = [{"url": "http://example.org/inner", "valueBoolean": True}]


def _contained(inner: Json, *, referred: bool = True) -> Act:
    def act(resource: Json, place: Place) -> None:
        holder = at(resource, place)
        holder.setdefault("contained", []).append({"id": "inside", **inner})
        if referred:
            holder.setdefault("extension", []).append(
                {"url": "http://example.org/to", "valueReference": {"reference": "#inside"}}
            )

    return act


BASIC = {"resourceType": "Basic", "code": {"text": "text"}}
DEEP = {**BASIC, "contained": [{"id": "deeper", **BASIC}]}
DEEP["extension"] = [{"url": "http://example.org/to", "valueReference": {"reference": "#deeper"}}]


def _without_text(resource: Json, place: Place) -> None:
    at(resource, place).pop("text", None)


BREAKERS: dict[str, Act] = {
    "ele-1": _empty,
    "ext-1": _both,
    "dom-2": _contained(DEEP),
    "dom-3": _contained(BASIC, referred=False),
    "dom-4": _contained({**BASIC, "meta": {"versionId": "1"}}),
    "dom-5": _contained({**BASIC, "meta": {"security": [{"code": "R"}]}}),
    "dom-6": _without_text,
}


def edit(**changes: Any) -> Act:
    """Set elements of what stands at a place; None takes one away."""

    def act(resource: Json, place: Place) -> None:
        holder = at(resource, place)
        for name, value in changes.items():
            if value is None:
                for key in [key for key in holder if key in (name, f"_{name}")]:
                    del holder[key]
            else:
                holder[name] = deepcopy(value)

    return act


def without_extension(name: str) -> Act:
    """Take the extensions of a name away."""

    def act(resource: Json, place: Place) -> None:
        holder = at(resource, place)
        left = [e for e in holder.get("extension", []) if not e["url"].endswith(f"/{name}")]
        edit(extension=left or None)(resource, place)

    return act


def with_extension(name: str, **content: Any) -> Act:
    """Add an extension of the project."""

    def act(resource: Json, place: Place) -> None:
        added = {"url": f"{codes.CANONICAL}/StructureDefinition/{name}", **deepcopy(content)}
        at(resource, place).setdefault("extension", []).append(added)

    return act


def in_turn(*acts: Act) -> Act:
    def act(resource: Json, place: Place) -> None:
        for each in acts:
            each(resource, place)

    return act


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


TEXT = {"text": "text"}
SOMEBODY = {"display": "somebody"}
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
PROBLEM_LIST = coded(
    "http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item"
)


def _scope(code: str) -> Act:
    return edit(patient=None, scope=coded(SCOPE, code))


def _contained_member(resource: Json, place: Place) -> None:
    """ctm-1: who acts on behalf of another is a practitioner; here it is a patient."""
    resource.setdefault("contained", []).append({"resourceType": "Patient", "id": "member"})
    edit(member={"reference": "#member"}, onBehalfOf=SOMEBODY)(resource, place)


BREAKERS |= {
    "app-1": edit(type=None, actor=None),
    "app-2": edit(start="2026-03-02T08:10:00Z", end=None),
    "app-3": edit(status="booked", start=None, end=None),
    "app-4": edit(status="booked", cancelationReason=TEXT),
    "con-1": edit(summary=None, assessment=None, type=TEXT),
    "con-2": edit(code=None, detail=None, id="x"),
    "con-3": edit(clinicalStatus=None, category=[PROBLEM_LIST]),
    "con-4": edit(clinicalStatus=coded(CLINICAL, "active"), abatementString="text"),
    "con-5": edit(
        verificationStatus=coded(VERIFICATION, "entered-in-error"),
        clinicalStatus=coded(CLINICAL, "active"),
    ),
    "cpl-3": edit(reference=SOMEBODY, detail={"status": "scheduled", "description": "text"}),
    "ctm-1": _contained_member,
    "gol-1": edit(detailString="text", measure=None),
    "inv-1": edit(authoredOn="2026-03-02", lastModified="2026-03-01"),
    "org-1": edit(identifier=None, name=None, alias=["text"]),
    "org-2": edit(use="home"),
    "org-3": edit(use="home"),
    "pat-1": edit(name=None, telecom=None, address=None, organization=None, gender="other"),
    "ppc-1": edit(policy=None, policyRule=None),
    "ppc-2": _scope("patient-privacy"),
    "ppc-3": _scope("research"),
    "ppc-4": _scope("adr"),
    "ppc-5": _scope("treatment"),
    "sev-1": edit(name="text", query="aGVq"),
}
