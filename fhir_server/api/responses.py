"""From an interaction's answer to an HTTP response."""

from __future__ import annotations

from flask import Response, request
from werkzeug.http import http_date

from fhir_server.api.request import base_url, prefer
from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue, operation_outcome
from fhir_server.interactions.answer import Answer, etag

FHIR_JSON = "application/fhir+json"


def respond(answer: Answer) -> Response:
    """Give the response to a read, search, history or operation."""
    return _with_headers(_response(answer.content, answer.status), answer)


def respond_to_write(answer: Answer) -> Response:
    """Give the response to a create, update or delete, as Prefer asks (http.html#ops)."""
    wanted = prefer("return")
    content = answer.content
    if wanted == "OperationOutcome":
        content = json.dump(operation_outcome(answer.issues))
    elif wanted == "minimal" or answer.status == 204:
        content = None
    return _with_headers(_response(content, answer.status), answer)


def respond_with_issues(issues: tuple[Issue, ...], status: int) -> Response:
    """Give an OperationOutcome."""
    return _response(json.dump(operation_outcome(issues)), status)


def _with_headers(response: Response, answer: Answer) -> Response:
    if answer.stored is not None:
        response.headers["ETag"] = etag(answer.stored)
        response.headers["Last-Modified"] = http_date(answer.stored.last_updated // 1_000_000)
    if answer.location is not None:
        response.headers["Location"] = f"{base_url()}/{answer.location}"
    return response


def _response(content: bytes | None, status: int) -> Response:
    if content is not None and request.args.get("_pretty") == "true":
        content = json.pretty(content)
    response = Response(content or b"", status)
    if content is None:
        del response.headers["Content-Type"]
    else:
        response.headers["Content-Type"] = FHIR_JSON
    return response
