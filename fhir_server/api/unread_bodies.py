"""Leaves no connection behind in the middle of a body that nobody read.

A request may be refused before its body is read. The HTTP server then closes the connection and
does not say so, and the client's next request on it, which may be a POST that can't be sent twice,
gets no answer.

Source: https://www.rfc-editor.org/rfc/rfc9112#section-9.3, section 9.6
"""

from __future__ import annotations

from flask import Flask, Response

from fhir_server.api.exchange import Request, here
from fhir_server.api.request import has_body

_PIECE = 1 << 16


def register(app: Flask) -> None:
    """Look after the bodies of all requests."""
    most: int = app.config["MAX_CONTENT_LENGTH"]
    app.after_request(lambda response: _finish(response, most))


def _finish(response: Response, most: int) -> Response:
    """Read what is left of a body; say that the connection ends where that would be too much."""
    request = here()
    if not has_body():
        return response
    if request.content_length and _is_worth_reading(request, request.content_length, most):
        while request.stream.read(_PIECE):
            pass
    elif response.status_code >= 400:
        response.headers["Connection"] = "close"
    return response


def _is_worth_reading(request: Request, length: int, most: int) -> bool:
    # A client that asks before it sends its body (Expect) waits for the answer instead.
    return length <= most and "HTTP_EXPECT" not in request.environ
