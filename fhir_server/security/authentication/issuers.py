"""The issuers that a server trusts, as a file names them, and how far.

What a token says of who asks is believed as far as this file lets its issuer say it: the roles it
may give, and for system clients not even that: who they are stands in the file.
docs/security/authentication.md explains each member.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from fhir_server.security.principal import NOBODY, OPEN

# Asymmetric only: with HS256 whoever checks tokens could make them, and a public key would pass
# for a secret (RFC 8725, section 2.1).
ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    "Ed25519",
)  # fmt: skip
# What no token may be: these are the server's own.
RESERVED_ROLES = (OPEN, NOBODY)


class IssuersError(ValueError):
    """The file of issuers can't be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """The claims that say who asks; the defaults are Inera's and SMART's names.

    Source: Inera IdP's attributes and Sambi's attribute specification; for ``patient``
    https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html
    """

    role: str = "role"
    person: str = "employeeHsaId"
    provider: str = "healthcareProviderHsaId"
    unit: str = "healthcareUnitHsaId"
    assignment: str = "commissionHsaId"
    purpose: str = "commissionPurpose"
    patient: str = "patient"
    wards: str = "wards"
    rights: str = "rights"


@dataclass(frozen=True, slots=True)
class Client:
    """A registered system client: who it is, decided here and not by its token.

    Args:
        id: its ``client_id``.
        role: what it is here.
        unit: HSA-id of its vårdenhet; a system's may be its vårdgivare.
        provider: HSA-id of its vårdgivare.
        rights: what it may besides.
        purpose: code of v3-PurposeOfUse that its requests have.
        hsa_id: what the subject's serialNumber of its function certificate must be.
        certificates: SHA-256 of the certificates it may use, base64url or hex; none for any.
    """

    id: str
    role: str
    unit: str = ""
    provider: str = ""
    rights: frozenset[str] = frozenset()
    purpose: str = ""
    hsa_id: str = ""
    certificates: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Introspection:
    """Where to ask about opaque tokens (RFC 7662).

    Args:
        endpoint: the address.
        client_id: who asks.
        secret: its secret, from a file of its own.
    """

    endpoint: str
    client_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issuer:
    """One authorisation server, and what its tokens are believed to say.

    Args:
        issuer: its ``iss``.
        audience: what ``aud`` must hold.
        roles: those its tokens may give; None for any that are not the server's own.
        algorithms: with which its tokens may be signed.
        jwks_uri: where its keys are.
        jwks_file: a file of its keys, instead.
        introspection: where to ask about opaque tokens.
        token_types: what ``typ`` may be; a token without one is a ``JWT``.
        clock_skew_s: how far its clock may differ.
        certificate_bound: whether every token must be bound to a client certificate (RFC 8705).
        acr: how a person must have logged in, as ``acr`` says; none for anyhow.
        assignment_required: whether staff must have chosen a medarbetaruppdrag at login.
        default_role: of a person whose token names none.
        role_names: what its roles are called here.
        purposes: what its purposes are as codes of v3-PurposeOfUse.
        rights: those its tokens may give; None for any.
        default_scopes: for tokens without any SMART scope.
        claims: what its claims are called.
        clients: the registered system clients, by client id.
        systems_by_claim: whether its tokens say who a system client is; no file can say so.
        smart: its endpoints, for ``.well-known/smart-configuration``.
    """

    issuer: str
    audience: str
    roles: frozenset[str] | None
    algorithms: tuple[str, ...] = ("ES256", "RS256", "PS256")
    jwks_uri: str = ""
    jwks_file: Path | None = None
    introspection: Introspection | None = None
    token_types: tuple[str, ...] = ("at+jwt", "JWT")
    clock_skew_s: float = 30.0
    certificate_bound: bool = False
    acr: frozenset[str] = frozenset()
    assignment_required: bool = False
    default_role: str = ""
    role_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    purposes: Mapping[str, str] = field(default_factory=lambda: PURPOSES)
    rights: frozenset[str] | None = frozenset()
    default_scopes: str = ""
    claims: ClaimNames = ClaimNames()
    clients: Mapping[str, Client] = field(default_factory=lambda: MappingProxyType({}))
    systems_by_claim: bool = False
    smart: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


# Inera's commissionPurpose, which is HSA's "medarbetaruppdragets syfte", as v3-PurposeOfUse.
PURPOSES: Mapping[str, str] = MappingProxyType({
    "Vård och behandling": "TREAT",
    "Administration": "HOPERAT",
    "Kvalitetssäkring": "HQUALIMP",
    "Kvalitetsregister": "HQUALIMP",
    "Statistik": "HSYSADMIN",
    "Forskning": "HRESCH",
    "Tillsyn": "HCOMPL",
})  # fmt: skip

_TEXT = {"type": "string", "minLength": 1, "maxLength": 400}
_URL = {"type": "string", "pattern": "^https?://[^\\s]+$", "maxLength": 400}
_HSA = {"type": "string", "pattern": "^[A-Za-z0-9-]{1,64}$"}
_ROLE = {"type": "string", "pattern": "^[a-z][a-z-]{1,40}$", "not": {"enum": list(RESERVED_ROLES)}}
_NAMES = {"type": "array", "items": {"type": "string", "pattern": "^[a-z][a-z-]{1,40}$"}}
_THUMBPRINT = {"type": "string", "pattern": "^([A-Za-z0-9_-]{43}|([0-9A-Fa-f]{2}:?){32})$"}
_CLIENT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["client_id", "role"],
    "properties": {
        "client_id": _TEXT,
        "role": _ROLE,
        "unit": _HSA,
        "provider": _HSA,
        "rights": _NAMES,
        "purpose": {"type": "string", "pattern": "^[A-Z]{3,12}$"},
        "hsa_id": _HSA,
        "certificates": {"type": "array", "items": _THUMBPRINT},
    },
}
_ISSUER: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["issuer", "audience", "roles"],
    "properties": {
        "issuer": _TEXT,
        "audience": _TEXT,
        "roles": {"type": "array", "items": _ROLE},
        "algorithms": {"type": "array", "minItems": 1, "items": {"enum": list(ALGORITHMS)}},
        "jwks_uri": _URL,
        "jwks_file": _TEXT,
        "introspection": {
            "type": "object",
            "additionalProperties": False,
            "required": ["endpoint", "client_id", "secret_file"],
            "properties": {"endpoint": _URL, "client_id": _TEXT, "secret_file": _TEXT},
        },
        "token_types": {"type": "array", "minItems": 1, "items": _TEXT},
        "clock_skew_s": {"type": "number", "minimum": 0, "maximum": 300},
        "certificate_bound": {"type": "boolean"},
        "acr": {"type": "array", "items": _TEXT},
        "assignment_required": {"type": "boolean"},
        "default_role": _ROLE,
        "role_names": {"type": "object", "additionalProperties": _ROLE},
        "purposes": {"type": "object", "additionalProperties": {"type": "string"}},
        "rights": _NAMES,
        "default_scopes": {"type": "string", "maxLength": 2000},
        "claims": {
            "type": "object",
            "additionalProperties": False,
            "properties": {each.name: _TEXT for each in fields(ClaimNames)},
        },
        "clients": {"type": "array", "items": _CLIENT},
        "smart": {
            "type": "object",
            "additionalProperties": False,
            "required": ["token_endpoint"],
            "properties": {
                "authorization_endpoint": _URL,
                "token_endpoint": _URL,
                "introspection_endpoint": _URL,
                "revocation_endpoint": _URL,
                "management_endpoint": _URL,
                "registration_endpoint": _URL,
                "capabilities": {"type": "array", "items": _TEXT},
            },
        },
    },
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["issuers"],
    "properties": {"issuers": {"type": "array", "minItems": 1, "items": _ISSUER}},
}


def read_issuers(path: Path) -> tuple[Issuer, ...]:
    """Read the file of trusted issuers; files it names are relative to its folder.

    Raises:
        IssuersError: it is no JSON, does not fit, trusts an address in clear text that is not
            this machine's, or names a file that can't be read.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise IssuersError(f"{path} can't be read as JSON: {type(error).__name__}") from None
    wrong = best_match(Draft202012Validator(SCHEMA).iter_errors(content))
    if wrong is not None:
        place = "/".join(str(part) for part in wrong.absolute_path)
        raise IssuersError(f"{path}, at {place or 'the top'}: {wrong.message[:300]}")
    found = tuple(_issuer(each, path.parent) for each in content["issuers"])
    names = [each.issuer for each in found]
    if len(set(names)) < len(names):
        raise IssuersError(f"{path} names an issuer twice")
    return found


