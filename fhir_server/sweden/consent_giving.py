"""Who may consent to a SIP, and who may take the consent back (R75, R78, R80).

An adult decides for themselves. For a child the guardians do, together where there are two
(föräldrabalken 6 kap. 11 §); the child is informed and asked, and what it thinks weighs more with
its age and maturity (patientlagen 4 kap. 3 §).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, consents, guardians
from fhir_server.sweden.elements import Json, child, target, text
from fhir_server.sweden.rulings import refusal, warning

_LAW = (codes.HSL_16_4, codes.SOL_10_8)


@dataclass(frozen=True, slots=True)
class Person:
    """Whose consent it is.

    Args:
        reference: ``Patient/[id]``.
        resource: the Patient.
        relatives: RelatedPersons by ``RelatedPerson/[id]``.
    """

    reference: str
    resource: Json
    relatives: Mapping[str, Json]

    def guardians(self, now: datetime) -> tuple[str, ...]:
        """Give the references of a child's guardians; none of an adult."""
        return guardians.guardians_of(self.resource, self.relatives.values(), now)


def givers_belong(person: Person, givers: Sequence[str]) -> Iterator[Issue]:
    """Refuse a consent by somebody else than the person or theirs (R75, R78)."""
    for index, giver in enumerate(givers):
        if giver != person.reference and giver not in person.relatives:
            yield refusal(
                "A consent is given by the person, or by a RelatedPerson of theirs: a child's "
                "guardian. Register who it was as RelatedPerson of this patient.",
                f"givenBy[{index}]",
                *_LAW,
            )


def givers_suffice(
    person: Person, givers: Sequence[str], given: Sequence[Json], now: datetime
) -> Iterator[Issue]:
    """Say whose consent is still asked for (R75, R78, R80).

    Args:
        person: whose consent.
        givers: who gave this one.
        given: the person's other consents to a SIP.
        now: an aware datetime.
    """
    if not guardians.is_child(person.resource, now):
        if person.reference not in givers:
            yield warning(
                "An adult consents in person; a relative can't do so for them. Make sure that "
                "whoever gave it may represent the person.",
                "givenBy",
                *_LAW,
            )
        return
    wanted = person.guardians(now)
    if not wanted:
        yield warning(
            "The person is a child and no guardian is registered. Register them, as RelatedPerson "
            "with the relationship GUARD; all of them consent.",
            "givenBy",
            codes.FB_6_11,
            *_LAW,
        )
    lacking = set(wanted) - set(givers) - _permitting(person, given, now)
    if lacking:
        yield warning(
            f"{len(lacking)} of {len(wanted)} guardians have not consented yet. The plan can't be "
            "active, and nobody sees it, before all have.",
            "givenBy",
            codes.FB_6_11,
            *_LAW,
        )


def child_is_asked(person: Person, informed: bool | None, now: datetime) -> Iterator[Issue]:
    """Ask that a child was informed and asked, by age and maturity (R80)."""
    if guardians.is_child(person.resource, now) and not informed:
        yield warning(
            "A child is informed and asked what it thinks, by its age and maturity. Do so, and "
            "record it with childInformed and childsView.",
            "childInformed",
            codes.PL_4_3,
        )


def may_withdraw(person: Person, consent: Json, by: str, now: datetime) -> Iterator[Issue]:
    """Refuse a withdrawal by who has no say in it (R78, R80).

    The person may always; so may who gave it, and each guardian of a child. A member of staff
    writes down what they were told.
    """
    said = {giver.literal for giver in consents.givers(consent)}
    allowed: Collection[str] = {person.reference, *said, *person.guardians(now)}
    if by not in allowed and not by.startswith("PractitionerRole/"):
        yield refusal(
            "A consent is withdrawn by the person, by who gave it or by a child's guardian; or "
            "say who on the staff was told.",
            "by",
            *_LAW,
        )


def is_in_force(consent: Json) -> bool:
    """Tell whether there is anything left to withdraw."""
    return text(consent, "status") in ("active", "proposed", "draft")


def _permitting(person: Person, given: Sequence[Json], now: datetime) -> set[str]:
    patient = target({"reference": person.reference})
    facts = (consents.facts_from(each) for each in given)
    return {
        giver
        for each in facts
        if each.permits and each.in_force(patient, now)
        for giver in each.givers
    }


def patient_of(consent: Json) -> str:
    """Give ``Patient/[id]``; empty where the consent's patient is none of this server."""
    found = target(child(consent, "patient"))
    return found.literal if found.resource_type == "Patient" else ""
