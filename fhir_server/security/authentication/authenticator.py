"""Verifies access tokens, and remembers for a short time those it verified.

What is remembered is known by the SHA-256 of its header, never by the token itself, and no longer
than its keys are trusted without being looked at again, nor than the token is valid. That the token
is bound to a client's certificate is asked at each request.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.security.authentication.access_tokens import (
    BROKEN,
    is_jwt,
    moment,
    part_of,
    verified_claims,
)
from fhir_server.security.authentication.certificates import Certificate
from fhir_server.security.authentication.identity import principal_of
from fhir_server.security.authentication.introspection import introspected_claims
from fhir_server.security.authentication.issuers import Client, Introspection, Issuer
from fhir_server.security.authentication.keys import Keys, from_address, from_file
from fhir_server.security.principal import Principal
from fhir_server.security.refusal import NoAnswer, Refused, invalid_request, invalid_token, no_token
from fhir_server.terminology.remembered import Remembered

MAX_TOKEN = 12_000
REMEMBERED = 10_000
REMEMBERED_SECONDS = 120.0
# Of an opaque token: one that its issuer revokes is refused this much later at most.
INTROSPECTED_SECONDS = 20.0
# A silent issuer holds requests up for a moment and not all the time.
SILENT_SECONDS = 3.0
# RFC 6750, section 2.1: b64token.
_CREDENTIALS = re.compile(r"(?i:bearer) +([A-Za-z0-9\-._~+/]+=*)")

_ANY_CLIENT = Client("", "")


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that was verified: for whom, and what must hold at each request."""

    principal: Principal
    expires: float
    until: float
    bound_to: str
    client: Client


class Authenticator:
    """Tells who asks; safe to share between threads.

    Args:
        issuers: those that are trusted.
        keys: of issuers whose keys are in this process, by ``iss``.
        clock: the time in seconds since 1970.
    """

    def __init__(
        self,
        issuers: Iterable[Issuer],
        keys: Mapping[str, Keys] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.issuers = {issuer.issuer: issuer for issuer in issuers}
        self._keys = {name: _keys_of(issuer) for name, issuer in self.issuers.items()}
        self._keys |= keys or {}
        self._clock = clock
        self._remembered = Remembered[_Verified](REMEMBERED, REMEMBERED_SECONDS)
        self._silent = Remembered[NoAnswer](len(self.issuers) + 1, SILENT_SECONDS)

    def principal(self, authorization: str | None, certificate: Certificate | None) -> Principal:
        """Give who asks.

        Args:
            authorization: the header of that name; None for none.
            certificate: of the client, where a trusted proxy passed one.

        Raises:
            Refused: 401, there is no token or none that holds; 400, there are several.
            NoAnswer: 503, an issuer that must be asked does not answer.
        """
        # The whole header: what was read once need not be read again.
        header = (authorization or "")[: MAX_TOKEN + 1]
        digest = hashlib.sha256(header.encode("utf-8", "surrogatepass")).digest()
        verified = self._remembered.get(digest)
        now = self._clock()
        if verified is None or verified.until <= now:
            verified = self._verify(_token(header))
            self._remembered.keep(digest, verified)
        elif verified.expires <= now:
            raise invalid_token("The access token has expired; get a new one.", code="expired")
        _check_binding(verified, certificate)
        return verified.principal

    def _verify(self, token: str) -> _Verified:
        if is_jwt(token):
            issuer = self._issuer(part_of(token, 1))
            keys = self._keys[issuer.issuer]
            if keys is not None:
                claims = verified_claims(token, issuer, keys, self._clock)
                return self._verified(claims, issuer, REMEMBERED_SECONDS)
            asked = [issuer]
        else:
            asked = list(self.issuers.values())
        return self._introspected(token, asked)

    def _issuer(self, claims: Mapping[str, Any]) -> Issuer:
        name = claims.get("iss")
        issuer = self.issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise invalid_token("The access token is of an issuer that is not trusted here.")
        return issuer

    def _introspected(self, token: str, issuers: Iterable[Issuer]) -> _Verified:
        silent: NoAnswer | None = None
        for issuer in issuers:
            if not isinstance(issuer.introspection, Introspection):
                continue
            lately = self._silent.get(issuer.issuer)
            if lately is not None:
                silent = lately
                continue
            try:
                claims = introspected_claims(token, issuer, issuer.introspection, self._clock)
            except NoAnswer as error:
                self._silent.keep(issuer.issuer, error)
                silent = error
                continue
            if claims is not None:
                return self._verified(claims, issuer, INTROSPECTED_SECONDS)
        if silent is not None:
            raise NoAnswer(silent.issues[0].text)
        raise invalid_token("The access token is not active, or of nobody that is trusted here.")

    def _verified(self, claims: Mapping[str, Any], issuer: Issuer, seconds: float) -> _Verified:
        bound_to = _bound_to(claims)
        if issuer.certificate_bound and not bound_to:
            raise invalid_token("The access token must be bound to a client certificate.")
        principal = principal_of(claims, issuer)
        now = self._clock()
        ends = moment(claims, "exp")
        expires = now + seconds if ends is None else ends + issuer.clock_skew_s
        client = issuer.clients.get(principal.client, _ANY_CLIENT)
        return _Verified(principal, expires, now + seconds, bound_to, client)


def _keys_of(issuer: Issuer) -> Keys | None:
    if issuer.jwks_uri:
        return Keys(from_address(issuer.jwks_uri))
    return Keys(from_file(issuer.jwks_file)) if issuer.jwks_file else None


def _token(authorization: str) -> str:
    text = authorization.strip()
    if not text:
        raise no_token()
    if text[:6].lower() != "bearer" or text[6:7] not in ("", " "):
        raise no_token()
    match = _CREDENTIALS.fullmatch(text) if len(text) <= MAX_TOKEN else None
    if match is None:
        if len(text) > MAX_TOKEN:
            raise invalid_token("The access token is too long.")
        raise invalid_request("Authorization must be Bearer, a space and one access token.")
    return match[1]


def _bound_to(claims: Mapping[str, Any]) -> str:
    """Give the thumbprint of the certificate that a token is bound to (RFC 8705, section 3.1)."""
    confirmation = claims.get("cnf")
    if confirmation is None:
        return ""
    thumbprint = confirmation.get("x5t#S256") if isinstance(confirmation, Mapping) else None
    if not isinstance(thumbprint, str) or not thumbprint:
        # Bound to something that can't be checked here, such as a key of DPoP.
        raise invalid_token("The access token is bound in a way that is not supported.")
    if isinstance(confirmation, Mapping) and len(confirmation) > 1:
        raise invalid_token(BROKEN)
    return thumbprint.rstrip("=")


def _check_binding(verified: _Verified, certificate: Certificate | None) -> None:
    client = verified.client
    if not (verified.bound_to or client.certificates or client.hsa_id):
        return
    if certificate is None:
        raise _other_certificate()
    if verified.bound_to and verified.bound_to != certificate.thumbprint:
        raise _other_certificate()
    if client.certificates and certificate.thumbprint not in client.certificates:
        raise _other_certificate()
    if client.hsa_id and client.hsa_id != certificate.hsa_id:
        raise _other_certificate()


def _other_certificate() -> Refused:
    return invalid_token("The access token may only be used with its client's own certificate.")
