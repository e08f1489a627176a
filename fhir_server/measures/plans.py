"""Samordnade individuella planer: what they hold, whether they are followed up, for whom (R107).

Source: HSL (2017:30) 16 kap. 4 §, SoL (2025:400) 10 kap. 8-9 §§; R76, R88, R92.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.measures.merging import by_patient
from fhir_server.measures.question import Question
from fhir_server.measures.tally import HIT, MISS, Tally
from fhir_server.measures.window import in_force
from fhir_server.sweden.facts import Facts

# Plans that were made and not taken back as an error.
_MADE = ("draft", "active", "on-hold", "revoked", "completed")
_NAMES = ("patient", "status", "start", "end", "unit", "appointed", "due", "evaluated", "whole")


def share_with_four_contents(question: Question, tally: Tally) -> None:
    """Count, of the plans made in the period, those with the four contents of the law (R76)."""
    for patient, patients, plans in _plans(question):
        for plan in plans:
            if question.window.holds(made(plan)):
                person = question.person(patient, patients)
                outcome = HIT if plan.get("whole") else MISS
                tally.add(question.item(person, [plan.get("unit")], outcome), patient)


def share_followed_up(question: Question, tally: Tally) -> None:
    """Count, of the plans that were or should have been followed up in the period, those held."""
    for patient, patients, plans in _plans(question):
        for plan in plans:
            outcome = _followed_up(question, plan)
            if outcome:
                person = question.person(patient, patients)
                tally.add(question.item(person, [plan.get("unit")], outcome), patient)


def count_with_plan(question: Question, tally: Tally) -> None:
    """Count living people with a plan in force at the moment, by target group (R88)."""
    names = ("patient", "status", "start", "end", "unit", "needs")
    where = {"kind": "SIP", "status": {"$in": ["active", "completed"]}}
    found = question.rows("CarePlan", names, where)
    for patient, (patients, plans) in by_patient(question.patients(), found):
        held = [each for each in plans if in_force(each, question.moment)]
        person = question.person(patient, patients)
        if held and (person.living or not patients):
            groups = sorted({group for each in held for group in (each.get("needs") or "").split()})
            units = [each.get("unit") for each in held]
            tally.add(question.item(person, units, HIT, tuple(groups)), patient)


def made(plan: Facts) -> int | None:
    """Give when a plan was made: as it says, else when it began."""
    created: int | None = plan.get("appointed")
    return plan.get("start") if created is None else created


def _plans(question: Question) -> Iterator[tuple[str, list[Facts], list[Facts]]]:
    found = question.rows("CarePlan", _NAMES, {"kind": "SIP", "status": {"$in": list(_MADE)}})
    for patient, (patients, plans) in by_patient(question.patients(), found):
        yield patient, patients, plans


def _followed_up(question: Question, plan: Facts) -> str:
    """Say whether the follow-up was held; empty where none was due.

    A follow-up that is due and not held is missed for as long as the plan is in force; of a plan
    that is closed only in the period in which it was due.
    """
    if plan["status"] not in ("active", "completed"):
        return ""
    window, due, held, end = (
        question.window,
        plan.get("due"),
        plan.get("evaluated"),
        plan.get("end"),
    )
    last = question.moment if end is None else min(question.moment, end - 1)
    # `due` is the first moment after the day, so that one held on that day is in time.
    missed = due is not None and due <= last and (held is None or held < due)
    if missed and (plan["status"] == "active" or window.holds(due)):
        return MISS
    return HIT if window.holds(held) else ""
