"""$discharge: the stay ends, and the patient gets in writing what was done and what comes (R64).

Patientlagen (2014:821) 3 kap. 2 b §; lagen (2017:612) om samverkan vid utskrivning från sluten
hälso- och sjukvård. The Communication holds the summary, and refers to who the fast vårdkontakt
is, when the SIP meeting is and which plans there are; $discharge-summary makes a page of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import coded, parts
from fhir_server.operations.discharge.discharge_messages import Ids, answer
from fhir_server.operations.discharge.discharge_tasks import needless, regional_contacts
from fhir_server.operations.discharge.stay_at_hand import (
    Moment,
    Stay,
    happened,
    moment,
    refuse,
    stay_at_hand,
)
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import admission_notice, codes, stay_order
from fhir_server.sweden.audience import PATIENT, may_see, protective_labels
from fhir_server.sweden.elements import child, concept_codes, items, target
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]

DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
# Of that code system: the patient has died.
DIED = "exp"
NOT_GIVEN = "Inte lämnad än"
HAS_DIED = "Patienten har avlidit."

_AHEAD = ("proposed", "pending", "booked")


def run(call: Call) -> Answer:
    """End the stay, and keep the written information to the patient.

    Called again with ``given`` where nothing was given at discharge, it says that it was given now.

    Returns:
        Parameters: ``return``, the Encounter; ``communication``, completed where it was given and
        in progress where not; ``outcome`` with what the law wants and has not been done.

    Raises:
        FhirError: 409 for a patient who is not in hospital; 422 for a time before what happened in
            the stay; with the paragraph.
    """
    at, ids, arguments = happened(call), Ids(), call.arguments
    died = arguments.get("disposition") == DIED
    if died and "given" in arguments:
        raise invalid("A patient who has died gets nothing in writing.", "given", "value")
    given = _given_at(arguments, at)
    said: list[Issue] = []

    def draft() -> Sequence[Draft]:
        stay = stay_at_hand(call)
        if given and (waiting := _waiting(stay)):
            said[:] = refuse(_of_given(call, stay, given))
            return _given_later(stay, arguments, given, *waiting)
        teams = _contacts(stay)
        said[:] = _checked(call, stay, at, given)
        if not died:
            said.extend(_left_undone(stay, teams, given))
        ended = _ended(stay, arguments, at, given)
        if died:
            open_ = (codes.PLANERING, codes.UTSE_KONTAKT, codes.KALLELSE)
            return [ended, *needless(stay, HAS_DIED, at, *open_)]
        seen = [each for each in (*teams, *_plans(stay)) if may_see(each, PATIENT)]
        about = [*seen, *_meeting(stay, arguments, at)]
        return [ended, _written(stay, arguments, given, about, ids)]

    return answer(write_together(call.context, draft), said)


def _checked(call: Call, stay: Stay, at: Moment, given: Moment | None) -> list[Issue]:
    now = now_of(call.context)
    return refuse(
        admission_notice.concerns(stay.encounter),
        stay_order.under_way(stay.encounter),
        stay_order.in_time(stay.timeline, at.when, now, "at"),
        stay_order.leaves(stay.timeline, at.when),
        _of_given(call, stay, given) if given else (),
    )


def _of_given(call: Call, stay: Stay, given: Moment) -> Iterator[Issue]:
    return stay_order.in_time(stay.timeline, given.when, now_of(call.context), "given.at")


def _waiting(stay: Stay) -> tuple[StoredResource, Resource] | None:
    """Give the written information of a stay that is over, where nobody has given it yet."""
    if stay.encounter.get("status") != "finished":
        return None
    found = stay.finder.search_stored(
        "Communication",
        encounter=stay.reference,
        status="in-progress",
        category=f"{codes.COMMUNICATION_CATEGORY_SYSTEM}|{codes.SKRIFTLIG_UTSKRIVNINGSINFORMATION}",
    )
    return next(((each, json.parse(each.body)) for each in found if each.body is not None), None)


def _given_later(
    stay: Stay, arguments: Arguments, given: Moment, stored: StoredResource, written: Resource
) -> list[Draft]:
    now_given = {
        **written,
        "status": "completed",
        "medium": [coded(codes.INFORMATION_CHANNEL_SYSTEM, arguments["given"]["channel"])],
        "sent": given.text,
        "recipient": [_to(stay, arguments)],
        "sender": arguments["given"].get("by", arguments["by"]),
        "payload": [{"contentString": arguments["summary"]}],
    }
    told = stay.draft(_written_information(stay, arguments, given))
    return [told, Draft(now_given, stored.id, stored)]


def _left_undone(stay: Stay, teams: Sequence[Resource], given: Moment | None) -> Iterator[Issue]:
    contact = bool(regional_contacts(teams, stay.finder.read))
    yield from stay_order.left_undone(stay.encounter, contact=contact)
    if given is None:
        yield stay_order.not_given()


def _given_at(arguments: Arguments, at: Moment) -> Moment | None:
    if "given" not in arguments:
        return None
    return moment(arguments["given"], "at") or at


def _ended(stay: Stay, arguments: Arguments, at: Moment, given: Moment | None) -> Draft:
    changed: Resource = {
        "status": "finished",
        "period": {**stay.encounter.get("period", {}), "end": at.text},
    }
    if "disposition" in arguments:
        where = coded(DISPOSITION, arguments["disposition"])
        hospitalization = stay.encounter.get("hospitalization", {})
        changed["hospitalization"] = {**hospitalization, "dischargeDisposition": where}
    if given is None:
        return stay.draft(**changed)
    return stay.draft(_written_information(stay, arguments, given), **changed)


def _written_information(stay: Stay, arguments: Arguments, given: Moment) -> Resource:
    return parts(
        codes.WRITTEN_INFORMATION,
        at=("valueDateTime", given.text),
        by=("valueReference", arguments["given"].get("by", arguments["by"])),
        to=("valueReference", _to(stay, arguments)),
        channel=("valueCode", arguments["given"]["channel"]),
    )


def _to(stay: Stay, arguments: Arguments) -> Resource:
    patient = {"reference": stay.patient_reference}
    to: Resource = arguments.get("given", {}).get("to", patient)
    return to


def _contacts(stay: Stay) -> list[Resource]:
    """Give the patient's named contacts."""
    found = stay.finder.search(
        "CareTeam",
        patient=stay.patient_reference,
        category=codes.NAMED_CONTACTS,
        status="active",
    )
    return list(found)


