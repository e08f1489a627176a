"""How long patients wait for a contact, and how often it changes (R2, R46, R107)."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.measures.merging import by_patient
from fhir_server.measures.question import ASSIGNED, CONTACT, Question
from fhir_server.measures.tally import HIT, MISS, REASON, REQUESTER, Tally
from fhir_server.sweden.facts import Facts

NO_NEED = "need-not-recorded"
NEED_AFTER = "need-after-assignment"
NOT_NAMED = "not-named"
DECLINED = "declined"

PATIENT_ASKED, STAFF_ASKED, NOBODY_ASKED = "patient", "staff", "missing"
# CodeSystem end-reason: another contact takes over. The other reasons end a need, not a contact.
CHANGES = ("byte-patient", "byte-verksamhet", "ersatt", "overgang-vuxen", "slutat")
# Decided upon (R46), with a reason that is none of those, or none.
DECIDED = "annat"

_DAY = 86_400_000_000


def days_to_contact(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count the days from need to assignment, of assignments made in the period."""
    names = (*CONTACT, "need", "appointed")
    made = question.rows(
        "CareTeam", names, {"kind": {"$in": list(kinds)}, "status": {"$in": list(ASSIGNED)}}
    )
    for patient, (patients, contacts) in by_patient(question.patients(), made):
        fitting = [each for each in contacts if question.window.holds(assigned(each))]
        if fitting:
            person = question.person(patient, patients)
            for each in fitting:
                outcome, days = _waited(question, each)
                units = [question.unit_of(each)]
                item = question.item(person, units, outcome, (each["kind"],))
                tally.add(item, patient, days)


def assigned(contact: Facts) -> int | None:
    """Give when a contact was assigned: when appointed, else when the assignment began."""
    appointed: int | None = contact.get("appointed")
    return contact.get("start") if appointed is None else appointed


def _waited(question: Question, contact: Facts) -> tuple[str, float | None]:
    need, at = contact.get("need"), assigned(contact)
    if _declined(contact, question.moment):
        return DECLINED, None
    begun = max(moment for moment in (at, contact.get("start")) if moment is not None)
    if not question.staff.named(contact.get("member"), begun):
        return NOT_NAMED, None
    if need is None or at is None:
        return NO_NEED, None
    if need > at:
        return NEED_AFTER, None
    days = (at - need) / _DAY
    return (HIT if days <= question.options.within_days else MISS), days


def share_changed(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count, of assignments in force at any time of the period, those a change has ended in it."""
    window = question.window
    names = (*CONTACT, "reason", "asked")
    held = question.rows(
        "CareTeam",
        names,
        {
            "kind": {"$in": list(kinds)},
            "status": {"$in": list(ASSIGNED)},
            "start": {"$not": {"$gte": window.end}},
            "end": {"$not": {"$lte": window.start}},
        },
    )
    for patient, (patients, contacts) in by_patient(question.patients(), held):
        if contacts:
            person = question.person(patient, patients)
            for each in contacts:
                if _was(question, each):
                    outcome, tags = _changed(question, each)
                    units = [question.unit_of(each)]
                    item = question.item(person, units, outcome, (each["kind"],), tags)
                    tally.add(item, patient)


def _was(question: Question, contact: Facts) -> bool:
    """Tell whether an assignment was in force at any time: an ended one says when it ended."""
    if contact["status"] == "inactive" and contact.get("end") is None:
        return False
    start = contact.get("start")
    begun = start is None or start <= question.moment
    return begun and not _declined(contact, question.window.start)


def _declined(contact: Facts, moment: int) -> bool:
    declined = contact.get("declined")
    return declined is not None and declined <= moment


def _changed(question: Question, contact: Facts) -> tuple[str, tuple[tuple[str, str], ...]]:
    reason, asked, end = contact.get("reason"), contact.get("asked"), contact.get("end")
    ended = end is not None and end <= question.window.end and end - 1 <= question.moment
    if not ended or (reason not in CHANGES and asked is None):
        return MISS, ()
    why = reason if reason in CHANGES else DECIDED
    who = asked or {"byte-patient": PATIENT_ASKED, "byte-verksamhet": STAFF_ASKED}.get(reason or "")
    return HIT, ((REASON, str(why)), (REQUESTER, who or NOBODY_ASKED))
