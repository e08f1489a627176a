"""The Task that an operation at Task/[id] is about, in the version it was read in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.operations.at_hand import Found, living, other_kind
from fhir_server.sweden import codes
from fhir_server.sweden.elements import concept_codes

Resource = dict[str, Any]

CALLED = {codes.SIP_BEHOV: "the need of a SIP", codes.KALLELSE: "a kallelse to a SIP meeting"}


def task_at_hand(context: Context, id_: str, code: str) -> Found:
    """Give a Task of one kind.

    Raises:
        FhirError: 404 or 410 for none; 422 for a Task of another kind.
    """
    stored, task = living(context, "Task", id_)
    if code not in concept_codes(task, "code", codes.TASK_CODE_SYSTEM):
        raise other_kind(task, f"is not {CALLED[code]}: its code is not {code}.", "code")
    return stored, task


def require_status(task: Resource, statuses: Sequence[str]) -> None:
    """Refuse a Task that is decided or withdrawn already (409)."""
    if task.get("status") not in statuses:
        text = f"Task/{task['id']} is closed already: its status is {task.get('status')}."
        raise FhirError(Issue("error", "conflict", text, "Task.status"))
