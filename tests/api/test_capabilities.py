"""What the server says of itself: CapabilityStatement, OpenAPI, health."""

from __future__ import annotations

from fhir_server.fhir import json
from fhir_server.fhir.model import second_opinion
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
    assert [o["name"] for o in care_team["operation"]] == ["assign-fast-vardkontakt"]
    assert any("fast-kontakt-careteam" in profile for profile in care_team["supportedProfile"])


def test_every_declared_search_parameter_answers(fhir: Fhir) -> None:
    values = {"date": "2026-03-02", "token": "x", "string": "x", "reference": "Patient/x", "uri": "urn:x",
              "number": "1", "quantity": "1"}  # fmt: skip
    for resource in fhir.get("metadata").json["rest"][0]["resource"]:
        if resource["type"] not in (
            "CareTeam",
            "CarePlan",
            "PractitionerRole",
            "Encounter",
            "Patient",
        ):
            continue
        for parameter in resource["searchParam"]:
            answer = fhir.client.get(
                f"/fhir/{resource['type']}",
                query_string={parameter["name"]: values[parameter["type"]]},
            )
            assert answer.status_code == 200, (resource["type"], parameter, answer.text)


def test_the_openapi_document_is_made_of_the_same_routes(fhir: Fhir) -> None:
    document = fhir.client.get("/openapi.json").json
    paths = document["paths"]
    assert {"get", "post"} <= set(paths["/fhir/CareTeam"])
    assert {"get", "put", "delete"} <= set(paths["/fhir/Encounter/{id}"])
    assert "get" in paths["/fhir/{type}/{id}/_history/{version}"]
    assert "post" in paths["/fhir/Patient/{id}/$assign-fast-vardkontakt"]
    assert {"get", "post"} <= set(paths["/fhir/Patient/$named-contacts"])
    names = {parameter["name"] for parameter in paths["/fhir/CarePlan"]["get"]["parameters"]}
    assert {"patient", "date"} <= names
    page = fhir.client.get("/docs")
    assert page.status_code == 200
    assert "cdn" not in page.text
    assert fhir.client.get("/docs/assets/swagger-ui-bundle.js").status_code == 200


def test_the_server_tells_whether_it_lives_and_whether_it_is_ready(fhir: Fhir) -> None:
    assert fhir.client.get("/healthz").json == {"status": "ok"}
    assert fhir.client.get("/readyz").json == {"status": "ready"}


def test_a_large_answer_is_sent_with_gzip_where_asked(fhir: Fhir) -> None:
    plain = fhir.get("metadata")
    packed = fhir.get("metadata", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) / 5
