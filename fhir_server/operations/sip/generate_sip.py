"""$generate-sip: a samordnad individuell plan with its goals, from the call and what is stored.

Gathers the person's named contacts and teams, the stay in hospital, conditions, other plans and
consent; puts CarePlan and Goals together; stores them in one transaction; proposes whom to call. A
plan in force that has the content is not made once more. The law is checked where every write of
such a CarePlan is checked. R75-R78, R82, R84-R89, R92; HSL (2017:30) 16 kap. 4 §,
socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, has_errors
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.moments import now_of, now_text
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.sip import sip_in_force
from fhir_server.operations.sip.disclosures import deciding
from fhir_server.operations.sip.sip_at_hand import NewIds
from fhir_server.operations.sip.sip_contents import (
    contributors,
    extensions,
    goals,
    labels,
    name_who_follows_up,
    new_activity,
)
from fhir_server.operations.sip.sip_gathering import foresee, gathered, proposals
from fhir_server.operations.sip.sip_in_force import Named
from fhir_server.operations.sip.sip_step import Step
from fhir_server.operations.subject import require_patient, subject_of
from fhir_server.storage.checks import Check
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes, existing_plans, plan_life
from fhir_server.sweden.periods import local_date
from fhir_server.sweden.sip_participants import Proposal

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store the plan and its goals.

    Returns:
        Parameters: ``return``, the CarePlan; ``proposal``, whom to call; ``task``, what follows of
        an active plan; ``outcome`` with what the law still asks for.

    Raises:
        FhirError: a parameter is wrong, or the law refuses; the paragraph stands in the outcome.
    """
    patient = subject_of(call)
    finder = call.finder
    require_patient(finder, patient)
    now, ids, named = now_of(call.context), NewIds(new_id), list[Named]()
    said: list[Issue] = []

    def draft() -> Sequence[Draft]:
        foresee(finder, patient, call.arguments, ("CarePlan", _living_plans(patient)))
        existing = list(finder.search("CarePlan", **_living_plans(patient)))
        said[:] = existing_plans.drafts_beside(existing, now)
        named[:] = _named(call, finder, patient, existing, ids)
        return sip_in_force.drafts(named)

    before = None if call.arguments.get("despiteExisting") else _no_duplicate(call, patient, now)
    # The law's lock on the person's plans lets two calls at once not both see none.
    written = write_together(call.context, draft, before=before)
    answered = [(name, each) for (name, _), each in zip(named, written.stored, strict=True)]
    shown = [(name, each) for name, each in answered if name != "goal"]
    plan = json.parse(shown[0][1].body or b"{}")
    proposed = [_parameter(each) for each in proposals(finder, deciding(call.context), plan, now)]
    return several_answer(201, shown, (*said, *written.issues), more=proposed)


def _named(
    call: Call, finder: Finder, patient: str, existing: Iterable[Resource], ids: NewIds
) -> list[Named]:
    now = now_of(call.context)
    day = local_date(now)
    made = list(goals(patient, call.arguments, day))
    goal_ids = [ids[f"goal {number}"] for number in range(len(made))]
    plan = {
        **_from_call(patient, call.arguments, goal_ids, day),
        **gathered(finder, patient, call.arguments, existing, now),
    }
    plan = {key: value for key, value in plan.items() if value}
    name_who_follows_up(plan)
    follows: list[Named] = []
    if plan["status"] == plan_life.ACTIVE:
        step = Step(plan.get("author", {}), now_text(call.context), now)
        follows = list(sip_in_force.with_it(call.context, ids["plan"], plan, step, ids, finder))
    return [
        ("return", Draft(plan, ids["plan"])),
        *(("goal", Draft(g, id_)) for g, id_ in zip(made, goal_ids, strict=True)),
        *follows,
    ]


def _from_call(
    patient: str, arguments: dict[str, Any], goal_ids: list[str], day: dt.date
) -> Resource:
    by_name = labels(arguments, goal_ids)
    return {
        "resourceType": "CarePlan",
        "meta": {"profile": [codes.structure("sip-careplan")]},
        "extension": extensions({}, arguments, day),
        "status": arguments.get("status", plan_life.DRAFT),
        "intent": "plan",
        "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": codes.SIP}]}],
        "title": arguments.get("title", "Samordnad individuell plan"),
        "description": arguments.get("description"),
        "subject": {"reference": patient},
        "period": {"start": day.isoformat()},
        "created": day.isoformat(),
        "author": arguments.get("author"),
        "contributor": contributors({}, arguments),
        "goal": [{"reference": f"Goal/{id_}"} for id_ in goal_ids],
        "activity": [new_activity(each, by_name) for each in arguments.get("activity", [])],
    }


def _living_plans(patient: str) -> dict[str, str]:
    return {"patient": patient, "status": "active,draft"}


def _no_duplicate(call: Call, patient: str, now: dt.datetime) -> Check:
    """Give the check, inside the transaction, that no plan in force has the content (R85)."""

    def check(snapshot: Snapshot) -> None:
        finder = Finder(call.context.server, snapshot)
        existing = finder.search("CarePlan", patient=patient, status="active")
        issues = list(existing_plans.no_duplicate(existing, cache(finder.read), now))
        if has_errors(issues):
            raise FhirError(*issues)

    return check


def _parameter(proposal: Proposal) -> Resource:
    paragraphs = [
        {"system": codes.LAW_SYSTEM, "code": each.code, "display": each.display}
        for each in proposal.law
    ]
    return {
        "name": "proposal",
        "part": [
            {"name": "actor", "valueReference": dict(proposal.actor)},
            {"name": "role", "valueString": proposal.role},
            {"name": "why", "valueString": proposal.why},
            *({"name": "paragraph", "valueCoding": each} for each in paragraphs),
        ],
    }
