"""update, and update as create. https://hl7.org/fhir/R4/http.html#update"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import UNCHANGED, Answer, location
from fhir_server.interactions.commit import commit
from fhir_server.interactions.context import Context
from fhir_server.interactions.integrity import mentioned
from fhir_server.interactions.preconditions import expected_version, require_none, require_version
from fhir_server.interactions.prepare import check_id, prepare, require_resource, same_content
from fhir_server.security.referring import NOTHING, Ahead
from fhir_server.storage.checks import Check
from fhir_server.storage.records import StaleWrite, StoredResource

# Writers without If-Match agree that the last one wins; each try loses only to one that won.
ATTEMPTS = 20


def update(
    context: Context,
    resource_type: str,
    id_: str,
    resource: Any,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> Answer:
    """Store the next version of a resource, or its first under an id the client chose.

    An update that changes nothing makes no new version.

    Args:
        context: the request.
        resource_type: from the URL.
        id_: from the URL; the body must carry the same.
        resource: the body.
        if_match: the If-Match header, ``W/"3"``.
        if_none_match: the If-None-Match header; ``*`` only creates.

    Raises:
        FhirError: 400 or 422 for a body that breaks R4, a profile or a rule; 405 where it would
            create and the server's settings leave ids to the server; 412 where ``if_match``
            doesn't name the current version, or ``if_none_match`` does.
    """
    context.require("u", resource_type)
    check_id(id_)
    resource = require_resource(resource, resource_type)
    require_id(resource, id_)
    expected = expected_version(if_match)
    reference = f"{resource_type}/{id_}"
    refers_to = mentioned(resource, context.base)
    for _ in range(ATTEMPTS):
        previous, ahead = context.store.read_with(resource_type, id_, refers_to)
        require_version(reference, previous, expected)
        require_none(reference, previous, if_none_match)
        require_may_create(context, previous)
        try:
            return store_next(context, resource, id_, previous, ahead=ahead)
        except StaleWrite:
            continue
    raise busy(reference)


def store_next(
    context: Context,
    resource: dict[str, Any],
    id_: str,
    previous: StoredResource | None,
    *,
    locks: Sequence[str] = (),
    before: Check | None = None,
    ahead: Ahead = NOTHING,
) -> Answer:
    """Store a resource as what follows a version, unless it says the same.

    Args:
        context: the request.
        resource: what to store.
        id_: under which id.
        previous: the version it replaces.
        locks: see `commit`.
        before: see `commit`.
        ahead: what was read already of what the resource refers to.

    Raises:
        FhirError: it breaks R4, a profile or a rule.
        StaleWrite: the version is no longer the current one.
    """
    if previous and same_content(resource, id_, previous):
        return Answer(200, previous, location=location(previous), issues=(UNCHANGED,))
    prepared = replace(prepare(context, resource, id_, previous), ahead=ahead)
    warnings = commit(context, [prepared], locks=locks, before=before)
    new = prepared.change.new
    issues = warnings[new.reference]
    return Answer(status_of_write(previous), new, location=location(new), issues=issues)


def require_id(resource: dict[str, Any], id_: str) -> None:
    """Refuse a body whose id differs from the URL's."""
    if resource.get("id") != id_:
        raise invalid("The resource must carry the id that the URL names.", "id", code="value")


def require_may_create(context: Context, previous: StoredResource | None) -> None:
    """Refuse to create under an id of the client's choice where only the server chooses (405).

    A deleted resource may come back: its id is one that the server took.
    """
    may = context.server.settings.update_create and context.store.access.chooses_ids
    if previous is None and not may:
        text = "There is no such resource, and this server chooses ids itself: create it by POST."
        raise FhirError(Issue("error", "not-supported", text), status=405)


def status_of_write(previous: StoredResource | None) -> int:
    """Give 201 where a write brings a resource about, 200 where it changes one."""
    return 201 if previous is None or previous.deleted else 200


def busy(reference: str) -> FhirError:
    """Too many writers at one resource (409)."""
    return FhirError(
        Issue("error", "conflict", f"{reference} is being changed by others; try again.")
    )
