"""The routes of the interactions with one resource, and of the history of a type."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response
from flask import request as http

from fhir_server.api import binary, documentation, request
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.documentation import PARTIAL, VERSIONS, VERSIONS_OF_MANY, WRITING, Route
from fhir_server.api.exchange import here
from fhir_server.api.responses import respond, respond_to_write
from fhir_server.api.routing import ANY, View, add, context_for, criteria, segment, tag
from fhir_server.fhir.outcome import invalid
from fhir_server.interactions.conditional_delete import delete_matching
from fhir_server.interactions.conditional_update import update_matching
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete
from fhir_server.interactions.history import history
from fhir_server.interactions.patch import PatchDocument, patch, patch_matching
from fhir_server.interactions.read import read, vread
from fhir_server.interactions.update import update
from fhir_server.resources.resource_type import ResourceType

BINARY = "Binary"
MISSING = (404, 410)
CONFLICTS = (409, 412, 422, *documentation.BODY)
MATCHING = (
    "The search parameters of the type stand in the URL; at least one is needed. "
    "See the search of the type for which there are."
)
FORM_OF_ANSWER = frozenset({"_format", "_pretty", "_summary", "_elements"})


def create_resource(type_: str) -> Response:
    """create, conditional where If-None-Exist is given."""
    context = context_for(type_)
    return respond_to_write(create(context, type_, _sent(type_), _unless()))


def read_resource(type_: str, id: str) -> Response:  # noqa: A002 - as the path has it
    """read, conditional where If-None-Match or If-Modified-Since is given."""
    is_binary = type_ == BINARY
    asked = here()
    answer = read(
        context_for(type_, any_type=is_binary),
        type_,
        id,
        if_none_match=asked.environ.get("HTTP_IF_NONE_MATCH"),
        if_modified_since=asked.if_modified_since
        if "HTTP_IF_MODIFIED_SINCE" in asked.environ
        else None,
    )
    return binary.respond_with_content(answer) if is_binary else respond(answer)


def vread_resource(type_: str, id: str, version: str) -> Response:  # noqa: A002
    """vread."""
    is_binary = type_ == BINARY
    answer = vread(context_for(type_, any_type=is_binary), type_, id, version)
    return binary.respond_with_content(answer) if is_binary else respond(answer)


def update_resource(type_: str, id: str) -> Response:  # noqa: A002
    """update, or create under an id the client chose."""
    context = context_for(type_)
    headers = here().headers
    expected, unknown = headers.get("If-Match"), headers.get("If-None-Match")
    return respond_to_write(
        update(context, type_, id, _sent(type_, id), expected, if_none_match=unknown)
    )


def update_matching_resource(type_: str) -> Response:
    """Conditional update."""
    context = context_for(type_)
    expected, unknown = http.headers.get("If-Match"), http.headers.get("If-None-Match")
    return respond_to_write(
        update_matching(context, type_, criteria(), _sent(type_), expected, if_none_match=unknown)
    )


def patch_resource(type_: str, id: str) -> Response:  # noqa: A002
    """patch."""
    context = context_for(type_)
    document = PatchDocument.from_body(http.mimetype, request.body(), context.server)
    return respond_to_write(patch(context, type_, id, document, http.headers.get("If-Match")))


def patch_matching_resource(type_: str) -> Response:
    """Conditional patch."""
    context = context_for(type_)
    document = PatchDocument.from_body(http.mimetype, request.body(), context.server)
    expected = http.headers.get("If-Match")
    return respond_to_write(patch_matching(context, type_, criteria(), document, expected))


def delete_resource(type_: str, id: str) -> Response:  # noqa: A002
    """delete."""
    return respond_to_write(delete(context_for(type_), type_, id, http.headers.get("If-Match")))


def delete_matching_resources(type_: str) -> Response:
    """Conditional delete."""
    expected = http.headers.get("If-Match")
    return respond_to_write(delete_matching(context_for(type_), type_, criteria(), expected))


def history_type(type_: str) -> Response:
    """history-type."""
    context = context_for(type_)
    return respond(history(context, resource_type=type_, parameters=request.search_parameters()))


def history_instance(type_: str, id: str) -> Response:  # noqa: A002
    """history-instance."""
    context = context_for(type_)
    parameters = request.search_parameters()
    return respond(history(context, resource_type=type_, id=id, parameters=parameters))


def _sent(type_: str, id_: str | None = None) -> Any:
    """Give the body; that of a Binary may be its content."""
    return binary.sent(id_) if type_ == BINARY else request.resource()


def _unless() -> str | None:
    """Give the criteria of a conditional create: of the header, or of the URL, as some clients do.

    Raises:
        FhirError: 400 where both are given.
    """
    header = http.headers.get("If-None-Exist")
    if not http.query_string or FORM_OF_ANSWER.issuperset(http.args):
        return header
    if header is not None:
        raise invalid("Give criteria in If-None-Exist or in the URL, not in both.")
    return criteria()


# The code of the interaction, its path below the type, its method and its view.
ROUTES: tuple[tuple[str, str, str, View], ...] = (
    ("create", "", "POST", create_resource),
    ("update", "", "PUT", update_matching_resource),
    ("patch", "", "PATCH", patch_matching_resource),
    ("delete", "", "DELETE", delete_matching_resources),
    ("history-type", "/_history", "GET", history_type),
    ("read", "/<id:id>", "GET", read_resource),
    ("update", "/<id:id>", "PUT", update_resource),
    ("patch", "/<id:id>", "PATCH", patch_resource),
    ("delete", "/<id:id>", "DELETE", delete_resource),
    ("history-instance", "/<id:id>/_history", "GET", history_instance),
    ("vread", "/<id:id>/_history/<version:version>", "GET", vread_resource),
)


def register(blp: Blueprint, type_: ResourceType) -> None:
    """Add the routes of a declaration; one named `ANY` stands for all types without their own."""
    for code, path, method, view in ROUTES:
        if code in type_.interactions:
            route = partial(_described, type_, view)
            add(blp, f"/{segment(type_.name)}{path}", view, type_.name, method, route)


def _described(type_: ResourceType, view: View) -> Route:
    """Say what a view takes and gives."""
    name = tag(type_.name)
    types = () if type_.name == ANY else (type_.name,)
    return {**_reading(name), **_storing(name, types), **_changing(name)}[view]


def _reading(name: str) -> dict[View, Route]:
    page = ((200, "A page of versions"),)
    return {
        read_resource: Route(
            "Read the current version",
            name,
            parameters=(*PARTIAL, "IfNoneMatch", "IfModifiedSince"),
            success=((200, "The current version"), (304, "The client has it already")),
            errors=MISSING,
        ),
        vread_resource: Route(
            "Read one version",
            name,
            parameters=PARTIAL,
            success=((200, "The version"),),
            errors=MISSING,
        ),
        history_type: Route(
            "All versions of all resources of the type, newest first",
            name,
            parameters=VERSIONS_OF_MANY,
            success=page,
        ),
        history_instance: Route(
            "All versions, newest first", name, parameters=VERSIONS, success=page
        ),
    }


def _storing(name: str, types: tuple[str, ...]) -> dict[View, Route]:
    new = documentation.resource_content(*types)
    known = documentation.resource_content(*types, id_=True)
    stored = ((200, "Stored, or stored like this already"), (201, "Created"))
    conditions = (*WRITING, "IfMatch", "IfNoneMatchAny")
    return {
        create_resource: Route(
            "Create",
            name,
            body=new,
            parameters=(*WRITING, "IfNoneExist"),
            success=((201, "Created"), (200, "If-None-Exist: there is one already")),
            errors=CONFLICTS,
        ),
        update_resource: Route(
            "Update, or create under this id",
            name,
            body=known,
            parameters=conditions,
            success=stored,
            errors=(405, *CONFLICTS),
        ),
        update_matching_resource: Route(
            "Update the one resource that the search in the URL finds, or create it",
            name,
            MATCHING,
            body=new,
            parameters=conditions,
            success=stored,
            errors=(405, *CONFLICTS),
        ),
    }


def _changing(name: str) -> dict[View, Route]:
    patched = ((200, "The patched resource"),)
    deleted = ((204, "Deleted, or not there"), (200, "The same, with an OperationOutcome"))
    return {
        patch_resource: Route(
            "Patch",
            name,
            body=documentation.patch_content(),
            parameters=(*WRITING, "IfMatch"),
            success=patched,
            errors=(*MISSING, *CONFLICTS),
        ),
        patch_matching_resource: Route(
            "Patch the one resource that the search in the URL finds",
            name,
            MATCHING,
            body=documentation.patch_content(),
            parameters=(*WRITING, "IfMatch"),
            success=patched,
            errors=(*MISSING, *CONFLICTS),
        ),
        delete_resource: Route(
            "Delete; the history stays",
            name,
            parameters=(*WRITING, "IfMatch"),
            success=deleted,
            errors=(409, 412),
        ),
        delete_matching_resources: Route(
            "Delete what the search in the URL finds",
            name,
            MATCHING,
            parameters=(*WRITING, "IfMatch"),
            success=deleted,
            errors=(405, 409, 412),
        ),
    }