def require_roles(issuers: Iterable[Issuer], known: Collection[str]) -> None:
    """Refuse roles that there are none of: their holders would be let in and see nothing.

    Raises:
        IssuersError: an issuer may give such a role, or a client has it.
    """
    for issuer in issuers:
        given = [*(issuer.roles or ()), *issuer.role_names.values(), issuer.default_role]
        given += [client.role for client in issuer.clients.values()]
        unknown = sorted({role for role in given if role} - set(known))
        if unknown:
            listed = ", ".join(sorted(known))
            raise IssuersError(
                f"{issuer.issuer}: no such role: {', '.join(unknown)}. There are: {listed}"
            )


_AS_WRITTEN = (
    "issuer", "audience", "certificate_bound", "clock_skew_s", "default_role", "default_scopes",
    "assignment_required",
)  # fmt: skip


def _issuer(content: dict[str, Any], folder: Path) -> Issuer:
    ways = [each for each in ("jwks_uri", "jwks_file", "introspection") if each in content]
    if not ways or ways[:2] == ["jwks_uri", "jwks_file"]:
        text = "needs jwks_uri or jwks_file (not both), or introspection"
        raise IssuersError(f"{content['issuer']} {text}")
    values: dict[str, Any] = {key: content[key] for key in _AS_WRITTEN if key in content}
    for key in ("algorithms", "token_types"):
        if key in content:
            values[key] = tuple(content[key])
    for key in ("role_names", "purposes", "smart"):
        if key in content:
            values[key] = MappingProxyType(content[key])
    if "jwks_file" in content:
        values["jwks_file"] = _file(folder, content["jwks_file"])
    clients = [_client(each) for each in content.get("clients", [])]
    if len({client.id for client in clients}) < len(clients):
        raise IssuersError(f"{content['issuer']}: a client is registered twice")
    return Issuer(
        **values,
        roles=frozenset(content["roles"]),
        rights=frozenset(content.get("rights", ())),
        jwks_uri=_safe(content.get("jwks_uri", "")),
        introspection=_introspection(content.get("introspection"), folder),
        acr=frozenset(content.get("acr", ())),
        claims=ClaimNames(**content.get("claims", {})),
        clients=MappingProxyType({client.id: client for client in clients}),
    )


