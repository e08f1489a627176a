"""The law on named contacts: fast vårdkontakt, fast läkarkontakt, fast omsorgskontakt.

Pure rules over `Assignment` facts. `check` composes them; each names its requirement (R), its
invariant in DOMAIN 5.3 (ct) and its paragraph. Errors refuse an active assignment; the same
problems are warnings on a proposed one, because a proposal binds nobody yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes
from fhir_server.sweden.assignments import Assignment, Deputy
from fhir_server.sweden.conditions import life_threatening
from fhir_server.sweden.contact_person import (
    MEMBER,
    fast_lakarkontakt_in_primary_care,
    fast_lakarkontakt_is_a_physician,
    medically_responsible_is_named,
    named_person,
    omsorgskontakt_is_underskoterska,
    paragraph_of,
    role_in_force,
    team_is_at_work,
    title_fits_profession,
    unit_can_be_reached,
    way_to_reach,
)
from fhir_server.sweden.elements import Json
from fhir_server.sweden.life_threatening import (
    licensed_physician_when_life_threatening,
    physician_answers_for_planning,
)
from fhir_server.sweden.periods import Period
from fhir_server.sweden.rulings import refusal, warning

_ROLE = "CareTeam.participant[0].role"


def check(
    assignment: Assignment,
    others: Sequence[Assignment],
    conditions: Iterable[Json],
    now: datetime,
) -> list[Issue]:
    """List what the law has against an assignment.

    Args:
        assignment: the one about to be written.
        others: the same patient's other named contacts, as they will be after the write; those
            not in force are left out here.
        conditions: the patient's Conditions, for R15.
        now: an aware datetime.
    """
    if assignment.status == "entered-in-error":
        return []
    issues = list(one_person_of_one_type(assignment))
    if assignment.status in ("active", "proposed"):
        issues += _rules_in_force(
            assignment, contemporary(assignment, others, now), conditions, now
        )
    if assignment.status in ("active", "proposed", "suspended"):
        issues += deputies(assignment)
    if assignment.status == "inactive":
        issues += end_is_explained(assignment)
    return issues


def _rules_in_force(
    assignment: Assignment, others: Sequence[Assignment], conditions: Iterable[Json], now: datetime
) -> list[Issue]:
    in_danger = any(life_threatening(condition, now) for condition in conditions)
    issues = [
        *known_patient(assignment),
        *voluntary(assignment),
        *named_person(assignment),
        *role_in_force(assignment),
        *way_to_reach(assignment),
        *unit_can_be_reached(assignment),
        *team_is_at_work(assignment),
        *title_fits_profession(assignment),
        *medically_responsible_is_named(assignment),
        *period_runs_forward(assignment),
        *period_not_over(assignment, now),
        *licensed_physician_when_life_threatening(assignment, others, in_danger),
        *physician_answers_for_planning(assignment, in_danger),
        *fast_lakarkontakt_is_a_physician(assignment),
        *fast_lakarkontakt_in_primary_care(assignment),
        *omsorgskontakt_is_underskoterska(assignment),
        *one_fast_lakarkontakt(assignment, others),
        *one_coordinator(assignment, others),
        *no_duplicate(assignment, others),
        *someone_coordinates(assignment, others),
        *health_care_personnel_among_contacts(assignment, others),
    ]
    return [_softened(issue) for issue in issues] if assignment.status == "proposed" else issues


def one_person_of_one_type(assignment: Assignment) -> Iterator[Issue]:
    """Demand one participant with one type of contact (ct-1, ct-2; R5, PL 6 kap. 2 §)."""
    if assignment.participants != 1:
        yield refusal(
            f"An assignment names exactly one contact, and this one has {assignment.participants} "
            "participants. Write one CareTeam for each contact.",
            "CareTeam.participant",
            codes.PL_6_2,
        )
    if not assignment.kind:
        yield refusal(
            "The participant needs exactly one type of contact from kv_typ_av_fast_kontakt "
            "(1, 2, 3 or 4) in its role. A local title may stand beside it.",
            _ROLE,
            codes.PL_6_2,
        )


def known_patient(assignment: Assignment) -> Iterator[Issue]:
    """Demand a Patient of this server, or no rule on the patient's contacts can hold (R31, R32)."""
    if assignment.patient.resource_type != "Patient":
        yield refusal(
            "The subject must be a reference to a Patient on this server (Patient/[id]); only "
            "then can the patient's other contacts be seen.",
            "CareTeam.subject",
            paragraph_of(assignment),
        )


