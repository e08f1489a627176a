"""From an entry of a batch or transaction to the interaction or operation it asks for."""

from __future__ import annotations

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.fhir.parameters import affects_state
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.bundle_patch import patch_entry
from fhir_server.interactions.capabilities import capability_statement
from fhir_server.interactions.conditional_delete import delete_matching
from fhir_server.interactions.conditional_update import update_matching
from fhir_server.interactions.context import Context, OperationRequest
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete
from fhir_server.interactions.entries import READS, Entry, within
from fhir_server.interactions.history import history
from fhir_server.interactions.read import read, vread
from fhir_server.interactions.search import search
from fhir_server.interactions.update import update


def carry_out(context: Context, entry: Entry) -> Answer:
    """Carry out one entry by itself, as a batch does.

    Raises:
        FhirError: as the interaction; its issues point into the bundle.
    """
    try:
        if not entry.writes:
            return fetch(context, entry)
        return _write(context, entry)
    except FhirError as error:
        raise FhirError(*within(entry, error.issues), status=error.status) from None


def fetch(context: Context, entry: Entry) -> Answer:
    """Answer what reads: read, vread, search, history, capabilities, and operations.

    Raises:
        FhirError: as the interaction.
    """
    url = entry.url
    type_, id_ = url.resource_type, url.id
    if url.operation is not None:
        return _invoke(context, entry, url.operation)
    if url.special is not None:
        statement = capability_statement(context.server, context.base)
        return Answer(200, body=json.dump(statement))
    if url.history:
        return history(context, resource_type=type_, id=id_, parameters=url.pairs)
    if type_ is None or id_ is None:
        return search(context, type_, url.pairs)
    if url.member is not None:
        member = None if url.member == "*" else url.member
        return search(context, member, url.pairs, compartment=(type_, id_))
    if url.version is not None:
        return vread(context, type_, id_, url.version)
    return read(
        context,
        type_,
        id_,
        if_none_match=entry.if_none_match,
        if_modified_since=entry.if_modified_since,
    )


def changes_something(context: Context, entry: Entry) -> bool:
    """Tell whether an entry calls an operation that writes, and so commits by itself."""
    if entry.method in READS or entry.url.operation is None:
        return False
    operations = context.server.definitions.operations()
    return any(o["code"] == entry.url.operation and affects_state(o) for o in operations)


def _write(context: Context, entry: Entry) -> Answer:
    type_, id_, resource = entry.resource_type, entry.url.id, entry.resource
    query = entry.url.query or ""
    conditions = (entry.if_match, entry.if_none_match)
    match entry.method:
        case "POST":
            return create(context, type_, resource, entry.if_none_exist)
        case "PUT" if id_ is not None:
            return update(context, type_, id_, resource, *conditions)
        case "PUT":
            return update_matching(context, type_, query, resource, *conditions)
        case "PATCH":
            return patch_entry(context, entry)
        case _ if id_ is not None:
            return delete(context, type_, id_, entry.if_match)
        case _:
            return delete_matching(context, type_, query, entry.if_match)


def _invoke(context: Context, entry: Entry, code: str) -> Answer:
    url = entry.url
    asked = OperationRequest(
        code, url.resource_type, url.id, entry.method, url.pairs, entry.resource
    )
    return context.server.operations.invoke(context, asked)
