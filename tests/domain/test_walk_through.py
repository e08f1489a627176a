"""The README's walk-through, run as it is written, against a real server."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, ServerProcess

pytestmark = pytest.mark.xdist_group("walk-through")

STEP = re.compile(
    r"<!-- walk-through -->\n+```bash\n(?P<commands>.*?)```\n+(?:[^`]*?```(?P<kind>json|text)\n(?P<answer>.*?)```)?",
    re.DOTALL,
)


def steps() -> list[re.Match[str]]:
    return list(STEP.finditer((ROOT / "README.md").read_text()))


def holds(expected: Any, found: Any) -> bool:
    """Tell whether all that is expected is in what was found, which may have more."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and holds(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(found, list) and all(
            any(holds(item, candidate) for candidate in found) for item in expected
        )
    return bool(expected == found)


def test_the_readme_walks_through_the_whole_scenario() -> None:
    commands = "".join(step["commands"] for step in steps())
    for part in ("demo", "$assign-fast-vardkontakt", "$generate-sip", "$named-contacts"):
        assert part in commands, part
    assert sum(1 for step in steps() if step["answer"]) >= 4


def test_the_walk_through_runs_as_written(tmp_path: Path) -> None:
    server = ServerProcess.start(tmp_path / "data")
    command = f"'{sys.executable}' -m fhir_server.cli"
    try:
        for step in steps():
            script = (
                step["commands"]
                .replace("http://127.0.0.1:8000", f"http://127.0.0.1:{server.port}")
                .replace(".venv/bin/fhir-server", command)
                .replace("--data-dir .data", f"--data-dir '{server.data_dir}'")
            )
            ran = subprocess.run(
                ["bash", "-euc", script],
                cwd=ROOT,
                check=False,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert ran.returncode == 0, f"{script}\n{ran.stdout}\n{ran.stderr}"
            if step["kind"] == "json":
                expected, found = json.loads(step["answer"]), json.loads(ran.stdout)
                assert holds(expected, found), f"{script}\nanswered\n{ran.stdout}"
            elif step["kind"] == "text":
                for line in step["answer"].splitlines():
                    assert line.strip() in ran.stdout + ran.stderr, f"{line!r} not in {ran.stdout}"
    finally:
        server.stop()
