"""HTTP to an issuer: short, small, without redirects; whatever goes wrong is one error.

An exchange has a deadline as a whole. A timeout between two bytes would let a byte a second go on
for ever, so it runs on an event loop, where it can be given up.
"""

from __future__ import annotations

import asyncio
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError

TIMEOUT_SECONDS = 3.0
DEADLINE_SECONDS = 6.0
MAX_BYTES = 500_000

Form = dict[str, str]


class Unreachable(Exception):
    """The issuer does not answer as it should; the text says how, and holds no secret."""


def get_json(url: str) -> dict[str, Any]:
    """Give the JSON object at an address.

    Raises:
        Unreachable: there is none to be had now.
    """
    return _object(_within_deadline("GET", url, None, None))


def post_form(url: str, form: Form, auth: tuple[str, str]) -> dict[str, Any]:
    """Send a form and give the JSON object that is answered; raises as `get_json` does."""
    return _object(_within_deadline("POST", url, form, auth))


def _within_deadline(
    method: str, url: str, form: Form | None, auth: tuple[str, str] | None
) -> bytes:
    import httpx

    try:
        return asyncio.run(asyncio.wait_for(_exchange(method, url, form, auth), DEADLINE_SECONDS))
    except TimeoutError:
        raise Unreachable("no whole answer in time") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise Unreachable(type(error).__name__) from None


async def _exchange(
    method: str, url: str, form: Form | None, auth: tuple[str, str] | None
) -> bytes:
    import httpx

    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    body = bytearray()
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
        client.stream(method, url, data=form, auth=auth, headers=headers) as response,
    ):
        if response.status_code != 200:
            raise Unreachable(f"status {response.status_code}")
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > MAX_BYTES:
                raise Unreachable(f"more than {MAX_BYTES} bytes")
    return bytes(body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.parse(body)
    except FhirError:
        raise Unreachable("an answer that is not JSON") from None
    if not isinstance(content, dict):
        raise Unreachable("an answer that is no JSON object")
    return content
