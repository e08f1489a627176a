"""Two servers in one process that exchange a SIP: a region's and a municipality's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.sip_calls import consent_to_sip

Json = dict[str, Any]

ORGANIZATIONS = {
    "region": ("Region Jämtland Härjedalen", "SE2321000214-TEST00", codes.REGION),
    "kommun": ("Östersunds kommun", "SE2120002528-TEST00", codes.KOMMUN),
}


@dataclass
class Partner:
    """One of the servers, and the organizations on it.

    Args:
        fhir: a client of it.
        organizations: ``Organization/[id]`` by ``region`` and ``kommun``.
    """

    fhir: Any
    organizations: dict[str, str]

    def export(self, plan: str, **more: str) -> Json:
        """Export a plan, which must be allowed."""
        answer = self.try_export(plan, **more)
        assert answer.status_code == 200, answer.text
        return dict(as_json(answer))

    def try_export(self, plan: str, **more: str) -> Any:
        """Export a plan; ``sender`` and ``recipient`` by name."""
        return self.fhir.post(f"{plan}/$export-sip", _parameters(self, more))

    def receive(self, bundle: Json, **more: str) -> dict[str, list[Json]]:
        """Receive a plan, which must be allowed, and give what is answered, by name."""
        answer = self.try_receive(bundle, **more)
        assert answer.status_code in (200, 201), answer.text
        found: dict[str, list[Json]] = {}
        for each in as_json(answer)["parameter"]:
            found.setdefault(each["name"], []).append(each.get("resource") or each["part"])
        return found

    def try_receive(self, bundle: Json, **more: str) -> Any:
        """Receive a plan."""
        body = _parameters(self, more)
        body.setdefault("parameter", []).append({"name": "resource", "resource": bundle})
        return self.fhir.post("CarePlan/$receive-sip", body)

    def read(self, reference: str) -> Json:
        """Read a resource."""
        return dict(as_json(self.fhir.get(reference)))

    def change(self, reference: str, change: Any) -> Json:
        """Change a resource as a client does: read, change, update."""
        resource = self.read(reference)
        change(resource)
        answer = self.fhir.put(reference, resource)
        assert answer.status_code == 200, answer.text
        return dict(as_json(answer))

    def count(self, resource_type: str, **criteria: str) -> int:
        """Count what a search finds."""
        query = "&".join(f"{name}={value}" for name, value in criteria.items())
        return int(as_json(self.fhir.get(f"{resource_type}?{query}&_summary=count"))["total"])


def server(mongo_uri: str, host: str) -> Iterator[Fhir]:
    """Run a server in a database of its own; for a fixture."""
    name = f"test_{secrets.token_hex(6)}"
    store = MongoStore(mongo_uri, name)
    store.prepare()
    settings = Settings(mongodb_database=name, base_url=f"http://{host}/fhir", log_level="error")
    yield Fhir(create_app(settings, mongo_uri).test_client())
    store.close()


def personnummer() -> str:
    """Make up a personnummer."""
    digits = f"9{secrets.randbelow(10)}0{secrets.randbelow(9) + 1}1{secrets.randbelow(10)}"
    digits += f"{secrets.randbelow(1000):03d}"
    doubled = [int(d) * (2 - n % 2) for n, d in enumerate(digits)]
    total = sum(sum(divmod(each, 10)) for each in doubled)
    return f"19{digits}{-total % 10}"


def as_json(answer: Any) -> Any:
    """Give the body of an answer of either client."""
    return answer.json() if callable(answer.json) else answer.json


def _parameters(partner: Partner, organizations: dict[str, str]) -> Json:
    named = [
        {"name": name, "valueReference": {"reference": partner.organizations[who]}}
        for name, who in organizations.items()
    ]
    return {"resourceType": "Parameters", **({"parameter": named} if named else {})}


def partner(fhir: Fhir | Any, create: Any) -> Partner:
    """Give a server that knows the two organizations."""
    made = {
        key: create(
            {
                "resourceType": "Organization",
                "name": name,
                "identifier": [{"system": codes.HSA_ID, "value": hsa}],
                "extension": [{"url": codes.HUVUDMAN, "valueCode": huvudman}],
            }
        )
        for key, (name, hsa, huvudman) in ORGANIZATIONS.items()
    }
    return Partner(fhir, {key: f"Organization/{each['id']}" for key, each in made.items()})


def stored_plan(at: Partner, create: Any, personnummer: str, status: str = "active") -> str:
    """Store a SIP with one activity of each huvudman, and give ``CarePlan/[id]``."""
    patient = create(
        {
            "resourceType": "Patient",
            "identifier": [{"system": codes.PERSONNUMMER, "value": personnummer}],
            "name": [{"family": "Testsson", "given": ["Ada"]}],
        }
    )
    person = {"reference": f"Patient/{patient['id']}"}
    consent = create(consent_to_sip(person["reference"]))
    goal = create(
        {
            "resourceType": "Goal",
            "lifecycleStatus": "active",
            "description": {"text": "Gå till brevlådan"},
            "subject": person,
        }
    )
    plan = create(
        {
            "resourceType": "CarePlan",
            "status": status,
            "intent": "plan",
            "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": codes.SIP}]}],
            "title": "Samordnad individuell plan",
            "subject": person,
            "period": {"start": "2026-03-12"},
            "author": {"reference": at.organizations["region"]},
            "careTeam": [{"display": "Teamet kring Ada"}],
            "supportingInfo": [{"reference": f"Consent/{consent['id']}"}],
            "goal": [{"reference": f"Goal/{goal['id']}"}],
            "extension": [
                {
                    "url": codes.OVERALL_RESPONSIBLE,
                    "extension": [
                        {"url": "huvudman", "valueCode": codes.KOMMUN},
                        {
                            "url": "organization",
                            "valueReference": {"reference": at.organizations["kommun"]},
                        },
                    ],
                }
            ],
            "activity": [
                activity(at, "region", "vikt", "Vikt en gång i veckan"),
                activity(at, "kommun", "hemtjanst", "Hemtjänst tre gånger om dagen"),
            ],
        }
    )
    return f"CarePlan/{plan['id']}"


def activity(at: Partner, who: str, id_: str, words: str) -> Json:
    """Give an activity of a huvudman."""
    return {
        "id": id_,
        "extension": [{"url": codes.HUVUDMAN, "valueCode": who}],
        "detail": {
            "status": "scheduled",
            "description": words,
            "performer": [{"reference": at.organizations[who]}],
        },
    }


def said(plan: Json) -> dict[str, str]:
    """Give what a plan's activities say, by id."""
    return {each["id"]: each["detail"]["description"] for each in plan.get("activity", [])}


def says(id_: str, words: str) -> Any:
    """Give the change that an activity says something else."""

    def change(plan: Json) -> None:
        [found] = [each for each in plan["activity"] if each["id"] == id_]
        found["detail"]["description"] = words

    return change


def conflicts(answer: dict[str, list[Any]]) -> dict[str, str]:
    """Give which version was kept of each unit in conflict."""
    found = {}
    for parts in answer.get("conflict", []):
        named = {part["name"]: part for part in parts}
        found[named["unit"]["valueString"]] = named["kept"]["valueCode"]
    return found


def set_aside(provenance: Json) -> list[Json]:
    """Give the versions that a receipt's Provenance keeps."""
    values = []
    for extension in provenance.get("extension", []):
        if extension["url"] == codes.EXCHANGE_CONFLICT:
            parts = {part["url"]: part for part in extension["extension"]}
            if "value" in parts:
                values.append(json.loads(parts["value"]["valueString"]))
    return values
