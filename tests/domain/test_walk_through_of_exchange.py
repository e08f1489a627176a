"""The walk-through of two servers that exchange a plan, run as it is written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import ROOT, ServerProcess
from tests.documented_examples import FENCE, examples, run

PAGE = ROOT / "docs" / "walk-throughs" / "exchange.md"


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ServerProcess, ...]]:
    """A region's server with Maria of the demo, and a municipality's with the units and staff."""
    folder = tmp_path_factory.mktemp("exchange")
    region = ServerProcess.start(folder / "region")
    kommun = ServerProcess.start(folder / "kommun")
    command = [sys.executable, "-m", "fhir_server.cli"]
    try:
        for server, arguments in (
            (region, ["demo/0-organisations.json", "demo/b-als.json"]),
            (kommun, ["demo/0-organisations.json"]),
        ):
            subprocess.run(
                [*command, "load", *arguments, "--quiet", "--data-dir", str(server.data_dir)],
                cwd=ROOT,
                check=True,
                timeout=90,
            )
        yield region, kommun
    finally:
        kommun.stop()
        region.stop()


@pytest.mark.timeout(300)
def test_two_servers_exchange_a_plan_as_written(
    servers: tuple[ServerProcess, ...], tmp_path: Path
) -> None:
    """R76, R78, R93, R94: each changes its own, what contradicts is shown, nothing is lost."""
    region, kommun = servers
    found = list(examples(PAGE))
    shown = [b["content"] for b in FENCE.finditer(PAGE.read_text("utf-8")) if b["kind"] == "bash"]
    assert shown == [example.commands for example in found], "every request is run"
    for example in found:
        commands = example.commands.replace(":8001", f":{kommun.port}")
        for name in ("maria.json", "back.json", "received.json"):
            commands = commands.replace(name, str(tmp_path / name))
        run(replace(example, commands=commands), region)
