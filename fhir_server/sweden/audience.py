"""What of a patient's contacts an audience may see (R113, R114, R118).

The patient never gets an internal note, nor what a caregiver has not approved for patients. Nobody
gets the name of a member of staff whose data are protected: the caregiver that passes it on answers
for that (GetCareManagers, PractitionerType). What was cut out is marked, so that no reader takes
the rest for the whole and sends it back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, extension, items, once, target

PATIENT = "patient"
PROFESSIONAL = "professional"

_ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_SECURITY_LABELS = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
_PROTECTED = ("sekretessmarkering", "skyddadFolkbokforing")
_REDACTED = {"system": codes.OBSERVATION_VALUE, "code": "REDACTED"}
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_MASKED_NAME = {"extension": [{"url": _ABSENT, "valueCode": "masked"}]}
# What is not among the bytes is nowhere in a resource: JSON as this server writes it has no escapes
# in a url.
_LABEL = _SECURITY_LABELS.encode()
_INTERNAL_NOTE = codes.INTERNAL_NOTE.encode()
# Of a protected person, what the work needs: neither name nor anything that leads to it. A
# legitimationsnummer leads to the name in a public register.
_OF_PROTECTED = ("resourceType", "id", "meta", "active", "language")


def may_see(resource: Json, audience: str) -> bool:
    """Tell whether an audience may have a resource at all (R113)."""
    if audience != PATIENT:
        return True
    hidden = has_label(resource, _ACT_CODE, "NOPATIENT")
    approved = extension(resource, codes.APPROVED_FOR_PATIENT).get("valueBoolean")
    return not hidden and approved is not False


def is_protected(person: Json) -> bool:
    """Tell whether a Practitioner's, or a Patient's, data are protected (R118)."""
    return any(has_label(person, _SECURITY_LABELS, label) for label in _PROTECTED)


def protective_labels(person: Json) -> list[dict[str, Any]]:
    """Give the labels by which a person's data are protected, for what is about them (R118)."""
    labels = items(child(person, "meta"), "security")
    return [
        dict(each)
        for _, each in labels
        if each.get("system") == _SECURITY_LABELS and each.get("code") in _PROTECTED
    ]


def has_label(resource: Json, system: str, code: str) -> bool:
    """Tell whether a resource has a security label."""
    labels = items(child(resource, "meta"), "security")
    return any(each.get("system") == system and each.get("code") == code for _, each in labels)


def protected_among(resources: Collection[Json]) -> set[str]:
    """Give the references that name protected staff: the persons, and their roles."""
    persons = {_reference(each) for each in resources if _is_protected_staff(each)}
    roles = {
        _reference(each)
        for each in resources
        if each.get("resourceType") == "PractitionerRole"
        and target(child(each, "practitioner")).literal in persons
    }
    return persons | roles


def sees_all(resource: Json, body: bytes, audience: str, protected: Collection[str]) -> bool:
    """Tell whether it is plain that an audience may see all of a resource, as it is stored.

    Where it is not, `for_audience` looks at every element.

    Args:
        resource: the resource.
        body: its JSON as this server writes it.
        audience: ``patient`` or ``professional``.
        protected: from `protected_among`.
    """
    return (
        not protected
        and "contained" not in resource
        and _LABEL not in body
        and (audience != PATIENT or _INTERNAL_NOTE not in body)
    )


def for_audience(resource: Json, audience: str, protected: Collection[str]) -> dict[str, Any]:
    """Give what an audience may see of a resource, with what is contained in it.

    Args:
        resource: the resource; it is not changed.
        audience: ``patient`` or ``professional``.
        protected: from `protected_among`.
    """
    contained = [each for _, each in items(resource, "contained")]
    staff = [each for each in contained if _is_protected_staff(each, resource)]
    own = {f"#{each.get('id')}" for each in staff}
    own |= {
        f"#{each.get('id')}"
        for each in contained
        if target(child(each, "practitioner")).literal in {*own, *protected}
    }
    seen = _Cut(audience, {*protected, *own}).of(resource)
    return marked(seen) if seen != resource else seen


class _Cut:
    """Leaves out what may not be seen."""

    def __init__(self, audience: str, protected: Collection[str]) -> None:
        self._audience = audience
        self._protected = protected

    def of(self, resource: Json) -> dict[str, Any]:
        hidden = is_protected(resource) or f"#{resource.get('id')}" in self._protected
        return _masked(resource) if _is_staff(resource) and hidden else self._rest(resource)

    def _rest(self, resource: Json) -> dict[str, Any]:
        seen: dict[str, Any] = self._element(resource)
        if seen != resource:
            seen.pop("text", None)  # a narrative may repeat what was cut out
        return seen

    def _element(self, element: Any) -> Any:
        if isinstance(element, list):
            kept = [self._element(each) for each in element if not self._is_hidden(each)]
            return [each for each in kept if each != {}]
        if not isinstance(element, dict):
            return element
        kept_here = {
            name: self._contained(value) if name == "contained" else self._element(value)
            for name, value in element.items()
            if not (name == "display" and element.get("reference") in self._protected)
        }
        return {name: value for name, value in kept_here.items() if value not in ([], {})}

    def _contained(self, resources: Any) -> Any:
        return [self.of(each) for each in resources if may_see(each, self._audience)]

    def _is_hidden(self, element: Any) -> bool:
        return (
            self._audience == PATIENT
            and isinstance(element, dict)
            and element.get("url") == codes.INTERNAL_NOTE
        )


def _is_staff(resource: Json) -> bool:
    return resource.get("resourceType") == "Practitioner"


def _is_protected_staff(resource: Json, container: Json | None = None) -> bool:
    """Tell whether it is; what is contained has no label of its own (dom-5)."""
    return _is_staff(resource) and once(container or resource, is_protected)


def _masked(practitioner: Json) -> dict[str, Any]:
    seen: dict[str, Any] = {
        name: practitioner[name] for name in _OF_PROTECTED if name in practitioner
    }
    hsa = [
        i for _, i in items(practitioner, "identifier") if i.get("system") in codes.HSA_ID_SYSTEMS
    ]
    qualified = [
        {"code": q["code"]} for _, q in items(practitioner, "qualification") if "code" in q
    ]
    return {
        **seen,
        **({"identifier": hsa} if hsa else {}),
        "name": [_MASKED_NAME],
        **({"qualification": qualified} if qualified else {}),
    }


def marked(resource: dict[str, Any]) -> dict[str, Any]:
    """Mark what is no longer whole (https://hl7.org/fhir/R4/security-labels.html#break-the-glass)."""
    meta = dict(resource.get("meta", {}))
    meta["security"] = _with(meta.get("security", []), _REDACTED)
    meta["tag"] = _with(meta.get("tag", []), codes.SUBSETTED)
    return {**resource, "meta": meta}


def _with(codings: list[dict[str, Any]], coding: dict[str, Any]) -> list[dict[str, Any]]:
    return codings if coding in codings else [*codings, coding]


def _reference(resource: Json) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"
