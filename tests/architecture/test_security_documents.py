"""Every threat has its test, and the bill of materials lists what is installed."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from tests.architecture.source_tree import DOCS, ROOT
from tools.sbom import LOCK, locked, write

PAGE = DOCS / "security" / "threat-model.md"
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
STRIDE = set("STRIDE")


def missing(page: str) -> list[str]:
    """Name the tests of a page that do not exist."""
    found = []
    for path, name in TEST.findall(page):
        file = ROOT / path
        tree = ast.parse(file.read_text("utf-8")) if file.is_file() else ast.Module([], [])
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        if name not in defined:
            found.append(f"{path}::{name}")
    return found


def test_each_test_that_the_threat_model_names_exists() -> None:
    assert missing(PAGE.read_text("utf-8")) == []


def test_a_test_that_does_not_exist_is_found() -> None:
    page = "`tests/api/nowhere.py::test_x` `tests/architecture/test_security_documents.py::test_y`"
    assert len(missing(page)) == 2


def test_each_threat_names_a_test_and_each_kind_of_threat_is_there() -> None:
    lines = [
        line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| [STRIDE] \|", line)
    ]
    assert {line[2] for line in lines} == STRIDE
    assert [line for line in lines if not TEST.search(line)] == []


def test_the_bill_of_materials_lists_all_locked_packages(tmp_path: Path) -> None:
    out = tmp_path / "sbom.json"
    write(LOCK, out)
    listed = json.loads(out.read_text("utf-8"))["components"]
    found = {re.sub(r"[-_.]+", "-", each["name"]).lower(): each["version"] for each in listed}
    wanted = locked(LOCK.read_text("utf-8"))
    assert found == wanted
    assert len(wanted) > 50
