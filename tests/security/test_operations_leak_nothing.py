"""Issue 7, acceptance 1: no operation that reads gives out what the matrix hides.

Every operation of the registry that changes nothing is called at each of its levels about every
person, unit, position and record of the matrix, in every form that it answers in; an operation that
is added is tried without anybody thinking of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.fhir.parameters import affects_state
from fhir_server.interactions.context import OperationRequest
from fhir_server.operations.registry import OPERATIONS
from tests.security.matrix_world import (
    ALL_KINDS,
    KINDS,
    NONE,
    PRINCIPALS,
    RELATIONS,
    MatrixWorld,
    mark,
    secret,
)
from tests.security.test_access_matrix import expected
from tests.security.worlds import ORGANIZATIONS

ROLES = ("open", "coordinator", "manager", "system-provider", "no-purpose", "national-service",
         "analyst", "administrator", "patient")  # fmt: skip
CELLS = [(k, r) for k in ALL_KINDS for r in (RELATIONS if k in KINDS else (NONE,))]
MARKS = {mark(*cell): cell for cell in CELLS}
SECRETS = {secret(*cell): cell for cell in CELLS}
WORD = re.compile(r"(?:Mark|Secret)[a-z]+")
answered: dict[str, set[str]] = {}
calls: dict[str, int] = {}


@pytest.fixture(scope="module")
def world(app: Flask) -> MatrixWorld:
    return MatrixWorld(app)


def _targets(world: MatrixWorld, type_: str) -> list[str]:
    if type_ == "Measure":
        return ["andel-fast-kontakt"]
    found = [world.ids[cell] for cell in CELLS if ALL_KINDS[cell[0]] == type_]
    units = {"Organization": "", "PractitionerRole": "role-"}
    return found + [f"{units[type_]}{unit}" for unit in ORGANIZATIONS if type_ in units]


def _given(definition: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Give the parameters that must be there, for each person and unit; references differ."""
    wanted = [
        each for each in definition.get("parameter", ())
        if each["use"] == "in" and (each.get("min", 0) or each["name"] in ("patient", "unit"))
    ]  # fmt: skip
    references = any(each.get("type") == "Reference" for each in wanted)
    values = [*(f"Patient/{r}" for r in RELATIONS), "Organization/hc", "Organization/psyk"]
    for reference in values if references else ["Organization/hc"]:
        yield {each["name"]: _value(each, reference) for each in wanted if "type" in each}


def _value(parameter: dict[str, Any], reference: str) -> str:
    match parameter["type"]:
        case "date":
            return "2026-11-01"
        case "dateTime" | "instant":
            return "2026-11-01T10:00:00+01:00"
        case "boolean":
            return "true"
        case "integer" | "positiveInt" | "unsignedInt":
            return "5"
    return reference


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ROLES)
def test_what_an_operation_reads_is_restricted_as_a_search_is(
    world: MatrixWorld, role: str
) -> None:
    """R111: patientkontrakt, caseloads, timelines, measures, documents, exports, pages."""
    wrong = []
    for definition in world.parts.server.definitions.operations():
        code = definition["code"]
        if code not in OPERATIONS or affects_state(definition):
            continue
        for request in _requests(world, definition):
            said, status = _said(world, role, request)
            calls[role] = calls.get(role, 0) + 1
            if status == 200:
                answered.setdefault(code, set()).add(role)
            if status >= 500:
                wrong.append((request, status, said[:300]))
            for word in set(WORD.findall(said)):
                cell = MARKS.get(word) or SECRETS.get(word)
                if cell is None:
                    continue
                want = expected(role, *cell, "named")
                if want in ("hidden", "refused") or (want == "masked" and word in SECRETS):
                    wrong.append((request.code, request.resource_type, request.id, word, want))
    assert not wrong, f"{len(wrong)}\n" + "\n".join(map(str, wrong[:40]))


def _requests(world: MatrixWorld, definition: dict[str, Any]) -> Iterator[OperationRequest]:
    code = definition["code"]
    types = [t for t in definition.get("resource", ()) if t not in ("Resource", "DomainResource")]
    types = types or [t for t in dict.fromkeys(ALL_KINDS.values()) if definition.get("instance")]
    forms = ("", *(form for form in OPERATIONS[code].renders if "pdf" not in form))
    for form in forms:
        for given in _given(definition):
            pairs = list(given.items())
            if definition.get("system"):
                yield OperationRequest(code, None, None, "GET", pairs, media_type=form)
            if definition.get("type"):
                for type_ in types:
                    yield OperationRequest(code, type_, None, "GET", pairs, media_type=form)
        if definition.get("instance"):
            pairs = list(next(_given(definition)).items())
            pairs = [(name, text) for name, text in pairs if name != "patient"]
            for type_ in types:
                for id_ in _targets(world, type_):
                    yield OperationRequest(code, type_, id_, "GET", pairs, media_type=form)


def _said(world: MatrixWorld, role: str, request: OperationRequest) -> tuple[str, int]:
    try:
        answer = world.parts.server.operations.invoke(world.context(PRINCIPALS[role]), request)
    except FhirError as error:
        return " ".join(str(issue) for issue in error.issues), error.status
    return (answer.content or b"").decode("utf-8", "replace"), answer.status


def test_the_operations_were_really_answered() -> None:
    """A test of refusals alone would tell nothing: somebody got an answer from each that has one."""
    if calls.keys() != set(ROLES):
        pytest.skip("not all roles were tried in this process")
    print(f"\n{sum(calls.values())} calls of operations; answered: {sorted(answered)}")
    assert {"caseload", "coverage", "discharge-timeline", "everything", "named-contacts",
            "patientkontrakt", "reviews-due", "stranded"} <= answered.keys()  # fmt: skip
