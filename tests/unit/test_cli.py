"""The command line: what it teaches, what it refuses, and what it checks without a database."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from fhir_server.cli import main
from fhir_server.commands import progress
from fhir_server.commands.progress import meter
from fhir_server.fhir.locations import canonical
from tests.conftest import ROOT

COMMANDS = sorted(main.commands)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def file(path: Path, *resources: dict[str, Any]) -> Path:
    path.write_text("\n".join(map(json.dumps, resources)))
    return path


def test_the_commands_are_there() -> None:
    assert COMMANDS == [
        "audit",
        "demo",
        "doctor",
        "expire",
        "export",
        "export-person",
        "load",
        "package",
        "reindex",
        "report",
        "serve",
        "token",
        "validate",
    ]
    listed = run("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name} +[A-Z].*[.]$", listed, re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS)
def test_help_gives_examples_and_explains_every_option(name: str) -> None:
    text = run(name, "--help").stdout
    assert re.search(rf"Examples:\n +.*fhir-server {name}\b", text)
    unexplained = [
        option.name
        for option in main.commands[name].params
        if isinstance(option, click.Option) and not option.help
    ]
    assert unexplained == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_documentation_names_every_command_and_its_own_options(name: str) -> None:
    pages = "".join((ROOT / "docs" / page).read_text() for page in ("commands.md", "settings.md"))
    assert f"\n## {name}\n" in pages
    options = [o for o in main.commands[name].params if isinstance(o, click.Option)]
    missing = [each for option in options for each in option.opts if f"`{each}" not in pages
               and f"[{each}" not in pages]  # fmt: skip
    assert missing == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "server.example"])  # noqa: S104
def test_an_open_server_is_not_started_where_others_reach_it(host: str, tmp_path: Path) -> None:
    """R117: nobody is let in unchecked from another machine; the server says what to set."""
    result = run("serve", "--host", host, "--data-dir", tmp_path / "data")
    assert result.exit_code == 1
    assert "checks nobody" in result.stderr
    assert "FHIR_SERVER_ISSUERS" in result.stderr
    assert not (tmp_path / "data").exists()


def test_issuers_that_do_not_fit_are_said_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuers = file(tmp_path / "issuers.json", {"issuers": [{"issuer": "https://idp"}]})
    monkeypatch.setenv("FHIR_SERVER_ISSUERS", str(issuers))
    monkeypatch.setenv("FHIR_SERVER_BASE_URL", "https://fhir.example/fhir")
    result = run("serve", "--host", "192.0.2.1", "--data-dir", tmp_path / "data")
    assert result.exit_code == 1
    assert "FHIR_SERVER_ISSUERS" in result.stderr
    assert "audience" in result.stderr


@pytest.mark.parametrize("name", ["load", "validate"])
def test_a_path_that_does_not_exist_is_wrong_use(name: str, tmp_path: Path) -> None:
    assert run(name, tmp_path / "none.json").exit_code == 2
    assert run(name).exit_code == 2
    (tmp_path / "README.md").write_text("")
    result = run(name, tmp_path)
    assert result.exit_code == 2
    assert "There is no file here to read" in result.stderr


def test_a_setting_that_cannot_be_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FHIR_SERVER_PORTT", "1")
    result = run("load", file(tmp_path / "x.json", {}))
    assert result.exit_code == 1
    assert (
        result.stderr == "Error: FHIR_SERVER_PORTT is not a setting; docs/settings.md lists them.\n"
    )


def test_valid_files_pass(tmp_path: Path) -> None:
    result = run("validate", file(tmp_path / "x.json", {"resourceType": "Patient"}), ROOT / "demo")
    assert result.exit_code == 0, result.output
    *warnings, last = result.stdout.splitlines()
    counted = rf"5 file\(s\), \d+ resource\(s\): 0 error\(s\), {len(warnings)} warning\(s\)\."
    assert re.fullmatch(counted, last)
    # Swedish codes where R4 recommends others.
    assert [each for each in warnings if "should have a code of the value set" not in each] == []


def test_problems_are_shown_with_place_expression_and_reason(tmp_path: Path) -> None:
    path = file(
        tmp_path / "x.ndjson",
        {"resourceType": "Patient", "birthDate": "2020-13-01"},
        {"resourceType": "Patient"},
        {"resourceType": "Observation", "status": "final"},
    )
    with path.open("a") as lines:
        lines.write("\n{")
    result = run("validate", path)
    assert result.exit_code == 1
    assert [line.split(": ")[:3] for line in result.stdout.splitlines()[:-1]] == [
        [f"{path}, line 1", "error", "Patient.birthDate"],
        [f"{path}, line 3", "error", "Observation.code"],
        [f"{path}, line 4", "error", "Not valid JSON"],
    ]
    assert result.stdout.endswith("1 file(s), 3 resource(s): 3 error(s), 0 warning(s).\n")


def test_a_personnummer_with_a_wrong_check_digit_is_an_error_also_inside_a_bundle(
    tmp_path: Path,
) -> None:
    system = "http://electronichealth.se/identifier/personnummer"
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": "189002029810"}],
    }
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{}, {"resource": patient}]}
    bundle["entry"] = [{"fullUrl": "urn:x:1"}, {"resource": patient}]
    result = run("validate", file(tmp_path / "a.json", patient))
    assert "error: Patient.identifier[0].value: " in result.stdout
    result = run("validate", file(tmp_path / "b.json", bundle))
    assert "error: Bundle.entry[1].resource.identifier[0].value: " in result.stdout


def test_a_profile_can_be_asked_for(tmp_path: Path) -> None:
    path = file(tmp_path / "x.json", {"resourceType": "CareTeam"})
    url = f"{canonical()}/StructureDefinition/fast-kontakt-careteam"
    assert run("validate", path).exit_code == 0
    result = run("validate", "--profile", url, path)
    assert result.exit_code == 1
    assert "CareTeam.subject" in result.stdout


def test_a_second_opinion_is_information_only(tmp_path: Path) -> None:
    path = file(tmp_path / "x.json", {"resourceType": "Patient", "birthDate": "1950"})
    assert "fhir.resources" not in run("validate", "--second-opinion", path).stdout
    file(path, {"resourceType": "Patient", "birthDate": "nope"})
    result = run("validate", "--second-opinion", path)
    assert re.search("information: Patient.birthDate: fhir.resources: ", result.stdout)
    assert "1 error(s)" in result.stdout


def test_progress_without_a_terminal_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    with meter(200, quiet=False) as shown:
        shown.begin("x.json")
        shown.done(50, 10)
    assert re.fullmatch(
        r"25%: 10 resources, [\d,]+ a second, about \d+ s left\n", capsys.readouterr().err
    )
    with meter(200, quiet=True) as shown:
        shown.done(50, 10)
        shown.waiting()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("done", "took", "said"),
    [
        (1, 50.0, r"0%: 1 resources, 0 a second\n"),  # who knows
        (500, 50.0, r"50%: .*, about 50 s left\n"),
        (100, 100.0, r"10%: .*, about 15 min left\n"),
        (100, 3600.0, r"10%: .*, about 9 h 0 min left\n"),
    ],
)
def test_the_time_left_is_told_as_people_tell_it(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    done: int,
    took: float,
    said: str,
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("fhir_server.commands.progress.time.monotonic", lambda: now)
    with meter(1000, quiet=False) as shown:
        now += took
        shown.done(done, done)
    assert re.fullmatch(said, capsys.readouterr().err)


def test_progress_on_a_terminal_is_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    with meter(200, quiet=False) as shown:
        shown.begin("a-file-with-a-very-long-name-that-would-not-fit.json")
        shown.done(50, 10)
    said = capsys.readouterr().err
    assert "25%" in said
    assert "10 resources" in said
