"""The parties of the demo as they reach a secured server: each over HTTP, with a token of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fhir_server.security.authentication import local_tokens
from tests.conftest import ROOT, ServerProcess
from tests.domain.clinic import Clinic, parameters
from tests.domain.over_http import OverHttp
from tests.domain.secured_world import UNITS

LOCAL_TOKENS = "FHIR_SERVER_LOCAL_TOKENS"
# HSA-ids of the demo's people.
PEOPLE = {
    "vera": "SE2321000214-TESTP001",
    "eva": "SE2321000214-TESTP002",
    "karin": "SE2321000214-TESTP004",
    "per": "SE2321000214-TESTP005",
    "sara": "SE2120002528-TESTP006",
    "ali": "SE2120002528-TESTP008",
    "lena": "SE2321000214-TESTP009",
}


@contextmanager
def secured_server(data_dir: Path, *demo: str) -> Iterator[ServerProcess]:
    """Run a server that trusts its own tokens, with what is in some of the demo's files."""
    before = os.environ.get(LOCAL_TOKENS)
    os.environ[LOCAL_TOKENS] = "true"
    try:
        server = ServerProcess.start(data_dir)
    finally:
        os.environ.pop(LOCAL_TOKENS)
        if before is not None:
            os.environ[LOCAL_TOKENS] = before
    try:
        files = [str(ROOT / "demo" / f"{name}.json") for name in ("0-organisations", *demo)]
        load(data_dir, *files)
        yield server
    finally:
        server.stop()


def load(data_dir: Path, *files: str) -> None:
    """Load files as an operator does."""
    command = [sys.executable, "-m", "fhir_server.cli", "load", "--data-dir", str(data_dir)]
    subprocess.run([*command, *files], cwd=ROOT, check=True, timeout=120, capture_output=True)


class WithToken(OverHttp):
    """A client that sends a token."""

    def __init__(self, base: str, token: str) -> None:
        super().__init__(base)
        self._http.headers["Authorization"] = f"Bearer {token}"


class Party(Clinic):
    """Somebody who asks."""

    def call(self, url: str, **given: Any) -> Any:
        """Call an operation; None leaves a parameter out."""
        said = {name: value for name, value in given.items() if value is not None}
        return self.fhir.post(url, parameters(**said) if said else {"resourceType": "Parameters"})

    def status(self, url: str) -> int:
        """Give the status of a GET."""
        return int(self.fhir.get(url).status_code)

    def found(self, url: str) -> list[str]:
        """Give what a search finds, as ``Type/id``."""
        bundle = self.fhir.get(url).json
        entries = [each["resource"] for each in bundle.get("entry", ())]
        return [f"{each['resourceType']}/{each['id']}" for each in entries]


def staff(server: ServerProcess, unit: str, role: str, person: str, **more: Any) -> Party:
    """Give a member of staff of a unit of the demo."""
    number = PEOPLE.get(person, person)
    claims = {"sub": number, "role": role, "unit": UNITS[unit], "person": number}
    claims |= {"purpose": "TREAT", "scope": "user/*.cruds", "client_id": "journal"}
    return _party(server, {**claims, **more})


def person(server: ServerProcess, id_: str) -> Party:
    """Give a person who asks for themselves."""
    claims = {"sub": id_, "role": "patient", "patient": id_, "scope": "patient/*.rs user/*.rs"}
    return _party(server, {**claims, "client_id": "1177"})


def _party(server: ServerProcess, claims: dict[str, Any]) -> Party:
    return Party(WithToken(server.base, local_tokens.issue(server.data_dir, claims, 60)))
