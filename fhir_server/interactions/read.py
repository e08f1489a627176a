"""read and vread. https://hl7.org/fhir/R4/http.html#read, #vread"""

from __future__ import annotations

from fhir_server.fhir.outcome import gone, not_found
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context


def read(context: Context, resource_type: str, id_: str) -> Answer:
    """Give the current version.

    Raises:
        FhirError: 404 for none, 410 for a deleted one.
    """
    stored = context.store.read(resource_type, id_)
    if stored is None:
        raise not_found(f"{resource_type}/{id_}")
    if stored.deleted:
        raise gone(stored.reference)
    return Answer(200, stored)


def vread(context: Context, resource_type: str, id_: str, version: str) -> Answer:
    """Give one version.

    Raises:
        FhirError: 404 for none, 410 for the version that deleted the resource.
    """
    number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else 0
    stored = context.store.read_version(resource_type, id_, number)
    if stored is None:
        raise not_found(f"{resource_type}/{id_}/_history/{version}")
    if stored.deleted:
        raise gone(f"{stored.reference}/_history/{version}")
    return Answer(200, stored)
