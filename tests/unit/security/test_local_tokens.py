"""Tokens for development: a key that only its owner reads, and a server that must be told."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fhir_server.cli import main
from fhir_server.security.authentication import local_tokens
from fhir_server.security.authentication.authenticator import Authenticator
from fhir_server.security.principal import Principal
from fhir_server.security.refusal import Refused


def authenticator(folder: Path) -> Authenticator:
    keys = {local_tokens.ISSUER: local_tokens.local_keys(folder)}
    return Authenticator([local_tokens.local_issuer()], keys)


def run(folder: Path, *arguments: str, trusted: str = "true") -> Result:
    environment = {"FHIR_SERVER_LOCAL_TOKENS": trusted}
    command = ["token", "--data-dir", str(folder), *arguments]
    return CliRunner(env=environment).invoke(main, command)


def who(folder: Path, *arguments: str) -> Principal:
    result = run(folder, *arguments)
    assert result.exit_code == 0, result.output
    return authenticator(folder).principal(f"Bearer {result.stdout.strip()}", None)


def test_the_command_issues_tokens_for_people_patients_and_systems(tmp_path: Path) -> None:
    nurse = who(
        tmp_path, "--role", "coordinator", "--unit", "SE1-U", "--person", "SE1-P",
        "--provider", "SE1-V", "--rights", "protected-persons",
    )  # fmt: skip
    assert (nurse.id, nurse.role, nurse.unit, nurse.provider) == (
        "SE1-P", "coordinator", "SE1-U", "SE1-V",
    )  # fmt: skip
    assert (nurse.purpose, nurse.rights) == ("TREAT", {"protected-persons"})
    assert {scope.context for scope in nurse.scopes or ()} == {"user"}
    patient = who(tmp_path, "--role", "patient", "--patient", "p1")
    assert (patient.id, patient.patient) == ("Patient/p1", "Patient/p1")
    guardian = who(tmp_path, "--role", "guardian", "--wards", "p1,p2")
    assert guardian.wards == ("Patient/p1", "Patient/p2")
    system = who(tmp_path, "--role", "system", "--unit", "SE1-U", "--client", "kommun")
    assert (system.id, system.unit) == ("kommun", "SE1-U")
    assert {scope.context for scope in system.scopes or ()} == {"system"}
    reading = who(tmp_path, "--role", "system", "--scope", "system/Patient.r")
    assert [scope.resource_type for scope in reading.scopes or ()] == ["Patient"]


def test_where_no_server_would_trust_it_the_command_says_what_to_set(tmp_path: Path) -> None:
    result = run(tmp_path, "--role", "reader", trusted="false")
    assert result.exit_code == 1
    assert "FHIR_SERVER_LOCAL_TOKENS=true" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--role", "open"], "there are:"),
        (["--role", "raeder"], "coordinator"),
        (["--role", "patient", "--person", "SE1-P"], "patient"),
        (["--role", "reader", "--person", "å"], "person"),
    ],
)
def test_a_token_that_would_be_for_nobody_is_not_issued(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    result = run(tmp_path, *arguments)
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.skipif(os.name != "posix", reason="file modes")
def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    run(tmp_path, "--role", "system")
    key = tmp_path / local_tokens.KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o644)
    with pytest.raises(local_tokens.LocalKeyError, match="chmod 600"):
        local_tokens.local_keys(tmp_path)
    result = run(tmp_path, "--role", "system")
    assert result.exit_code == 1
    assert "chmod 600" in result.stderr


def test_a_key_that_is_none_is_said(tmp_path: Path) -> None:
    key = tmp_path / local_tokens.KEY_FILE
    key.touch(0o600)
    with pytest.raises(local_tokens.LocalKeyError, match="remove it"):
        local_tokens.local_keys(tmp_path)


def test_workers_that_start_at_once_have_one_key(tmp_path: Path) -> None:
    found: list[str] = []

    def look() -> None:
        found.append(local_tokens.issue(tmp_path, {"role": "system", "client_id": "x"}, 1))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    own = authenticator(tmp_path)
    assert [own.principal(f"Bearer {token}", None).id for token in found] == ["x"] * 8
    assert [path.name for path in tmp_path.iterdir()] == [local_tokens.KEY_FILE]


def test_another_data_directorys_key_is_not_trusted(tmp_path: Path) -> None:
    token = local_tokens.issue(tmp_path / "other", {"role": "system", "client_id": "x"}, 1)
    with pytest.raises(Refused):
        authenticator(tmp_path).principal(f"Bearer {token}", None)
