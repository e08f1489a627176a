"""Content negotiation over HTTP: formats, extents, Binary content."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from fhir_server.api import formats
from tests.conftest import Fhir

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">\r\nAnna<br/></div>'
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "anna",
    "text": {"status": "generated", "div": DIV},
    "active": True,
    "name": [{"family": "Å"}],
    "gender": "female",
}
XML_PATIENT = (
    '<Patient xmlns="http://hl7.org/fhir"><id value="{}"/><active value="true"/></Patient>'
)
JSON = "application/fhir+json; charset=utf-8"
XML = "application/fhir+xml; charset=utf-8"


@pytest.fixture(autouse=True, scope="module")
def _anna(app: Any) -> None:
    assert Fhir(app.test_client()).put("Patient/anna", PATIENT).status_code == 201


def text_of(response: Any) -> str:
    text: str = response.json["issue"][0]["details"]["text"]
    return text


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("text/html, */*;q=0.1", "json"),
        ("application/fhir+xml, application/fhir+json", "json"),
        ("application/json+fhir", "json"),
        ("text/json;q=0.2, text/xml;q=0.1", "json"),
        ("APPLICATION/FHIR+XML", "xml"),
        ("application/xml+fhir", "xml"),
        ("application/fhir+xml; charset=utf-8", "xml"),
        ('application/fhir+xml; fhirVersion="4.0.1"', "xml"),
        ("application/fhir+json; fhirVersion=3.0, application/fhir+xml; fhirVersion=4.0", "xml"),
        ("application/fhir+json;q=0, */*", "xml"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "xml"),
        ("text/*", None),
        ("text/html", None),
        ("application/fhir+json;q=0", None),
        ("application/fhir+json;q=2", None),
        ("application/fhir+json;q=x", None),
        ("application/fhir+json;fhirVersion=5.0", None),
        (",;=,", None),
    ],
)
def test_the_accept_header_chooses_the_format(fhir: Fhir, accept: str, wanted: str | None) -> None:
    assert formats.preferred(accept or "*/*") == wanted
    response = fhir.get("Patient/anna", Accept=accept)
    assert response.status_code == (200 if wanted else 406)
    assert response.headers["Content-Type"] == (XML if wanted == "xml" else JSON)
    assert "Accept" in response.headers["Vary"]


@pytest.mark.parametrize(
    "name", ["xml", "text/xml", "application/xml", "application/fhir%2Bxml", "application/fhir+xml"]
)
def test_format_in_the_url_wins_over_accept(fhir: Fhir, name: str) -> None:
    assert (
        fhir.get(f"Patient/anna?_format={name}", Accept="application/fhir+json").headers[
            "Content-Type"
        ]
        == XML
    )
    assert fhir.get(f"Patient/anna?_format={name};fhirVersion=3.0").status_code == 406


@pytest.mark.parametrize("name", ["", "html", "text/html", "ttl", "json,xml", "*/*"])
def test_another_format_is_not_acceptable(fhir: Fhir, name: str) -> None:
    response = fhir.get(f"Patient/anna?_format={name}")
    assert response.status_code == 406
    assert "application/fhir+xml" in text_of(response)


@pytest.mark.parametrize(
    "path",
    ["Patient/nobody", "Nothing/1", "Patient/anna/$nothing", "a/b/c/d/e", "Patient?nothing=x"],
)
def test_errors_are_written_in_the_format_asked_for(fhir: Fhir, path: str) -> None:
    response = fhir.get(path, Accept="application/fhir+xml")
    assert response.status_code in (400, 404)
    assert response.headers["Content-Type"] == XML
    assert response.text.startswith(
        '<?xml version="1.0" encoding="UTF-8"?><OperationOutcome xmlns="http://hl7.org/fhir">'
    )
    denied = fhir.client.put("/fhir/metadata", headers={"Accept": "application/fhir+xml"})
    assert denied.status_code == 405
    assert denied.headers["Content-Type"] == XML


def test_an_error_whose_text_xml_can_not_carry_is_written_all_the_same(fhir: Fhir) -> None:
    response = fhir.get("Patient?a%00b=c", Accept="application/fhir+xml")
    assert response.status_code == 400
    assert "\x00" not in response.text


def test_a_search_by_post_takes_the_format_from_its_form(fhir: Fhir) -> None:
    form = "application/x-www-form-urlencoded"
    found = fhir.post("Patient/_search", "_id=anna&_format=xml", Content_Type=form)
    assert found.status_code == 200
    assert found.headers["Content-Type"] == XML
    over = fhir.post(
        "Patient/_search", "_id=anna&_format=json", Content_Type=form, Accept="application/fhir+xml"
    )
    assert over.headers["Content-Type"] == JSON
    refused = fhir.post("Patient/_search", "_id=anna&_format=ttl", Content_Type=form)
    assert refused.status_code == 406
    large = fhir.post("Patient/_search", "_id=" + "a" * 40_000_000, Content_Type=form)
    assert large.status_code == 413


@pytest.mark.parametrize(
    "type_",
    [
        "application/fhir+xml",
        "application/xml; charset=UTF-8",
        "text/xml",
        "application/fhir+xml; fhirVersion=4.0",
    ],
)
def test_xml_is_taken_by_its_content_type(fhir: Fhir, type_: str) -> None:
    response = fhir.put(
        "Patient/x", XML_PATIENT.format("x"), Content_Type=type_, Accept="application/fhir+xml"
    )
    assert response.status_code in (200, 201)
    assert response.headers["Content-Type"] == XML
    assert fhir.get("Patient/x").json["active"] is True


def test_xml_in_utf_16_is_taken(fhir: Fhir) -> None:
    body = XML_PATIENT.format("u").encode("utf-16")
    assert fhir.put("Patient/u", body, Content_Type="application/fhir+xml").status_code == 201


@pytest.mark.parametrize(
    "type_",
    ["application/fhir+json; fhirVersion=5.0", "application/fhir+json; charset=iso-8859-1",
     "application/fhir+xml; charset=iso-8859-1", "text/turtle", "text/html"],
)  # fmt: skip
def test_a_body_of_another_type_version_or_charset_is_refused(fhir: Fhir, type_: str) -> None:
    response = fhir.post("Patient", PATIENT, Content_Type=type_)
    assert response.status_code == 415
    assert "application/fhir+xml" in text_of(response)


def test_what_was_sent_as_xml_is_read_as_json_and_back_without_loss(fhir: Fhir) -> None:
    as_xml = fhir.get("Patient/anna?_format=xml").data
    again = fhir.put("Patient/anna", as_xml, Content_Type="application/fhir+xml")
    assert again.status_code == 200
    assert again.headers["ETag"] == fhir.get("Patient/anna").headers["ETag"]
    assert fhir.get("Patient/anna").json["text"]["div"] == DIV


def test_a_negative_zero_comes_back_as_it_was_sent(fhir: Fhir) -> None:
    body = b'{"resourceType":"Patient","id":"z","extension":[{"url":"http://e.org/d","valueDecimal":-0}],"multipleBirthInteger":-0}'
    assert fhir.put("Patient/z", body).status_code == 201
    assert '"multipleBirthInteger":-0' in fhir.get("Patient/z").text
    as_xml = fhir.get("Patient/z?_format=xml")
    assert '<valueDecimal value="-0"/>' in as_xml.text
    same = fhir.put("Patient/z", as_xml.data, Content_Type="application/fhir+xml")
    assert same.headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    "path",
    [
        "Patient/anna",
        "Patient/anna?_format=xml",
        "Patient/anna/_history/1",
        "metadata",
        "Patient?_id=anna",
        "Patient/nobody",
    ],
)
def test_head_has_the_headers_of_get_and_no_body(fhir: Fhir, path: str) -> None:
    got = fhir.get(path)
    head = fhir.client.head(f"/fhir/{path}")
    own = ("X-Request-Id", "Date")
    if "?_id" in path or path == "Patient/nobody":
        own = (*own, "Content-Length")
    assert head.status_code == got.status_code
    assert {k: v for k, v in head.headers if k not in own} == {
        k: v for k, v in got.headers if k not in own
    }
    assert head.data == b""


def test_a_negative_zero_is_found_as_zero(fhir: Fhir) -> None:
    item = {"resourceType": "ChargeItem", "id": "z", "status": "planned", "code": {"text": "x"}}
    subject = {"subject": {"reference": "Patient/anna"}}
    body = json.dumps({**item, **subject, "factorOverride": 0}).replace(" 0}", " -0}")
    assert fhir.put("ChargeItem/z", body).status_code == 201
    assert '"factorOverride":-0' in fhir.get("ChargeItem/z").text
    found = fhir.get("ChargeItem?factor-override=0")
    assert [entry["resource"]["id"] for entry in found.json["entry"]] == ["z"]


def test_pretty_indents_both_formats_and_leaves_the_narrative_alone(fhir: Fhir) -> None:
    assert '\n  "id": "anna"' in fhir.get("Patient/anna?_pretty=true").text
    pretty = fhir.get("Patient/anna?_pretty=true&_format=xml").text
    assert '\n  <id value="anna"/>' in pretty
    assert DIV in pretty
    assert fhir.get("Patient/anna?_pretty=false").status_code == 200
    assert fhir.get("Patient/anna?_pretty=yes").status_code == 400


@pytest.mark.parametrize("at", ["Patient/anna", "Patient/anna/_history/1"])
def test_a_read_gives_the_part_asked_for(fhir: Fhir, at: str) -> None:
    whole = fhir.get(at)
    part = fhir.get(f"{at}?_elements=gender")
    assert set(part.json) == {"resourceType", "id", "meta", "gender"}
    assert part.json["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert part.headers["ETag"] == whole.headers["ETag"]
    assert "text" not in fhir.get(f"{at}?_summary=data").json
    assert "<div" in fhir.get(f"{at}?_summary=text&_format=xml").text
    assert fhir.get(f"{at}?_summary=false").data == whole.data


@pytest.mark.parametrize(
    "query",
    [
        "_summary=count",
        "_summary=short",
        "_summary=",
        "_elements=nickname",
        "_elements=",
        "_elements=name.family",
        "_summary=true&_elements=name",
    ],
)
def test_a_part_that_can_not_be_given_is_refused(fhir: Fhir, query: str) -> None:
    response = fhir.get(f"Patient/anna?{query}")
    assert response.status_code == 400
    assert text_of(response)


def test_the_capabilities_are_summarised_too(fhir: Fhir) -> None:
    part = fhir.get("metadata?_summary=true").json
    assert part["fhirVersion"] == "4.0.1"
    assert part["meta"]["tag"][0]["code"] == "SUBSETTED"


@pytest.mark.parametrize(
    ("wanted", "starts"),
    [
        ("representation", "{"),
        ("minimal", ""),
        ("OperationOutcome", '{"resourceType":"OperationOutcome"'),
    ],
)
def test_prefer_return_decides_what_a_write_answers(fhir: Fhir, wanted: str, starts: str) -> None:
    response = fhir.put(
        "Patient/p", {"resourceType": "Patient", "id": "p"}, Prefer=f"return={wanted}"
    )
    assert response.status_code in (200, 201)
    assert response.text[: len(starts)] == starts
    assert bool(response.data) == (wanted != "minimal")
    assert response.headers["Preference-Applied"] == f"return={wanted}"


def test_an_unknown_return_is_ignored_unless_handling_is_strict(fhir: Fhir) -> None:
    patient = {"resourceType": "Patient", "id": "q"}
    assert fhir.put("Patient/q", patient, Prefer="return=nothing").status_code == 201
    refused = fhir.put(
        "Patient/q", {**patient, "active": True}, Prefer="return=nothing, handling=strict"
    )
    assert refused.status_code == 400
    assert "minimal" in text_of(refused)
    assert "active" not in fhir.get("Patient/q").json


PDF = b"%PDF-1.7\x00\xff content"


@pytest.fixture
def pdf(fhir: Fhir) -> str:
    """The id of a Binary that was sent as a PDF."""
    response = fhir.post("Binary", PDF, Content_Type="application/pdf")
    assert response.status_code == 201
    assert response.json["contentType"] == "application/pdf"
    assert base64.b64decode(response.json["data"]) == PDF
    id_: str = response.json["id"]
    return id_


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/pdf",
        "image/png",
        "text/html,*/*;q=0.8",
        "application/fhir+json;q=0.5, application/pdf",
    ],
)
def test_a_binary_is_read_as_what_it_is(fhir: Fhir, pdf: str, accept: str) -> None:
    response = fhir.get(f"Binary/{pdf}", Accept=accept)
    assert response.status_code == 200
    assert response.data == PDF
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Security-Policy"] == "sandbox"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["ETag"] == 'W/"1"'
    assert "Accept" in response.headers["Vary"]
    assert fhir.get(f"Binary/{pdf}/_history/1").data == PDF


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+json",
        "application/json",
        "application/fhir+json, */*",
        "application/fhir+xml, application/pdf;q=0.5",
        "text/xml",
    ],
)
def test_a_binary_is_read_as_a_resource_where_fhir_is_asked_for(
    fhir: Fhir, pdf: str, accept: str
) -> None:
    response = fhir.get(f"Binary/{pdf}", Accept=accept)
    assert response.headers["Content-Type"] == (XML if "xml" in accept else JSON)
    assert base64.b64encode(PDF).decode() in response.text
    assert fhir.get(f"Binary/{pdf}?_format=json").json["resourceType"] == "Binary"
    assert fhir.get(f"Binary/{pdf}?_summary=true").json["contentType"] == "application/pdf"


def test_a_binary_in_json_is_content_to_those_who_ask_for_its_type(fhir: Fhir) -> None:
    made = fhir.put("Binary/j", b'{"a": 1}', Content_Type="application/json")
    assert made.status_code == 201
    assert fhir.get("Binary/j", Accept="application/json").data == b'{"a": 1}'
    assert (
        fhir.get("Binary/j", Accept="application/fhir+json").json["contentType"]
        == "application/json"
    )


@pytest.mark.parametrize(
    ("body", "type_"),
    [
        (b"hej", "text/plain; charset=utf-8"),
        (b"\x00\xff", "application/octet-stream"),
        (b'{"resourceType": "Patient"}', "application/fhir+json"),
        (b'<Patient xmlns="http://hl7.org/fhir"/>', "application/fhir+xml"),
        (b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>", "text/xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a b="&b;"/>', "application/xml"),
        (b"{", "application/json"),
        (b"a=b", "application/x-www-form-urlencoded"),
    ],
)
def test_whatever_is_sent_to_binary_is_its_content(fhir: Fhir, body: bytes, type_: str) -> None:
    made = fhir.put("Binary/content", body, Content_Type=type_, X_Security_Context="Patient/anna")
    assert made.status_code in (200, 201)
    assert made.json["contentType"] == type_
    assert made.json["securityContext"] == {"reference": "Patient/anna"}
    read = fhir.get("Binary/content")
    assert read.data == body
    assert read.headers["Content-Type"] == type_
    assert read.headers["X-Security-Context"] == "Patient/anna"


def test_a_binary_resource_is_taken_as_one_in_both_formats(fhir: Fhir) -> None:
    resource = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGVq"}
    assert fhir.put("Binary/b", resource).status_code == 201
    in_xml = fhir.get("Binary/b?_format=xml").data
    assert fhir.put("Binary/b", in_xml, Content_Type="text/xml").headers["ETag"] == 'W/"1"'
    assert fhir.get("Binary/b").data == b"hej"


@pytest.mark.parametrize(
    ("body", "type_", "status"),
    [
        (b"{", "application/fhir+json", 400),
        (b"<Binary", "application/fhir+xml", 400),
        (b'{"resourceType": "Binary"}', "application/json", 400),
        (b'<Binary xmlns="http://hl7.org/fhir"><x/></Binary>', "application/xml", 400),
        (b"hej", "", 415),
    ],
)
def test_a_broken_binary_resource_is_refused(
    fhir: Fhir, body: bytes, type_: str, status: int
) -> None:
    assert fhir.post("Binary", body, Content_Type=type_).status_code == status


def test_a_content_type_that_could_break_the_header_is_not_repeated(fhir: Fhir) -> None:
    resource = {
        "resourceType": "Binary",
        "id": "c",
        "contentType": "text/html; a=å",
        "data": "aGVq",
    }
    assert fhir.put("Binary/c", resource).status_code == 201
    assert fhir.get("Binary/c").headers["Content-Type"] == "application/octet-stream"
    assert fhir.get("Binary/nothing", Accept="application/pdf").headers["Content-Type"] == JSON
    assert fhir.get("Binary/c?_format=ttl").status_code == 406


def test_a_binary_without_content_is_empty(fhir: Fhir) -> None:
    assert fhir.put("Binary/e", b"", Content_Type="text/plain").status_code == 201
    assert fhir.get("Binary/e").data == b""
