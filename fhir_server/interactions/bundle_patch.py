"""PATCH inside a batch or transaction.

The patch is a Binary that holds a JSON or XML Patch, or a Parameters that holds a FHIRPath Patch.

Source: https://hl7.org/fhir/R4/http.html#patch
"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.entries import Entry
from fhir_server.interactions.patch import patch, patch_matching, patched
from fhir_server.interactions.patches.document import PatchDocument
from fhir_server.interactions.preconditions import require_living
from fhir_server.storage.records import StoredResource


def patch_entry(context: Context, entry: Entry) -> Answer:
    """Carry out a PATCH by itself.

    Raises:
        FhirError: as `fhir_server.interactions.patch.patch`.
    """
    document = PatchDocument.from_resource(entry.resource, context.server)
    type_, id_ = entry.resource_type, entry.url.id
    if id_ is not None:
        return patch(context, type_, id_, document, entry.if_match)
    return patch_matching(context, type_, entry.url.query or "", document, entry.if_match)


def patched_by(
    context: Context, patch: dict[str, Any], reference: str, previous: StoredResource | None
) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """Give the resource that a patch makes of a version, and what the client should know.

    Args:
        context: the request.
        patch: the Binary or Parameters.
        reference: ``Type/id``.
        previous: the version.

    Raises:
        FhirError: 404 or 410 for nothing to patch; 400 or 422 for a patch that does not fit.
    """
    living = require_living(previous, reference)
    document = PatchDocument.from_resource(patch, context.server)
    return patched(document, json.parse(living.body or b"{}"))
