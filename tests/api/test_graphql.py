"""$graphql over HTTP, against a real database: what is asked for, what comes back, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from graphql import build_client_schema, get_introspection_query
from pymongo import monitoring

from fhir_server.app import create_app
from fhir_server.settings import Settings
from tests.conftest import Fhir

GIVEN: list[dict[str, Any]] = [
    {"resourceType": "Organization", "id": "ward", "name": "Avdelning 5"},
    {
        "resourceType": "Practitioner",
        "id": "doctor",
        "name": [{"family": "Lind", "given": ["Eva"]}],
    },
    {
        "resourceType": "Patient",
        "id": "peter",
        "active": True,
        "identifier": [
            {"system": "urn:oid:1.2.36.146.595.217.0.1", "value": "12345", "use": "usual"}
        ],
        "name": [
            {"use": "official", "family": "Chalmers", "given": ["Peter", "James"]},
            {"use": "usual", "given": ["Jim"]},
            {"use": "maiden", "family": "Windsor", "given": ["Peter", "James"]},
        ],
        "birthDate": "1974-12-25",
        "_birthDate": {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                    "valueDateTime": "1974-12-25T14:35:45-05:00",
                }
            ]
        },
        "telecom": [{"system": "phone", "use": "home", "value": "1", "rank": 2}],
        "managingOrganization": {"reference": "Organization/ward"},
        "generalPractitioner": [{"reference": "Practitioner/doctor"}],
    },
    {
        "resourceType": "Patient",
        "id": "maria",
        "name": [{"family": "Berg, Hed", "given": ["Maria"]}],
        "birthDate": "1949-01-02",
    },
    {
        "resourceType": "Observation",
        "id": "weight",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": "Patient/peter"},
        "performer": [{"reference": "Practitioner/doctor"}, {"display": "somebody"}],
        "effectiveDateTime": "2026-03-01",
        "valueQuantity": {"value": 1.10, "unit": "kg"},
    },
    {
        "resourceType": "MedicationRequest",
        "id": "pills",
        "status": "active",
        "intent": "order",
        "contained": [
            {"resourceType": "Medication", "id": "m", "code": {"text": "Alvedon"}},
        ],
        "medicationReference": {"reference": "#m"},
        "subject": {"reference": "Patient/maria"},
        "requester": {"reference": "http://elsewhere.example/fhir/Practitioner/1"},
    },
    *(
        {
            "resourceType": "Condition",
            "id": f"c{number}",
            "clinicalStatus": {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                        "code": "active" if number % 2 else "resolved",
                    }
                ]
            },
            "code": {"text": f"condition {number}"},
            "subject": {"reference": "Patient/peter" if number < 5 else "Patient/maria"},
            "recordedDate": f"2026-01-{number + 1:02}",
        }
        for number in range(7)
    ),
]


@pytest.fixture(scope="module", autouse=True)
def _given(app: Flask) -> None:
    fhir = Fhir(app.test_client())
    for resource in GIVEN:
        body = json.dumps(resource).replace("1.1,", "1.10,")
        response = fhir.put(f"{resource['resourceType']}/{resource['id']}", body)
        assert response.status_code == 201, response.text


def ask(fhir: Fhir, query: str, at: str = "", **variables: Any) -> Any:
    """Give the data of a query that must succeed."""
    response = send(fhir, query, at, **variables)
    assert response.status_code == 200, response.text
    assert set(response.json) == {"data"}
    return response.json["data"]


def send(fhir: Fhir, query: str, at: str = "", **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    path = f"{at}/$graphql" if at else "$graphql"
    return fhir.post(path, body, Content_Type="application/json")


def refused(fhir: Fhir, query: str, status: int, at: str = "", **variables: Any) -> str:
    """Give the first message of a query that must be refused."""
    response = send(fhir, query, at, **variables)
    assert response.status_code == status, response.text
    assert response.json["data"] is None
    error = response.json["errors"][0]
    outcome = error["extensions"]["resource"]
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["diagnostics"] == error["message"]
    message: str = error["message"]
    return message


# --- how it is called ---------------------------------------------------------------------------

QUERY = "{ Patient(id: peter) { id } }"
DATA = {"data": {"Patient": {"id": "peter"}}}
PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [{"name": "query", "valueString": QUERY}],
}


def test_a_query_may_stand_in_the_url(fhir: Fhir) -> None:
    response = fhir.get(f"$graphql?query={quote(QUERY)}")
    assert (response.status_code, response.json) == (200, DATA)
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_post_without_a_body_may_have_its_query_in_the_url(fhir: Fhir) -> None:
    assert fhir.post(f"$graphql?query={quote(QUERY)}", None).json == DATA
    assert fhir.post("$graphql", None).status_code == 400


def test_variables_may_stand_in_the_url(fhir: Fhir) -> None:
    query = quote("query q($id: ID!) { Patient(id: $id) { id } } query r { PatientList { id } }")
    variables = quote('{"id": "peter"}')
    response = fhir.get(f"$graphql?query={query}&variables={variables}&operationName=q")
    assert response.json == DATA


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("application/graphql", QUERY),
        ("application/json", json.dumps({"query": QUERY})),
        ("application/json", json.dumps(PARAMETERS)),
        ("application/fhir+json", json.dumps(PARAMETERS)),
        (
            "application/fhir+xml",
            '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="query"/>'
            f'<valueString value="{QUERY}"/></parameter></Parameters>',
        ),
    ],
)
def test_a_query_may_be_the_body(fhir: Fhir, media_type: str, body: str) -> None:
    response = fhir.post("$graphql", body, Content_Type=media_type)
    assert (response.status_code, response.json) == (200, DATA)


@pytest.mark.parametrize(
    ("media_type", "body", "status"),
    [
        ("text/plain", QUERY, 415),
        ("application/json", "[1]", 400),
        ("application/json", "{", 400),
        ("application/json", '{"query": 1}', 400),
        ("application/json", '{"query": "{ __typename }", "variables": []}', 400),
        ("application/json", '{"query": "{ __typename }", "operationName": 1}', 400),
        ("application/json", '{"query": " "}', 400),
        ("application/graphql", b"\xff", 400),
        ("application/fhir+json", '{"resourceType": "Parameters"}', 400),
        ("application/fhir+json", '{"resourceType": "Patient"}', 400),
        ("application/fhir+json", '{"resourceType": "Parameters", "parameter": 1}', 400),
        ("application/json", '{"resourceType": "Parameters", "parameter": true}', 400),
    ],
)
def test_another_body_is_refused_as_graphql_refuses(
    fhir: Fhir, media_type: str, body: str | bytes, status: int
) -> None:
    response = fhir.post("$graphql", body, Content_Type=media_type)
    assert response.status_code == status
    assert response.json["errors"][0]["extensions"]["resource"]["issue"]


def test_the_media_type_of_graphql_over_http_is_given_to_those_who_ask(fhir: Fhir) -> None:
    response = fhir.get(
        f"$graphql?query={quote(QUERY)}", Accept="application/graphql-response+json"
    )
    assert response.headers["Content-Type"].startswith("application/graphql-response+json")
    response = fhir.get(f"$graphql?query={quote(QUERY)}", Accept="application/fhir+xml")
    assert response.status_code == 406
    assert response.json["errors"]


def test_a_batch_gets_the_answer_as_a_binary(fhir: Fhir) -> None:
    url = f"$graphql?query={quote(QUERY)}"
    entry = {"request": {"method": "GET", "url": url}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    response = fhir.post("", bundle)
    resource = response.json["entry"][0]["resource"]
    assert resource["resourceType"] == "Binary"
    assert resource["contentType"] == "application/json"


# --- elements -----------------------------------------------------------------------------------


def test_the_fields_of_a_resource_in_scope_are_its_elements(fhir: Fhir) -> None:
    data = ask(fhir, "{ resourceType id name { family given } __typename }", "Patient/peter")
    assert data["resourceType"] == data["__typename"] == "Patient"
    assert data["name"][1] == {"family": None, "given": ["Jim"]}


def test_a_choice_is_asked_for_by_its_json_name_and_keeps_its_digits(fhir: Fhir) -> None:
    response = send(fhir, "{ valueQuantity { value unit } valueString }", "Observation/weight")
    assert (
        response.text == '{"data":{"valueQuantity":{"value":1.10,"unit":"kg"},"valueString":null}}'
    )


def test_extensions_of_primitives_stand_behind_an_underscore(fhir: Fhir) -> None:
    data = ask(fhir, "{ birthDate _birthDate { extension { valueDateTime } } }", "Patient/peter")
    assert data == {
        "birthDate": "1974-12-25",
        "_birthDate": {"extension": [{"valueDateTime": "1974-12-25T14:35:45-05:00"}]},
    }


def test_lists_are_filtered_by_what_is_inside(fhir: Fhir) -> None:
    query = """{
      quoted: name(use: "official") { family }
      bare: name(use: official) { family }
      both: name(use: maiden, family: Windsor) { given }
      inside: name(given: Jim) { use }
      number: telecom(rank: 2) { value }
      none: name(use: old) { family }
    }"""
    assert ask(fhir, query, "Patient/peter") == {
        "quoted": [{"family": "Chalmers"}],
        "bare": [{"family": "Chalmers"}],
        "both": [{"given": ["Peter", "James"]}],
        "inside": [{"use": "usual"}],
        "number": [{"value": "1"}],
        "none": [],
    }


def test_lists_are_cut_by_offset_and_count(fhir: Fhir) -> None:
    query = (
        "{ a: name(_offset: 1, _count: 1) { use } b: name(family: Windsor, _offset: 1) { use } }"
    )
    assert ask(fhir, query, "Patient/peter") == {"a": [{"use": "usual"}], "b": []}
    refused(fhir, "{ name(_offset: -1) { use } }", 400, "Patient/peter")


def test_fhirpath_as_an_argument_is_refused_by_name(fhir: Fhir) -> None:
    query = '{ name(fhirpath: "family.exists()") { family } }'
    assert "fhirpath" in refused(fhir, query, 400, "Patient/peter")


def test_skip_and_include_and_fragments_work(fhir: Fhir) -> None:
    query = """query q($yes: Boolean!) {
      Patient(id: peter) { ...P id @skip(if: $yes) active @include(if: $yes) }
    } fragment P on Patient { birthDate ... on Patient { name @include(if: false) { family } } }"""
    assert ask(fhir, query, yes=True) == {"Patient": {"birthDate": "1974-12-25", "active": True}}


# --- references ---------------------------------------------------------------------------------


def test_references_are_followed(fhir: Fhir) -> None:
    query = """{ subject { reference resource { ... on Patient { birthDate
      managingOrganization { resource { ... on Organization { name } } } } } } }"""
    assert ask(fhir, query, "Observation/weight")["subject"]["resource"] == {
        "birthDate": "1974-12-25",
        "managingOrganization": {"resource": {"name": "Avdelning 5"}},
    }


def test_the_type_may_be_an_argument_and_several_are_joined(fhir: Fhir) -> None:
    query = """{ subject {
      resource(type: Patient) { birthDate }
      resource(type: Group) { quantity }
      none: resource(type: [Group, Device]) { id }
    } }"""
    assert ask(fhir, query, "Observation/weight")["subject"] == {
        "resource": {"birthDate": "1974-12-25"},
        "none": None,
    }


def test_contained_resources_are_found(fhir: Fhir) -> None:
    query = """{ medicationReference { resource { ... on Medication { code { text } } } }
      contained { resourceType ... on Medication { id } } }"""
    assert ask(fhir, query, "MedicationRequest/pills") == {
        "medicationReference": {"resource": {"code": {"text": "Alvedon"}}},
        "contained": [{"resourceType": "Medication", "id": "m"}],
    }


def test_nothing_can_refer_to_a_contained_resource(fhir: Fhir) -> None:
    query = """{ contained { ... on Medication {
      MedicationRequestList(_reference: medication) { id } } } }"""
    assert "contained" in refused(fhir, query, 400, "MedicationRequest/pills")


def test_a_reference_that_leads_nowhere_is_an_error_unless_it_is_optional(fhir: Fhir) -> None:
    at = "MedicationRequest/pills"
    response = send(fhir, "{ requester { resource { id } } }", at)
    assert response.status_code == 404
    assert response.json["errors"][0]["path"] == ["requester", "resource"]
    assert response.json["errors"][0]["locations"] == [{"line": 1, "column": 15}]
    optional = ask(fhir, "{ requester { resource(optional: true) { id } } }", at)
    assert optional == {"requester": {"resource": None}}
    refused(fhir, "{ performer { resource { id } } }", 404, "Observation/weight")


# --- searches -----------------------------------------------------------------------------------


def test_a_single_resource_is_read_by_its_id(fhir: Fhir) -> None:
    assert ask(fhir, '{ Patient(id: "maria") { birthDate } }') == {
        "Patient": {"birthDate": "1949-01-02"}
    }
    assert "does not exist" in refused(fhir, "{ Patient(id: nobody) { id } }", 404)
    refused(fhir, "{ id }", 404, "Patient/nobody")


def test_a_list_is_searched_by_the_servers_parameters(fhir: Fhir) -> None:
    query = """{
      a: PatientList(name: "cha", birthdate: ["ge1950"], _count: 5) { id }
      b: PatientList(_id: [peter, maria], _sort: birthdate) { id }
      c: PatientList(general_practitioner: "Practitioner/doctor") { id }
      d: PatientList(_filter: "birthdate lt 1950") { id }
      e: PatientList(name: "berg, hed") { id }
      f: PatientList(active: true) { id }
      g: PatientList(name: "nobody") { id }
      h: ConditionList(_sort: ["-recorded-date"], _count: 2) { id }
    }"""
    found = {key: [each["id"] for each in value] for key, value in ask(fhir, query).items()}
    assert found == {
        "a": ["peter"],
        "b": ["maria", "peter"],
        "c": ["peter"],
        "d": ["maria"],
        "e": ["maria"],
        "f": ["peter"],
        "g": [],
        "h": ["c6", "c5"],
    }


def test_variables_of_text_may_stand_for_any_parameter(fhir: Fhir) -> None:
    query = """query q($name: String, $born: [String], $id: [ID!], $count: Int = 3) {
      PatientList(name: $name, birthdate: $born, _id: $id, _count: $count) { id } }"""
    found = ask(fhir, query, name="chal", born=["ge1950"], id=["peter", "maria"])
    assert found == {"PatientList": [{"id": "peter"}]}
    assert "Int" in refused(
        fhir, "query q($c: String) { PatientList(_count: $c) { id } }", 400, c="1"
    )
    refused(fhir, "query q($c: [Int]) { PatientList(_count: $c) { id } }", 400, c=[1])


def test_a_list_in_full_is_refused_where_it_is_more_than_a_page(
    settings: Settings, mongo_uri: str
) -> None:
    small = replace(settings, max_count=3, default_count=3)
    fhir = Fhir(create_app(small, mongo_uri).test_client())
    assert "ConditionConnection" in refused(fhir, "{ ConditionList { id } }", 403)
    assert len(ask(fhir, "{ ConditionList(_count: 3) { id } }")["ConditionList"]) == 3
    query = "{ PatientList { id ConditionList(_reference: patient, _count: 2) { id } } }"
    found = {each["id"]: len(each["ConditionList"]) for each in ask(fhir, query)["PatientList"]}
    assert found == {"peter": 2, "maria": 2}


CONNECTION = """count offset pagesize first previous next last
  edges { mode score resource { id } }"""


def test_a_connection_is_paged_by_cursors(fhir: Fhir) -> None:
    page = ask(fhir, f"{{ c: ConditionConnection(patient: peter, _count: 2) {{ {CONNECTION} }} }}")[
        "c"
    ]
    assert (page["count"], page["offset"], page["pagesize"]) == (5, 0, 2)
    assert page["edges"][0] == {"mode": "match", "score": None, "resource": {"id": "c0"}}
    first, seen = page["first"], [each["resource"]["id"] for each in page["edges"]]
    while page["next"]:
        query = f"query q($c: ID) {{ c: ConditionConnection(_cursor: $c) {{ {CONNECTION} }} }}"
        page = ask(fhir, query, c=page["next"])["c"]
        assert (page["count"], page["first"]) == (5, first)
        seen += [each["resource"]["id"] for each in page["edges"]]
    assert seen == [f"c{number}" for number in range(5)]
    again = ask(fhir, "query q($c: ID) { ConditionConnection(_cursor: $c) { next } }", c=first)
    assert again["ConditionConnection"]["next"]


def test_a_cursor_stands_alone_and_fits_its_search(fhir: Fhir) -> None:
    first = ask(fhir, "{ ConditionConnection { first } }")["ConditionConnection"]["first"]
    with_more = "query q($c: ID) { ConditionConnection(_cursor: $c, patient: peter) { next } }"
    refused(fhir, with_more, 400, c=first)
    refused(fhir, "query q($c: ID) { PatientConnection(_cursor: $c) { next } }", 400, c=first)
    for bad in ("x", "!!!", "W10", "bnVsbA", "WyJQYXRpZW50IiwxLDJd"):
        refused(fhir, "query q($c: ID) { PatientConnection(_cursor: $c) { next } }", 400, c=bad)


def test_what_refers_to_a_resource_is_found_inside_it(fhir: Fhir) -> None:
    query = """{
      ConditionList(_reference: patient) { id }
      active: ConditionList(_reference: patient, clinical_status: active, _sort: "-recorded-date")
        { id }
      ConditionConnection(_reference: subject, _count: 1) { count next edges { resource { id } } }
      ProvenanceList(_reference: target) { id }
    }"""
    data = ask(fhir, query, "Patient/peter")
    assert [each["id"] for each in data["ConditionList"]] == ["c0", "c1", "c2", "c3", "c4"]
    assert [each["id"] for each in data["active"]] == ["c3", "c1"]
    assert data["ConditionConnection"]["count"] == 5
    assert data["ProvenanceList"] == []
    follow = "query q($c: ID) { ConditionConnection(_cursor: $c) { edges { resource { id } } } }"
    page = ask(fhir, follow, c=data["ConditionConnection"]["next"])
    assert page["ConditionConnection"]["edges"] == [{"resource": {"id": "c1"}}]


def test_reverse_references_are_by_reference_parameters_alone(fhir: Fhir) -> None:
    assert "subject" in refused(
        fhir, "{ ConditionList(_reference: code) { id } }", 400, "Patient/peter"
    )
    refused(fhir, "{ ConditionList { id } }", 400, "Patient/peter")
    refused(
        fhir,
        "{ ConditionConnection(_reference: patient, _cursor: x) { next } }",
        400,
        "Patient/peter",
    )
    refused(fhir, "{ ConditionList(_reference: patient) { id } }", 400)


class Commands(monitoring.CommandListener):
    """Counts what is asked of the database."""

    def __init__(self) -> None:
        self.found = 0

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        asked = event.command_name in ("find", "aggregate", "count")
        self.found += asked and event.command[event.command_name] == "resources"

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


def test_the_number_of_searches_follows_the_query_and_not_the_data(
    settings: Settings, mongo_uri: str
) -> None:
    counted = Commands()
    monitoring.register(counted)
    try:
        fhir = Fhir(create_app(settings, mongo_uri).test_client())
    finally:
        monitoring._LISTENERS.command_listeners.remove(counted)
    query = """{ ConditionList { id subject { resource(type: Patient) { id
      ConditionList(_reference: patient) { id subject { resource { id } } } } } } }"""
    ask(fhir, "{ __typename }")  # what the application reads once is not counted
    counted.found = 0
    data = ask(fhir, query)
    found = {
        each["id"]: len(each["subject"]["resource"]["ConditionList"])
        for each in data["ConditionList"]
    }
    assert found == {f"c{n}": 5 if n < 5 else 2 for n in range(7)}
    assert counted.found == 3


def test_search_errors_name_the_parameter_and_never_its_value(fhir: Fhir) -> None:
    message = refused(fhir, '{ PatientList(birthdate: "secret-name") { id } }', 400)
    assert "birthdate" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query q($b: Boolean) { PatientList { id @skip(if: $b) } }", {"b": "secret"}),
        ("query q($b: Boolean!) { PatientList { id @skip(if: $b) } }", {"b": "secret"}),
        ("query q($n: Int) { PatientList(_count: $n) { id } }", {"n": "secret"}),
        ('{ PatientList(_count: "secret") { id } }', {}),
        ("query q($n: [String]) { PatientList(name: $n) { id } }", {"n": [{"secret": 1}]}),
        ("query q($n: [token]) { PatientList(_id: $n) { id } }", {"n": [{"secret": 1}]}),
    ],
)
def test_errors_of_graphql_do_not_tell_what_was_sent(
    fhir: Fhir, query: str, variables: dict[str, Any]
) -> None:
    response = send(fhir, query, **variables)
    assert response.status_code == 400
    assert "secret" not in response.text


# --- directives ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (
            "{ identifier @flatten { system value } active name @flatten { text given family } }",
            {
                "system": ["urn:oid:1.2.36.146.595.217.0.1"],
                "value": ["12345"],
                "active": True,
                "given": ["Peter", "James", "Jim", "Peter", "James"],
                "family": ["Chalmers", "Windsor"],
            },
        ),
        (
            "{ active name @flatten { text given @first family } }",
            {"active": True, "given": ["Peter", "Jim", "Peter"], "family": ["Chalmers", "Windsor"]},
        ),
        (
            "{ identifier @flatten { system @singleton value @singleton } active "
            "name @flatten @first { text given family @singleton } }",
            {
                "system": "urn:oid:1.2.36.146.595.217.0.1",
                "value": "12345",
                "active": True,
                "given": ["Peter", "James"],
                "family": "Chalmers",
            },
        ),
        (
            '{ name @slice(path: "$index") @flatten { given @first @singleton family } }',
            {
                "given.0": "Peter",
                "family.0": ["Chalmers"],
                "given.1": "Jim",
                "given.2": "Peter",
                "family.2": ["Windsor"],
            },
        ),
        (
            '{ name @flatten @slice(path: "use") { given family @singleton } }',
            {
                "given.official": ["Peter", "James"],
                "family.official": "Chalmers",
                "given.usual": ["Jim"],
                "given.maiden": ["Peter", "James"],
                "family.maiden": "Windsor",
            },
        ),
        (
            '{ telecom @slice(path: "use") { value } name @first @singleton { use } }',
            {"telecom.home": [{"value": "1"}], "name": {"use": "official"}},
        ),
        (
            "{ managingOrganization @flatten { resource @flatten { ... on Organization { name } } } }",
            {"name": "Avdelning 5"},
        ),
        (
            '{ name @flatten @slice(path: "use") { given @slice(path: "$index") @singleton } }',
            {
                "given.official.0": "Peter",
                "given.official.1": "James",
                "given.usual.0": "Jim",
                "given.maiden.0": "Peter",
                "given.maiden.1": "James",
            },
        ),
        (
            "{ ConditionList(_reference: patient, _count: 2) @flatten { code @flatten { text } } }",
            {"text": ["condition 0", "condition 1"]},
        ),
    ],
)
def test_the_directives_change_the_shape(fhir: Fhir, query: str, wanted: Any) -> None:
    assert ask(fhir, query, "Patient/peter") == wanted


@pytest.mark.parametrize(
    "query",
    [
        "{ name @flatten { family @singleton } }",
        "{ name @singleton { family } }",
        "{ id @flatten }",
        "{ name @flatten @singleton { family } }",
        '{ name @first @slice(path: "use") { family } }',
        '{ name @slice(path: "use.exists()") { family } }',
        "{ name @slice { family } }",
        "{ telecom @flatten { value } identifier @flatten { value: use } }",
        "{ id identifier @flatten { id: value } }",
        "{ name @export { family } }",
    ],
)
def test_directives_that_make_no_sense_are_refused(fhir: Fhir, query: str) -> None:
    refused(fhir, query, 400, "Patient/peter")


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ PatientList { id ", "Syntax"),
        ("{ PatientList { nothing } }", "nothing"),
        ("{ PatientLst { id } }", "PatientLst"),
        ("{ PatientList(nam: x) { id } }", "nam"),
        ("{ PatientList }", "subfields"),
        ("{ PatientList { name } }", "subfields"),
        ("{ PatientList { id { x } } }", "selection"),
        ("{ PatientList { } }", "Syntax"),
        ("{ Patient { id } }", "id"),
        ("mutation { PatientDelete(id: 1) { id } }", "mutation"),
        ("subscription { PatientList { id } }", "subscription"),
        ("query a { __typename } query b { __typename }", "operationName"),
        ("{ Patient(id: $x) { id } }", "x"),
        ("{ PatientList @defer { id } }", "defer"),
        ("type Query { a: Int }", "executable"),
    ],
)
def test_what_is_no_valid_query_is_refused(fhir: Fhir, query: str, said: str) -> None:
    assert said in refused(fhir, query, 400)


def test_an_unknown_operation_name_is_refused(fhir: Fhir) -> None:
    body = {"query": "query a { __typename }", "operationName": "b"}
    response = fhir.post("$graphql", body, Content_Type="application/json")
    assert response.status_code == 400


def nested(levels: int) -> str:
    inside = "id"
    for _ in range(levels):
        inside = f"partOf {{ resource(optional: true) {{ ... on Organization {{ {inside} }} }} }}"
    return f"{{ OrganizationList {{ {inside} }} }}"


def doubling(levels: int) -> str:
    parts = [f"fragment f{n} on Patient {{ ...g{n} ...h{n} }}" for n in range(levels)]
    for n in range(levels):
        inner = f"...f{n + 1}" if n + 1 < levels else "id"
        parts.append(f"fragment g{n} on Patient {{ a{n}: contact {{ id }} {inner} }}")
        parts.append(f"fragment h{n} on Patient {{ b{n}: contact {{ id }} {inner} }}")
    return "{ PatientList { ...f0 } } " + " ".join(parts)


def chained(fragments: int) -> str:
    return " ".join(f"fragment f{n} on Patient {{ ...f{n + 1} }}" for n in range(fragments))


SCHEMA = "fragment S on __Schema { types { fields { name args { name type { name } } } } }"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (nested(50), 403),
        ("{ a" * 3000 + "}" * 3000, 400),
        ("{" + " ".join(f"a{n}: PatientList {{ id }}" for n in range(4000)) + "}", 403),
        ("{" + " ".join(f"a{n}: PatientList(_count: 1) {{ id }}" for n in range(600)) + "}", 403),
        ("{ PatientList { " + "id " * 4000 + "} }", 403),
        ("{ PatientList { " + "...f " * 4000 + "} } fragment f on Patient { id }", 403),
        (doubling(20), 403),
        (
            "{ PatientList { ...a } } fragment a on Patient { ...b } fragment b on Patient { ...a }",
            400,
        ),
        ("{ PatientList { ...a } } fragment a on Patient { id ...a }", 400),
        ("{ PatientList(name: [" + '"a" ' * 20000 + "]) { id } }", 400),
        ("{ __schema { types " + "{ fields { type " * 8 + "{ name }" + "} }" * 8 + "} }", 400),
        ("#" * 2_000_000, 400),
        ("{ PatientList { ...f0 } } " + chained(300) + " fragment f300 on Patient { id }", 403),
        ("{ PatientList { " + "... on Patient { " * 100 + "id" + "} " * 100 + "} }", 403),
        ("{" + " ".join(f"a{n}: __schema {{ ...S }}" for n in range(100)) + "} " + SCHEMA, 403),
    ],
)
def test_a_hostile_query_is_refused_at_once(fhir: Fhir, query: str, status: int) -> None:
    assert refused(fhir, query, status)


def test_long_texts_can_not_be_multiplied(fhir: Fhir) -> None:
    data = "QUJD" * 500_000
    photo = {
        "resourceType": "Practitioner",
        "id": "photo",
        "photo": [{"contentType": "image/png", "data": data}],
    }
    assert fhir.put("Practitioner/photo", photo).status_code == 201
    one = ask(fhir, "{ photo { data } }", "Practitioner/photo")
    assert one["photo"][0]["data"] == data
    many = " ".join(f"a{n}: data" for n in range(60))
    assert "characters" in refused(fhir, f"{{ photo {{ {many} }} }}", 403, "Practitioner/photo")


def test_values_can_not_be_multiplied(fhir: Fhir) -> None:
    patient = {"resourceType": "Patient", "id": "many", "name": [{"text": "x"}] * 1500}
    assert fhir.put("Patient/many", patient).status_code == 201
    many = " ".join(f"a{n}: text" for n in range(1000))
    assert "values" in refused(fhir, f"{{ name {{ {many} }} }}", 403, "Patient/many")


def test_a_query_of_the_greatest_depth_is_answered(fhir: Fhir) -> None:
    assert len(ask(fhir, nested(6))["OrganizationList"]) == 1


# --- the schema ---------------------------------------------------------------------------------


def test_the_schema_can_be_read_by_a_tool(fhir: Fhir) -> None:
    data = ask(fhir, get_introspection_query())
    schema = build_client_schema(data)
    assert schema.query_type is not None
    assert {"Patient", "PatientList", "PatientConnection"} <= set(schema.query_type.fields)
    patient = schema.type_map["Patient"]
    assert "_birthDate" in patient.fields  # type: ignore[attr-defined]
    assert str(schema.type_map["Observation"].fields["valueQuantity"].type) == "Quantity"  # type: ignore[attr-defined]


def test_the_schema_of_a_resource_has_the_resource_as_its_root(fhir: Fhir) -> None:
    query = "{ __schema { queryType { name } } __type(name: HumanName) { kind fields { name } } }"
    data = ask(fhir, query, "Patient/peter")
    assert data["__schema"] == {"queryType": {"name": "Patient"}}
    assert {"name": "family"} in data["__type"]["fields"]
