"""A client of a server process, with the methods of the client of one in this process."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests import http
from tests.conftest import Fhir


class Answered:
    """A response with ``json`` as an attribute, as Flask's test client has it."""

    def __init__(self, response: httpx.Response) -> None:
        self.status_code, self.text = response.status_code, response.text
        self.headers = response.headers
        self.json = response.json() if "json" in response.headers.get("Content-Type", "") else None


class OverHttp(Fhir):
    """The client of the other tests, over a connection."""

    def __init__(self, base: str) -> None:
        self._http = http.Client(base_url=base, timeout=60)

    def _request(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes | str | None) else json.dumps(body)
        if content is not None:
            sent.setdefault("Content-Type", "application/fhir+json")
        # An empty path is the base itself; httpx would put a slash behind it.
        url = path or str(self._http.base_url).rstrip("/")
        return Answered(self._http.request(method, url, content=content, headers=sent))
