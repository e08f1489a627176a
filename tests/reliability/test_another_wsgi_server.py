"""The application under a WSGI server that is not ours, on a database that nobody prepared."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time

import httpx

from tests import http
from tests.conftest import ROOT, free_port


def test_gunicorn_serves_the_application_on_an_empty_database(mongo_uri: str) -> None:
    port = free_port()
    environment = {
        **os.environ,
        "FHIR_SERVER_MONGODB_URI": mongo_uri,
        "FHIR_SERVER_MONGODB_DATABASE": f"test_{secrets.token_hex(6)}",
        "FHIR_SERVER_BASE_URL": f"http://127.0.0.1:{port}/fhir",
    }
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    command += ["--worker-class", "gthread", "--threads", "4", "fhir_server.wsgi:application()"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        with http.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            _await(client)
            created = client.post(
                "/fhir/Patient",
                json={"resourceType": "Patient", "name": [{"family": "Test"}]},
                headers={"Content-Type": "application/fhir+json"},
            )
            assert created.status_code == 201
            assert created.headers["Location"].startswith(f"http://127.0.0.1:{port}/fhir/Patient/")
            assert client.get("/fhir/Patient?name=test").json()["total"] == 1
    finally:
        process.terminate()
        process.wait(30)


def _await(client: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("gunicorn did not get ready")
