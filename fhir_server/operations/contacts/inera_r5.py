"""Named contacts as FHIR R5, in the shape of Inera's CareTeam guide (0.9): from the R4 resources.

RIVCareManager-careteam and RIVManagingTeam-careteam, and what they lead to. The one place that
knows R5. Elements that R5 spells as R4 does pass through; what R5 lacks stands in an extension of
R4 (http://hl7.org/fhir/R5/versions.html#extensions), so that nothing is lost.

Source: https://fhir.inera.se/ig/careteam/, https://hl7.org/fhir/R5/careteam.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fhir_server.sweden import codes, hours
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.elements import items, says
from fhir_server.sweden.working_days import WEEKDAYS

Resource = dict[str, Any]

GUIDE = "https://fhir.inera.se/ig/careteam/StructureDefinition"
CARE_MANAGER = f"{GUIDE}/RIVCareManager-careteam"
MANAGING_TEAM = f"{GUIDE}/RIVManagingTeam-careteam"
AVAILABILITY = f"{GUIDE}/RIVContactPointAvailability"

_R4 = "http://hl7.org/fhir/4.0/StructureDefinition/extension"
# The systems that Inera's examples and the national services use.
_SYSTEMS = {
    system: "urn:oid:" + oid
    for systems, oid in (
        (codes.PERSONNUMMER_SYSTEMS, "1.2.752.129.2.1.3.1"),
        (codes.SAMORDNINGSNUMMER_SYSTEMS, "1.2.752.129.2.1.3.3"),
        (codes.RESERVNUMMER_SYSTEMS, "1.2.752.74.9.1"),
        (codes.HSA_ID_SYSTEMS, "1.2.752.129.2.1.4.1"),
    )
    for system in systems
}
_MEMBERS_OF_TEAM = ("PractitionerRole/", "Practitioner/", "#")


def resource(r4: Resource) -> Resource | None:
    """Give a resource as R5; None for a type that Inera's guide has no place for."""
    shape = _SHAPES.get(r4["resourceType"])
    if shape is None:
        return None
    shaped = shape(dict(r4))
    shaped["meta"] = _meta(shaped, r4.get("meta", {}))
    if "contained" in r4:
        shaped["contained"] = [_contained(each) for each in r4["contained"]]
    return {name: value for name, value in _identified(shaped).items() if value not in ([], {})}


def _contained(r4: Resource) -> Resource:
    shaped = resource(r4)
    if shaped is None:
        return r4
    shaped.pop("meta", None)
    return shaped


def care_team(r4: Resource) -> Resource:
    """CareTeam: one role per participant, reasons as CodeableReference, Availability of telecom."""
    r5 = {n: v for n, v in r4.items() if n not in ("reasonCode", "reasonReference", "encounter")}
    reasons = [{"concept": concept} for _, concept in items(r4, "reasonCode")]
    reasons += [{"reference": reference} for _, reference in items(r4, "reasonReference")]
    if reasons:
        r5["reason"] = reasons
    if "encounter" in r4:
        r5["extension"] = [
            *r4.get("extension", []),
            {"url": f"{_R4}-CareTeam.encounter", "valueReference": r4["encounter"]},
        ]
    participants = [participant(each) for _, each in items(r4, "participant")]
    r5["participant"] = participants if kind_of(r4) else list(filter(_is_staff, participants))
    r5["telecom"] = [telecom(each) for _, each in items(r4, "telecom")]
    return r5


def participant(r4: Mapping[str, Any]) -> Resource:
    """CareTeam.participant: role 0..1, the national code first; period becomes coveragePeriod."""
    r5 = {name: value for name, value in r4.items() if name not in ("role", "period")}
    if role := _one_role(r4):
        r5["role"] = role
    if "period" in r4:
        r5["coveragePeriod"] = r4["period"]
    return r5


def telecom(r4: Mapping[str, Any]) -> Resource:
    """CareTeam.telecom: hours as RIVContactPointAvailability, of the datatype Availability.

    Hours of some months or dates only, which Availability can't tell, stay as they are: to leave
    the limit out would say that somebody answers when nobody does.
    """
    times, others = [], []
    for _, extension in items(r4, "extension"):
        mapped = _available_time(extension)
        others += [] if mapped else [extension]
        times += [mapped] if mapped else []
    if times:
        others.append({"url": AVAILABILITY, "valueAvailability": {"availableTime": times}})
    return {**r4, **({"extension": others} if others else {})}


