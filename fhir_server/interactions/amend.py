"""Changes made from the current version, and made anew where others were faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.preconditions import expected_version, require_living, require_version
from fhir_server.interactions.update import (
    ATTEMPTS,
    busy,
    store_next,
)
from fhir_server.storage.checks import Check
from fhir_server.storage.records import StaleWrite, StoredResource

# Gives a resource as it is to become, and what the client should know about that.
Change = Callable[[dict[str, Any]], tuple[dict[str, Any], tuple[Issue, ...]]]


@dataclass(frozen=True, slots=True)
class Current:
    """The version to change, and what must still hold when the change is stored."""

    stored: StoredResource
    locks: tuple[str, ...] = ()
    before: Check | None = None


def amend(
    context: Context,
    current: Callable[[], Current],
    change: Change,
    if_match: str | None = None,
) -> Answer:
    """Store what a change makes of a resource; what changes nothing makes no new version.

    Args:
        context: the request.
        current: reads the version to change; asked again where another writer was faster.
        change: applied to each version so read; may change what it is given.
        if_match: the If-Match header; then no other version than this is changed.

    Raises:
        FhirError: what ``current`` and ``change`` raise; 412 for ``if_match``, 409 where too many
            others write; and what an update of the same content would raise.
    """
    expected = expected_version(if_match)
    reference = ""
    for _ in range(ATTEMPTS):
        found = current()
        previous = found.stored
        reference = previous.reference
        require_version(reference, previous, expected)
        resource, issues = change(json.parse(previous.body or b"{}"))
        try:
            answer = store_next(
                context, resource, previous.id, previous, locks=found.locks, before=found.before
            )
        except StaleWrite:
            continue
        return replace(answer, issues=(*issues, *answer.issues))
    raise busy(reference)


def living(context: Context, resource_type: str, id_: str) -> Current:
    """Give the current version.

    Raises:
        FhirError: 404 for none, 410 for a deleted one.
    """
    stored = context.store.read(resource_type, id_)
    return Current(require_living(stored, f"{resource_type}/{id_}"))
