"""What every answer says to browsers and caches, in one place.

An answer may hold health data, whatever its status: no cache keeps it, no page of another origin
shows it in a frame, nothing in it is taken for what it does not say it is, and no address of it is
told to others. What a view says itself (a page's own policy, a sandbox around somebody's upload)
stays.

Source: https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html
"""

from __future__ import annotations

from typing import cast

from flask import Flask, Response

from fhir_server.api import exchange
from fhir_server.settings import Settings

# What no page of this server needs.
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
HEADERS = (
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", _PERMISSIONS),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex"),
)
# Two years, as the lists that browsers come with want it; only over https does it say anything.
STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=63072000; includeSubDomains")


def register(app: Flask, settings: Settings) -> None:
    """Put them on every answer of the app, errors too."""
    secure = settings.base_url.lower().startswith("https://")
    headers = (*HEADERS, STRICT_TRANSPORT) if secure else HEADERS
    standing = frozenset(name.lower() for name, _ in headers), headers

    def add(response: Response) -> Response:
        cast("exchange.Response", response).standing = standing
        return response

    app.after_request(add)
