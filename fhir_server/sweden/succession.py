"""One contact after another: who decides a change, and that the times of both touch.

Pure rules over the CareTeam about to be written, the version before it, and what both refer to.
They hold for every write, as all rules of law do (docs/adr/0007-law-in-the-write-path.md).

Source: R46-R48; hälso- och sjukvårdsförordningen (2017:80) 4 kap. 1 §, patientlagen (2014:821)
6 kap. 1-3 §§.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, periods
from fhir_server.sweden.assignments import Assignment, is_named_contact
from fhir_server.sweden.contact_person import paragraph_of
from fhir_server.sweden.elements import Json, child, codings, extension, items, target, text
from fhir_server.sweden.references import Read
from fhir_server.sweden.rulings import refusal, warning

IN_FORCE = ("active", "suspended")
_ON_REQUEST = (codes.BYTE_PATIENT, codes.BYTE_VERKSAMHET)
_EXTENSION = "CareTeam.extension"


def check(
    care_team: Json,
    assignment: Assignment,
    *,
    stored: Json | None,
    read: Read,
    successors: Iterable[Json],
) -> list[Issue]:
    """List what the law has against how an assignment follows another, or ends for another.

    Args:
        care_team: about to be written.
        assignment: its facts.
        stored: the version before; None for a new one.
        read: gives the current resource at a relative reference.
        successors: the patient's named contacts among which some may take over from this one.
    """
    if assignment.status == "entered-in-error":
        return []
    ends_now = stored is not None and _holds(stored) and not _holds(care_team)
    issues = [
        *change_is_decided(care_team, assignment, ends_now=ends_now),
        *refusal_is_the_patients(care_team, ends_now=ends_now),
        *follows_without_gap(care_team, assignment, read),
        *is_followed_without_gap(care_team, assignment, successors),
    ]
    if assignment.status == "active":
        issues += handed_over(care_team, read)
    return issues


def end_reason(care_team: Json) -> str:
    """Give the code of why an assignment ended; empty where it says none of ours."""
    concept = child(extension(care_team, codes.END_REASON), "valueCodeableConcept")
    return next(iter(codings(concept, codes.END_REASON_SYSTEM)), "")


def replaced(care_team: Json) -> str:
    """Give ``CareTeam/[id]`` of the assignment that this one takes over from; empty for none."""
    aim = target(child(extension(care_team, codes.REPLACES_CONTACT), "valueReference"))
    return aim.literal if aim.local else ""


def undecided(expression: str) -> Issue:
    """Say that a change needs a decision (R46; HSF 4 kap. 1 §)."""
    return refusal(
        "The verksamhetschef appoints a fast vårdkontakt, and so decides about a change, together "
        "with the medicinskt ledningsansvarig läkare. Say what was decided, and by whom.",
        expression,
        codes.HSF_4_1,
    )


def not_begun(expression: str) -> Issue:
    """Say that an assignment can't end, or be changed, before it began (R48)."""
    return refusal(
        "The assignment has not begun at that time, so nothing can end or follow it then. Choose a "
        "later time, or correct period.start.",
        expression,
        codes.PL_6_2,
    )


def change_is_decided(
    care_team: Json, assignment: Assignment, *, ends_now: bool
) -> Iterator[Issue]:
    """Refuse to end an assignment by a change that nobody granted (R46; HSF 4 kap. 1 §).

    An ended assignment that comes from elsewhere may lack its decision: the profile warns (ct-15).
    """
    if end_reason(care_team) not in _ON_REQUEST:
        return
    change = extension(care_team, codes.CHANGE_DECISION)
    decision = text(extension(change, "decision"), "valueCode")
    if not change and ends_now:
        yield undecided(_EXTENSION)
    if decision == codes.AVSLAGET:
        yield refusal(
            "The change was refused, so the contact stays: leave the assignment as it is, or "
            "record the decision that grants the change.",
            _EXTENSION,
            codes.HSF_4_1,
        )
    if decision == codes.BEVILJAT and ends_now:
        yield from _advice_on_decision(change, care_team, assignment)


