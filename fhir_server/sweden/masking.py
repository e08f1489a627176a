"""What is left out of a resource for somebody who may see the rest (R114, R118)."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import audience
from fhir_server.sweden.elements import Json, child, items, target

# What is kept of a person whose data are protected, and of who stands by them: who they are, which
# whoever names them by number knows, and what care must know. All else may lead to where they are:
# addresses, relatives, units, a narrative, an extension that nobody here knows.
_ALWAYS = ("resourceType", "id", "meta", "implicitRules", "modifierExtension", "language", "active")
_KEPT = {
    "Patient": (
        "name", "gender", "birthDate", "_birthDate", "deceasedBoolean", "deceasedDateTime",
        "multipleBirthBoolean", "multipleBirthInteger",
    ),
    "Person": ("name", "gender", "birthDate"),
    "RelatedPerson": ("patient", "relationship", "name", "gender", "birthDate", "period"),
    # The unit answers for what its staff do, whoever they are; the name is what is kept back.
    "PractitionerRole": (
        "practitioner", "organization", "healthcareService", "code", "specialty", "period",
    ),
}  # fmt: skip


def for_patient(resource: dict[str, Any]) -> dict[str, Any]:
    """Give what the patient may see of a resource: no internal notes (R114)."""
    return audience.for_audience(resource, audience.PATIENT, ())


def of_protected(resource: dict[str, Any]) -> dict[str, Any]:
    """Give the resource of a protected person without what leads to them (R118).

    It stays valid R4, and carries the marks ``REDACTED`` and ``SUBSETTED``. A resource that is no
    person's own, such as a plan, is given without the staff in it.
    """
    type_ = resource.get("resourceType")
    if type_ == "Practitioner":
        return audience.for_audience(resource, audience.PROFESSIONAL, ())
    names = _KEPT.get(str(type_))
    if names is None:
        return audience.for_audience(resource, audience.PROFESSIONAL, ())
    kept = {name: resource[name] for name in (*_ALWAYS, *names) if name in resource}
    if numbers := [_number(each) for _, each in items(resource, "identifier")]:
        kept["identifier"] = numbers
    if type_ == "PractitionerRole" and "practitioner" in kept:
        reference = kept["practitioner"]
        kept["practitioner"] = {k: v for k, v in reference.items() if k != "display"}
    return audience.marked(kept)


def known(patient: dict[str, Any]) -> dict[str, Any]:
    """Give that a person is known here, by their number, and no more (R111).

    A national service asks for a person's contacts, and knows the number it asks by.
    """
    names = ("resourceType", "id", "meta")
    kept: dict[str, Any] = {name: patient[name] for name in names if name in patient}
    if numbers := [_number(each) for _, each in items(patient, "identifier")]:
        kept["identifier"] = numbers
    return audience.marked(kept)


def person_behind(role: dict[str, Any]) -> str:
    """Give whose data a PractitionerRole shows beside its own: ``Practitioner/[id]`` (R118)."""
    return target(child(role, "practitioner")).literal


def _number(identifier: Json) -> dict[str, Any]:
    """Give an identifier without who issued it, which tells of a region."""
    names = ("use", "type", "system", "value")
    return {name: identifier[name] for name in names if name in identifier}
