"""Every algorithm that may be pinned is checked by a key of its own kind, and by no other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from fhir_server.security.authentication.access_tokens import verified_claims
from fhir_server.security.authentication.issuers import ALGORITHMS, Issuer
from fhir_server.security.authentication.keys import Keys
from fhir_server.security.refusal import Refused
from tests.access_tokens import AUDIENCE, ISSUER, Mint

OWN: dict[str, Any] = {
    "RSA": RSAKey.generate_key(2048, {"kid": "RSA"}),
    "P-256": ECKey.generate_key("P-256", {"kid": "P-256"}),
    "P-384": ECKey.generate_key("P-384", {"kid": "P-384"}),
    "P-521": ECKey.generate_key("P-521", {"kid": "P-521"}),
    "Ed25519": OKPKey.generate_key("Ed25519", {"kid": "Ed25519"}),
}
KIND = {
    "ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519", "Ed25519": "Ed25519",
}  # fmt: skip
KEYS = Keys(lambda: {"keys": [key.as_dict(private=False) for key in OWN.values()]})
TRUSTING = Issuer(ISSUER, AUDIENCE, frozenset(), algorithms=ALGORITHMS)


def kind(algorithm: str) -> str:
    return KIND.get(algorithm, "RSA")


def signed(algorithm: str, kid: str) -> str:
    head = {"alg": algorithm, "kid": kid}
    content = json.dumps(Mint.claims())
    return jws.serialize_compact(head, content, OWN[kind(algorithm)], algorithms=[algorithm])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_algorithm_is_accepted_with_its_key_and_refused_with_others(algorithm: str) -> None:
    claims = verified_claims(signed(algorithm, kind(algorithm)), TRUSTING, KEYS)
    assert claims["iss"] == ISSUER
    for other in set(OWN) - {kind(algorithm)}:
        with pytest.raises(Refused):
            verified_claims(signed(algorithm, other), TRUSTING, KEYS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_algorithm_that_is_not_pinned_is_refused(algorithm: str) -> None:
    pinned = tuple(each for each in ALGORITHMS if each != algorithm)
    issuer = Issuer(ISSUER, AUDIENCE, frozenset(), algorithms=pinned)
    with pytest.raises(Refused, match="algorithm"):
        verified_claims(signed(algorithm, kind(algorithm)), issuer, KEYS)
