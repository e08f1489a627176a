"""The entries of the response to a batch or transaction.

https://hl7.org/fhir/R4/http.html#transaction-response
"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.bundle import raw
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.outcome import FhirError, operation_outcome
from fhir_server.interactions.answer import EXISTS, UNCHANGED, Answer, etag
from fhir_server.interactions.context import Context
from fhir_server.interactions.entries import Entry


def response_entry(
    context: Context, entry: Entry, answer: Answer, prefer: str | None
) -> dict[str, Any]:
    """Give the entry for one answer.

    Args:
        context: the request.
        entry: what was asked.
        answer: what came of it.
        prefer: ``return`` of the Prefer header, for what the bundle writes; minimal for none.
    """
    response: dict[str, Any] = {"status": str(answer.status)}
    given: dict[str, Any] = {}
    if answer.location:
        response["location"] = f"{context.base}/{answer.location}"
    if answer.stored is not None:
        response["etag"] = etag(answer.stored)
        response["lastModified"] = instant_text(answer.stored.last_updated)
        given["fullUrl"] = f"{context.base}/{answer.stored.reference}"
    told = entry.writes and prefer == "OperationOutcome"
    if _is_outcome(entry, answer):
        response["outcome"] = raw(answer.body or b"")
    elif told or set(answer.issues) - {UNCHANGED, EXISTS}:
        response["outcome"] = operation_outcome(answer.issues)
    if _has_resource(entry, answer, prefer):
        given["resource"] = raw(answer.content or b"")
    return {**given, "response": response}


def _is_outcome(entry: Entry, answer: Answer) -> bool:
    """Tell whether the answer is about a write, and not a resource: a conditional delete's is."""
    return entry.method == "DELETE" and answer.body is not None


def _has_resource(entry: Entry, answer: Answer, prefer: str | None) -> bool:
    if answer.content is None or answer.status == 304 or entry.method in ("HEAD", "DELETE"):
        return False
    return not entry.writes or prefer == "representation"


def error_entry(error: FhirError) -> dict[str, Any]:
    """Give the entry of a batch response for a request that failed."""
    response = {"status": str(error.status), "outcome": operation_outcome(error.issues)}
    return {"response": response}
