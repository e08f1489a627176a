"""Calls of the operations on a SIP's life, and what is read from their answers."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, code, parameters, part, reference, result, string
from tests.domain.sip_calls import complete, generate, ready


def call(clinic: Clinic, plan: Json, operation: str, /, **given: Json | list[Json] | None) -> Any:
    """Call an operation at a plan; staff of a unit does it unless the call says who."""
    if "by" not in given:
        given["by"] = plan["author"] and {"valueReference": plan["author"]}
    said = {name: value for name, value in given.items() if value is not None}
    return clinic.fhir.post(f"CarePlan/{plan['id']}/${operation}", parameters(**said))


def draft_plan(clinic: Clinic, patient: str | None = None, *given: Json) -> Json:
    """Store a complete draft."""
    patient = patient or ready(clinic)
    return result(generate(clinic, patient, "draft", *(given or complete())))


def active_plan(clinic: Clinic, patient: str | None = None, *given: Json) -> Json:
    """Store a complete plan in force."""
    patient = patient or ready(clinic)
    return result(generate(clinic, patient, "active", *(given or complete())))


def followed_up(clinic: Clinic, plan: Json, decision: str, /, **more: Json | list[Json]) -> Any:
    """Call $follow-up-sip."""
    return call(clinic, plan, "follow-up-sip", decision=code(decision), **more)


def evaluated(reference_to_goal: str, achievement: str, **more: Json) -> Json:
    """Give a parameter ``goal`` of $follow-up-sip."""
    return part(goal=reference(reference_to_goal), achievement=code(achievement), **more)


def outcome_of(activity: str, **more: Json) -> Json:
    """Give a parameter ``activity`` of $follow-up-sip."""
    return part(activity=string(activity), **more)


def tasks(clinic: Clinic, plan: Json, kind: str = codes.UPPFOLJNING) -> list[Json]:
    """Give the tasks of a kind whose focus is a plan."""
    url = f"Task?focus=CarePlan/{plan['id']}&code={codes.TASK_CODE_SYSTEM}|{kind}"
    found = clinic.fhir.get(url).json
    return [entry["resource"] for entry in found.get("entry", [])]


def goal_of(clinic: Clinic, plan: Json, number: int = 0) -> Json:
    """Give one of a plan's goals as it is stored."""
    return clinic.read(plan["goal"][number]["reference"])


def ids_of(plan: Json) -> list[str]:
    """Give the ids of a plan's activities."""
    return [activity["id"] for activity in plan["activity"]]
