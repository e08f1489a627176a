"""The definitions and the validator, made once for all tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.locations import definition_directories
from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology

CANONICAL = "https://clinic.example/fhir"


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return Definitions.load()


@pytest.fixture(scope="session")
def validator(definitions: Definitions) -> Validator:
    return Validator(definitions, Terminology(definitions))


@pytest.fixture
def issues(validator: Validator) -> Callable[[dict[str, Any]], list[tuple[str, str]]]:
    """Validate, and give the errors as (code, expression)."""

    def found(resource: dict[str, Any]) -> list[tuple[str, str]]:
        return [_short(issue) for issue in validator.validate(resource) if _refuses(issue)]

    return found


@pytest.fixture(scope="session")
def r4_tables() -> dict[str, Any]:
    names = ("structures", "codes", "search", "compartments", "operations")
    directory = definition_directories()[0]
    return {name: json.loads((directory / f"{name}.json").read_bytes()) for name in names}


@pytest.fixture
def with_conformance(tmp_path: Path, r4_tables: dict[str, Any]) -> Callable[..., Definitions]:
    """Make definitions of R4 and of the conformance resources given."""

    def make(*resources: dict[str, Any]) -> Definitions:
        for path in tmp_path.glob("*.json"):
            path.unlink()
        package = {"name": "clinic", "canonical": CANONICAL}
        (tmp_path / "package.json").write_text(json.dumps(package))
        for number, resource in enumerate(resources):
            (tmp_path / f"{resource['resourceType']}-{number}.json").write_text(
                json.dumps(resource)
            )
        return Definitions(r4_tables, [tmp_path], definition_directories()[0])

    return make


def _short(issue: Issue) -> tuple[str, str]:
    return issue.code, issue.expression or ""


def _refuses(issue: Issue) -> bool:
    return issue.severity == "error"
