"""A line for each request, and an id that ties a client's report to it.

No line holds personal data: not the URL, which may carry a personal identity number, but the route
that answered; not the values of parameters.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO, cast

import orjson
import structlog
import uuid_utils
from flask import Flask, Response

from fhir_server.api.exchange import here

SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
HEADER = "X-Request-Id"
_ENVIRON = "HTTP_X_REQUEST_ID"
_WATCHED = ("/healthz", "/readyz")

log = structlog.get_logger()


def configure(level: str) -> None:
    """Log JSON lines to standard error, from ``level`` up."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(serializer=_line),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # It writes a line at once, with its end.
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )


def _line(event: dict[str, Any], default: Callable[[Any], Any]) -> str:
    """Spell a line in ASCII, whatever standard error can take."""
    try:
        text = orjson.dumps(event, default=default).decode()
    except TypeError:  # a number of more than 64 bits
        text = ""
    return text if text and text.isascii() else json.dumps(event, default=default)


class _StandardError:
    """Standard error, which may go away: nobody's request fails because nobody reads the log."""

    def write(self, text: str) -> int:
        """Write what can be written."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def register(app: Flask) -> None:
    """Give every request an id and a line in the log."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    request = here()
    given = request.environ.get(_ENVIRON, "")
    # What a client sends goes into our log: only characters that can't forge a line.
    request.request_id = given if SAFE_ID.match(given) else str(uuid_utils.uuid4())
    request.started = time.perf_counter()


def _end(response: Response) -> Response:
    request = here()
    response.headers[HEADER] = request.request_id
    rule = request.url_rule.rule if request.url_rule else None
    if rule in _WATCHED:
        return response
    log.info(
        "request",
        request_id=request.request_id,
        method=request.method,
        route=rule,
        status=response.status_code,
        ms=round((time.perf_counter() - request.started) * 1000, 1),
        bytes=response.content_length,
    )
    return response
