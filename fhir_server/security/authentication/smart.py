"""What a server says of how to get a token: SMART's configuration, and in the CapabilityStatement.

Source: https://hl7.org/fhir/smart-app-launch/STU2/conformance.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fhir_server.security.authentication.issuers import Issuer

Json = dict[str, Any]

SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
# By the member of the configuration, its name in the extension.
URIS = {
    "token_endpoint": "token",
    "authorization_endpoint": "authorize",
    "introspection_endpoint": "introspect",
    "revocation_endpoint": "revoke",
    "management_endpoint": "manage",
    "registration_endpoint": "register",
}
SCOPES = (
    "openid", "fhirUser", "launch/patient", "patient/*.cruds", "user/*.cruds", "system/*.cruds",
)  # fmt: skip
OF_ALL = ("permission-v1", "permission-v2")
OF_SYSTEMS = ("client-confidential-asymmetric",)
OF_PEOPLE = (
    "launch-standalone", "client-public", "context-standalone-patient", "permission-patient",
    "permission-user",
)  # fmt: skip
OPEN_TEXT = (
    "OPEN: this server checks nobody. Whoever reaches it reads and changes everything, so it "
    "answers its own machine only. Never use it with data of real people."
)
SECURED_TEXT = (
    "Every request but for this statement and the SMART configuration needs an OAuth 2 access "
    "token (Authorization: Bearer) with SMART App Launch 2.0 scopes, of an issuer that this server "
    "trusts. The token says who asks: person, unit, role and purpose."
)


def configuration(issuers: Iterable[Issuer]) -> Json | None:
    """Give ``.well-known/smart-configuration``; None where no issuer has endpoints to show."""
    issuer = _shown(issuers)
    if issuer is None:
        return None
    endpoints = {name: issuer.smart[name] for name in URIS if name in issuer.smart}
    people = "authorization_endpoint" in endpoints
    capabilities = issuer.smart.get(
        "capabilities", [*OF_ALL, *OF_SYSTEMS, *(OF_PEOPLE if people else ())]
    )
    shown: Json = {"issuer": issuer.issuer}
    if issuer.jwks_uri:
        shown["jwks_uri"] = issuer.jwks_uri
    return {
        **shown,
        **endpoints,
        "grant_types_supported": [
            *(["authorization_code"] if people else []), "client_credentials",
        ],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "scopes_supported": list(SCOPES),
        **({"response_types_supported": ["code"]} if people else {}),
        "code_challenge_methods_supported": ["S256"],
        "capabilities": list(capabilities),
    }  # fmt: skip


def statement(issuers: Iterable[Issuer] | None) -> Json:
    """Give ``CapabilityStatement.rest.security``.

    Args:
        issuers: those that are trusted; None for a server that is open.
    """
    if issuers is None:
        return {"description": OPEN_TEXT}
    code = {"system": SECURITY_SERVICE, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}
    service: Json = {"coding": [code], "text": "OAuth 2 with SMART App Launch 2.0 scopes"}
    said: Json = {"service": [service], "description": SECURED_TEXT}
    issuer = _shown(issuers)
    if issuer is None:
        return said
    uris = [
        {"url": URIS[name], "valueUri": issuer.smart[name]} for name in URIS if name in issuer.smart
    ]
    return {"extension": [{"url": OAUTH_URIS, "extension": uris}], **said}


def _shown(issuers: Iterable[Issuer]) -> Issuer | None:
    return next((issuer for issuer in issuers if issuer.smart), None)
