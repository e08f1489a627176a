"""People, units and calls for the domain tests: a small clinic, made over HTTP."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.sweden import codes
from tests.conftest import ROOT, Fhir

Json = dict[str, Any]

PHONE = {"system": "phone", "value": "063-000 00 01"}
# Long after 2026-07-01, from when the law asks for a way to reach the contact (R10).
LATER = "2090-01-01"


def today() -> dt.date:
    """Give the day it is in Sweden."""
    return dt.datetime.now(ZoneInfo("Europe/Stockholm")).date()


def days(count: int) -> str:
    """Give the date some days from today."""
    return (today() + dt.timedelta(days=count)).isoformat()


def licence(code: str, **more: Any) -> Json:
    """Give a licence (legitimation), as Practitioner.qualification."""
    return {"code": {"coding": [{"system": codes.HOSP, "code": code}]}, **more}


def certificate() -> Json:
    """Give the certificate (bevis) of an undersköterska, as Practitioner.qualification."""
    coding = {"system": codes.CERTIFICATE_SYSTEM, "code": codes.UNDERSKOTERSKA}
    return {"code": {"coding": [coding]}}


def reference(to: str) -> Json:
    """Give a Reference parameter's value."""
    return {"valueReference": {"reference": to}}


def code(value: str) -> Json:
    """Give a code parameter's value."""
    return {"valueCode": value}


def string(value: str) -> Json:
    """Give a string parameter's value."""
    return {"valueString": value}


def parameters(**named: Json | list[Json]) -> Json:
    """Give a Parameters resource; a list repeats the parameter."""
    return {"resourceType": "Parameters", "parameter": listed(named)}


def part(**named: Json | list[Json]) -> Json:
    """Give the value of a parameter that has parts."""
    return {"part": listed(named)}


def listed(named: dict[str, Json | list[Json]]) -> list[Json]:
    """Give ``Parameters.parameter``."""
    return [
        {"name": name, **value}
        for name, values in named.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def transaction(*requests: tuple[str, str, Json], kind: str = "transaction") -> Json:
    """Give a Bundle of requests (method, url, resource); fullUrl is urn:uuid: and a number."""
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {
                "fullUrl": full_url(number),
                "resource": resource,
                "request": {"method": method, "url": url},
            }
            for number, (method, url, resource) in enumerate(requests)
        ],
    }


def full_url(number: int) -> str:
    """Give the fullUrl of an entry of `transaction`."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


def fast_kontakt(patient: str, member: str | Json, kind: str = "1", **more: Any) -> Json:
    """Give an active CareTeam of category fast-kontakt; None as a value leaves an element out."""
    care_team: Json = {
        "resourceType": "CareTeam",
        "status": "active",
        "category": [category(codes.CARE_TEAM_CATEGORY, codes.FAST_KONTAKT)],
        "subject": {"reference": patient},
        "period": {"start": days(0)},
        "participant": [participant(member, kind)],
        "managingOrganization": [{"display": "Enheten"}],
    } | more
    return {name: value for name, value in care_team.items() if value is not None}


def participant(member: str | Json, kind: str = "1", **more: Any) -> Json:
    """Give CareTeam.participant with a type of contact."""
    to = {"reference": member} if isinstance(member, str) else member
    return {"role": [category(codes.CONTACT_TYPE, kind)], "member": to, **more}


def category(system: str, value: str) -> Json:
    """Give a CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": value}]}


def extension(resource: Json, url: str) -> Json:
    """Give the one extension with a url."""
    [found] = [each for each in resource.get("extension", []) if each["url"] == url]
    return dict(found)


def ended(care_team: Json, on: str) -> Json:
    """Give a CareTeam as it is when the assignment has ended, with the reason."""
    reason = {"coding": [{"system": codes.code_system("end-reason"), "code": "ersatt"}]}
    told = {"url": codes.END_REASON, "valueCodeableConcept": reason}
    return {
        **care_team,
        "status": "inactive",
        "period": {**care_team.get("period", {}), "end": on},
        "extension": [*care_team.get("extension", []), told],
    }


def result(response: Any) -> Json:
    """Give ``return`` of an answer that must be 201; tasks may have been made with it."""
    assert response.status_code == 201, response.text
    given = [p for p in response.json["parameter"] if "resource" in p]
    found = {p["name"]: p["resource"] for p in given}
    assert set(found) <= {"return", "outcome", "task"}
    return dict(found["return"])


