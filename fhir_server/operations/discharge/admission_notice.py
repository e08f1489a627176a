"""$admission-notice: the inskrivningsmeddelande to the units concerned (R54-R60, R67, R118).

Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 1-5 §§. What
must be in it, and who may get it: `fhir_server.sweden.admission_notice`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import parts
from fhir_server.operations.contacts.contacts_of import OpenContacts
from fhir_server.operations.discharge.discharge_messages import (
    Ids,
    Message,
    answer,
    messages,
    notice_text,
    spelled,
    text_payload,
)
from fhir_server.operations.discharge.discharge_tasks import (
    MAY_GO_ON,
    Assigner,
    regional_contacts,
    task,
)
from fhir_server.operations.discharge.stay_at_hand import (
    Moment,
    Stay,
    happened,
    moment,
    organizations,
    refuse,
    stay_at_hand,
)
from fhir_server.operations.moments import now_of, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.sweden import admission_notice, codes, stay_order
from fhir_server.sweden.admission_notice import Content
from fhir_server.sweden.assignments import kinds_of
from fhir_server.sweden.elements import child, items, target

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Tell the units, and give them what they have to do, together with the stay's timeline.

    Returns:
        Parameters: ``return``, the Encounter; ``communication`` and ``task``, one for each unit.

    Raises:
        FhirError: 422 for what the law wants and is missing, with the paragraph; 409 for a patient
            who is not in hospital, and for units that have got the notice.
    """
    require_day_or_moment(call.arguments["expectedDischarge"], "expectedDischarge")
    at, ids = happened(call), Ids()
    patient = stay_at_hand(call).patient_reference
    contacts = OpenContacts(call.context, patient)
    said: list[Issue] = []

    def draft() -> Sequence[Draft]:
        stay = stay_at_hand(call)
        content, said[:] = _checked(call, stay, at)
        units, issues = _units(call, stay)
        said.extend(issues)
        teams = [team for _, team in contacts.read()]
        told = _told(stay, call.arguments, at, units)
        return [
            told,
            *_messages(stay, call.arguments, at, content, units, ids),
            *_tasks(stay, call.arguments, at, units, teams, ids),
        ]

    # An assignment of a contact completes the task to appoint one: they take turns.
    locks = [f"named-contacts/{patient}"]
    written = write_together(call.context, draft, locks=locks, before=contacts.require_unchanged)
    return answer(written, said)


def _checked(call: Call, stay: Stay, at: Moment) -> tuple[Content, list[Issue]]:
    arguments, now = call.arguments, now_of(call.context)
    expected = arguments["expectedDischarge"]
    content = admission_notice.content(stay.patient, now)
    found = moment(arguments, "needAssessedAt")
    notices = stay.timeline.notices
    said = refuse(
        admission_notice.concerns(stay.encounter),
        stay_order.under_way(stay.encounter),
        stay_order.in_time(stay.timeline, at.when, now, "at"),
        stay_order.need_found(stay.timeline, found.when, at.when) if found else (),
        stay_order.expected(stay.encounter, expected, at.when, "expectedDischarge"),
        stay_order.same_time(stay.encounter, expected) if notices else (),
        admission_notice.lacking(content),
        admission_notice.compulsory(arguments.get("compulsoryCare", "")),
    )
    return content, said


def _units(call: Call, stay: Stay) -> tuple[list[str], list[Issue]]:
    """Give the units that are to get the notice and have not got it.

    Raises:
        FhirError: 422, one may not be told, or one that must be told is not known; 409, all have
            got it.
    """
    arguments = call.arguments
    given = organizations(arguments.get("recipient", []), stay.finder, "recipient")
    needs = arguments.get("need") or stay_order.needs_of(stay.encounter)
    found = dict.fromkeys((*_listed(stay), *_municipal(stay, call)))
    chosen, issues = admission_notice.recipients(
        [each for each in found if each != _ward(stay)], given, needs, stay.finder.read
    )
    issues = refuse(issues)
    new = [each for each in chosen if each not in stay.told]
    if not new:
        text = "These units have got the inskrivningsmeddelande. Tell them of another expected "
        text += "discharge by $expected-discharge, or name other units as recipient."
        raise FhirError(
            Issue("error", "conflict", text, "recipient", (codes.SAMVL_2_1.coding,)),
        )
    return new, issues


def _listed(stay: Stay) -> Iterator[str]:
    """Give the units where the patient is listed, or whose fast läkarkontakt they have (R36)."""
    found = [target(each) for _, each in items(stay.patient, "generalPractitioner")]
    roles = [each.literal for each in found if each.resource_type == "PractitionerRole"]
    read = stay.finder.read_many(roles)
    listed = [each.literal for each in found if each.resource_type == "Organization"]
    listed += [target(child(role, "organization")).literal for role in read.values()]
    if listed := [each for each in listed if each.startswith("Organization/")]:
        yield from listed
        return
    teams = stay.finder.search(
        "CareTeam",
        patient=stay.patient_reference,
        category=codes.NAMED_CONTACTS,
        status="active",
    )
    for team in teams:
        if codes.FAST_LAKARKONTAKT in kinds_of(team):
            yield from _managing(team, "managingOrganization")


