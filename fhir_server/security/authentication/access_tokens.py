"""JWT access tokens: signature, issuer, audience and time, before anything in them is believed.

Source: https://www.rfc-editor.org/rfc/rfc9068 (access tokens),
https://www.rfc-editor.org/rfc/rfc8725 (best practices), https://www.rfc-editor.org/rfc/rfc7515
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.security.authentication.issuers import Issuer
from fhir_server.security.authentication.keys import Keys
from fhir_server.security.refusal import invalid_token

Claims = Mapping[str, Any]

# No moment that a token can mean; a number may have any size in JSON.
_MOST_SECONDS = 10**12

BROKEN = "The access token is broken."


def is_jwt(token: str) -> bool:
    """Tell whether a token has the form of a signed JWT; others are opaque."""
    return token.count(".") == 2


def part_of(token: str, index: int) -> dict[str, Any]:
    """Give the header (0) or the payload (1) of a token, not verified.

    Raises:
        Refused: 401, it is no JSON object.
    """
    text = token.split(".")[index]
    try:
        content = json.parse(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, FhirError):
        raise invalid_token(BROKEN) from None
    if not isinstance(content, dict):
        raise invalid_token(BROKEN)
    return content


def verified_claims(
    token: str, issuer: Issuer, keys: Keys, clock: Callable[[], float] = time.time
) -> Claims:
    """Give what a token says, once it is known to be its issuer's, for us and for now.

    Args:
        token: in the compact form.
        issuer: the one that the token names.
        keys: the issuer's.
        clock: the time in seconds since 1970.

    Raises:
        Refused: 401, it is not.
        NoAnswer: 503, the issuer's keys can't be had.
    """
    header = part_of(token, 0)
    algorithm = _checked_header(header, issuer)
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise invalid_token(BROKEN)
    _verify(token, algorithm, keys, kid)
    claims = part_of(token, 1)
    check_claims(claims, issuer, clock())
    return claims


def _checked_header(header: Mapping[str, Any], issuer: Issuer) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        raise invalid_token("The access token is signed with an algorithm that is not accepted.")
    if "crit" in header or "b64" in header:
        raise invalid_token("The access token asks for extensions that are not understood.")
    typ = header.get("typ", "JWT")
    named = typ.lower().removeprefix("application/") if isinstance(typ, str) else ""
    if named not in [each.lower() for each in issuer.token_types]:
        raise invalid_token("This is a token of another kind than an access token.")
    return algorithm


def _verify(token: str, algorithm: str, keys: Keys, kid: str | None) -> None:
    from joserfc import jws
    from joserfc.errors import JoseError

    key = keys.find(kid, algorithm)
    try:
        # The algorithm is the one allowed above; the key's type was chosen by it.
        jws.deserialize_compact(token, key, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError):
        raise invalid_token("The signature of the access token is wrong.") from None


def check_claims(claims: Claims, issuer: Issuer, now: float, *, opaque: bool = False) -> None:
    """Check who made a token, for whom, and from when until when.

    Args:
        claims: what it says.
        issuer: the one it must be of.
        now: seconds since 1970.
        opaque: whether the issuer itself said so just now; then it may leave out what is sure.

    Raises:
        Refused: 401, it does not hold here or now.
    """
    if claims.get("iss", issuer.issuer if opaque else None) != issuer.issuer:
        raise invalid_token("The access token is of another issuer.")
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if issuer.audience not in listed:
        raise invalid_token("The access token is for another audience than this server.")
    skew = issuer.clock_skew_s
    expires = moment(claims, "exp")
    if expires is None and not opaque:
        raise invalid_token("The access token does not say when it expires.")
    if expires is not None and expires + skew <= now:
        raise invalid_token("The access token has expired; get a new one.", code="expired")
    for name in ("nbf", "iat"):
        begins = moment(claims, name)
        if begins is not None and begins - skew > now:
            raise invalid_token("The access token is not valid yet.")


def moment(claims: Claims, name: str) -> float | None:
    """Give a time that a token names, in seconds since 1970; None where it names none.

    Raises:
        Refused: 401, it is no number.
    """
    value = claims.get(name)
    if value is None:
        return None
    number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if not number or not abs(value) <= _MOST_SECONDS:
        raise invalid_token(BROKEN)
    return float(value)
