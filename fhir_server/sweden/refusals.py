"""The patient's no: a contact is voluntary, and who said no is not asked every day (R7).

A refusal stands where an ended assignment says that the patient declined. With a person in it, it
is about that person; without, about the type of contact. It is taken back by a later decision.

Source: R7; patientlagen (2014:821) 6 kap. 2 §.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.elements import Json, child, concept_codes, extension, items, target, text
from fhir_server.sweden.rulings import warning


def decision(care_team: Json) -> str:
    """Give what the patient decided last, ``accepted`` or ``declined``; empty for nothing."""
    return text(extension(extension(care_team, codes.PATIENT_DECISION), "decision"), "valueCode")


def stands(care_team: Json) -> bool:
    """Tell whether a CareTeam is a refusal that the patient has not taken back."""
    return (
        is_named_contact(care_team)
        and care_team.get("status") == "inactive"
        and decision(care_team) == codes.DECLINED
    )


def of_type(care_team: Json, kind: str) -> bool:
    """Tell whether a refusal is about a type of contact, whoever it would be."""
    participant = _participant(care_team)
    return kind in _kinds(participant) and not child(participant, "member")


def standing_refusal(care_team: Json, others: Iterable[Json]) -> Iterator[Issue]:
    """Warn where the patient has declined what is to be assigned (R7; PL 6 kap. 2 §).

    Args:
        care_team: the assignment about to be made.
        others: the patient's other CareTeams; those that are no standing refusal are left out.
    """
    if decision(care_team) == codes.ACCEPTED:
        return
    if any(stands(other) and _declines(other, care_team) for other in others):
        yield warning(
            "The patient has declined this contact, or this type of contact, and has not taken "
            "that back. Ask first; record the answer in patient-decision, or withdraw the refusal "
            "by $decline-fast-vardkontakt.",
            "CareTeam.extension",
            codes.PL_6_2,
        )


def _declines(refusal: Json, care_team: Json) -> bool:
    mine, theirs = _participant(care_team), _participant(refusal)
    if not set(_kinds(mine)) & set(_kinds(theirs)):
        return False
    declined = child(theirs, "member")
    return not declined or target(declined).same_elsewhere(target(child(mine, "member")))


def _participant(care_team: Json) -> Json:
    return next((each for _, each in items(care_team, "participant")), {})


def _kinds(participant: Json) -> list[str]:
    return concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
