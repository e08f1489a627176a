"""Answers only to the server's own names.

The name that a request came to may stand in links and in Location. A forged one would lead who
follows them elsewhere; and a page whose name was made to lead to this machine could read what is
here as if it were its own (DNS rebinding).

Source: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.20
"""

from __future__ import annotations

import re
from functools import lru_cache

from flask import Flask

from fhir_server.api.exchange import here
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.settings import Settings

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
# Whatever watches over the server asks by its address, and learns nothing of anybody.
_ALWAYS = ("/healthz", "/readyz")


def register(app: Flask, settings: Settings) -> None:
    """Refuse other names; nothing is registered where any is allowed."""
    hosts = settings.hosts
    if hosts:
        app.before_request(lambda: _require(hosts))


def _require(hosts: frozenset[str]) -> None:
    request = here()
    # As the client sent it: Werkzeug's own would answer an empty one with the socket's name.
    if _name(request.environ.get("HTTP_HOST", "")) not in hosts and request.path not in _ALWAYS:
        text = (
            "The server is not known by the name that the request came to (Host). Use its base "
            "url; whoever runs it allows further names by the setting allowed_hosts."
        )
        raise FhirError(Issue("error", "security", text), status=421)


@lru_cache(maxsize=64)
def _name(host: str) -> str:
    found = _HOST.fullmatch(host)
    return found[1].strip("[]").lower() if found else ""
