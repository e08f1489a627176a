"""The OpenAPI document and the page that shows it, from the declarations behind the routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from fhir_server import __version__
from fhir_server.api.errors import http_error
from fhir_server.api.responses import FHIR_JSON
from fhir_server.interactions.context import Server

OUTCOME = {"description": "OperationOutcome: what is wrong, where, and what to do"}


class FhirApi(Api):  # type: ignore[misc]  # flask-smorest is untyped
    """flask-smorest's Api, with errors as FHIR wants them."""

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Answer Flask's own errors as OperationOutcome."""
        return http_error(error)


def configure(app: Flask) -> FhirApi:
    """Offer the document at /openapi.json and Swagger UI at /docs."""
    import swagger_ui_bundle

    app.config.update(
        API_TITLE="FHIR server for Swedish care coordination",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_SWAGGER_UI_PATH="/docs",
        # From the installed package: the page works where there is no internet.
        OPENAPI_SWAGGER_UI_URL="/docs/assets/",
    )
    assets = Path(swagger_ui_bundle.swagger_ui_path)

    @app.route("/docs/assets/<path:name>")
    def swagger_ui_asset(name: str) -> Response:
        return send_from_directory(assets, name, max_age=86400)

    return FhirApi(app)


def operation(
    summary: str,
    tag: str,
    *,
    body: str | None = None,
    description: str = "",
    parameters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Give the documentation of one route.

    Args:
        summary: one line.
        tag: the group it stands in.
        body: the resource type of the request body.
        description: more, in Markdown.
        parameters: query parameters.
    """
    schema = {"schema": {"type": "object"}}
    documentation: dict[str, Any] = {
        "summary": summary,
        "tags": [tag],
        "responses": {
            "200": {"description": "The answer", "content": {FHIR_JSON: schema}},
            "4XX": {**OUTCOME, "content": {FHIR_JSON: schema}},
        },
    }
    if description:
        documentation["description"] = description
    if parameters:
        documentation["parameters"] = parameters
    if body:
        documentation["requestBody"] = {
            "description": f"A {body}",
            "content": {FHIR_JSON: schema},
        }
    return documentation


def search_parameters(server: Server, resource_type: str) -> list[dict[str, Any]]:
    """Give the search parameters of a type as OpenAPI wants them."""
    supported = server.parser.supported_parameters(resource_type)
    return [
        {"name": p.code, "in": "query", "schema": {"type": "string"}, "description": p.type}
        for p in supported.values()
    ]
