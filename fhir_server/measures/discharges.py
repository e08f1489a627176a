"""Whether there was a contact before the patient went home (R60, R107; SamvL 2 kap. 5 §)."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.measures.merging import by_patient
from fhir_server.measures.question import ASSIGNED, CONTACT, Question
from fhir_server.measures.tally import CONTACT_TYPE, HIT, MISS, Tally
from fhir_server.sweden.facts import Facts

INPATIENT = ("IMP", "ACUTE", "NONAC")
DIED = "died-in-hospital"


def share_before_discharge(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count, of discharges in the discharge process, those with a named contact in force.

    A discharge is the last moment of a finished inpatient stay for which an admission notice was
    sent, and lies in the period.
    """
    window = question.window
    stays = question.rows(
        "Encounter",
        ("patient", "end", "unit"),
        {
            "kind": {"$in": list(INPATIENT)},
            "status": "finished",
            "end": {"$gt": window.start, "$lte": window.end},
            "need": 1,
        },
    )
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


def _there(question: Question, contact: Facts, moment: int) -> bool:
    return question.holds(contact, moment) and question.named(contact, moment)
