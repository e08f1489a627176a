"""The resource that an operation at Type/[id] is about, in the version that it was read in."""

from __future__ import annotations

from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.preconditions import require_living
from fhir_server.storage.records import StoredResource
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.elements import child, target

Resource = dict[str, Any]
Found = tuple[StoredResource, Resource]


def living(context: Context, resource_type: str, id_: str | None) -> Found:
    """Give the current version of a resource, and what it says.

    Raises:
        FhirError: 404 for none, 410 for one that was deleted.
    """
    id_ = id_ or ""
    stored = require_living(context.store.read(resource_type, id_), f"{resource_type}/{id_}")
    return stored, json.parse(stored.body or b"{}")


def other_kind(resource: Resource, words: str, element: str) -> FhirError:
    """Give the refusal (422) of a resource that is of the type, but not what the operation is for.

    Args:
        resource: the resource.
        words: what it is not, and how that shows, after its reference.
        element: the one that says so.
    """
    type_ = resource["resourceType"]
    text = f"{type_}/{resource['id']} {words}"
    return FhirError(Issue("error", "business-rule", text, f"{type_}.{element}"), status=422)


def patient_of(resource: Resource, paragraph: LawParagraph) -> str:
    """Give ``Patient/[id]``, whose a resource is.

    Args:
        resource: a resource with a ``subject``.
        paragraph: that says whose it must be.

    Raises:
        FhirError: 422, the subject is no Patient of this server.
    """
    patient = target(child(resource, "subject"))
    if patient.resource_type != "Patient":
        text = "The subject must be a reference to a Patient on this server (Patient/[id])."
        where = f"{resource['resourceType']}.subject"
        issue = Issue("error", "business-rule", text, where, (paragraph.coding,))
        raise FhirError(issue, status=422)
    return patient.literal
