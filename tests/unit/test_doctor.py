"""doctor: finds what is missing, and says what to do."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from fhir_server import doctor
from fhir_server.cli import main
from fhir_server.doctor import Finding, examine
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.access_tokens import ISSUER, Mint
from tests.conftest import ServerProcess, free_port


def finding(subject: str, **settings: object) -> Finding:
    given = Settings(**{"port": free_port(), **settings})  # type: ignore[arg-type]
    return next(each for each in examine(given) if each.subject == subject)


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_whole_installation_is_well(tmp_path: Path) -> None:
    arguments = ["doctor", "--data-dir", str(tmp_path / "new"), "--port", str(free_port())]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    for line in (r"Packages +\d+ required, all there", r"Definitions +\d{3} resource types, \d+ profiles",
                 r"Schemas +those of CareTeam.+ are valid",
                 r"mongod +\d+\.\d+\.\d+ \(.+mongod\)", r"Port +127.0.0.1:\d+ is free"):  # fmt: skip
        assert re.search(line, result.stdout), line
    # What takes longest is looked at last.
    assert result.stdout.index("Schemas") > result.stdout.index("Port")
    assert not (tmp_path / "new").exists()


def test_a_taken_port_is_a_problem_with_advice(tmp_path: Path, busy_port: int) -> None:
    arguments = ["doctor", "--data-dir", str(tmp_path), "--port", str(busy_port)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert re.search(
        rf"PROBLEM +Port +127.0.0.1:{busy_port}: Address already in use", result.stdout
    )
    assert "--port" in result.stdout


def test_whether_anybody_is_checked_is_said(tmp_path: Path) -> None:
    """R117: who runs a server sees that it is open, and what is wrong with its issuers."""
    assert finding("Security").text.startswith("OPEN: nobody is checked")
    reachable = finding("Security", host="192.0.2.1")
    assert (reachable.state, "FHIR_SERVER_ISSUERS" in reachable.text) == ("problem", True)
    issuers = Mint().write(tmp_path)
    base_url = "https://fhir.example/fhir"
    trusting = finding("Security", host="192.0.2.1", issuers=issuers, base_url=base_url)
    assert (trusting.state, ISSUER in trusting.text) == ("ok", True)
    local = finding("Security", local_tokens=True, data_dir=tmp_path)
    assert local.state == "warning"
    issuers.write_text("{}")
    wrong = finding("Security", issuers=issuers)
    assert (wrong.state, "'issuers' is a required property" in wrong.text) == ("problem", True)


def test_a_missing_and_a_wrong_package_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["click>=99", "no-such-package", "rich", "pywin32; sys_platform == 'win32'",
              "other; extra == 'embedded'"]  # fmt: skip
    monkeypatch.setattr(doctor, "_requirements", lambda: wanted)
    found = finding("Packages")
    assert found.state == "problem"
    assert re.fullmatch(r"click is [\d.]+, not >=99; no-such-package is missing", found.text)
    assert "make venv" in found.advice


def test_a_package_that_is_missing_does_not_stop_the_examination(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    monkeypatch.setitem(sys.modules, "fhir_server.storage.mongo_deployment", None)
    subjects = {each.subject: each for each in examine(Settings(mongodb_uri="mongodb://x"))}
    assert "is missing" in subjects["Packages"].text
    assert subjects["MongoDB"].state == "problem"
    assert subjects["Definitions"].state == "ok"


def test_damaged_definitions_are_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "structures.json").write_text("{")
    monkeypatch.setattr(
        "fhir_server.profiles.definitions.definition_directories", lambda: (tmp_path, tmp_path)
    )
    assert finding("Definitions").state == "problem"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("#!/bin/sh\necho 'no libcrypto' >&2; exit 127\n", "does not run: no libcrypto"),
        ("#!/bin/sh\necho 'db version v4.4.1'\n", "4.4.1"),
        ("#!/no/such/program\n", "does not run"),
    ],
)
def test_a_mongod_that_cannot_serve_is_a_problem(tmp_path: Path, script: str, said: str) -> None:
    program = tmp_path / "mongod"
    program.write_text(script)
    program.chmod(0o755)
    found = finding("mongod", mongod=program)
    assert found.state == "problem"
    assert said in found.text
    assert found.advice


def test_a_mongod_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert finding("mongod", mongod=tmp_path / "none").state == "problem"


def test_a_data_directory_that_is_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = finding("Data directory", data_dir=tmp_path / "file")
    assert (found.state, found.text) == ("problem", f"{tmp_path / 'file'} is not a directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_without_write_permission_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert finding("Data directory", data_dir=tmp_path / "data").state == "problem"


@pytest.mark.parametrize(
    ("free", "state"), [(10**8, "problem"), (10**9, "warning"), (10**10, "ok")]
)
def test_a_full_disk_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    assert finding("Disk", data_dir=tmp_path / "not" / "yet").state == state


def test_a_running_server_is_recognised(live_server: ServerProcess) -> None:
    directory = finding("Data directory", data_dir=live_server.data_dir, port=live_server.port)
    assert directory.text.startswith("in use by a running server, which answers")
    port = finding("Port", data_dir=live_server.data_dir, port=live_server.port)
    assert (port.state, port.text) == (
        "ok",
        f"127.0.0.1:{live_server.port} is taken, by the running server it seems",
    )


def test_a_replica_set_is_examined(mongo_uri: str) -> None:
    found = finding("MongoDB", mongodb_uri=mongo_uri)
    assert found.state == "ok"
    assert re.fullmatch(r"replica set, version \d+\.\d+\.\d+, transactions work", found.text)


def test_a_database_that_does_not_answer_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fhir_server.storage.mongo_deployment.SECONDS", 0.2)
    found = finding("MongoDB", mongodb_uri=f"mongodb://127.0.0.1:{free_port()}/")
    assert found.state == "problem"
    assert found.advice
    assert "can't be used" in finding("MongoDB", mongodb_uri="http://example.org").text


def test_a_search_index_of_an_older_version_is_found(
    mongo_uri: str, store: MongoStore, database: str
) -> None:
    settings = {"mongodb_uri": mongo_uri, "mongodb_database": database}
    assert finding("Search index", **settings).state == "ok"
    states = store.collections.resources.database["search_state"]
    states.update_one({"_id": "state"}, {"$set": {"layout": 1}})
    found = finding("Search index", **settings)
    assert found.state == "warning"
    assert "reindex --all" in found.advice
