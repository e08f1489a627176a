"""Parity with the national service contract GetCareManagers: every field, from stored data.

The tables of docs/national/getcaremanagers.md are the list; the schema of the contract says which
fields there must be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from fhir_server.fhirpath.engine import Engine, Environment
from fhir_server.profiles.definitions import Definitions
from fhir_server.sweden import codes
from tests.architecture import source_tree
from tests.architecture.source_tree import DOCS, operation_definitions
from tests.domain.clinic import Clinic, Json, code, fast_kontakt, parameters, string

PAGE = (DOCS / "national" / "getcaremanagers.md").read_text("utf-8")
HSA = "urn:oid:1.2.752.129.2.1.4.1"
PERSON = "196101182803"
PROCESS = "8f7c1a52-4a3e-4f0c-9f0e-2b1d0c9a7e11"

# The schema of version 1.0 RC2: types by name, with their elements.
II = {"root": None, "extension": None}
CV = dict.fromkeys(
    ("code", "codeSystem", "codeSystemName", "codeSystemVersion", "displayName", "originalText")
)
FHIR_CODE = {"code": None, "codeSystem": None}
HOURS = {
    "datePeriod": {"start": None, "end": None},
    "weekDay": None,
    "month": None,
    "time": {"start": None, "end": None},
}
CONTACT = {
    "telecom": {"system": FHIR_CODE, "value": None, "period": HOURS},
    "address": {
        "type": FHIR_CODE,
        "line": None,
        "city": None,
        "postalCode": None,
        "period": HOURS,
    },
}
ORGANIZATION = {"hsaId": II, "name": None, "contact": "ContactType"}
ANSWER = {
    "careManagerHeader": {
        "accessControlHeader": {
            "accountableHealthcareProviderId": II,
            "accountableCareUnitId": II,
            "patientId": II,
            "careProcessId": II,
            "blockComparisonTime": None,
        },
        "sourceSystemId": II,
    },
    "code": CV,
    "practitioner": {"hsaId": II, "name": None, "qualification": CV},
    "careTeam": {
        "id": II,
        "name": None,
        "internalNotes": None,
        "externalNotes": None,
        "contact": "ContactType",
    },
    "period": {"start": None, "end": None},
    "internalNotes": None,
    "externalNotes": None,
    "managingCareGiver": ORGANIZATION,
    "managingCareUnit": ORGANIZATION,
    "careProvidingCareUnit": ORGANIZATION,
    "contact": "ContactType",
}
REQUEST = {
    "patientId": II,
    "careGiverId": II,
    "careUnitId": II,
    "careManagerType": FHIR_CODE,
    "careProcessId": II,
}


def flattened(type_: dict[str, Any], leaf: Any = None, path: str = "") -> Iterator[str]:
    """Give the paths of a type's elements that are no types themselves, or are one of a name."""
    for name, inner in type_.items():
        if inner == leaf:
            yield f"{path}{name}"
        elif isinstance(inner, dict):
            yield from flattened(inner, leaf, f"{path}{name}.")


table = partial(source_tree.table, PAGE)
FIELDS = table("Field", "Path", "Example")
PLACES = table("Place", "Telecom", "Address", "Number", "Street")
NAMES = table("Name", "Stands for")


def test_every_field_of_the_schema_has_a_row_and_every_row_a_field() -> None:
    """Acceptance 6."""
    listed = [row["Field"] for row in FIELDS]
    assert sorted(listed) == sorted([*flattened(ANSWER), *flattened(CONTACT)])
    assert sorted(row["Place"] for row in PLACES) == sorted(flattened(ANSWER, "ContactType"))
    asked = [row["Field"] for row in table("Field", "Parameter", "Note")]
    assert sorted(asked) == sorted(flattened(REQUEST))
    assert all(row["Path"] and row["Example"] for row in FIELDS)


def test_every_field_of_the_request_is_a_parameter() -> None:
    """R121, R122."""
    [definition] = [d for d in operation_definitions() if d["code"] == "named-contacts"]
    known = {parameter["name"] for parameter in definition["parameter"]}
    assert {row["Parameter"] for row in table("Field", "Parameter", "Note")} <= known


# ---- one contact with everything --------------------------------------------------------------


