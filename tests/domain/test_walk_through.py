"""The README's walk-through, run as it is written, against a real server."""

from __future__ import annotations

import re
from pathlib import Path

from tests import http
from tests.conftest import ROOT, ServerProcess
from tests.documented_examples import Example, examples, run

README = (ROOT / "README.md").read_text("utf-8")


def steps() -> list[Example]:
    return list(examples(ROOT / "README.md", "walk-through"))


def test_the_readme_walks_through_the_whole_scenario() -> None:
    commands = "".join(step.commands for step in steps())
    for part in ("demo", "$assign-fast-vardkontakt", "$generate-sip", "$named-contacts"):
        assert part in commands, part
    assert sum(1 for step in steps() if step.answer) >= 4


def test_the_walk_through_runs_as_written(tmp_path: Path) -> None:
    server = ServerProcess.start(tmp_path / "data")
    try:
        for step in steps():
            run(step, server)
        addresses = re.findall(r"^\| `http://127\.0\.0\.1:8000(/\S+)` \|", README, re.MULTILINE)
        assert len(addresses) >= 8
        for address in addresses:
            page = http.get(server.base.removesuffix("/fhir") + address, timeout=30)
            assert page.status_code == 200, address
            assert page.headers["Content-Type"].startswith("text/html"), address
    finally:
        server.stop()
