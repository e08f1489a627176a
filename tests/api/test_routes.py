"""Addresses and methods: what answers where, and what is refused how."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Fhir

INSTANCE = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
TYPE = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
READ = "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "Patient/1", INSTANCE),
        ("POST", "Basic/1", INSTANCE),
        ("TRACE", "Patient", TYPE),
        ("TRACE", "Basic", TYPE),
        ("GET", "Patient/_search", "OPTIONS, POST"),
        ("PUT", "Basic/_search", "OPTIONS, POST"),
        ("DELETE", "Patient/_search", "OPTIONS, POST"),
        ("PUT", "Patient/_history", READ),
        ("DELETE", "Basic/_history", READ),
        ("POST", "Patient/1/_history", READ),
        ("DELETE", "Patient/1/_history/1", READ),
        ("PUT", "Patient/1/Observation", READ),
        ("GET", "Patient/1/Observation/_search", "OPTIONS, POST"),
        ("POST", "Patient/1/*", READ),
        ("PUT", "", "GET, HEAD, OPTIONS, POST"),
        ("POST", "metadata", READ),
        ("PUT", "metadata", READ),
        ("POST", "_history", READ),
        ("GET", "_search", "OPTIONS, POST"),
        ("GET", "Patient/1/$generate-sip", "OPTIONS, POST"),
    ],
)
def test_another_method_is_refused_with_those_there_are(
    fhir: Fhir, method: str, path: str, allowed: str
) -> None:
    response = fhir.client.open(f"/fhir/{path}".rstrip("/"), method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == allowed
    assert response.json["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    "path",
    [
        "$nothing",
        "_nothing",
        "*",
        "Patient/$nothing",
        "Patient/1/$nothing",
        "Patient/1/_nothing",
        "Patient/*",
        "Patient/1/Observation/2",
        "Observation/1/Patient",
        "Patient//_history",
        "Patient/",
        "Patient/1/",
        "/Patient/1",
        "Patient/1/_history/",
        "Patient/1/_history/1/2",
    ],
)
def test_where_there_is_nothing_the_answer_says_so(fhir: Fhir, path: str) -> None:
    response = fhir.get(path)
    assert response.status_code == 404
    assert response.json["issue"][0]["code"] == "not-found"


@pytest.mark.parametrize(
    "path",
    ["patient", "patient/1", "Patiennt/1/_history", "patient/_history", "Patient/1/Observatoin",
     "patient/1/_history/1"],
)  # fmt: skip
def test_a_type_that_is_none_is_named_with_the_nearest(fhir: Fhir, path: str) -> None:
    response = fhir.get(path)
    assert response.status_code == 404
    assert "Did you mean" in response.json["issue"][0]["details"]["text"]


@pytest.mark.parametrize("id_", ["a_b", "æ", "a b", "x" * 65, "a:b"])
def test_an_id_that_r4_does_not_allow_is_refused(fhir: Fhir, id_: str) -> None:
    resource = {"resourceType": "Basic", "id": id_, "code": {"text": "x"}}
    assert fhir.put(f"Basic/{id_}", resource).status_code == 400
    assert fhir.get(f"Basic/{id_}").status_code == 404


@pytest.mark.parametrize("path", ["", "/"])
def test_options_of_the_base_gives_the_capabilities(fhir: Fhir, path: str) -> None:
    response = fhir.client.options(f"/fhir{path}")
    assert response.status_code == 200
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert response.json["resourceType"] == "CapabilityStatement"


@pytest.mark.parametrize("path", ["Patient", "Basic"])
def test_options_elsewhere_names_the_methods(fhir: Fhir, path: str) -> None:
    response = fhir.client.options(f"/fhir/{path}")
    assert response.status_code == 200
    assert set(response.headers["Allow"].split(", ")) == set(TYPE.split(", "))
    assert response.data == b""


@pytest.fixture(scope="module")
def stored(app: Any) -> Fhir:
    fhir = Fhir(app.test_client())
    fhir.put("Patient/r", {"resourceType": "Patient", "id": "r", "active": True})
    observation = {
        "resourceType": "Observation",
        "id": "r",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/r"},
    }
    fhir.put("Observation/r", observation)
    other = {"resourceType": "Patient", "id": "other"}
    fhir.put("Patient/other", other)
    return fhir


GETS = [
    "Patient/r",
    "Observation/r",
    "Patient/r/_history",
    "Patient/r/_history/1",
    "Patient/_history",
    "Patient?_id=r",
    "Patient/r/Observation",
    "Patient/r/*",
    "_history",
    "?_id=r",
    "metadata",
    "metadata?mode=terminology",
]


@pytest.mark.parametrize("path", GETS)
def test_head_gives_the_headers_of_get_and_no_body(stored: Fhir, path: str) -> None:
    get = stored.client.get(f"/fhir/{path}" if path[:1] != "?" else f"/fhir{path}")
    head = stored.client.head(f"/fhir/{path}" if path[:1] != "?" else f"/fhir{path}")
    assert (get.status_code, head.status_code) == (200, 200), get.text
    assert head.data == b""
    for name in ("Content-Type", "ETag", "Last-Modified", "Content-Length"):
        assert head.headers.get(name) == get.headers.get(name), name


def found(response: Any) -> list[str]:
    assert response.status_code == 200, response.text
    prefix = "http://localhost/fhir/"
    entries = response.json.get("entry", [])
    return sorted(entry["fullUrl"].removeprefix(prefix) for entry in entries)


def test_a_search_answers_at_every_address_by_get_and_by_post(stored: Fhir) -> None:
    post = stored.client.post
    both = ["Observation/r", "Patient/r"]
    assert found(stored.get("?_id=r&_type=Patient,Observation")) == both
    form = {"_id": "r", "_type": "Patient,Observation"}
    assert found(post("/fhir/_search", data=form)) == both
    assert found(stored.get("Patient?_id=r")) == ["Patient/r"]
    assert found(post("/fhir/Patient/_search?_id=r", data={"active": "true"})) == ["Patient/r"]
    assert found(post("/fhir/Patient/_search?_id=r", data={"active": "false"})) == []
    assert found(stored.get("Patient/r/Observation")) == ["Observation/r"]
    assert found(stored.get("Patient/other/Observation")) == []
    assert found(stored.get("Patient/r/Observation?status=final")) == ["Observation/r"]
    assert found(stored.get("Patient/r/*")) == both
    assert found(post("/fhir/Patient/_search?_id=r")) == ["Patient/r"]
    assert post("/fhir/Patient/_search?_id=r", data="_id=r").status_code == 415
    compartment = "/fhir/Patient/r/Observation/_search"
    assert found(post(compartment, data={"status": "final"})) == ["Observation/r"]
    assert found(post(compartment, data={"status": "amended"})) == []


def test_a_type_outside_the_compartment_is_refused(stored: Fhir) -> None:
    assert stored.get("Patient/r/Medication").status_code == 404


def test_criteria_of_a_create_stand_in_the_header_or_in_the_url(stored: Fhir) -> None:
    patient = {"resourceType": "Patient", "active": False}
    assert stored.post("Patient?_id=r", patient).status_code == 200
    assert stored.post("Patient", patient, If_None_Exist="_id=r").status_code == 200
    assert stored.post("Patient?_id=r", patient, If_None_Exist="_id=r").status_code == 400
    assert stored.post("Patient?_format=json&_pretty=true", patient).status_code == 201


def test_a_conditional_write_without_criteria_touches_nothing(stored: Fhir) -> None:
    patient = {"resourceType": "Patient"}
    assert stored.put("Patient", patient).status_code == 400
    assert stored.delete("Patient").status_code == 400
    assert stored.delete("Patient?_format=json").status_code == 400
    steps = b'[{"op": "remove", "path": "/active"}]'
    headers = {"Content_Type": "application/json-patch+json"}
    assert stored._request("PATCH", "Patient", steps, headers).status_code == 400
    assert stored.get("Patient/r").json["active"] is True
