"""The assignment that an operation at CareTeam/[id] is about, in the version it was read in."""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.operations import at_hand
from fhir_server.operations.at_hand import Found, living, other_kind
from fhir_server.sweden import codes, succession
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]


def named_contact(context: Context, id_: str) -> Found:
    """Give a CareTeam that is a named contact's assignment.

    Raises:
        FhirError: 404 or 410 for none; 422 for another kind of team.
    """
    stored, team = living(context, "CareTeam", id_)
    if not is_named_contact(team):
        words = "is no named contact: its category is not fast-kontakt."
        raise other_kind(team, words, "category")
    return stored, team


def require_open(team: Resource, *statuses: str) -> None:
    """Refuse an assignment that is over, or whose end is decided (409).

    Of two who end or change the same assignment at the same moment, the second hears this.

    Args:
        team: the CareTeam.
        statuses: beside ``active`` and ``suspended``.
    """
    reference = f"CareTeam/{team['id']}"
    if team.get("status") not in (*succession.IN_FORCE, *statuses):
        text = f"{reference} is not in force: its status is {team.get('status')}."
        raise FhirError(Issue("error", "conflict", text, "CareTeam.status"))


def require_no_end_yet(team: Resource) -> None:
    """Refuse to change an assignment whose end is decided already (409)."""
    if succession.end_reason(team):
        text = f"CareTeam/{team['id']} has an end already, and a reason for it. Look at it again; "
        text += "another may take over."
        raise FhirError(Issue("error", "conflict", text, "CareTeam.extension"))


def require_begun(team: Resource, at: str, expression: str) -> None:
    """Refuse to end or change an assignment at a time when it has not begun (422).

    Args:
        team: the CareTeam.
        at: the moment, as FHIR writes it.
        expression: the parameter that says it.
    """
    moment = bounds(at)
    if moment is None or not succession.begun(team, moment[0]):
        raise FhirError(succession.not_begun(expression))


def patient_of(team: Resource) -> str:
    """Give ``Patient/[id]``.

    Raises:
        FhirError: 422, the subject is no Patient of this server, which no active contact has.
    """
    return at_hand.patient_of(team, codes.PL_6_2)
