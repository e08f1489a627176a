"""delete. https://hl7.org/fhir/R4/http.html#delete"""

from __future__ import annotations

from fhir_server.interactions.answer import Answer
from fhir_server.interactions.commit import commit
from fhir_server.interactions.context import Context
from fhir_server.interactions.preconditions import expected_version, require_version
from fhir_server.interactions.prepare import deletion
from fhir_server.interactions.update import ATTEMPTS, busy
from fhir_server.storage.records import StaleWrite


def delete(context: Context, resource_type: str, id_: str, if_match: str | None = None) -> Answer:
    """Delete a resource; its history stays. Deleting what is not there succeeds, as R4 says.

    Raises:
        FhirError: 412 where ``if_match`` names another version than the current; 409 with who
            refers to the resource.
    """
    context.require("d", resource_type)
    expected = expected_version(if_match)
    reference = f"{resource_type}/{id_}"
    for _ in range(ATTEMPTS):
        previous = context.store.read(resource_type, id_)
        if previous is not None and previous.deleted:
            return Answer(204, previous)
        require_version(reference, previous, expected)
        if previous is None:
            return Answer(204)
        prepared = deletion(previous)
        try:
            commit(context, [prepared])
        except StaleWrite:
            continue
        return Answer(204, prepared.change.new)
    raise busy(reference)