def advice(response: Any) -> list[Json]:
    """Give what the law says in ``outcome`` of an answer that must be 201.

    Warnings of profiles are tested with the profiles; what guidance says has other codes.
    """
    assert response.status_code == 201, response.text
    return [i for i in outcome_issues(response) if i["code"] not in ("invariant", "informational")]


def guidance(response: Any) -> list[Json]:
    """Give what guidance, which is no law, says in ``outcome`` of an answer."""
    assert response.status_code in (200, 201), response.text
    return [i for i in outcome_issues(response) if i["code"] == "informational"]


def outcome_issues(response: Any) -> list[Json]:
    """Give all issues in ``outcome`` of an answer."""
    outcomes = [p["resource"] for p in response.json["parameter"] if p["name"] == "outcome"]
    return [i for outcome in outcomes for i in outcome["issue"]]


def paragraphs(issue: Json) -> list[str]:
    """Give the paragraphs of law that an issue names; rules of profiles have codings too."""
    codings = issue["details"].get("coding", [])
    named = [coding for coding in codings if coding["system"] == codes.LAW_SYSTEM]
    assert all(coding["display"] for coding in named)
    return [coding["code"] for coding in named]


def errors(response: Any) -> list[Json]:
    """Give what refuses in an OperationOutcome."""
    assert response.json["resourceType"] == "OperationOutcome", response.text
    return [issue for issue in response.json["issue"] if issue["severity"] == "error"]


def refusals(response: Any, status: int = 422) -> list[tuple[str, list[str], str]]:
    """Give code, paragraphs and expression of all that refuses a call."""
    assert response.status_code == status, response.text
    return [
        (issue["code"], paragraphs(issue), issue.get("expression", [""])[0])
        for issue in errors(response)
    ]


def refused_by(response: Any, paragraph: str, expression: str) -> None:
    """Demand that one rule of law, and nothing else, refuses; it names paragraph and place."""
    assert refusals(response) == [("business-rule", [paragraph], expression)], response.text


