"""$reindex: lets stored SearchParameters take effect. docs/operations/reindex.md"""

from __future__ import annotations

import threading
from typing import Any

from fhir_server.bulk.reindex import Reindex, Stopped, Unwatched
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call

# Set when this process is to end: what is not done is left to the next reindex.
STOPPING = threading.Event()


def run(call: Call) -> Answer:
    """Index what is due, and tell which SearchParameters answer since.

    Returns:
        Parameters: ``written``, and ``searchParameter`` for each that came into force.

    Raises:
        FhirError: 503, it was stopped before the end; another goes on from there.
    """
    context = call.context
    everything = call.arguments.get("all") is True
    reindex = Reindex(context.server, context.store, Unwatched(), STOPPING.is_set)
    try:
        outcome = reindex.run(everything=everything)
    except Stopped:
        text = "The reindex was stopped. What is done stays: ask again, and it goes on from there."
        raise FhirError(Issue("error", "transient", text)) from None
    parameters: list[dict[str, Any]] = [{"name": "written", "valueInteger": outcome.written}]
    parameters += [
        {"name": "searchParameter", "valueReference": {"reference": f"SearchParameter/{id_}"}}
        for id_ in outcome.activated
    ]
    body = {"resourceType": "Parameters", "parameter": parameters}
    return Answer(200, body=json.dump(body))
