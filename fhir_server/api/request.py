"""From a Flask request to what the interactions want."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.utils import get_current_url, get_host

from fhir_server.api import authentication, formats, large_bodies
from fhir_server.api.exchange import Request, here
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.context import Context, Server, untold
from fhir_server.interactions.sent_provenance import read_header
from fhir_server.profiles.subset import SUMMARIES
from fhir_server.profiles.xml_format import XmlFormat
from fhir_server.security.trace import Trace
from fhir_server.storage.mongo import MongoStore

PAGE = "text/html"
FORM = "application/x-www-form-urlencoded"
COMMON_ACCEPT = ("", "*/*", "application/fhir+json", "application/json")
RESULT_PARAMETERS = ("_format", "_pretty")
RETURNS = ("minimal", "representation", "OperationOutcome")
CHARSETS = {"json": ("utf-8",), "xml": ("utf-8", "utf-16", "us-ascii")}


def server() -> Server:
    """Give the parts of the running server."""
    parts: Server = current_app.extensions["fhir"].server
    return parts


def store() -> MongoStore:
    """Give the whole store, for readiness checks; interactions use `context`."""
    whole: MongoStore = current_app.extensions["fhir"].store
    return whole


def trace() -> Trace:
    """Give what this request was given and what it changed, so far."""
    request = here()
    if request.trace is None:
        request.trace = Trace()
    return request.trace


def base_url() -> str:
    """Give the address of the FHIR interface as the client sees it."""
    return _base_url(server(), here())


def _base_url(parts: Server, request: Request) -> str:
    own = parts.settings.base_url
    if own:
        return own.rstrip("/")
    named = request.environ.get("HTTP_HOST")
    return _fhir_at(request.scheme, named) if named else _address(request.scheme, request.host)


@lru_cache(maxsize=64)
def _fhir_at(scheme: str, named: str) -> str:
    """Give the address by what the Host header says."""
    return _address(scheme, get_host(scheme, named))


def _address(scheme: str, host: str) -> str:
    return get_current_url(scheme, host) + "fhir"


def context(*, any_type: bool = False, rendered: bool = False) -> Context:
    """Give this request's context, with a store that knows who asks.

    Args:
        any_type: the answer may be of a media type that is not FHIR's (a Binary's content).
        rendered: the client asked for one that the operation renders.

    Raises:
        FhirError: 406 where the client takes neither JSON nor XML, 400 for parameters and
            preferences that no answer could follow.
    """
    request = here()
    if not rendered and (not any_type or "_format" in request.args):
        require_acceptable()
    _check_form_of_answer(request)
    parts = current_app.extensions["fhir"]
    return Context(
        parts.server,
        parts.gate.open(authentication.principal(), trace()),
        _base_url(parts.server, request),
        lenient=prefer("handling") == "lenient",
        form=_form_of_links(request),
        provenance=_provenance(request),
        progress=request.environ.get("fhir_server.job") or untold,
    )


def _provenance(request: Request) -> dict[str, Any] | None:
    """Give what the client says of where its writes come from; of reads there is nothing to say."""
    header: str | None = request.environ.get("HTTP_X_PROVENANCE")
    return read_header(header) if header and request.method != "GET" else None


def _form_of_links(request: Request) -> tuple[tuple[str, str], ...]:
    """Give what links to further pages say about the form, for who can't send an Accept header.

    An asynchronous request is carried out in a form of its own, and read in any.
    """
    if not request.query_string or request.environ.get("fhir_server.job"):
        return ()
    format_ = wanted_format() if "_format" in request.args else None
    pretty = request.args.get("_pretty")
    return (
        *([("_format", format_)] if format_ else []),
        *([("_pretty", pretty)] if pretty else []),
    )


def prefer(name: str) -> str | None:
    """Give a preference of the Prefer header (RFC 7240)."""
    header: str | None = here().environ.get("HTTP_PREFER")
    if not header:
        return None
    for part in header.replace(";", ",").split(","):
        key, _, value = part.strip().partition("=")
        if key.lower() == name:
            return value.strip('"')
    return None


@lru_cache(maxsize=4)
def xml_format(parts: Server) -> XmlFormat:
    """Give the reader and writer of XML."""
    return XmlFormat(parts.definitions)


def wanted_format() -> formats.Format | None:
    """Give the format of the answer, also of an error; None where neither is acceptable."""
    request = here()
    if request.query_string and "_format" in request.args:
        return formats.format_named(request.args["_format"])
    if request.method == "POST" and request.path.endswith("/_search") and request.mimetype == FORM:
        named = _format_of_form()
        if named is not None:
            return formats.format_named(named)
    # The environment, as the headers of Werkzeug take longer: every request passes here.
    accept: str = request.environ.get("HTTP_ACCEPT", "")
    return "json" if accept in COMMON_ACCEPT else formats.preferred(accept)


def rendering(offered: tuple[str, ...]) -> str:
    """Give the media type, of some that are not FHIR R4's, that the answer is wanted in.

    Returns:
        Empty for FHIR R4 in JSON or XML, as always for what is carried out asynchronously.
    """
    request = here()
    if not offered or request.environ.get("fhir_server.job"):
        return ""
    accept = request.environ.get("HTTP_ACCEPT", "")
    by_name = request.args.get("_format")
    found = formats.rendering(accept if by_name is None else formats.with_plus(by_name), offered)
    # A browser that follows a link to a PDF takes pages too.
    request.wants_page = found == PAGE or bool(found and formats.rendering(accept, (PAGE,)))
    return found


def wants_page() -> bool:
    """Tell whether a person waits for a page of an operation: then errors are pages too."""
    return here().wants_page


def _format_of_form() -> str | None:
    """A search by POST may ask for its format among the parameters in its body."""
    try:
        return here().form.get("_format")
    except HTTPException:  # the form is too large, and an error is on its way
        return None


def require_acceptable() -> None:
    """Refuse with 406 what can be answered neither in JSON nor in XML."""
    if wanted_format() is None:
        text = "This server answers in application/fhir+json and application/fhir+xml, of FHIR 4.0."
        raise FhirError(Issue("error", "not-supported", text), status=406)


def _check_form_of_answer(request: Request) -> None:
    if request.query_string:
        if request.args.get("_pretty", "false") not in ("true", "false"):
            raise invalid("_pretty must be true or false.", code="value")
        if request.args.get("_summary", "false") not in SUMMARIES:
            raise invalid(f"_summary must be one of {', '.join(SUMMARIES)}.", code="value")
    wanted = prefer("return")
    if wanted is not None and wanted not in RETURNS and prefer("handling") == "strict":
        raise invalid(f"Prefer: return must be one of {', '.join(RETURNS)}.", code="value")


def resource() -> Any:
    """Give the parsed body, sent as JSON or as XML.

    Raises:
        FhirError: 415 for another content type, 413 for too much, 400 for what is broken.
    """
    return rereadable()()


def rereadable() -> Callable[[], Any]:
    """Give what parses the body, each time anew; as `resource`.

    Raises:
        FhirError: 415 for another content type, 413 for too much.
    """
    format_ = _sent_format()  # before the body: nothing is unpacked in vain
    return partial(_parsed, body(), format_)


def parsed(data: bytes) -> Any:
    """Give what a body, already read, says in the format of its Content-Type; as `resource`."""
    return _parsed(data, _sent_format())


def _parsed(data: bytes, format_: formats.Format) -> Any:
    return xml_format(server()).parse(data) if format_ == "xml" else json.parse(data)


def _sent_format() -> formats.Format:
    request = here()
    found = _format_of_content(request.environ.get("CONTENT_TYPE", ""))
    if found is None:
        raise FhirError(
            Issue(
                "error",
                "not-supported",
                "Send the resource as application/fhir+json or application/fhir+xml, in UTF-8 and "
                "of FHIR 4.0; this server can't read "
                f"{request.headers.get('Content-Type') or 'a body without Content-Type'!r:.200}.",
            ),
            status=415,
        )
    return found


@lru_cache(maxsize=256)
def _format_of_content(content_type: str) -> formats.Format | None:
    """Give the format of a body by its Content-Type; None for what can't be read."""
    type_, parameters = parse_options_header(content_type)
    found = formats.format_of(type_.lower(), parameters) if type_ else None
    if found is None or parameters.get("charset", "utf-8").lower() not in CHARSETS[found]:
        return None
    return found