def voluntary(assignment: Assignment) -> Iterator[Issue]:
    """Refuse an active assignment that the patient has declined (R7, ct-14; PL 6 kap. 2 §)."""
    if assignment.declined and assignment.status == "active":
        yield refusal(
            "The patient has declined this contact, who is voluntary. End the assignment with the "
            "reason avbojd, or record that the patient accepts.",
            "CareTeam.extension",
            paragraph_of(assignment),
        )


def period_runs_forward(assignment: Assignment) -> Iterator[Issue]:
    """Refuse a period that ends before it begins: nobody is contact in it (R48)."""
    start, end = assignment.period.start, assignment.period.end
    if start and end and end <= start:
        yield refusal(
            "The assignment ends before it begins. Correct period.start or period.end.",
            "CareTeam.period",
            paragraph_of(assignment),
        )


def period_not_over(assignment: Assignment, now: datetime) -> Iterator[Issue]:
    """Warn about an active assignment whose period is over (R20, R48)."""
    if assignment.period.ended(now):
        yield warning(
            "The period of the assignment is over. Set the status to inactive, with the reason.",
            "CareTeam.period.end",
            paragraph_of(assignment),
        )


def one_fast_lakarkontakt(assignment: Assignment, others: Sequence[Assignment]) -> Iterator[Issue]:
    """Allow one fast läkarkontakt a patient (R36, ct-4; PL 6 kap. 3 §)."""
    if assignment.kind == codes.FAST_LAKARKONTAKT and _of_kind(others, assignment.kind):
        yield refusal(
            "The patient already has a fast läkarkontakt in that period. End that assignment "
            "before the new one begins.",
            _ROLE,
            codes.PL_6_3,
        )


def one_coordinator(assignment: Assignment, others: Sequence[Assignment]) -> Iterator[Issue]:
    """Allow one contact with overall coordination a patient (R32, ct-6; PL 6 kap. 2 §)."""
    coordinates = assignment.kind == codes.SAMORDNANDE_VARDKONTAKT
    if coordinates and _of_kind(others, assignment.kind):
        yield refusal(
            "The patient already has a contact with overall coordination in that period. Assign "
            "an ordinary fast vårdkontakt (1), or end that assignment before the new one begins.",
            _ROLE,
            codes.PL_6_2,
        )


def no_duplicate(assignment: Assignment, others: Sequence[Assignment]) -> Iterator[Issue]:
    """Refuse a second contact of one type at one unit, or of one person (ct-11; R31, R46)."""
    if assignment.kind not in (codes.FAST_VARDKONTAKT, codes.FAST_OMSORGSKONTAKT):
        return
    if any(_same_place(assignment, other) for other in _of_kind(others, assignment.kind)):
        yield refusal(
            "The patient already has a contact of this type at the unit, or this very person, in "
            "that period. Change that assignment, or end it before the new one begins. A contact "
            "who continues after discharge is assigned with basis fortsatt.",
            "CareTeam",
            paragraph_of(assignment),
        )


def someone_coordinates(assignment: Assignment, others: Sequence[Assignment]) -> Iterator[Issue]:
    """Warn where several contacts have no coordinator among them (R31-R33, ct-6)."""
    contacts = _vardkontakter(assignment, others)
    coordinated = any(each.kind == codes.SAMORDNANDE_VARDKONTAKT for each in contacts)
    if len(contacts) > 1 and not coordinated:
        yield warning(
            "The patient has several fasta vårdkontakter and none with overall coordination (4). "
            "Agree on one: where the main illness is treated, or where the patient mostly stays. "
            "While it is unclear who answers, ask the fast läkarkontakt or a team meeting.",
            _ROLE,
            codes.PL_6_2,
        )


