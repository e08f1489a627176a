"""batch: each entry on its own. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fhir_server.fhir.bundle import bundle as make_bundle
from fhir_server.fhir.outcome import FhirError, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.dispatch import carry_out
from fhir_server.interactions.entries import Entry, read_entries, within
from fhir_server.interactions.entry_answers import error_entry, response_entry
from fhir_server.interactions.live_conformance import Settling
from fhir_server.interactions.too_slow import too_slow
from fhir_server.interactions.transaction import transaction
from fhir_server.storage.records import StoreTooSlow
from fhir_server.storage.time_limit import limited


def process(
    context: Context,
    bundle: Any,
    *,
    prefer: str | None = None,
    again: Callable[[], Any] | None = None,
) -> Answer:
    """Carry out a bundle posted to the base: a batch or a transaction.

    Args:
        context: the request.
        bundle: the body.
        prefer: what to answer about each write: ``minimal`` (also for None),
            ``representation`` or ``OperationOutcome``.
        again: reads the bundle once more; see `transaction`.

    Raises:
        FhirError: the body is neither; or a transaction failed.
    """
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise invalid("POST a Bundle of type batch or transaction here.", code="structure")
    match bundle.get("type"):
        case "transaction":
            return transaction(context, bundle, prefer=prefer, again=again)
        case "batch":
            return batch(context, bundle, prefer=prefer)
        case _:
            raise invalid("Bundle.type must be batch or transaction.", "Bundle.type", code="value")


def batch(context: Context, bundle: dict[str, Any], *, prefer: str | None = None) -> Answer:
    """Carry out the entries one by one, in the order R4 gives; failures stand in the response."""
    settling = Settling()
    context = replace(context, settling=context.settling or settling)
    read = read_entries(context, bundle)
    responses = {
        index: error_entry(each) for index, each in enumerate(read) if isinstance(each, FhirError)
    }
    entries = [each for each in read if isinstance(each, Entry)]
    for entry in sorted(entries, key=lambda e: e.turn):
        try:
            answer = _carried_out(context, entry)
        except FhirError as error:
            responses[entry.index] = error_entry(error)
        else:
            responses[entry.index] = response_entry(context, entry, answer, prefer)
    settling.wait()
    listed = [responses[index] for index in range(len(read))]
    return Answer(200, body=make_bundle("batch-response", listed))


def _carried_out(context: Context, entry: Entry) -> Answer:
    """Carry out an entry; one that reads has as much time as a request of its own."""
    if entry.writes:
        return carry_out(context, entry)
    try:
        with limited(context.server.settings.search_seconds):
            return carry_out(context, entry)
    except StoreTooSlow:
        error = too_slow()
        raise FhirError(*within(entry, error.issues), status=error.status) from None
