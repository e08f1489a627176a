"""The law on life-threatening conditions: a licensed physician answers for the care.

Source: R15-R17, SOSFS 2011:7 (livsuppehållande behandling) 1 kap. 1 § and 2 kap. 3-5 §§.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fhir_server.fhir.outcome import Issue, Severity
from fhir_server.sweden import codes
from fhir_server.sweden.assignments import Assignment
from fhir_server.sweden.contact_person import MEMBER, licence_hint
from fhir_server.sweden.rulings import issue, warning


def licensed_physician_when_life_threatening(
    assignment: Assignment, others: Sequence[Assignment], in_danger: bool
) -> Iterator[Issue]:
    """Demand a licensed physician when life is in danger (R15, ct-5; SOSFS 2011:7 2 kap. 3 §).

    Binds every unit but municipal ones, which 1 kap. 1 § exempts (R17). An assignment that does
    not itself claim the ground passes where a physician is contact already, or where it was in
    force before and only details change: then the physician is still to be appointed, as soon as
    possible, and the nurse's number may be corrected meanwhile.
    """
    applies = assignment.claims_life_threatening or in_danger
    if assignment.kind not in codes.VARDKONTAKTER or not applies:
        return
    if assignment.person.qualifications.licensed_physician:
        return
    appointed = any(_is_physician_contact(other) for other in others)
    if assignment.huvudman == codes.KOMMUN:
        yield from _reminder_to_region(appointed)
    elif assignment.claims_life_threatening:
        yield _physician_needed("error", assignment)
    elif not appointed:
        yield _physician_needed("warning" if assignment.already_held else "error", assignment)


def physician_answers_for_planning(assignment: Assignment, in_danger: bool) -> Iterator[Issue]:
    """Leave planning and follow-up to the physician when life is in danger (R16).

    SOSFS 2011:7 2 kap. 4-5 §§: the physician who is fast vårdkontakt answers for them. Another
    contact may take part in both, and does not answer for them. Warns on municipal units (R17).
    """
    applies = assignment.claims_life_threatening or in_danger
    answers = {codes.PLANNING, codes.FOLLOWING_UP}.intersection(assignment.tasks)
    if not applies or not answers or assignment.kind not in codes.VARDKONTAKTER:
        return
    if assignment.person.qualifications.licensed_physician:
        return
    yield issue(
        "warning" if assignment.huvudman == codes.KOMMUN else "error",
        "The patient's condition is life-threatening: the licensed physician who is fast "
        "vårdkontakt answers for planning and follow-up of the care. Give this contact the tasks "
        "delta-i-planering and folja-upp instead.",
        "CareTeam.extension",
        codes.SOSFS_2_4,
        codes.SOSFS_2_5,
    )


def _is_physician_contact(other: Assignment) -> bool:
    return (
        other.kind in codes.VARDKONTAKTER
        and other.huvudman != codes.KOMMUN
        and other.person.qualifications.licensed_physician
    )


def _reminder_to_region(appointed: bool) -> Iterator[Issue]:
    if not appointed:
        yield warning(
            "The patient's condition is life-threatening and the contact is no licensed "
            "physician. A municipal unit may appoint them all the same, but the region must "
            "appoint a licensed physician as soon as possible, who answers for planning and "
            "follow-up of the care.",
            MEMBER,
            codes.SOSFS_2_3,
            codes.SOSFS_1_1,
        )


def _physician_needed(severity: Severity, assignment: Assignment) -> Issue:
    unknown = "" if assignment.huvudman else " The unit's huvudman is not stated; state it."
    return issue(
        severity,
        "The patient's condition is life-threatening: a licensed physician is to be the fast "
        f"vårdkontakt. {licence_hint(assignment)}{unknown}",
        MEMBER,
        codes.SOSFS_2_3,
    )
