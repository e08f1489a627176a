"""Which plan a kallelse, a follow-up or a meeting belongs to, and whether it is still open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, items, says, target, text

# https://hl7.org/fhir/R4/valueset-task-status.html: what nobody has answered or done yet, or agreed
# to do.
_OPEN_MEETINGS = ("proposed", "pending", "booked", "waitlist")


def is_open_task(task: Json) -> bool:
    """Tell whether a Task still waits for somebody."""
    return text(task, "status") in codes.OPEN_TASK


def is_sip_meeting(resource: Json) -> bool:
    """Tell whether a resource is an Appointment for a SIP meeting."""
    return resource.get("resourceType") == "Appointment" and says(
        resource, "serviceType", codes.SIP_MEETING, codes.code_system("service-type")
    )


def is_open_meeting(appointment: Json, now: datetime) -> bool:
    """Tell whether an Appointment is a SIP meeting that has not been held."""
    end = periods.bounds(appointment.get("end")) or periods.bounds(appointment.get("start"))
    over = end is not None and end[1] <= now
    waits = text(appointment, "status") in _OPEN_MEETINGS
    return is_sip_meeting(appointment) and not over and waits


def meetings_of(plan: Json) -> set[str]:
    """Give the references to the meetings that a plan names."""
    return {
        target(child(found, "valueReference")).literal
        for _, found in items(plan, "extension")
        if found.get("url") == codes.SIP_MEETING_LINK
    } - {""}


def plan_of_task(task: Json, plans: Iterable[Json]) -> Json | None:
    """Give the plan that a Task is about, itself or by its meeting; None for none of them."""
    about = [child(task, "focus"), *(each for _, each in items(task, "basedOn"))]
    named = {target(each).literal for each in about}
    return next((plan for plan in plans if named & {_own(plan), *meetings_of(plan)}), None)


def plan_of_meeting(appointment: Json, plans: Iterable[Json]) -> Json | None:
    """Give the plan that a meeting is about; None for none of them."""
    named = {target(each).literal for _, each in items(appointment, "supportingInformation")}
    meeting = f"Appointment/{appointment.get('id')}"
    return next((p for p in plans if _own(p) in named or meeting in meetings_of(p)), None)


def _own(plan: Json) -> str:
    return f"CarePlan/{plan.get('id')}"
