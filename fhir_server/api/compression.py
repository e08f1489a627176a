"""Answers packed with gzip for who takes them so.

flask-compress does it. What it finds out at each answer is known beforehand for most: a client that
does not name gzip gets none, and the answers of interactions say themselves what they vary with.
"""

from __future__ import annotations

from flask import Flask, Response
from flask_compress import Compress

from fhir_server.api.exchange import VARY, here

_TYPES = ["application/fhir+json", "application/fhir+xml", "application/json", "text/html"]


def register(app: Flask) -> None:
    """Pack the answers of the app."""
    app.config.update(
        COMPRESS_REGISTER=False,
        COMPRESS_MIMETYPES=_TYPES,
        COMPRESS_ALGORITHM=["gzip"],
        COMPRESS_LEVEL=4,
        COMPRESS_MIN_SIZE=1000,
        # The interactions know what If-Match and its like are about.
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,
    )
    pack = Compress(app).after_request

    def end(response: Response) -> Response:
        taken = here().environ.get("HTTP_ACCEPT_ENCODING", "").lower()
        if "gzip" in taken or "*" in taken or response.headers.get("Vary") != VARY:
            return pack(response)
        # A stream may be packed in other ways.
        return response if response.is_sequence else pack(response)

    app.after_request(end)
