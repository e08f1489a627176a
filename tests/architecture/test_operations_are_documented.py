"""Definition, code and page: every operation has all three, and the page's parameters are right."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from fhir_server.operations.operation import Deferred
from fhir_server.operations.registry import OPERATIONS
from tests.architecture.source_tree import DOCS, operation_definitions, table_rows

PAGES = DOCS / "operations"


def differences(defined: set[str], coded: set[str], documented: set[str]) -> list[str]:
    """Tell which operations lack a definition, code or a page."""
    every = sorted(defined | coded | documented)
    return [
        f"${code} has no {what}"
        for what, having in (("definition", defined), ("code", coded), ("page", documented))
        for code in every
        if code not in having
    ]


def parameters(listed: list[dict[str, Any]], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Give name, cardinality and type of parameters and their parts, ``goal.due`` for a part."""
    for parameter in listed:
        name = f"{prefix}{parameter['name']}"
        if parameter["use"] == "in":
            cardinality = f"{parameter['min']}..{parameter['max']}"
            yield name, cardinality, parameter.get("type", "parts")
            yield from parameters(parameter.get("part", []), f"{name}.")


def documented_parameters(page: str) -> set[tuple[str, str, str]]:
    return {(row[0], row[1], row[2]) for row in table_rows(page) if ".." in row[1]}


def pages() -> set[str]:
    return {path.stem for path in PAGES.glob("*.md")} - {"README"}


def test_every_operation_has_a_definition_code_and_a_page() -> None:
    defined = {definition["code"] for definition in operation_definitions()}
    assert differences(defined, set(OPERATIONS), pages()) == []


def test_a_missing_definition_code_or_page_is_found() -> None:
    assert differences({"a", "b"}, {"a"}, {"a", "c"}) == [
        "$c has no definition",
        "$b has no code",
        "$c has no code",
        "$b has no page",
    ]


def test_each_operation_is_registered_under_its_own_code() -> None:
    assert {code: operation.code for code, operation in OPERATIONS.items()} == {
        code: code for code in OPERATIONS
    }


@pytest.mark.parametrize("code", sorted({d["code"] for d in operation_definitions()}))
def test_the_page_lists_the_parameters_of_the_definitions(code: str) -> None:
    defined = {
        parameter
        for definition in operation_definitions()
        if definition["code"] == code
        for parameter in parameters(definition["parameter"])
    }
    page = (PAGES / f"{code}.md").read_text("utf-8")
    assert documented_parameters(page) == defined


def test_a_parameter_with_another_cardinality_is_found() -> None:
    page = (PAGES / "generate-sip.md").read_text("utf-8")
    changed = page.replace("| `goal.due` | 0..1 |", "| `goal.due` | 1..1 |")
    assert changed != page
    assert documented_parameters(changed) != documented_parameters(page)


def test_the_code_behind_every_operation_is_found() -> None:
    """It is imported when it is first called, so nothing else would tell."""
    for operation in OPERATIONS.values():
        assert isinstance(operation.run, Deferred)
        run = operation.run.resolved()
        assert next(iter(inspect.signature(run).parameters.values())).annotation == "Call"
