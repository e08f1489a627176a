"""A hundred thousand resources of the four core types, and what they refer to, from their numbers.

They have a value of every search parameter of their types. Some values stand in half of all
resources, some in one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_server.fhir.locations import canonical

Json = dict[str, Any]

_OWN = f"{canonical()}/StructureDefinition/"

EACH = 25_000  # of each core type
CORE = ("CareTeam", "CarePlan", "PractitionerRole", "Encounter")

# How many there are of what core resources refer to, and what they say besides.
OTHERS: dict[str, tuple[int, Json]] = {
    "Patient": (10_000, {"active": True, "gender": ("female", "male")}),
    "Group": (40, {"type": ("person", "animal"), "actual": True}),
    "Organization": (400, {"active": (True, False)}),
    "Practitioner": (3_000, {"gender": ("female", "male")}),
    "Location": (300, {"status": ("active", "inactive")}),
    "Endpoint": (50, {"status": ("active", "off")}),
    "HealthcareService": (100, {"active": (True, False)}),
    "Condition": (3_000, {"recordedDate": "2024-02-03"}),
    "Procedure": (500, {"status": ("completed", "in-progress")}),
    "Observation": (500, {"status": ("final", "amended")}),
    "ImmunizationRecommendation": (50, {"date": "2024-02-03"}),
    "Goal": (3_000, {"lifecycleStatus": ("active", "completed")}),
    "Consent": (1_000, {"status": ("active", "inactive")}),
    "ServiceRequest": (1_000, {"status": ("active", "completed")}),
    "Appointment": (1_000, {"status": ("booked", "fulfilled")}),
    "Account": (200, {"status": ("active", "inactive")}),
    "EpisodeOfCare": (2_000, {"status": ("active", "finished")}),
    "RelatedPerson": (1_000, {"gender": ("female", "male")}),
    "Device": (100, {"status": ("active", "inactive")}),
    "Communication": (50, {"status": ("completed", "in-progress")}),
    "CommunicationRequest": (50, {"status": ("active", "completed")}),
    "DeviceRequest": (50, {"status": ("active", "completed")}),
    "MedicationRequest": (50, {"status": ("active", "completed")}),
    "NutritionOrder": (50, {"status": ("active", "completed")}),
    "RequestGroup": (50, {"status": ("active", "completed")}),
    "Task": (50, {"status": ("requested", "completed")}),
    "VisionPrescription": (50, {"status": ("active", "cancelled")}),
}
# What stands in about half of a type's resources.
COMMON = {
    "Patient": "gender=female", "Organization": "active=true", "Group": "type=person",
    "Practitioner": "gender=female", "Location": "status=active", "Endpoint": "status=active",
    "HealthcareService": "active=true", "Condition": "identifier;urn:id|common",
    "Procedure": "status=completed", "Observation": "status=final",
    "ImmunizationRecommendation": "identifier;urn:id|common", "Goal": "lifecycle-status=active",
    "Consent": "status=active", "ServiceRequest": "status=active", "Appointment": "status=booked",
    "Account": "status=active", "EpisodeOfCare": "status=active",
    "RelatedPerson": "gender=female", "Device": "status=active",
    "Communication": "status=completed", "CommunicationRequest": "status=active",
    "DeviceRequest": "status=active", "MedicationRequest": "status=active",
    "NutritionOrder": "status=active", "RequestGroup": "status=active",
    "Task": "status=completed", "VisionPrescription": "status=active",
    "CareTeam": "status=active", "CarePlan": "status=active",
    "PractitionerRole": "active=true", "Encounter": "status=finished",
}  # fmt: skip


def resources() -> Iterator[Json]:
    """Give all resources."""
    for type_, (size, content) in OTHERS.items():
        for number in range(size):
            own = {k: v[number % len(v)] if type(v) is tuple else v for k, v in content.items()}
            ids = [{"system": "urn:id", "value": f"{type_}-{number}"}]
            ids += [{"system": "urn:id", "value": "common"}] if number % 2 else []
            yield {"resourceType": type_, "id": f"{number:05d}", "identifier": ids, **own}
    for number in range(EACH):
        for type_, make in _MAKERS.items():
            yield {"resourceType": type_, "id": _id(number), **_common(number), **make(number)}


def _id(number: int) -> str:
    # Not in the order of anything else.
    return f"{number * 7919 % 100_003:06d}"


def _common(number: int) -> Json:
    meta = {
        "profile": [f"http://p.example/{number % 5}"],
        "tag": [_coding(number, "tag", 9)],
        "security": [_coding(number, "security", 4)],
        "source": f"urn:source:{number % 50}",
    }
    identifier = [{"system": "urn:id", "value": f"{number}"}]
    return {"meta": meta, "identifier": identifier}


def _to(type_: str, number: int) -> Json:
    if type_ in CORE:
        return {"reference": f"{type_}/{_id(number % EACH)}"}
    return {"reference": f"{type_}/{number * 31 % OTHERS[type_][0]:05d}"}


def _one(number: int, *types: str) -> Json:
    return _to(types[number % len(types)], number // len(types))


def _coding(number: int, name: str, kinds: int) -> Json:
    return {"system": f"urn:{name}", "code": f"{name}-{number % kinds}"}


def _concept(number: int, name: str, kinds: int) -> Json:
    return {"coding": [_coding(number, name, kinds)]}


def _day(number: int) -> str:
    month, day = number % 12 + 1, number // 12 % 28 + 1
    return f"20{18 + number % 8}-{month:02d}-{day:02d}"


def _period(number: int) -> Json:
    """Give a day, some weeks, or what goes on."""
    month, start = number % 12 + 1, _day(number)
    if number % 3 == 0:
        return {"start": start}
    if number % 3 == 1:
        return {"start": f"{start}T08:00:00Z", "end": f"{start}T15:{number % 60:02d}:00Z"}
    return {"start": start, "end": f"20{18 + number % 8}-{month:02d}-28"}


def _care_team(number: int) -> Json:
    members = ("CareTeam", "Organization", "Patient", "Practitioner", "PractitionerRole",
               "RelatedPerson")  # fmt: skip
    review = {"url": f"{_OWN}review-date", "valueDate": _day(number)}
    said = {"url": "decision", "valueCode": ("accepted", "declined")[number % 2]}
    stands_in = {"url": "member", "valueReference": _to("PractitionerRole", number // 2)}
    deputy = {"url": f"{_OWN}deputy", "extension": [stands_in]}
    return {
        "extension": [review, {"url": f"{_OWN}patient-decision", "extension": [said]}],
        "status": ("active", "inactive", "active", "proposed")[number % 4],
        "category": [_concept(number, "category", 6)],
        "subject": _one(number, "Patient", "Patient", "Patient", "Group"),
        "period": _period(number),
        "encounter": _to("Encounter", number // 3),
        "managingOrganization": [_to("Organization", number)],
        "participant": [
            {
                "extension": [deputy],
                "role": [_concept(number, "role", 20)],
                "member": _one(number, *members),
            },
            {"role": [_concept(number // 7, "role", 20)], "member": _one(number // 5, *members)},
        ],
    }


def _care_plan(number: int) -> Json:
    activities = (
        "Appointment", "CommunicationRequest", "DeviceRequest", "MedicationRequest",
        "NutritionOrder", "RequestGroup", "ServiceRequest", "Task", "VisionPrescription",
    )  # fmt: skip
    performers = ("CareTeam", "Device", "HealthcareService", "Organization", "Patient",
                  "Practitioner", "PractitionerRole", "RelatedPerson")  # fmt: skip
    detail = {
        "code": _concept(number, "activity", 40),
        "scheduledPeriod": _period(number + 1),
        "performer": [_one(number, *performers)],
    }
    huvudman = {"url": f"{_OWN}huvudman", "valueCode": ("region", "kommun")[number % 2]}
    follow_up = {"url": "date", "valueDate": _day(number)}
    return {
        "extension": [{"url": f"{_OWN}follow-up", "extension": [follow_up]}],
        "status": ("active", "draft", "active", "completed")[number % 4],
        "intent": ("plan", "order")[number % 2],
        "category": [_concept(number, "category", 6)],
        "subject": _one(number, "Patient", "Patient", "Patient", "Group"),
        "period": _period(number),
        "encounter": _to("Encounter", number // 3),
        "basedOn": [_to("CarePlan", number // 2)],
        "replaces": [_to("CarePlan", number // 3)],
        "partOf": [_to("CarePlan", number // 5)],
        "careTeam": [_to("CareTeam", number // 2)],
        "addresses": [_to("Condition", number)],
        "goal": [_to("Goal", number)],
        "instantiatesUri": [f"http://i.example/{number % 70}"],
        "instantiatesCanonical": [f"http://p.example/PlanDefinition/{number % 30}|1"],
        "supportingInfo": [_to("Consent", number)],
        "activity": [
            {"detail": detail, "extension": [huvudman]},
            {"reference": _one(number, *activities)},
        ],
    }


def _practitioner_role(number: int) -> Json:
    return {
        "active": number % 2 == 0,
        "period": _period(number),
        "practitioner": _to("Practitioner", number),
        "organization": _to("Organization", number),
        "code": [_concept(number, "role", 30)],
        "specialty": [_concept(number, "specialty", 50)],
        "location": [_to("Location", number)],
        "healthcareService": [_to("HealthcareService", number)],
        "endpoint": [_to("Endpoint", number)],
        "telecom": [
            {"system": "phone", "value": f"+46 70-{number % 9_000:07d}"},
            {"system": "email", "value": f"a{number % 9_000}@clinic.example"},
        ],
    }


def _encounter(number: int) -> Json:
    reasons = ("Condition", "ImmunizationRecommendation", "Observation", "Procedure")
    participants = ("Practitioner", "PractitionerRole", "RelatedPerson")
    at = {"url": "at", "valueDateTime": _period(number)["start"]}
    to = {"url": "to", "valueReference": _to("Organization", number + 1)}
    return {
        "extension": [
            {"url": f"{_OWN}admission-notice-sent", "extension": [at, to]},
            {"url": f"{_OWN}discharge-ready", "extension": [at]},
        ],
        "status": ("finished", "planned")[number % 2],
        "class": _coding(number, "class", 3),
        "type": [_concept(number, "type", 25)],
        "subject": _one(number, "Patient", "Patient", "Patient", "Group"),
        "period": _period(number),
        "length": {"value": number % 500, "unit": "min"},
        "account": [_to("Account", number)],
        "appointment": [_to("Appointment", number)],
        "basedOn": [_to("ServiceRequest", number)],
        "episodeOfCare": [_to("EpisodeOfCare", number)],
        "diagnosis": [{"condition": _one(number, "Condition", "Procedure")}],
        "hospitalization": {"specialArrangement": [_concept(number, "arrangement", 5)]},
        "location": [{"location": _to("Location", number), "period": _period(number + 2)}],
        "participant": [
            {"type": [_concept(number, "part", 8)], "individual": _one(number, *participants)},
            {"individual": _one(number // 4, *participants)},
        ],
        "partOf": _to("Encounter", number // 2),
        "reasonCode": [_concept(number, "reason", 100)],
        "reasonReference": [_one(number, *reasons)],
        "serviceProvider": _to("Organization", number),
    }


_MAKERS = {
    "CareTeam": _care_team,
    "CarePlan": _care_plan,
    "PractitionerRole": _practitioner_role,
    "Encounter": _encounter,
}