@dataclass
class Clinic:
    """Makes resources with ids of their own, so that tests share a database.

    Args:
        fhir: a client.
        unchecked: gives the same without referential integrity, for references that lead nowhere.
    """

    fhir: Fhir
    unchecked: Callable[[], Fhir] | None = None

    def put(self, resource: Json) -> str:
        """Store a resource that must be accepted; give its reference."""
        identity = resource.get("id") or f"t{secrets.token_hex(6)}"
        url = f"{resource['resourceType']}/{identity}"
        response = self.fhir.put(url, resource | {"id": identity})
        assert response.status_code in (200, 201), response.text
        return url

    def forget(self, url: str) -> None:
        """Delete what others still refer to."""
        assert self.unchecked is not None
        response = self.unchecked().delete(url)
        assert response.status_code == 204, response.text

    def load_demo(self, *names: str) -> None:
        """POST demo bundles, which must be accepted."""
        for name in names:
            response = self.fhir.post("", (ROOT / "demo" / f"{name}.json").read_bytes())
            assert response.status_code == 200, response.text

    def read(self, url: str) -> Json:
        """Give a resource that must be there."""
        response = self.fhir.get(url)
        assert response.status_code == 200, response.text
        return dict(response.json)

    def patient(self, **more: Any) -> str:
        """Store a patient."""
        return self.put({"resourceType": "Patient", "name": [{"family": "Test"}]} | more)

    def unit(self, huvudman: str = codes.REGION, kind: str = "", **more: Any) -> str:
        """Store a unit that can be reached; ``kind`` is its HSA verksamhetskod."""
        organization: Json = {
            "resourceType": "Organization",
            "name": "Enheten",
            "telecom": [PHONE],
        }
        if huvudman:
            organization["extension"] = [{"url": codes.HUVUDMAN, "valueCode": huvudman}]
        if kind:
            organization["type"] = [category(codes.VERKSAMHETSKOD, kind)]
        return self.put(organization | more)

    def person(self, *qualifications: Json, unit: str | None = None, **role: Any) -> str:
        """Store a named person in a role with a telephone; give the role's reference.

        Args:
            qualifications: of the Practitioner.
            unit: where; a unit of the region's own where left out.
            role: elements of the PractitionerRole; None leaves one out.
        """
        practitioner: Json = {
            "resourceType": "Practitioner",
            "name": [{"family": "Test", "given": ["Eva"]}],
        }
        if qualifications:
            practitioner["qualification"] = list(qualifications)
        return self.role(self.put(practitioner), unit=unit, **role)

    def role(self, practitioner: str | Json | None, unit: str | None = None, **more: Any) -> str:
        """Store a role of a Practitioner; None as a value leaves an element out."""
        whom = {"reference": practitioner} if isinstance(practitioner, str) else practitioner
        resource: Json = {
            "resourceType": "PractitionerRole",
            "active": True,
            "practitioner": whom,
            "organization": {"reference": unit or self.unit()},
            "telecom": [PHONE],
        } | more
        return self.put({name: value for name, value in resource.items() if value is not None})

    def nurse(self, unit: str | None = None, **role: Any) -> str:
        """Store a licensed nurse in a role."""
        return self.person(licence("SJ"), unit=unit, **role)

    def physician(self, unit: str | None = None, **role: Any) -> str:
        """Store a licensed physician in a role, in primary care where no unit is given."""
        return self.person(licence("LK"), unit=unit or self.unit(kind="15"), **role)

    def life_in_danger(self, patient: str, **more: Any) -> str:
        """Store a condition flagged as life-threatening."""
        flag = {"url": "flag", "valueBoolean": True}
        since = {"url": "at", "valueDateTime": "2026-02-10"}
        condition: Json = {
            "resourceType": "Condition",
            "subject": {"reference": patient},
            "clinicalStatus": clinical("active"),
            "code": {"text": "Livshotande tillstånd"},
            "extension": [{"url": codes.LIFE_THREATENING, "extension": [flag, since]}],
        }
        return self.put(condition | more)

    def assign(self, patient: str, role: str, kind: str = "1", /, **more: Json | list[Json]) -> Any:
        """Call $assign-fast-vardkontakt."""
        body = parameters(practitionerRole=reference(role), type=code(kind), **more)
        return self.fhir.post(f"{patient}/$assign-fast-vardkontakt", body)

    def contacts(self, patient: str, query: str = "") -> Json:
        """Call $named-contacts by id."""
        response = self.fhir.get(f"{patient}/$named-contacts{query}")
        assert response.status_code == 200, response.text
        return dict(response.json)

    def count(self, *types: str) -> list[int]:
        """Count the resources of some types."""
        totals = []
        for type_ in types:
            response = self.fhir.get(f"{type_}?_summary=count")
            assert response.status_code == 200, response.text
            totals.append(int(response.json["total"]))
        return totals

    @contextmanager
    def nothing_stored(self, *types: str) -> Iterator[None]:
        """Demand that what is done inside stores nothing of some types: CareTeams, if none."""
        types = types or ("CareTeam",)
        before = self.count(*types)
        yield
        assert self.count(*types) == before


def latest(fhir: Fhir) -> tuple[str, str]:
    """Give what was stored last of all, so that what stores nothing can be told."""
    [entry] = fhir.get("_history?_count=1").json["entry"]
    return entry["fullUrl"], entry["response"]["etag"]


def clinical(status: str) -> Json:
    """Give Condition.clinicalStatus."""
    return category("http://terminology.hl7.org/CodeSystem/condition-clinical", status)


def matches(bundle: Json) -> list[Json]:
    """Give the resources of a searchset that matched."""
    return [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]


def included(bundle: Json) -> set[str]:
    """Give the references of the resources that a searchset includes beside its matches."""
    return {
        f"{e['resource']['resourceType']}/{e['resource']['id']}"
        for e in bundle.get("entry", [])
        if e["search"]["mode"] == "include"
    }


def resources(bundle: Json) -> list[Json]:
    """Give the resources of a searchset, without what is only true at the moment it was made."""
    return [entry["resource"] for entry in bundle.get("entry", [])]


def members(bundle: Json) -> list[str]:
    """Give who the contacts in a searchset are, in its order."""
    return [team["participant"][0]["member"]["reference"] for team in matches(bundle)]
