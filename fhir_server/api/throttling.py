"""How often one client may ask, and how often with a token that is refused.

A client is whom its token names; without one, the address that it asks from. A token that was
refused is not looked at again for a while, so that a client whose token has run out costs nobody
anything; and an address that tries one token after the other has to wait. Who has a good token is
let in also from such an address: behind one address may be a hospital.

Source: https://www.rfc-editor.org/rfc/rfc6585#section-4,
https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict

from flask import Flask, Response

from fhir_server.api import authentication
from fhir_server.api.exchange import Request, here
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.security.rate_limits import RateLimit
from fhir_server.settings import Settings

_WATCHED = ("/healthz", "/readyz")
# One and the same refused token is looked at so often.
_SAME_AGAIN = "3/minute"
_MOST_GOOD = 10_000


class Throttled(FhirError):
    """A client asks too often (429).

    Args:
        seconds: to wait.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = max(1, math.ceil(seconds))
        text = f"Too many requests: ask again in {self.seconds} s, and less often."
        super().__init__(Issue("error", "throttled", text))


class Throttle:
    """Decides for one worker process.

    Args:
        rate: of requests of one client; empty for any.
        failures: of refused tokens of one address; empty for any.
        hops: reverse proxies in front.
    """

    def __init__(self, rate: str, failures: str, hops: int = 0) -> None:
        self._hops = hops
        self._requests = RateLimit(rate) if rate else None
        self._failures = RateLimit(failures) if failures else None
        self._refused = RateLimit(_SAME_AGAIN)
        self._good: OrderedDict[str, None] = OrderedDict()

    def begin(self) -> None:
        """Let a request in, or refuse it.

        Raises:
            Throttled: it comes too soon after others.
        """
        request = here()
        if request.path in _WATCHED or request.environ.get("fhir_server.job"):
            return
        token = _digest(request)
        if token and self._failures and token not in self._good:
            wait = max(self._refused.wait(token), self._failures.wait(self._address(request)))
            if wait:
                raise Throttled(wait)
        request.throttled_token = token
        if self._requests:
            wait = self._requests.take(self._client(request))
            if wait:
                raise Throttled(wait)

    def end(self, response: Response) -> Response:
        """Note whether the token of a request was refused."""
        request = here()
        # A request that was refused before it got here has none.
        token = getattr(request, "throttled_token", "")
        if not token or not self._failures:
            return response
        request.throttled_token = ""
        if response.status_code != 401:
            if authentication.is_public():
                return response  # nobody looked at the token
            self._good[token] = None
            if len(self._good) > _MOST_GOOD:
                self._good.popitem(last=False)
        else:
            self._good.pop(token, None)
            if not self._refused.wait(token):
                self._refused.take(token)
                self._failures.take(self._address(request))
        return response

    def _address(self, request: Request) -> str:
        """Give the address that asks, as the last proxy that is trusted saw it."""
        # REMOTE_ADDR stays the proxy's own: whose certificate header is believed goes by it.
        passed = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
        if 0 < self._hops <= len(passed):
            return passed[-self._hops].strip()
        return request.remote_addr or ""

    def _client(self, request: Request) -> str:
        try:
            asks = authentication.principal()
        except FhirError:
            # The views that need a token refuse it in their own words.
            return self._address(request)
        return self._address(request) if asks.unrestricted else f"{asks.client} {asks.id}"


def register(app: Flask, settings: Settings) -> None:
    """Count the requests of the app, where the settings limit them."""
    rate = settings.client_rate
    if not rate and not settings.secured:
        return
    throttle = Throttle(
        rate, settings.failure_rate if settings.secured else "", settings.proxy_hops
    )
    app.before_request(throttle.begin)
    app.after_request(throttle.end)


def _digest(request: Request) -> str:
    """Give what stands for the token of the request; the token itself is not kept."""
    given = request.environ.get("HTTP_AUTHORIZATION", "")
    return hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest() if given else ""
