"""Stays in hospital, and calls of the operations of the discharge process."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, category, parameters, reference, string
from tests.domain.life_cycle import SWEDEN, moment

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
# All that the steps say happened, so that no test depends on the day it runs.
ADMITTED = "2026-03-02T08:10:00+01:00"
NOTICED = "2026-03-02T15:40:00+01:00"
EXPECTED = "2026-03-06T11:00:00+01:00"
READY = "2026-03-05T09:30:00+01:00"
LEFT = "2026-03-06T16:00:00+01:00"

ALBERTINAS_NUMBER = {"system": codes.PERSONNUMMER, "value": "189002029800"}
HOME = {"use": "home", "line": ["Testgatan 1"], "postalCode": "83100", "city": "Östersund"}


@dataclass(frozen=True)
class Ward:
    """A stay with its ward, and the units at home.

    Args:
        clinic: where it is.
        patient: who is in hospital.
        stay: the Encounter.
        by: the treating physician.
        centre: the unit of the region where the patient is listed.
        home_care: a unit of the municipality.
    """

    clinic: Clinic
    patient: str
    stay: str
    by: str
    centre: str
    home_care: str

    def call(self, code: str, /, **more: Any) -> Any:
        """Call an operation at the stay; None leaves a parameter out."""
        given = {"by": reference(self.by), **more}
        named = {name: value for name, value in given.items() if value is not None}
        return self.clinic.fhir.post(f"{self.stay}/${code}", parameters(**named))

    def notice(self, /, **more: Any) -> Any:
        """Send the inskrivningsmeddelande to the listed unit and the home care."""
        given = {
            "expectedDischarge": moment(EXPECTED),
            "at": moment(NOTICED),
            "recipient": reference(self.home_care),
        }
        return self.call("admission-notice", **{**given, **more})

    def ready(self, at: str = READY) -> Any:
        """Say that the patient is utskrivningsklar."""
        return self.call("ready-for-discharge", at=moment(at))

    def withdraw(self, at: str, **more: Any) -> Any:
        """Say that the patient is not utskrivningsklar after all."""
        return self.call("withdraw-ready-for-discharge", at=moment(at), **more)

    def discharge(self, /, **more: Any) -> Any:
        """Discharge the patient."""
        given = {"summary": string("Du har fått vård för hjärtsvikt."), "at": moment(LEFT)}
        return self.call("discharge", **{**given, **more})

    def now(self) -> Json:
        """Give the Encounter as it is stored."""
        return self.clinic.read(self.stay)


def ward(clinic: Clinic, encounter: Json | None = None, **patient: Any) -> Ward:
    """Admit a patient with all that the notice needs; None leaves an element of Patient out."""
    centre, hospital = clinic.unit(kind="15", name="Hälsocentralen"), clinic.unit(name="Avd 108")
    home_care = clinic.unit(codes.KOMMUN, name="Hemsjukvården")
    person = {
        "name": [{"family": "Hammar", "given": ["Albertina"]}],
        "identifier": [ALBERTINAS_NUMBER],
        "address": [HOME],
        "generalPractitioner": [{"reference": centre}],
    } | patient
    who = clinic.patient(**{name: value for name, value in person.items() if value is not None})
    stay = clinic.put(
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"system": ACT_CODE, "code": "IMP"},
            "subject": {"reference": who},
            "period": {"start": ADMITTED},
            "serviceProvider": {"reference": hospital},
        }
        | (encounter or {})
    )
    return Ward(clinic, who, stay, clinic.physician(unit=hospital), centre, home_care)


def timeline(encounter: Json, url: str) -> list[Json]:
    """Give the parts of each extension with a url; ``to`` as a list of references."""
    found = []
    for each in encounter.get("extension", []):
        if each["url"] != url:
            continue
        read: Json = {"to": []}
        for one in each["extension"]:
            value = next(v for k, v in one.items() if k != "url")
            if one["url"] == "to":
                read["to"].append(value["reference"])
            else:
                read[one["url"]] = value
        found.append(read)
    return found


def recipients(communications: list[Json]) -> list[str]:
    """Give who gets each message, which is one unit."""
    return [to["reference"] for each in communications for to in each["recipient"]]


def says(communication: Json) -> str:
    """Give the text of a message."""
    return str(communication["payload"][0]["contentString"])


def kind_of(communication: Json) -> str:
    """Give the category of a message."""
    return str(communication["category"][0]["coding"][0]["code"])


def task_code(task: Json) -> str:
    """Give the code of a task."""
    return str(task["code"]["coding"][0]["code"])


def kallelse(where: Ward, owner: str, focus: str, status: str = "requested") -> str:
    """Store a kallelse of the stay."""
    return where.clinic.put(
        {
            "resourceType": "Task",
            "status": status,
            "intent": "order",
            "code": category(codes.TASK_CODE_SYSTEM, codes.KALLELSE),
            "description": "SIP-möte",
            "focus": {"reference": focus},
            "for": {"reference": where.patient},
            "encounter": {"reference": where.stay},
            "authoredOn": READY,
            "requester": {"reference": where.centre},
            "owner": {"reference": owner},
            "restriction": {"period": {"end": "2026-03-09"}},
        }
    )


def meeting(where: Ward, start: str = "2026-03-12T13:00:00+01:00", **more: Any) -> str:
    """Store a SIP meeting with the patient."""
    return where.clinic.put(
        {
            "resourceType": "Appointment",
            "status": "booked",
            "serviceType": [category(codes.code_system("service-type"), codes.SIP_MEETING)],
            "description": "SIP-möte",
            "start": start,
            "end": (dt.datetime.fromisoformat(start) + dt.timedelta(hours=1)).isoformat(),
            "participant": [{"actor": {"reference": where.patient}, "status": "accepted"}],
        }
        | more
    )


def soon() -> str:
    """Give a moment an hour ahead."""
    return (dt.datetime.now(SWEDEN) + dt.timedelta(hours=1)).isoformat(timespec="seconds")
