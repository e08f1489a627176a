"""create, read, vread, update, delete and history, over the application and a real MongoDB."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.conftest import Fhir

PATIENT = {"resourceType": "Patient", "active": True, "name": [{"family": "Hammar"}]}


def issue(response: Any) -> dict[str, Any]:
    """Give the first issue of an OperationOutcome, which every error must be."""
    assert response.mimetype == "application/fhir+json"
    assert response.json["resourceType"] == "OperationOutcome"
    first: dict[str, Any] = response.json["issue"][0]
    assert first["details"]["text"]
    return first


def test_a_created_resource_has_an_id_a_version_and_a_place(fhir: Fhir) -> None:
    response = fhir.post("Patient", PATIENT)
    assert response.status_code == 201
    id_ = response.json["id"]
    assert response.headers["ETag"] == 'W/"1"'
    assert response.headers["Location"] == f"http://localhost/fhir/Patient/{id_}/_history/1"
    assert response.json["meta"]["versionId"] == "1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]+\.\d{3,6}Z", response.json["meta"]["lastUpdated"])
    read = fhir.get(f"Patient/{id_}")
    assert read.status_code == 200
    assert read.data == response.data
    assert read.headers["Last-Modified"]


def test_an_id_in_a_created_resource_is_replaced_by_the_servers(fhir: Fhir) -> None:
    assert fhir.create({**PATIENT, "id": "mine"})["id"] != "mine"


@pytest.mark.parametrize("digits", ["1.10", "0.000", "1E+2", "1e2", "-0.0", "0.00000001", "100"])
def test_a_decimal_comes_back_with_the_digits_it_was_sent_with(fhir: Fhir, digits: str) -> None:
    body = (
        '{"resourceType":"Observation","status":"final","code":{"text":"vikt"},'
        f'"valueQuantity":{{"value":{digits},"unit":"kg"}}}}'
    )
    created = fhir.post("Observation", body)
    assert created.status_code == 201, created.text
    read = fhir.get(f"Observation/{created.json['id']}")
    assert f'"value":{digits},' in read.text


def test_a_decimal_longer_than_64_bits_keeps_all_its_digits(fhir: Fhir) -> None:
    digits = "12345678901234567890123456789"
    body = (
        '{"resourceType":"Observation","status":"final","code":{"text":"x"},'
        f'"valueQuantity":{{"value":{digits}}}}}'
    )
    created = fhir.post("Observation", body)
    assert created.status_code == 201, created.text
    assert digits in fhir.get(f"Observation/{created.json['id']}").text


def test_extensions_and_elements_come_back_as_they_were(fhir: Fhir) -> None:
    patient = {
        **PATIENT,
        "_birthDate": {"extension": [{"url": "http://x.example/e", "valueString": "å ä ö 😀"}]},
        "birthDate": "1890-02-02",
        "name": [
            {
                "given": ["A", None],
                "_given": [None, {"extension": [{"url": "http://x.example/f", "valueCode": "x"}]}],
            }
        ],
        "meta": {"tag": [{"system": "http://x.example/t", "code": "t"}]},
    }
    stored = fhir.create(patient)
    meta = stored.pop("meta")
    assert meta["tag"] == patient["meta"]["tag"]
    del stored["id"]
    assert stored == {key: value for key, value in patient.items() if key != "meta"}


def test_what_is_not_there_is_404_and_what_was_deleted_410(fhir: Fhir) -> None:
    missing = fhir.get("Patient/nobody")
    assert missing.status_code == 404
    assert issue(missing)["code"] == "not-found"
    id_ = fhir.create(PATIENT)["id"]
    assert fhir.delete(f"Patient/{id_}").status_code == 204
    gone = fhir.get(f"Patient/{id_}")
    assert gone.status_code == 410
    assert issue(gone)["code"] == "deleted"
    assert fhir.get(f"Patient/{id_}/_history/1").status_code == 200
    assert fhir.get(f"Patient/{id_}/_history/2").status_code == 410
    assert fhir.delete(f"Patient/{id_}").status_code == 204
    assert fhir.delete("Patient/nobody").status_code == 204


def test_an_update_makes_the_next_version_and_keeps_the_one_before(fhir: Fhir) -> None:
    first = fhir.create(PATIENT)
    changed = {**first, "active": False}
    second = fhir.put(f"Patient/{first['id']}", changed)
    assert second.status_code == 200
    assert second.headers["ETag"] == 'W/"2"'
    assert second.json["active"] is False
    assert fhir.get(f"Patient/{first['id']}/_history/1").json == first
    assert fhir.get(f"Patient/{first['id']}/_history/2").json == second.json
    assert fhir.get(f"Patient/{first['id']}/_history/3").status_code == 404
    assert fhir.get(f"Patient/{first['id']}/_history/x").status_code == 404


def test_an_update_that_changes_nothing_makes_no_version(fhir: Fhir) -> None:
    first = fhir.create(PATIENT)
    again = fhir.put(f"Patient/{first['id']}", {**PATIENT, "id": first["id"]})
    assert again.status_code == 200
    assert again.headers["ETag"] == 'W/"1"'


def test_an_update_creates_under_an_id_the_client_chose(fhir: Fhir) -> None:
    response = fhir.put("Patient/my-own.id", {**PATIENT, "id": "my-own.id"})
    assert response.status_code == 201
    assert response.headers["ETag"] == 'W/"1"'


def test_an_update_brings_a_deleted_resource_back_with_its_history(fhir: Fhir) -> None:
    id_ = fhir.create(PATIENT)["id"]
    fhir.delete(f"Patient/{id_}")
    response = fhir.put(f"Patient/{id_}", {**PATIENT, "id": id_})
    assert response.status_code == 201
    assert response.headers["ETag"] == 'W/"3"'


def test_an_update_for_another_version_is_refused(fhir: Fhir) -> None:
    first = fhir.create(PATIENT)
    path = f"Patient/{first['id']}"
    fhir.put(path, {**first, "active": False}, If_Match='W/"1"')
    late = fhir.put(path, {**first, "gender": "female"}, If_Match='W/"1"')
    assert late.status_code == 412
    assert issue(late)["code"] == "conflict"
    assert fhir.delete(path, If_Match='W/"1"').status_code == 412
    assert fhir.put(path, {**first, "gender": "other"}, If_Match="nonsense").status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("Patient/a", {**PATIENT, "id": "b"}, "value"),
        ("Patient/a", PATIENT, "value"),
        ("Patient/a_b", {**PATIENT, "id": "a_b"}, "value"),
        ("Patient/a", {"resourceType": "Group", "id": "a"}, "structure"),
        ("Patient/a", [], "structure"),
        ("Patient/a", "null", "structure"),
    ],
)
def test_an_update_whose_body_and_url_disagree_is_refused(
    fhir: Fhir, path: str, body: Any, code: str
) -> None:
    response = fhir.put(path, body)
    assert response.status_code == 400
    assert issue(response)["code"] == code


def test_history_pages_from_the_newest_version_to_the_first(fhir: Fhir) -> None:
    first = fhir.create(PATIENT)
    path = f"Patient/{first['id']}"
    for day in range(1, 7):
        fhir.put(path, {**first, "birthDate": f"1890-01-0{day}"})
    fhir.delete(path)
    versions, methods, url = [], [], f"{path}/_history?_count=3"
    while url:
        page = fhir.get(url).json
        assert page["type"] == "history"
        for entry in page["entry"]:
            versions.append(entry["response"]["etag"])
            methods.append(entry["request"]["method"])
        links = {link["relation"]: link["url"] for link in page["link"]}
        url = links.get("next", "").removeprefix("http://localhost/fhir/")
    assert versions == [f'W/"{n}"' for n in range(8, 0, -1)]
    assert methods == ["DELETE"] + ["PUT"] * 6 + ["POST"]
    assert fhir.get(f"{path}/_history").json["total"] == 8
    assert fhir.get("Patient/nobody/_history").status_code == 404
    assert fhir.get(f"{path}/_history?_count=x").status_code == 400
    assert fhir.get(f"{path}/_history?_since=2020").status_code == 400


def test_prefer_decides_what_a_write_answers(fhir: Fhir) -> None:
    minimal = fhir.post("Patient", PATIENT, Prefer="return=minimal")
    assert minimal.status_code == 201
    assert minimal.data == b""
    assert "Location" in minimal.headers
    outcome = fhir.post("Patient", PATIENT, Prefer="return=OperationOutcome")
    assert outcome.json["resourceType"] == "OperationOutcome"


def test_a_conditional_create_finds_what_is_there(fhir: Fhir) -> None:
    patient = {**PATIENT, "identifier": [{"system": "urn:x", "value": "cc-1"}]}
    first = fhir.post("Patient", patient, If_None_Exist="identifier=urn:x|cc-1")
    again = fhir.post("Patient", patient, If_None_Exist="identifier=urn:x|cc-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"]
    fhir.post("Patient", patient)
    several = fhir.post("Patient", patient, If_None_Exist="identifier=urn:x|cc-1")
    assert several.status_code == 412
    assert issue(several)["code"] == "multiple-matches"
    assert fhir.post("Patient", patient, If_None_Exist="").status_code == 400
    assert fhir.post("Patient", patient, If_None_Exist="nonsense=1").status_code == 400


def test_json_is_pretty_when_asked_and_loses_no_digit(fhir: Fhir) -> None:
    body = (
        '{"resourceType":"Observation","status":"final","code":{"text":"x"},'
        '"valueQuantity":{"value":1.10}}'
    )
    id_ = fhir.post("Observation", body).json["id"]
    text = fhir.get(f"Observation/{id_}?_pretty=true").text
    assert '\n    "value": 1.10' in text
    assert json.loads(text)["id"] == id_


def test_json_and_xml_are_answered_and_taken_and_nothing_else(fhir: Fhir) -> None:
    id_ = fhir.create(PATIENT)["id"]
    assert fhir.get(f"Patient/{id_}", Accept="text/turtle").status_code == 406
    assert fhir.get(f"Patient/{id_}?_format=ttl").status_code == 406
    assert fhir.get(f"Patient/{id_}?_format=json", Accept="text/turtle").status_code == 200
    assert fhir.get(f"Patient/{id_}", Accept="text/html,*/*;q=0.8").status_code == 200
    taken = fhir.post("Patient", "<Patient/>", Content_Type="text/turtle")
    assert taken.status_code == 415
    assert issue(taken)["code"] == "not-supported"


def test_unknown_places_and_methods_are_explained(fhir: Fhir) -> None:
    unknown = fhir.get("Pateint/1")
    assert unknown.status_code == 404
    assert "Patient" in issue(unknown)["details"]["text"]
    posted = fhir.client.post("/fhir/Patient/1", data="[]")
    assert posted.status_code == 405
    assert issue(posted)["code"] == "not-supported"
    assert "GET" in posted.headers["Allow"]
    assert issue(fhir.get("Patient/1/$nonsense"))["code"] == "not-found"


def test_a_request_id_is_given_back_unless_it_could_forge_a_log_line(fhir: Fhir) -> None:
    assert fhir.get("metadata", X_Request_Id="abc-1").headers["X-Request-Id"] == "abc-1"
    other = fhir.get("metadata", X_Request_Id="a b{}").headers["X-Request-Id"]
    assert other != "a b{}"
    assert len(other) == 36


def test_head_answers_like_get_without_a_body(fhir: Fhir) -> None:
    id_ = fhir.create(PATIENT)["id"]
    response = fhir.client.head(f"/fhir/Patient/{id_}")
    assert response.status_code == 200
    assert response.headers["ETag"] == 'W/"1"'
    assert response.data == b""


def test_a_wrong_check_digit_is_refused_on_every_write(fhir: Fhir) -> None:
    """R122, id-1."""
    system = "http://electronichealth.se/identifier/personnummer"
    response = fhir.post(
        "Patient", {**PATIENT, "identifier": [{"system": system, "value": "196101182804"}]}
    )
    assert response.status_code in (400, 422)
    assert issue(response)["expression"] == ["Patient.identifier[0].value"]
    assert "196101182804" not in response.text
