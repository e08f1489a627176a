"""The OpenAPI document and the page that shows it, from the declarations behind the routes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, render_template_string, send_from_directory
from flask_smorest import Api, Blueprint
from werkzeug.exceptions import HTTPException

from fhir_server import __version__
from fhir_server.api import documentation, paths
from fhir_server.api.errors import http_error

# No script but the files of this server, and no style sheet but theirs; the pictures of Swagger UI
# stand in its style sheet.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ASSETS = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{ title }}</title>
<link href="/docs/assets/swagger-ui.css" rel="stylesheet">
<link href="/docs/assets/favicon-32x32.png" rel="icon" type="image/png">
</head>
<body>
<div id="swagger-ui-container"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</body>
</html>
"""
_START = (
    'window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui-container", '
    "queryConfigEnabled: false, validatorUrl: null});\n"
)


class FhirApi(Api):  # type: ignore[misc]  # flask-smorest is untyped
    """flask-smorest's Api, with errors as FHIR wants them.

    The document describes hundreds of routes: it is put together when it is first asked for, so
    that workers start without it and most never hold it.

    Args:
        app: the application.
    """

    # Each route names its errors; flask-smorest would add one in a form of its own.
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._undescribed: list[Blueprint] = []
        self._describing = threading.Lock()

    def register_blueprint(self, blp: Blueprint, **_: Any) -> None:
        """Add the routes of a blueprint."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._undescribed.append(blp)

    def _openapi_json(self) -> Response:
        with self._describing:
            while self._undescribed:
                blp = self._undescribed.pop(0)
                blp.register_views_in_doc(
                    self, self._app, self.spec, name=blp.name, parameters=None
                )
                self.spec.tag({"name": blp.name, "description": blp.description})
        document: Response = super()._openapi_json()
        return document

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
    )
    # From the installed package: the page works where there is no internet.
    assets = Path(swagger_ui_bundle.swagger_ui_path)

    @app.route("/docs")
    def swagger_ui() -> Response:
        page = render_template_string(_PAGE, title=app.config["API_TITLE"])
        return Response(page, headers={"Content-Security-Policy": _POLICY})

    @app.route("/docs/assets/<path:name>")
    def swagger_ui_asset(name: str) -> Response:
        if name == "start.js":
            return Response(_START, mimetype="text/javascript")
        if name not in _ASSETS:
            abort(404)
        return send_from_directory(assets, name, max_age=86400)

    paths.register(app)
    api = FhirApi(app)
    for converter in paths.CONVERTERS.values():
        api.register_converter(converter, paths.schema)
    documentation.add_components(api.spec)
    return api
