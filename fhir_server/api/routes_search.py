"""The routes of searches: of a type, of the system, of a compartment; by GET and by POST."""

from __future__ import annotations

from functools import partial

from flask import Response

from fhir_server.api import documentation, request
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.documentation import PARTIAL, Route
from fhir_server.api.responses import respond
from fhir_server.api.routing import ANY, add, context_for, segment, tag
from fhir_server.interactions.search import search
from fhir_server.profiles.definitions import Definitions
from fhir_server.resources.resource_type import ResourceType

SYSTEM_TAG = "System"
SEARCHING = (*PARTIAL, "Count", "Cursor", "Handling")
FOUND = ((200, "A page of what matches"),)


def search_type(type_: str) -> Response:
    """search-type, by GET or POST."""
    return respond(search(context_for(type_), type_, request.search_parameters()))


def search_all() -> Response:
    """search-system, by GET or POST."""
    return respond(search(request.context(), None, request.search_parameters()))


def search_compartment(type_: str, id: str, inner: str) -> Response:  # noqa: A002
    """A search inside a compartment, of one type or, with ``*``, of all."""
    context = request.context() if inner == "*" else context_for(inner)
    answer = search(
        context,
        None if inner == "*" else inner,
        request.search_parameters(),
        compartment=(type_, id),
    )
    return respond(answer)


def register(blp: Blueprint, type_: ResourceType) -> None:
    """Add the searches of a type; see `routes_types.register`."""
    if "search-type" not in type_.interactions:
        return
    path, name = f"/{segment(type_.name)}", tag(type_.name)
    add(blp, path, search_type, type_.name, "GET", partial(_by_get, type_))
    add(blp, f"{path}/_search", search_type, type_.name, "POST", partial(_by_post, name))


def _by_get(type_: ResourceType) -> Route:
    # The published parameters: those that come and go would make each worker say another thing.
    parser = request.server().search.published
    query = [] if type_.name == ANY else documentation.search_parameters(parser, type_.name)
    summary = f"Search. {type_.about}".strip()
    return Route(summary, tag(type_.name), parameters=SEARCHING, query=query, success=FOUND)


def _by_post(name: str) -> Route:
    return Route(
        "Search, parameters in the body, in the URL or in both",
        name,
        parameters=("Format", "Pretty", "Handling"),
        body=documentation.form_content(),
        needs_body=False,
        success=FOUND,
        errors=documentation.BODY,
    )


def register_system(blp: Blueprint) -> None:
    """Add the searches of all types."""

    def search_system() -> Response:
        return search_all()

    def search_system_by_post() -> Response:
        return search_all()

    get = Route("Search all types, or those that _type names", SYSTEM_TAG, success=FOUND,
                parameters=SEARCHING,
                query=[{"name": "_type", "in": "query", "schema": documentation.STRING,
                        "description": "Types, separated by commas"}])  # fmt: skip
    route = blp.route("", methods=["GET"], strict_slashes=False)
    route(blp.described(get.as_openapi)(search_system))
    route = blp.route("/_search", methods=["POST"])
    route(blp.described(_by_post(SYSTEM_TAG).as_openapi)(search_system_by_post))


def register_compartments(blp: Blueprint, definitions: Definitions) -> None:
    """Add the searches of compartments, ``/Patient/123/Observation`` and ``/Patient/123/*``."""
    for name in (each for each in definitions.resource_types if definitions.compartment(each)):
        path = f"/{name}/<id:id>/<type_or_all:inner>"
        summary = f"Search in the {name}'s compartment, one type or, with *, all"
        get = partial(Route, summary, name, parameters=SEARCHING, success=FOUND)
        add(blp, path, search_compartment, name, "GET", get)
        add(blp, f"{path}/_search", search_compartment, name, "POST", partial(_by_post, name))
