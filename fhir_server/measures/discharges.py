"""The discharge process in figures: notice, contact, call, and the days until home (R60, R107).

Source: lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård, 2-4 kap.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.measures.merging import by_patient
from fhir_server.measures.question import ASSIGNED, CONTACT, Question
from fhir_server.measures.tally import CONTACT_TYPE, HIT, MISS, Tally
from fhir_server.sweden.facts import Facts

INPATIENT = ("IMP", "ACUTE", "NONAC")
DIED = "died-in-hospital"
NO_ADMISSION = "admission-not-recorded"
NO_NEEDS = "needs-not-recorded"
NEVER_READY = "never-ready"
# Statuses of a stay that took place.
_REAL = ("arrived", "triaged", "in-progress", "onleave", "finished")
# A kallelse that was sent and is no mistake.
_SENT = ("requested", "received", "accepted", "rejected", "ready", "in-progress", "on-hold")
_CALLED = (*_SENT, "failed", "completed", "cancelled")
_BOTH = "both"

_DAY = 86_400_000_000


def share_before_discharge(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count, of discharges in the discharge process, those with a named contact in force.

    A discharge is the last moment of a finished inpatient stay for which an admission notice was
    sent, and lies in the period.
    """
    window = question.window
    stays = question.rows("Encounter", ("patient", "end", "unit"), _gone_home(question))
    contacts = question.rows(
        "CareTeam",
        CONTACT,
        {
            "kind": {"$in": list(kinds)},
            "status": {"$in": list(ASSIGNED)},
            "start": {"$not": {"$gte": window.end}},
            "end": {"$not": {"$lte": window.start}},
        },
    )
    for patient, (patients, ended, held) in by_patient(question.patients(), stays, contacts):
        if not ended:
            continue
        person = question.person(patient, patients)
        for stay in ended:
            last = stay["end"] - 1
            found = sorted({each["kind"] for each in held if _there(question, each, last)})
            outcome = HIT if found else MISS
            if person.died is not None and person.died <= last:
                outcome = DIED
            tags = tuple((CONTACT_TYPE, kind) for kind in found)
            tally.add(question.item(person, [stay.get("unit")], outcome, tags=tags), patient)


def share_noticed_in_time(question: Question, tally: Tally) -> None:
    """Count, of the stays with an admission notice in the period, those within 24 hours (R57)."""
    window = question.window
    names = ("patient", "unit", "noticed", "due")
    where = {
        "kind": {"$in": list(INPATIENT)},
        "status": {"$in": list(_REAL)},
        "noticed": {"$gte": window.start, "$lt": window.end},
    }
    found = question.rows("Encounter", names, where)
    for patient, (patients, stays) in by_patient(question.patients(), found):
        for stay in stays:
            due = stay.get("due")
            in_time = HIT if due is not None and stay["noticed"] <= due else MISS
            outcome = NO_ADMISSION if due is None else in_time
            person = question.person(patient, patients)
            tally.add(question.item(person, [stay.get("unit")], outcome), patient)


def share_called_in_time(question: Question, tally: Tally) -> None:
    """Count, of stays whose patient needs region and municipality, those called in time (R65).

    A stay belongs to the period in which the three days after utskrivningsklar were over, or in
    which it was called earlier.
    """
    names = ("patient", "unit", "ready", "call_due", "needs", "basis", "own")
    where = {
        "kind": {"$in": list(INPATIENT)},
        "status": {"$in": list(_REAL)},
        "ready": {"$gt": 0},
    }
    stays = question.rows("Encounter", names, where)
    calls = question.rows(
        "Task",
        ("patient", "start", "place"),
        {"kind": "kallelse", "status": {"$in": list(_CALLED)}},
    )
    for patient, (patients, ready, sent) in by_patient(question.patients(), stays, calls):
        for stay in ready:
            outcome = _called(question, stay, sent)
            if outcome:
                person = question.person(patient, patients)
                tally.add(question.item(person, [stay.get("unit")], outcome), patient)


def _called(question: Question, stay: Facts, sent: Sequence[Facts]) -> str:
    """Say whether it was called in time; empty for a stay of another period, or without a SIP."""
    # Care under LPT or LRV has a track of its own (R67).
    if stay.get("basis"):
        return ""
    mine = [each["start"] for each in sent if each.get("place") == stay["own"] if each.get("start")]
    first, due = min(mine, default=None), stay["call_due"]
    in_time = first is not None and first < due
    decided = first if in_time and first is not None else due
    if not question.window.holds(decided):
        return ""
    if stay.get("needs") != _BOTH and first is None:
        return "" if stay.get("needs") else NO_NEEDS
    return HIT if in_time else MISS


def days_from_ready_to_home(question: Question, tally: Tally) -> None:
    """Count the days from utskrivningsklar to home, of discharges in the period (R61, R107)."""
    names = ("patient", "end", "unit", "ready")
    found = question.rows("Encounter", names, _gone_home(question))
    for patient, (patients, stays) in by_patient(question.patients(), found):
        for stay in stays:
            person = question.person(patient, patients)
            outcome, days = _waited(person.died, stay)
            tally.add(question.item(person, [stay.get("unit")], outcome), patient, days)


def _waited(died: int | None, stay: Facts) -> tuple[str, float | None]:
    ready, last = stay.get("ready"), stay["end"] - 1
    if died is not None and died <= last:
        return DIED, None
    if ready is None or ready > last:
        return NEVER_READY, None
    days = (last - ready) / _DAY
    return HIT, days


def _gone_home(question: Question) -> dict[str, object]:
    """Ask for finished inpatient stays in the discharge process that ended in the period."""
    return {
        "kind": {"$in": list(INPATIENT)},
        "status": "finished",
        "end": {"$gt": question.window.start, "$lte": question.window.end},
        "need": 1,
    }


def _there(question: Question, contact: Facts, moment: int) -> bool:
    return question.holds(contact, moment) and question.named(contact, moment)
