"""What benchmarks.peers says when it can't start; a real start takes a minute and a build."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.peers import hapi


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hapi, "CACHE", tmp_path / "cache")
    with (
        pytest.raises(hapi.HapiError, match="mvn is not installed"),
        hapi.hapi_server(tmp_path),
    ):
        pass


def test_a_server_that_was_built_is_not_built_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hapi, "CACHE", tmp_path / "cache")
    source = tmp_path / "project" / "pom.xml"
    source.parent.mkdir()
    source.write_text("<project/>")
    monkeypatch.setattr(hapi, "PROJECT", source.parent)
    maven = tmp_path / "mvn"
    maven.write_text("#!/bin/sh\nmkdir target && echo built >> " + str(tmp_path / "log") + "\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    first = hapi.build()
    assert hapi.build() == first
    assert (tmp_path / "log").read_text() == "built\n"
    source.write_text("<project><!-- changed --></project>")
    assert hapi.build() != first
