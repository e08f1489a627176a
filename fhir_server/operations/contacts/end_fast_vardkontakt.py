"""$end-fast-vardkontakt: an assignment ends, or all of a patient's, with the reason.

R20, R48; the rule that an end is explained (ct-10) stands in `fhir_server.sweden.fast_vardkontakt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, Written, write_together
from fhir_server.operations.contacts.assignment_at_hand import (
    named_contact,
    patient_of,
    require_open,
)
from fhir_server.operations.contacts.assignment_edits import ended, noted, taken_back
from fhir_server.operations.contacts.contacts_of import OpenContacts
from fhir_server.operations.moments import now_of, now_text, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.subject import require_patient
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, succession
from fhir_server.sweden.periods import bounds, read

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """End one assignment, or all of a patient's, together.

    Returns:
        Parameters: ``return``, what has ended; ``outcome`` with warnings.

    Raises:
        FhirError: 409, it has ended already; the law, where the reason needs a decision first.
    """
    written = _end_one(call) if call.resource_type == "CareTeam" else _end_all(call)
    return several_answer(200, [("return", each) for each in written.stored], written.issues)


def _end_one(call: Call) -> Written:
    def draft() -> Sequence[Draft]:
        stored, team = named_contact(call.context, call.id or "")
        require_open(team, "proposed")
        return [_end(call, stored, team, _end_of(call, patient_of(team)))]

    return write_together(call.context, draft)


def _end_all(call: Call) -> Written:
    patient = f"Patient/{call.id}"
    require_patient(Finder(call.context.server, call.context.store), patient)
    seen = OpenContacts(call.context, patient)

    def draft() -> Sequence[Draft]:
        found = seen.read()
        if not found:
            text = f"{patient} has no named contact to end."
            raise FhirError(Issue("error", "conflict", text))
        end = _end_of(call, patient)
        return [_end(call, stored, team, end) for stored, team in found]

    return write_together(call.context, draft, before=seen.require_unchanged)


def _end_of(call: Call, patient: str) -> str:
    """Give when it ends: as the call says, at the patient's death, or now."""
    if "at" in call.arguments:
        return require_day_or_moment(call.arguments["at"], "at")
    died = None
    if call.arguments["reason"] == codes.AVLIDEN:
        died = _death(call.context, patient)
    return died or now_text(call.context)


def _death(context: Context, patient: str) -> str | None:
    found = Finder(context.server, context.store).read(patient) or {}
    died = found.get("deceasedDateTime")
    return died if isinstance(died, str) and len(died) >= len("2026-11-30") else None


def _end(call: Call, stored: StoredResource, team: Resource, end: str) -> Draft:
    """Give an assignment as it ends; one that never began, or was only proposed, is taken back.

    What is over already by a planned end keeps that end: only the status is set.
    """
    reason, now = call.arguments["reason"], now_of(call.context)
    if team["status"] == "proposed" or _never_begins(call, team, end):
        return Draft(taken_back(team, reason), stored.id, stored)
    if "at" not in call.arguments and read(team).ended(now):
        end, reason = team["period"]["end"], succession.end_reason(team) or reason
    changed = ended(team, end, reason, now)
    return Draft(noted(changed, call.arguments.get("note")), stored.id, stored)


def _never_begins(call: Call, team: Resource, end: str) -> bool:
    moment = bounds(end)
    if moment is None or succession.begun(team, moment[1]):
        return False
    if call.resource_type == "CareTeam" and "at" in call.arguments:
        raise FhirError(succession.not_begun("at"))
    return True