def _municipal(stay: Stay, call: Call) -> Iterator[str]:
    """Give the municipality where the patient lives, and its units that give care now."""
    if code := admission_notice.municipality_of(stay.patient, now_of(call.context)):
        for each in stay.finder.search("Organization", identifier=f"{codes.KOMMUNKOD}|{code}"):
            yield f"Organization/{each['id']}"
    forms = ",".join(
        f"{codes.CARE_FORM_SYSTEM}|{form}"
        for form in (codes.SABO, codes.HEMSJUKVARD, codes.HEMTJANST)
    )
    for episode in stay.finder.search(
        "EpisodeOfCare", patient=stay.patient_reference, status="active", type=forms
    ):
        yield from _managing({"unit": [episode.get("managingOrganization")]}, "unit")


def _managing(resource: Resource, name: str) -> Iterator[str]:
    found = (target(each) for _, each in items(resource, name))
    return (each.literal for each in found if each.resource_type == "Organization")


def _ward(stay: Stay) -> str:
    return target(child(stay.encounter, "serviceProvider")).literal


def _told(stay: Stay, arguments: Arguments, at: Moment, units: Sequence[str]) -> Draft:
    """Give the stay with what the notice says in its timeline."""
    said: list[Resource] = [
        {"url": codes.NEEDS_AFTER_DISCHARGE, "valueCode": each}
        for each in dict.fromkeys(arguments.get("need", ()))
    ]
    if "compulsoryCare" in arguments:
        said.append({"url": codes.COMPULSORY_CARE, "valueCode": arguments["compulsoryCare"]})
    if "needAssessedAt" in arguments:
        who = arguments.get("needAssessedBy", arguments["by"])
        found = ("valueDateTime", arguments["needAssessedAt"])
        said.append(parts(codes.NEED_ASSESSED_AT, at=found, by=("valueReference", who)))
    sent = parts(
        codes.ADMISSION_NOTICE_SENT,
        at=("valueDateTime", at.text),
        by=("valueReference", arguments["by"]),
    )
    sent["extension"] += [{"url": "to", "valueReference": {"reference": each}} for each in units]
    added = [sent] if stay.timeline.notices else [_expected(arguments, at), sent]
    return stay.told_now(*said).draft(*added)


def _expected(arguments: Arguments, at: Moment) -> Resource:
    return parts(
        codes.EXPECTED_DISCHARGE,
        time=("valueDateTime", arguments["expectedDischarge"]),
        recorded=("valueDateTime", at.text),
        by=("valueReference", arguments["by"]),
    )


def _messages(
    stay: Stay, arguments: Arguments, at: Moment, content: Content, units: list[str], ids: Ids
) -> list[Draft]:
    needs = arguments.get("need") or stay_order.needs_of(stay.encounter)
    lines = notice_text(stay, content, needs, arguments.get("note", ""))
    expected = f"Beräknad utskrivning: {spelled(arguments['expectedDischarge'])}"
    message = Message(
        codes.INSKRIVNINGSMEDDELANDE,
        arguments["by"],
        at,
        [*text_payload(*lines, expected), {"contentReference": {"reference": stay.reference}}],
    )
    return messages(stay, units, message, ids)


def _tasks(
    stay: Stay,
    arguments: Arguments,
    at: Moment,
    units: Sequence[str],
    teams: Sequence[Resource],
    ids: Ids,
) -> Iterator[Draft]:
    """Give every unit the task to plan, and one of the region's the task to appoint (R59, R60).

    That is the unit where the patient is listed, else the first that is told. It has nothing to
    appoint where somebody was appointed in this stay; who is contact since before may go on (R22).
    """
    assigner = Assigner(arguments["by"], at, arguments["expectedDischarge"])
    for unit in units:
        yield task(stay, unit, codes.PLANERING, assigner, ids)
    held = regional_contacts(teams, stay.finder.read)
    appointed = any(target(child(each, "encounter")).literal == stay.reference for each in held)
    asked = any(stay.tasks(codes.UTSE_KONTAKT))
    regional = [each for each in units if admission_notice.of_region(each, stay.finder.read)]
    if regional and not appointed and not asked:
        listed = [each for each in _listed(stay) if each in regional]
        words = (MAY_GO_ON,) if held else ()
        yield task(stay, (listed or regional)[0], codes.UTSE_KONTAKT, assigner, ids, *words)
