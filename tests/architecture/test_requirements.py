"""docs/requirements.md: every requirement has its place and a test that names it, or a reason."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source_tree import DOCS, ROOT, table_rows
from tools.requirement_rows import NOT_SOFTWARE, by_requirement, named, with_tests

PAGE = DOCS / "requirements.md"
DEMANDED = {*range(1, 115), 118, 123}


def rows() -> dict[int, list[str]]:
    listed = [row for row in table_rows(PAGE.read_text("utf-8")) if re.fullmatch(r"R\d+", row[0])]
    assert len(listed) == len({row[0] for row in listed}), "a requirement stands twice"
    return {int(row[0][1:]): row for row in listed}


def test_every_requirement_on_contacts_discharge_and_plans_is_listed() -> None:
    assert DEMANDED - set(rows()) == set()


def test_every_requirement_has_a_test_that_names_it_or_a_reason_why_not() -> None:
    tests = by_requirement()
    without = [
        f"R{number}" for number, row in rows().items() if not tests.get(number) and not reason(row)
    ]
    assert without == []


def test_every_requirement_has_a_place() -> None:
    assert [f"R{number}" for number, row in rows().items() if not (row[2] or reason(row))] == []


def test_the_code_that_is_named_exists() -> None:
    named_paths = re.findall(r"`((?:fhir_server|tests|tools)/[\w/.]+)`", PAGE.read_text("utf-8"))
    assert [path for path in named_paths if not (ROOT / path).exists()] == []


def test_the_tests_listed_are_those_that_name_the_requirement() -> None:
    page = PAGE.read_text("utf-8")
    assert with_tests(page, by_requirement()) == page, "run python -m tools.requirement_rows"


def reason(row: list[str]) -> str:
    """Give why a requirement is no matter of software."""
    cell = next((cell for cell in row if cell.startswith(NOT_SOFTWARE)), "")
    return cell.removeprefix(NOT_SOFTWARE).strip()


@pytest.mark.parametrize(
    ("docstring", "numbers"),
    [
        ("R5: a name.", {5}),
        ("R46-R48, R20: a change.", {20, 46, 47, 48}),
        ("R7 and R20.", {7, 20}),
        ("R101–103: shares.", {101, 102, 103}),
        ("The R4 way.", set()),
        ("", set()),
    ],
)
def test_a_docstring_names_requirements_at_its_beginning(docstring: str, numbers: set[int]) -> None:
    assert named(docstring) == numbers
