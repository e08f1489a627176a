"""Calls of operations, wherever they come from: checked against the OperationDefinition, then run.

Source: https://hl7.org/fhir/R4/operations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, has_errors
from fhir_server.fhir.parameters import Arguments, affects_state, read_body, read_query
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context, OperationRequest
from fhir_server.interactions.prepare import require_resource
from fhir_server.operations import who_asks
from fhir_server.operations.operation import Call, Operation
from fhir_server.operations.resource_body import Body
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.value_sets import members

Definition = Mapping[str, Any]

# The parameter of links to further pages, of operations as of searches.
CURSOR = "_cursor"


class Invoker:
    """Runs operations.

    Args:
        definitions: the OperationDefinitions.
        operations: the code behind them, by code.
    """

    def __init__(self, definitions: Definitions, operations: Mapping[str, Operation]) -> None:
        self._definitions = definitions
        self._operations = operations
        # One code may have several definitions, each for addresses of its own.
        self._by_code: dict[str, list[Definition]] = {}
        for definition in definitions.operations():
            self._by_code.setdefault(definition["code"], []).append(definition)

    def renders(self, code: str) -> tuple[str, ...]:
        """Give the media types that an operation can answer in beside FHIR R4's."""
        return self._operations[code].renders

    def invoke(self, context: Context, request: OperationRequest) -> Answer:
        """Carry out an operation.

        Raises:
            FhirError: 403 where who asks may not call it, or may not as whom it names; 404 for one
                that does not exist there, 405 for a GET of one that changes
                something, 400 for parameters that its definition does not allow; and what the
                operation itself raises.
        """
        definition = self._definition(request)
        if request.method == "GET" and affects_state(definition):
            raise FhirError(
                Issue("error", "not-supported", f"${request.code} changes something: POST it."),
                status=405,
            )
        writes = affects_state(definition)
        context.store.access.require_operation(request.code, writes=writes)
        operation = self._operations[request.code]
        cursor = dict(request.pairs).get(CURSOR) if operation.paged else None
        if cursor is not None:
            others = [pair for pair in request.pairs if pair[0] != CURSOR]
            request = replace(request, pairs=others)
        arguments = self._arguments(context, definition, operation, request)
        call = Call(
            context,
            request.resource_type,
            request.id,
            arguments,
            cursor=cursor,
            by_get=request.method == "GET",
            media_type=request.media_type,
        )
        return operation.run(who_asks.settled(call, request.code))

    def _definition(self, request: OperationRequest) -> Definition:
        for definition in self._by_code.get(request.code, ()):
            if _offered(definition, request):
                return definition
        text = f"There is no operation ${request.code[:64]} here. GET [base]/metadata lists all."
        raise FhirError(Issue("error", "not-supported", text), status=404)

    def _arguments(
        self,
        context: Context,
        definition: Definition,
        operation: Operation,
        request: OperationRequest,
    ) -> Arguments:
        codes_of = partial(members, self._definitions)
        if request.method == "GET":
            return read_query(definition, request.pairs, codes_of)
        if operation.about:
            body = Body.read(definition, operation.about, request)
            _require_valid(context, body.parameters)
            in_url = read_query(definition, request.pairs, codes_of)
            return body.arguments(read_body(definition, body.parameters, codes_of), in_url)
        if request.resource is None:
            return read_body(definition, None, codes_of)
        parameters = require_resource(request.resource, "Parameters")
        _require_valid(context, parameters)
        return read_body(definition, parameters, codes_of)


def _require_valid(context: Context, parameters: Any) -> None:
    issues = context.server.validator.validate(json.plain(json.dump(parameters)))
    if has_errors(issues):
        raise FhirError(*(each for each in issues if has_errors([each])))


def _offered(definition: Definition, request: OperationRequest) -> bool:
    if request.resource_type is None:
        return bool(definition.get("system"))
    types = definition.get("resource", [])
    if request.resource_type not in types and "Resource" not in types:
        return False
    return bool(definition.get("instance" if request.id is not None else "type"))
