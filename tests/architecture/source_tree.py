"""Where the architecture tests look: the package's modules, the documentation, the definitions."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "fhir_server"
DOCS = ROOT / "docs"
DEFINITIONS = ROOT / "profiles" / "se"
STANDARD_OPERATIONS = ROOT / "profiles" / "r4" / "operations.json"

# What tools make or install; documents of others lie there.
NOT_OURS = {"node_modules", "dist", "build", "fsh-generated"}


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    name: str
    source: str

    @property
    def lines(self) -> int:
        return len(self.source.splitlines())

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)


@cache
def modules() -> tuple[Module, ...]:
    """Give every module of the package, by path relative to the project."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return tuple(Module(str(p.relative_to(ROOT)), p.read_text("utf-8")) for p in paths)


def documents() -> Iterator[Path]:
    """Give every Markdown file of the project."""
    for path in sorted(ROOT.rglob("*.md")):
        parts = path.relative_to(ROOT).parts
        if not any(part.startswith(".") or part in NOT_OURS for part in parts):
            yield path


def operation_definitions() -> list[dict[str, Any]]:
    """Give the OperationDefinitions of the project, and those of R4 that the server offers."""
    paths = sorted(DEFINITIONS.glob("OperationDefinition-*.json"))
    standard = json.loads(STANDARD_OPERATIONS.read_text("utf-8"))
    return [*standard.values(), *(json.loads(path.read_text("utf-8")) for path in paths)]


def table_rows(markdown: str) -> list[list[str]]:
    """Give the cells of all tables' rows, headings included, code marks taken off."""
    return [row for rows in _tables(markdown) for row in rows]


def table(markdown: str, *headings: str) -> list[dict[str, str]]:
    """Give the rows of the tables with these headings, by heading; there must be some."""
    found = [
        dict(zip(headings, row, strict=True))
        for heading, *rows in _tables(markdown)
        if heading == list(headings)
        for row in rows
    ]
    assert found, headings
    return found


def _tables(markdown: str) -> list[list[list[str]]]:
    tables: list[list[list[str]]] = [[]]
    for line in (each.strip() for each in markdown.splitlines()):
        if not (line.startswith("|") and line.endswith("|")):
            tables.append([])
        elif not re.fullmatch(r"[|\s:-]+", line):
            cells = re.split(r"(?<!\\)\|", line.strip("|"))
            tables[-1].append([cell.strip().replace("`", "") for cell in cells])
    return [rows for rows in tables if rows]
