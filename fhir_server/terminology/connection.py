"""The line to a terminology server: a deadline for the whole exchange, small answers, no redirects.

Exchanges run on an event loop in a thread of its own. Only there can an exchange be given up at a
deadline: a server that sends a byte a second breaks no timeout between two bytes.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.terminology import allowance

if TYPE_CHECKING:
    import httpx

Resource = dict[str, Any]

MAX_BYTES = 5_000_000
# For what goes on between the deadline and the thread that waits for it.
GRACE_SECONDS = 0.25
# Less than this is not worth asking.
SHORTEST_SECONDS = 0.01
# Issues that are about the one who asks and not about the question.
NO_ACCESS = {"login", "unknown", "expired", "security", "forbidden"}


class Outage(Exception):
    """The server doesn't answer as a FHIR server does; the text says how, never what was asked."""


class NoTime(Exception):
    """The request under way has waited as long as it may; nothing was asked."""


class Connection:
    """Asks a FHIR server; safe to share between threads.

    Args:
        base: its FHIR base url.
        timeout_s: seconds that one exchange may take, from connecting to the last byte.
        token: for ``Authorization: Bearer``; empty for none.
        max_bytes: the longest answer that is read.
    """

    def __init__(
        self, base: str, timeout_s: float, token: str = "", max_bytes: int = MAX_BYTES
    ) -> None:
        self._base = base.rstrip("/")
        self._timeout = timeout_s
        self._token = token
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx.AsyncClient | None = None

    def get(self, path: str, parameters: Mapping[str, str]) -> Resource | None:
        """Ask for a resource.

        Args:
            path: below the base.
            parameters: of the URL.

        Returns:
            None where the server says, as an OperationOutcome, that it can't tell.

        Raises:
            Outage: no answer in time, or none that is FHIR's.
            NoTime: the request under way may not wait any more.
        """
        shared = allowance.current()
        seconds = self._timeout if shared is None else min(self._timeout, shared.left)
        if seconds < SHORTEST_SECONDS:
            raise NoTime
        started = time.monotonic()
        try:
            status, body = self._exchange(path, parameters, seconds)
        finally:
            if shared is not None:
                shared.left -= time.monotonic() - started
        return _resource(status, body)

    def _exchange(
        self, path: str, parameters: Mapping[str, str], seconds: float
    ) -> tuple[int, bytes]:
        asked = asyncio.wait_for(self._fetch(path, parameters), seconds)
        waiting = asyncio.run_coroutine_threadsafe(asked, self._running_loop())
        try:
            return waiting.result(seconds + GRACE_SECONDS)
        except (TimeoutError, concurrent.futures.TimeoutError):
            waiting.cancel()
            # Less than the timeout: the request had waited before, the server may be well.
            if seconds < self._timeout:
                raise NoTime from None
            raise Outage("no whole answer in time") from None

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                name = "terminology-server"
                threading.Thread(target=self._loop.run_forever, name=name, daemon=True).start()
            return self._loop

    def _open_client(self) -> httpx.AsyncClient:
        """Give the client, made on first use: whoever has no such server needs no HTTP client."""
        if self._client is None:
            import httpx

            headers = {
                "Accept": "application/fhir+json",
                # What is unpacked can be a thousand times as long as what is received.
                "Accept-Encoding": "identity",
            }
            if self._token:
                headers["Authorization"] = f"Bearer {self._token}"
            self._client = httpx.AsyncClient(
                headers=headers, timeout=self._timeout, follow_redirects=False
            )
        return self._client

    async def _fetch(self, path: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
        client = self._open_client()
        import httpx

        url = f"{self._base}/{path}"
        try:
            async with client.stream("GET", url, params=dict(parameters)) as response:
                return response.status_code, await self._read(response)
        except httpx.HTTPError as error:
            raise Outage(f"{type(error).__name__}") from None

    async def _read(self, response: httpx.Response) -> bytes:
        if response.is_redirect:
            raise Outage("a redirect, which is not followed")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Outage("a packed answer, which was not asked for")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise Outage(f"an answer of more than {self._max_bytes} bytes")
        return bytes(body)


def _resource(status: int, body: bytes) -> Resource | None:
    """Tell a FHIR answer from an outage."""
    if status == 429 or status >= 500 or status in (401, 407):
        raise Outage(f"status {status}")
    try:
        resource = json.parse(body)
    except FhirError:
        raise Outage(f"status {status} with something that is not JSON") from None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise Outage(f"status {status} with JSON that is not FHIR's")
    if status == 200:
        return resource
    if resource["resourceType"] != "OperationOutcome" or _refuses_access(status, resource):
        raise Outage(f"status {status}")
    return None


def _refuses_access(status: int, outcome: Resource) -> bool:
    issues = outcome.get("issue")
    listed = issues if isinstance(issues, list) else []
    return status == 403 and any(
        isinstance(issue, dict) and issue.get("code") in NO_ACCESS for issue in listed
    )
