"""Parity with the national service contract GetCarePlans: every field, from a stored plan.

The tables of docs/national/getcareplans.md are the list; the schema of the contract says which
fields there must be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from fhir_server.fhirpath.engine import Engine, Environment
from fhir_server.profiles.definitions import Definitions
from fhir_server.sweden import codes
from tests.architecture import source_tree
from tests.architecture.source_tree import DOCS
from tests.conftest import Fhir
from tests.domain import sip_calls
from tests.domain.clinic import Clinic, Json, category

PAGE = (DOCS / "national" / "getcareplans.md").read_text("utf-8")
HSA = "urn:oid:1.2.752.129.2.1.4.1"
PERSON = "196101182803"

# The schema of the response, 2.0 (GetCarePlansResponder_2.0.xsd): elements by name.
CV = dict.fromkeys(
    ("code", "codeSystem", "codeSystemName", "codeSystemVersion", "displayName", "originalText")
)
UNIT = dict.fromkeys(
    (
        "orgUnitHSAId",
        "orgUnitName",
        "orgUnitTelecom",
        "orgUnitEmail",
        "orgUnitAddress",
        "orgUnitLocation",
    )
)
ANSWER: dict[str, Any] = {
    "carePlanHeader": {
        "documentId": None,
        "sourceSystemHSAId": None,
        "documentTitle": None,
        "documentTime": None,
        "patientId": {"id": None, "type": None},
        "accountableHealthcareProfessional": {
            "authorTime": None,
            "healthcareProfessionalHSAId": None,
            "healthcareProfessionalName": None,
            "healthcareProfessionalRoleCode": CV,
            "healthcareProfessionalOrgUnit": UNIT,
            "healthcareProfessionalCareUnitHSAId": None,
            "healthcareProfessionalCareGiverHSAId": None,
        },
        "legalAuthenticator": {
            "signatureTime": None,
            "legalAuthenticatorHSAId": None,
            "legalAuthenticatorName": None,
        },
        "approvedForPatient": None,
        "careContactId": None,
    },
    "carePlanBody": {
        "content": {"mediaType": None, "value": None, "reference": None},
        "participatingCareUnitHSAId": {"root": None, "extension": None},
        "typeOfCarePlanEnum": None,
    },
}


def flattened(type_: dict[str, Any], path: str = "") -> Iterator[str]:
    """Give the paths of a type's elements that are no types themselves."""
    for name, inner in type_.items():
        if inner is None:
            yield f"{path}{name}"
        else:
            yield from flattened(inner, f"{path}{name}.")


table = partial(source_tree.table, PAGE)
FIELDS = table("Field", "Path", "Example")
NAMES = {row["Name"]: row["Stands for"] for row in table("Name", "Stands for")}


def test_every_field_of_the_schema_has_a_row_and_every_row_a_field() -> None:
    """R93: nothing that the contract can say is left out."""
    listed = [row["Field"] for row in (*FIELDS, *table("Field", "From"))]
    assert sorted(listed) == sorted(flattened(ANSWER))
    assert all(row["Path"] and row["Example"] for row in FIELDS)


def hsa(letter: str) -> Json:
    return {"system": HSA, "value": f"SE2321000214-TEST{letter}"}


def author(clinic: Clinic) -> tuple[str, str]:
    """Store who wrote the plan, at a unit of a vårdgivare; give role and person."""
    giver = clinic.unit(name="Region Test", identifier=[hsa("A")])
    unit = clinic.unit(
        name="Hälsocentralen Test",
        identifier=[hsa("B")],
        telecom=[
            {"system": "phone", "value": "063-000 01 04"},
            {"system": "email", "value": "hc@test.example"},
        ],
        address=[{"text": "Testgatan 4, 831 30 Östersund", "city": "Östersund"}],
        partOf={"reference": giver},
    )
    person = clinic.put(
        {"resourceType": "Practitioner", "identifier": [hsa("D")], "name": [{"text": "Eva Test"}]}
    )
    position = {
        "system": codes.BEFATTNING,
        "version": "2024",
        "code": "206011",
        "display": "Distriktssköterska",
    }
    return clinic.role(person, unit, code=[{"coding": [position], "text": "dsk"}]), person


def documented(clinic: Clinic, plan: str, person: str) -> None:
    """Store who answers for the plan, and who signed it."""
    system = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    agents = [
        {"type": category(system, role), "who": {"identifier": hsa(letter)}}
        for role, letter in (("custodian", "A"), ("author", "B"))
    ]
    clinic.put(
        {
            "resourceType": "Provenance",
            "target": [{"reference": plan}],
            "recorded": "2026-03-12T14:05:00+01:00",
            "agent": agents,
            "signature": [
                {
                    "type": [
                        {"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.1"}
                    ],
                    "when": "2026-03-12T14:10:00+01:00",
                    "who": {"reference": person},
                }
            ],
        }
    )


