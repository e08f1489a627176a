"""Whether patients meet the same person (R104, R105; DOMAIN 4.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from fhir_server.measures.continuity import FEWEST_VISITS, continuity
from fhir_server.measures.discharges import INPATIENT
from fhir_server.measures.merging import by_patient
from fhir_server.measures.question import Question
from fhir_server.measures.tally import HIT, Tally
from fhir_server.sweden.facts import Facts

TOO_FEW = "too-few-visits"
NOBODY_SAID = "performer-not-known"
# In the order of `Continuity`.
INDICES = ("coc", "upc", "secon")
_UNDEFINED = (None, None, None)


def spread_of_continuity(
    question: Question, tallies: Sequence[Tally], *, physicians: bool
) -> Counter[str]:
    """Count the indices of each patient.

    Args:
        question: what is asked.
        tallies: one for each of `INDICES`.
        physicians: count visits to licensed physicians alone.

    Returns:
        How many visits say nobody who was met.
    """
    notes: Counter[str] = Counter()
    fewest = max(question.options.minimum_visits, FEWEST_VISITS)
    for patient, (patients, visits) in by_patient(
        question.patients(), _visits(question, physicians=physicians)
    ):
        if not visits:
            continue
        met, unknown = _met(question, visits, physicians=physicians)
        if not met and not unknown:
            continue
        person = question.person(patient, patients)
        found = continuity(met) if len(met) >= fewest else None
        outcome = HIT if found else TOO_FEW
        item = question.item(person, [person.unit], outcome)
        if item is not None:
            notes[NOBODY_SAID] += unknown
        for tally, value in zip(tallies, found or _UNDEFINED, strict=True):
            tally.add(item, patient, value)
    return notes


def _visits(question: Question, *, physicians: bool) -> Iterator[Facts]:
    window = question.window
    others = question.staff.others_than_physicians() if physicians else []
    return question.rows(
        "Encounter",
        ("patient", "start", "member"),
        {
            "kind": {"$nin": list(INPATIENT)},
            "status": "finished",
            "start": {"$gte": window.start, "$lt": window.end},
            # Whom nobody knows stays: that there are such visits is reported.
            **({"member": {"$nin": others}} if others else {}),
        },
    )


def _met(question: Question, visits: list[Facts], *, physicians: bool) -> tuple[list[str], int]:
    """Give who was met, in order, and how many visits don't say it."""
    met: list[tuple[int, str]] = []
    unknown = 0
    for visit in visits:
        practitioner = question.staff.practitioner(visit.get("member"))
        if practitioner is None:
            unknown += 1
        elif not physicians or question.staff.physician(practitioner):
            met.append((visit["start"], practitioner))
    # Of visits at the same moment the order is that of the references: any, but always the same.
    met.sort()
    return [practitioner for _, practitioner in met], unknown
