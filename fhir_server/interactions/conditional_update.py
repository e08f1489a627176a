"""conditional update. https://hl7.org/fhir/R4/http.html#cond-update"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.conditional import (
    Expected,
    criteria,
    find,
    require_matching_id,
    the_one,
    unchanged,
)
from fhir_server.interactions.context import Context
from fhir_server.interactions.preconditions import expected_version, require_none, require_version
from fhir_server.interactions.prepare import check_id, new_id, require_resource
from fhir_server.interactions.update import (
    ATTEMPTS,
    busy,
    require_may_create,
    store_next,
)
from fhir_server.storage.records import StaleWrite, StoredResource


def update_matching(
    context: Context,
    resource_type: str,
    query: str,
    resource: Any,
    if_match: str | None = None,
    if_none_match: str | None = None,
) -> Answer:
    """Store the next version of the one resource that matches, or create it where none does.

    Of writers who ask with the same criteria at the same moment, by conditional update or
    conditional create, one creates.

    Args:
        context: the request.
        resource_type: from the URL.
        query: the criteria, as in the URL.
        resource: the body; it may leave its id out.
        if_match: the If-Match header, ``W/"3"``.
        if_none_match: the If-None-Match header; ``*`` only creates.

    Raises:
        FhirError: as `update`; 412 for several matches, 400 for an id in the body that is not
            that of the match, 409 for one that belongs to a resource which does not match.
    """
    context.require("u", resource_type)
    resource = require_resource(resource, resource_type)
    wanted = criteria(context.server, resource_type, query)
    expected = expected_version(if_match)
    for _ in range(ATTEMPTS):
        found = find(context.store, wanted, 2)
        id_, previous = identity(context, resource, the_one(found))
        reference = f"{resource_type}/{id_}"
        require_version(reference, previous, expected)
        require_none(reference, previous, if_none_match)
        check = unchanged(Expected.of(wanted, found))
        try:
            return store_next(context, resource, id_, previous, locks=[wanted.lock], before=check)
        except StaleWrite:
            continue
    raise busy(resource_type)


def identity(
    context: Context, resource: dict[str, Any], found: StoredResource | None
) -> tuple[str, StoredResource | None]:
    """Give the id that a conditional update stores under, and the version it replaces.

    Args:
        context: the request.
        resource: the body.
        found: the one match.

    Raises:
        FhirError: 400, 405 or 409; see `update_matching`.
    """
    given = resource.get("id")
    if found is not None:
        require_matching_id(given, found)
        return found.id, found
    if given is None:
        return new_id(), None
    if not isinstance(given, str):
        raise invalid("The id must be a string.", "id", code="structure")
    check_id(given)
    previous = context.store.read(resource["resourceType"], given)
    if previous is not None and not previous.deleted:
        raise FhirError(
            Issue(
                "error",
                "conflict",
                "Nothing matches the criteria, and the id in the body is that of a resource that "
                "does not match them. Leave the id out to create another.",
                "id",
            )
        )
    require_may_create(context, previous)
    return given, previous
