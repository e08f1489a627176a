"""The routes of operations, one for each place that an OperationDefinition names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask import Response
from flask import request as http

from fhir_server.api import documentation, graphql, request
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.documentation import READING, Route
from fhir_server.api.responses import respond
from fhir_server.api.routing import ANY, context_for, segment, tag
from fhir_server.fhir.parameters import PRIMITIVES, affects_state
from fhir_server.interactions.context import OperationRequest
from fhir_server.profiles.definitions import Definitions
from fhir_server.resources.registry import DECLARED

Definition = Mapping[str, Any]
# Gives the media types that an operation renders, by its code.
Renders = Callable[[str], tuple[str, ...]]

SYSTEM = "System"
# A definition for this type is one for every type.
EVERY = "Resource"


def register(blp: Blueprint, definitions: Definitions, renders: Renders) -> None:
    """Add the routes of all operations."""
    for definition in definitions.operations():
        if definition["code"] == graphql.CODE:
            continue  # it has routes of its own
        methods = ["POST"] if affects_state(definition) else ["GET", "POST"]
        for type_, below in _places(definition):
            path = f"/{segment(type_)}{below}" if type_ else ""
            path = f"{path}/${definition['code']}"
            for method in methods:
                _add(blp, renders(definition["code"]), definition, type_, path, method)


def _places(definition: Definition) -> Iterator[tuple[str | None, str]]:
    """Give the type and what comes below it, of each address the operation has."""
    if definition.get("system"):
        yield None, ""
    for named in definition.get("resource", []):
        # A declared type has an address of its own: what is said of any type is beside it.
        types = [ANY, *(item.name for item in DECLARED)] if named == EVERY else [named]
        for type_ in types:
            if definition.get("type"):
                yield type_, ""
            if definition.get("instance"):
                yield type_, "/<id:id>"


def _add(
    blp: Blueprint,
    renders: tuple[str, ...],
    definition: Definition,
    type_: str | None,
    path: str,
    method: str,
) -> None:
    view = _view(definition["code"], type_, renders)
    endpoint = f"{method}-{path}".replace("/", "-").replace(".", "-")
    describe = blp.described(
        lambda: replace(_described(definition, type_, method), renders=renders).as_openapi()
    )
    blp.route(path, endpoint=endpoint, methods=[method])(describe(view))


def _view(code: str, type_: str | None, renders: tuple[str, ...]) -> Any:
    def call(type: str | None = None, id: str | None = None) -> Response:  # noqa: A002
        named = type if type_ == ANY else type_
        wanted = request.rendering(renders)
        rendered = bool(wanted)
        context = (
            context_for(named, rendered=rendered) if named else request.context(rendered=rendered)
        )
        by_get = http.method in ("GET", "HEAD")
        asked = OperationRequest(
            code,
            named,
            id,
            "GET" if by_get else "POST",
            request.url_parameters(),
            None if by_get else _parameters(),
            wanted,
        )
        return respond(context.server.operations.invoke(context, asked))

    call.__name__ = code.replace("-", "_")
    return call


def _parameters() -> Any:
    return request.resource() if request.has_body() else None


def _described(definition: Definition, type_: str | None, method: str) -> Route:
    inputs = [p for p in definition.get("parameter", []) if p["use"] == "in"]
    by_get = method == "GET"
    created = ((201, "Created, and the answer"),) if affects_state(definition) else ()
    return Route(
        definition.get("title", definition["code"]),
        tag(type_) if type_ else SYSTEM,
        description=definition.get("description", ""),
        parameters=READING,
        query=documentation.operation_parameters(inputs, PRIMITIVES) if by_get else (),
        body=None if by_get else documentation.resource_content("Parameters"),
        needs_body=any(parameter["min"] > 0 for parameter in inputs),
        success=((200, "The answer"), *created, (202, "Under way: Content-Location has the job")),
        errors=(409, 412, 422, 429, *(() if by_get else documentation.BODY)),
    )