def health_care_personnel_among_contacts(
    assignment: Assignment, others: Sequence[Assignment]
) -> Iterator[Issue]:
    """Warn where no contact is known to be health-care personnel (R13, R14; HSF 4 kap. 1 §)."""
    contacts = _vardkontakter(assignment, others)
    known = [contact.person.qualifications.health_care_personnel for contact in contacts]
    if known and all(each is False for each in known):
        yield warning(
            "The contact coordinates without being health-care personnel, and no other contact "
            "is. Assign one who is, beside the coordinator.",
            MEMBER,
            codes.HSF_4_1,
        )


def deputies(assignment: Assignment) -> Iterator[Issue]:
    """Demand that a deputy is somebody else, inside the period, and alone in it (ct-9; R45)."""
    for index, deputy in enumerate(assignment.deputies):
        expression = f"CareTeam.participant[0].extension[{deputy.index}]"
        if _same_person(deputy, assignment):
            yield refusal(
                "A deputy stands in for the contact and can't be the contact. Name a colleague.",
                expression,
                codes.HSF_4_1,
            )
        if not deputy.period.within(assignment.period):
            yield refusal(
                "The deputy's period reaches outside the assignment's. Shorten it.",
                expression,
                codes.HSF_4_1,
            )
        if any(deputy.period.overlaps(other.period) for other in assignment.deputies[:index]):
            yield refusal(
                "Two deputies stand in at the same time, and there is to be one person to turn to. "
                "Shorten one of the periods, or replace the one deputy by the other.",
                expression,
                codes.HSF_4_1,
            )
        if not deputy.person.named:
            yield warning(
                "The deputy is not a named person that this server knows. There is always to be "
                "somebody to turn to: point member at a PractitionerRole of a named Practitioner.",
                expression,
                codes.HSF_4_1,
            )


def end_is_explained(assignment: Assignment) -> Iterator[Issue]:
    """Demand end and reason of an ended assignment (R7, R20, R46, R48, ct-10; PL 6 kap. 2 §)."""
    if not assignment.has_end:
        yield refusal(
            "An inactive assignment tells when it ended: give period.end.",
            "CareTeam.period.end",
            paragraph_of(assignment),
        )
    if not assignment.has_end_reason:
        yield refusal(
            "An inactive assignment tells why it ended: give the extension end-reason.",
            "CareTeam.extension",
            paragraph_of(assignment),
        )


def contemporary(
    assignment: Assignment, others: Sequence[Assignment], now: datetime
) -> list[Assignment]:
    """Give the other contacts in force at some moment, from now on, when this one is.

    A date as end includes the whole day, so a successor begins the day after.
    """
    begins = max(assignment.period.start or now, now)
    ahead = Period(begins, assignment.period.end)
    if assignment.period.ended(now):
        return []
    return [
        other
        for other in others
        if other.status == "active"
        and (not assignment.id or other.id != assignment.id)
        and other.period.overlaps(ahead)
    ]


def _vardkontakter(assignment: Assignment, others: Sequence[Assignment]) -> list[Assignment]:
    if assignment.kind not in codes.VARDKONTAKTER:
        return []
    return [assignment, *(other for other in others if other.kind in codes.VARDKONTAKTER)]


def _of_kind(others: Sequence[Assignment], kind: str) -> list[Assignment]:
    return [other for other in others if other.kind == kind]


def _same_place(one: Assignment, other: Assignment) -> bool:
    return one.unit.same_elsewhere(other.unit) or one.person.member.same_elsewhere(
        other.person.member
    )


def _same_person(deputy: Deputy, assignment: Assignment) -> bool:
    stands_in, contact = deputy.person, assignment.person
    return stands_in.member.same(contact.member) or stands_in.practitioner.same(
        contact.practitioner
    )


def _softened(issue: Issue) -> Issue:
    return replace(issue, severity="warning") if issue.severity == "error" else issue
