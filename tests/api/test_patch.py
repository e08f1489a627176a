"""patch and conditional patch, over the application and a real MongoDB."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.app import create_context
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions import amend
from fhir_server.interactions.context import Server
from fhir_server.interactions.patch import PatchDocument, patch
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir
from tests.unit.patches.operations import operation

JSON_PATCH = "application/json-patch+json"
XML_PATCH = "application/xml-patch+xml"
FHIR_XML = "application/fhir+xml"
Send = Callable[..., Any]
PATIENT = {"resourceType": "Patient", "active": True, "name": [{"family": "Hammar"}]}
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">Hammar</div>'


@pytest.fixture
def send(fhir: Fhir) -> Send:
    def send(path: str, body: Any, media_type: str = JSON_PATCH, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Content-Type": media_type, **named}
        return fhir.client.patch(f"/fhir/{path}", data=data, headers=headers)

    return send


def parameters(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(operations)}


def replacing(value: object, path: str = "/active") -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


def text(response: Any) -> str:
    said: str = response.json["issue"][0]["details"]["text"]
    return said


def test_all_forms_make_the_same_of_a_resource(fhir: Fhir, send: Send) -> None:
    path_patch = parameters(operation("replace", "Patient.active", valueBoolean=False))
    forms = {
        JSON_PATCH: replacing(False),
        "application/merge-patch+json": {"active": False},
        "application/fhir+json": path_patch,
        "application/json; charset=utf-8": path_patch,
        XML_PATCH: '<diff xmlns="http://hl7.org/fhir">'
        '<replace sel="Patient/active/@value">false</replace></diff>',
        FHIR_XML: '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>'
        '<part><name value="type"/><valueCode value="replace"/></part>'
        '<part><name value="path"/><valueString value="Patient.active"/></part>'
        '<part><name value="value"/><valueBoolean value="false"/></part>'
        "</parameter></Parameters>",
    }
    for media_type, body in forms.items():
        id_ = fhir.create(PATIENT)["id"]
        response = send(f"Patient/{id_}", body, media_type)
        assert response.status_code == 200, (media_type, response.text)
        assert response.headers["ETag"] == 'W/"2"'
        assert response.json["active"] is False, media_type
        assert response.json["name"] == PATIENT["name"]
        assert fhir.get(f"Patient/{id_}").json == response.json


def test_what_was_patched_is_found_by_its_new_values(fhir: Fhir, send: Send) -> None:
    id_ = fhir.create(PATIENT)["id"]
    send(f"Patient/{id_}", replacing("Lindqvistunik", "/name/0/family"))
    found = fhir.get("Patient?family=lindqvistunik").json
    assert [entry["resource"]["id"] for entry in found["entry"]] == [id_]


def test_a_patch_that_changes_nothing_makes_no_version(fhir: Fhir, send: Send) -> None:
    id_ = fhir.create(PATIENT)["id"]
    for media_type, body in (
        (JSON_PATCH, []),
        (JSON_PATCH, replacing(True)),
        (XML_PATCH, "<diff/>"),
        ("application/fhir+json", {"resourceType": "Parameters"}),
    ):
        response = send(f"Patient/{id_}", body, media_type)
        assert (response.status_code, response.headers["ETag"]) == (200, 'W/"1"')


@pytest.mark.parametrize(
    "change",
    [
        {"op": "replace", "path": "/id", "value": "other"},
        {"op": "remove", "path": "/id"},
        {"op": "replace", "path": "/resourceType", "value": "Person"},
        {"op": "replace", "path": "/meta/versionId", "value": "7"},
        {"op": "replace", "path": "/meta/lastUpdated", "value": "2020-01-01T00:00:00Z"},
        {"op": "replace", "path": "/meta", "value": {"versionId": "7"}},
        {"op": "replace", "path": "", "value": {"resourceType": "Patient"}},
        {"op": "replace", "path": "", "value": []},
    ],
)
def test_what_the_server_answers_for_is_not_patched(
    fhir: Fhir, send: Send, change: dict[str, Any]
) -> None:
    id_ = fhir.create(PATIENT)["id"]
    response = send(f"Patient/{id_}", [change])
    assert response.status_code == 422
    assert fhir.get(f"Patient/{id_}").headers["ETag"] == 'W/"1"'


def test_the_rest_of_meta_may_be_patched(fhir: Fhir, send: Send) -> None:
    tagged = {**PATIENT, "meta": {"tag": [{"code": "a"}]}}
    id_ = fhir.create(tagged)["id"]
    response = send(f"Patient/{id_}", [{"op": "replace", "path": "/meta/tag/0/code", "value": "b"}])
    assert response.json["meta"]["tag"] == [{"code": "b"}]
    response = send(f"Patient/{id_}", [{"op": "remove", "path": "/meta"}])
    assert response.status_code == 200
    assert sorted(response.json["meta"]) == ["lastUpdated", "versionId"]


def test_what_is_not_there_can_not_be_patched(fhir: Fhir, send: Send) -> None:
    assert send("Patient/nobody", []).status_code == 404
    id_ = fhir.create(PATIENT)["id"]
    fhir.delete(f"Patient/{id_}")
    assert send(f"Patient/{id_}", []).status_code == 410


def test_a_result_that_breaks_r4_is_refused_with_the_element(fhir: Fhir, send: Send) -> None:
    id_ = fhir.create(PATIENT)["id"]
    response = send(f"Patient/{id_}", [{"op": "add", "path": "/gender", "value": "unclear"}])
    assert response.status_code == 422
    assert response.json["issue"][0]["expression"] == ["Patient.gender"]
    response = send(f"Patient/{id_}", [{"op": "add", "path": "/nam", "value": "x"}])
    assert response.status_code == 400
    assert fhir.get(f"Patient/{id_}").headers["ETag"] == 'W/"1"'


def test_a_failing_operation_undoes_those_before_it(fhir: Fhir, send: Send) -> None:
    id_ = fhir.create(PATIENT)["id"]
    test = {"op": "test", "path": "/active", "value": True}
    response = send(f"Patient/{id_}", [*replacing(False), test])
    assert response.status_code == 422
    assert text(response) == "Operation 1 (test): the value is not the one tested for."
    assert fhir.get(f"Patient/{id_}").json["active"] is True


def test_if_match_is_kept(fhir: Fhir, send: Send) -> None:
    id_ = fhir.create(PATIENT)["id"]
    first = send(f"Patient/{id_}", replacing(False), If_Match='W/"1"')
    second = send(f"Patient/{id_}", replacing(True), If_Match='W/"1"')
    assert (first.status_code, second.status_code) == (200, 412)
    assert send(f"Patient/{id_}", replacing(True), If_Match="1").status_code == 400


@pytest.mark.parametrize("media_type", ["text/plain", "application/octet-stream", ""])
def test_another_media_type_is_refused_and_the_right_ones_named(
    fhir: Fhir, send: Send, media_type: str
) -> None:
    id_ = fhir.create(PATIENT)["id"]
    response = send(f"Patient/{id_}", "{}", media_type)
    assert response.status_code == 415
    for name in (JSON_PATCH, XML_PATCH, "application/fhir+json", FHIR_XML):
        assert name in text(response)


@pytest.mark.parametrize(
    ("media_type", "body", "why"),
    [
        (JSON_PATCH, "{", "not valid JSON"),
        (JSON_PATCH, '[{"op":"add","op":"add"}]', "not valid JSON"),
        ("application/fhir+json", json.dumps(PATIENT), "is a Parameters resource"),
        ("application/fhir+json", "[]", "Send a JSON Patch as application/json-patch+json"),
        ("application/fhir+json", '{"resourceType":"Parameters","parameter":[{"x":1}]}', "x"),
        (XML_PATCH, "<diff>", "not well-formed"),
        (FHIR_XML, "<Parameters/>", "http://hl7.org/fhir"),
    ],
)
def test_a_document_that_is_no_patch_is_refused(
    fhir: Fhir, send: Send, media_type: str, body: str, why: str
) -> None:
    id_ = fhir.create(PATIENT)["id"]
    response = send(f"Patient/{id_}", body, media_type)
    assert response.status_code == 400
    assert why in text(response)


def test_a_generated_narrative_does_not_outlive_the_data_it_was_made_of(
    fhir: Fhir, send: Send
) -> None:
    narrated = {**PATIENT, "text": {"status": "generated", "div": DIV}}
    id_ = fhir.create(narrated)["id"]
    tag = [{"op": "add", "path": "/meta/tag", "value": [{"code": "a"}]}]
    assert "text" in send(f"Patient/{id_}", tag).json
    new = DIV.replace("Hammar", "Lind")
    both = [*replacing("Lind", "/name/0/family"), *replacing(new, "/text/div")]
    assert send(f"Patient/{id_}", both).json["text"]["div"] == new
    changed = send(f"Patient/{id_}", replacing(False), Prefer="return=OperationOutcome")
    assert "was removed" in changed.text
    assert "text" not in fhir.get(f"Patient/{id_}").json


def test_a_narrative_that_says_more_than_the_data_must_be_changed_with_them(
    fhir: Fhir, send: Send
) -> None:
    narrated = {**PATIENT, "text": {"status": "additional", "div": DIV}}
    id_ = fhir.create(narrated)["id"]
    response = send(f"Patient/{id_}", replacing(False))
    assert response.status_code == 422
    assert response.json["issue"][0]["expression"] == ["text"]
    both = [*replacing(False), {"op": "remove", "path": "/text"}]
    assert send(f"Patient/{id_}", both).status_code == 200


def test_a_conditional_patch_changes_the_one_match(fhir: Fhir, send: Send) -> None:
    numbers = [{"system": "urn:p", "value": "one"}]
    id_ = fhir.create({**PATIENT, "identifier": numbers})["id"]
    found = send("Patient?identifier=urn:p|one", replacing(False))
    assert (found.status_code, found.json["id"], found.json["active"]) == (200, id_, False)
    guarded = send("Patient?identifier=urn:p|one", replacing(True), If_Match='W/"1"')
    assert guarded.status_code == 412
    assert send("Patient?identifier=urn:p|nobody", []).status_code == 404
    fhir.create({**PATIENT, "identifier": numbers})
    assert send("Patient?identifier=urn:p|one", []).status_code == 412
    assert send("Patient", []).status_code == 400


def test_writers_at_the_same_time_lose_no_patch(
    app_server: Server, store: MongoStore, fhir: Fhir
) -> None:
    id_ = fhir.create({"resourceType": "Patient"})["id"]
    errors: list[FhirError] = []

    def write(letter: str) -> None:
        add = [{"op": "add", "path": "/name/-", "value": {"family": letter}}]
        begin = [{"op": "test", "path": "/name/0/family", "value": "first"}]
        document = PatchDocument.from_body(JSON_PATCH, json.dumps(begin + add).encode(), app_server)
        try:
            patch(create_context(app_server, store), "Patient", id_, document)
        except FhirError as error:
            errors.append(error)

    first = [{"op": "add", "path": "/name", "value": [{"family": "first"}]}]
    document = PatchDocument.from_body(JSON_PATCH, json.dumps(first).encode(), app_server)
    patch(create_context(app_server, store), "Patient", id_, document)
    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    names = [name["family"] for name in fhir.get(f"Patient/{id_}").json["name"]]
    refused = {error.status for error in errors}
    assert refused <= {409}, "only too many writers at once may refuse"
    assert sorted(names) == sorted(["first", *names[1:]])
    assert len(names) == 7 - len(errors)


def test_too_many_other_writers_are_a_conflict(
    app_server: Server, store: MongoStore, fhir: Fhir, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = fhir.create(PATIENT)["id"]
    context = create_context(app_server, store)
    document = PatchDocument.from_body(
        JSON_PATCH, json.dumps(replacing(False)).encode(), app_server
    )
    first = amend.living(context, "Patient", id_)
    fhir.put(f"Patient/{id_}", {**PATIENT, "id": id_, "gender": "other"})
    with pytest.raises(FhirError, match="is being changed by others") as error:
        amend.amend(context, lambda: first, lambda resource: (document.apply(resource), ()))
    assert error.value.status == 409


def test_a_patch_stands_in_a_binary_or_in_parameters_of_a_bundle(
    app_server: Server, fhir: Fhir
) -> None:
    def binary(kind: str, data: bytes) -> dict[str, Any]:
        encoded = base64.b64encode(data).decode()
        return {"resourceType": "Binary", "contentType": kind, "data": encoded}

    diff = b'<diff xmlns="http://hl7.org/fhir"><replace sel="Patient/active/@value">false</replace></diff>'
    for resource in (
        binary(JSON_PATCH, json.dumps(replacing(False)).encode()),
        binary(XML_PATCH, diff),
        parameters(operation("replace", "Patient.active", valueBoolean=False)),
    ):
        document = PatchDocument.from_resource(resource, app_server)
        assert document.apply(PATIENT)["active"] is False


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (None, 400),
        (PATIENT, 400),
        ({"resourceType": "Binary", "contentType": JSON_PATCH}, 400),
        ({"resourceType": "Binary", "data": "W10="}, 400),
        ({"resourceType": "Binary", "contentType": JSON_PATCH, "data": "%"}, 400),
        ({"resourceType": "Binary", "contentType": JSON_PATCH, "data": "W10\u00e9"}, 400),
        ({"resourceType": "Binary", "contentType": "text/plain", "data": "W10="}, 415),
    ],
)
def test_another_resource_in_a_bundle_is_no_patch(
    app_server: Server, resource: Any, status: int
) -> None:
    with pytest.raises(FhirError) as error:
        PatchDocument.from_resource(resource, app_server)
    assert error.value.status == status
