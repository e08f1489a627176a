"""read and vread, conditional or not. https://hl7.org/fhir/R4/http.html#read, #vread, #cread"""

from __future__ import annotations

from datetime import datetime

from fhir_server.fhir import json
from fhir_server.fhir.ids import version_number
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.preconditions import is_known, require_living


def read(
    context: Context,
    resource_type: str,
    id_: str,
    *,
    if_none_match: str | None = None,
    if_modified_since: datetime | None = None,
) -> Answer:
    """Give the current version, or 304 to a client that has it.

    What the server publishes itself, its profiles, codes and measures, can be read where nothing is
    stored under its id.

    Args:
        context: the request.
        resource_type: from the URL.
        id_: from the URL.
        if_none_match: ETags of the versions the client has, or ``*``.
        if_modified_since: when it read; counts only without ``if_none_match``.

    Raises:
        FhirError: 404 for none, 410 for a deleted one; 400 for ``if_none_match`` without ETags.
    """
    context.require("r", resource_type)
    found = context.store.read(resource_type, id_)
    if found is None:
        published = context.server.definitions.published(resource_type, id_)
        if published is not None:
            return Answer(200, body=json.dump(published))
    stored = require_living(found, f"{resource_type}/{id_}")
    if is_known(stored, if_none_match, if_modified_since):
        return Answer(304, stored)
    return Answer(200, stored)


def vread(context: Context, resource_type: str, id_: str, version: str) -> Answer:
    """Give one version.

    Raises:
        FhirError: 404 for none, 410 for the version that deleted the resource.
    """
    context.require("r", resource_type)
    stored = context.store.read_version(resource_type, id_, version_number(version))
    return Answer(200, require_living(stored, f"{resource_type}/{id_}/_history/{version}"))
