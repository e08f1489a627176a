"""Calls around a SIP meeting, and what they answer."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, code, parameters, reference, string
from tests.domain.life_cycle import every, named, url_of
from tests.domain.sip_calls import complete, generate, ready

START = "2090-03-12T13:00:00+01:00"


def call(clinic: Clinic, plan: str, by: str, /, **more: Json | list[Json] | None) -> Any:
    """Call $call-sip-meeting; None leaves a parameter out."""
    given: dict[str, Any] = {
        "by": reference(by),
        "form": code("hemma"),
        "agenda": string("Så går vi vidare"),
        "start": {"valueDateTime": START},
        **more,
    }
    body = parameters(**{name: value for name, value in given.items() if value is not None})
    return clinic.fhir.post(f"{plan}/$call-sip-meeting", body)


def answer(clinic: Clinic, task: str, said: str, /, **more: Json) -> Any:
    """Call $answer-call."""
    body = parameters(answer=code(said), **more)
    return clinic.fhir.post(f"{task}/$answer-call", body)


def remind(clinic: Clinic, meeting: str, by: str, /, **more: Json) -> Any:
    """Call $remind-call."""
    return clinic.fhir.post(f"{meeting}/$remind-call", parameters(by=reference(by), **more))


def cancel(clinic: Clinic, meeting: str, by: str, reason: str = "Personen är sjuk") -> Any:
    """Call $cancel-sip-meeting."""
    body = parameters(by=reference(by), reason=string(reason))
    return clinic.fhir.post(f"{meeting}/$cancel-sip-meeting", body)


def planned(clinic: Clinic, patient: str = "") -> tuple[str, str, str]:
    """Store a person who has consented, their draft, and a caller; give the three references."""
    patient = patient or ready(clinic)
    plan = named(generate(clinic, patient, "draft", *complete()))["return"]
    return patient, url_of(plan), clinic.nurse()


def called(response: Any) -> dict[str, str]:
    """Give the kallelse of each actor: ``Task/[id]`` by the actor's reference."""
    return {task["owner"]["reference"]: url_of(task) for task in every(response, "task")}


def statuses(meeting: Json) -> dict[str, str]:
    """Give the answer of each participant of an Appointment."""
    return {each["actor"]["reference"]: each["status"] for each in meeting["participant"]}


def limited(patient: str, *actors: str, **rule: Any) -> Json:
    """Give the provision of a consent that names who may take part."""
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}]}
    role["coding"][0]["code"] = "IRCP"
    named_ = [{"role": role, "reference": {"reference": actor}} for actor in actors]
    return {"provision": {"type": "permit", "actor": named_, **rule}}


def links(plan: Json) -> list[str]:
    """Give the meetings of a plan."""
    return [
        each["valueReference"]["reference"]
        for each in plan["extension"]
        if each["url"] == codes.SIP_MEETING_LINK
    ]
