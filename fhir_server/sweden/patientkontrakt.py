"""The patientkontrakt, and which plans it holds together (R95, R98).

It is an agreement and no contract in law: nothing is refused here, only read. SKR calls it
dokumenterad överenskommelse since 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, concept_codes, items, says, target, text

# In force, at rest, or being made; what is over is told apart.
CURRENT = ("active", "on-hold", "draft")
OVER = ("completed", "revoked")


def is_patientkontrakt(plan: Json) -> bool:
    """Tell whether a CarePlan is of category ``patientkontrakt``."""
    return says(plan, "category", codes.PATIENTKONTRAKT, codes.PLAN_CATEGORY_SYSTEM)


def plan_type(plan: Json) -> str:
    """Give Inera's code for the type of plan (R86); empty where there is none."""
    found = concept_codes(plan, "category", codes.CARE_PLAN_CATEGORY)
    return found[0] if found else ""


def umbrella(plans: Iterable[Json], moment: datetime) -> Json | None:
    """Give the patientkontrakt in force; the latest, where more than one is.

    Args:
        plans: all of a person's.
        moment: when.
    """
    held = [
        plan
        for plan in plans
        if is_patientkontrakt(plan)
        and plan.get("status") == "active"
        and periods.read(plan).covers(moment)
    ]
    return max(held, key=began, default=None)


def belongs(plan: Json, holder: Json | None) -> bool:
    """Tell whether a plan belongs to a patientkontrakt, told on either side (R98)."""
    if holder is None:
        return False
    up = (target(each).literal for _, each in items(plan, "partOf"))
    down = (target(each).literal for _, each in items(holder, "supportingInfo"))
    return reference_of(holder) in up or reference_of(plan) in down


def in_order(plans: Sequence[Json], holder: Json | None) -> list[Json]:
    """Give the plans beside the patientkontrakt as a person looks for them.

    Those in force first, a SIP before others because it says who does what (R86), then those that
    belong to the patientkontrakt, then the latest. A version that another replaces is left out, if
    that other is no draft.
    """
    taken = [plan for plan in plans if plan.get("status") != "draft"]
    replaced = {target(each).literal for plan in taken for _, each in items(plan, "replaces")}
    beside = [
        plan
        for plan in plans
        if not is_patientkontrakt(plan)
        and plan.get("status") in (*CURRENT, *OVER)
        and reference_of(plan) not in replaced
    ]
    latest = sorted(beside, key=began, reverse=True)
    return sorted(latest, key=lambda plan: (_rank(plan), not belongs(plan, holder)))


def _rank(plan: Json) -> tuple[int, bool]:
    status = text(plan, "status")
    order = (*CURRENT, *OVER)
    return order.index(status), plan_type(plan) != codes.SIP


def began(plan: Json) -> str:
    """Give the day a plan began, for sorting; empty where it is not said."""
    found = periods.bounds(child(plan, "period").get("start"))
    return found[0].isoformat() if found else text(plan, "created")


def reference_of(resource: Json) -> str:
    """Give ``Type/id``."""
    return f"{resource.get('resourceType')}/{resource.get('id')}"
