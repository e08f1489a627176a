"""The interactions of the whole system: capabilities, batch and transaction, history."""

from __future__ import annotations

from functools import lru_cache

from flask import Response
from flask import request as http

from fhir_server.api import audit, documentation, request
from fhir_server.api.blueprint import Blueprint
from fhir_server.api.documentation import PARTIAL, READING, VERSIONS_OF_MANY, Route
from fhir_server.api.responses import respond
from fhir_server.api.smart import security
from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.batch import process
from fhir_server.interactions.capabilities import capabilities
from fhir_server.interactions.context import Server
from fhir_server.interactions.history import history
from fhir_server.search.parse import QueryParser

TAG = "System"


@lru_cache(maxsize=8)
def _statement(server: Server, parser: QueryParser, _revision: int, base: str, mode: str) -> bytes:
    """Give the statement, made once for each state: search parameters and profiles come and go."""
    said = capabilities(server, base, mode)
    if mode != "terminology":
        # Whether anybody is checked, and how, is known here and not in the interactions.
        said["rest"][0] |= {"security": security()}
    return json.dump(said)


def _metadata() -> Response:
    context = request.context()
    mode = http.args.get("mode", "full")
    server = context.server
    revision = server.conformance.current().revision
    statement = _statement(server, server.parser, revision, context.base, mode)
    return respond(Answer(200, body=statement))


def register(blp: Blueprint) -> None:
    """Add the routes."""
    about = Route(
        "What this server does: CapabilityStatement or, for mode=terminology, "
        "TerminologyCapabilities",
        TAG,
        parameters=(*PARTIAL, "Mode"),
    )

    @blp.route("/metadata")
    @blp.described(about.as_openapi)
    def metadata() -> Response:
        return _metadata()

    @blp.route("", methods=["OPTIONS"], strict_slashes=False)
    @blp.described(about.as_openapi)
    def options() -> Response:
        response = _metadata()
        response.headers["Allow"] = "GET, HEAD, OPTIONS, POST"
        return response

    versions = Route(
        "All versions of all resources, newest first",
        TAG,
        parameters=VERSIONS_OF_MANY,
        success=((200, "A page of versions"),),
    )

    @blp.route("/_history")
    @blp.described(versions.as_openapi)
    def history_system() -> Response:
        return respond(history(request.context(), parameters=request.search_parameters()))

    sent_bundle = Route(
        "Carry out a batch or transaction",
        TAG,
        parameters=(*READING, "Return"),
        body=documentation.resource_content("Bundle"),
        success=((200, "An answer for each entry"),),
        errors=(409, 410, 412, 422, *documentation.BODY),
    )

    @blp.route("", methods=["POST"], strict_slashes=False)
    @blp.described(sent_bundle.as_openapi)
    def bundle() -> Response:
        context = request.context()
        read = request.rereadable()
        sent = read()
        audit.note_entries(sent)
        answer = process(context, sent, prefer=request.prefer("return"), again=read)
        audit.note_answers(answer)
        return respond(answer)
