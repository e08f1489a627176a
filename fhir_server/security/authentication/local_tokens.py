"""Tokens for development: signed with a key of this server's own, in its data directory.

Only a server that is told so (setting ``local_tokens``) trusts the key.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.security.authentication.identity import principal_of
from fhir_server.security.authentication.issuers import ClaimNames, Issuer
from fhir_server.security.authentication.keys import Keys
from fhir_server.security.principal import Principal

ISSUER = "urn:fhir-server:local"
AUDIENCE = "urn:fhir-server:local"
ALGORITHM = "ES256"
KEY_FILE = "local-token-key.json"
CLAIMS = ClaimNames(
    role="role", person="person", provider="provider", unit="unit", assignment="assignment",
    purpose="purpose", patient="patient", wards="wards", rights="rights",
)  # fmt: skip


class LocalKeyError(ValueError):
    """The key can't be used; the text says why."""


def local_issuer() -> Issuer:
    """Give the issuer of local tokens: it may give any role and right.

    Whoever has its key owns the server's files.
    """
    return Issuer(
        issuer=ISSUER,
        audience=AUDIENCE,
        roles=None,
        algorithms=(ALGORITHM,),
        clock_skew_s=0.0,
        rights=None,
        systems_by_claim=True,
        claims=CLAIMS,
    )


def principal_for(claims: Mapping[str, Any]) -> Principal:
    """Give who a local token with these claims would be for.

    Raises:
        Refused: for nobody.
    """
    return principal_of(claims, local_issuer())


def local_keys(directory: Path) -> Keys:
    """Give the keys to check local tokens with; the key is made where there is none.

    Raises:
        LocalKeyError: others may read it, or it is none.
    """
    key = _key(directory)
    public = {name: key[name] for name in ("kty", "crv", "x", "y", "kid")}
    return Keys(lambda: {"keys": [public]})


def issue(directory: Path, claims: Mapping[str, Any], minutes: float) -> str:
    """Give a signed token.

    Args:
        directory: where the key is, or is to be.
        claims: who it is for, by the names in `CLAIMS`, and its ``scope``.
        minutes: how long it is valid.

    Raises:
        LocalKeyError: as for `local_keys`.
    """
    from joserfc import jws
    from joserfc.jwk import ECKey

    key = _key(directory)
    now = int(time.time())
    content = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + int(minutes * 60),
        "jti": secrets.token_urlsafe(12),
        **claims,
    }
    header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": key["kid"]}
    signing = ECKey.import_key(dict(key))
    return jws.serialize_compact(header, json.dump(content), signing, algorithms=[ALGORITHM])


def _key(directory: Path) -> dict[str, Any]:
    path = directory.expanduser() / KEY_FILE
    if not path.exists():
        _make(path)
    try:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise LocalKeyError(f"Others may read {path}: chmod 600 it, or remove it.")
        key = json.parse(path.read_bytes())
    except (OSError, FhirError):
        raise LocalKeyError(f"{path} can't be read; remove it, and a new key is made.") from None
    if not isinstance(key, dict) or not {"kty", "crv", "x", "y", "d", "kid"} <= key.keys():
        raise LocalKeyError(f"{path} holds no key; remove it, and a new one is made.")
    return key


def _make(path: Path) -> None:
    from joserfc.jwk import ECKey

    key = ECKey.generate_key("P-256", {"kid": secrets.token_urlsafe(8)}, private=True)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Whole from the first moment, and one wins: several workers may start at once.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(json.dump(key.as_dict(private=True)))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
