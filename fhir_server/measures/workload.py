"""How many patients each contact has (R49-R51, R106)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from fhir_server.measures.merging import by_patient
from fhir_server.measures.question import Person, Question
from fhir_server.measures.tally import HIT, MISS, Tally
from fhir_server.sweden.caseload import nearest_threshold

# Patients of a contact by type; the empty type is all of them, each once.
Caseload = Counter[str]
NOBODY = Person("")


def caseloads(question: Question, kinds: Sequence[str]) -> dict[str, Caseload]:
    """Give the living patients of each contact at the moment, by position.

    Args:
        question: what is asked.
        kinds: types of contact.

    Returns:
        By PractitionerRole: how many patients of each type, and under the empty type how many.
    """
    found: dict[str, Caseload] = {}
    for patient, (patients, contacts) in by_patient(question.patients(), question.contacts(kinds)):
        if contacts and question.person(patient, patients).living:
            held = {(each.get("member") or "", each["kind"]) for each in contacts}
            for member, kind in held | {(member, "") for member, _ in held}:
                found.setdefault(member, Counter())[kind] += 1
    found.pop("", None)
    return found


def spread_of_workload(question: Question, tallies: Sequence[Tally], kinds: Sequence[str]) -> None:
    """Count patients for each contact: of all types in the first tally, by type in the second."""
    all_, by_kind = tallies
    for member, caseload in sorted(caseloads(question, kinds).items()):
        unit = question.staff.unit(member)
        outcome = HIT if over_threshold(question, unit, caseload) else MISS
        all_.add(question.item(NOBODY, [unit], outcome), "", float(caseload[""]))
        for kind in sorted(caseload):
            if kind:
                item = question.item(NOBODY, [unit], outcome, (kind,))
                by_kind.add(item, "", float(caseload[kind]))


def over_threshold(question: Question, unit: str | None, caseload: Caseload) -> bool:
    """Tell whether a contact has more patients than the unit, or the nearest above, agreed on."""
    if not unit:
        return False
    chain = list(question.units.chain(unit))
    agreed = (nearest_threshold(chain, kind) for kind in ("", *caseload))
    return any(found and caseload[found.kind] > found.patients for found in agreed)
