"""The keys of an issuer: fetched when first needed, kept, and looked for anew when one is unknown.

Source: https://www.rfc-editor.org/rfc/rfc7517
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.security.authentication.fetching import Unreachable, get_json
from fhir_server.security.refusal import NoAnswer, invalid_token

if TYPE_CHECKING:
    from joserfc.jwk import Key

log = structlog.get_logger()

# Keys are looked at again after this: one that its issuer took away is trusted no longer.
FRESH_SECONDS = 300.0
# Where the issuer is silent, what was known goes on for this long.
STALE_SECONDS = 3600.0
# A stranger who makes up key ids can't make this server flood the issuer.
MOST_FETCHES = 5
FETCHES_SECONDS = 60.0
# A silent issuer holds requests up for a moment and not all the time.
RETRY_SECONDS = 5.0
KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
CURVES = {
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
    "EdDSA": "Ed25519",
    "Ed25519": "Ed25519",
}
LEAST_RSA_BITS = 2048
MAX_KEYS = 100

Source = Callable[[], Mapping[str, Any]]


class Keys:
    """The public keys of one issuer; safe to share between threads.

    Args:
        source: gives the JWK set, or raises `Unreachable`.
        clock: the time in seconds, of any beginning.
    """

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._fetching = threading.Lock()
        self._known: _Known | None = None
        self._failed: float | None = None
        self._fetches: deque[float] = deque(maxlen=MOST_FETCHES)

    def find(self, kid: str | None, algorithm: str) -> Key:
        """Give the key that a token says it is signed with.

        Args:
            kid: the key's id; None only finds the one key that an issuer has for the algorithm.
            algorithm: as the token's header has it, already known to be allowed.

        Raises:
            Refused: 401, the issuer has no such key.
            NoAnswer: 503, the issuer does not answer, and it might.
        """
        found = _matching(self._current(), kid, algorithm)
        if found is None:
            found = _matching(self._renewed(self._known), kid, algorithm)
        if found is not None:
            return _imported(found)
        if self._failed is not None:
            raise NoAnswer("The issuer of the access token does not answer; try again.")
        raise invalid_token("The access token is signed with a key that its issuer does not have.")

    def _current(self) -> _Known | None:
        """Give what is known, renewed by one thread where it is old; the others do not wait."""
        known = self._known
        if known is None:
            return None
        age = self._clock() - known.since
        if age > FRESH_SECONDS and self._may_fetch() and self._fetching.acquire(blocking=False):
            try:
                self._fetch()
            finally:
                self._fetching.release()
        known = self._known or known
        return None if self._clock() - known.since > STALE_SECONDS else known

    def _renewed(self, before: _Known | None) -> _Known | None:
        """Give newer keys than those that lacked one, as long as that may be asked for."""
        with self._fetching:
            if self._known is before and self._may_fetch():
                self._fetch()
            known = self._known
        return known if known is not None and known is not before else None

    def _may_fetch(self) -> bool:
        now = self._clock()
        if self._failed is not None and now - self._failed < RETRY_SECONDS:
            return False
        return len(self._fetches) < MOST_FETCHES or now - self._fetches[0] > FETCHES_SECONDS

    def _fetch(self) -> None:
        self._fetches.append(self._clock())
        try:
            listed = _listed(self._source())
        except Unreachable as error:
            log.warning("an issuer's keys can't be had", reason=str(error))
            self._failed = self._clock()
            return
        self._known = _Known(listed, self._clock())
        self._failed = None


@dataclass(frozen=True, slots=True)
class _Known:
    keys: list[Mapping[str, Any]]
    since: float


def _matching(known: _Known | None, kid: str | None, algorithm: str) -> Mapping[str, Any] | None:
    fit = [key for key in known.keys if _is_fit(key, algorithm)] if known else []
    if kid is None:
        return fit[0] if len(fit) == 1 else None
    return next((key for key in fit if key.get("kid") == kid), None)


def _listed(content: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = content.get("keys")
    if not isinstance(listed, list):
        raise Unreachable("no set of keys")
    return [key for key in listed[:MAX_KEYS] if isinstance(key, dict)]


def from_address(url: str) -> Source:
    """Give a source that asks an issuer over HTTP."""
    return lambda: get_json(url)


def from_file(path: Path) -> Source:
    """Give a source that reads a file, anew each time."""

    def read() -> Mapping[str, Any]:
        try:
            content = json.parse(path.read_bytes())
        except (OSError, FhirError) as error:
            raise Unreachable(type(error).__name__) from None
        if not isinstance(content, dict):
            raise Unreachable("a file that holds no JSON object")
        return content

    return read


def _is_fit(key: Mapping[str, Any], algorithm: str) -> bool:
    """Tell whether a key is one for signatures with an algorithm; a secret never is."""
    return (
        key.get("kty") == KEY_TYPES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and key.get("crv") == CURVES.get(algorithm)
    )


def _imported(key: Mapping[str, Any]) -> Key:
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    modulus = key.get("n")
    if isinstance(modulus, str) and len(modulus) * 6 < LEAST_RSA_BITS:
        raise invalid_token("The issuer's key for this access token is too short.")
    public = ("kty", "kid", "n", "e", "crv", "x", "y")
    try:
        return import_key({name: key[name] for name in public if name in key})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise invalid_token("The issuer's key for this access token can not be used.") from None
