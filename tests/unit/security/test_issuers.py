"""The file of issuers: what does not fit is said at start, with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_server.security.authentication.issuers import (
    SCHEMA,
    IssuersError,
    read_issuers,
    require_roles,
)
from fhir_server.security.roles import names
from tests.access_tokens import ClientCertificate
from tests.conftest import ROOT

LEAST = {"issuer": "https://idp", "audience": "a", "roles": ["reader"], "jwks_uri": "https://idp/k"}


def written(folder: Path, **changed: Any) -> Path:
    issuer = {name: value for name, value in {**LEAST, **changed}.items() if value is not None}
    path = folder / "issuers.json"
    path.write_text(json.dumps({"issuers": [issuer]}))
    return path


def test_the_least_that_is_needed_has_safe_defaults(tmp_path: Path) -> None:
    (issuer,) = read_issuers(written(tmp_path))
    assert issuer.algorithms == ("ES256", "RS256", "PS256")
    assert issuer.token_types == ("at+jwt", "JWT")
    assert issuer.rights == frozenset()
    assert issuer.default_scopes == ""
    assert issuer.claims.person == "employeeHsaId"
    assert not issuer.systems_by_claim


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"audience": None}, "audience"),
        ({"roles": None}, "roles"),
        ({"roles": ["open"]}, "roles"),
        ({"roles": ["anonymous"]}, "roles"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"jwks_uri": None}, "needs jwks_uri"),
        ({"jwks_uri": "http://idp/keys"}, "https://"),
        ({"jwks_uri": "http://127.0.0.1.evil.example/keys"}, "https://"),
        ({"jwks_uri": "file:///etc/passwd"}, "jwks_uri"),
        ({"jwks_uri": None, "jwks_file": "none.json"}, "no file"),
        ({"jwks_file": "x.json"}, "not both"),
        ({"systems_by_claim": True}, "systems_by_claim"),
        ({"clock_skew_s": 3600}, "clock_skew_s"),
        ({"clients": [{"client_id": "x"}]}, "role"),
        ({"clients": [{"client_id": "x", "role": "system", "unit": "a b"}]}, "unit"),
        ({"clients": [{"client_id": "x", "role": "system"}] * 2}, "twice"),
        ({"introspection": {"endpoint": "https://i", "client_id": "x"}}, "secret_file"),
        (
            {"introspection": {"endpoint": "https://i", "client_id": "x", "secret_file": "no"}},
            "no file",
        ),
        ({"claims": {"nobody": "x"}}, "nobody"),
        ({"smart": {}}, "token_endpoint"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(IssuersError) as refused:
        read_issuers(written(tmp_path, **changed))
    assert said in str(refused.value)


def test_a_file_that_is_no_json_and_an_issuer_named_twice_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "issuers.json"
    path.write_text("{")
    with pytest.raises(IssuersError, match="JSON"):
        read_issuers(path)
    path.write_text(json.dumps({"issuers": [LEAST, LEAST]}))
    with pytest.raises(IssuersError, match="twice"):
        read_issuers(path)


def test_a_secret_is_read_from_its_file_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    at = {"endpoint": "https://i", "client_id": "x", "secret_file": "secret"}
    (issuer,) = read_issuers(written(tmp_path, introspection=at))
    assert issuer.introspection is not None
    assert issuer.introspection.secret == "hush"
    assert "hush" not in repr(issuer)


def test_a_thumbprint_may_be_in_hex_as_openssl_writes_it(tmp_path: Path) -> None:
    own = ClientCertificate()
    from cryptography.hazmat.primitives import hashes

    hexed = own.certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    client = {"client_id": "x", "role": "system", "certificates": [hexed]}
    (issuer,) = read_issuers(written(tmp_path, clients=[client]))
    assert issuer.clients["x"].certificates == {own.thumbprint}


def test_a_role_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    issuers = read_issuers(written(tmp_path, roles=["reader", "raeder"]))
    require_roles(issuers, ["reader", "raeder"])
    with pytest.raises(IssuersError, match="raeder"):
        require_roles(issuers, ["reader"])


def test_the_file_that_the_documentation_shows_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "security" / "authentication.md").read_text("utf-8")
    _, _, rest = page.partition("<!-- issuers -->\n```json\n")
    path = tmp_path / "issuers.json"
    path.write_text(rest.partition("```")[0])
    region, national = read_issuers(path)
    require_roles((region, national), names(None))
    assert region.clients["kommunens-planeringssystem"].hsa_id == "SE2321000016-F001"
    assert region.assignment_required
    missing = [each for each in SCHEMA["properties"]["issuers"]["items"]["properties"]
               if f"`{each}`" not in page]  # fmt: skip
    assert missing == []
