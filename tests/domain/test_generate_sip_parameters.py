"""$generate-sip and parameters that its OperationDefinition doesn't allow: nothing is stored."""

from __future__ import annotations

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, reference, refusals, result, string
from tests.domain.sip_calls import activity, follow_up, generate, goal, ready, responsible

WRONG: dict[str, tuple[list[Json], str, str]] = {
    "a goal without description": (
        [{"name": "goal", "part": [{"name": "label", **string("x")}]}],
        "required",
        "Parameters.parameter[1].part",
    ),
    "an unknown part": ([goal(foo=string("x"))], "invalid", "Parameters.parameter[1].part[1]"),
    "an unknown label": (
        [goal(label=string("a")), activity(codes.REGION, goal=string("b"))],
        "invalid",
        "activity",
    ),
    "goal number 0": ([goal(), activity(codes.REGION, goal=string("0"))], "invalid", "activity"),
    "goal number 2 of 1": (
        [goal(), activity(codes.REGION, goal=string("2"))],
        "invalid",
        "activity",
    ),
    "a goal where there are none": (
        [activity(codes.REGION, goal=string("1"))],
        "invalid",
        "activity",
    ),
    "two goals of one label": (
        [goal(label=string("a")), goal(label=string("a"))],
        "duplicate",
        "goal",
    ),
    "an unknown huvudman": ([activity("stat")], "code-invalid", "Parameters.parameter[1].part[1]"),
    "a huvudman in capitals": (
        [activity("Region")],
        "code-invalid",
        "Parameters.parameter[1].part[1]",
    ),
    "annan with overall responsibility": (
        [responsible(codes.ANNAN)],
        "code-invalid",
        "Parameters.parameter[1].part[0]",
    ),
    "two follow-ups": ([follow_up(), follow_up()], "invalid", "Parameters.parameter"),
    "a follow-up without date": (
        [{"name": "followUp", "part": [{"name": "responsible", **reference("Practitioner/x")}]}],
        "required",
        "Parameters.parameter[1].part",
    ),
    "the patient": (
        [{"name": "patient", **reference("Patient/x")}],
        "invalid",
        "Parameters.parameter[1]",
    ),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_parameter_is_named(clinic: Clinic, case: str) -> None:
    """The OperationDefinition decides; nothing is stored."""
    given, kind, expression = WRONG[case]
    patient = ready(clinic)
    with clinic.nothing_stored("CarePlan", "Goal"):
        response = generate(clinic, patient, "draft", *given)
        assert refusals(response, 400) == [(kind, [], expression)]


@pytest.mark.parametrize("status", ["completed", "Active", "on-hold"])
def test_a_new_plan_is_a_draft_or_active(clinic: Clinic, status: str) -> None:
    """R93: what comes later is an update."""
    with clinic.nothing_stored("CarePlan", "Goal"):
        response = generate(clinic, ready(clinic), status, goal())
        assert refusals(response, 400) == [("code-invalid", [], "Parameters.parameter[0]")]


def test_without_parameters_it_makes_a_draft(clinic: Clinic) -> None:
    """R90: the first step."""
    response = clinic.fhir.post(f"{clinic.patient()}/$generate-sip", b"")
    assert result(response)["status"] == "draft"


def test_an_unknown_patient_is_not_found(clinic: Clinic) -> None:
    """A plan is somebody's."""
    with clinic.nothing_stored("CarePlan", "Goal"):
        response = generate(clinic, "Patient/is-not-here", "draft", goal())
        assert refusals(response, 404) == [("not-found", [], "patient")]
