"""Who answers for a resource, whom it was sent to and from whom it is kept (R112-R114, R118).

The accountable unit (vårdenhet) sets the inner limit of a spärr and its vårdgivare the outer
(patientdatalagen 2008:355, PDL, 4 kap. 4 §; lagen 2022:913). In EHDS-TK the vårdgivare is custodian
and the vårdenhet author (DOMAIN 0.11).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_server.sweden import audience, care_relation, codes
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.elements import Json, child, items, literal_of

# Where each type says which unit answers for it; the first that does counts. A role or person
# stands for its unit.
_OWNERS: dict[str, tuple[str, ...]] = {
    "Appointment": (),
    "CarePlan": ("author",),
    "CareTeam": ("managingOrganization",),
    "Communication": ("sender",),
    "CommunicationRequest": ("sender", "requester"),
    "Composition": ("custodian",),
    "Consent": ("organization",),
    "DocumentReference": ("custodian",),
    "Encounter": ("serviceProvider",),
    "EpisodeOfCare": ("managingOrganization",),
    "Flag": ("author",),
    "Group": ("managingEntity",),
    "HealthcareService": ("providedBy",),
    "Location": ("managingOrganization",),
    "Patient": ("managingOrganization",),
    "PractitionerRole": ("organization",),
    "ServiceRequest": ("requester",),
    "Task": ("requester",),
}
# Where each type says whom it is for, or who takes part.
_ADDRESSED: dict[str, tuple[tuple[str, ...], ...]] = {
    "Appointment": (("participant", "actor"),),
    "CarePlan": (("author",), ("contributor",), ("activity", "detail", "performer")),
    "CareTeam": (("participant", "member"), ("participant", "onBehalfOf")),
    "Communication": (("recipient",),),
    "CommunicationRequest": (("recipient",),),
    "Consent": (("provision", "actor", "reference"),),
    "ServiceRequest": (("performer",),),
    "Task": (("owner",), ("restriction", "recipient")),
}
_UNITS = ("Organization", "PractitionerRole")


def owners(resource: Json) -> list[str]:
    """Give what says which unit answers for a resource: units, or roles that stand for theirs.

    R112. An Organization answers for what is said of itself.
    """
    type_ = str(resource.get("resourceType"))
    if type_ == "Organization":
        return [f"Organization/{resource.get('id')}"]
    named = (_references(resource, (name,)) for name in _OWNERS.get(type_, ()))
    return next((found for each in named if (found := list(each))), [])


def addressed(resource: Json) -> list[str]:
    """Give the units, and roles that stand for theirs, that a resource was sent to (R94, R110)."""
    paths = _ADDRESSED.get(str(resource.get("resourceType")), ())
    found = [each for path in paths for each in _references(resource, path)]
    if resource.get("resourceType") == "Encounter":
        found += _told_of(resource)
    return list(dict.fromkeys(each for each in found if each.partition("/")[0] in _UNITS))


def care(resource: Json) -> str:
    """Tell whether a resource may be a sign of a care relation, by status and end alone (R111).

    Returns:
        `care_relation.UNDER_WAY` for what is under way or ahead; the month (``2026-11``) in which a
        care contact ended, which counts for some time yet; else nothing.
    """
    return care_relation.may_tell(resource)


def hidden(resource: Json, written: bytes) -> str:
    """Give ``patient`` for what is kept from the patient, ``parts`` for parts (R113, R114).

    Args:
        resource: the resource.
        written: its JSON as `fhir.json.dump` writes it.
    """
    if not audience.may_see(resource, audience.PATIENT):
        return "patient"
    contained = (each for _, each in items(resource, "contained"))
    cut = any(not audience.may_see(each, audience.PATIENT) for each in contained)
    return "parts" if cut or _has_internal_note(resource, written) else ""


def protected(resource: Json) -> bool:
    """Tell whether a resource carries a label of a protected person (R118)."""
    return audience.is_protected(resource)


def named_contact(resource: Json) -> bool:
    """Tell whether a resource is a named contact, which national services may read (R111)."""
    return resource.get("resourceType") == "CareTeam" and is_named_contact(resource)


def _told_of(stay: Json) -> list[str]:
    """Give the units that got an inskrivningsmeddelande (lagen 2017:612, 2 kap. 1 §; R55)."""
    notices = (
        n for _, n in items(stay, "extension") if n.get("url") == codes.ADMISSION_NOTICE_SENT
    )
    parts = (part for notice in notices for _, part in items(notice, "extension"))
    return [literal_of(child(each, "valueReference")) for each in parts if each.get("url") == "to"]


def _references(element: Json, path: tuple[str, ...]) -> Iterator[str]:
    """Give the units and roles that the References at a path lead to."""
    found = [element]
    for name in path:
        found = [each for parent in found for each in _objects(parent.get(name))]
    for each in found:
        literal = literal_of(each)
        if literal.partition("/")[0] in _UNITS:
            yield literal


def _objects(value: Any) -> Sequence[Json]:
    """Give a JSON object, or those in a list."""
    if type(value) is dict:
        return (value,)
    if type(value) is list:
        return [each for item in value for each in _objects(item)]
    return ()


_INTERNAL_NOTE = codes.INTERNAL_NOTE.encode()


def _has_internal_note(resource: Any, written: bytes) -> bool:
    # A url is written as it is: what is not among the bytes stands nowhere.
    return _INTERNAL_NOTE in written and _is_or_holds_note(resource)


def _is_or_holds_note(element: Any) -> bool:
    if isinstance(element, list):
        return any(_is_or_holds_note(each) for each in element)
    if isinstance(element, dict):
        if element.get("url") == codes.INTERNAL_NOTE:
            return True
        return any(_is_or_holds_note(each) for each in element.values())
    return False
