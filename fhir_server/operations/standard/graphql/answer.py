"""From a GraphQL request to its answer: data, or errors that each carry an OperationOutcome.

An answer has data or errors, never both: where a part can't be given, R4 asks for an error
instead of the graph.

Source: https://hl7.org/fhir/R4/graphql.html#errors
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from graphql import GraphQLError
from graphql.execution.values import get_variable_values

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.read import read
from fhir_server.operations.standard.graphql import documents
from fhir_server.operations.standard.graphql.documents import Refused
from fhir_server.operations.standard.graphql.exchange import (
    GraphqlAnswer,
    GraphqlRequest,
    Json,
    extensions,
    refusal,
)
from fhir_server.operations.standard.graphql.execution import Execution, Located
from fhir_server.operations.standard.graphql.schema import SchemaSource
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.parse import QueryParser

_GIVEN_VALUE = (
    (re.compile(r"got invalid value .*?(?=; |$)", re.S), "got a value that does not fit"),
    (re.compile(r"(cannot represent [^:]*): .*", re.S), r"\1."),
    (re.compile(r"(Expected value of (?:non-null )?type '[^']*'), found .*", re.S), r"\1."),
)


def answer(
    context: Context, resource_type: str | None, id_: str | None, request: GraphqlRequest
) -> GraphqlAnswer:
    """Answer a request; never raises what a client did wrong.

    Args:
        context: the request.
        resource_type: of the resource in scope; None for the whole system.
        id_: of the resource in scope.
        request: what is asked.
    """
    try:
        root = _root(context, resource_type, id_)
        data = _data(context, resource_type, root, request)
    except FhirError as error:
        return refusal(error)
    except Located as error:
        listed = [node.loc for node in error.asked.nodes if node.loc]
        places = [
            {"line": loc.start_token.line, "column": loc.start_token.column} for loc in listed
        ]
        return refusal(error.error, {"locations": places[:1], "path": list(error.path)})
    except GraphQLError as error:
        return _invalid([error])
    except Refused as error:
        return _invalid(error.errors)
    return GraphqlAnswer(200, {"data": data})


def _root(context: Context, resource_type: str | None, id_: str | None) -> Json | None:
    if resource_type is None or id_ is None:
        return None
    resource: Json = json.parse(read(context, resource_type, id_).content or b"{}")
    return resource


def _data(
    context: Context, resource_type: str | None, root: Json | None, request: GraphqlRequest
) -> Json:
    source = _schemas(context.server.definitions, context.server.parser)
    schema = source.of(resource_type) if resource_type else source.system
    document = documents.read(schema, request.query)
    operation = documents.operation(document, request.operation_name)
    definitions = operation.variable_definitions or ()
    variables = get_variable_values(schema, definitions, dict(request.variables))
    if isinstance(variables, list):
        raise Refused(variables)
    return Execution(context, schema, document, variables).run(operation, root)


# The parser is a new one whenever the search parameters have changed.
@lru_cache(maxsize=2)
def _schemas(definitions: Definitions, parser: QueryParser) -> SchemaSource:
    return SchemaSource(definitions, parser)


def _invalid(errors: Any) -> GraphqlAnswer:
    return GraphqlAnswer(400, {"data": None, "errors": [_formatted(each) for each in errors]})


def _formatted(error: GraphQLError) -> Json:
    """Give an error of graphql-core, without the values that a client sent."""
    message = error.message
    for pattern, said in _GIVEN_VALUE:
        message = pattern.sub(said, message)
    found: Json = {"message": message}
    if error.locations:
        found["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    found["extensions"] = extensions(Issue("error", "invalid", message))
    return found
