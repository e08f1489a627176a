"""R4's invariants that nearly every resource meets, in Python.

Each says what its FHIRPath says; a test compares the two over all of HL7's examples and what
comes of changing them. None leaves the answer to the expression.

Source: https://hl7.org/fhir/R4/ (the constraints of the types named here)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.profiles.r4_rules.walk import Walk, has

Predicate = Callable[[Mapping[str, Any], Walk], bool | None]

# Looked after by `contained`, `references`, `plans` (ele-1) and the checks of narratives.
ELSEWHERE = frozenset({"dom-2", "dom-3", "dom-4", "dom-5", "ref-1", "ele-1", "txt-1", "txt-2"})


def has_choice(value: Mapping[str, Any], name: str) -> bool:
    """Tell whether an element of several types exists (``valueString`` for ``value``)."""
    length = len(name)
    for key in value:
        if name not in key:
            continue
        at = 1 if key[0] == "_" else 0
        if key.startswith(name, at) and key[at + length : at + length + 1].isupper():
            return True
    return False


def _extension(value: Mapping[str, Any], _walk: Walk) -> bool:
    return ("extension" in value) != has_choice(value, "value")


def _period(value: Mapping[str, Any], _walk: Walk) -> bool | None:
    start, end = value.get("start"), value.get("end")
    if start is None or end is None:
        return True
    # Of the same form and zone, dates compare as text.
    if start.__class__ is not str or end.__class__ is not str or len(start) != len(end):
        return None
    if len(start) <= 10 or start[-1] == end[-1] == "Z" or start[-6:] == end[-6:]:
        return bool(start <= end)
    return None


def _quantity(value: Mapping[str, Any], _walk: Walk) -> bool:
    return not has(value, "code") or has(value, "system")


def _contact_point(value: Mapping[str, Any], _walk: Walk) -> bool:
    return not has(value, "value") or has(value, "system")


def _attachment(value: Mapping[str, Any], _walk: Walk) -> bool:
    return not has(value, "data") or has(value, "contentType")


def _entry_has_content(value: Mapping[str, Any], _walk: Walk) -> bool:
    return "resource" in value or "request" in value or "response" in value


def _full_url(value: Mapping[str, Any], _walk: Walk) -> bool:
    return "/_history/" not in str(value.get("fullUrl", ""))


def _distinct_entries(value: Mapping[str, Any], _walk: Walk) -> bool | None:
    if value.get("type") == "history":
        return True
    seen: set[tuple[str, Any]] = set()
    for entry in value.get("entry", ()):
        url = entry.get("fullUrl")
        if url.__class__ is not str:
            continue
        meta = entry.get("resource", {}).get("meta")
        key = (url, meta.get("versionId") if meta.__class__ is dict else None)
        if key in seen:
            return False
        seen.add(key)
    return True


def _patient_contact(value: Mapping[str, Any], _walk: Walk) -> bool:
    return "name" in value or "telecom" in value or "address" in value or "organization" in value


def _observation_value(value: Mapping[str, Any], _walk: Walk) -> bool | None:
    return True if "component" not in value else None


def _problem(value: Mapping[str, Any], _walk: Walk) -> bool | None:
    return True if "clinicalStatus" in value or "category" not in value else None


def _entered_in_error(value: Mapping[str, Any], _walk: Walk) -> bool | None:
    return True if "verificationStatus" not in value or "clinicalStatus" not in value else None


def _task_dates(value: Mapping[str, Any], _walk: Walk) -> bool | None:
    return True if "lastModified" not in value or "authoredOn" not in value else None


def _narrative(value: Mapping[str, Any], walk: Walk) -> bool:
    # A contained resource has its narrative in that of its container (DomainResource.text).
    return "div" in value.get("text", ()) or walk.scope.root is not walk.scope.resource


def _not_home(value: Mapping[str, Any], _walk: Walk) -> bool:
    return value.get("use") != "home"


PREDICATES: dict[tuple[str, str], Predicate] = {
    ("Attachment", "att-1"): _attachment,
    ("Bundle", "bdl-7"): _distinct_entries,
    ("Bundle.entry", "bdl-5"): _entry_has_content,
    ("Bundle.entry", "bdl-8"): _full_url,
    ("Condition", "con-3"): _problem,
    ("Condition", "con-5"): _entered_in_error,
    ("ContactPoint", "cpt-2"): _contact_point,
    ("DomainResource", "dom-6"): _narrative,
    ("Extension", "ext-1"): _extension,
    ("Observation", "obs-7"): _observation_value,
    ("Organization.address", "org-2"): _not_home,
    ("Organization.telecom", "org-3"): _not_home,
    ("Patient.contact", "pat-1"): _patient_contact,
    ("Period", "per-1"): _period,
    ("Quantity", "qty-3"): _quantity,
    ("Task", "inv-1"): _task_dates,
}

# Properties without all of which a predicate holds; those of other predicates are not so few.
NEEDED: dict[tuple[str, str], frozenset[str]] = {
    ("Attachment", "att-1"): frozenset({"data", "_data"}),
    ("Bundle.entry", "bdl-8"): frozenset({"fullUrl"}),
    ("Condition", "con-3"): frozenset({"category"}),
    ("Condition", "con-5"): frozenset({"verificationStatus"}),
    ("ContactPoint", "cpt-2"): frozenset({"value", "_value"}),
    ("Observation", "obs-7"): frozenset({"component"}),
    ("Organization.address", "org-2"): frozenset({"use"}),
    ("Organization.telecom", "org-3"): frozenset({"use"}),
    ("Period", "per-1"): frozenset({"end"}),
    ("Quantity", "qty-3"): frozenset({"code", "_code"}),
    ("Task", "inv-1"): frozenset({"lastModified"}),
}
