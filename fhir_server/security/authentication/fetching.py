"""HTTP to an issuer: short, small, without redirects; whatever goes wrong is one error.

The exchange has a deadline as a whole: `httpx` alone lets a byte a second go on for ever.
"""

from __future__ import annotations

import time
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError

TIMEOUT_SECONDS = 3.0
DEADLINE_SECONDS = 6.0
MAX_BYTES = 500_000


class Unreachable(Exception):
    """The issuer does not answer as it should; the text says how, and holds no secret."""


def get_json(url: str) -> dict[str, Any]:
    """Give the JSON object at an address.

    Raises:
        Unreachable: there is none to be had now.
    """
    return _exchange("GET", url, None, None)


def post_form(url: str, form: dict[str, str], auth: tuple[str, str]) -> dict[str, Any]:
    """Send a form and give the JSON object that is answered; raises as `get_json` does."""
    return _exchange("POST", url, form, auth)


def _exchange(
    method: str, url: str, form: dict[str, str] | None, auth: tuple[str, str] | None
) -> dict[str, Any]:
    import httpx

    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    deadline = time.monotonic() + DEADLINE_SECONDS
    body = bytearray()
    try:
        with (
            httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
            client.stream(method, url, data=form, auth=auth, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise Unreachable(f"status {response.status_code}")
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise Unreachable(f"more than {MAX_BYTES} bytes")
                if time.monotonic() > deadline:
                    raise Unreachable("no whole answer in time")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise Unreachable(type(error).__name__) from None
    try:
        content = json.parse(bytes(body))
    except FhirError:
        raise Unreachable("an answer that is not JSON") from None
    if not isinstance(content, dict):
        raise Unreachable("an answer that is no JSON object")
    return content
