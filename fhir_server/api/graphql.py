"""$graphql over HTTP: neither what is asked nor what is answered is a FHIR resource.

Source: https://hl7.org/fhir/R4/graphql.html#invoking,
https://graphql.org/learn/serving-over-http/
"""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response
from flask import request as http

from fhir_server.api import audit, request
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.documentation import BODY, FHIR_JSON, STRING, Json
from fhir_server.api.exchange import VARY
from fhir_server.api.routing import ANY, context_for, segment, tag
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.context import Context
from fhir_server.interactions.too_slow import too_slow
from fhir_server.operations.standard.graphql.exchange import GraphqlAnswer, GraphqlRequest, refusal
from fhir_server.resources.registry import DECLARED
from fhir_server.storage.records import StoreTooSlow, StoreUnavailable

CODE = "graphql"
JSON, GRAPHQL, RESPONSE = (
    "application/json", "application/graphql", "application/graphql-response+json",
)  # fmt: skip
_ANSWERS = (JSON, RESPONSE, FHIR_JSON)


def register(blp: Blueprint) -> None:
    """Add the routes, at the system and at each resource."""
    _add(blp, "/$graphql", None)
    for type_ in (*(item.name for item in DECLARED), ANY):
        _add(blp, f"/{segment(type_)}/<id:id>/$graphql", type_)


def _add(blp: Blueprint, path: str, type_: str | None) -> None:
    def graphql(type: str | None = None, id: str | None = None) -> Response:  # noqa: A002
        return _respond(type if type_ == ANY else type_, id)

    def graphql_by_post(type: str | None = None, id: str | None = None) -> Response:  # noqa: A002
        return _respond(type if type_ == ANY else type_, id)

    for method, view in (("GET", graphql), ("POST", graphql_by_post)):
        endpoint = f"{method}-{path}".replace("/", "-")
        describe = blp.described(partial(_described, type_, method))
        blp.route(path, endpoint=endpoint, methods=[method])(describe(view))


def _respond(type_: str | None, id_: str | None) -> Response:
    # graphql-core is slow to load.
    from fhir_server.operations.standard.graphql.answer import answer

    media_type = JSON
    try:
        media_type = _media_type()
        context, asked = _context(type_), _request()
        audit.note_query(asked.query, asked.variables)
        found = answer(context, type_, id_, asked)
    except FhirError as error:
        found = refusal(error)
    except StoreTooSlow:
        found = refusal(too_slow())
    except StoreUnavailable:
        text = "The database does not answer; try again."
        found = refusal(FhirError(Issue("error", "transient", text)))
    return _response(found, media_type)


def _context(type_: str | None) -> Context:
    return context_for(type_, any_type=True) if type_ else request.context(any_type=True)


def _response(found: GraphqlAnswer, media_type: str) -> Response:
    content = json.dump(found.content)
    if http.args.get("_pretty") == "true":
        content = json.pretty(content)
    response = Response(content, found.status)
    response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    response.headers["Vary"] = VARY
    return response


def _media_type() -> str:
    """Give the media type of the answer: JSON, which is not FHIR's."""
    if not http.headers.get("Accept"):
        return JSON
    found = http.accept_mimetypes.best_match(_ANSWERS)
    if found is None:
        text = f"$graphql answers in {JSON} or {RESPONSE}."
        raise FhirError(Issue("error", "not-supported", text), status=406)
    return RESPONSE if found == RESPONSE else JSON


def _request() -> GraphqlRequest:
    if http.method in ("GET", "HEAD") or not request.has_body():
        variables = http.args.get("variables", "")
        given = json.parse(variables.encode()) if variables else None
        return _asked(http.args.get("query"), given, http.args.get("operationName"))
    if http.mimetype == GRAPHQL:
        return GraphqlRequest(_text(request.body()))
    if http.mimetype == JSON:
        return _from_json(json.parse(request.body()))
    try:
        return _from_parameters(request.resource())
    except FhirError as error:
        if error.status != 415:
            raise
    text = f"Send the query as {JSON}, as {GRAPHQL}, or in a Parameters resource."
    raise FhirError(Issue("error", "not-supported", text), status=415)


def _from_json(content: Any) -> GraphqlRequest:
    if isinstance(content, dict) and content.get("resourceType") == "Parameters":
        return _from_parameters(content)
    if not isinstance(content, dict):
        raise invalid('Send {"query": …, "variables": …, "operationName": …}.', code="structure")
    query = content.get("query", http.args.get("query"))
    return _asked(query, content.get("variables"), content.get("operationName"))


def _from_parameters(content: Any) -> GraphqlRequest:
    """Read the operation's parameters as its definition has them: one query, of type string."""
    listed = content.get("parameter") if isinstance(content, dict) else None
    parts = listed if isinstance(listed, list) else []
    given = [each for each in parts if isinstance(each, dict)]
    queries = [each.get("valueString") for each in given if each.get("name") == "query"]
    if len(given) != 1 or len(queries) != 1 or content.get("resourceType") != "Parameters":
        raise invalid("Parameters must have one parameter, query, with a valueString.")
    return _asked(queries[0], None, None)


def _asked(query: Any, variables: Any, operation_name: Any) -> GraphqlRequest:
    if not isinstance(query, str):
        raise invalid("query is missing, or is not a string.", code="required")
    if not isinstance(variables, dict | None):
        raise invalid("variables must be a JSON object.", code="structure")
    if not isinstance(operation_name, str | None):
        raise invalid("operationName must be a string.", code="structure")
    return GraphqlRequest(query, variables or {}, operation_name or None)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise invalid("The query is not UTF-8.", code="structure") from None


def _described(type_: str | None, method: str) -> Json:
    """Give the operation object of the OpenAPI document."""
    errors = {
        "type": "array",
        "items": {"type": "object", "required": ["message"]},
    }
    content = {"schema": {"type": "object", "properties": {"data": {}, "errors": errors}}}
    text = {200: "The data", **_ERRORS, **(_BODY_ERRORS if method == "POST" else {})}
    described: Json = {
        "summary": "GraphQL query",
        "tags": [tag(type_) if type_ else "System"],
        "responses": {
            str(status): {"description": about, "content": dict.fromkeys((JSON, RESPONSE), content)}
            for status, about in text.items()
        },
    }
    # What is no type of resource is no address of GraphQL either.
    described["responses"]["404"]["content"][FHIR_JSON] = {"schema": {"type": "object"}}
    if method == "GET":
        described["parameters"] = [
            {"name": "query", "in": "query", "required": True, "schema": STRING},
            {"name": "variables", "in": "query", "schema": STRING},
            {"name": "operationName", "in": "query", "schema": STRING},
        ]
    else:
        described["requestBody"] = {"required": True, "content": _BODIES}
    return described


_BODIES: Json = {
    GRAPHQL: {"schema": STRING},
    JSON: {
        "schema": {
            "type": "object",
            "required": ["query"],
            "properties": {
                "query": STRING,
                "variables": {"type": "object"},
                "operationName": STRING,
            },
        }
    },
    FHIR_JSON: {"schema": {"type": "object", "required": ["resourceType"]}},
}
_ERRORS = {
    400: "The query can't be read, or is not valid",
    403: "It asks for too much",
    404: "No such resource, or a reference that leads nowhere",
    406: "An answer in another format than JSON",
    410: "The resource was deleted",
    503: "The database does not answer; try again",
}
_BODY_ERRORS = dict.fromkeys(BODY, "The body can't be taken")
