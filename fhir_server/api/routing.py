"""How routes are added for one type, and for any."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response
from flask import request as http

from fhir_server.api import request
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.documentation import Route
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.suggestions import suggestion
from fhir_server.interactions.context import Context

# The first argument of a view is the type; then what else the address names.
View = Callable[..., Response]

# The declaration that stands for all types that have none.
ANY = "any"
ANY_TAG = "Any type"


def segment(type_: str) -> str:
    """Give the segment of an address that names the type."""
    return "<type:type>" if type_ == ANY else type_


def tag(type_: str) -> str:
    """Give the group of the OpenAPI document that a type's routes stand in."""
    return ANY_TAG if type_ == ANY else type_


def add(
    blp: Blueprint, path: str, view: View, type_: str, method: str, route: Callable[[], Route]
) -> None:
    """Add a route.

    Args:
        blp: the blueprint.
        path: the address.
        view: what answers; it is given the type and the variables of the path, by name.
        type_: the type that the path names, or `ANY`.
        method: the HTTP method; with GET comes HEAD.
        route: gives what to say of it; called when somebody asks.
    """
    own = _for_type(view, type_)
    endpoint = f"{view.__name__}-{path}".replace("/", "-").replace(".", "-")
    describe = blp.described(lambda: route().as_openapi())
    blp.route(path, endpoint=endpoint, methods=[method])(describe(own))


def _for_type(view: View, type_: str) -> View:
    # The blueprint knows the description by the function, so each route has one of its own.
    def any_type(type: str, **path: str) -> Response:  # noqa: A002 - as the path has it
        return view(type, **path)

    def one_type(**path: str) -> Response:
        return view(type_, **path)

    own = any_type if type_ == ANY else one_type
    own.__name__ = view.__name__
    return own


def context_for(type_: str, *, any_type: bool = False, rendered: bool = False) -> Context:
    """Give the context of a request about a type.

    Args:
        type_: its name, as the address has it.
        any_type: whether the answer may be in a media type that is none of FHIR's.
        rendered: whether the client asked for one that the operation renders.

    Raises:
        FhirError: 404 where R4 has no such type; the text names the nearest.
    """
    context = request.context(any_type=any_type, rendered=rendered)
    if type_ not in context.server.registry:
        hint = suggestion(type_, [each.name for each in context.server.registry], 1)
        raise FhirError(
            Issue("error", "not-supported", f"{type_[:64]!r} is not a resource type of R4.{hint}"),
            status=404,
        )
    return context


def criteria() -> str:
    """Give the search of a conditional interaction, as it stands in the URL."""
    return http.query_string.decode("utf-8", "replace")
