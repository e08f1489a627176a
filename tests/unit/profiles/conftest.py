"""The definitions and the validator, made once for all tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.locations import definition_directories
from fhir_server.profiles.validator import Validator

CANONICAL = "https://clinic.example/fhir"


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return Definitions.load()


@pytest.fixture(scope="session")
def validator(definitions: Definitions) -> Validator:
    return Validator(definitions)


@pytest.fixture
def issues(validator: Validator) -> Callable[[dict[str, Any]], list[tuple[str, str]]]:
    """Validate, and give the errors as (code, expression)."""

    def found(resource: dict[str, Any]) -> list[tuple[str, str]]:
        return [_short(issue) for issue in validator.validate(resource) if _refuses(issue)]

    return found


@pytest.fixture
def with_conformance(tmp_path: Path) -> Callable[..., Definitions]:
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
        return Definitions.load([definition_directories()[0], tmp_path])

    return make


def _short(issue: Issue) -> tuple[str, str]:
    return issue.code, issue.expression or ""


def _refuses(issue: Issue) -> bool:
    return issue.severity == "error"
