"""A small region at random, with all that makes counting hard. No real person."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from fhir_server.interactions.context import Server
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change, StoredResource
from fhir_server.sweden import codes

Json = dict[str, Any]

FIRST, LAST = "2026-01-01", "2026-06-30"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
UNITS = [f"u{n}" for n in range(9)]
MUNICIPALITIES = ["2380", "2313", "2326"]


class Region:
    """Makes the resources of a region.

    Args:
        seed: the same seed gives the same region.
        patients: how many.
    """

    def __init__(self, seed: int, patients: int) -> None:
        self.random = random.Random(seed)
        self.roles = [f"r{n}" for n in range(40)]
        self.people = [f"p{n}" for n in range(30)]
        self.resources: list[Json] = [*self.organizations(), *self.staff()]
        for number in range(patients):
            self.resources += self.patient(f"{seed}-{number:04}")

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def day(self, earliest: int, latest: int) -> str:
        return (BEGIN + timedelta(days=self.random.randint(earliest, latest))).date().isoformat()

    def moment(self, earliest: int, latest: int) -> str:
        """A day, or a second of it, or a bound of the period: what is written counts to the µs."""
        if self.chance(0.1):
            return self.random.choice(
                [
                    "2025-12-31T23:59:59+01:00",
                    "2026-01-01T00:00:00+01:00",
                    "2026-06-30T23:59:59+02:00",
                    "2026-07-01T00:00:00+02:00",
                    "2026-06-30",
                    "2026-01-01",
                    "2025-12-31",
                    "2026-07-01",
                ]
            )
        day = self.day(earliest, latest)
        if self.chance(0.5):
            return day
        hour = f"{self.random.randrange(24):02}:{self.random.choice(['00', '30'])}"
        fraction = self.random.choice(["", "", ".5", ".250"])
        return f"{day}T{hour}:00{fraction}{self.random.choice(['Z', '+01:00', '+02:00'])}"

    def period(self, earliest: int, latest: int, longest: int, ends: float = 0.5) -> Json:
        period: Json = {}
        start = self.random.randint(earliest, latest)
        if self.chance(0.95):
            period["start"] = self.moment(start, start)
        if self.chance(ends):
            length = self.random.randint(1, longest)
            period["end"] = self.moment(start + length, start + length)
        return period

    def organizations(self) -> Iterable[Json]:
        yield {"resourceType": "Organization", "id": "region", "extension": [huvudman("region")]}
        yield {"resourceType": "Organization", "id": "kommun", "extension": [huvudman("kommun")]}
        for number, unit in enumerate(UNITS):
            above = ("region", "kommun", "u0", None)[number % 4]
            organization: Json = {
                "resourceType": "Organization",
                "id": unit,
                "name": f"Enhet {number}",
            }
            if above:
                organization["partOf"] = {"reference": f"Organization/{above}"}
            if number % 3 == 0:
                organization["extension"] = [threshold(5), threshold(2, "1")]
            if number == 5:
                organization["extension"] = [huvudman("annan"), threshold(3, "2")]
            yield organization

    def staff(self) -> Iterable[Json]:
        for number, person in enumerate(self.people):
            practitioner: Json = {"resourceType": "Practitioner", "id": person}
            if number % 7 != 3:
                practitioner["name"] = [{"family": "Test", "given": ["Eva"]}]
            if number % 7 == 5:
                practitioner["name"] = [{"use": "anonymous", "text": "Okänd"}]
            if number % 3 == 0:
                practitioner["qualification"] = [
                    {"code": {"coding": [{"system": codes.HOSP, "code": "LK"}]}}
                ]
            if number % 11 == 0:
                practitioner["active"] = False
            yield practitioner
        for role in self.roles:
            position: Json = {"resourceType": "PractitionerRole", "id": role}
            if self.chance(0.95):
                position["practitioner"] = {
                    "reference": f"Practitioner/{self.random.choice(self.people)}"
                }
            if self.chance(0.9):
                position["organization"] = {
                    "reference": f"Organization/{self.random.choice(UNITS)}"
                }
            if self.chance(0.3):
                position["period"] = self.period(-600, 100, 400)
            if self.chance(0.2):
                position["active"] = False
            yield position

    def patient(self, id_: str) -> Iterable[Json]:
        patient: Json = {"resourceType": "Patient", "id": id_}
        if self.chance(0.95):
            patient["gender"] = self.random.choice(["male", "female", "female", "other", "unknown"])
        if self.chance(0.95):
            born = f"{self.random.randint(1925, 2026)}-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"
            patient["birthDate"] = born if self.chance(0.95) else born[:4]
        if self.chance(0.9):
            patient["generalPractitioner"] = [
                {"reference": f"Organization/{self.random.choice(UNITS)}"}
            ]
        if self.chance(0.9):
            patient["address"] = [self.address()]
        if self.chance(0.1):
            patient["deceasedDateTime"] = self.moment(-30, 220)
        elif self.chance(0.03):
            patient["deceasedBoolean"] = True
        elif self.chance(0.05):
            patient["active"] = self.chance(0.3)
        # Somebody of whom nobody stored who it is: what refers to them is there all the same.
        if self.chance(0.97):
            yield patient
        yield from self.care(id_, {"reference": f"Patient/{id_}"})

    def care(self, id_: str, subject: Json) -> Iterable[Json]:
        """What is stored about a patient beside the Patient."""
        for number in range(self.random.choice([0, 1, 1, 2, 3, 4])):
            yield self.contact(f"{id_}-{number}", subject)
        for number in range(self.random.choice([0, 0, 0, 1, 2])):
            yield self.episode(f"{id_}-{number}", subject)
        usual = self.random.sample(self.roles, 3)
        for number in range(self.random.choice([0, 0, 1, 2, 3, 5, 9])):
            stay = self.encounter(f"{id_}-{number}", subject, usual)
            yield stay
            if stay["class"]["code"] == "IMP":
                yield from self.calls(stay)
        for number in range(self.random.choice([0, 0, 1, 1, 2])):
            yield self.plan(f"{id_}-{number}", subject)

    def address(self) -> Json:
        municipality = {"system": codes.KOMMUNKOD, "code": self.random.choice(MUNICIPALITIES)}
        address: Json = {"use": self.random.choice(["home", "home", "home", "old"]), "city": "Test"}
        if self.chance(0.9):
            address["extension"] = [{"url": codes.MUNICIPALITY, "valueCoding": municipality}]
        return address

    def contact(self, id_: str, subject: Json) -> Json:
        period = self.period(-300, 200, 300)
        ended = "end" in period and self.chance(0.7)
        status = "inactive" if ended or self.chance(0.03) else "active"
        if self.chance(0.06):
            status = self.random.choice(["proposed", "suspended", "entered-in-error"])
        extensions = [*self.appointed(period), *self.ended(subject, ended=ended)]
        if self.chance(0.12):
            decision = self.random.choice(["declined", "declined", "accepted"])
            extensions.append(
                whole(
                    codes.PATIENT_DECISION,
                    decision={"valueCode": decision},
                    at={"valueDateTime": self.moment(-100, 220)},
                )
            )
        for _ in range(self.random.choice([0, 1, 1, 2])):
            at = {"valueDateTime": self.moment(-100, 220)}
            to = {"valueCode": "patient"}
            extensions.append(whole(codes.INFORMATION_GIVEN, at=at, recipient=to))
        category = {"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.FAST_KONTAKT}]}
        if self.chance(0.03):
            category = {"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.TEAM}]}
        kind = {"system": codes.CONTACT_TYPE, "code": self.random.choice("1112234")}
        participant: Json = {"role": [{"coding": [kind]}]}
        if self.chance(0.97):
            participant["member"] = {
                "reference": f"PractitionerRole/{self.random.choice(self.roles)}"
            }
        if self.chance(0.03):
            participant["member"] = {"reference": f"Practitioner/{self.random.choice(self.people)}"}
        team: Json = {
            "resourceType": "CareTeam", "id": id_, "status": status, "category": [category],
            "subject": subject, "period": period, "participant": [participant],
        }  # fmt: skip
        if self.chance(0.8):
            team["managingOrganization"] = [
                {"reference": f"Organization/{self.random.choice(UNITS)}"}
            ]
        if extensions:
            team["extension"] = extensions
        return team

    def appointed(self, period: Json) -> Iterable[Json]:
        if self.chance(0.6):
            at = {"valueDateTime": period.get("start") or self.moment(-200, 200)}
            by = {"valueReference": {"reference": f"PractitionerRole/{self.roles[0]}"}}
            yield whole(codes.APPOINTED_BY, by=by, at=at)
        if self.chance(0.7):
            day = (period.get("start") or self.day(-200, 200))[:10]
            need = datetime.fromisoformat(day) - timedelta(days=self.random.randint(-2, 20))
            value = need.date().isoformat()
            yield {"url": codes.NEED_IDENTIFIED, "valueDateTime": value}

    def ended(self, subject: Json, *, ended: bool) -> Iterable[Json]:
        if ended and self.chance(0.9):
            reasons = [
                "behov-upphort",
                "byte-patient",
                "byte-verksamhet",
                "slutat",
                "ersatt",
                "annat",
            ]
            reason = {"system": codes.END_REASON_SYSTEM, "code": self.random.choice(reasons)}
            yield {"url": codes.END_REASON, "valueCodeableConcept": {"coding": [reason]}}
        if ended and self.chance(0.3):
            by = self.random.choice([subject, {"reference": "PractitionerRole/r0"}])
            yield whole(
                codes.CHANGE_DECISION,
                requestedBy={"valueReference": by},
                reason={"valueString": "Test"},
                decision={"valueCode": "beviljat"},
            )

    def episode(self, id_: str, patient: Json) -> Json:
        form = {"system": codes.CARE_FORM_SYSTEM, "code": self.random.choice(["sabo", "hemtjanst"])}
        status = ["active", "active", "finished", "planned", "onhold", "cancelled"]
        episode: Json = {
            "resourceType": "EpisodeOfCare", "id": id_, "status": self.random.choice(status),
            "type": [{"coding": [form]}], "patient": patient, "period": self.period(-300, 200, 400),
        }  # fmt: skip
        if self.chance(0.85):
            episode["managingOrganization"] = {
                "reference": f"Organization/{self.random.choice(UNITS)}"
            }
        return episode

    def encounter(self, id_: str, subject: Json, usual: list[str]) -> Json:
        kind = self.random.choice(["AMB", "AMB", "AMB", "HH", "VR", "IMP", "IMP"])
        # Few different hours: visits with the same start.
        start = self.random.randint(-20, 200)
        encounter: Json = {
            "resourceType": "Encounter", "id": id_,
            "status": self.random.choice(["finished"] * 6 + ["cancelled", "in-progress"]),
            "class": {"code": kind}, "subject": subject, "period": self.period(start, start, 10, 0.9),
        }  # fmt: skip
        if self.chance(0.85):
            encounter["serviceProvider"] = {
                "reference": f"Organization/{self.random.choice(UNITS)}"
            }
        if kind == "IMP" and self.chance(0.7):
            encounter["extension"] = [*self.process(start)]
        performers = [self.performer(usual) for _ in range(self.random.choice([0, 1, 1, 1, 2]))]
        if performers:
            encounter["participant"] = performers
        return encounter

    def process(self, start: int) -> Iterable[Json]:
        """The times of the discharge process, in any order that people may have typed them."""
        for _ in range(self.random.choice([1, 1, 2])):
            yield at(codes.ADMISSION_NOTICE_SENT, self.moment(start, start + 2))
        if self.chance(0.3):
            yield at(codes.NEED_ASSESSED_AT, self.moment(start, start + 1))
        for _ in range(self.random.choice([0, 1, 1, 2])):
            yield at(codes.DISCHARGE_READY, self.moment(start, start + 9))
            if self.chance(0.3):
                yield at(codes.DISCHARGE_READY_WITHDRAWN, self.moment(start, start + 9))
        for code in self.random.choice(
            [["region"], ["region", "kommun"], ["region", "kommun"], []]
        ):
            yield {"url": codes.NEEDS_AFTER_DISCHARGE, "valueCode": code}
        if self.chance(0.05):
            yield {"url": codes.COMPULSORY_CARE, "valueCode": "lpt"}

    def calls(self, stay: Json) -> Iterable[Json]:
        """The kallelser after a stay, and other tasks."""
        for number in range(self.random.choice([0, 1, 1, 2])):
            code = self.random.choice(["kallelse"] * 4 + ["utse-kontakt"])
            first = int(stay["id"].rpartition("-")[2])
            task = {
                "resourceType": "Task", "id": f"{stay['id']}-{number}", "intent": "order",
                "status": self.random.choice(["requested", "accepted", "cancelled", "draft"]),
                "code": {"coding": [{"system": codes.TASK_CODE_SYSTEM, "code": code}]},
                "for": stay["subject"], "authoredOn": self.moment(first, first + 200),
                "encounter": {"reference": f"Encounter/{stay['id']}"},
            }  # fmt: skip
            ready = [e for e in stay.get("extension", []) if e["url"] == codes.DISCHARGE_READY]
            if ready and self.chance(0.8):
                day = datetime.fromisoformat(ready[-1]["extension"][0]["valueDateTime"][:10])
                task["authoredOn"] = (
                    (day + timedelta(days=self.random.randint(0, 5))).date().isoformat()
                )
            yield task

    def plan(self, id_: str, subject: Json) -> Json:
        """A plan, mostly a SIP, that may lack anything."""
        kind = self.random.choice(["SIP"] * 6 + ["VP"])
        start = self.random.randint(-200, 200)
        plan: Json = {
            "resourceType": "CarePlan", "id": id_, "intent": "plan", "subject": subject,
            "status": self.random.choice(["active"] * 4 + ["draft", "completed", "revoked"]),
            "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": kind}]}],
            "period": self.period(start, start, 200, 0.4),
        }  # fmt: skip
        if self.chance(0.8):
            plan["created"] = self.moment(start, start + 3)
        if activities := [self.activity() for _ in range(self.random.choice([0, 2, 3, 4]))]:
            plan["activity"] = activities
        plan["extension"] = [*self.about_plan(start)]
        return {name: value for name, value in plan.items() if value}

    def activity(self) -> Json:
        activity: Json = {"detail": {"status": self.random.choice(["not-started", "cancelled"])}}
        if self.chance(0.7):
            activity["detail"]["status"] = "in-progress"
        if self.chance(0.9):
            activity["extension"] = [huvudman(self.random.choice(["region", "kommun", "annan"]))]
        return activity

    def about_plan(self, start: int) -> Iterable[Json]:
        for _ in range(self.random.choice([0, 1, 1, 1, 2])):
            who = {"valueCode": self.random.choice(["region", "kommun"])}
            unit = {"valueReference": {"reference": f"Organization/{self.random.choice(UNITS)}"}}
            parts = {"huvudman": who, **({"organization": unit} if self.chance(0.8) else {})}
            yield whole(codes.OVERALL_RESPONSIBLE, **parts)
        if self.chance(0.8):
            yield whole(codes.FOLLOW_UP, date={"valueDate": self.day(start, start + 150)})
        for _ in range(self.random.choice([0, 0, 1, 2])):
            yield at(codes.PLAN_EVALUATION, self.moment(start, start + 200))
        for group in self.random.choice([[], ["npf"], ["npf", "unga-psykosocialt"], ["annan"]]):
            yield {"url": codes.SIP_TARGET_GROUP, "valueCode": group}

    def performer(self, usual: list[str]) -> Json:
        who = f"PractitionerRole/{self.random.choice(usual)}"
        if self.chance(0.1):
            who = f"Practitioner/{self.random.choice(self.people)}"
        if self.chance(0.04):
            who = "PractitionerRole/nobody"
        participant: Json = {"individual": {"reference": who}}
        code = self.random.choice(["PPRF", "ATND", "CON", None])
        if code:
            participant["type"] = [{"coding": [{"code": code}]}]
        return participant


def huvudman(code: str) -> Json:
    """Who answers for an organization."""
    return {"url": codes.HUVUDMAN, "valueCode": code}


def threshold(patients: int, kind: str | None = None) -> Json:
    """How many patients one contact of a unit may have."""
    parts = {"patients": {"valueUnsignedInt": patients}}
    return whole(
        codes.CASELOAD_THRESHOLD, **parts, **({"type": {"valueCode": kind}} if kind else {})
    )


def whole(url: str, **parts: Json) -> Json:
    """An extension with parts."""
    return {"url": url, "extension": [{"url": name, **value} for name, value in parts.items()]}


def at(url: str, moment: str) -> Json:
    """An extension that says when."""
    return whole(url, at={"valueDateTime": moment})


def store_all(server: Server, store: MongoStore, resources: Iterable[Json]) -> None:
    """Store resources as they are: what the law would refuse is in old databases all the same."""
    changes = []
    for resource in resources:
        reference = f"{resource['resourceType']}/{resource['id']}"
        new = StoredResource(
            resource["resourceType"], resource["id"], 1, 1_700_000_000_000_000,
            json.dumps(resource).encode(),
        )  # fmt: skip
        changes.append(Change(new, None, server.indexer.index(resource, reference)))
    for first in range(0, len(changes), 500):
        store.transact(changes[first : first + 500])
