"""create and conditional create. https://hl7.org/fhir/R4/http.html#create"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fhir_server.interactions.answer import EXISTS, Answer, location
from fhir_server.interactions.commit import commit
from fhir_server.interactions.conditional import criteria, one_match
from fhir_server.interactions.context import Context
from fhir_server.interactions.looking_ahead import LookingAhead
from fhir_server.interactions.prepare import Prepared, new_id, prepare, require_resource
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot


class _Exists(Exception):
    def __init__(self, stored: StoredResource) -> None:
        super().__init__(stored.reference)
        self.stored = stored


def create(
    context: Context,
    resource_type: str,
    resource: Any,
    if_none_exist: str | None = None,
    *,
    once: str | None = None,
) -> Answer:
    """Store a new resource under an id of the server's choice.

    Args:
        context: the request.
        resource_type: from the URL.
        resource: the body; an id in it is ignored, as R4 says.
        if_none_exist: the If-None-Exist header; one match is answered (200) and nothing stored.
            Of writers who ask with the same criteria at the same moment, one creates.
        once: a name that no other write may have carried.

    Raises:
        FhirError: 400 or 422 for a body that breaks R4, a profile or a rule; 412 for several
            matches.
    """
    context.require("c", resource_type)
    resource = require_resource(resource, resource_type)
    if if_none_exist is None:
        prepared = _prepared(context, resource)
        warnings = commit(context, [prepared], once=once)
        new = prepared.change.new
        return Answer(201, new, location=location(new), issues=warnings[new.reference])

    wanted = criteria(context.server, resource_type, if_none_exist)
    found = one_match(context.store, wanted)
    if found:
        return Answer(200, found, location=location(found), issues=(EXISTS,))

    def still_none(snapshot: Snapshot) -> None:
        found = one_match(snapshot, wanted)
        if found:
            raise _Exists(found)

    prepared = _prepared(context, resource)
    try:
        warnings = commit(context, [prepared], locks=[wanted.lock], before=still_none, once=once)
    except _Exists as exists:
        stored = exists.stored
        return Answer(200, stored, location=location(stored), issues=(EXISTS,))
    new = prepared.change.new
    return Answer(201, new, location=location(new), issues=warnings[new.reference])


def _prepared(context: Context, resource: dict[str, Any]) -> Prepared:
    looking = LookingAhead(context, resource)
    prepared = prepare(context, resource, new_id(), None, current=looking.current)
    return replace(prepared, ahead=looking.ahead)