def _advice_on_decision(change: Json, care_team: Json, assignment: Assignment) -> Iterator[Issue]:
    if not extension(change, "physician") and assignment.huvudman == codes.REGION:
        yield warning(
            "No medicinskt ledningsansvarig läkare is named: the reasons for a change are assessed "
            "by manager and physician together.",
            _EXTENSION,
            codes.HSF_4_1,
        )
    requester = target(child(extension(change, "requestedBy"), "valueReference")).resource_type
    for_patient = requester in ("Patient", "RelatedPerson")
    if requester and for_patient != (end_reason(care_team) == codes.BYTE_PATIENT):
        yield warning(
            "The reason of the end and the one who asked for the change do not fit: byte-patient "
            "is for patients and relatives who ask, byte-verksamhet for staff.",
            _EXTENSION,
            codes.HSF_4_1,
        )


def refusal_is_the_patients(care_team: Json, *, ends_now: bool) -> Iterator[Issue]:
    """Refuse to end an assignment as declined where the patient's no is not recorded (R7)."""
    decision = extension(care_team, codes.PATIENT_DECISION)
    if ends_now and end_reason(care_team) == codes.AVBOJD and not decision:
        yield refusal(
            "Only the patient, or somebody for the patient, declines a contact: record who said so "
            "and when, in the extension patient-decision.",
            _EXTENSION,
            codes.PL_6_2,
        )


def follows_without_gap(care_team: Json, assignment: Assignment, read: Read) -> Iterator[Issue]:
    """Demand that a contact begins the moment the one before ends (R46, R48)."""
    if assignment.status not in (*IN_FORCE, "inactive"):
        return
    reference = replaced(care_team)
    before = read(reference) if reference else None
    if before is None or before.get("status") == "entered-in-error":
        return
    patient = target(child(before, "subject"))
    if not is_named_contact(before) or not patient.same(assignment.patient):
        yield refusal(
            "replaces-contact must lead to another named contact of the same patient.",
            _EXTENSION,
            paragraph_of(assignment),
        )
    elif not _touch(before, care_team):
        yield _gap(assignment, "CareTeam.period.start")


def is_followed_without_gap(
    care_team: Json, assignment: Assignment, successors: Iterable[Json]
) -> Iterator[Issue]:
    """Demand the same when the end of the one before is moved (R48)."""
    own = f"CareTeam/{assignment.id}"
    if any(
        replaced(each) == own
        and each.get("status") not in ("proposed", "entered-in-error")
        and not _touch(care_team, each)
        for each in successors
    ):
        yield _gap(assignment, "CareTeam.period.end")


def handed_over(care_team: Json, read: Read) -> Iterator[Issue]:
    """Ask for the handover, and the form of it that fits (R47; PL 6 kap. 1 §)."""
    before = read(replaced(care_team)) if replaced(care_team) else None
    if before is None:
        return
    how = text(extension(extension(care_team, codes.HANDOVER), "how"), "valueCode")
    advice = ""
    if not how:
        advice = "No handover is recorded or planned: the new contact is to get full information "
        advice += "on the needs and the course of care. Add the extension handover."
    elif end_reason(before) == codes.OVERGANG_VUXEN and how != codes.HANDOVER_MEETING:
        advice = "From the children's to the adults' clinic the contact is handed over in a "
        advice += "meeting (mote)."
    elif _via_team(before) and how != codes.HANDOVER_HOME_VISIT:
        advice = "A patient of a team is handed over in a visit at home together (hembesok)."
    if advice:
        yield warning(advice, _EXTENSION, codes.PL_6_1)


def moves_end(care_team: Json, stored: Json | None) -> bool:
    """Tell whether a write gives a stored assignment another end."""
    return stored is not None and periods.read(stored).end != periods.read(care_team).end


def begun(care_team: Json, moment: datetime) -> bool:
    """Tell whether an assignment has begun before a moment."""
    start = periods.read(care_team).start
    return start is None or start < moment


def _holds(care_team: Json) -> bool:
    """Tell whether an assignment is in force and nothing says that it ends."""
    return care_team.get("status") in IN_FORCE and not extension(care_team, codes.END_REASON)


def _touch(before: Json, after: Json) -> bool:
    end = periods.read(before).end
    return end is not None and end == periods.read(after).start


def _gap(assignment: Assignment, expression: str) -> Issue:
    return refusal(
        "A contact takes over the moment the one before ends: a day as period.end is included "
        "whole, so the next begins the day after. Correct both in one transaction.",
        expression,
        paragraph_of(assignment),
    )


def _via_team(care_team: Json) -> bool:
    return any(
        extension(participant, codes.CONTACT_VIA_TEAM)
        for _, participant in items(care_team, "participant")
    )
