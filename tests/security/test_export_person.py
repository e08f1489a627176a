"""What is kept about one person is given to them in one file."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from fhir_server.cli import main
from tests.security.worlds import ORGANIZATIONS, World, encounter, organization

NOPATIENT = {
    "security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    ]
}


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(
        {"resourceType": "Patient", "id": "p1", "name": [{"family": "Ett"}]},
        {"resourceType": "Patient", "id": "p1", "name": [{"family": "Ett-Nytt"}]},
        {"resourceType": "Patient", "id": "p2"},
        {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "aGVq"},
        encounter("mine", "hc"),
        encounter("hidden", "psyk", meta=NOPATIENT),
        encounter("others", "hc", "p2"),
        {
            "resourceType": "DocumentReference",
            "id": "d1",
            "status": "current",
            "subject": {"reference": "Patient/p1"},
            "content": [{"attachment": {"url": "Binary/b1"}}],
        },
    )
    return world


def exported(
    mongo_uri: str, database: str, monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> Any:
    monkeypatch.setenv("FHIR_SERVER_MONGODB_DATABASE", database)
    command = ["export-person", *arguments, "--mongodb-uri", mongo_uri]
    return CliRunner().invoke(main, command)


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    with zipfile.ZipFile(path) as found:
        return {
            name: [json.loads(line) for line in found.read(name).splitlines()]
            for name in found.namelist()
            if name.endswith(".ndjson")
        }


@pytest.mark.usefixtures("world")
def test_a_person_gets_what_they_may_read_and_nothing_of_others(
    mongo_uri: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """R113: GDPR article 15: what is hidden from the patient is left out, and it says so."""
    out = tmp_path / "p1.zip"
    result = exported(mongo_uri, database, monkeypatch, "Patient/p1", str(out))
    assert result.exit_code == 0, result.output
    found = contents(out)
    assert [each["id"] for each in found["Encounter.ndjson"]] == ["mine"]
    assert [each["id"] for each in found["Patient.ndjson"]] == ["p1"]
    assert [each["id"] for each in found["Binary.ndjson"]] == ["b1"]
    assert not any(name.startswith("versions/") for name in found)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with zipfile.ZipFile(out) as opened:
        page = opened.read("index.html").decode()
    assert "Vårdkontakter" in page
    assert "hc: 1" in page
    assert "inte ska läsa" in page


@pytest.mark.usefixtures("world")
def test_everything_is_exported_with_versions_for_a_review(
    mongo_uri: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """R115: for who decides what may be given out, with what was corrected."""
    out = tmp_path / "p1.zip"
    result = exported(
        mongo_uri, database, monkeypatch, "Patient/p1", str(out), "--all", "--versions"
    )
    assert result.exit_code == 0, result.output
    found = contents(out)
    assert {each["id"] for each in found["Encounter.ndjson"]} == {"mine", "hidden"}
    assert [e["name"][0]["family"] for e in found["versions/Patient.ndjson"]] == ["Ett"]


@pytest.mark.usefixtures("world")
def test_a_person_who_is_not_here_gets_no_file(
    mongo_uri: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """R115: and hears so."""
    out = tmp_path / "none.zip"
    result = exported(mongo_uri, database, monkeypatch, "Patient/none", str(out))
    assert result.exit_code == 1
    assert "does not exist" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("world")
def test_a_copy_is_noted_in_the_audit_trail_and_holds_the_access_log(
    mongo_uri: str, database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """R116: GDPR article 15: the second copy tells of the first."""
    monkeypatch.setenv("FHIR_SERVER_AUDIT", "always")
    monkeypatch.setenv("FHIR_SERVER_DATA_DIR", str(tmp_path / "data"))
    found = []
    for name in ("first.zip", "second.zip"):
        result = exported(mongo_uri, database, monkeypatch, "Patient/p1", str(tmp_path / name))
        assert result.exit_code == 0, result.output
        found.append(contents(tmp_path / name)["access-log.ndjson"])
    assert [len(each) for each in found] == [0, 1]
