"""The contracts of import-linter in pyproject.toml hold, and each of them can be broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.architecture.source_tree import ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# One import that each contract forbids, and in which module it is put.
CROSSINGS = {
    "Imports point down only": ("fhir/json.py", "import fhir_server.interactions.read"),
    "Only storage talks to MongoDB": ("api/health.py", "import pymongo"),
    "Flask stays at the edge": ("interactions/read.py", "import flask"),
    "Generic machinery knows no Swedish rules": (
        "interactions/delete.py",
        "import fhir_server.sweden.codes",
    ),
    "fhir.resources has one importer": ("storage/records.py", "import fhir.resources"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the package in a folder; it finds the one in the current folder."""
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def copied(folder: Path) -> Path:
    """Copy what import-linter reads."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "fhir_server", folder / "fhir_server", ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_layers_hold() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout
    for name in CROSSINGS:
        assert f"{name} KEPT" in result.stdout
    assert f"{len(CROSSINGS)} kept, 0 broken" in result.stdout


def test_an_import_that_crosses_a_contract_is_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for module, statement in CROSSINGS.values():
        path = folder / "fhir_server" / module
        path.write_text(f"{path.read_text('utf-8')}\n{statement}\n", "utf-8")
    result = lint(folder)
    assert result.returncode == 1
    for name in CROSSINGS:
        assert f"{name} BROKEN" in result.stdout


def test_a_copy_without_a_crossing_is_accepted(tmp_path: Path) -> None:
    assert lint(copied(tmp_path)).returncode == 0
