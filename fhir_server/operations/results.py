"""How operations answer."""

from __future__ import annotations

from fhir_server.fhir import json
from fhir_server.fhir.bundle import raw
from fhir_server.fhir.outcome import Issue, operation_outcome
from fhir_server.interactions.answer import Answer


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
