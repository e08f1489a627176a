"""$graphql as an operation among the others: called by Parameters, answered by a Binary.

Source: https://hl7.org/fhir/R4/resource-operation-graphql.html
"""

from __future__ import annotations

import base64

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.operations.standard.graphql.exchange import GraphqlRequest


def run(call: Call) -> Answer:
    """Answer a query inside a bundle, where every answer is a resource.

    Raises:
        FhirError: what is wrong with the query.
    """
    from fhir_server.operations.standard.graphql.answer import (
        answer,  # graphql-core is slow to load
    )

    request = GraphqlRequest(call.arguments["query"])
    found = answer(call.context, call.resource_type, call.id, request)
    if found.status != 200:
        issues = [Issue("error", "processing", each["message"]) for each in found.content["errors"]]
        raise FhirError(*issues, status=found.status)
    data = base64.b64encode(json.dump(found.content)).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json", "data": data}
    return Answer(200, body=json.dump(binary))
