"""Makes small profiles, and checks values by them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.fhirpath.engine import Engine
from fhir_server.profiles.plans.profile_checks import ProfileChecks
from fhir_server.profiles.scope import Scope
from tests.unit.profiles.conftest import CANONICAL
from tests.unit.profiles.listed_codes import ListedCodes

DEFINITION = f"{CANONICAL}/StructureDefinition"
CORE = "http://hl7.org/fhir/StructureDefinition"
SYSTEM = "urn:system"

Found = list[tuple[str, str]]


def profile(type_: str, *elements: dict[str, Any], name: str = "team", **of_root: Any) -> Any:
    """Make a StructureDefinition with a snapshot of the given elements."""
    root = {"id": type_, "path": type_, "min": 0, "max": "*", **of_root}
    return {
        "resourceType": "StructureDefinition",
        "url": f"{DEFINITION}/{name}",
        "type": type_,
        "derivation": "constraint",
        "snapshot": {"element": [root, *(element(**e) for e in elements)]},
    }


def element(**details: Any) -> dict[str, Any]:
    path = ".".join(step.partition(":")[0] for step in details["id"].split("."))
    return {"path": path, "min": 0, "max": "*", **details}


def concept(*codes: str, system: str = SYSTEM) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def rule(key: str, expression: str, human: str = "It must hold.", severity: str = "error") -> Any:
    """Make a constraint."""
    return {"key": key, "severity": severity, "human": human, "expression": expression}


@pytest.fixture
def checks(with_conformance) -> Callable[..., ProfileChecks]:
    """Make the checks of profiles that may name each other."""

    def make(*definitions: Any) -> ProfileChecks:
        known = with_conformance(*definitions)
        return ProfileChecks(known, Engine(known), ListedCodes(known))

    return make


@pytest.fixture
def issues(checks) -> Callable[..., list[Issue]]:
    """Check a value by the first of some definitions."""

    def found(value: Any, *definitions: Any, **scope: Any) -> list[Issue]:
        first = definitions[0]
        around = Scope(**{"resource": value, "root": value, **scope})
        return list(checks(*definitions).check(first).issues(value, first["type"], around))

    return found


@pytest.fixture
def check(issues) -> Callable[..., Found]:
    """Give what is wrong as (rule, expression)."""

    def found(value: Any, *definitions: Any, **scope: Any) -> Found:
        return [(i.rule or "", i.expression or "") for i in issues(value, *definitions, **scope)]

    return found


@pytest.fixture
def problems(checks) -> Callable[..., list[Issue]]:
    """Give what of the first definition can't be enforced."""
    return lambda *definitions: checks(*definitions).problems(definitions[0])
