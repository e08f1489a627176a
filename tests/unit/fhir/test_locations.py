"""Where the definitions are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_server.fhir import locations


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "fhir_server" / "fhir"
    package.mkdir(parents=True)
    monkeypatch.setattr(locations, "__file__", str(package / "locations.py"))
    return tmp_path


def place_tables(directory: Path) -> None:
    (directory / "r4").mkdir(parents=True)
    (directory / "r4" / "structures.json").write_text("{}")


def test_in_a_checkout_they_are_at_the_top_level(installation):
    place_tables(installation / "profiles")
    found = locations.definition_directories()
    assert found == (installation / "profiles" / "r4", installation / "profiles" / "se")


def test_in_an_installed_package_they_are_inside_it(installation):
    place_tables(installation / "profiles")
    data = installation / "fhir_server" / "profiles" / "data"
    place_tables(data)
    assert locations.definition_directories() == (data / "r4", data / "se")


def test_a_broken_installation_says_where_it_looked(installation):
    with pytest.raises(FileNotFoundError, match=r"no structures\.json in .*data/r4 or"):
        locations.definition_directories()


def test_the_canonical_is_what_the_package_of_definitions_states(installation):
    place_tables(installation / "profiles")
    (installation / "profiles" / "se").mkdir()
    (installation / "profiles" / "se" / "package.json").write_text(
        '{"canonical": "http://a.example"}'
    )
    locations.canonical.cache_clear()
    try:
        assert locations.canonical() == "http://a.example"
    finally:
        locations.canonical.cache_clear()