def body() -> bytes:
    """Give the body, unpacked where it is sent with gzip; of large ones when it is their turn."""
    request = here()
    data = _received(request)
    large_bodies.wait_for_turn(current_app, request, len(data))
    return data


def sent_bytes(request: Request) -> bytes:
    """Give the body as it was sent, packed or not.

    Raises:
        FhirError: 413 for too much.
    """
    limit = _most_bytes()
    data = request.get_data(cache=False)
    if request.content_length is None and len(data) >= limit:
        raise too_large(limit)  # Werkzeug cuts a body sent in chunks off here and says nothing
    return data


def _most_bytes() -> int:
    return int(server().settings.max_body_mb * 1_000_000)


def _received(request: Request) -> bytes:
    encoding = request.environ.get("HTTP_CONTENT_ENCODING", "identity").lower()
    data, limit = sent_bytes(request), _most_bytes()
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


def has_body() -> bool:
    """Tell whether the request has a body."""
    request = here()
    environ = request.environ
    if "CONTENT_LENGTH" in environ and request.content_length:
        return True
    return "HTTP_TRANSFER_ENCODING" in environ


def url_parameters() -> list[tuple[str, str]]:
    """Give the parameters in the URL, without those that say how the answer looks."""
    pairs = here().args.items(multi=True)
    return [(name, value) for name, value in pairs if name not in RESULT_PARAMETERS]


def search_parameters() -> list[tuple[str, str]]:
    """Give the parameters of a search, from the URL and, for POST, the form."""
    request = here()
    pairs = list(request.args.items(multi=True))
    if request.method == "POST":
        # All parameters may stand in the URL; then there is no body, nor a type of one.
        if request.mimetype != FORM and (request.mimetype or has_body()):
            raise FhirError(
                Issue("error", "not-supported", f"Send _search parameters as {FORM}."), status=415
            )
        pairs += list(request.form.items(multi=True))
    return [(name, value) for name, value in pairs if name not in RESULT_PARAMETERS]


def request_id() -> str:
    """Give the id under which this request is logged."""
    return here().request_id
