"""The SIP that an operation at CarePlan/[id] is about, its goals and tasks, as they were read."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, has_errors
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft
from fhir_server.operations import at_hand
from fhir_server.operations.at_hand import Found, living, other_kind
from fhir_server.operations.moments import now_of, now_text, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.elements import items, target
from fhir_server.sweden.periods import bounds
from fhir_server.sweden.plans import is_sip

Resource = dict[str, Any]
# Ids of new resources by what they are, the same from attempt to attempt.
NewIds = defaultdict[str, str]


def plan_at_hand(context: Context, id_: str | None) -> Found:
    """Give a CarePlan that is a samordnad individuell plan.

    Raises:
        FhirError: 404 or 410 for none; 422 for another kind of plan.
    """
    stored, plan = living(context, "CarePlan", id_)
    if not is_sip(plan):
        words = "is no samordnad individuell plan: its category is not SIP."
        raise other_kind(plan, words, "category")
    return stored, plan


def sip(context: Context, id_: str) -> Found:
    """Give a SIP to be changed.

    A narrative that was made from the data would say what no longer holds: it is left out.

    Raises:
        FhirError: as `plan_at_hand`.
    """
    stored, plan = plan_at_hand(context, id_)
    if plan.get("text", {}).get("status") == "generated":
        del plan["text"]
    return stored, plan


def require_status(plan: Resource, *statuses: str) -> None:
    """Refuse a plan that the step does not fit (409); the second of two hears this."""
    status = plan.get("status")
    if status not in statuses:
        text = f"CarePlan/{plan['id']} is {status}; this asks for one that is "
        text += f"{' or '.join(statuses)}. Read it again."
        raise FhirError(Issue("error", "conflict", text, "CarePlan.status"))


def patient_of(plan: Resource) -> str:
    """Give ``Patient/[id]``.

    Raises:
        FhirError: 422, the subject is no Patient of this server.
    """
    return at_hand.patient_of(plan, codes.HSL_16_4)


def moment_of(call: Call) -> tuple[str, dt.datetime]:
    """Give when the step was taken, as it is written and as a moment in the server's zone.

    Raises:
        FhirError: 400 for a month or a year; 422 for a time ahead.
    """
    zone = call.context.server.settings.zone
    given = call.arguments.get("at")
    if given is None:
        return now_text(call.context), now_of(call.context)
    refuse(list(plan_life.not_ahead(require_day_or_moment(given, "at"), now_of(call.context))))
    named = bounds(given)
    return given, named[0].astimezone(zone) if named else now_of(call.context)


def refuse(issues: list[Issue]) -> list[Issue]:
    """Raise all issues where one of them refuses; else give them."""
    if has_errors(issues):
        raise FhirError(*issues)
    return issues


def goals_of(context: Context, plan: Resource, new: Iterable[str] = ()) -> list[Draft]:
    """Give the plan's goals as they are stored; those elsewhere or gone are left out.

    Args:
        context: the request.
        plan: a SIP.
        new: ids of resources that are not stored.
    """
    named = [target(each).literal for _, each in items(plan, "goal")]
    not_stored = {f"Goal/{id_}" for id_ in new}
    wanted = [
        each for each in dict.fromkeys(named) if each.startswith("Goal/") and each not in not_stored
    ]
    found = context.store.read_many(wanted)
    kept = (found[each] for each in wanted if found.get(each) is not None)
    return [as_draft(stored) for stored in kept if stored is not None and not stored.deleted]


def as_draft(stored: StoredResource) -> Draft:
    """Give a stored resource for change."""
    return Draft(json.parse(stored.body or b"{}"), stored.id, stored)


def changed(draft: Draft, **elements: Any) -> Draft:
    """Give a draft with some elements replaced; None takes one away."""
    resource = {**draft.resource, **elements}
    kept = {key: value for key, value in resource.items() if value is not None}
    return Draft(kept, draft.id, draft.previous, draft.at)


def open_tasks(finder: Finder, kind: str, **about: str) -> Iterator[Draft]:
    """Give the tasks of a kind that are not over.

    Args:
        finder: finds current resources.
        kind: a code of CodeSystem task-code.
        about: search parameters, such as ``focus="CarePlan/1"``.
    """
    code = f"{codes.TASK_CODE_SYSTEM}|{kind}"
    for stored in finder.search_stored("Task", code=code, **about):
        draft = as_draft(stored)
        if draft.resource.get("status") in codes.OPEN_TASK:
            yield draft
