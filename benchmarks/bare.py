"""The bare limits: a Flask route that does nothing, one that reads one document."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask, Response


def application() -> Flask:
    """Give a Flask application without any of ours; granian runs it in the same way."""
    from pymongo import MongoClient

    app = Flask("bare")
    client: MongoClient[dict[str, Any]] = MongoClient(
        os.environ["BENCH_MONGODB_URI"], connect=False
    )
    documents = client[os.environ["BENCH_DATABASE"]]["documents"]
    fixed = b'{"resourceType":"CarePlan"}' * 100

    @app.route("/nothing/<type_>/<id_>")
    def nothing(type_: str, id_: str) -> Response:
        return Response(fixed, content_type="application/fhir+json")

    @app.route("/read/<type_>/<id_>")
    def read(type_: str, id_: str) -> Response:
        document = documents.find_one({"_id": f"{type_}/{id_}"}, {"b": 1})
        assert document is not None
        return Response(document["b"], content_type="application/fhir+json")

    return app