def stored_plan(clinic: Clinic) -> str:
    """Store a plan that fills every field of the contract's; give its reference."""
    patient = clinic.patient(identifier=[{"system": codes.PERSONNUMMER, "value": PERSON}])
    role, person = author(clinic)
    stay = clinic.put(
        {
            "resourceType": "Encounter",
            "status": "finished",
            "identifier": [{"system": "urn:oid:1.2.3", "value": "VK-1"}],
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "IMP",
            },
            "subject": {"reference": patient},
            "period": {"start": "2026-03-02", "end": "2026-03-06"},
            "serviceProvider": {"reference": clinic.unit()},
        }
    )
    taking_part = clinic.unit(codes.KOMMUN, identifier=[hsa("E")])
    plan = clinic.put(
        {
            "resourceType": "CarePlan",
            "meta": {"source": f"{HSA}#SE2321000214-TESTC"},
            "extension": [{"url": codes.APPROVED_FOR_PATIENT, "valueBoolean": True}],
            "identifier": [{"system": "urn:oid:1.2.4", "value": "SIP-2026-17"}],
            "status": "draft",
            "intent": "plan",
            "category": [category(codes.CARE_PLAN_CATEGORY, codes.SIP)],
            "title": "Samordnad individuell plan",
            "created": "2026-03-12T14:00:00+01:00",
            "period": {"start": "2026-03-12"},
            "subject": {"reference": patient},
            "encounter": {"reference": stay},
            "author": {"reference": role},
            "contributor": [{"reference": taking_part}],
            "supportingInfo": [
                {"reference": clinic.put(sip_calls.consent_to_sip(patient))},
            ],
        }
    )
    documented(clinic, plan, person)
    return plan


ASKED = (
    "_include=CarePlan:*&_include:iterate=PractitionerRole:practitioner"
    "&_include:iterate=PractitionerRole:organization&_include:iterate=Organization:partof"
    "&_revinclude=Provenance:target"
)


@pytest.fixture(scope="module")
def clinic_with_plan(app: Any) -> tuple[Clinic, str]:
    clinic = Clinic(Fhir(app.test_client()))
    return clinic, stored_plan(clinic)


@pytest.fixture(scope="module")
def answer(clinic_with_plan: tuple[Clinic, str]) -> Json:
    """The answer to the search of the page, with every parameter of the request."""
    clinic, _ = clinic_with_plan
    person = f"patient.identifier={codes.PERSONNUMMER}|{PERSON}"
    when = "date=ge2026-03-01&encounter.identifier=VK-1"
    response = clinic.fhir.get(f"CarePlan?{person}&{when}&{ASKED}")
    assert response.status_code == 200, response.text
    assert response.json["total"] == 1
    return dict(response.json)


ENGINE = Engine(Definitions.load())


def evaluated(path: str, bundle: Json) -> list[str]:
    """Give what a path of the page gives on an answer, each value once, as text."""
    by_url = {
        "/".join(entry["fullUrl"].split("/")[-2:]): entry["resource"] for entry in bundle["entry"]
    }
    while "%" in path:
        path = re.sub(r"%\w+", lambda name: NAMES[name[0]], path)
    expression = ENGINE.compile(path, "Bundle")
    found = expression.evaluate(bundle, Environment(bundle, bundle, resolve=by_url.get))
    values = [getattr(item, "value", item) for item in found]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


@pytest.mark.parametrize("row", FIELDS, ids=lambda row: row["Field"])
def test_a_field_is_in_the_answer(row: dict[str, str], answer: Json) -> None:
    """R93, R98, R112, R113: by the path that the page gives."""
    assert evaluated(row["Path"], answer) == [row["Example"]]


def test_the_content_is_the_page_of_at_most_100_kb(clinic_with_plan: tuple[Clinic, str]) -> None:
    """R93: content.value is HTML that the contract takes."""
    clinic, plan = clinic_with_plan
    response = clinic.fhir.get(f"{plan}/$document?_format=html")
    assert response.content_type.startswith("text/html")
    assert 0 < len(response.data) <= 100 * 1024


@pytest.mark.parametrize(
    "query",
    [
        f"patient.identifier={codes.PERSONNUMMER}|{PERSON}",
        f"_source={HSA}%23SE2321000214-TESTC",
        "encounter.identifier=VK-1",
        "date=ge2026-03-01",
        f"_has:Provenance:target:agent:identifier={HSA}|SE2321000214-TESTB",
    ],
)
@pytest.mark.usefixtures("answer")
def test_the_request_finds_the_plan(clinic_with_plan: tuple[Clinic, str], query: str) -> None:
    """R98, R121: each parameter of the request alone."""
    clinic, plan = clinic_with_plan
    response = clinic.fhir.get(f"CarePlan?{query}")
    assert response.status_code == 200, response.text
    assert [f"CarePlan/{e['resource']['id']}" for e in response.json.get("entry", [])] == [plan]
