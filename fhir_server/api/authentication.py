"""Who asks, for one HTTP request.

Every request is asked for an access token before anything else answers it, but for the few routes
listed here. A route that is added later is asked for too, whether or not anybody thinks of it.

Source: https://www.rfc-editor.org/rfc/rfc6750
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, current_app

from fhir_server.api.exchange import Request, here
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.security import roles
from fhir_server.security.authentication.authenticator import Authenticator
from fhir_server.security.authentication.certificates import (
    Certificate,
    ProxyRule,
    networks,
    read_certificate,
)
from fhir_server.security.authentication.issuers import (
    Issuer,
    IssuersError,
    read_issuers,
    require_roles,
)
from fhir_server.security.authentication.keys import Keys
from fhir_server.security.authentication.local_tokens import (
    ISSUER,
    LocalKeyError,
    local_issuer,
    local_keys,
)
from fhir_server.security.principal import ANONYMOUS, LOCAL, Principal
from fhir_server.security.refusal import invalid_request
from fhir_server.settings import Settings, SettingsError

# For whoever has no token yet: what the server is, where tokens are to be had, whether it lives.
PUBLIC = frozenset({
    "/fhir/metadata", "/fhir/.well-known/smart-configuration", "/healthz", "/readyz",
    "/docs", "/docs/assets/<path:name>", "/openapi.json",
})  # fmt: skip
READING = ("GET", "HEAD", "OPTIONS")
EXTENSION = "fhir_authentication"
# Set by this process for a request it makes to itself; no header of a client can set it.
ENVIRON_PRINCIPAL = "fhir_server.principal"


@dataclass(frozen=True, slots=True)
class Authentication:
    """How an application tells who asks.

    Args:
        authenticator: checks tokens; None for a server that is open.
        proxy: which header carries the client's certificate.
    """

    authenticator: Authenticator | None
    proxy: ProxyRule


def of(settings: Settings) -> Authentication:
    """Give how it is told who asks.

    Raises:
        SettingsError: the file of issuers or the key of local tokens can't be used.
    """
    proxy = ProxyRule(settings.client_certificate_header, networks(settings.trusted_proxies))
    if not settings.secured:
        return Authentication(None, proxy)
    try:
        issuers = read_issuers(settings.issuers) if settings.issuers else ()
        require_roles(issuers, roles.names(settings.roles))
        keys: dict[str, Keys] = {}
        if settings.local_tokens:
            issuers = (*issuers, local_issuer())
            keys = {ISSUER: local_keys(settings.directory)}
    except IssuersError as error:
        raise SettingsError(f"FHIR_SERVER_ISSUERS: {error}") from None
    except LocalKeyError as error:
        raise SettingsError(f"FHIR_SERVER_LOCAL_TOKENS: {error}") from None
    except ValueError as error:
        raise SettingsError(f"FHIR_SERVER_ROLES: {error}") from None
    return Authentication(Authenticator(issuers, keys), proxy)


def register(app: Flask, authentication: Authentication) -> None:
    """Ask every request who it is from, before what is registered later sees it."""
    app.extensions[EXTENSION] = authentication

    def ask() -> None:
        _ask(here(), authentication)

    app.before_request(ask)


def principal() -> Principal:
    """Give who asks; where nobody had to say so, one that may see nothing of anybody.

    Raises:
        Refused: nobody was asked yet, and there is no token that holds.
    """
    request = here()
    if request.principal is None:
        return _ask(request, current_app.extensions[EXTENSION])
    return request.principal


def trusted_issuers() -> tuple[Issuer, ...] | None:
    """Give the issuers that are trusted; None where nobody is checked."""
    authentication: Authentication = current_app.extensions[EXTENSION]
    if authentication.authenticator is None:
        return None
    return tuple(authentication.authenticator.issuers.values())


def is_public() -> bool:
    """Tell whether the request is answered without a token."""
    request = here()
    rule = request.url_rule
    if rule is None or request.method not in READING:
        return False
    if request.method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
        return True  # which methods an address has; what a browser asks before it sends a token
    return rule.rule in PUBLIC or (rule.rule == "/fhir" and request.method == "OPTIONS")


def _ask(request: Request, authentication: Authentication) -> Principal:
    asks = request.environ.get(ENVIRON_PRINCIPAL)
    if asks is None:
        asks = _who(request, authentication)
    request.principal = asks
    found: Principal = asks
    return found


def _who(request: Request, authentication: Authentication) -> Principal:
    if authentication.authenticator is None:
        _require_this_machine(request)
        return LOCAL
    if is_public():
        return ANONYMOUS
    if request.query_string and "access_token" in request.args:
        # It stands in logs and histories now. RFC 6750, section 2.3: not to be used.
        raise invalid_request(
            "An access token in the URL is not accepted: send it as Authorization: Bearer."
        )
    header = request.environ.get("HTTP_AUTHORIZATION")
    certificate = _certificate(request, authentication.proxy)
    return authentication.authenticator.principal(header, certificate)


def _require_this_machine(request: Request) -> None:
    """Refuse strangers where nobody is checked, whichever WSGI server listens on whatever."""
    address = request.environ.get("REMOTE_ADDR") or ""
    if not address or _is_loopback(address):
        return
    text = (
        "This server is open: it checks nobody, and so answers its own machine only. Its operator "
        "turns security on with FHIR_SERVER_ISSUERS; docs/security/authentication.md says how."
    )
    raise FhirError(Issue("error", "forbidden", text))


@lru_cache(maxsize=256)
def _is_loopback(address: str) -> bool:
    try:
        peer = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(peer, "ipv4_mapped", None) or peer).is_loopback


def _certificate(request: Request, proxy: ProxyRule) -> Certificate | None:
    if not proxy.header:
        return None
    name = "HTTP_" + proxy.header.upper().replace("-", "_")
    text: str = request.environ.get(name, "")
    if not text or not proxy.believes(request.environ.get("REMOTE_ADDR") or ""):
        return None
    return read_certificate(text)
