"""How operations answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.bundle import raw
from fhir_server.fhir.outcome import Issue, operation_outcome
from fhir_server.interactions.answer import Answer, location
from fhir_server.storage.records import StoredResource


def parameters_answer(answer: Answer, issues: tuple[Issue, ...]) -> Answer:
    """Give Parameters with the stored resource as ``return``, and ``outcome`` if there is any.

    Source: https://hl7.org/fhir/R4/operations.html#response. Parameters also where there is no
    outcome, so that a client reads one shape.
    """
    parameter = [{"name": "return", "resource": raw(answer.content or b"{}")}]
    if issues:
        parameter.append({"name": "outcome", "resource": operation_outcome(issues)})
    body = json.dump({"resourceType": "Parameters", "parameter": parameter})
    return Answer(answer.status, body=body, location=answer.location)


def several_answer(
    status: int,
    named: Sequence[tuple[str, StoredResource]],
    issues: Sequence[Issue],
    more: Sequence[dict[str, Any]] = (),
) -> Answer:
    """Give Parameters with several stored resources, and ``outcome`` if there is any.

    Args:
        status: HTTP status; with 201, Location is that of the first.
        named: name of the parameter and what it gives.
        issues: warnings and advice.
        more: parameters that are no stored resources.
    """
    parameter = [{"name": name, "resource": raw(stored.body or b"{}")} for name, stored in named]
    parameter += more
    if issues:
        parameter.append({"name": "outcome", "resource": operation_outcome(issues)})
    body = json.dump({"resourceType": "Parameters", "parameter": parameter})
    where = location(named[0][1]) if status == 201 and named else None
    return Answer(status, body=body, location=where)
