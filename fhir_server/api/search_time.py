"""What only reads has so much time; what takes longer can be asked for asynchronously.

A batch gives each of its entries the same time (`interactions.batch`).
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from flask import Flask, g, request

from fhir_server.settings import Settings
from fhir_server.storage.time_limit import limited

_READS = ("GET", "HEAD")
_READ_BY_POST = ("/_search", "/$graphql")


def register(app: Flask, settings: Settings) -> None:
    """Limit the reads of all requests."""
    seconds = settings.search_seconds

    def begin() -> None:
        # An asynchronous request holds up nobody, and whoever runs the server limits their number.
        if not request.environ.get("fhir_server.job") and _reads():
            g.search_time = limited(seconds)
            g.search_time.__enter__()

    def end(_error: BaseException | None) -> None:
        limit: AbstractContextManager[None] | None = g.pop("search_time", None)
        if limit is not None:
            limit.__exit__(None, None, None)

    app.before_request(begin)
    app.teardown_request(end)


def _reads() -> bool:
    by_post = request.method == "POST" and request.path.endswith(_READ_BY_POST)
    return request.method in _READS or by_post
