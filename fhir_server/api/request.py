"""From a Flask request to what the interactions want."""

from __future__ import annotations

import zlib
from typing import Any

from flask import Request, current_app, g, request

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context, Server
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.security.principal import LOCAL
from fhir_server.storage.mongo import MongoStore

JSON_TYPES = ("application/fhir+json", "application/json", "application/json+fhir", "text/json")
FORM = "application/x-www-form-urlencoded"
JSON_FORMATS = ("json", *JSON_TYPES)
COMMON_ACCEPT = ("", "*/*", "application/fhir+json", "application/json")
RESULT_PARAMETERS = ("_format", "_pretty")


def server() -> Server:
    """Give the parts of the running server."""
    parts: Server = current_app.extensions["fhir"].server
    return parts


def store() -> MongoStore:
    """Give the whole store, for readiness checks; interactions use `context`."""
    whole: MongoStore = current_app.extensions["fhir"].store
    return whole


def base_url() -> str:
    """Give the address of the FHIR interface as the client sees it."""
    return server().settings.base_url.rstrip("/") or f"{request.host_url}fhir"


def context() -> Context:
    """Give this request's context, with a store that knows who asks."""
    require_json_answer(request)
    return Context(
        server(), GuardedStore(store(), LOCAL), base_url(), lenient=prefer("handling") == "lenient"
    )


def prefer(name: str) -> str | None:
    """Give a preference of the Prefer header (RFC 7240)."""
    header = request.headers.get("Prefer")
    if not header:
        return None
    for part in header.replace(";", ",").split(","):
        key, _, value = part.strip().partition("=")
        if key.lower() == name:
            return value.strip('"')
    return None


def require_json_answer(asked: Request) -> None:
    """Refuse with 406 what can't be answered in JSON, the format of this server."""
    format_ = asked.args.get("_format")
    if format_ is not None:
        # A "+" that was not escaped arrives as a space.
        if format_.split(";")[0].strip().replace(" ", "+").lower() not in JSON_FORMATS:
            raise _not_acceptable()
        return
    accept = asked.headers.get("Accept", "")
    if accept in COMMON_ACCEPT:
        return
    if not any(asked.accept_mimetypes[type_] > 0 for type_ in JSON_TYPES):
        raise _not_acceptable()


def _not_acceptable() -> FhirError:
    return FhirError(
        Issue("error", "not-supported", "This server answers application/fhir+json only."),
        status=406,
    )


def resource() -> Any:
    """Give the parsed body.

    Raises:
        FhirError: 415 for another content type, 413 for too much, 400 for broken JSON.
    """
    if request.mimetype not in JSON_TYPES:
        raise FhirError(
            Issue(
                "error",
                "not-supported",
                "Send the resource as application/fhir+json; "
                f"this server can't read {request.mimetype or 'a body without Content-Type'!r}.",
            ),
            status=415,
        )
    return json.parse(body())


def body() -> bytes:
    """Give the body, unpacked where it is sent with gzip."""
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    limit = int(server().settings.max_body_mb * 1_000_000)
    data = request.get_data(cache=False)
    if request.content_length is None and len(data) >= limit:
        raise too_large(limit)  # Werkzeug cuts a body sent in chunks off here and says nothing
    if encoding in ("", "identity"):
        return data
    if encoding != "gzip":
        raise FhirError(
            Issue("error", "not-supported", "Content-Encoding must be gzip or identity."),
            status=415,
        )
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise FhirError(
            Issue("error", "structure", "The body is not valid gzip."), status=400
        ) from None
    if len(unpacked) > limit:
        raise too_large(limit)
    if not unpacker.eof:
        raise FhirError(Issue("error", "structure", "The gzip body is cut off."), status=400)
    return unpacked


def too_large(limit: int) -> FhirError:
    """The body is larger than the server takes (413)."""
    return FhirError(
        Issue("error", "too-long", f"The body is larger than {limit // 1_000_000} MB; split it.")
    )


def search_parameters() -> list[tuple[str, str]]:
    """Give the parameters of a search, from the URL and, for POST, the form."""
    pairs = list(request.args.items(multi=True))
    if request.method == "POST":
        if request.mimetype != FORM:
            raise FhirError(
                Issue("error", "not-supported", f"Send _search parameters as {FORM}."), status=415
            )
        pairs += list(request.form.items(multi=True))
    return [(name, value) for name, value in pairs if name not in RESULT_PARAMETERS]


def request_id() -> str:
    """Give the id under which this request is logged."""
    id_: str = g.request_id
    return id_
