"""SMART end to end: an authorization server and a FHIR server, each a process of its own.

Source: https://hl7.org/fhir/smart-app-launch/STU2/backend-services.html,
https://hl7.org/fhir/smart-app-launch/STU2/app-launch.html
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey

from tests import http
from tests.access_tokens import PROVIDER, UNIT
from tests.conftest import ROOT, ServerProcess, free_port

AUDIENCE = "https://fhir.example/fhir"
CALLBACK = "http://127.0.0.1/callback"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
READ = "CareTeam?_count=1"


@dataclass
class Idp:
    """The authorization server's process, and the keys of the clients it knows."""

    port: int
    folder: Path
    key: ECKey
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        config = self.folder / "idp.json"
        public = {"keys": [self.key.as_dict(private=False)]}
        backend = {"jwks": public, "scope": "system/*.cruds system/*.rs"}
        config.write_text(json.dumps({
            "audience": AUDIENCE,
            "clients": [
                {"client_id": "kommun-system", **backend},
                {"client_id": "opaque-system", "opaque": True, **backend},
                {"client_id": "stranger", **backend},
                {"client_id": "app", "redirect_uri": CALLBACK,
                 "scope": "launch/patient openid patient/*.rs user/*.rs"},
                {"client_id": "fhir-server", "secret": "geheim & lång"},
            ],
            "users": {
                "albertina": {"patient": "albertina"},
                "boss": {"role": "administrator", "employeeHsaId": "SE2321000016-X1"},
            },
        }))  # fmt: skip
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.authorization_server", str(config), str(self.port)],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=(self.folder / "idp.log").open("ab"),
        )  # fmt: skip
        for _ in range(200):
            assert self.process.poll() is None, (self.folder / "idp.log").read_text()
            with contextlib.suppress(httpx.TransportError):
                http.get(f"{self.url}/jwks")
                return
            time.sleep(0.05)
        raise AssertionError("the authorization server did not get ready")

    def stop(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def assertion(self, client: str, **other: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": client, "sub": client, "aud": f"{self.url}/token", "exp": now + 60, "iat": now,
            "jti": secrets.token_hex(8), **other,
        }  # fmt: skip
        return jwt.encode({"alg": "ES256"}, claims, self.key)

    def ask(
        self, assertion: str, endpoint: str = "", scope: str = "system/*.cruds"
    ) -> httpx.Response:
        form = {
            "grant_type": "client_credentials", "scope": scope,
            "client_assertion_type": JWT_BEARER, "client_assertion": assertion,
        }  # fmt: skip
        return http.post(endpoint or f"{self.url}/token", data=form)

    def token(self, client: str = "kommun-system", scope: str = "system/*.cruds") -> str:
        answer = self.ask(self.assertion(client), scope=scope)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


@pytest.fixture(scope="module")
def idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    found = Idp(free_port(), tmp_path_factory.mktemp("idp"), ECKey.generate_key("P-256"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def server(idp: Idp, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("fhir")
    (folder / "secret").write_text("geheim & lång\n")
    identity = {"role": "system", "unit": UNIT, "provider": PROVIDER}
    (folder / "issuers.json").write_text(json.dumps({"issuers": [{
        "issuer": idp.url, "audience": AUDIENCE, "roles": ["patient", "guardian", "reader"],
        "algorithms": ["ES256"], "jwks_uri": f"{idp.url}/jwks",
        "introspection": {
            "endpoint": f"{idp.url}/introspect", "client_id": "fhir-server", "secret_file": "secret",
        },
        "clients": [
            {"client_id": "kommun-system", **identity}, {"client_id": "opaque-system", **identity},
        ],
        "smart": {
            "token_endpoint": f"{idp.url}/token", "authorization_endpoint": f"{idp.url}/authorize",
            "introspection_endpoint": f"{idp.url}/introspect",
        },
    }]}))  # fmt: skip
    os.environ["FHIR_SERVER_ISSUERS"] = str(folder / "issuers.json")
    try:
        running = ServerProcess.start(folder / "data", "--workers", "1")
    finally:
        del os.environ["FHIR_SERVER_ISSUERS"]
    yield running
    running.stop()


def get(server: ServerProcess, token: str, path: str = READ) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return http.get(f"{server.base}/{path}", headers=headers, timeout=20)


def configuration(server: ServerProcess) -> dict[str, Any]:
    answer = http.get(f"{server.base}/.well-known/smart-configuration")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_server_tells_apps_where_tokens_are_to_be_had(idp: Idp, server: ServerProcess) -> None:
    """R117: the configuration of SMART and the CapabilityStatement name the same endpoints."""
    shown = configuration(server)
    own = http.get(f"{idp.url}/.well-known/oauth-authorization-server").json()
    for name in ("issuer", "jwks_uri", "token_endpoint", "authorization_endpoint"):
        assert shown[name] == own[name]
    assert "S256" in shown["code_challenge_methods_supported"]
    assert {"permission-v2", "client-confidential-asymmetric"} <= set(shown["capabilities"])
    security = http.get(f"{server.base}/metadata").json()["rest"][0]["security"]
    (uris,) = security["extension"]
    assert {each["url"]: each["valueUri"] for each in uris["extension"]} == {
        "token": own["token_endpoint"], "authorize": own["authorization_endpoint"],
        "introspect": own["introspection_endpoint"],
    }  # fmt: skip


def test_a_backend_service_gets_a_token_and_is_let_in(idp: Idp, server: ServerProcess) -> None:
    endpoint = configuration(server)["token_endpoint"]
    answer = idp.ask(idp.assertion("kommun-system"), endpoint)
    assert answer.status_code == 200
    assert get(server, answer.json()["access_token"]).status_code == 200
    assert http.get(f"{server.base}/{READ}").status_code == 401


def test_an_assertion_is_good_once(idp: Idp) -> None:
    """A replayed client assertion gives no second token: its jti is used up."""
    assertion = idp.assertion("kommun-system")
    assert idp.ask(assertion).status_code == 200
    replayed = idp.ask(assertion)
    assert replayed.status_code in (400, 401)
    assert replayed.json()["error"] == "invalid_client"


def test_a_client_that_is_not_registered_here_is_refused(idp: Idp, server: ServerProcess) -> None:
    refused = get(server, idp.token("stranger"))
    assert refused.status_code == 401
    assert "registered" in refused.json()["issue"][0]["details"]["text"]


def person(idp: Idp, login: str, scope: str, verifier: str, challenge: str) -> httpx.Response:
    """Go through the browser's part of the flow, and change the code for a token."""
    asked = {
        "response_type": "code", "client_id": "app", "redirect_uri": CALLBACK, "scope": scope,
        "state": "s1", "aud": AUDIENCE, "login": login,
        "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    back = http.get(f"{idp.url}/authorize", params=asked)
    assert back.status_code == 302, back.text
    given = parse_qs(urlsplit(back.headers["Location"]).query)
    assert given["state"] == ["s1"]
    form = {
        "grant_type": "authorization_code", "code": given["code"][0], "redirect_uri": CALLBACK,
        "client_id": "app", "code_verifier": verifier,
    }  # fmt: skip
    return http.post(f"{idp.url}/token", data=form)


def test_a_patient_launches_an_app_with_pkce(idp: Idp, server: ServerProcess) -> None:
    """R117: the patient of the launch stands in the token, and so in who asks."""
    verifier = secrets.token_urlsafe(40)
    scope = "launch/patient openid patient/*.rs"
    answer = person(idp, "albertina", scope, verifier, create_s256_code_challenge(verifier))
    assert answer.status_code == 200, answer.text
    assert answer.json()["patient"] == "albertina"
    assert get(server, answer.json()["access_token"]).status_code == 200


def test_without_the_verifier_a_stolen_code_is_worth_nothing(idp: Idp) -> None:
    challenge = create_s256_code_challenge(secrets.token_urlsafe(40))
    answer = person(idp, "albertina", "launch/patient", secrets.token_urlsafe(40), challenge)
    assert answer.status_code == 400


def test_a_role_that_the_issuer_may_not_give_is_refused(idp: Idp, server: ServerProcess) -> None:
    verifier = secrets.token_urlsafe(40)
    answer = person(idp, "boss", "user/*.rs", verifier, create_s256_code_challenge(verifier))
    refused = get(server, answer.json()["access_token"])
    assert refused.status_code == 401
    assert "role" in refused.headers["WWW-Authenticate"]


def test_an_opaque_token_is_asked_about_until_it_is_revoked(
    idp: Idp, server: ServerProcess
) -> None:
    token = idp.token("opaque-system")
    assert "." not in token
    assert get(server, token).status_code == 200
    revoked = idp.token("opaque-system")
    http.post(f"{idp.url}/tests/revoke", data={"token": revoked})
    for inactive in (revoked, "no-such-token"):
        refused = get(server, inactive)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def test_keys_rotate_without_a_restart(idp: Idp, server: ServerProcess) -> None:
    """A key that is new is fetched; one that was taken away signs nothing that is new here."""
    before = idp.token()
    assert get(server, before).status_code == 200
    unseen = idp.token()
    http.post(f"{idp.url}/tests/rotate")
    assert get(server, idp.token()).status_code == 200
    assert get(server, unseen).status_code == 401


def test_two_authorization_headers_are_refused(idp: Idp, server: ServerProcess) -> None:
    token = idp.token()
    headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
    answer = http.get(f"{server.base}/{READ}", headers=headers)
    assert answer.status_code in (400, 401)
    assert "WWW-Authenticate" in answer.headers


def test_an_issuer_that_is_down_gives_503_and_what_was_verified_goes_on(
    idp: Idp, server: ServerProcess
) -> None:
    known, opaque = idp.token(), idp.token("opaque-system")
    assert get(server, known).status_code == 200
    http.post(f"{idp.url}/tests/rotate")
    unknown = idp.token()
    idp.stop()
    try:
        assert get(server, known).status_code == 200
        for token in (unknown, opaque):
            answer = get(server, token)
            assert answer.status_code == 503
            assert answer.json()["issue"][0]["code"] == "transient"
            assert answer.headers["Retry-After"]
    finally:
        idp.start()
