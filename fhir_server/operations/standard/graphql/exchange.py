"""What a GraphQL client asks for and is answered. Needs no graphql-core, which is slow to load.

Source: https://hl7.org/fhir/R4/graphql.html#errors
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, operation_outcome

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GraphqlRequest:
    """What a client asks for.

    Args:
        query: the document.
        variables: their values by name.
        operation_name: which of several operations to run.
    """

    query: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


@dataclass(frozen=True, slots=True)
class GraphqlAnswer:
    """The HTTP status, and the JSON object."""

    status: int
    content: Json


def refusal(error: FhirError, at: Json | None = None) -> GraphqlAnswer:
    """Give the answer to what can't be done: one error for each issue."""
    errors = [
        {"message": issue.text, **(at or {}), "extensions": extensions(issue)}
        for issue in error.issues
    ]
    return GraphqlAnswer(error.status, {"data": None, "errors": errors})


def extensions(issue: Issue) -> Json:
    """Give what an error carries besides its message: the OperationOutcome."""
    return {"resource": operation_outcome([issue])}
