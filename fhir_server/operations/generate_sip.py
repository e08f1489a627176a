"""$generate-sip: a samordnad individuell plan with its goals, from the call and what is stored.

Gathers the person's named contacts and teams, the stay in hospital, conditions, other plans and
consent; puts CarePlan and Goals together; stores them in one transaction. The law is checked where
every write of such a CarePlan is checked. R75-R78, R85-R89, R92; HSL (2017:30) 16 kap. 4 §,
socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer, location
from fhir_server.interactions.commit import commit
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id, prepare
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call, Operation
from fhir_server.operations.results import parameters_answer
from fhir_server.operations.subject import require_patient, subject_of
from fhir_server.sweden import codes, consents, periods
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.elements import child, concept_codes, target
from fhir_server.sweden.plans import is_sip
from fhir_server.sweden.sip import legal_basis

Resource = dict[str, Any]

# Who may see to a follow-up; an author may be a team or the person, too.
_FOLLOWS_UP = ("PractitionerRole/", "Practitioner/", "Organization/")


def run(call: Call) -> Answer:
    """Store the plan and its goals.

    Returns:
        Parameters: ``return``, the CarePlan; ``outcome`` with what the law still asks for.

    Raises:
        FhirError: a parameter is wrong, or the law refuses; the paragraph stands in the outcome.
    """
    patient = subject_of(call)
    finder = Finder(call.context.server, call.context.store)
    require_patient(finder, patient)
    now = now_of(call.context)
    day = now.date()
    goals = {new_id(): goal for goal in _goals(patient, call.arguments, day)}
    plan = {
        "resourceType": "CarePlan",
        "meta": {"profile": [codes.structure("sip-careplan")]},
        **_from_call(patient, call.arguments, list(goals), day),
        **_from_store(finder, patient, call.arguments, now),
    }
    plan = {key: value for key, value in plan.items() if value}
    _name_who_follows_up(plan)
    written = {f"Goal/{id_}": goal for id_, goal in goals.items()}.get
    prepared = [prepare(call.context, goal, id_, None) for id_, goal in goals.items()]
    prepared.append(prepare(call.context, plan, new_id(), None, written=written))
    warnings = commit(call.context, prepared)
    issues = tuple(issue for found in warnings.values() for issue in found)
    new = prepared[-1].change.new
    return parameters_answer(Answer(201, new, location=location(new)), issues)


def _from_call(patient: str, arguments: Arguments, goal_ids: list[str], day: dt.date) -> Resource:
    category = {"system": codes.CARE_PLAN_CATEGORY, "code": codes.SIP}
    owners = [a["owner"] for a in arguments.get("activity", []) if "owner" in a]
    labels = _labels(arguments, goal_ids)
    return {
        "extension": _extensions(arguments, day),
        "status": arguments.get("status", "draft"),
        "intent": "plan",
        "category": [{"coding": [category]}],
        "title": arguments.get("title", "Samordnad individuell plan"),
        "description": arguments.get("description"),
        "subject": {"reference": patient},
        "period": {"start": day.isoformat()},
        "created": day.isoformat(),
        "author": arguments.get("author"),
        "contributor": _distinct(owner for owner in owners if _may_contribute(owner)),
        "goal": [{"reference": f"Goal/{id_}"} for id_ in goal_ids],
        "activity": [_activity(a, labels) for a in arguments.get("activity", [])],
    }


def _from_store(finder: Finder, patient: str, arguments: Arguments, now: dt.datetime) -> Resource:
    encounter = arguments.get("encounter") or _current_stay(finder, patient)
    active = finder.search("CareTeam", patient=patient, status="active")
    teams = [team for team in active if not periods.read(team).ended(now)]
    given = arguments.get("careTeam", [])
    plan = {
        "encounter": encounter,
        "careTeam": _distinct([*given, *map(_reference, teams)]),
        "addresses": [
            _reference(condition)
            for condition in finder.search("Condition", patient=patient)
            if _clinically_active(condition)
        ],
        "supportingInfo": _distinct(_supporting_info(finder, patient, arguments, now)),
    }
    if "author" not in arguments:
        plan["author"] = _coordinator([t for t in teams if periods.read(t).covers(now)])
    return {key: value for key, value in plan.items() if value}


def _supporting_info(
    finder: Finder, patient: str, arguments: Arguments, now: dt.datetime
) -> Iterator[Resource]:
    """Give the consent the plan rests on (R75), and plans it links to and does not repeat (R85).

    Only a consent that permits, and has not expired, is one to rest on; the rules look for a no
    by themselves.
    """
    if "consent" in arguments:
        yield arguments["consent"]
    else:
        category = f"{codes.CONSENT_CATEGORY_SYSTEM}|{codes.CONSENT_TO_SIP}"
        found = finder.search("Consent", patient=patient, category=category, status="active")
        yield from (_reference(each) for each in found if _permits(each, now))
    for plan in finder.search("CarePlan", patient=patient, status="active"):
        if not is_sip(plan):
            yield _reference(plan)


def _permits(consent: Resource, now: dt.datetime) -> bool:
    facts = consents.facts_from(consent)
    return facts.permits and not facts.period.ended(now)


def _current_stay(finder: Finder, patient: str) -> Resource | None:
    stays = finder.search("Encounter", patient=patient, status="in-progress")
    inpatient = [stay for stay in stays if stay.get("class", {}).get("code") == "IMP"]
    inpatient.sort(key=lambda stay: stay.get("period", {}).get("start", ""))
    return _reference(inpatient[-1]) if inpatient else None


def _coordinator(teams: list[Resource]) -> Resource | None:
    """Give who keeps the plan current (R92): the coordinator, or else the fast vårdkontakt."""
    for kind in (codes.SAMORDNANDE_VARDKONTAKT, codes.FAST_VARDKONTAKT):
        for team in filter(is_named_contact, teams):
            participant: Resource = team["participant"][0]
            # A contained role is known inside its CareTeam only.
            of_kind = kind in concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
            if of_kind and target(child(participant, "member")).local:
                member: Resource = participant["member"]
                return member
    return None


def _clinically_active(condition: Resource) -> bool:
    status = [c.get("code") for c in condition.get("clinicalStatus", {}).get("coding", [])]
    verification = [
        c.get("code") for c in condition.get("verificationStatus", {}).get("coding", [])
    ]
    refuted = {"entered-in-error", "refuted"} & set(verification)
    return not refuted and bool({"active", "recurrence", "relapse"} & set(status))


def _goals(patient: str, arguments: Arguments, day: dt.date) -> Iterator[Resource]:
    system = "http://terminology.hl7.org/CodeSystem/goal-priority"
    for goal in arguments.get("goal", []):
        resource: Resource = {
            "resourceType": "Goal",
            "meta": {"profile": [codes.structure("sip-goal")]},
            "lifecycleStatus": "active" if arguments.get("status") == "active" else "proposed",
            "description": {"text": goal["description"]},
            "subject": {"reference": patient},
            "startDate": day.isoformat(),
            "target": [{"dueDate": goal["due"]}] if "due" in goal else None,
            "expressedBy": goal.get("expressedBy", {"reference": patient}),
        }
        if "priority" in goal:
            resource["priority"] = {"coding": [{"system": system, "code": goal["priority"]}]}
        yield {key: value for key, value in resource.items() if value}


def _labels(arguments: Arguments, goal_ids: list[str]) -> dict[str, str]:
    """Give the Goal that each name an activity may use stands for: its label, or its number."""
    labels: dict[str, str] = {}
    for goal, id_ in zip(arguments.get("goal", []), goal_ids, strict=True):
        label = goal.get("label")
        if label in labels:
            raise invalid("Two goals have the same label; give each its own.", "goal", "duplicate")
        if label is not None:
            labels[label] = id_
    return {**{str(number): id_ for number, id_ in enumerate(goal_ids, 1)}, **labels}


def _activity(activity: Arguments, labels: dict[str, str]) -> Resource:
    unknown = [label for label in activity.get("goal", []) if label not in labels]
    if unknown:
        raise invalid(
            "activity.goal must be the label or the number of a goal in the call.", "activity"
        )
    detail = {
        "goal": [{"reference": f"Goal/{labels[label]}"} for label in activity.get("goal", [])],
        "status": "not-started",
        "scheduledPeriod": activity.get("period"),
        "performer": [activity["owner"]] if "owner" in activity else None,
        "description": activity["description"],
    }
    return {
        "extension": [{"url": codes.HUVUDMAN, "valueCode": activity["huvudman"]}],
        "detail": {key: value for key, value in detail.items() if value},
    }


def _extensions(arguments: Arguments, day: dt.date) -> list[Resource]:
    extensions = [_overall_responsible(part) for part in arguments.get("overallResponsible", [])]
    if "followUp" in arguments:
        follow_up = arguments["followUp"]
        parts: list[Resource] = [{"url": "date", "valueDate": follow_up["date"]}]
        if "responsible" in follow_up:
            parts.append({"url": "responsible", "valueReference": follow_up["responsible"]})
        extensions.append({"url": codes.FOLLOW_UP, "extension": parts})
    needs = arguments.get("need", [])
    extensions += [{"url": codes.structure("sip-need"), "valueString": need} for need in needs]
    if "meeting" in arguments:
        extensions.append(
            {"url": codes.structure("sip-meeting"), "valueReference": arguments["meeting"]}
        )
    extensions += [
        {
            "url": codes.structure("legal-basis"),
            "valueCoding": {
                "system": codes.LAW_SYSTEM,
                "code": paragraph.code,
                "display": paragraph.display,
            },
        }
        for paragraph in legal_basis(day)
    ]
    return extensions


def _name_who_follows_up(plan: Resource) -> None:
    """Let the author see to the follow-up where the call names nobody (R92)."""
    author = plan.get("author", {})
    if not str(author.get("reference", "")).startswith(_FOLLOWS_UP):
        return
    for extension in plan["extension"]:
        parts = extension.get("extension", [])
        named = [part for part in parts if part["url"] == "responsible"]
        if extension["url"] == codes.FOLLOW_UP and not named:
            parts.append({"url": "responsible", "valueReference": author})


def _overall_responsible(part: Arguments) -> Resource:
    parts: list[Resource] = [{"url": "huvudman", "valueCode": part["huvudman"]}]
    if "organization" in part:
        parts.append({"url": "organization", "valueReference": part["organization"]})
    return {"url": codes.OVERALL_RESPONSIBLE, "extension": parts}


def _reference(resource: Resource) -> Resource:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def _distinct(references: Any) -> list[Resource]:
    return list({r.get("reference", str(r)): r for r in references}.values())


def _may_contribute(owner: Resource) -> bool:
    # CarePlan.contributor may be any of these in R4; activity.owner may be others too.
    kinds = (
        "PractitionerRole",
        "Practitioner",
        "Organization",
        "CareTeam",
        "Patient",
        "RelatedPerson",
    )
    return str(owner.get("reference", "")).split("/")[0] in kinds


GENERATE_SIP = Operation("generate-sip", run)
