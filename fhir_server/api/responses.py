"""From an interaction's answer to an HTTP response, in the format and extent asked for.

Source: https://hl7.org/fhir/R4/http.html#mime-type, #ops, #general
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from werkzeug.http import http_date

from fhir_server.api.error_page import error_page
from fhir_server.api.exchange import VARY, Response, here
from fhir_server.api.formats import MEDIA_TYPES
from fhir_server.api.request import (
    RETURNS,
    base_url,
    prefer,
    request_id,
    server,
    wanted_format,
    wants_page,
    xml_format,
)
from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue, invalid, operation_outcome
from fhir_server.interactions.answer import Answer, etag
from fhir_server.profiles.subset import subset_of

FHIR_JSON = MEDIA_TYPES["json"]
_CONTENT_TYPES = {name: f"{type_}; charset=utf-8" for name, type_ in MEDIA_TYPES.items()}
_WITHOUT_BODY = (204, 304)


def respond(answer: Answer) -> Response:
    """Give the response to a read, search, history or operation.

    Raises:
        FhirError: 400 for `_summary` or `_elements` that a single resource can't follow.
    """
    content = answer.content
    if answer.media_type:
        headers = [("Content-Type", answer.media_type), ("Vary", VARY), *answer.headers]
        return Response(content or b"", answer.status, headers=headers)
    if answer.status in _WITHOUT_BODY:
        content = None
    elif content is not None and answer.status == 200 and _asks_for_part():
        content = _part(content, is_stored=answer.stored is not None)
    return with_headers(_response(content, answer.status), answer)


def respond_to_write(answer: Answer) -> Response:
    """Give the response to a create, update, patch or delete, as Prefer asks (http.html#ops)."""
    wanted = prefer("return")
    content, status = answer.content, answer.status
    if wanted == "OperationOutcome":
        content = json.dump(operation_outcome(answer.issues))
        status = 200 if status == 204 else status  # a 204 carries no body
    elif wanted == "minimal" or status in _WITHOUT_BODY:
        content = None
    response = with_headers(_response(content, status), answer)
    if wanted in RETURNS:
        response.headers["Preference-Applied"] = f"return={wanted}"
    return response


def respond_with_issues(issues: tuple[Issue, ...], status: int) -> Response:
    """Give an OperationOutcome; a page to a person who asked for one."""
    if wants_page():
        return error_page(issues, status, request_id())
    return _response(json.dump(operation_outcome(issues)), status)


def with_headers(response: Response, answer: Answer) -> Response:
    """Add what the headers say of a stored resource."""
    if answer.stored is not None:
        response.headers.add("ETag", etag(answer.stored))
        response.headers.add("Last-Modified", _http_date(answer.stored.last_updated // 1_000_000))
    if answer.location is not None:
        response.headers["Location"] = f"{base_url()}/{answer.location}"
    return response


@lru_cache(maxsize=1024)
def _http_date(seconds: int) -> str:
    return http_date(seconds)


def _asks_for_part() -> bool:
    request = here()
    return bool(request.query_string) and (
        "_summary" in request.args or "_elements" in request.args
    )


def _part(content: bytes, *, is_stored: bool) -> bytes:
    """Give what `_summary` and `_elements` leave of a single resource.

    A Bundle that was made for this answer has had its entries treated already.
    """
    resource: dict[str, Any] = json.parse(content)
    if resource["resourceType"] == "Bundle" and not is_stored:
        return content
    asked = here().args
    summary, named = asked.get("_summary"), asked.get("_elements")
    if summary == "count":
        raise invalid("_summary=count counts the matches of a search; this is one resource.")
    if named is not None and summary not in (None, "false"):
        raise invalid("_summary and _elements can't be combined.")
    parts = subset_of(server().definitions)
    elements = parts.elements_from(named, [resource["resourceType"]]) if named is not None else ()
    return json.dump(parts.apply(resource, summary, elements))


def _response(content: bytes | None, status: int) -> Response:
    format_ = wanted_format() or "json"
    if content is not None:
        request = here()
        pretty = bool(request.query_string) and request.args.get("_pretty") == "true"
        if format_ == "xml":
            content = xml_format(server()).dump(json.parse(content), pretty=pretty)
        elif pretty:
            content = json.pretty(content)
    if content is None:
        response = Response(b"", status, headers={"Vary": VARY})
        del response.headers["Content-Type"]
        return response
    response = Response(content, status, content_type=_CONTENT_TYPES[format_])
    response.headers.add("Vary", VARY)
    return response
