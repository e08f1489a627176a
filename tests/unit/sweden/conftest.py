"""A small Swedish world in memory, which the rules read as they would read the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, write_rules

Json = dict[str, Any]

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MARIA = "Patient/maria"


class World:
    """Resources by reference; a `Reader` of what it holds."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 3, 9, 0, tzinfo=STOCKHOLM)
        self.resources: dict[str, Json] = {}
        self.reads: list[str] = []
        self.searches: list[tuple[str, dict[str, str]]] = []
        self.unit("region", codes.REGION)
        self.unit("kommun", codes.KOMMUN)
        self.unit("annan", codes.ANNAN)

    def read(self, reference: str) -> Json | None:
        self.reads.append(reference)
        return self.resources.get(reference)

    def search(self, resource_type: str, **tokens: str) -> Iterator[Json]:
        self.searches.append((resource_type, tokens))
        for resource in list(self.resources.values()):
            if resource["resourceType"] == resource_type and all(
                self._matches(resource, name, token) for name, token in tokens.items()
            ):
                yield resource

    def ids(self, resource_type: str, **tokens: str) -> Iterator[str]:
        return (each["id"] for each in self.search(resource_type, **tokens))

    @staticmethod
    def _matches(resource: Json, name: str, token: str) -> bool:
        if name == "patient":
            subject = resource.get("subject") or resource.get("patient") or {}
            return subject.get("reference") == token
        if name == "participant":
            members = [each.get("member") for each in resource.get("participant", [])]
            return {"reference": token} in members
        if name == "practitioner":
            return resource.get("practitioner") == {"reference": token}
        if name == "status":
            return resource.get("status") == token
        assert name == "category"
        system, code = token.split("|")
        return any(
            coding == {"system": system, "code": code}
            for concept in resource.get("category", [])
            for coding in concept["coding"]
        )

    def put(self, resource: Json) -> Json:
        self.resources[f"{resource['resourceType']}/{resource['id']}"] = resource
        return resource

    def check(self, resource: Json) -> list[Issue]:
        return write_rules.check(resource, self, self.now)

    def unit(self, identity: str, huvudman: str = "", **more: Any) -> Json:
        organization: Json = {
            "resourceType": "Organization",
            "id": identity,
            "name": identity,
            "telecom": [{"system": "phone", "value": "063-000 00 10"}],
        }
        if huvudman:
            organization["extension"] = [{"url": codes.HUVUDMAN, "valueCode": huvudman}]
        return self.put(organization | more)

    def person(
        self,
        identity: str,
        *qualifications: Json,
        unit: str = "region",
        befattning: str = "",
        **role: Any,
    ) -> str:
        """Put a named person in a role with a telephone; give the role's reference."""
        self.put(
            {
                "resourceType": "Practitioner",
                "id": f"{identity}-person",
                "name": [{"family": "Test", "given": [identity]}],
                "qualification": list(qualifications),
            }
        )
        code = [{"coding": [{"system": codes.BEFATTNING, "code": befattning}]}]
        self.put(
            {
                "resourceType": "PractitionerRole",
                "id": identity,
                "practitioner": {"reference": f"Practitioner/{identity}-person"},
                "organization": {"reference": f"Organization/{unit}"},
                "telecom": [{"system": "phone", "value": "063-000 00 01"}],
            }
            | ({"code": code} if befattning else {})
            | role
        )
        return f"PractitionerRole/{identity}"

    def contact(
        self, member: str | Json, kind: str = "1", *, unit: str = "region", **more: Any
    ) -> Json:
        """Give an active CareTeam of category fast-kontakt; it is not stored."""
        reference = {"reference": member} if isinstance(member, str) else member
        role = {"coding": [{"system": codes.CONTACT_TYPE, "code": kind}]}
        return {
            "resourceType": "CareTeam",
            "status": "active",
            "category": [
                {"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.FAST_KONTAKT}]}
            ],
            "subject": {"reference": MARIA},
            "period": {"start": "2026-03-03"},
            "participant": [{"role": [role], "member": reference}],
            "managingOrganization": [{"reference": f"Organization/{unit}"}],
        } | more

    def life_in_danger(self, **more: Any) -> Json:
        return self.put(
            {
                "resourceType": "Condition",
                "id": "als",
                "subject": {"reference": MARIA},
                "extension": [
                    {
                        "url": codes.LIFE_THREATENING,
                        "extension": [
                            {"url": "flag", "valueBoolean": True},
                            {"url": "at", "valueDateTime": "2026-02-10"},
                        ],
                    }
                ],
            }
            | more
        )

    def consent(self, identity: str = "ja", kind: str = "permit", **more: Any) -> Json:
        return self.put(
            {
                "resourceType": "Consent",
                "id": identity,
                "status": "active",
                "category": [
                    {
                        "coding": [
                            {"system": codes.CONSENT_CATEGORY_SYSTEM, "code": codes.CONSENT_TO_SIP}
                        ]
                    }
                ],
                "patient": {"reference": MARIA},
                "provision": {"type": kind, "period": {"start": "2026-03-01"}},
            }
            | more
        )

    def sip(self, *consents: str, **more: Any) -> Json:
        """Give an active SIP that lacks nothing but its consents; it is not stored."""
        return {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": codes.SIP}]}],
            "subject": {"reference": MARIA},
            "period": {"start": "2026-03-03"},
            "author": {"reference": "PractitionerRole/eva"},
            "goal": [{"reference": "Goal/1"}],
            "activity": [activity(codes.REGION), activity(codes.KOMMUN)],
            "extension": [responsible(codes.KOMMUN), follow_up()],
            "supportingInfo": [{"reference": reference} for reference in consents],
        } | more


def activity(*huvudmen: str, status: str = "scheduled") -> Json:
    return {
        "extension": [{"url": codes.HUVUDMAN, "valueCode": code} for code in huvudmen],
        "detail": {"status": status, "description": "insats"},
    }


def responsible(huvudman: str, organization: str = "") -> Json:
    parts: list[Json] = [{"url": "huvudman", "valueCode": huvudman}] if huvudman else []
    if organization:
        parts.append({"url": "organization", "valueReference": {"reference": organization}})
    return {"url": codes.OVERALL_RESPONSIBLE, "extension": parts}


def follow_up() -> Json:
    return {
        "url": codes.FOLLOW_UP,
        "extension": [{"url": "date", "valueDate": "2026-04-16"}],
    }


def licence(code: str, system: str = codes.HOSP, **more: Any) -> Json:
    return {"code": {"coding": [{"system": system, "code": code}]}} | more


def certificate(code: str = codes.UNDERSKOTERSKA, **more: Any) -> Json:
    return licence(code, codes.CERTIFICATE_SYSTEM, **more)


class Cases:
    """The builders above, for tests to use without importing this file."""

    activity = staticmethod(activity)
    responsible = staticmethod(responsible)
    follow_up = staticmethod(follow_up)
    licence = staticmethod(licence)
    certificate = staticmethod(certificate)

    @staticmethod
    def severities(issues: list[Issue]) -> list[tuple[str, str]]:
        """Give severity and first paragraph of each issue."""
        return [(issue.severity, issue.details[0].code) for issue in issues]

    @staticmethod
    def errors(issues: list[Issue]) -> list[Issue]:
        return [issue for issue in issues if issue.severity == "error"]

    @staticmethod
    def at(text: str) -> datetime:
        """Give a moment of Swedish time."""
        return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def cases() -> type[Cases]:
    return Cases
