"""Whatever stands in a parameter, a header, a path or a text is a value and nothing more."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fhir_server.interactions.context import Server
from tests.api.hostile import INJECTIONS, NAMES, assert_harmless, entries
from tests.conftest import Fhir

# Each parameter of each type gets so many of the strings, each time others.
EACH = 3
FEW = 25
MODIFIERS = (":exact", ":contains", ":not", ":text", ":in", ":above", ":identifier", ":$where", ":missing", ":Patient",
             ":Patient.name", "[$ne]", ".$gt", "\x00", ":of-type")  # fmt: skip
HEADERS = (
    "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Content-Encoding",
    "Content-Type", "Cookie", "Expect", "Forwarded", "From", "If-Match", "If-Modified-Since", "If-None-Exist",
    "If-None-Match", "Origin", "Prefer", "Range", "Referer", "TE", "User-Agent", "Via", "X-Forwarded-For",
    "X-Forwarded-Host", "X-HTTP-Method-Override", "X-Original-URL", "X-Request-Id", "X-Security-Context",
)  # fmt: skip


@pytest.fixture(scope="module")
def person(app: Any) -> dict[str, Any]:
    """Somebody whom no hostile string asks for: folded, no name begins with or contains one."""
    fhir = Fhir(app.test_client())
    return fhir.create(
        {
            "resourceType": "Patient",
            "name": [{"family": "Wyvyz", "given": ["Wyvy"]}],
            "birthDate": "1941-02-03",
            "address": [{"city": "Wyvyz"}],
            "telecom": [{"system": "phone", "value": "+46701740605"}],
        }
    )


def strings(number: int, count: int) -> list[str]:
    """Give some of the strings, others for each number."""
    start = number * count
    return [INJECTIONS[(start + n) % len(INJECTIONS)] for n in range(count)]


def test_no_search_parameter_of_any_type_takes_a_value_for_more(
    fhir: Fhir, app_server: Server, person: dict[str, Any]
) -> None:
    number = 0
    for type_ in app_server.definitions.resource_types:
        for code in app_server.parser.supported_parameters(type_):
            for value in strings(number, EACH):
                number += 1
                answer = fhir.client.get(f"/fhir/{type_}", query_string={code: value})
                assert_harmless(answer, value)
                assert entries(answer) == [], (type_, code, value)
    assert number > 3000


@pytest.mark.parametrize("value", INJECTIONS, ids=NAMES)
def test_no_string_finds_anybody_by_any_parameter_of_a_patient(
    fhir: Fhir, app_server: Server, person: dict[str, Any], value: str
) -> None:
    for code in app_server.parser.supported_parameters("Patient"):
        answer = fhir.client.get("/fhir/Patient", query_string={code: value})
        assert_harmless(answer, value)
        assert entries(answer) == [], (code, value)


@pytest.mark.parametrize("modifier", MODIFIERS)
def test_no_modifier_and_no_name_is_more_than_a_name(
    fhir: Fhir, person: dict[str, Any], modifier: str
) -> None:
    for name in (
        "name",
        "birthdate",
        "identifier",
        "general-practitioner",
        "_id",
        "_text",
        "_filter",
        "_has",
    ):
        for value in INJECTIONS[:FEW]:
            answer = fhir.client.get("/fhir/Patient", query_string={name + modifier: value})
            assert_harmless(answer, value)
            if modifier != ":not":
                assert entries(answer) == []


@pytest.mark.parametrize(
    "name",
    ["_sort", "_count", "_include", "_revinclude", "_include:iterate", "_elements", "_summary", "_total", "_format",
     "_pretty", "_cursor", "_type", "_list", "_since", "_at", "_contained", "_containedType", "_explain", "_filter",
     "_text", "_content", "_has:Observation:patient:code", "_query", "mode", "organization.name"],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["Patient", "", "_history", "Patient/_search", "metadata", "Patient/x/$everything"]
)
def test_parameters_of_results_are_values_too(
    fhir: Fhir, person: dict[str, Any], path: str, name: str
) -> None:
    for value in INJECTIONS:
        answer = fhir.client.get(f"/fhir/{path}", query_string={name: value})
        assert_harmless(answer, value)
        if path == "Patient" and name == "_filter":
            assert entries(answer) == []


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_is_more_than_a_header(fhir: Fhir, person: dict[str, Any], name: str) -> None:
    body = json.dumps({"resourceType": "Basic", "code": {"text": "x"}})
    for value in INJECTIONS:
        sent = value.encode("utf-8", "surrogatepass").decode("latin-1")
        if "\r" in sent or "\n" in sent:
            continue  # no client library and no server lets these through; sockets are tried elsewhere
        headers = {"Content-Type": "application/fhir+json", name: sent}
        for method, path, data in (("GET", f"Patient/{person['id']}", None), ("POST", "Basic", body),
                                   ("GET", "Patient?name=nobody", None)):  # fmt: skip
            answer = fhir.client.open(f"/fhir/{path}", method=method, data=data, headers=headers)
            assert_harmless(answer, value)
            if "name=nobody" in path:
                assert entries(answer) == []


@pytest.mark.parametrize(
    "place",
    ["{}", "{}/1", "Patient/{}", "Patient/{}/_history", "Patient/x/_history/{}", "Patient/{}/Observation", "Patient/x/{}",
     "Patient/${}", "${}", "Patient/x/${}", "_async/{}", "{}/_search", "Patient/x/_history/1/{}", "../{}", "Binary/{}"],
)  # fmt: skip
def test_no_part_of_a_path_is_more_than_a_name(
    fhir: Fhir, person: dict[str, Any], place: str
) -> None:
    for value in INJECTIONS:
        for written in (quote(value, safe=""), quote(value, safe="/%?#")):
            answer = fhir.client.get(f"/fhir/{place.format(written)}")
            assert_harmless(answer, value)
            assert (
                answer.status_code >= 300 or "Wyvyz" not in answer.text or value in ("", ".", "?")
            )
            # Nobody is sent to an address that a client made up.
            assert "evil.example" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("value", INJECTIONS, ids=NAMES)
def test_a_text_is_given_back_as_it_was_sent_and_found_by_itself_alone(
    fhir: Fhir, person: dict[str, Any], value: str
) -> None:
    body = {
        "resourceType": "Patient",
        "name": [{"family": value, "text": value}],
        "address": [{"city": value, "line": [value]}],
        "extension": [{"url": "https://x.example/e", "valueString": value}],
    }
    answer = fhir.post("Patient", body)
    assert_harmless(answer, value)
    if answer.status_code != 201:
        assert "\x00" in value or "\ufffe" in value or not value.strip()
        return
    assert answer.json["name"][0]["family"] == value
    again = fhir.get(f"Patient/{answer.json['id']}", Accept="application/fhir+xml")
    assert_harmless(again, value)
    back = fhir.client.put(
        f"/fhir/Patient/{answer.json['id']}", data=again.data, content_type="application/fhir+xml"
    )
    assert back.status_code == 200, back.text[:300]
    assert back.json["extension"][0]["valueString"] == value
    escaped = value.translate({ord(each): f"\\{each}" for each in "\\,|$"})
    found = fhir.client.get("/fhir/Patient", query_string={"family:exact": escaped, "_count": "50"})
    assert_harmless(found, value)
    assert all(each["resource"]["name"][0]["family"] == value for each in entries(found))
    fhir.delete(f"Patient/{answer.json['id']}")


@pytest.mark.parametrize(
    "key", ["$where", "$set", "a.b", "_id", "", "\x00", "__proto__", "$", "t", "b", "name.$[]"]
)
def test_no_name_of_a_property_reaches_the_database(fhir: Fhir, key: str) -> None:
    for body in ({"resourceType": "Patient", key: 1}, {"resourceType": "Patient", "name": [{key: "x"}]},
                 {"resourceType": "Patient", "extension": [{"url": "x", "valuePeriod": {key: "x"}}]}):  # fmt: skip
        answer = fhir.post("Patient", body)
        assert_harmless(answer, key)
        assert answer.status_code in (400, 422)


@pytest.mark.parametrize("value", INJECTIONS, ids=NAMES)
def test_no_condition_of_a_write_is_more_than_a_condition(
    fhir: Fhir, person: dict[str, Any], value: str
) -> None:
    body = {"resourceType": "Patient", "name": [{"family": "Conditional"}]}
    in_header = quote(value, safe="=&")
    for answer in (
        fhir.post("Patient", body, If_None_Exist=f"identifier={in_header}"),
        fhir.client.put("/fhir/Patient", query_string={"identifier": value}, json=body, content_type="application/fhir+json"),
        fhir.client.delete("/fhir/Patient", query_string={"identifier": value}),
        fhir.client.delete("/fhir/Patient", query_string={value: "x"}),
    ):  # fmt: skip
        assert_harmless(answer, value)
    assert fhir.get(f"Patient/{person['id']}").status_code == 200


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_no_entry_of_a_bundle_is_more_than_it_says(
    fhir: Fhir, person: dict[str, Any], kind: str
) -> None:
    for value in INJECTIONS:
        requests = [
            {"method": "GET", "url": value},
            {"method": "GET", "url": f"Patient?name={value}"},
            {"method": "GET", "url": f"Patient/{value}"},
            {"method": value, "url": "Patient"},
            {
                "method": "GET",
                "url": "Patient?name=nobody",
                "ifNoneMatch": value,
                "ifModifiedSince": value,
            },
            {"method": "POST", "url": "Basic", "ifNoneExist": value},
        ]
        for request in requests:
            entry: dict[str, Any] = {"fullUrl": value, "request": request}
            if request["method"] == "POST":
                entry["resource"] = {"resourceType": "Basic", "code": {"text": value}}
            answer = fhir.post("", {"resourceType": "Bundle", "type": kind, "entry": [entry]})
            assert_harmless(answer, value)
            assert "Wyvyz" not in answer.text or request["url"] in (
                "*",
                "?",
                ".",
                "Patient/?",
                "Patient/.",
                "Patient/%",
            ), request


@pytest.mark.parametrize(
    "query",
    ["{{Patient(id: {0}){{id}}}}", "{{PatientList(name: {0}){{id name{{family}}}}}}", "{{PatientList(_filter: {0}){{id}}}}",
     "{{PatientConnection(_cursor: {0}){{edges{{resource{{id}}}}}}}}", "query({0})", "{{PatientList({0}: 1){{id}}}}"],
)  # fmt: skip
def test_no_argument_of_graphql_is_more_than_a_value(
    fhir: Fhir, person: dict[str, Any], query: str
) -> None:
    for value in INJECTIONS:
        answer = fhir.client.get(
            "/fhir/$graphql", query_string={"query": query.format(json.dumps(value))}
        )
        assert_harmless(answer, value)
        assert "Wyvyz" not in answer.text


def test_no_variable_of_graphql_is_more_than_a_value(fhir: Fhir, person: dict[str, Any]) -> None:
    query = "query($v: String){PatientList(name: $v){id name{family}}}"
    for value in (*INJECTIONS, {"$ne": None}, ["x"], 1, 10**400, {"$where": "1"}, None):
        body = json.dumps({"query": query, "variables": {"v": value}})
        answer = fhir.post("$graphql", body, Content_Type="application/json")
        assert_harmless(answer, value)
        assert value is None or "Wyvyz" not in answer.text


def test_no_argument_of_an_operation_is_more_than_a_value(
    fhir: Fhir, app_server: Server, person: dict[str, Any]
) -> None:
    number = 0
    for definition in app_server.definitions.operations():
        names = [p["name"] for p in definition.get("parameter", []) if p["use"] == "in"]
        types = definition.get("resource", ["Patient"])
        place = (
            ""
            if definition.get("system")
            else f"{types[0]}/"
            if definition.get("type")
            else f"{types[0]}/x/"
        )
        place = place.replace("Resource/", "Patient/")
        for name in names:
            for value in strings(number, 4):
                number += 1
                path = f"/fhir/{place}${definition['code']}"
                assert_harmless(fhir.client.get(path, query_string={name: value}), value)
                for key in (
                    "valueString",
                    "valueCode",
                    "valueUri",
                    "valueReference",
                    "name",
                    "resource",
                ):
                    given = (
                        {"reference": value}
                        if key == "valueReference"
                        else {"resourceType": value}
                        if key == "resource"
                        else value
                    )
                    body = {"resourceType": "Parameters", "parameter": [{"name": name, key: given}]}
                    assert_harmless(
                        fhir.client.post(path, json=body, content_type="application/fhir+json"),
                        value,
                    )
    assert number > 200


@pytest.mark.parametrize("type_", ["application/json-patch+json", "application/xml-patch+xml", "application/merge-patch+json",
                                   "application/fhir+json"])  # fmt: skip
def test_no_path_of_a_patch_is_more_than_a_path(fhir: Fhir, type_: str) -> None:
    made = fhir.create({"resourceType": "Patient", "name": [{"family": "Patched"}]})
    for value in INJECTIONS:
        quoted = value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        bodies: dict[str, Any] = {
            "application/json-patch+json": json.dumps([{"op": "add", "path": f"/{value}", "value": value}]),
            "application/xml-patch+xml": f'<diff><remove sel="{quoted}"/></diff>',
            "application/merge-patch+json": json.dumps({value: value}),
            "application/fhir+json": json.dumps({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
                {"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": value}]}]}),
        }  # fmt: skip
        data = bodies[type_].encode("utf-8", "surrogatepass")
        answer = fhir.client.patch(f"/fhir/Patient/{made['id']}", data=data, content_type=type_)
        assert_harmless(answer, value)
    assert fhir.get(f"Patient/{made['id']}").json["name"][0]["family"] == "Patched"


def test_a_request_id_that_could_forge_a_line_of_the_log_is_not_taken(fhir: Fhir) -> None:
    for value in INJECTIONS:
        if set(value) & set("\r\n\x00") or not value.isascii():
            continue
        given = fhir.get("metadata?mode=none", X_Request_Id=value).headers["X-Request-Id"]
        assert (
            given != value
            or value.replace(".", "").replace("_", "").replace("-", "").isalnum()
            or set(value) <= set(".-_")
        )


anything = st.text(max_size=40)


@given(
    name=anything,
    value=anything,
    header=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40),
)
@hypothesis_settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_anywhere_in_a_search_makes_the_server_fail(
    fhir: Fhir, person: dict[str, Any], name: str, value: str, header: str
) -> None:
    asked = {
        "Prefer": header.strip(),
        "If-None-Match": header.strip(),
        "X-Request-Id": header.strip(),
    }
    assert_harmless(fhir.client.get("/fhir/Patient", query_string={name: value}, headers=asked))
    assert_harmless(fhir.client.get("/fhir/Patient", query_string={"name": value, "_filter": name}))
    assert_harmless(fhir.client.get(f"/fhir/{quote(name)}/{quote(value)}"))
