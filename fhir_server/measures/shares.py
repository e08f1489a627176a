"""Who has a named contact, and who was told (R7, R9-R11, R101, R102)."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.measures.merging import by_patient
from fhir_server.measures.question import CONTACT, Person, Question
from fhir_server.measures.tally import CONTACT_TYPE, HIT, MISS, Tally
from fhir_server.measures.window import in_force
from fhir_server.sweden.facts import Facts

NOT_NAMED = "not-named"
NOT_LISTED = "not-listed"


def count_with_contact(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count living patients with a named contact; the units are those of the contacts.

    Patients with a contact who is nobody by name are the excluded.
    """
    for patient, (patients, contacts) in by_patient(question.patients(), question.contacts(kinds)):
        person = question.person(patient, patients)
        if not contacts or not person.living:
            continue
        fitting = [each for each in contacts if question.admits(question.unit_of(each))]
        named = [each for each in fitting if question.named(each, question.moment)]
        chosen = named or fitting
        if chosen:
            units = [question.unit_of(each) for each in chosen]
            outcome = HIT if named else NOT_NAMED
            tally.add(question.item(person, units, outcome, kinds_of(chosen)), patient)


def share_of_listed(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count, of the living who are listed, those with a named contact of one of the types."""
    for patient, (patients, contacts) in by_patient(question.patients(), question.contacts(kinds)):
        person = question.person(patient, patients)
        if person.living:
            held = held_kinds(question, contacts) if contacts else ()
            add_share(question, tally, person, [person.unit], held, listed=bool(person.unit))


def share_of_refusals(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count, of the living who are listed, those who say no to a contact (R7)."""
    where = {"kind": {"$in": list(kinds)}, "declined": {"$lte": question.moment}}
    names = ("patient", "kind", "status")
    for patient, (patients, refused) in by_patient(
        question.patients(), question.rows("CareTeam", names, where)
    ):
        person = question.person(patient, patients)
        if person.living:
            standing = [each for each in refused if each["status"] != "entered-in-error"]
            held = kinds_of(standing)
            add_share(question, tally, person, [person.unit], held, listed=bool(person.unit))


def share_informed(question: Question, tally: Tally, kinds: Sequence[str]) -> None:
    """Count, of named contacts in force, those of whom the patient was told."""
    names = (*CONTACT, "informed")
    for patient, (patients, contacts) in by_patient(
        question.patients(), question.contacts(kinds, names)
    ):
        person = question.person(patient, patients)
        if contacts and person.living:
            for each in contacts:
                informed = each.get("informed")
                told = informed is not None and informed <= question.moment
                outcome = HIT if told else MISS
                if not question.named(each, question.moment):
                    outcome = NOT_NAMED
                unit = question.unit_of(each)
                tally.add(question.item(person, [unit], outcome, (each["kind"],)), patient)


def share_of_enrolled(question: Question, tally: Tally, kinds: Sequence[str], form: str) -> None:
    """Count, of the living in a form of municipal care, those with a named contact (R38, R103)."""
    names = ("patient", "status", "start", "end", "unit")
    where = {"kind": form, "start": {"$not": {"$gt": question.moment}}}
    for patient, (patients, episodes, contacts) in by_patient(
        question.patients(),
        question.rows("EpisodeOfCare", names, where),
        question.contacts(kinds),
    ):
        enrolled = [each for each in episodes if in_force(each, question.moment)]
        if enrolled:
            person = question.person(patient, patients)
            if person.living:
                held = held_kinds(question, contacts)
                units = [each.get("unit") for each in enrolled]
                add_share(question, tally, person, units, held)


def add_share(
    question: Question,
    tally: Tally,
    person: Person,
    units: Sequence[str | None],
    held: tuple[str, ...],
    *,
    listed: bool = True,
) -> None:
    """Count one patient of a share: a hit is told by type of contact besides."""
    outcome = (HIT if held else MISS) if listed else NOT_LISTED
    tags = tuple((CONTACT_TYPE, kind) for kind in held)
    tally.add(question.item(person, units, outcome, tags=tags), person.reference)


def held_kinds(question: Question, contacts: Sequence[Facts]) -> tuple[str, ...]:
    """Give the types of contact that are held by somebody with a name."""
    return kinds_of([each for each in contacts if question.named(each, question.moment)])


def kinds_of(contacts: Sequence[Facts]) -> tuple[str, ...]:
    """Give the types, each once, in order."""
    return tuple(sorted({each["kind"] for each in contacts}))


SABO = "sabo"
HEMTJANST = "hemtjanst"
