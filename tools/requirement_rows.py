"""Which tests show which requirement: fills the last column of docs/requirements.md.

    python -m tools.requirement_rows           write the column anew
    python -m tools.requirement_rows --list    say which tests there are for each requirement

A test names its requirements at the beginning of its docstring (``R46-R48: ...``); "R4" further on
is FHIR's. Requirement numbers are those of DOMAIN.md.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "requirements.md"
MOST = 3
# Where the law itself is tested comes first, then what a user meets.
FIRST = ("tests/unit/sweden", "tests/measures", "tests/domain")

_ONE = r"R(\d+)(?:\s*[-–]\s*R?(\d+))?"
_LIST = re.compile(rf"{_ONE}(?:(?:,\s*|\s+and\s+){_ONE})*")
_ROW = re.compile(r"\| R(\d+) \|.*\|$")
NOT_SOFTWARE = "Not software:"


def named(docstring: str) -> set[int]:
    """Give the requirements that a docstring begins with."""
    beginning = _LIST.match(docstring.strip())
    if beginning is None:
        return set()
    found: set[int] = set()
    for first, last in re.findall(_ONE, beginning.group()):
        found |= set(range(int(first), int(last or first) + 1))
    return found


def by_requirement(root: Path = ROOT) -> dict[int, list[str]]:
    """Give the tests that name each requirement, as ``path::name``, the nearest to it first.

    A test that names fewer requirements is nearer to each of them.
    """
    found: dict[int, list[tuple[int, int, str]]] = {}
    for place, numbers in _tests(root):
        rank = next((n for n, folder in enumerate(FIRST) if place.startswith(folder)), len(FIRST))
        for number in numbers:
            found.setdefault(number, []).append((len(numbers), rank, place))
    return {number: [place for *_, place in sorted(each)] for number, each in found.items()}


def _tests(root: Path) -> Iterator[tuple[str, set[int]]]:
    for path in sorted((root / "tests").rglob("test_*.py")):
        module = ast.parse(path.read_text("utf-8"))
        for node in module.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                numbers = named(ast.get_docstring(node) or "")
                if numbers:
                    yield f"{path.relative_to(root).as_posix()}::{node.name}", numbers


def with_tests(page: str, tests: dict[int, list[str]]) -> str:
    """Give the page with the last column of each requirement's row written anew."""
    return "\n".join(_row(line, tests) for line in page.split("\n"))


def _row(line: str, tests: dict[int, list[str]]) -> str:
    row = _ROW.match(line)
    if row is None or NOT_SOFTWARE in line:
        return line
    shown = "<br>".join(f"`{each}`" for each in tests.get(int(row.group(1)), [])[:MOST])
    *cells, _ = line.removesuffix("|").rsplit("|", 1)
    return f"{cells[0]}| {shown} |"


def main() -> None:
    """Write the column, or list the tests."""
    tests = by_requirement()
    if "--list" in sys.argv:
        for number in sorted(tests):
            print(f"R{number}: {len(tests[number])}: {', '.join(tests[number][:4])}")
        return
    PAGE.write_text(with_tests(PAGE.read_text("utf-8"), tests), "utf-8")


if __name__ == "__main__":
    main()
