"""Tasks of a SIP: who is to follow it up and when, and needs of a plan that are met."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.sip.sip_at_hand import changed, open_tasks, patient_of
from fhir_server.sweden import codes
from fhir_server.sweden.elements import child, extension, text
from fhir_server.sweden.periods import INSTANT, bounds, local_date

Resource = dict[str, Any]

_PERSONS = ("PractitionerRole/", "Practitioner/")


def follow_up_task(
    plan: Resource, id_: str, requester: Resource, at: str, moment: dt.datetime
) -> Resource | None:
    """Give the task to follow up a plan, for the person who sees to it (R92).

    Args:
        plan: the CarePlan, with its extension follow-up.
        id_: its logical id.
        requester: who asks; who sees to it, where nobody else does.
        at: when it is asked, as FHIR writes it.
        moment: the same.

    Returns:
        None where no day ahead is agreed on, or no named person sees to it.
    """
    day = text(extension(extension(plan, codes.FOLLOW_UP), "date"), "valueDate")
    owner = _who_follows_up(plan)
    named = bounds(day)
    if named is None or owner is None or local_date(named[1] - INSTANT) <= local_date(moment):
        return None
    return {
        "resourceType": "Task",
        "meta": {"profile": [codes.structure("follow-up-task")]},
        "basedOn": [{"reference": f"CarePlan/{id_}"}],
        "status": "requested",
        "intent": "order",
        "code": coded(codes.TASK_CODE_SYSTEM, codes.UPPFOLJNING),
        "focus": {"reference": f"CarePlan/{id_}"},
        "for": {"reference": patient_of(plan)},
        "authoredOn": at,
        "requester": requester or owner,
        "owner": owner,
        "restriction": {"period": {"end": day}},
    }


def over(context: Context, plan: str, status: str, *kinds: str) -> Iterator[Draft]:
    """Give the open tasks about a plan as they are over.

    Args:
        context: the request.
        plan: ``CarePlan/id``.
        status: ``completed`` or ``cancelled``.
        kinds: codes of CodeSystem task-code.
    """
    seen: set[str] = set()
    finder = Finder(context.server, context.store)
    for kind in kinds:
        for name in ("focus", "based_on"):
            for task in open_tasks(finder, kind, **{name: plan}):
                if task.id not in seen:
                    seen.add(task.id)
                    yield changed(task, status=status)


def needs_met(finder: Finder, patient: str, plan: str) -> Iterator[Draft]:
    """Give the needs of a plan that were noted for a person, as met by the plan (R75, R90)."""
    came = {
        "type": {"text": "Samordnad individuell plan"},
        "valueReference": {"reference": plan},
    }
    for task in open_tasks(finder, codes.SIP_BEHOV, patient=patient):
        output = [*task.resource.get("output", []), came]
        yield changed(task, status="completed", output=output)


def _who_follows_up(plan: Resource) -> Resource | None:
    named = (
        child(extension(extension(plan, codes.FOLLOW_UP), "responsible"), "valueReference"),
        child(extension(extension(plan, codes.OVERALL_RESPONSIBLE), "person"), "valueReference"),
        child(plan, "author"),
    )
    # Of an organisation nobody in particular would see to it.
    return next((dict(n) for n in named if text(n, "reference").startswith(_PERSONS)), None)
