"""CORS: which pages of other origins may use the server from a browser; none by default.

Only origins that the settings name in full are answered, and never with credentials: a page sends
its access token itself, and the browser adds nothing of its own that would let in another page.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol,
https://hl7.org/fhir/R4/security.html#cors
"""

from __future__ import annotations

from flask import Flask, Response

from fhir_server.api.exchange import here
from fhir_server.settings import Settings

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
TAKEN = (
    "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, "
    "If-None-Match, Prefer, X-Request-Id"
)
SHOWN = (
    "Content-Location, ETag, Last-Modified, Link, Location, Preference-Applied, Retry-After, "
    "WWW-Authenticate, X-Progress, X-Request-Id"
)
_KEPT_SECONDS = "600"


def register(app: Flask, settings: Settings) -> None:
    """Answer the questions of browsers; nothing is registered where no origin is allowed."""
    allowed = frozenset(settings.origins)
    if allowed:
        app.before_request(lambda: _preflight(allowed))
        app.after_request(lambda response: _with_origin(response, allowed))


def _preflight(allowed: frozenset[str]) -> Response | None:
    request = here()
    asked = "Access-Control-Request-Method" in request.headers
    if request.method != "OPTIONS" or not asked:
        return None
    response = Response(b"", 204)
    del response.headers["Content-Type"]
    if request.headers.get("Origin") in allowed:
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = TAKEN
        response.headers["Access-Control-Max-Age"] = _KEPT_SECONDS
    return response


def _with_origin(response: Response, allowed: frozenset[str]) -> Response:
    response.vary.add("Origin")
    origin = here().headers.get("Origin")
    if origin in allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = SHOWN
        # The header that says "same origin only" would take back what was just allowed.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
