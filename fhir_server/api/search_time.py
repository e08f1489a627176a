"""What only reads has so much time; what takes longer can be asked for asynchronously.

A batch gives each of its entries the same time (`interactions.batch`).
"""

from __future__ import annotations

from flask import Flask

from fhir_server.api.exchange import Request, here
from fhir_server.settings import Settings
from fhir_server.storage.time_limit import limited

_READS = ("GET", "HEAD")
_READ_BY_POST = ("/_search", "/$graphql")


def register(app: Flask, settings: Settings) -> None:
    """Limit the reads of all requests."""
    seconds = settings.search_seconds

    def begin() -> None:
        request = here()
        # An asynchronous request holds up nobody, and whoever runs the server limits their number.
        if _reads(request) and not request.environ.get("fhir_server.job"):
            request.search_time = limited(seconds)
            request.search_time.__enter__()

    def end(_error: BaseException | None) -> None:
        request = here()
        limit, request.search_time = request.search_time, None
        if limit is not None:
            limit.__exit__(None, None, None)

    app.before_request(begin)
    app.teardown_request(end)


def _reads(request: Request) -> bool:
    if request.method in _READS:
        return True
    return request.method == "POST" and request.path.endswith(_READ_BY_POST)
