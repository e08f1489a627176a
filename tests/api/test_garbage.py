"""Whatever a client sends, the answer is a 4xx with an OperationOutcome, and the server lives."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.conftest import Fhir

GOOD = {"resourceType": "Patient", "active": True}

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"hello",
    "cut off": b'{"resourceType":"Patient"',
    "two documents": b'{"resourceType":"Patient"}{"resourceType":"Patient"}',
    "an array": b"[]",
    "a number": b"1",
    "null": b"null",
    "no type": b"{}",
    "type is a number": b'{"resourceType":1}',
    "another type": b'{"resourceType":"Observation"}',
    "unknown element": b'{"resourceType":"Patient","nonsense":1}',
    "repeated key": b'{"resourceType":"Patient","active":true,"active":false}',
    "wrong JSON type": b'{"resourceType":"Patient","active":"true"}',
    "object for array": b'{"resourceType":"Patient","name":{"family":"x"}}',
    "array for object": b'{"resourceType":"Patient","meta":[]}',
    "empty array": b'{"resourceType":"Patient","name":[]}',
    "empty object": b'{"resourceType":"Patient","name":[{}]}',
    "null value": b'{"resourceType":"Patient","active":null}',
    "empty string": b'{"resourceType":"Patient","language":""}',
    "NUL byte": b'{"resourceType":"Patient","name":[{"family":"a\x00b"}]}',
    "escaped NUL": b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}',
    "lone surrogate": b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
    "not UTF-8": b'{"resourceType":"Patient","name":[{"family":"\xff"}]}',
    "byte order mark": b'\xef\xbb\xbf{"resourceType":"Patient"}',
    "NaN": b'{"resourceType":"Patient","multipleBirthInteger":NaN}',
    "10,000 arrays deep": b'{"resourceType":"Patient","name":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "10,000 objects deep": b'{"resourceType":"Patient","name":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_001,
    "10,000 extensions deep": b'{"resourceType":"Patient"' + b',"extension":[{"url":"u"' * 10_000 + b"}]" * 10_000 + b"}",
    "operator as key": b'{"resourceType":"Patient","$where":"sleep(1000)"}',
    "operator as value": b'{"resourceType":"Patient","gender":{"$ne":null}}',
    "dotted key": b'{"resourceType":"Patient","name.family":"x"}',
    "bad date": b'{"resourceType":"Patient","birthDate":"2026-13-45"}',
    "huge date": b'{"resourceType":"Patient","birthDate":"99999-01-01"}',
}  # fmt: skip


def refused(response: Any) -> None:
    assert 400 <= response.status_code < 500, response.text[:300]
    assert response.mimetype == "application/fhir+json"
    outcome = json.loads(response.data)
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["severity"] == "error"
    assert "Traceback" not in response.text


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_by_create_and_update(fhir: Fhir, name: str) -> None:
    refused(fhir.post("Patient", BODIES[name]))
    refused(fhir.put("Patient/garbage", BODIES[name]))
    assert fhir.get("Patient/garbage").status_code == 404


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_as_a_bundle(fhir: Fhir, name: str) -> None:
    refused(fhir.post("", BODIES[name]))


@pytest.mark.parametrize("extra", [{"nonsense": 1.5}, {"parameter": [1.5]}, {"id": 1e400}])
def test_a_decimal_where_none_belongs_is_refused_by_an_operation(
    fhir: Fhir, extra: dict[str, Any]
) -> None:
    body = json.dumps({"resourceType": "Parameters", **extra}).replace("Infinity", "1e400")
    refused(fhir.post("Patient/nobody/$named-contacts", body.encode()))


def test_a_number_with_two_signs_is_refused_by_an_operation(fhir: Fhir) -> None:
    refused(fhir.get("Patient/nobody/$everything?_count=--5"))


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_by_an_operation(fhir: Fhir, name: str) -> None:
    response = fhir.post("Patient/nobody/$assign-fast-vardkontakt", BODIES[name])
    refused(response)


def test_a_body_of_50_mb_is_refused(fhir: Fhir) -> None:
    body = b'{"resourceType":"Patient","name":[{"family":"' + b"x" * 50_000_000 + b'"}]}'
    response = fhir.post("Patient", body)
    assert response.status_code == 413
    refused(response)


def test_a_resource_larger_than_a_document_of_mongodb_is_refused(fhir: Fhir) -> None:
    body = b'{"resourceType":"Binary","contentType":"text/plain","data":"' + b"QUJD" * 3_700_000
    response = fhir.post("Binary", body + b'"}')
    assert response.status_code == 413
    refused(response)


def test_a_zip_bomb_is_refused(fhir: Fhir) -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    response = fhir.post("Patient", bomb, Content_Encoding="gzip")
    assert response.status_code == 413
    refused(response)


def test_a_gzip_body_is_taken_and_a_broken_one_refused(fhir: Fhir) -> None:
    packed = gzip.compress(json.dumps(GOOD).encode())
    assert fhir.post("Patient", packed, Content_Encoding="gzip").status_code == 201
    refused(fhir.post("Patient", packed[:-4], Content_Encoding="gzip"))
    refused(fhir.post("Patient", b"no gzip", Content_Encoding="gzip"))
    refused(fhir.post("Patient", packed, Content_Encoding="br"))


@pytest.mark.parametrize("type_", ["text/plain", "application/pdf", "multipart/form-data", ""])
def test_a_wrong_content_type_is_refused(fhir: Fhir, type_: str) -> None:
    response = fhir.post("Patient", json.dumps(GOOD), Content_Type=type_)
    assert response.status_code == 415
    refused(response)


VALUES = ["$where", "x\x00y", "a" * 10_000, "%00", "';drop", "{$gt:''}", "[$ne]=1", "|" * 500, "\\",
          "," * 3000, "\U0001f600", "a\\", "..", "Patient/../../etc/passwd", "ge", "gt$where"]  # fmt: skip
PARAMETERS = ["_id", "name", "identifier", "birthdate", "active", "general-practitioner",
              "_lastUpdated", "_sort", "_count", "_total", "_summary", "_cursor", "organization:Organization",
              "name:exact", "_format"]  # fmt: skip


@pytest.mark.parametrize("name", PARAMETERS)
def test_hostile_values_of_parameters_are_values_and_nothing_more(fhir: Fhir, name: str) -> None:
    fhir.create(GOOD)
    for value in VALUES:
        response = fhir.client.get("/fhir/Patient", query_string={name: value})
        if response.status_code == 200:
            assert response.json.get("entry") is None, (name, value)
        else:
            refused(response)


@pytest.mark.parametrize(
    "name",
    ["$where", "$or", "name[$ne]", "name.$gt", "t", "_id.$oid", "x\x00", "name:nonsense", ""],
)
def test_hostile_names_of_parameters_are_refused(fhir: Fhir, name: str) -> None:
    refused(fhir.client.get("/fhir/Patient", query_string={name: "1"}))


def test_strange_urls_are_refused(fhir: Fhir) -> None:
    for path in (
        "Patient/%00",
        "Patient/a%2Fb",
        "%24where",
        "Patient/x/_history/%00",
        "\u2028",
        "Patient/" + "a" * 5000,
    ):
        refused(fhir.get(path))  # fmt: skip


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4)
    ),
    max_leaves=15,
)
NAMES = ["active", "name", "telecom", "gender", "birthDate", "address", "contact", "extension", "meta",
         "text", "contained", "identifier", "managingOrganization", "link", "id", "deceasedBoolean"]  # fmt: skip
elements = st.sampled_from([*NAMES, *(f"_{name}" for name in NAMES)])
values_beside_extensions = st.sampled_from(NAMES).flatmap(
    lambda name: st.fixed_dictionaries({name: json_values, f"_{name}": json_values})
)


@given(st.dictionaries(elements, json_values, max_size=4) | values_beside_extensions)
@example({"birthDate": False, "_birthDate": []})
@hypothesis_settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_content_of_any_element_makes_the_server_fail(fhir: Fhir, patient: Any) -> None:
    response = fhir.post("Patient", {**patient, "resourceType": "Patient"})
    assert response.status_code == 201 or 400 <= response.status_code < 500
    if response.status_code == 201:
        assert fhir.get(f"Patient/{response.json['id']}").data == response.data
