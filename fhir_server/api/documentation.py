"""What the OpenAPI document says of each route: parameters, headers, bodies and answers.

What many routes share stands once, under ``components``, and is named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from apispec import APISpec

from fhir_server.search.parse import QueryParser

Json = dict[str, Any]

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
FORM = "application/x-www-form-urlencoded"
JSON_PATCH = "application/json-patch+json"
XML_PATCH = "application/xml-patch+xml"

FORMATS = ["json", "xml", FHIR_JSON, FHIR_XML, "application/json", "application/xml", "text/xml"]
SUMMARIES = ["true", "text", "data", "count", "false"]

STRING = {"type": "string"}
INSTANT = {"type": "string", "format": "date-time"}
PARTIAL_DATE = {
    "type": "string",
    "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?"
    "(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?$",
}
ETAG = {"type": "string", "pattern": '^(W/)?"[^"]*"$'}

# Name: where it stands, how it is spelled, what it is for.
PARAMETERS: dict[str, tuple[str, str, Json, str]] = {
    "Format": ("query", "_format", {"type": "string", "enum": FORMATS}, "Format of the answer"),
    "Pretty": ("query", "_pretty", {"type": "string", "enum": ["true", "false"]}, "Indent it"),
    "Summary": ("query", "_summary", {"type": "string", "enum": SUMMARIES}, "A part of it"),
    "Elements": ("query", "_elements", STRING, "Top elements, separated by commas"),
    "Count": ("query", "_count", {"type": "integer", "minimum": 0}, "Entries on a page"),
    "VersionCount": ("query", "_count", {"type": "integer", "minimum": 1}, "Versions on a page"),
    "Since": ("query", "_since", INSTANT, "Versions stored then or later"),
    "At": ("query", "_at", PARTIAL_DATE, "Versions that were current then"),
    "List": ("query", "_list", STRING, "Versions of what this List names"),
    "Cursor": ("query", "_cursor", STRING, "From a next link; not to be made up"),
    "Mode": ("query", "mode", {"type": "string", "enum": ["full", "normative", "terminology"]},
             "Which statement"),
    "IfMatch": ("header", "If-Match", ETAG, "Only if this is the current version"),
    "IfNoneMatch": ("header", "If-None-Match", STRING, "Only if this is not the current version"),
    "IfNoneMatchAny": ("header", "If-None-Match", {"type": "string", "enum": ["*"]},
                       "Only if there is no such resource"),
    "IfModifiedSince": ("header", "If-Modified-Since", STRING, "Only if changed after this date"),
    "IfNoneExist": ("header", "If-None-Exist", STRING, "Only if nothing matches this search"),
    "Return": ("header", "Prefer", STRING,
               "return=minimal, return=representation or return=OperationOutcome"),
    "Provenance": ("header", "X-Provenance", STRING,
                   "A Provenance in JSON without target, stored with what is written"),
    "Handling": ("header", "Prefer", STRING, "handling=lenient ignores unknown parameters"),
}  # fmt: skip

READING = ("Format", "Pretty")
PARTIAL = (*READING, "Summary", "Elements")
WRITING = (*READING, "Return", "Provenance")
VERSIONS = (*PARTIAL, "VersionCount", "Since", "At", "Cursor", "Handling")
VERSIONS_OF_MANY = (*VERSIONS, "List")

# Each answer other than success is an OperationOutcome.
ERRORS = {
    400: "The request can't be understood, or asks for what is not there to ask for",
    404: "No such resource, type or address",
    405: "Not this method; Allow names those that are",
    406: "A format that the server does not write",
    409: "Others are changing the same, or others refer to it",
    410: "Deleted; the history stays",
    412: "A condition does not hold: another version is current, or several match",
    413: "Too large",
    415: "A format that the server does not read",
    422: "The resource breaks R4, a profile or a rule of law",
    429: "Too many asynchronous requests are under way; try again later",
    503: "The database does not answer; try again",
}
ALWAYS = (400, 404, 406, 503)
BODY = (413, 415)


@dataclass(frozen=True, slots=True)
class Route:
    """What one route takes and gives.

    Args:
        summary: one line.
        tag: the group it stands in.
        description: more, in Markdown.
        parameters: names of `PARAMETERS`.
        query: further query parameters.
        body: content of the request by media type; empty for none.
        needs_body: whether a request without one is refused.
        success: status and description of the answers that are no errors.
        errors: statuses of `ERRORS` besides those that any route may give.
        silent: successes that carry no body.
        renders: media types that a 200 may be in beside FHIR's.
    """

    summary: str
    tag: str
    description: str = ""
    parameters: Sequence[str] = READING
    query: Sequence[Json] = ()
    body: Json | None = None
    needs_body: bool = True
    success: Sequence[tuple[int, str]] = ((200, "The answer"),)
    errors: Sequence[int] = ()
    silent: Sequence[int] = (204, 304)
    renders: Sequence[str] = ()

    def as_openapi(self) -> Json:
        """Give the operation object, for `Blueprint.described`."""
        answers: Json = {str(status): self._answer(status, text) for status, text in self.success}
        # apispec makes references of names.
        answers |= {str(status): f"Error{status}" for status in sorted({*ALWAYS, *self.errors})}
        operation: Json = {"summary": self.summary, "responses": answers}
        operation["parameters"] = [*self.parameters, *self.query]
        operation["tags"] = [self.tag]
        if self.description:
            operation["description"] = self.description
        if self.body:
            operation["requestBody"] = {"required": self.needs_body, "content": self.body}
        return operation

    def _answer(self, status: int, text: str) -> Json:
        answer: Json = {"description": text}
        if status not in self.silent:
            answer["content"] = resource_content()
        if status == 200:
            answer["content"] |= {media_type: {} for media_type in self.renders}
        return answer


def resource_content(*types: str, id_: bool = False) -> Json:
    """Describe resources, in both formats.

    Args:
        types: which may stand there; any, if none is named.
        id_: whether it has to carry an id.
    """
    name: Json = {"type": "string"}
    if types:
        name["enum"] = list(types)
    required = ["resourceType", "id"] if id_ else ["resourceType"]
    schema = {"type": "object", "required": required, "properties": {"resourceType": name}}
    return {FHIR_JSON: {"schema": schema}, FHIR_XML: {"schema": STRING}}


def patch_content() -> Json:
    """Describe the bodies of a patch: JSON Patch, XML Patch, FHIRPath Patch."""
    step = {
        "type": "object",
        "required": ["op", "path"],
        "properties": {
            "op": {
                "type": "string",
                "enum": ["add", "remove", "replace", "move", "copy", "test"],
            },
            "path": STRING,
            "from": STRING,
            "value": {},
        },
    }
    return {
        JSON_PATCH: {"schema": {"type": "array", "items": step}},
        XML_PATCH: {"schema": STRING},
        **resource_content("Parameters"),
    }


def form_content() -> Json:
    """Describe the body of a search by POST."""
    return {FORM: {"schema": {"type": "object", "additionalProperties": STRING}}}


def search_parameters(parser: QueryParser, resource_type: str) -> list[Json]:
    """Give the search parameters of a type."""
    supported = parser.supported_parameters(resource_type)
    return [
        {
            "name": p.code,
            "in": "query",
            "schema": {"type": "array", "items": STRING},
            "description": p.type,
        }
        for p in supported.values()
    ]


def operation_parameters(parameters: Iterable[Json], simple: Iterable[str]) -> list[Json]:
    """Give the parameters of an operation that can stand in a URL.

    Args:
        parameters: of its OperationDefinition.
        simple: the types whose values a URL can carry.
    """
    schemas: dict[str, Json] = {
        "boolean": {"type": "boolean"},
        "integer": {"type": "integer"},
        "positiveInt": {"type": "integer", "minimum": 1},
        "unsignedInt": {"type": "integer", "minimum": 0},
    }
    wanted = [p for p in parameters if p["use"] == "in" and p.get("type") in set(simple)]
    return [
        {
            "name": parameter["name"],
            "in": "query",
            "required": parameter["min"] > 0,
            "description": parameter.get("documentation", ""),
            "schema": {"type": "array", "items": schemas.get(parameter["type"], STRING)}
            if parameter["max"] == "*"
            else schemas.get(parameter["type"], STRING),
        }
        for parameter in wanted
    ]


def add_components(spec: APISpec) -> None:
    """Put what routes share into the document."""
    for name, (place, spelled, schema, about) in PARAMETERS.items():
        described = {"name": spelled, "schema": schema, "description": about}
        spec.components.parameter(name, place, described)
    for status, text in ERRORS.items():
        response: Json = {"description": text, "content": resource_content("OperationOutcome")}
        if status == 405:
            response["headers"] = {"Allow": {"schema": STRING}}
        spec.components.response(f"Error{status}", response)
