"""The assignment that an operation at CareTeam/[id] is about, in the version it was read in."""

from __future__ import annotations

from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.preconditions import require_living
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, succession
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.elements import child, target
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]


def named_contact(context: Context, id_: str) -> tuple[StoredResource, Resource]:
    """Give a CareTeam that is a named contact's assignment.

    Raises:
        FhirError: 404 or 410 for none; 422 for another kind of team.
    """
    reference = f"CareTeam/{id_}"
    stored = require_living(context.store.read("CareTeam", id_), reference)
    team = json.parse(stored.body or b"{}")
    if not is_named_contact(team):
        text = f"{reference} is no named contact: its category is not fast-kontakt."
        raise FhirError(Issue("error", "business-rule", text, "CareTeam.category"), status=422)
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
    patient = target(child(team, "subject"))
    if patient.resource_type != "Patient":
        text = "The subject must be a reference to a Patient on this server (Patient/[id])."
        issue = Issue("error", "business-rule", text, "CareTeam.subject", (codes.PL_6_2.coding,))
        raise FhirError(issue, status=422)
    return patient.literal
