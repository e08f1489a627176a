"""A line for each request, and an id that ties a client's report to it.

No line holds personal data: not the URL, which may carry a personal identity number, but the route
that answered; not the values of parameters.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import time
from typing import TextIO, cast

import structlog
import uuid_utils
from flask import Flask, Response, g, request

SAFE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
HEADER = "X-Request-Id"

log = structlog.get_logger()


def configure(level: str) -> None:
    """Log JSON lines to standard error, from ``level`` up."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )


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
    given = request.headers.get(HEADER, "")
    # What a client sends goes into our log: only characters that can't forge a line.
    g.request_id = given if SAFE_ID.match(given) else str(uuid_utils.uuid4())
    g.started = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    rule = request.url_rule.rule if request.url_rule else None
    if rule in ("/healthz", "/readyz"):
        return response
    log.info(
        "request",
        request_id=g.request_id,
        method=request.method,
        route=rule,
        status=response.status_code,
        ms=round((time.perf_counter() - g.started) * 1000, 1),
        bytes=response.content_length,
    )
    return response
