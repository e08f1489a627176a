"""The address where an app learns how to get a token for this server.

Source: https://hl7.org/fhir/smart-app-launch/STU2/conformance.html#using-well-known
"""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from fhir_server.api.authentication import trusted_issuers
from fhir_server.api.blueprint import Blueprint
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.security.authentication import smart


def security() -> dict[str, Any]:
    """Give ``CapabilityStatement.rest.security``."""
    return smart.statement(trusted_issuers())


def blueprint() -> Blueprint:
    """Give the route."""
    blp = Blueprint("smart", __name__, url_prefix="/fhir", description="SMART App Launch")

    @blp.route("/.well-known/smart-configuration")
    @blp.doc(
        summary="How an app gets an access token for this server",
        responses={
            "200": {"description": "Endpoints and capabilities"},
            "404": {"description": "The server trusts no issuer with endpoints to show"},
        },
    )
    def smart_configuration() -> Response:
        found = smart.configuration(trusted_issuers() or ())
        if found is None:
            text = "This server trusts no authorization server whose endpoints it could show."
            raise FhirError(Issue("error", "not-found", text))
        response = jsonify(found)
        response.headers["Cache-Control"] = "public, max-age=300"
        return response

    return blp
