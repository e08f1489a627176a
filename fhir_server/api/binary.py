"""Binary: content in its own media type, in and out.

Source: https://hl7.org/fhir/R4/binary.html#rest. A read gives the content as it is unless FHIR is
asked for; a write takes whatever it is sent as content, unless that is a Binary resource.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from flask import request

from fhir_server.api import formats
from fhir_server.api.exchange import VARY, Response
from fhir_server.api.request import body, parsed, server, xml_format
from fhir_server.api.responses import respond, with_headers
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer

SECURITY_CONTEXT = "X-Security-Context"
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?: ?;[\x20-\x7e]*)?\Z", re.ASCII)
_FORM_OF_FHIR = ("_format", "_summary", "_elements", "_pretty")


def respond_with_content(answer: Answer) -> Response:
    """Give the response to a read or vread of a Binary: its content, or the resource."""
    if answer.status != 200 or answer.stored is None or answer.content is None:
        return respond(answer)
    if any(name in request.args for name in _FORM_OF_FHIR):
        return respond(answer)
    accept = request.headers.get("Accept", "")
    if formats.names_any(accept, formats.FHIR_TYPES) == 1.0:
        return respond(answer)
    stored: dict[str, Any] = json.parse(answer.content)
    if _wants_resource(accept, stored["contentType"]):
        return respond(answer)
    return with_headers(_raw(stored), answer)


def sent(id_: str | None = None) -> Any:
    """Give the Binary resource that the body is, or that it is the content of.

    Args:
        id_: from the URL of an update.

    Raises:
        FhirError: 415 for content without a type, 400 for a broken body of FHIR's own types.
    """
    if not request.mimetype:
        text = "Say in Content-Type what the content of the Binary is."
        raise FhirError(Issue("error", "not-supported", text), status=415)
    data = body()
    if _is_binary_resource(data):
        return parsed(data)
    made: dict[str, Any] = {"resourceType": "Binary"}
    if id_ is not None:
        made["id"] = id_
    made["contentType"] = " ".join(request.headers["Content-Type"].split())
    context = request.headers.get(SECURITY_CONTEXT)
    if context:
        made["securityContext"] = {"reference": context.strip()}
    if data:
        made["data"] = base64.b64encode(data).decode()
    return made


def _is_binary_resource(data: bytes) -> bool:
    """Tell whether the body is a Binary in JSON or XML, and not content in one of these.

    A broken body is content where its type is a general one, such as text/xml; one that claims
    to be FHIR is refused when it is read as such.
    """
    format_ = formats.format_of(request.mimetype, request.mimetype_params)
    if format_ is None:
        return False
    try:
        if format_ == "xml":
            return xml_format(server()).root_of(data) == "Binary"
        value = json.parse(data)
    except FhirError:
        return request.mimetype in formats.FHIR_TYPES
    return isinstance(value, dict) and value.get("resourceType") == "Binary"


def _wants_resource(accept: str, content_type: str) -> bool:
    """Tell whether an Accept header asks for FHIR more than for the content.

    ``application/json`` and the like ask for FHIR, too, unless the content is of that type.
    """
    own_type = content_type.partition(";")[0].strip().lower()
    fhir = formats.names_any(accept, formats.FHIR_TYPES)
    syntaxes = {*formats.JSON_TYPES, *formats.XML_TYPES} - {own_type}
    fhir = max(fhir, formats.names_any(accept, tuple(syntaxes)))
    return fhir > 0 and fhir >= formats.quality(accept, own_type)


def _raw(stored: dict[str, Any]) -> Response:
    response = Response(base64.b64decode(stored.get("data", "")))
    type_ = stored["contentType"]
    # What is no media type would be guessed at by browsers, or break the header.
    named = type_ if _MEDIA_TYPE.match(type_) else "application/octet-stream"
    response.headers["Content-Type"] = named
    # Content is somebody's upload: it must run no script under this server's name.
    response.headers["Content-Security-Policy"] = "sandbox"
    response.headers["Vary"] = VARY
    context = stored.get("securityContext", {}).get("reference", "")
    if context and context.isascii():
        response.headers[SECURITY_CONTEXT] = context
    return response
