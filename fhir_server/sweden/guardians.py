"""A child's guardians: all of them consent to the child's plan (R80).

Föräldrabalken 6 kap. 11 §: the guardian decides, and two decide together. Until the child is 18;
how much a child decides by itself grows with its age and maturity (patientlagen 4 kap. 3 §), and
is written down as the child's view.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fhir_server.sweden import periods
from fhir_server.sweden.elements import Json, says

_ROLE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_GUARDIAN = "GUARD"
OF_AGE = 18


def is_child(patient: Json, now: datetime) -> bool:
    """Tell whether a person is under 18 on the day of a moment; not where no birth date says so.

    A year or a month alone says so where even its first day is less than 18 years ago.
    """
    years = age(patient, now)
    return years is not None and years < OF_AGE


def age(patient: Json, now: datetime) -> int | None:
    """Give a person's age on the day of a moment; None where no birth date says so.

    Of a year or a month alone, its first day counts.
    """
    earliest = periods.bounds(patient.get("birthDate"))
    if earliest is None:
        return None
    born, today = periods.local_date(earliest[0]), periods.local_date(now)
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (0 if had_birthday else 1)


def guardians_of(patient: Json, relatives: Iterable[Json], now: datetime) -> tuple[str, ...]:
    """Give the references of those who have the custody of a child now; none of an adult.

    Args:
        patient: the Patient.
        relatives: RelatedPersons of that patient.
        now: an aware datetime.
    """
    if not is_child(patient, now):
        return ()
    return tuple(f"RelatedPerson/{each.get('id')}" for each in relatives if has_custody(each, now))


def is_guardian(relative: Json) -> bool:
    """Tell whether a RelatedPerson is, or was, a guardian (vårdnadshavare)."""
    return says(relative, "relationship", _GUARDIAN, _ROLE)


def has_custody(relative: Json, now: datetime) -> bool:
    """Tell whether a RelatedPerson is a guardian now."""
    return (
        is_guardian(relative)
        and relative.get("active") is not False
        and periods.read(relative).covers(now)
    )
