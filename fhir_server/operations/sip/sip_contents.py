"""The contents of a SIP from the parameters of $generate-sip and $revise-sip (DOMAIN 4.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.prepare import new_id
from fhir_server.operations.contacts.assignment_edits import coded, parts
from fhir_server.sweden import codes
from fhir_server.sweden.elements import child, extension, items, text
from fhir_server.sweden.sip import legal_basis

Resource = dict[str, Any]

_PRIORITY = "http://terminology.hl7.org/CodeSystem/goal-priority"
# Who may see to a follow-up; an author may be a team or the person, too.
_FOLLOWS_UP = ("PractitionerRole/", "Practitioner/", "Organization/")
# CarePlan.contributor may be any of these in R4; activity.owner may be others too.
_CONTRIBUTORS = (
    "PractitionerRole/",
    "Practitioner/",
    "Organization/",
    "CareTeam/",
    "Patient/",
    "RelatedPerson/",
)


def goals(patient: str, arguments: Arguments, day: dt.date) -> Iterator[Resource]:
    """Give the goals of a call, as Goal resources (R89)."""
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
            resource["priority"] = coded(_PRIORITY, goal["priority"])
        yield {key: value for key, value in resource.items() if value}


def labels(arguments: Arguments, goal_ids: Sequence[str], kept: Iterable[str] = ()) -> Any:
    """Give the goal, as ``Goal/id``, that each name an activity may use stands for.

    Args:
        arguments: the call's.
        goal_ids: of its goals, in their order.
        kept: ``Goal/id`` of those that the plan has already.

    Raises:
        FhirError: 400, two goals of the call have one label.
    """
    named: dict[str, str] = {}
    for goal, id_ in zip(arguments.get("goal", []), goal_ids, strict=True):
        label = goal.get("label")
        if label in named:
            raise invalid("Two goals have the same label; give each its own.", "goal", "duplicate")
        if label is not None:
            named[label] = f"Goal/{id_}"
    numbered = {str(number): f"Goal/{id_}" for number, id_ in enumerate(goal_ids, 1)}
    return {each: each for each in kept} | numbered | named


def new_activity(given: Arguments, goals_by_name: Mapping[str, str]) -> Resource:
    """Give an activity with an id that it keeps in every version and on every server (R76)."""
    missing = [name for name in ("description", "huvudman") if name not in given]
    if missing:
        raise invalid(f"A new activity needs {' and '.join(missing)}.", "activity", "required")
    return changed_activity(
        {"id": new_id(), "detail": {"status": "not-started"}}, given, goals_by_name
    )


def changed_activity(
    activity: Resource, given: Arguments, goals_by_name: Mapping[str, str]
) -> Resource:
    """Give an activity with what a call says of it.

    Raises:
        FhirError: 400, a goal that is none; what only an activity in place can have.
    """
    unknown = [name for name in given.get("goal", []) if name not in goals_by_name]
    if unknown:
        raise invalid(
            "activity.goal must be the label or the number of a goal in the call.", "activity"
        )
    said: Resource = {}
    if "kind" in given:
        said["code"] = coded(codes.INSATS_KIND_SYSTEM, given["kind"])
    if "goal" in given:
        said["goal"] = [{"reference": goals_by_name[name]} for name in given["goal"]]
    if "period" in given:
        said["scheduledPeriod"] = given["period"]
    if "owner" in given:
        said["performer"] = [given["owner"]]
    if "description" in given:
        said["description"] = given["description"]
    changed = dict(activity)
    if said:
        if "detail" not in activity:
            text_ = "This activity is a resource of its own: change that."
            raise invalid(text_, "activity", "business-rule")
        changed["detail"] = {**_unscheduled(activity["detail"], said), **said}
    if "huvudman" in given:
        others = [e for e in activity.get("extension", []) if e.get("url") != codes.HUVUDMAN]
        own = {"url": codes.HUVUDMAN, "valueCode": given["huvudman"]}
        changed["extension"] = [*others, own]
    return changed


def with_ids(activities: Iterable[Resource]) -> list[Resource]:
    """Give activities with an id each; one that has an id keeps it."""
    return [each if each.get("id") else {"id": new_id(), **each} for each in activities]


def position(activities: Sequence[Resource], name: str, parameter: str) -> int:
    """Give where the activity stands that a call names: by its id, or by its number from 1.

    Raises:
        FhirError: 400, there is none.
    """
    for index, activity in enumerate(activities):
        if activity.get("id") == name:
            return index
    if name.isdecimal() and 1 <= int(name[:6]) <= len(activities):
        return int(name) - 1
    text_ = f"{parameter} must be the id of an activity of the plan, or its number counted from 1."
    raise invalid(text_, parameter, "value")


def extensions(plan: Resource, arguments: Arguments, day: dt.date) -> list[Resource]:
    """Give the plan's extensions with what a call says in their place.

    Args:
        plan: as it is; empty for a new one.
        arguments: the call's; what they do not mention stays.
        day: from when the plan is to hold; the law of that day is its basis.
    """
    said = [*_responsibility(plan, arguments), *_sections(arguments), *_legal_basis(day)]
    urls = {each["url"] for each in said}
    kept = [each for each in plan.get("extension", []) if each.get("url") not in urls]
    if "meeting" in arguments:
        meeting = {"url": codes.SIP_MEETING_LINK, "valueReference": arguments["meeting"]}
        said += [meeting] if meeting not in kept else []
    return [*kept, *said]


def with_legal_basis(plan: Resource, day: dt.date) -> Resource:
    """Give a plan with the paragraphs that it rests on from a day (R75)."""
    return {**plan, "extension": extensions(plan, {}, day)}


def contributors(plan: Resource, arguments: Arguments) -> list[Resource]:
    """Give all who take part: who did before, who is named, and who does something."""
    owners = [each["owner"] for each in arguments.get("activity", []) if "owner" in each]
    named = [*plan.get("contributor", []), *arguments.get("participant", []), *owners]
    return distinct(r for r in named if str(r.get("reference", "")).startswith(_CONTRIBUTORS))


def name_who_follows_up(plan: Resource) -> None:
    """Let the author see to the follow-up where the call names nobody (R92)."""
    author = plan.get("author", {})
    if not str(author.get("reference", "")).startswith(_FOLLOWS_UP):
        return
    for each in plan.get("extension", []):
        named = [part for part in each.get("extension", []) if part["url"] == "responsible"]
        if each["url"] == codes.FOLLOW_UP and not named:
            each["extension"].append({"url": "responsible", "valueReference": author})


def reference_to(resource: Resource) -> Resource:
    """Give a Reference to a stored resource."""
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def distinct(references: Iterable[Resource]) -> list[Resource]:
    """Give each reference once, in the order they came."""
    return list({r.get("reference", str(r)): r for r in references}.values())


def follow_up(date: str, responsible: Resource | None) -> Resource:
    """Give the extension follow-up (R92)."""
    return parts(
        codes.FOLLOW_UP,
        date=("valueDate", date),
        responsible=("valueReference", responsible),
    )


def _sections(arguments: Arguments) -> Iterator[Resource]:
    for name, url in (("whatMatters", codes.WHAT_MATTERS), ("crisisPlan", codes.CRISIS_PLAN)):
        if name in arguments:
            yield {"url": url, "valueString": arguments[name]}
    if "initiator" in arguments:
        yield {"url": codes.SIP_INITIATOR, "valueReference": arguments["initiator"]}
    for need in arguments.get("need", []):
        yield {"url": codes.SIP_NEED, "valueString": need}
    for group in arguments.get("targetGroup", []):
        yield {"url": codes.SIP_TARGET_GROUP, "valueCode": group}
    if "followUp" in arguments:
        given = arguments["followUp"]
        yield follow_up(given["date"], given.get("responsible"))


def _responsibility(plan: Resource, arguments: Arguments) -> Iterator[Resource]:
    """Give who answers for the whole; two in a call stay two, for the law to refuse (R76)."""
    person = arguments.get("planningResponsible")
    given = arguments.get("overallResponsible")
    if given is None and person is not None:
        stored = [e for _, e in items(plan, "extension") if e["url"] == codes.OVERALL_RESPONSIBLE]
        if not stored:
            text_ = "Say in overallResponsible for which huvudman this person sees to the plan."
            raise invalid(text_, "planningResponsible", "required")
        given = [_as_given(each) for each in stored]
    for each in given or []:
        yield parts(
            codes.OVERALL_RESPONSIBLE,
            huvudman=("valueCode", each["huvudman"]),
            organization=("valueReference", each.get("organization")),
            person=("valueReference", person or each.get("person")),
        )


def _as_given(stored: Mapping[str, Any]) -> Arguments:
    found = {"huvudman": text(extension(stored, "huvudman"), "valueCode")}
    for name in ("organization", "person"):
        if reference := child(extension(stored, name), "valueReference"):
            found[name] = reference  # type: ignore[assignment]
    return found


def _legal_basis(day: dt.date) -> Iterator[Resource]:
    for paragraph in legal_basis(day):
        coding = {
            "system": codes.LAW_SYSTEM,
            "code": paragraph.code,
            "display": paragraph.display,
        }
        yield {"url": codes.LEGAL_BASIS, "valueCoding": coding}


def _unscheduled(detail: Resource, said: Resource) -> Resource:
    """Leave out another form of the time where the call brings one."""
    if "scheduledPeriod" not in said:
        return detail
    return {key: value for key, value in detail.items() if not key.startswith("scheduled")}