def _meeting(stay: Stay, arguments: Arguments, at: Moment) -> list[Resource]:
    """Give the SIP meeting that the call names, or the next one that is set.

    Raises:
        FhirError: 422, the one that is named is about another patient.
    """
    if "meeting" in arguments:
        found = stay.finder.read(target(arguments["meeting"]).literal)
        refuse([] if found and _takes_part(found, stay) else [stay_order.about_another("meeting")])
        return [found] if found else []
    ahead = [
        (begins[0], each["id"], each)
        for each in _sip_meetings(stay.finder, stay.patient_reference)
        if (begins := bounds(each.get("start"))) and begins[0] >= at.when
    ]
    return [min(ahead)[2]] if ahead else []


def _takes_part(meeting: Resource, stay: Stay) -> bool:
    actors = (target(child(each, "actor")).literal for _, each in items(meeting, "participant"))
    return meeting["resourceType"] == "Appointment" and stay.patient_reference in actors


def _sip_meetings(finder: Finder, patient: str) -> Iterator[Resource]:
    for each in finder.search("Appointment", patient=patient, status=",".join(_AHEAD)):
        if codes.SIP_MEETING in concept_codes(
            each, "serviceType", codes.code_system("service-type")
        ):
            yield each


def _plans(stay: Stay) -> list[Resource]:
    return list(stay.finder.search("CarePlan", patient=stay.patient_reference, status="active"))


def _written(
    stay: Stay, arguments: Arguments, given: Moment | None, about: Sequence[Resource], ids: Ids
) -> Draft:
    labels = protective_labels(stay.patient)
    channel = (
        coded(codes.INFORMATION_CHANNEL_SYSTEM, arguments["given"]["channel"])
        if given
        else {"text": NOT_GIVEN}
    )
    resource: Resource = {
        "resourceType": "Communication",
        "meta": {
            "profile": [codes.structure("patient-information-communication")],
            **({"security": labels} if labels else {}),
        },
        "status": "completed" if given else "in-progress",
        "category": [
            coded(codes.COMMUNICATION_CATEGORY_SYSTEM, codes.SKRIFTLIG_UTSKRIVNINGSINFORMATION)
        ],
        "medium": [channel],
        "subject": {"reference": stay.patient_reference},
        "about": [{"reference": f"{each['resourceType']}/{each['id']}"} for each in about],
        "encounter": {"reference": stay.reference},
        "sent": given.text if given else "",
        "recipient": [_to(stay, arguments)],
        "sender": arguments.get("given", {}).get("by", arguments["by"]),
        "payload": [{"contentString": arguments["summary"]}],
    }
    kept = {name: value for name, value in resource.items() if value}
    return Draft(kept, ids.of("written"))
