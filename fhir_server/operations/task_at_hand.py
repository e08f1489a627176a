"""The Task that an operation at Task/[id] is about, in the version it was read in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.preconditions import require_living
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes
from fhir_server.sweden.elements import concept_codes

Resource = dict[str, Any]

CALLED = {codes.SIP_BEHOV: "the need of a SIP", codes.KALLELSE: "a kallelse to a SIP meeting"}


def task_at_hand(context: Context, id_: str, code: str) -> tuple[StoredResource, Resource]:
    """Give a Task of one kind.

    Raises:
        FhirError: 404 or 410 for none; 422 for a Task of another kind.
    """
    reference = f"Task/{id_}"
    stored = require_living(context.store.read("Task", id_), reference)
    task = json.parse(stored.body or b"{}")
    if code not in concept_codes(task, "code", codes.TASK_CODE_SYSTEM):
        text = f"{reference} is not {CALLED[code]}: its code is not {code}."
        raise FhirError(Issue("error", "business-rule", text, "Task.code"), status=422)
    return stored, task


def require_status(task: Resource, statuses: Sequence[str]) -> None:
    """Refuse a Task that is decided or withdrawn already (409)."""
    if task.get("status") not in statuses:
        text = f"Task/{task['id']} is closed already: its status is {task.get('status')}."
        raise FhirError(Issue("error", "conflict", text, "Task.status"))
