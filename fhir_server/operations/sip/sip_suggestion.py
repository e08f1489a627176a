"""$sip-suggestion: whether a SIP should be suggested to a person, and what there is already (R88).

Source: R75, R78, R85, R88; a suggestion for staff, no decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.subject import require_patient, subject_of
from fhir_server.sweden import codes, conditions, consents, sip_target_groups
from fhir_server.sweden.belonging import huvudman_of
from fhir_server.sweden.elements import child, items, target, text
from fhir_server.sweden.sip_target_groups import Suggestion

Resource = dict[str, Any]

_STANDING = ("draft", "active", "on-hold")


def run(call: Call) -> Answer:
    """Give the groups that fit, and plans, consents and needs there are.

    Raises:
        FhirError: 404 for no such patient.
    """
    reference = subject_of(call)
    finder = Finder(call.context.server, call.context.store)
    require_patient(finder, reference)
    patient = finder.read(reference) or {}
    now = now_of(call.context)
    held = [c for c in finder.search("Condition", patient=reference) if conditions.in_force(c, now)]
    contacts = list(
        finder.search("CareTeam", patient=reference, category=codes.NAMED_CONTACTS, status="active")
    )
    found = list(sip_target_groups.suggestions(held, contacts, _born(patient), now.date()))
    plans = [
        plan
        for plan in finder.search("CarePlan", patient=reference, category=_SIP_PLANS)
        if plan.get("status") in _STANDING
    ]
    parameter = [
        {"name": "suggested", "valueBoolean": bool(found) and not plans},
        *(_group(each) for each in found),
        *_named("plan", plans),
        *_consents(call, finder, reference),
        *_named("need", _needs(finder, reference)),
        *_known_to(finder, contacts),
    ]
    return Answer(200, body=json.dump({"resourceType": "Parameters", "parameter": parameter}))


_SIP_PLANS = f"{codes.CARE_PLAN_CATEGORY}|{codes.SIP}"


def _group(suggestion: Suggestion) -> Resource:
    group = suggestion.group
    coding = {
        "system": codes.SIP_TARGET_GROUP_SYSTEM,
        "code": group,
        "display": sip_target_groups.DISPLAYS[group],
    }
    whys = dict.fromkeys(each.why for each in suggestion.evidence)
    evidence = dict.fromkeys(each.reference for each in suggestion.evidence if each.reference)
    return {
        "name": "targetGroup",
        "part": [
            {"name": "group", "valueCoding": coding},
            *({"name": "why", "valueString": why} for why in whys),
            *({"name": "evidence", "valueReference": {"reference": each}} for each in evidence),
        ],
    }


def _consents(call: Call, finder: Finder, patient: str) -> Iterator[Resource]:
    category = f"{codes.CONSENT_CATEGORY_SYSTEM}|{codes.CONSENT_TO_SIP}"
    found = list(finder.search("Consent", patient=patient, category=category, status="active"))
    now, whose = now_of(call.context), target({"reference": patient})
    facts = [(each, consents.facts_from(each)) for each in found]
    standing = [(each, fact) for each, fact in facts if fact.in_force(whose, now)]
    yield from _named("consent", [each for each, _ in standing])
    if any(fact.denies for _, fact in standing):
        yield {"name": "consentDecision", "valueCode": "deny"}
    elif any(fact.permits for _, fact in standing):
        yield {"name": "consentDecision", "valueCode": "permit"}


def _needs(finder: Finder, patient: str) -> list[Resource]:
    code = f"{codes.TASK_CODE_SYSTEM}|{codes.SIP_BEHOV}"
    found = finder.search("Task", patient=patient, code=code)
    return [task for task in found if task.get("status") in codes.OPEN_TASK]


def _known_to(finder: Finder, contacts: list[Resource]) -> Iterator[Resource]:
    """Say where the person has a fixed contact: a need of both is what a SIP is for (R75)."""
    members = [child(p, "member") for team in contacts for _, p in items(team, "participant")]
    known = {huvudman_of(member, finder.read) for member in members}
    for side in (codes.REGION, codes.KOMMUN):
        yield {"name": side, "valueBoolean": side in known}


def _named(name: str, resources: list[Resource]) -> list[Resource]:
    return [
        {
            "name": name,
            "valueReference": {"reference": f"{each['resourceType']}/{each['id']}"},
        }
        for each in resources
    ]


def _born(patient: Resource) -> date | None:
    try:
        return date.fromisoformat(text(patient, "birthDate"))
    except ValueError:
        return None
