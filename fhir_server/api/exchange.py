"""Flask's request and response, with what this server notes of a request and adds to answers.

Each look at Flask's ``request`` or ``g`` goes through a proxy and a context variable. A function
that every request passes asks `here` once, and then reads plain attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, cast

import flask
from flask import request

from fhir_server.security.principal import Principal
from fhir_server.security.trace import Trace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from fhir_server.api.audit import Notes

# What the form of an answer depends on: the format, and whether it is packed.
VARY = "Accept, Accept-Encoding"
# Answers that have no body, and answers whose addresses Werkzeug puts into the form of a URI.
_WITHOUT_BODY = (204, 304)
_ADDRESSES = ("location", "content-location")


class Request(flask.Request):
    """A request, and what the parts of the server have noted of it so far."""

    # The id under which it is logged, and when it came (seconds of `time.perf_counter`).
    request_id: str = ""
    started: float = 0.0
    # Who asks, once that is known.
    principal: Principal | None = None
    # What it was given and what it changed.
    trace: Trace | None = None
    # What the audit trail is to be told besides; None for what is not recorded.
    audit_notes: Notes | None = None
    # The limit of its time, to be left at its end.
    search_time: AbstractContextManager[None] | None = None
    # How much of the room for large bodies it has (`large_bodies`).
    room_taken: int = 0
    # Stands for its token, where refused ones are counted.
    throttled_token: str = ""
    # Whether a person waits for a page.
    wants_page: bool = False


# The request that this thread answers.
here = cast("Callable[[], Request]", cast("Any", request)._get_current_object)


class Response(flask.Response):
    """A response that is sent in one piece wherever it is one.

    The headers that every answer has are added as it leaves: checked once, at start, and not
    copied from one answer to the next.
    """

    # Names in lower case, and the headers: sent where the response does not say it itself.
    standing: tuple[frozenset[str], tuple[tuple[str, str], ...]] = (frozenset(), ())

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it: PEP 3333."""
        headers = self.headers.to_wsgi_list()
        given = {name.lower() for name, _ in headers}
        names, standing = self.standing
        missing = standing
        if not given.isdisjoint(names):
            missing = tuple(each for each in standing if each[0].lower() not in given)
        if not self._is_whole(environ, given):
            self.headers.extend(missing)
            return super().__call__(environ, start_response)
        start_response(self.status, [*headers, *missing])
        body = cast("list[bytes]", self.response)
        self.close()
        # granian sends a list with one call, and anything else piece by piece.
        return body

    def _is_whole(self, environ: WSGIEnvironment, given: set[str]) -> bool:
        """Tell whether nothing has to be worked out any more: what to send, and how long it is."""
        status = self.status_code
        return (
            isinstance(self.response, list)
            and "content-length" in given
            and given.isdisjoint(_ADDRESSES)
            and environ["REQUEST_METHOD"] != "HEAD"
            and status >= 200
            and status not in _WITHOUT_BODY
            and not self.direct_passthrough
            and all(isinstance(piece, bytes) for piece in self.response)
        )
