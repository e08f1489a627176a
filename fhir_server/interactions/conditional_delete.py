"""conditional delete, of one or of all that match. https://hl7.org/fhir/R4/http.html#3.1.0.7.1"""

from __future__ import annotations

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, operation_outcome
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.commit import commit
from fhir_server.interactions.conditional import Criteria, Expected, criteria, find, unchanged
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.preconditions import expected_version, require_version
from fhir_server.interactions.prepare import deletion
from fhir_server.interactions.update import ATTEMPTS, busy
from fhir_server.storage.records import StaleWrite, StoredResource


def delete_matching(
    context: Context, resource_type: str, query: str, if_match: str | None = None
) -> Answer:
    """Delete what matches: one resource, or all, as ``settings.conditional_delete`` says.

    Args:
        context: the request.
        resource_type: from the URL.
        query: the criteria, as in the URL.
        if_match: the If-Match header; every match must be at this version.

    Returns:
        204; where all that match are deleted, 200 with an OperationOutcome that says how many.

    Raises:
        FhirError: 400 for no criteria, or where the server deletes by id only; 412 for several
            matches where it deletes one, or for ``if_match``; 413 for more than it deletes at
            once; 409 where others refer to a match.
    """
    context.require("d", resource_type)
    expected = expected_version(if_match)
    wanted = deletable(context.server, resource_type, query)
    for _ in range(ATTEMPTS):
        found = matches(context, wanted)
        for stored in found:
            require_version(stored.reference, stored, expected)
        prepared = [deletion(stored) for stored in found]
        check = unchanged(Expected.of(wanted, found, limit(context.server)))
        try:
            if prepared:
                commit(context, prepared, locks=[wanted.lock], before=check)
        except StaleWrite:
            continue
        if context.server.settings.conditional_delete == "multiple":
            return Answer(200, body=told(len(found)))
        return Answer(204, prepared[0].change.new if prepared else None)
    raise busy(resource_type)


def deletable(server: Server, resource_type: str, query: str) -> Criteria:
    """Read the criteria of a conditional delete.

    Raises:
        FhirError: 400 for no criteria, or where the server deletes by id only.
    """
    if server.settings.conditional_delete == "off":
        text = "This server deletes by id only: search, then DELETE what is found, one by one."
        raise FhirError(Issue("error", "not-supported", text), status=400)
    return criteria(server, resource_type, query)


def limit(server: Server) -> int:
    """Give how many matches to ask for: one more than may be deleted."""
    settings = server.settings
    return 1 + (settings.max_bundle_entries if settings.conditional_delete == "multiple" else 1)


def matches(context: Context, wanted: Criteria) -> list[StoredResource]:
    """Give the resources to delete.

    Raises:
        FhirError: 412 for several where one may be deleted; 413 for more than are at once.
    """
    most = limit(context.server)
    found = find(context.store, wanted, most)
    if len(found) < most:
        return found
    if context.server.settings.conditional_delete == "single":
        text = (
            "More than one resource matches the criteria, and this server deletes one at a time; "
            "nothing was deleted."
        )
        raise FhirError(Issue("error", "multiple-matches", text))
    text = (
        f"More than {most - 1} resources match the criteria, the most that are deleted at once; "
        "nothing was deleted. Make the criteria more specific."
    )
    raise FhirError(Issue("error", "too-costly", text), status=413)


def told(count: int) -> bytes:
    """Give the OperationOutcome that says how many resources were deleted."""
    what = "1 resource was" if count == 1 else f"{count} resources were"
    issue = Issue("information", "informational", f"{what} deleted.")
    return json.dump(operation_outcome([issue]))
