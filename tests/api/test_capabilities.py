"""What the server says of itself: CapabilityStatement, OpenAPI, health."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir import json
from fhir_server.fhir.model import second_opinion
from fhir_server.interactions.capabilities import NORMATIVE_TYPES
from fhir_server.interactions.context import Server
from tests.conftest import Fhir


def test_the_capability_statement_is_valid_and_offers_every_type(
    fhir: Fhir, app_server: Server
) -> None:
    response = fhir.get("metadata")
    assert response.status_code == 200
    statement = json.plain(response.data)
    assert second_opinion(statement) == []
    assert app_server.validator.validate(statement) == []
    offered = {resource["type"]: resource for resource in statement["rest"][0]["resource"]}
    assert set(offered) == set(app_server.definitions.resource_types)
    care_team = offered["CareTeam"]
    assert {"patient", "category", "status", "role"} <= {
        p["name"] for p in care_team["searchParam"]
    }
    offered_operations = {o["name"] for o in care_team["operation"]}
    assert "assign-fast-vardkontakt" in offered_operations
    assert "generate-sip" not in offered_operations
    assert any("fast-kontakt-careteam" in profile for profile in care_team["supportedProfile"])


@pytest.mark.parametrize("mode", ["full", "normative", "terminology"])
def test_each_mode_gives_a_valid_statement(fhir: Fhir, app_server: Server, mode: str) -> None:
    response = fhir.get(f"metadata?mode={mode}")
    assert response.status_code == 200
    statement = json.plain(response.data)
    assert app_server.validator.validate(statement) == []
    wanted = "TerminologyCapabilities" if mode == "terminology" else "CapabilityStatement"
    assert statement["resourceType"] == wanted


def test_mode_normative_leaves_out_what_is_trial_use(fhir: Fhir) -> None:
    full = fhir.get("metadata").json["rest"][0]["resource"]
    normative = fhir.get("metadata?mode=normative").json["rest"][0]["resource"]
    assert {r["type"] for r in normative} == NORMATIVE_TYPES
    assert {"conditionalCreate", "searchInclude"} <= set(full[0])
    assert not {"conditionalCreate", "searchInclude"} & {key for r in normative for key in r}


def test_another_mode_is_refused(fhir: Fhir) -> None:
    assert fhir.get("metadata?mode=all").status_code == 400


def test_a_parameter_says_how_it_may_be_used(fhir: Fhir) -> None:
    patient = next(
        r for r in fhir.get("metadata").json["rest"][0]["resource"] if r["type"] == "Patient"
    )
    said = {p["name"]: p.get("documentation", "") for p in patient["searchParam"]}
    assert ":exact" in said["family"]
    assert ":missing" in said["birthdate"]
    assert "sa" in said["birthdate"].partition("Prefixes: ")[2].rstrip(".").split(", ")
    assert ":[type]" in said["general-practitioner"]
    assert "Patient:organization" in patient["searchInclude"]
    assert "Observation:subject" in patient["searchRevInclude"]


def test_the_openapi_document_is_made_of_the_same_routes(fhir: Fhir) -> None:
    document = fhir.client.get("/openapi.json").json
    paths = document["paths"]
    assert {"get", "post"} <= set(paths["/fhir/CareTeam"])
    assert {"get", "put", "delete"} <= set(paths["/fhir/Encounter/{id}"])
    assert "get" in paths["/fhir/{type}/{id}/_history/{version}"]
    assert "post" in paths["/fhir/Patient/{id}/$assign-fast-vardkontakt"]
    assert {"get", "post"} <= set(paths["/fhir/Patient/$named-contacts"])
    parameters = paths["/fhir/CarePlan"]["get"]["parameters"]
    assert {"patient", "date"} <= {parameter.get("name") for parameter in parameters}
    assert {"$ref": "#/components/parameters/Count"} in parameters
    assert "get" in paths["/fhir/Patient/{id}/{inner}"]
    assert "post" in paths["/fhir/{type}/_search"]
    page = fhir.client.get("/docs")
    assert page.status_code == 200
    assert "cdn" not in page.text
    assert fhir.client.get("/docs/assets/swagger-ui-bundle.js").status_code == 200


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from nodes(each)


def test_the_openapi_document_names_every_address_and_method(fhir: Fhir, app: Flask) -> None:
    paths = fhir.client.get("/openapi.json").json["paths"]
    described = {(path, method.upper()) for path, found in paths.items() for method in found}
    routed = {
        (re.sub(r"<(?:[a-z_]+:)?([a-z]+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/fhir") and method not in ("HEAD", "OPTIONS")
    }
    assert routed - described == set()


def test_the_openapi_document_describes_parameters_bodies_and_errors(fhir: Fhir) -> None:
    document = fhir.client.get("/openapi.json").json
    for node in nodes(document):
        if "$ref" in node:
            _, *steps = node["$ref"].split("/")
            target = document
            for step in steps:
                target = target[step]
    shared = document["components"]["parameters"]
    for path, found in document["paths"].items():
        for operation in (each for each in found.values() if isinstance(each, dict)):
            listed = [shared[p["$ref"].split("/")[-1]] if "$ref" in p else p
                      for p in operation.get("parameters", [])]  # fmt: skip
            names = [(p["in"], p["name"]) for p in listed]
            assert len(names) == len(set(names)), path
    update = document["paths"]["/fhir/Patient/{id}"]["put"]
    assert {"$ref": "#/components/parameters/IfMatch"} in update["parameters"]
    content = update["requestBody"]["content"]
    assert set(content) == {"application/fhir+json", "application/fhir+xml"}
    assert content["application/fhir+json"]["schema"]["required"] == ["resourceType", "id"]
    assert {"200", "201", "400", "409", "412", "415", "422"} <= set(update["responses"])
    patch = document["paths"]["/fhir/{type}/{id}"]["patch"]["requestBody"]["content"]
    assert {"application/json-patch+json", "application/xml-patch+xml"} <= set(patch)
    sip = document["paths"]["/fhir/Patient/{id}/$generate-sip"]["post"]["responses"]
    assert {"200", "201", "202", "429"} <= set(sip)
    query = document["paths"]["/fhir/{type}/{id}/$graphql"]["get"]["responses"]["404"]["content"]
    assert "application/fhir+json" in query
    operation = document["paths"]["/fhir/Patient/$named-contacts"]["get"]
    assert "identifier" in {p.get("name") for p in operation["parameters"]}


def test_the_server_tells_whether_it_lives_and_whether_it_is_ready(fhir: Fhir) -> None:
    assert fhir.client.get("/healthz").json == {"status": "ok"}
    assert fhir.client.get("/readyz").json == {"status": "ready"}


def test_a_packed_answer_to_a_read_does_not_depend_on_conditions_of_writes(fhir: Fhir) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{"word " * 400}</div>'
    text = {"status": "generated", "div": div}
    id_ = fhir.create({"resourceType": "Patient", "text": text})["id"]
    plain = fhir.get(f"Patient/{id_}", If_Match='"77"')
    packed = fhir.get(f"Patient/{id_}", If_Match='"77"', Accept_Encoding="gzip")
    assert (plain.status_code, packed.status_code) == (200, 200)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] == plain.headers["ETag"]


def test_a_large_answer_is_sent_with_gzip_where_asked(fhir: Fhir) -> None:
    plain = fhir.get("metadata")
    packed = fhir.get("metadata", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 5
