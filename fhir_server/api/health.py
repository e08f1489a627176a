"""Whether the process lives (/healthz) and whether it can serve (/readyz)."""

from __future__ import annotations

from flask import Response, jsonify

from fhir_server.api.blueprint import Blueprint
from fhir_server.api.request import store
from fhir_server.storage.records import StoreFailure, StoreUnavailable


def blueprint() -> Blueprint:
    """Give the routes for whatever supervises the server."""
    blp = Blueprint("health", __name__, description="For load balancers and supervisors")

    @blp.route("/healthz")
    @blp.doc(summary="The process lives", responses={"200": {"description": "It does"}})
    def healthz() -> Response:
        return jsonify(status="ok")

    @blp.route("/readyz")
    @blp.doc(
        summary="The database answers",
        responses={"200": {"description": "Ready"}, "503": {"description": "Not ready"}},
    )
    def readyz() -> tuple[Response, int]:
        try:
            store().ping()
        except (StoreUnavailable, StoreFailure):
            return jsonify(status="database unavailable"), 503
        return jsonify(status="ready"), 200

    return blp
