"""A server that trusts local tokens, and one that is open: what they say, and to whom they answer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import http
from tests.access_tokens import ClientCertificate
from tests.conftest import ROOT, ServerProcess

TRUSTED = {
    "FHIR_SERVER_LOCAL_TOKENS": "true",
    "FHIR_SERVER_CLIENT_CERTIFICATE_HEADER": "Client-Cert",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    os.environ |= TRUSTED
    try:
        running = ServerProcess.start(tmp_path_factory.mktemp("local") / "data")
    finally:
        for name in TRUSTED:
            del os.environ[name]
    yield running
    running.stop()


def issue(data_dir: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "fhir_server.cli", "token", "--data-dir", str(data_dir)]
    done = subprocess.run(
        [*command, *arguments], cwd=ROOT, env={**os.environ, **TRUSTED}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_tokens_of_the_command_are_accepted_by_every_worker(server: ServerProcess) -> None:
    """R117: for development the command stands in for an issuer, and nobody is let in without."""
    token = issue(server.data_dir, "--role", "system", "--unit", "SE2321000016-1003")
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(10):
        with http.Client() as client:
            assert client.get(f"{server.base}/CareTeam", headers=headers).status_code == 200
            assert client.get(f"{server.base}/CareTeam").status_code == 401
            assert client.get(f"{server.base}/metadata").status_code == 200
    assert "OPEN" not in server.log


def test_headers_that_are_sent_twice_let_nobody_in(server: ServerProcess) -> None:
    token = issue(server.data_dir, "--role", "system")
    twice = [("Authorization", f"Bearer {token}"), ("Authorization", "Bearer x")]
    for headers in (twice, twice[::-1]):
        answer = http.get(f"{server.base}/CareTeam", headers=headers)
        assert answer.status_code in (400, 401)
    own = ClientCertificate().as_rfc_9440
    certificates = [("Client-Cert", own), ("Client-Cert", own)]
    headers = [("Authorization", f"Bearer {token}"), *certificates]
    assert http.get(f"{server.base}/CareTeam", headers=headers).status_code == 400


def test_an_open_server_says_so_loudly(live_server: ServerProcess) -> None:
    """R117: nobody takes a server that checks nobody for one that does."""
    assert "OPEN: this server checks nobody" in live_server.log
    statement = http.get(f"{live_server.base}/metadata").json()
    security = statement["rest"][0]["security"]
    assert security["description"].startswith("OPEN: this server checks nobody")
    assert "service" not in security
