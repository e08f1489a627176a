"""For whom a guardian, or a young person, asks by themselves: a policy by age (R123).

The guardians decide for a child, with ever more regard to the child's own will as it grows
(föräldrabalken 6 kap. 11 §; patientlagen 4 kap. 3 §), and secrecy holds for a child towards its
guardians too where it can be assumed to suffer considerable harm (offentlighets- och
sekretesslagen 12 kap. 3 §). No law sets an age: the documents leave it open, and the ages here are
proposals, 1177's own (a guardian reads until the child is 13; the young person by themselves from
16). An operator sets others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fhir_server.sweden import audience, guardians
from fhir_server.sweden.elements import Json, items, target


@dataclass(frozen=True, slots=True)
class Ages:
    """Years, as an operator sets them.

    Args:
        guardian_until: a guardian asks for a child until its birthday of this age.
        own_from: a young person asks by themselves from their birthday of this age.
    """

    guardian_until: int = 13
    own_from: int = 16


def asks_alone(patient: Json, now: datetime, ages: Ages) -> bool:
    """Tell whether a person is old enough to ask by themselves (R123).

    Where no birth date says how old they are, they are: that they logged in says more.
    """
    age = guardians.age(patient, now)
    return age is None or age >= ages.own_from


def asks_for(
    child: Json, guardian: Json, relatives: Iterable[Json], now: datetime, ages: Ages
) -> bool:
    """Tell whether a guardian may ask for a child now (R123).

    Who logged them in knows from the population register that they have the custody. What is known
    here ends it: the child's age; that its data are protected, which may be from this guardian;
    that the custody is marked as over.

    Args:
        child: the child's Patient.
        guardian: the guardian's own Patient; empty where they have none here.
        relatives: the child's RelatedPersons.
        now: an aware datetime.
        ages: what an operator sets.
    """
    age = guardians.age(child, now)
    if age is None or age >= ages.guardian_until or audience.is_protected(child):
        return False
    own = _numbers(guardian)
    known = [
        each
        for each in relatives
        if guardians.is_guardian(each) and not own.isdisjoint(_numbers(each))
    ]
    return not known or any(guardians.has_custody(each, now) for each in known)


def _numbers(person: Json) -> set[str]:
    found = (target({"identifier": each}).logical for _, each in items(person, "identifier"))
    return {each for each in found if each}
