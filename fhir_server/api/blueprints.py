"""One route for each declared interaction and operation.

The core types have routes, and so pages in the OpenAPI document, of their own; one set of routes
with the type as a variable serves all others. The same functions stand behind both.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response
from flask import request as http
from flask_smorest import Blueprint

from fhir_server.api import binary, openapi, request, system
from fhir_server.api.responses import respond, respond_to_write
from fhir_server.fhir.outcome import FhirError, Issue, invalid, not_supported
from fhir_server.fhir.parameters import affects_state
from fhir_server.interactions.context import Context, OperationRequest, Server
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete
from fhir_server.interactions.history import history
from fhir_server.interactions.read import read, vread
from fhir_server.interactions.search import search
from fhir_server.interactions.update import update
from fhir_server.resources.registry import DECLARED
from fhir_server.resources.resource_type import ResourceType

View = Callable[..., Response]
ANY = "any"


def fhir_blueprint(server: Server) -> Blueprint:
    """Give all routes under ``/fhir``; the registry and the OperationDefinitions say which."""
    blp = Blueprint("fhir", __name__, url_prefix="/fhir", description="FHIR R4")
    system.register(blp)
    for type_ in DECLARED:
        _add_type(blp, server, type_)
    _add_type(blp, server, ResourceType(ANY, "All other types of R4"))
    for definition in server.definitions.operations():
        _add_operation(blp, definition)
    return blp


def _add_type(blp: Blueprint, server: Server, type_: ResourceType) -> None:
    """Add the routes of a declaration; one named `ANY` stands for all types without their own."""
    any_type = type_.name == ANY
    segment, tag = ("<type>", "Any type") if any_type else (type_.name, type_.name)
    body = "Resource" if any_type else type_.name

    def add(
        code: str, path: str, view: View, method: str, summary: str, **documentation: Any
    ) -> None:
        if code not in type_.interactions:
            return
        document = blp.doc(**openapi.operation(summary, tag, **documentation))
        endpoint = f"{view.__name__}-{type_.name}"
        route = blp.route(f"/{segment}{path}", endpoint=endpoint, methods=[method])
        route(document(_own(view, None if any_type else type_.name)))

    parameters = [] if any_type else openapi.search_parameters(server, type_.name)
    search = f"Search. {type_.about}"
    add("search-type", "", search_type, "GET", search, parameters=parameters)
    add("search-type", "/_search", search_by_post, "POST", "Search, parameters in the body")
    add("create", "", create_resource, "POST", "Create", body=body)
    add("read", "/<id>", read_resource, "GET", "Read the current version")
    add("update", "/<id>", update_resource, "PUT", "Update, or create under this id", body=body)
    add("delete", "/<id>", delete_resource, "DELETE", "Delete; the history stays")
    add("history-instance", "/<id>/_history", history_instance, "GET", "All versions, newest first")
    add("vread", "/<id>/_history/<version>", vread_resource, "GET", "Read one version")


def _own(view: View, name: str | None) -> View:
    """Give a view for one type, or for any: flask-smorest keeps documentation on the function."""

    def own(**path: str) -> Response:
        given = [path[part] for part in ("id", "version") if part in path]
        return view(name or path["type"], *given)

    own.__name__ = view.__name__
    return own


def _context(type_: str, *, any_type: bool = False) -> Context:
    context = request.context(any_type=any_type)
    if type_ not in context.server.registry:
        near = difflib.get_close_matches(type_, [t.name for t in context.server.registry], 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise FhirError(
            Issue("error", "not-supported", f"{type_[:64]!r} is not a resource type of R4.{hint}"),
            status=404,
        )
    return context


def search_type(type_: str) -> Response:
    """search-type by GET."""
    return respond(search(_context(type_), type_, request.search_parameters()))


def search_by_post(type_: str) -> Response:
    """search-type by POST."""
    return respond(search(_context(type_), type_, request.search_parameters()))


def create_resource(type_: str) -> Response:
    """create, conditional where If-None-Exist is given."""
    context = _context(type_)
    criteria = http.headers.get("If-None-Exist")
    resource = binary.sent() if type_ == "Binary" else request.resource()
    return respond_to_write(create(context, type_, resource, criteria))


def read_resource(type_: str, id_: str) -> Response:
    """read."""
    if type_ == "Binary":
        return binary.respond_with_content(read(_context(type_, any_type=True), type_, id_))
    return respond(read(_context(type_), type_, id_))


def vread_resource(type_: str, id_: str, version: str) -> Response:
    """vread."""
    if type_ == "Binary":
        answer = vread(_context(type_, any_type=True), type_, id_, version)
        return binary.respond_with_content(answer)
    return respond(vread(_context(type_), type_, id_, version))


def update_resource(type_: str, id_: str) -> Response:
    """update, or create under an id the client chose."""
    context = _context(type_)
    if_match = http.headers.get("If-Match")
    resource = binary.sent(id_) if type_ == "Binary" else request.resource()
    return respond_to_write(update(context, type_, id_, resource, if_match))


def delete_resource(type_: str, id_: str) -> Response:
    """delete."""
    return respond_to_write(delete(_context(type_), type_, id_, http.headers.get("If-Match")))


def history_instance(type_: str, id_: str) -> Response:
    """history-instance."""
    context = _context(type_)
    numbers = dict(request.search_parameters())
    unknown = sorted(set(numbers) - {"_count", "_before"})
    if unknown:
        raise not_supported(f"history does not know {', '.join(unknown)}; it knows _count.")
    for name, text in numbers.items():
        if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
            raise invalid(f"{name} must be a whole number greater than 0.", code="value")
    count, before = numbers.get("_count"), numbers.get("_before")
    return respond(
        history(
            context,
            type_,
            id_,
            count=int(count) if count else None,
            before=int(before) if before else None,
        )
    )


def _add_operation(blp: Blueprint, definition: Mapping[str, Any]) -> None:
    code = definition["code"]
    methods = ["POST"] if affects_state(definition) else ["GET", "POST"]
    places = [(None, "")] if definition.get("system") else []
    for type_ in definition.get("resource", []):
        places += [(type_, f"/{type_}")] if definition.get("type") else []
        places += [(type_, f"/{type_}/<id>")] if definition.get("instance") else []
    for type_, path in places:
        view = _operation_view(code, type_)
        tag = type_ or "System"
        documentation = openapi.operation(
            definition.get("title", code),
            tag,
            body="Parameters" if "POST" in methods else None,
            description=definition.get("description", ""),
        )
        blp.route(f"{path}/${code}", endpoint=f"{code}{path}".replace("/", "-"), methods=methods)(
            blp.doc(**documentation)(view)
        )


def _operation_view(code: str, type_: str | None) -> View:
    def call(**path: str) -> Response:
        context = request.context()
        asked = OperationRequest(
            code,
            type_,
            path.get("id"),
            http.method,
            request.search_parameters() if http.method == "GET" else (),
            _parameters() if http.method == "POST" else None,
        )
        return respond(context.server.operations.invoke(context, asked))

    call.__name__ = code.replace("-", "_")
    return call


def _parameters() -> Any:
    if not http.content_length and not http.headers.get("Transfer-Encoding"):
        return None
    return request.resource()
