"""Who may answer for an assignment, read from its CareTeam and what that refers to."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.sweden import codes, hours, periods
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.coverage import Cover, Place, Staff, Way
from fhir_server.sweden.elements import Json, child, extension, items, text
from fhir_server.sweden.periods import Period
from fhir_server.sweden.references import Held, Read, alone, follow

# Somebody picks up, or gets it in the hand; other ways take messages.
AT_ONCE = ("phone", "sms", "pager")


def cover_of(care_team: Json, read: Read) -> Cover:
    """Read who may answer for an assignment.

    Args:
        care_team: a CareTeam of category ``fast-kontakt``.
        read: gives the current resource at a relative reference.
    """
    held = alone(care_team)
    first = next((each for _, each in items(care_team, "participant")), {})
    role = follow(held, child(first, "member"), read)
    return Cover(
        periods.read(care_team),
        _staff(role, tuple(_ways(care_team)), read),
        tuple(_deputies(held, first, read)),
        _team(held, first, read),
        _unit(held, role, read),
    )


def _staff(role: Held | None, ways: tuple[Way, ...], read: Read) -> Staff:
    """Read a person in a role; ``ways`` are nearer than the role's own."""
    if role is None or role.resource.get("resourceType") != "PractitionerRole":
        return Staff(ways=ways)
    person = follow(role, child(role.resource, "practitioner"), read)
    told = [role.resource, person.resource if person is not None else {"active": False}]
    return Staff(
        all(each.get("active") is not False for each in told),
        periods.read(role.resource),
        hours.absences(role.resource),
        hours.of_role(role.resource),
        ways or tuple(_ways(role.resource)),
    )


def _deputies(held: Held, participant: Json, read: Read) -> Iterator[tuple[Period, Staff]]:
    for _, found in items(participant, "extension"):
        if found.get("url") != codes.DEPUTY:
            continue
        role = follow(held, child(extension(found, "member"), "valueReference"), read)
        telecom = [
            child(part, "valueContactPoint")
            for _, part in items(found, "extension")
            if part.get("url") == "telecom"
        ]
        ways = tuple(_ways({"telecom": telecom}))
        yield periods.read(extension(found, "period"), "valuePeriod"), _staff(role, ways, read)


def _team(held: Held, participant: Json, read: Read) -> Place | None:
    via = child(extension(participant, codes.CONTACT_VIA_TEAM), "valueReference")
    team = follow(held, via, read)
    if team is None or is_named_contact(team.resource):
        return None
    if team.resource.get("status") in ("inactive", "entered-in-error"):
        return None
    return Place(periods.read(team.resource), tuple(_ways(team.resource, AT_ONCE)))


def _unit(held: Held, role: Held | None, read: Read) -> Place | None:
    named = [reference for _, reference in items(held.resource, "managingOrganization")]
    unit = follow(held, named[0], read) if named else None
    if unit is None and role is not None:
        unit = follow(role, child(role.resource, "organization"), read)
    if unit is None or unit.resource.get("active") is False:
        return None
    return Place(ways=tuple(_ways(unit.resource, AT_ONCE)))


def _ways(resource: Json, systems: tuple[str, ...] = ()) -> Iterator[Way]:
    for _, telecom in items(resource, "telecom"):
        of_kind = not systems or telecom.get("system") in systems
        if of_kind and text(telecom, "value") and telecom.get("use") != "old":
            yield Way(hours.of_contact_point(telecom), periods.read(telecom))
