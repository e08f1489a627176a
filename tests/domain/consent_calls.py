"""A SIP with those called to its meeting, for tests of what a withdrawal does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, category, days
from tests.domain.sip_calls import consent_to_sip

_ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"


@dataclass
class Planned:
    """A person with an active SIP and a meeting to come.

    Args:
        patient: whose it is.
        consent: what the plan rests on.
        plan: the plan.
        region: a regional unit that takes part.
        kommun: a municipal one.
        nurse: a person in the regional unit.
        worker: a person in the municipal one.
        calls: the kallelser, by the unit called.
        meeting: the meeting that both are called to.
        follow_up: who is to follow up.
    """

    patient: str
    consent: str
    plan: str
    region: str
    kommun: str
    nurse: str
    worker: str
    calls: dict[str, str]
    meeting: str
    follow_up: str


def planned(clinic: Clinic, consent: Json | None = None, patient: str = "") -> Planned:
    """Store all of it.

    Args:
        clinic: where.
        consent: elements of the Consent.
        patient: whose; a new one's where left out.
    """
    patient = patient or clinic.patient()
    region, kommun = clinic.unit(codes.REGION), clinic.unit(codes.KOMMUN)
    nurse, worker = clinic.nurse(region), clinic.nurse(kommun)
    yes = clinic.put(consent_to_sip(patient, **(consent or {})))
    plan = active(clinic, patient, yes, region, kommun, nurse)
    meeting = clinic.put(meeting_of(patient, plan, nurse, worker))
    calls = {unit: clinic.put(call(patient, plan, unit, nurse)) for unit in (region, kommun)}
    due = task(codes.UPPFOLJNING, patient, plan, nurse, nurse)
    return Planned(
        patient, yes, plan, region, kommun, nurse, worker, calls, meeting, clinic.put(due)
    )


def active(
    clinic: Clinic, patient: str, consent: str, region: str, kommun: str, author: str
) -> str:
    """Store an active plan that rests on a consent."""
    return str(
        "CarePlan/"
        + clinic.fhir.create(sip(clinic, patient, consent, region, kommun, author))["id"]
    )


def sip(clinic: Clinic, patient: str, consent: str, region: str, kommun: str, author: str) -> Json:
    """Give a plan with all that the law asks for."""
    aim = {
        "resourceType": "Goal",
        "lifecycleStatus": "active",
        "description": {"text": "Gå till brevlådan"},
        "subject": {"reference": patient},
    }
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [category(codes.CARE_PLAN_CATEGORY, codes.SIP)],
        "title": "Samordnad individuell plan",
        "subject": {"reference": patient},
        "period": {"start": days(-10)},
        "author": {"reference": author},
        "supportingInfo": [{"reference": consent}],
        "goal": [{"reference": clinic.put(aim)}],
        "extension": [
            {
                "url": codes.OVERALL_RESPONSIBLE,
                "extension": [{"url": "huvudman", "valueCode": codes.KOMMUN}],
            }
        ],
        "activity": [insats(codes.REGION, region), insats(codes.KOMMUN, kommun)],
    }


def insats(huvudman: str, performer: str) -> Json:
    """Give an activity."""
    return {
        "extension": [{"url": codes.HUVUDMAN, "valueCode": huvudman}],
        "detail": {
            "status": "in-progress",
            "description": "Hjälper till",
            "performer": [{"reference": performer}],
        },
    }


def call(patient: str, plan: str, unit: str, requester: str) -> Json:
    """Give a kallelse."""
    return task(codes.KALLELSE, patient, plan, unit, requester)


def task(code: str, patient: str, plan: str, owner: str, requester: str) -> Json:
    """Give a Task about a plan."""
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": category(codes.TASK_CODE_SYSTEM, code),
        "description": "Kom på mötet",
        "for": {"reference": patient},
        "focus": {"reference": plan},
        "owner": {"reference": owner},
        "requester": {"reference": requester},
        "authoredOn": days(-1),
        "restriction": {"period": {"end": days(2)}},
    }


def meeting_of(patient: str, plan: str, *called: str, **more: Any) -> Json:
    """Give a SIP meeting next week."""
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "serviceType": [category(codes.code_system("service-type"), codes.SIP_MEETING)],
        "description": "SIP-möte",
        "start": f"{days(7)}T13:00:00+01:00",
        "end": f"{days(7)}T14:00:00+01:00",
        "supportingInformation": [{"reference": plan}],
        "participant": [
            {"actor": {"reference": each}, "status": "accepted"} for each in (patient, *called)
        ],
    } | more


def guardian(clinic: Clinic, child: str) -> str:
    """Store somebody with custody of a child."""
    related = {"resourceType": "RelatedPerson", "patient": {"reference": child}}
    role = category(_ROLE_CODE, "GUARD")
    return clinic.put(
        related
        | {
            "relationship": [role],
            "name": [{"text": "Test"}],
            "telecom": [{"system": "phone", "value": "070"}],
        }
    )


def statuses(clinic: Clinic, planned_: Planned) -> Json:
    """Give the status of the plan, of each kallelse, of the meeting and of the follow-up."""
    return {
        "plan": clinic.read(planned_.plan)["status"],
        "region": clinic.read(planned_.calls[planned_.region])["status"],
        "kommun": clinic.read(planned_.calls[planned_.kommun])["status"],
        "meeting": clinic.read(planned_.meeting)["status"],
        "follow-up": clinic.read(planned_.follow_up)["status"],
    }


GOES_ON = {
    "plan": "active",
    "region": "requested",
    "kommun": "requested",
    "meeting": "booked",
    "follow-up": "requested",
}
ENDED = dict.fromkeys(GOES_ON, "cancelled") | {"plan": "revoked"}
