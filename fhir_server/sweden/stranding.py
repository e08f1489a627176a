"""Whom a contact who leaves has left: assignments without somebody who holds the role (R45, R48).

A named contact who is no longer in service can't be turned to. The assignment stays as it is until
somebody reassigns it, so it must be seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, periods
from fhir_server.sweden.assignments import Assignment
from fhir_server.sweden.elements import Json, text
from fhir_server.sweden.periods import Period
from fhir_server.sweden.rulings import warning

ROLE_INACTIVE = "role-inactive"
ROLE_ENDED = "role-ended"
ROLE_NOT_BEGUN = "role-not-begun"
PERSON_INACTIVE = "person-inactive"
NOBODY = "nobody"


def why_stranded(assignment: Assignment, moment: datetime) -> str:
    """Tell why an assignment has nobody at a moment; empty where it has, or does not hold then.

    Args:
        assignment: its facts as they are to be at the moment.
        moment: when.
    """
    person = assignment.person
    if assignment.status != "active" or not assignment.period.covers(moment):
        return ""
    if not person.role_found or not person.named:
        return NOBODY
    if not person.role_active:
        return ROLE_INACTIVE
    if not person.practitioner_active:
        return PERSON_INACTIVE
    if person.role_period.ended(moment):
        return ROLE_ENDED
    return "" if person.role_period.covers(moment) else ROLE_NOT_BEGUN


def says_who_leaves(resource: Json) -> bool:
    """Tell whether a PractitionerRole or Practitioner says that it is over, or will be."""
    match resource.get("resourceType"):
        case "PractitionerRole":
            return resource.get("active") is False or periods.read(resource).end is not None
        case "Practitioner":
            return resource.get("active") is False
        case _:
            return False


def leaves_anew(resource: Json, before: Json | None) -> bool:
    """Tell whether a new version ends what the one before did not, or ends it earlier.

    A resource that was not there before had no patients.
    """
    if before is None or not says_who_leaves(resource):
        return False
    if resource.get("active") is False:
        return before.get("active") is not False
    end, earlier = periods.read(resource).end, periods.read(before).end
    return end is not None and (earlier is None or end < earlier)


def last_day(resource: Json) -> datetime | None:
    """Give the first moment after the role; None where it is over at once."""
    return None if resource.get("active") is False else periods.read(resource).end


def warn(resource: Json, assignments: Iterable[Json], now: datetime) -> Iterator[Issue]:
    """Say how many patients somebody who leaves has left without a contact (R45, R48).

    Args:
        resource: the PractitionerRole or Practitioner as it will be stored.
        assignments: active CareTeams of category ``fast-kontakt`` whose contact it is.
        now: an aware datetime.
    """
    after = Period(max(last_day(resource) or now, now))
    patients = {
        text(team.get("subject", {}), "reference")
        for team in assignments
        if periods.read(team).overlaps(after)
    }
    if patients:
        type_ = resource["resourceType"]
        when = "then" if last_day(resource) else "now"
        who = (
            f"1 patient {when} has"
            if len(patients) == 1
            else f"{len(patients)} patients {when} have"
        )
        yield warning(
            f"{who} a contact who has left: see "
            "PractitionerRole/[id]/$stranded, and give them another with $reassign.",
            f"{type_}.active" if resource.get("active") is False else f"{type_}.period.end",
            codes.PL_6_2,
        )
