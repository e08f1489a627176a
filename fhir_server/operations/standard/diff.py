"""$diff: what changed between two versions of a resource. docs/operations/diff.md"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.patches.difference import difference
from fhir_server.interactions.read import read, vread
from fhir_server.operations.operation import Call


def run(call: Call) -> Answer:
    """Give the FHIRPath Patch that turns one version into another.

    Raises:
        FhirError: 404 for no such resource or version, 410 for one that is a deletion.
    """
    resource_type, id_ = call.resource_type or "", call.id or ""
    to = call.arguments.get("toVersion")
    if to is None:
        later = read(call.context, resource_type, id_)
    else:
        later = vread(call.context, resource_type, id_, str(to))
    assert later.stored is not None  # noqa: S101 - a read gives what it read
    from_ = call.arguments.get("fromVersion", max(later.stored.version - 1, 1))
    earlier = vread(call.context, resource_type, id_, str(from_))
    versions = [json.parse(answer.content or b"{}") for answer in (earlier, later)]
    operations = difference(call.context.server.definitions, *versions)
    body: dict[str, Any] = {"resourceType": "Parameters"}
    if operations:
        body["parameter"] = operations
    return Answer(200, body=json.dump(body))
