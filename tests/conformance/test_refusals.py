"""What must be refused, over HTTP at a real server: with the place, the rule and who states it.

Acceptance 3 of issue 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fhir_server.sweden import codes
from tests import http
from tests.conftest import ServerProcess

CORE = "http://hl7.org/fhir/StructureDefinition"
LIFE_THREATENING = codes.LIFE_THREATENING
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'

Json = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """A resource, and what an issue about it has to say.

    Args:
        resource: what is sent.
        expression: the place.
        rule: its key.
        profile: the end of the canonical of the StructureDefinition that states the rule; empty for
            a rule of the server's own.
        status: of the answer.
    """

    resource: Json | str
    expression: str
    rule: str
    profile: str = ""
    status: int = 400


def observation(**more: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


def care_team(**more: Any) -> Json:
    return {"resourceType": "CareTeam", "status": "active", **more}


REFUSALS: dict[str, Refusal] = {
    "a status that is none": Refusal(
        care_team(status="bogus"), "CareTeam.status", "binding", f"{CORE}/CareTeam", 422
    ),
    "an empty array": Refusal(
        {"resourceType": "Patient", "name": []}, "Patient.name", "structure", f"{CORE}/Patient"
    ),
    "a member that is an Encounter": Refusal(
        care_team(participant=[{"member": {"reference": "Encounter/1"}}]),
        "CareTeam.participant[0].member.reference",
        "target",
        f"{CORE}/CareTeam",
    ),
    "a period that ends before it starts": Refusal(
        care_team(period={"start": "2026-03-02", "end": "2026-03-01"}),
        "CareTeam.period",
        "per-1",
        f"{CORE}/Period",
        422,
    ),
    "two types of one choice": Refusal(
        observation(valueString="x", valueBoolean=True),
        "Observation.value",
        "choice",
        f"{CORE}/Observation",
    ),
    "a contained resource that nobody refers to": Refusal(
        observation(contained=[{"resourceType": "Patient", "id": "p"}]),
        "Observation.contained[0]",
        "dom-3",
        f"{CORE}/DomainResource",
        422,
    ),
    "an extension outside its context": Refusal(
        {
            "resourceType": "Patient",
            "extension": [
                {"url": LIFE_THREATENING, "extension": [{"url": "flag", "valueBoolean": False}]}
            ],
        },
        "Patient.extension[0]",
        "context",
        LIFE_THREATENING,
        422,
    ),
    "a narrative with a script": Refusal(
        {
            "resourceType": "Patient",
            "text": {"status": "generated", "div": DIV.format("x<script>alert(1)</script>")},
        },
        "Patient.text.div",
        "txt-1",
        f"{CORE}/Narrative",
        422,
    ),
    "a decimal in quotes": Refusal(
        observation(valueQuantity={"value": "1.0"}),
        "Observation.value.value",
        "structure",
        f"{CORE}/Quantity",
    ),
    "a dateTime with hours but no zone": Refusal(
        observation(effectiveDateTime="2026-03-02T08:10:00"),
        "Observation.effective",
        "primitive",
        f"{CORE}/Observation",
    ),
    "a given name's extensions without the name": Refusal(
        {
            "resourceType": "Patient",
            "name": [{"given": ["A"], "_given": [None, {"id": "b"}, None]}],
        },
        "Patient.name[0].given",
        "structure",
        f"{CORE}/Element",
    ),
    "a personnummer with a wrong check digit": Refusal(
        {
            "resourceType": "Patient",
            "identifier": [{"system": codes.PERSONNUMMER, "value": "196101182804"}],
        },
        "Patient.identifier[0].value",
        "id-1",
    ),
}


@pytest.fixture(scope="module")
def client(live_server: ServerProcess) -> httpx.Client:
    headers = {"Content-Type": "application/fhir+json"}
    return http.Client(base_url=live_server.base, headers=headers, timeout=30)


def told(response: httpx.Response) -> list[tuple[str, str, str | None, str | None]]:
    """Give severity, place, rule and who states it, of all issues."""
    return [
        (
            issue["severity"],
            place,
            next((c["code"] for c in issue["details"].get("coding", [])), None),
            next((c.get("system", "") for c in issue["details"].get("coding", [])), None),
        )
        for issue in response.json()["issue"]
        for place in issue.get("expression", [""])
    ]


def refused(response: httpx.Response, refusal: Refusal) -> None:
    wanted = ("error", refusal.expression, refusal.rule, refusal.profile)
    assert wanted in told(response), response.text
    assert response.status_code == refusal.status, response.text


@pytest.mark.parametrize("name", REFUSALS)
def test_it_is_refused_where_it_is_wrong(client: httpx.Client, name: str) -> None:
    refusal = REFUSALS[name]
    assert isinstance(refusal.resource, dict)
    refused(client.post(f"/{refusal.resource['resourceType']}", json=refusal.resource), refusal)


@pytest.mark.parametrize("name", REFUSALS)
def test_validate_says_the_same_with_status_200(client: httpx.Client, name: str) -> None:
    refusal = REFUSALS[name]
    assert isinstance(refusal.resource, dict)
    type_ = refusal.resource["resourceType"]
    created = client.post(f"/{type_}", json=refusal.resource)
    validated = client.post(f"/{type_}/$validate?mode=create", json=refusal.resource)
    assert validated.status_code == 200
    assert told(validated) == told(created)


def test_an_id_with_a_space_is_refused(client: httpx.Client) -> None:
    """A create gives an id of its own; an update has to take the one it is sent."""
    patient = {"resourceType": "Patient", "id": "a b"}
    answer = client.put("/Patient/a%20b", json=patient)
    assert answer.status_code in (400, 404)
    assert answer.json()["issue"][0]["severity"] == "error"
    told_of = told(client.post("/Patient/$validate", json=patient))
    assert ("error", "Patient.id", "primitive", f"{CORE}/Patient") in told_of


def test_a_sip_without_consent_is_refused(client: httpx.Client) -> None:
    """R75, R78, cp-1: the law is heard first, and names its paragraph."""
    patient = client.post("/Patient", json={"resourceType": "Patient"}).json()
    plan = {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": codes.SIP}]}],
        "subject": {"reference": f"Patient/{patient['id']}"},
    }
    answer = client.post("/CarePlan", json=plan)
    assert answer.status_code == 422
    assert ("error", "CarePlan.supportingInfo", "HSL-16-4", codes.LAW_SYSTEM) in told(answer)
    # Asked beforehand, the profile that holds for every SIP says so, too.
    asked = client.post("/CarePlan/$validate", json=plan)
    assert ("error", "CarePlan", "cp-1", codes.structure("sip-careplan")) in told(asked)
