"""What a client hears that may not: an OperationOutcome, and the challenge of RFC 6750."""

from __future__ import annotations

from fhir_server.fhir.outcome import FhirError, Issue

REALM = "fhir"


class Refused(FhirError):
    """A request whose caller is not known well enough, or may not do this.

    Args:
        status: 400, 401 or 403.
        error: RFC 6750's code; empty where the request had no token at all.
        text: what is wrong and what to do; ASCII without quotes, as it stands in a header too.
        code: of IssueType.
        scope: what a token would need.

    Source: https://www.rfc-editor.org/rfc/rfc6750#section-3
    """

    def __init__(
        self, status: int, error: str, text: str, *, code: str = "security", scope: str = ""
    ) -> None:
        super().__init__(Issue("error", code, text), status=status)
        self.challenge = _challenge(error, text, scope)


class NoAnswer(FhirError):
    """An issuer that is needed to tell who asks does not answer (503)."""

    def __init__(self, text: str) -> None:
        super().__init__(Issue("error", "transient", text), status=503)


def no_token() -> Refused:
    """The request had no access token (401)."""
    text = "An access token is needed: send it as Authorization: Bearer."
    return Refused(401, "", text, code="login")


def invalid_token(text: str, code: str = "security") -> Refused:
    """The token can't be accepted (401)."""
    return Refused(401, "invalid_token", text, code=code)


def weak_login() -> Refused:
    """The person must log in by a stronger way (401); RFC 9470, section 3."""
    text = "The person has not logged in strongly enough; log in again with a stronger way."
    return Refused(401, "insufficient_user_authentication", text, code="login")


def invalid_request(text: str) -> Refused:
    """The request says who asks in a way that can't be read (400)."""
    return Refused(400, "invalid_request", text)


def insufficient_scope(scope: str) -> Refused:
    """The token does not allow this (403).

    Args:
        scope: one that would, such as ``user/CarePlan.r``.
    """
    text = f"The access token does not allow this; it needs the scope {scope}."
    return Refused(403, "insufficient_scope", text, code="forbidden", scope=scope)


def _challenge(error: str, text: str, scope: str) -> str:
    parts = [f'Bearer realm="{REALM}"']
    if error:
        parts += [f'error="{error}"', f'error_description="{_quotable(text)}"']
    if scope:
        parts.append(f'scope="{_quotable(scope)}"')
    return ", ".join(parts)


def _quotable(text: str) -> str:
    # RFC 6750: %x20-21 / %x23-5B / %x5D-7E
    return "".join(c if " " <= c <= "~" and c not in '"\\' else " " for c in text)
