"""The CareTeam of an assignment, put together from what a call says, in Inera's shape.

One CareTeam is one assignment of one person. Nothing here knows the law: it is checked where every
write of such a CareTeam is checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.sweden import codes
from fhir_server.sweden.codes import LawParagraph

Resource = dict[str, Any]

# Extensions that say more each time; of the others the latest holds, and the history the earlier.
_REPEATING = (
    codes.APPOINTMENT_BASIS,
    codes.CONTACT_TASK,
    codes.INFORMATION_GIVEN,
    codes.INTERNAL_NOTE,
    codes.LEGAL_BASIS,
)


def assemble(patient: str, arguments: Arguments, unit: Resource | None, today: str) -> Resource:
    """Put the CareTeam of an assignment together.

    Args:
        patient: ``Patient/[id]``.
        arguments: the operation's; all but ``practitionerRole`` may be absent.
        unit: reference to the unit that the contact's position belongs to, where it says so.
        today: the day of what the call gives no date for, the assignment's beginning among it.
    """
    note = arguments.get("note")
    care_team: Resource = {
        "resourceType": "CareTeam",
        "meta": {"profile": [codes.structure("fast-kontakt-careteam")]},
        "extension": [*_extensions(patient, arguments, today)],
        "status": "active",
        "category": [_concept(codes.CARE_TEAM_CATEGORY, codes.FAST_KONTAKT)],
        "subject": {"reference": patient},
        "encounter": arguments.get("encounter"),
        "period": {"start": today, **arguments.get("period", {})},
        "participant": [_participant(arguments)],
        "reasonCode": _reasons(arguments),
        "reasonReference": arguments.get("reasonReference"),
        "managingOrganization": [unit] if unit else None,
        "telecom": _ways(arguments),
        "note": [{"text": note}] if note else None,
    }
    return {key: value for key, value in care_team.items() if value}


def answering_for_planning(care_team: Resource) -> Resource:
    """Give the assignment of a physician whose patient's life is in danger (R16).

    SOSFS 2011:7 2 kap. 3-5 §§: that physician answers for planning and follow-up of the care.
    """
    paragraphs = (codes.SOSFS_2_3, codes.SOSFS_2_4, codes.SOSFS_2_5)
    more = [*_tasks((codes.PLANNING, codes.FOLLOWING_UP)), *map(_legal_basis, paragraphs)]
    return care_team | {"extension": _with_more(care_team.get("extension", []), more)}


def continued(held: Resource, said: Resource) -> Resource:
    """Give an assignment that goes on, with what a new call says about it (R22).

    Args:
        held: the assignment as it is stored.
        said: what `assemble` made of the call.

    Returns:
        The same person, type and period. Grounds, tasks, notes, what was told and deputies are
        added; of what an assignment has once, the call's word takes the place of the earlier one.
    """
    extensions = _with_more(held.get("extension", []), said.get("extension", []))
    participant, heard = held["participant"][0], said["participant"][0]
    titles = heard["role"][0]["coding"][1:]
    role = participant["role"][0]
    role = role | {"coding": _distinct(role.get("coding", []), titles)}
    named = _with_more(participant.get("extension", []), heard.get("extension", []))
    going_on = held | {
        "extension": extensions,
        "participant": [participant | {"extension": named, "role": [role]}],
        "encounter": said.get("encounter", held.get("encounter")),
        "telecom": said.get("telecom", held.get("telecom")),
    }
    if not named:
        del going_on["participant"][0]["extension"]
    for each in ("reasonCode", "reasonReference", "note"):
        going_on[each] = _distinct(held.get(each, []), said.get(each, []))
    return {key: value for key, value in going_on.items() if value}


def _participant(arguments: Arguments) -> Resource:
    kind = arguments.get("type", codes.FAST_VARDKONTAKT)
    role: Resource = {
        "coding": [
            {
                "system": codes.CONTACT_TYPE,
                "code": kind,
                "display": codes.CONTACT_TYPE_DISPLAYS[kind],
            }
        ]
    }
    title = arguments.get("localTitle", {})
    role["coding"] += title.get("coding", [])
    if "text" in title:
        role["text"] = title["text"]
    extensions = [
        *_value(codes.CONTACT_VIA_TEAM, "valueReference", arguments.get("viaTeam")),
        *(_deputy(each) for each in arguments.get("deputy", [])),
    ]
    participant = {"extension": extensions} if extensions else {}
    return participant | {"role": [role], "member": arguments["practitionerRole"]}


def _deputy(deputy: Arguments) -> Resource:
    parts = [
        *_value("member", "valueReference", deputy["member"]),
        *_value("period", "valuePeriod", deputy.get("period")),
    ]
    for telecom in deputy.get("telecom", []):
        parts += _value("telecom", "valueContactPoint", telecom)
    return {"url": codes.DEPUTY, "extension": parts}


def _reasons(arguments: Arguments) -> list[Resource]:
    course = [arguments["course"]] if "course" in arguments else []
    return [
        *(_concept(codes.GROUNDS_SYSTEM, each) for each in arguments.get("ground", [])),
        *(_concept(codes.CRITERIA_SYSTEM, each) for each in arguments.get("criterion", [])),
        *(_concept(codes.COURSE_SYSTEM, each) for each in course),
        *arguments.get("reason", []),
    ]


def _ways(arguments: Arguments) -> list[Resource]:
    """Give the ways to reach the contact; what is said about one way twice stands in it once."""
    ways: list[tuple[Resource, list[Resource]]] = []
    for telecom in arguments.get("telecom", []):
        ways.append((telecom, []))
    for channel in arguments.get("channel", []):
        said = [*_hours(channel), *_answer(channel)]
        known = next((each for way, each in ways if way == channel["telecom"]), None)
        if known is None:
            ways.append((channel["telecom"], said))
        else:
            known += [each for each in said if each not in known]
    return [
        {"extension": [*way.get("extension", []), *said], **_without(way, "extension")}
        if said
        else way
        for way, said in ways
    ]


def _hours(channel: Arguments) -> Iterator[Resource]:
    if not channel.get("day"):
        if "from" in channel or "to" in channel:
            raise invalid("A channel with hours names its weekdays: give day.", "channel")
        return
    parts: list[Resource] = [{"url": "daysOfWeek", "valueCode": day} for day in channel["day"]]
    parts += _value("availableStartTime", "valueTime", channel.get("from"))
    parts += _value("availableEndTime", "valueTime", channel.get("to"))
    yield {"url": codes.CONTACT_AVAILABILITY, "extension": parts}


def _answer(channel: Arguments) -> Iterator[Resource]:
    parts = [
        *_value("callBack", "valueBoolean", channel.get("callBack")),
        *_value("days", "valuePositiveInt", channel.get("answerDays")),
    ]
    if parts:
        yield {"url": codes.CONTACT_ANSWER, "extension": parts}
    yield from _value(codes.CONTACT_NOTE, "valueString", channel.get("note"))


def _extensions(patient: str, arguments: Arguments, today: str) -> Iterator[Resource]:
    yield from _appointed(arguments, today)
    for basis in _bases(arguments):
        concept = _concept(codes.APPOINTMENT_BASIS_SYSTEM, basis)
        yield {"url": codes.APPOINTMENT_BASIS, "valueCodeableConcept": concept}
    yield from _value(codes.NEED_IDENTIFIED, "valueDateTime", arguments.get("needIdentified"))
    yield from _value(codes.COORDINATION_REASON, "valueCode", arguments.get("coordinationReason"))
    yield from _what_the_patient_says(patient, arguments, today)
    for informed in arguments.get("informed", []):
        yield _informed(informed, today)
    yield from _tasks(arguments.get("task", []))
    yield from _role_description(arguments.get("roleDescription"))
    responsible = arguments.get("medicallyResponsible")
    yield from _value(codes.MEDICALLY_RESPONSIBLE, "valueReference", responsible)
    yield from _value(codes.REVIEW_DATE, "valueDate", arguments.get("reviewDate"))
    if "internalNote" in arguments:
        note = {"time": today, "text": arguments["internalNote"]}
        yield {"url": codes.INTERNAL_NOTE, "valueAnnotation": note}
    if arguments.get("basis") == codes.UTSKRIVNING:
        yield _legal_basis(codes.SAMVL_2_5)


def _appointed(arguments: Arguments, today: str) -> Iterator[Resource]:
    appointed = arguments.get("appointed", {})
    if "appointedBy" in arguments:
        if appointed:
            raise invalid("Give appointed or appointedBy, not both.", "appointed")
        appointed = {"by": arguments["appointedBy"]}
    if appointed:
        parts = [
            *_value("by", "valueReference", appointed["by"]),
            *_value("at", "valueDateTime", appointed.get("at", today)),
        ]
        yield {"url": codes.APPOINTED_BY, "extension": parts}


def _bases(arguments: Arguments) -> list[str]:
    """Give why a contact is appointed (R4), then how the person was chosen (R8)."""
    given = (arguments[name] for name in ("basis", "selection") if name in arguments)
    return list(dict.fromkeys(given))


def _what_the_patient_says(patient: str, arguments: Arguments, today: str) -> Iterator[Resource]:
    if "preference" in arguments:
        wished = arguments["preference"]
        # Another role may be the same person's: then only the caller knows.
        same = _same(wished.get("person", {}), arguments["practitionerRole"])
        met = wished.get("met", True if same else None)
        parts = [
            *_value("wish", "valueString", wished.get("wish")),
            *_value("person", "valueReference", wished.get("person")),
            *_value("met", "valueBoolean", met),
        ]
        yield {"url": codes.PATIENT_PREFERENCE, "extension": parts}
    if "acceptance" in arguments:
        accepted = arguments["acceptance"]
        parts = [
            {"url": "decision", "valueCode": "accepted"},
            *_value("at", "valueDateTime", accepted.get("at", today)),
            *_value("by", "valueReference", accepted.get("by", {"reference": patient})),
        ]
        yield {"url": codes.PATIENT_DECISION, "extension": parts}


def _informed(informed: Arguments, today: str) -> Resource:
    parts = [
        *_value("at", "valueDateTime", informed.get("at", today)),
        *_value("by", "valueReference", informed.get("by")),
        *_value("channel", "valueCode", informed.get("channel")),
        *_value("recipient", "valueCode", informed.get("recipient", "patient")),
    ]
    return {"url": codes.INFORMATION_GIVEN, "extension": parts}


def _role_description(described: Arguments | None) -> Iterator[Resource]:
    if described is not None:
        parts = [
            *_value("document", "valueIdentifier", described["document"]),
            *_value("version", "valueString", described.get("version")),
        ]
        yield {"url": codes.ROLE_DESCRIPTION, "extension": parts}


def _tasks(tasks: Iterable[str]) -> Iterator[Resource]:
    for task in tasks:
        concept = _concept(codes.CONTACT_TASK_SYSTEM, task)
        yield {"url": codes.CONTACT_TASK, "valueCodeableConcept": concept}


def _legal_basis(paragraph: LawParagraph) -> Resource:
    coding = {
        "system": codes.LAW_SYSTEM,
        "code": paragraph.code,
        "display": paragraph.display,
    }
    return {"url": codes.LEGAL_BASIS, "valueCoding": coding}


def _value(url: str, name: str, value: Any) -> list[Resource]:
    """Give an extension with a value; none where there is no value."""
    return [] if value is None else [{"url": url, name: value}]


def _concept(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _same(person: Resource, member: Resource) -> bool:
    return bool(person.get("reference")) and person.get("reference") == member.get("reference")


def _with_more(held: list[Resource], said: list[Resource]) -> list[Resource]:
    repeating = (*_REPEATING, codes.DEPUTY)
    replaced = {each["url"] for each in said if each["url"] not in repeating}
    kept = [each for each in held if each["url"] not in replaced]
    return _distinct(kept, said)


def _distinct(held: list[Resource], said: list[Resource]) -> list[Resource]:
    return [*held, *(each for each in said if each not in held)]


def _without(element: Resource, name: str) -> Resource:
    return {key: value for key, value in element.items() if key != name}