def practitioner_role(r4: Resource) -> Resource:
    """PractitionerRole: telecom becomes contact, working hours and absences availability."""
    gone = ("telecom", "availableTime", "notAvailable", "availabilityExceptions")
    r5 = {name: value for name, value in r4.items() if name not in gone}
    if "telecom" in r4:
        r5["contact"] = [{"telecom": r4["telecom"]}]
    availability: Resource = {}
    if "availableTime" in r4:
        availability["availableTime"] = r4["availableTime"]
    if "notAvailable" in r4:
        availability["notAvailableTime"] = r4["notAvailable"]
    if availability:
        r5["availability"] = [availability]
    if "availabilityExceptions" in r4:
        url = f"{_R4}-PractitionerRole.availabilityExceptions"
        words = {"url": url, "valueString": r4["availabilityExceptions"]}
        r5["extension"] = [*r4.get("extension", []), words]
    return r5


def practitioner(r4: Resource) -> Resource:
    """Practitioner: a language is one of a communication."""
    r5 = dict(r4)
    if "communication" in r4:
        r5["communication"] = [{"language": language} for language in r4["communication"]]
    return r5


def organization(r4: Resource) -> Resource:
    """Organization: telecom, addresses and contact persons are all contacts."""
    r5 = {n: v for n, v in r4.items() if n not in ("telecom", "address", "contact")}
    contacts: list[Resource] = [{"telecom": r4["telecom"]}] if "telecom" in r4 else []
    contacts += [{"address": address} for address in r4.get("address", [])]
    contacts += [_contact_person(each) for each in r4.get("contact", [])]
    if contacts:
        r5["contact"] = contacts
    return r5


def _contact_person(r4: Resource) -> Resource:
    return {**r4, **({"name": [r4["name"]]} if "name" in r4 else {})}


def _as_it_is(r4: Resource) -> Resource:
    return r4


_SHAPES: Mapping[str, Callable[[Resource], Resource]] = {
    "CareTeam": care_team,
    "PractitionerRole": practitioner_role,
    "Practitioner": practitioner,
    "Organization": organization,
    "Patient": _as_it_is,
}


def _meta(r5: Resource, r4: Mapping[str, Any]) -> Resource:
    """Give meta with Inera's profile in place of the project's, where all it asks for is there."""
    meta = {name: value for name, value in r4.items() if name != "profile"}
    profile = _profile(r5)
    return {**meta, "profile": [profile]} if profile else meta


def _profile(r5: Resource) -> str:
    if r5["resourceType"] != "CareTeam":
        return ""
    if says(r5, "category", codes.TEAM, codes.CARE_TEAM_CATEGORY):
        return MANAGING_TEAM
    [first, *others] = r5["participant"] or [{}]
    whole = "subject" in r5 and "member" in first and "role" in first and not others
    named = says(r5, "category", codes.FAST_KONTAKT, codes.CARE_TEAM_CATEGORY)
    return CARE_MANAGER if named and whole else ""


def _is_staff(r5: Resource) -> bool:
    """Tell whether a member may be one of RIVManagingTeam: a role or a person of staff."""
    reference = str(r5.get("member", {}).get("reference", ""))
    return not reference or reference.startswith(_MEMBERS_OF_TEAM)


def _one_role(r4: Mapping[str, Any]) -> Resource:
    roles = [role for _, role in items(r4, "role")]
    codings = [_national(coding) for role in roles for _, coding in items(role, "coding")]
    codings.sort(key=lambda coding: coding.get("system") != codes.CONTACT_TYPE)
    words = next((role["text"] for role in roles if "text" in role), None)
    return {
        **({"coding": codings} if codings else {}),
        **({"text": words} if words else {}),
    }


def _national(coding: Mapping[str, Any]) -> Resource:
    system = coding.get("system")
    known = system in codes.CONTACT_TYPE_SYSTEMS
    return {**coding, "system": codes.CONTACT_TYPE} if known else dict(coding)


def _available_time(extension: Mapping[str, Any]) -> Resource | None:
    if extension.get("url") != codes.CONTACT_AVAILABILITY:
        return None
    [read] = hours.of_contact_point({"extension": [extension]})
    if read.months or read.first or read.last:
        return None
    time: Resource = {"daysOfWeek": list(read.days or WEEKDAYS)}
    if read.start is None and read.end is None:
        return {**time, "allDay": True}
    return {
        **time,
        **({"availableStartTime": read.start.isoformat()} if read.start else {}),
        **({"availableEndTime": read.end.isoformat()} if read.end else {}),
    }


def _identified(r5: Resource) -> Resource:
    """Give a resource whose identifiers are of the systems that national services use."""
    if "identifier" not in r5:
        return r5
    spelled = list(_distinct(r5["identifier"]))
    return {**r5, "identifier": spelled}


def _distinct(identifiers: list[Resource]) -> Iterator[Resource]:
    seen = set()
    for identifier in identifiers:
        system = identifier.get("system")
        named = (
            {**identifier, "system": _SYSTEMS.get(str(system), system)} if system else identifier
        )
        key = (named.get("system"), named.get("value"))
        if key not in seen:
            yield named
        seen.add(key)