def _client(content: dict[str, Any]) -> Client:
    texts = {k: v for k, v in content.items() if k in ("role", "unit", "provider", "purpose")}
    return Client(
        id=content["client_id"],
        **texts,
        rights=frozenset(content.get("rights", ())),
        hsa_id=content.get("hsa_id", "").upper(),
        certificates=frozenset(map(_as_thumbprint, content.get("certificates", ()))),
    )


def _as_thumbprint(text: str) -> str:
    """Give a SHA-256 as RFC 8705 writes it, base64url, also where a tool wrote it in hex."""
    from fhir_server.security.authentication.certificates import base64url

    return text if len(text) == 43 else base64url(bytes.fromhex(text.replace(":", "")))


def _introspection(content: dict[str, str] | None, folder: Path) -> Introspection | None:
    if content is None:
        return None
    file = _file(folder, content["secret_file"])
    try:
        secret = file.read_text("utf-8").strip()
    except (OSError, ValueError):
        raise IssuersError(f"the secret file {file} can't be read") from None
    return Introspection(_safe(content["endpoint"]), content["client_id"], secret)


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise IssuersError(f"there is no file {path}")
    return path


def _safe(url: str) -> str:
    """Refuse an address in clear text: whoever sits in between would decide who is trusted."""
    split = urlsplit(url)
    if not url or split.scheme == "https" or _is_this_machine(split.hostname or ""):
        return url
    raise IssuersError(f"{url} must begin with https://")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
