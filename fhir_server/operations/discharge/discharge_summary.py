"""$discharge-summary: what the patient gets in writing at discharge, as document, page and PDF.

R64; patientlagen (2014:821) 3 kap. 2 b §. Always for the patient, whoever asks (R113, R114, R118).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.read import read
from fhir_server.operations import swedish_moments
from fhir_server.operations.discharge import discharge_view
from fhir_server.operations.discharge.discharge_view import Discharge
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.written.document import Document
from fhir_server.operations.written.plan_composition import now as this_moment
from fhir_server.operations.written.plan_composition import section_of
from fhir_server.operations.written.plan_gathering import contacts_card, gathered
from fhir_server.operations.written.plan_telling import Telling
from fhir_server.operations.written.writing_answer import more_about, rendered
from fhir_server.pages.writing import Writing
from fhir_server.sweden import audience, codes
from fhir_server.sweden.elements import Json, child, items, says, target, text
from fhir_server.sweden.periods import read as read_period

Resource = dict[str, Any]

SUMMARY = {"system": "http://loinc.org", "code": "18842-5", "display": "Discharge summary"}
_CALLED_OFF = ("cancelled", "entered-in-error", "noshow")


def run(call: Call) -> Answer:
    """Give the document.

    Raises:
        FhirError: 404 or 410 for no such stay; 403 where the stay is not for the patient to see.
    """
    stored = read(call.context, "Encounter", call.id or "").stored
    stay: Resource = json.parse(stored.body if stored and stored.body else b"{}")
    if not audience.may_see(stay, audience.PATIENT):
        words = "The stay is not approved for the patient (R113): there is nothing to hand out."
        raise FhirError(Issue("error", "forbidden", words, "Encounter"), status=403)
    now = now_of(call.context)
    discharge = _discharge(call, stay, now)
    told = _told(call, stay, discharge, now)
    written = discharge_view.written(told, discharge)
    if call.media_type:
        plans = tuple(_page_of(each) for each in discharge.plans)
        return rendered(call, written, "utskrivning", (*plans, *more_about(stay)))
    return Answer(200, body=json.dump(_document(call, told, discharge, written)))


def _told(call: Call, stay: Resource, discharge: Discharge, now: datetime) -> Telling:
    settings = call.context.server.settings
    also = [dict(each) for each in (*discharge.meetings, *discharge.plans)]
    found = gathered(call.context, stay, audience.PATIENT, *also)
    return Telling(
        gathered=found,
        now=now,
        zone=settings.zone,
        card=contacts_card(call.context, found.patient, now),
        outside_hours=settings.card_outside_hours,
        emergency=settings.card_emergency,
    )


def _discharge(call: Call, stay: Json, now: datetime) -> Discharge:
    finder = Finder(call.context.server, call.context.store)
    patient = target(child(stay, "subject")).literal
    return Discharge(
        summary=_summary(finder, patient, f"Encounter/{stay['id']}"),
        # What was to come when the patient left, also where the document is asked for later.
        meetings=_meetings(finder, patient, min(now, read_period(stay).end or now)),
        plans=_plans(finder, patient),
    )


def _summary(finder: Finder, patient: str, stay: str) -> str:
    """Give the written summary of the stay that was handed out last."""
    category = f"{codes.COMMUNICATION_CATEGORY_SYSTEM}|{codes.SKRIFTLIG_UTSKRIVNINGSINFORMATION}"
    found = [
        each
        for each in finder.search("Communication", patient=patient, category=category)
        if target(child(each, "encounter")).literal == stay
        and each.get("status") not in ("entered-in-error", "not-done")
        and audience.may_see(each, audience.PATIENT)
    ]
    found.sort(key=lambda each: text(each, "sent"))
    payload = [each for _, each in items(found[-1], "payload")] if found else []
    return next(filter(None, (text(each, "contentString") for each in payload)), "")


def _meetings(finder: Finder, patient: str, left: datetime) -> tuple[Resource, ...]:
    found = [
        each
        for each in finder.search("Appointment", patient=patient)
        if says(each, "serviceType", codes.SIP_MEETING, codes.code_system("service-type"))
        and each.get("status") not in _CALLED_OFF
        and audience.may_see(each, audience.PATIENT)
        and _is_coming(each, left)
    ]
    return tuple(sorted(found, key=lambda each: text(each, "start")))


def _is_coming(meeting: Json, left: datetime) -> bool:
    ends = swedish_moments.first_of(meeting.get("end") or meeting.get("start"))
    return ends is None or ends > left


def _plans(finder: Finder, patient: str) -> tuple[Resource, ...]:
    found = [
        each
        for each in finder.search("CarePlan", patient=patient, status="active")
        if audience.may_see(each, audience.PATIENT) and not discharge_view.is_patientkontrakt(each)
    ]
    return tuple(sorted(found, key=lambda each: text(each, "created")))


def _document(call: Call, told: Telling, discharge: Discharge, written: Writing) -> Resource:
    """Give the same as a FHIR document, its entries as far as the patient may see them."""
    seen = told.gathered.found
    stay = told.source
    entries = {
        "sip-mote": [_named(each) for each in discharge.meetings],
        "planer": [_named(each) for each in discharge.plans],
    }
    composition = {
        "resourceType": "Composition",
        "language": "sv",
        "status": "final" if stay.get("status") == "finished" else "preliminary",
        "type": {"coding": [SUMMARY], "text": "Skriftlig information vid utskrivning"},
        "subject": stay["subject"],
        "encounter": _named(stay),
        "date": this_moment(),
        "author": [stay.get("serviceProvider") or {"display": "Okänd"}],
        "title": written.title,
        "section": [section_of(each, entries.get(each.key, ())) for each in written.sections],
    }

    def shaped(resource: Resource) -> Resource | None:
        if not audience.may_see(resource, audience.PATIENT):
            return None
        own = seen.get(f"{resource['resourceType']}/{resource['id']}", resource)
        return audience.for_audience(own, audience.PATIENT, ())

    return Document(call.context, shaped).of(composition)


def _page_of(plan: Json) -> tuple[str, str]:
    return discharge_view.plan_name(plan), f"../../CarePlan/{plan['id']}/$document?_format=html"


def _named(resource: Json) -> Resource:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}
