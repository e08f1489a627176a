"""Opaque tokens: their issuer is asked what they stand for.

Source: https://www.rfc-editor.org/rfc/rfc7662
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import structlog

from fhir_server.security.authentication.access_tokens import check_claims
from fhir_server.security.authentication.fetching import Unreachable, post_form
from fhir_server.security.authentication.issuers import Introspection, Issuer
from fhir_server.security.refusal import NoAnswer

log = structlog.get_logger()


def introspected_claims(
    token: str, issuer: Issuer, at: Introspection, clock: Callable[[], float] = time.time
) -> Mapping[str, Any] | None:
    """Give what a token stands for; None where it is not active, or not this issuer's.

    Raises:
        Refused: 401, the token is active, but not for this server or not now.
        NoAnswer: 503, the issuer can't be asked.
    """
    # RFC 6749, section 2.3.1: form-encoded. A space as %20, which who decodes either way reads.
    auth = (quote(at.client_id, safe=""), quote(at.secret, safe=""))
    try:
        form = {"token": token, "token_type_hint": "access_token"}
        claims = post_form(at.endpoint, form, auth)
    except Unreachable as error:
        log.warning("an issuer can't be asked about a token", reason=str(error))
        raise NoAnswer("The issuer of the access token does not answer; try again.") from None
    if claims.get("active") is not True:
        return None
    check_claims(claims, issuer, clock(), opaque=True)
    return claims
