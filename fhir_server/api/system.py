"""The interactions of the whole system: capabilities, batch and transaction."""

from __future__ import annotations

from functools import lru_cache

from flask import Response
from flask_smorest import Blueprint

from fhir_server.api import openapi, request
from fhir_server.api.responses import respond
from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.batch import process
from fhir_server.interactions.capabilities import capability_statement
from fhir_server.interactions.context import Server


@lru_cache(maxsize=4)
def _capabilities(server: Server, base: str) -> bytes:
    return json.dump(capability_statement(server, base))


def register(blp: Blueprint) -> None:
    """Add the routes."""

    @blp.route("/metadata")
    @blp.doc(**openapi.operation("What this server does (CapabilityStatement)", "System"))
    def metadata() -> Response:
        context = request.context()
        return respond(Answer(200, body=_capabilities(context.server, context.base)))

    @blp.route("", methods=["POST"], strict_slashes=False)
    @blp.doc(**openapi.operation("Carry out a batch or transaction", "System", body="Bundle"))
    def bundle() -> Response:
        context = request.context()
        return respond(process(context, request.resource(), prefer=request.prefer("return")))
