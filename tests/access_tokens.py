"""Makes access tokens, right and wrong ones, and the files and certificates around them."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

ISSUER = "https://idp.example"
AUDIENCE = "https://fhir.example/fhir"
UNIT = "SE2321000016-1003"
PROVIDER = "SE2321000016-1001"
NURSE = {
    "role": "coordinator",
    "employeeHsaId": "SE2321000016-AB12",
    "healthcareUnitHsaId": UNIT,
    "healthcareProviderHsaId": PROVIDER,
    "commissionHsaId": "SE2321000016-U001",
    "commissionPurpose": "Vård och behandling",
    "scope": "openid user/*.cruds",
    "azp": "journal",
}
SYSTEM_CLIENT = {
    "client_id": "kommun-system", "role": "system", "unit": UNIT, "provider": PROVIDER,
}  # fmt: skip
ES256 = {"alg": "ES256", "typ": "at+jwt"}


def b64(data: bytes | dict[str, Any]) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Mint:
    """An issuer's key, and tokens signed with it."""

    def __init__(self, kid: str = "k1") -> None:
        self.key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})
        self.rsa = RSAKey.generate_key(2048, {"kid": f"{kid}-rsa", "use": "sig"})
        self.kid = kid

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [each.as_dict(private=False) for each in (self.key, self.rsa)]}

    @staticmethod
    def claims(**other: Any) -> dict[str, Any]:
        """Give the claims of a good token of a nurse; None leaves one out."""
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300, "sub": "s",
            "jti": secrets.token_hex(8), **NURSE, **other,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, header: dict[str, Any] | None = None, **other: Any) -> str:
        """Give a token that is signed with ES256, whatever its content."""
        return self.signed(self.claims(**other), header)

    def system(self, **other: Any) -> str:
        """Give a token of the registered system client."""
        nobody = dict.fromkeys(NURSE)
        said = {"client_id": "kommun-system", "sub": "kommun-system", "scope": "system/*.cruds"}
        return self.token(**{**nobody, **said, **other})

    def signed(self, claims: Any, header: dict[str, Any] | None = None) -> str:
        full = {**ES256, "kid": self.kid, **(header or {})}
        full = {name: value for name, value in full.items() if value is not None}
        key = self.rsa if full["alg"].startswith(("RS", "PS")) else self.key
        payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        return jws.serialize_compact(full, payload, key, algorithms=[full["alg"]])

    def signed_by_hand(self, header: dict[str, Any]) -> str:
        """Give a token with a header that a library would refuse to sign."""
        signed = f"{b64(header)}.{b64(self.claims())}"
        key: Any = self.key.private_key
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def write(self, folder: Path, **other: Any) -> Path:
        """Write the issuer's keys and a file of issuers that trusts them; give the latter."""
        (folder / "keys.json").write_text(json.dumps(self.jwks))
        issuer = {
            "issuer": ISSUER, "audience": AUDIENCE, "jwks_file": "keys.json",
            "roles": ["coordinator", "reader", "patient", "guardian"],
            "clients": [SYSTEM_CLIENT], **other,
        }  # fmt: skip
        path = folder / "issuers.json"
        path.write_text(json.dumps({"issuers": [issuer]}))
        return path


class ClientCertificate:
    """A certificate such as SITHS's for functions, self-signed."""

    def __init__(self, hsa_id: str = "SE2321000016-F001") -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.COMMON_NAME, "journal.example"),
                x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, hsa_id),
            ]
        )
        now = dt.datetime.now(dt.UTC)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
            .sign(key, hashes.SHA256())
        )  # fmt: skip

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def thumbprint(self) -> str:
        return b64(hashlib.sha256(self.der).digest())

    @property
    def as_nginx(self) -> str:
        return quote(self.certificate.public_bytes(serialization.Encoding.PEM).decode(), safe="")

    @property
    def as_rfc_9440(self) -> str:
        return f":{base64.b64encode(self.der).decode()}:"
