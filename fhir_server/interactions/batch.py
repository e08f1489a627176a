"""batch: each entry on its own. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.bundle import bundle as make_bundle
from fhir_server.fhir.outcome import FhirError, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete
from fhir_server.interactions.dispatch import fetch
from fhir_server.interactions.entries import (
    Entry,
    error_entry,
    read_entries,
    response_entry,
    within,
)
from fhir_server.interactions.transaction import transaction
from fhir_server.interactions.update import update


def process(context: Context, bundle: Any, *, minimal: bool = True) -> Answer:
    """Carry out a bundle posted to the base: a batch or a transaction.

    Raises:
        FhirError: the body is neither; or a transaction failed.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise invalid("POST a Bundle of type batch or transaction here.", code="structure")
    match bundle.get("type"):
        case "transaction":
            return transaction(context, bundle, minimal=minimal)
        case "batch":
            return batch(context, bundle, minimal=minimal)
        case _:
            raise invalid("Bundle.type must be batch or transaction.", "Bundle.type", code="value")


def batch(context: Context, bundle: dict[str, Any], *, minimal: bool = True) -> Answer:
    """Carry out the entries one by one, in the order R4 gives; failures stand in the response."""
    entries = read_entries(context, bundle)
    responses: dict[int, dict[str, Any]] = {}
    for entry in sorted(entries, key=lambda e: e.turn):
        try:
            answer = _carry_out(context, entry)
        except FhirError as error:
            pointed = FhirError(*within(entry, error.issues), status=error.status)
            responses[entry.index] = error_entry(pointed)
        else:
            whole = entry.method == "GET" or not minimal
            responses[entry.index] = response_entry(context, answer, minimal=not whole)
    return Answer(200, body=make_bundle("batch-response", [responses[e.index] for e in entries]))


def _carry_out(context: Context, entry: Entry) -> Answer:
    if entry.method == "GET":
        return fetch(context, entry)
    if entry.method == "POST":
        return create(context, entry.resource_type, entry.resource, entry.if_none_exist)
    id_ = entry.id or ""
    if entry.method == "PUT":
        return update(context, entry.resource_type, id_, entry.resource, entry.if_match)
    return delete(context, entry.resource_type, id_, entry.if_match)