def hours() -> Json:
    return {
        "url": codes.CONTACT_AVAILABILITY,
        "extension": [
            {"url": "daysOfWeek", "valueCode": "mon"},
            {"url": "availableStartTime", "valueTime": "08:00:00"},
            {"url": "availableEndTime", "valueTime": "16:00:00"},
            {"url": "month", "valueCode": "mar"},
            {"url": "during", "valuePeriod": {"start": "2026-01-01", "end": "2090-06-30"}},
        ],
    }


def telecom(number: int) -> list[Json]:
    return [{"system": "phone", "value": f"063-000 01 0{number}", "extension": [hours()]}]


def address(number: int) -> Json:
    return {
        "type": "both",
        "line": [f"Testgatan {number}"],
        "city": "Östersund",
        "postalCode": "831 30",
        "extension": [hours()],
    }


def hsa(letter: str) -> Json:
    return {"system": HSA, "value": f"SE2321000214-TEST{letter}"}


def note(text: str) -> Json:
    return {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": text}}


def contact_address(number: int) -> Json:
    return {"url": codes.structure("contact-address"), "valueAddress": address(number)}


def units(clinic: Clinic) -> tuple[str, str]:
    """Store the vårdgivare, the unit, and the unit that gives the care; give the last two."""
    legal = {"system": codes.ORGANISATIONSNUMMER, "value": "2321000214"}

    def organization(letter: str, number: int, name: str, **more: Any) -> str:
        own = {"name": name, "telecom": telecom(number), "address": [address(number)]}
        return clinic.unit(**({"identifier": [hsa(letter)], **own} | more))

    giver = organization("A", 3, "Region Test", identifier=[hsa("A"), legal])
    above = {"partOf": {"reference": giver}}
    unit = organization("B", 4, "Hälsocentralen Test", **above)
    return unit, organization("E", 5, "Filialen Test", **above)


def staff(clinic: Clinic, providing: str) -> str:
    person = clinic.put(
        {"resourceType": "Practitioner", "identifier": [hsa("D")], "name": [{"text": "Eva Test"}]}
    )
    position = {
        "system": codes.BEFATTNING,
        "version": "2024",
        "code": "206011",
        "display": "Distriktssköterska",
    }
    return clinic.role(person, providing, code=[{"coding": [position], "text": "dsk"}])


def team_of(clinic: Clinic) -> str:
    return clinic.put(
        {
            "resourceType": "CareTeam",
            "status": "active",
            "identifier": [{"system": "urn:oid:1.2.752.129.2.1.4.1.9", "value": "NORRA"}],
            "name": "Norra teamet",
            "extension": [note("Ring inte före åtta."), contact_address(2)],
            "note": [{"text": "Vi svarar alla vardagar."}],
            "telecom": telecom(2),
        }
    )


def contact(clinic: Clinic, patient: str, unit: str, providing: str) -> str:
    """Store the contact, its hälsoärende, its team and what documents it."""
    process = clinic.put(
        {
            "resourceType": "EpisodeOfCare",
            "status": "active",
            "identifier": [{"system": "urn:oid:1.2.752.129.2.1.2.1", "value": PROCESS}],
            "patient": {"reference": patient},
            "period": {"start": "2026-03-01"},
        }
    )
    national = {
        "system": codes.CONTACT_TYPE,
        "version": "0.9",
        "code": "1",
        "display": "fast vårdkontakt",
    }
    title = {"system": codes.CONTACT_TITLE_SYSTEM, "code": "kontaktsjukskoterska"}
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": team_of(clinic)}}
    participant = {
        "extension": [via],
        "role": [{"coding": [national, title], "text": "Kontaktsjuksköterska"}],
        "member": {"reference": staff(clinic, providing)},
    }
    belongs = {"url": codes.CARE_PROCESS, "valueReference": {"reference": process}}
    return clinic.put(
        fast_kontakt(
            patient,
            "",
            meta={"source": f"{HSA}#SE2321000214-TESTC"},
            participant=[participant],
            period={"start": "2026-03-03", "end": "2090-12-31"},
            extension=[note("Dottern vill vara med."), contact_address(1), belongs],
            note=[{"text": "Ring Eva i första hand."}],
            telecom=telecom(1),
            managingOrganization=[{"reference": unit}],
        )
    )


def documented(clinic: Clinic, team: str) -> None:
    system = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    agents = [
        {"type": {"coding": [{"system": system, "code": role}]}, "who": {"identifier": hsa(letter)}}
        for role, letter in (("custodian", "A"), ("author", "B"))
    ]
    clinic.put(
        {
            "resourceType": "Provenance",
            "target": [{"reference": team}],
            "recorded": "2026-03-03T10:00:00+01:00",
            "agent": agents,
        }
    )


@pytest.fixture(scope="module")
def answer(app: Any) -> Json:
    """The answer to a request that gives every field of the contract's, by one POST."""
    from tests.conftest import Fhir

    clinic = Clinic(Fhir(app.test_client()))
    patient = clinic.patient(identifier=[{"system": codes.PERSONNUMMER, "value": PERSON}])
    unit, providing = units(clinic)
    documented(clinic, contact(clinic, patient, unit, providing))
    other = clinic.nurse()
    clinic.assign(patient, other, "4")
    body = parameters(
        identifier=string(f"1.2.752.129.2.1.3.1|{PERSON}"),
        careGiver=string("1.2.752.129.2.1.4.1|SE2321000214-TESTA"),
        careUnit=string("1.2.752.129.2.1.4.1|SE2321000214-TESTB"),
        type=[code("1"), code("kontaktsjukskoterska")],
        careProcess=string(f"1.2.752.129.2.1.2.1|{PROCESS}"),
    )
    response = clinic.fhir.post("Patient/$named-contacts", body)
    assert response.status_code == 200, response.text
    assert response.json["total"] == 1
    return dict(response.json)


ENGINE = Engine(Definitions.load())


def evaluated(path: str, bundle: Json, **names: str) -> list[str]:
    """Give what a path of the page gives on an answer, as text."""
    by_url = {
        "/".join(entry["fullUrl"].split("/")[-2:]): entry["resource"]
        for entry in bundle["entry"]
        if "fullUrl" in entry
    }
    expression = ENGINE.compile(spelled(path, names), "Bundle")
    found = expression.evaluate(bundle, Environment(bundle, bundle, resolve=by_url.get))
    return [str(getattr(item, "value", item)) for item in found]


def spelled(path: str, names: dict[str, str]) -> str:
    """Spell the short names and the names of extensions of the page out."""
    known = {row["Name"]: row["Stands for"] for row in NAMES} | names
    while "%" in path:
        path = re.sub(r"%\w+", lambda name: known[name[0]], path)
    return re.sub(
        r"extension\('([\w-]+)'\)",
        lambda name: f"extension('{codes.structure(name[1])}')",
        path,
    )


@pytest.mark.parametrize(
    "row",
    [row for row in FIELDS if not row["Field"].startswith(("telecom.", "address."))],
    ids=lambda row: row["Field"],
)
def test_a_field_is_in_the_answer(row: dict[str, str], answer: Json) -> None:
    """Acceptance 6, R53, R112, R121."""
    assert evaluated(row["Path"], answer) == [row["Example"]]


@pytest.mark.parametrize("place", PLACES, ids=lambda row: row["Place"])
@pytest.mark.parametrize(
    "row",
    [row for row in FIELDS if row["Field"].startswith(("telecom.", "address."))],
    ids=lambda row: row["Field"],
)
def test_a_way_to_reach_somebody_is_in_the_answer(
    row: dict[str, str], place: dict[str, str], answer: Json
) -> None:
    """Acceptance 6, R43, R44: on each of the five levels."""
    names = {"%telecom": place["Telecom"], "%address": place["Address"]}
    expected = place.get(row["Example"], row["Example"])
    assert evaluated(row["Path"], answer, **names) == [expected]


def test_a_path_that_gives_something_else_is_found(answer: Json) -> None:
    """The check can fail."""
    assert evaluated("%contact.note.text", answer) != ["Ring Ola i första hand."]
    assert evaluated("%contact.name", answer) == []


def test_the_patient_gets_all_but_the_internal_notes(clinic: Clinic, answer: Json) -> None:
    """R114: the same request for 1177."""
    named = quote(f"1.2.752.129.2.1.3.1|{PERSON}", safe="")
    path = f"Patient/$named-contacts?identifier={named}&audience=patient&type=1"
    bundle = clinic.fhir.get(path).json
    for row in FIELDS:
        if row["Field"].startswith(("telecom.", "address.")):
            continue
        internal = row["Field"].endswith("internalNotes")
        expected = [] if internal else [row["Example"]]
        assert evaluated(row["Path"], bundle) == expected, row["Field"]
