"""The server does all that its CapabilityStatement says: each claim is taken at its word.

Each interaction of each type with R4's smallest valid example of it, each search parameter with a
value of its type, each include, operation and format.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir import json as fhir_json
from fhir_server.interactions.capabilities import capability_statement
from fhir_server.interactions.context import Server
from fhir_server.profiles.definitions import Definitions
from fhir_server.settings import Settings
from tests.conftest import Fhir

EXAMPLES = Path(__file__).parent.parent / "data" / "r4-examples.tar.xz"
PARTS = 4
INCLUDES_AT_ONCE = 20

VALUES = {
    "date": "2026-03-02",
    "number": "1",
    "quantity": "1",
    "string": "x",
    "token": "x",
    "uri": "urn:x",
}
MODIFIED = {
    ":missing": "true",
    ":exact": "x",
    ":contains": "x",
    ":text": "x",
    ":not": "x",
    ":of-type": "urn:s|c|v",
    ":identifier": "urn:s|v",
}
SPECIAL = {
    "near": "59.3|18.1|10|km",
    "_filter": "_id eq x",
    "_list": "x",
    "_type": "Patient,Observation",
}

Json = dict[str, Any]


@pytest.fixture(scope="module")
def settings(database: str) -> Settings:
    # The examples refer to resources that are not here.
    return Settings(
        mongodb_database=database,
        base_url="http://localhost/fhir",
        log_level="error",
        referential_integrity_on_write=False,
    )


@pytest.fixture
def statement(fhir: Fhir) -> Json:
    found: Json = fhir.get("metadata").json
    return found


@pytest.fixture
def rest(statement: Json) -> Json:
    rest: Json = statement["rest"][0]
    return rest


@pytest.fixture(scope="session")
def smallest() -> dict[str, list[bytes]]:
    """The examples of each type, the smallest first; of a type without any, what it can't lack."""
    found: dict[str, list[bytes]] = {}
    with tarfile.open(EXAMPLES) as archive:
        for member in archive:
            file = archive.extractfile(member)
            assert file is not None
            data = file.read()
            found.setdefault(json.loads(data)["resourceType"], []).append(data)
    for type_ in Definitions.load().resource_types:
        found.setdefault(type_, [json.dumps({"resourceType": type_}).encode()])
    return {type_: sorted(each, key=len) for type_, each in found.items()}


def example(server: Server, smallest: dict[str, list[bytes]], type_: str) -> Json:
    """Give the smallest example that breaks no rule of R4."""
    for data in smallest[type_]:
        resource: Json = fhir_json.plain(data)
        resource.get("meta", {}).pop("profile", None)
        resource["id"] = f"walked-{type_}"[:64]
        if not any(i.severity == "error" for i in server.validator.validate(resource)):
            return resource
    return required_alone(server, resource)


def required_alone(server: Server, resource: Json) -> Json:
    """Give an example that refers to what R4 does not allow there, without what it may lack."""
    elements = server.definitions.children(resource["resourceType"])
    required = {"resourceType", "id", *(name for name, e in elements.items() if e.min)}
    return {name: value for name, value in resource.items() if name in required}


def part_of(rest: Json, part: int) -> list[Json]:
    """Give a share of the types, so that parts can be tested side by side."""
    resources: list[Json] = rest["resource"]
    return resources[part::PARTS]


def refused(answers: Iterator[tuple[str, Any, tuple[int, ...]]]) -> list[str]:
    """Say which answers are not as wanted."""
    return [
        f"{what}: {answer.status_code} {answer.text[:300]}"
        for what, answer, wanted in answers
        if answer.status_code not in wanted
    ]


def interactions(fhir: Fhir, resource: Json) -> Iterator[tuple[str, str, Any, tuple[int, ...]]]:
    """Do all that can be done with a resource: code, what was done, answer, statuses wanted."""
    type_, id_ = resource["resourceType"], resource["id"]
    at = f"{type_}/{id_}"
    step = [{"op": "test", "path": "/resourceType", "value": type_}]
    patch = {"Content_Type": "application/json-patch+json"}
    yield "update", "PUT", fhir.put(at, resource), (201,)
    yield "read", "GET", fhir.get(at), (200,)
    yield "read", "HEAD", fhir.client.head(f"/fhir/{at}"), (200,)
    yield "conditionalRead", "GET", fhir.get(at, If_None_Match='W/"1"'), (304,)
    later = {"If_Modified_Since": "Fri, 31 Dec 2100 00:00:00 GMT"}
    yield "conditionalRead", "GET", fhir.get(at, **later), (304,)
    yield "vread", "GET", fhir.get(f"{at}/_history/1"), (200,)
    yield "patch", "PATCH", fhir._request("PATCH", at, json.dumps(step), patch), (200,)
    matching = f"{type_}?_id={id_}"
    yield "patch", "PATCH ?", fhir._request("PATCH", matching, json.dumps(step), patch), (200,)
    yield "conditionalUpdate", "PUT ?", fhir.put(matching, resource), (200,)
    yield "conditionalCreate", "POST", fhir.post(
        type_, resource, If_None_Exist=f"_id={id_}"), (200,)  # fmt: skip
    yield "create", "POST", fhir.post(type_, resource), (201,)
    yield "search-type", "GET ?", fhir.get(matching), (200,)
    yield "search-type", "POST _search", fhir.client.post(
        f"/fhir/{type_}/_search", data={"_id": id_}), (200,)  # fmt: skip
    yield "history-type", "GET _history", fhir.get(f"{type_}/_history"), (200,)
    yield "history-instance", "GET _history", fhir.get(f"{at}/_history"), (200,)
    yield "conditionalDelete", "DELETE ?", fhir.delete(matching), (204,)
    yield "delete", "DELETE", fhir.delete(at), (204,)
    yield "read", "GET of a deleted one", fhir.get(at), (410,)


def claims(resource: Json) -> set[str]:
    """Give what a statement says of a type's interactions."""
    found = {each["code"] for each in resource["interaction"]}
    flags = {"conditionalCreate": True, "conditionalUpdate": True,
             "conditionalRead": "full-support", "conditionalDelete": "single"}  # fmt: skip
    return found | {name for name, value in flags.items() if resource[name] == value}


@pytest.mark.parametrize("part", range(PARTS))
def test_every_interaction_of_every_type_works(
    fhir: Fhir, rest: Json, app_server: Server, smallest: dict[str, list[bytes]], part: int
) -> None:
    done: set[str] = set()

    def walk() -> Iterator[tuple[str, Any, tuple[int, ...]]]:
        for each in part_of(rest, part):
            resource = example(app_server, smallest, each["type"])
            claimed = claims(each)
            for code, how, answer, wanted in interactions(fhir, resource):
                done.add(code)
                assert code in claimed, f"{code} of {each['type']} works and is not claimed"
                yield f"{each['type']} {how}", answer, wanted
            assert claimed <= done, "claimed, but not tried here"

    assert refused(walk()) == []


def value_of(server: Server, type_: str, parameter: Json, kinds: dict[str, str]) -> str:
    """Give a value of the parameter's type."""
    name, kind = parameter["name"], parameter["type"]
    if name in SPECIAL:
        return SPECIAL[name]
    supported = server.parser.supported_parameters(type_)[name]
    if kind == "reference":
        return f"{supported.targets[0]}/x"
    if kind == "composite":
        parts = [kinds[c.definition] for c in supported.definition.components]
        return "$".join("Patient/x" if part == "reference" else VALUES[part] for part in parts)
    return VALUES[kind]


@pytest.fixture(scope="module")
def kinds(app_server: Server) -> dict[str, str]:
    """The type of each search parameter, by its url."""
    definitions = app_server.definitions
    return {
        parameter.url: parameter.type
        for type_ in definitions.resource_types
        for parameter in definitions.search_parameters(type_).values()
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_every_search_parameter_of_every_type_answers(
    fhir: Fhir, rest: Json, app_server: Server, kinds: dict[str, str], part: int
) -> None:
    def walk() -> Iterator[tuple[str, Any, tuple[int, ...]]]:
        for each in part_of(rest, part):
            path = f"/fhir/{each['type']}"
            for parameter in each["searchParam"]:
                value = value_of(app_server, each["type"], parameter, kinds)
                query = {parameter["name"]: value, "_count": "1"}
                answer = fhir.client.get(path, query_string=query)
                yield f"{each['type']}?{parameter['name']}={value}", answer, (200,)

    assert refused(walk()) == []


CORE = ("CareTeam", "CarePlan", "PractitionerRole", "Encounter", "Patient", "Observation")


def test_every_modifier_named_of_the_core_types_answers(
    fhir: Fhir, rest: Json, app_server: Server
) -> None:
    def walk() -> Iterator[tuple[str, Any, tuple[int, ...]]]:
        for each in (each for each in rest["resource"] if each["type"] in CORE):
            for parameter in each["searchParam"]:
                supported = app_server.parser.supported_parameters(each["type"])
                values = MODIFIED | {":[type]": "x"}
                text = parameter.get("documentation", "").partition("Modifiers: ")[2]
                for modifier in text.partition(".")[0].split(", "):
                    if modifier in values:
                        targets = supported[parameter["name"]].targets
                        spelled = f":{targets[0]}" if modifier == ":[type]" else modifier
                        query = {f"{parameter['name']}{spelled}": values[modifier], "_count": "1"}
                        answer = fhir.client.get(f"/fhir/{each['type']}", query_string=query)
                        yield f"{each['type']}?{query}", answer, (200,)

    assert refused(walk()) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_every_include_of_every_type_answers(fhir: Fhir, rest: Json, part: int) -> None:
    def walk() -> Iterator[tuple[str, Any, tuple[int, ...]]]:
        for each in part_of(rest, part):
            for name, listed in (
                ("_include", "searchInclude"),
                ("_revinclude", "searchRevInclude"),
            ):
                values = each[listed]
                for start in range(0, len(values), INCLUDES_AT_ONCE):
                    query = {name: values[start : start + INCLUDES_AT_ONCE], "_count": "1"}
                    answer = fhir.client.get(f"/fhir/{each['type']}", query_string=query)
                    yield f"{each['type']}?{query}", answer, (200,)

    assert refused(walk()) == []


def test_every_interaction_and_parameter_of_the_system_answers(fhir: Fhir, rest: Json) -> None:
    entry = {"request": {"method": "GET", "url": "Patient?_id=x"}}
    done = {
        "transaction": fhir.post(
            "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        ),
        "batch": fhir.post("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]}),
        "search-system": fhir.get("?_type=Patient,Observation"),
        "history-system": fhir.get("_history"),
    }
    assert {each["code"] for each in rest["interaction"]} == set(done)
    assert refused((code, answer, (200,)) for code, answer in done.items()) == []
    asked = {
        each["name"]: fhir.get("Patient?_has:Observation:patient:code=x")
        if each["name"] == "_has"
        else fhir.client.get("/fhir", query_string={each["name"]: SPECIAL[each["name"]]})
        for each in rest["searchParam"]
    }
    assert refused((name, answer, (200,)) for name, answer in asked.items()) == []


def test_every_compartment_is_searched(fhir: Fhir, rest: Json) -> None:
    names = [url.rpartition("/")[2].lower() for url in rest["compartment"]]
    types = {each["type"].lower(): each["type"] for each in rest["resource"]}
    assert len(names) == 5
    for name in names:
        type_ = types[name]
        assert fhir.get(f"{type_}/x/*").status_code == 200
        assert fhir.get(f"{type_}/x/{type_}").status_code == 200
        by_post = fhir.client.post(f"/fhir/{type_}/x/{type_}/_search", data={"_count": "1"})
        assert by_post.status_code == 200


def test_every_operation_is_reached(
    fhir: Fhir, rest: Json, app_server: Server, smallest: dict[str, list[bytes]]
) -> None:
    definitions = {d["url"]: d for d in app_server.definitions.operations()}

    def walk() -> Iterator[tuple[str, Any, tuple[int, ...]]]:
        # Whatever it says of the empty call: there is such an operation here.
        answered = (200, 201, 202, 204, 400, 403, 409, 412, 422)
        for each in rest.get("operation", []):
            yield each["name"], fhir.post(f"${each['name']}", None), answered
        for each in rest["resource"]:
            resource = None
            for operation in each.get("operation", []):
                definition = definitions[operation["definition"]]
                if definition.get("type"):
                    path = f"{each['type']}/${operation['name']}"
                    yield path, fhir.post(path, None), answered
                if definition.get("instance"):
                    resource = resource or example(app_server, smallest, each["type"])
                    at = f"{each['type']}/called-{each['type']}"[:64]
                    for _ in range(2):  # an operation may be about two versions
                        fhir.put(at, {**resource, "id": at.partition("/")[2]})
                    path = f"{at}/${operation['name']}"
                    yield path, fhir.post(path, None), answered

    assert refused(walk()) == []


def test_every_format_is_written(fhir: Fhir, statement: Json) -> None:
    for format_ in statement["format"]:
        answer = fhir.client.get("/fhir/Patient", query_string={"_format": format_})
        assert answer.status_code == 200, format_
        wanted = "xml" if "xml" in format_ else "json"
        assert answer.headers["Content-Type"].startswith(f"application/fhir+{wanted}")


def test_every_patch_format_is_read(fhir: Fhir, statement: Json) -> None:
    bodies = {
        "application/json-patch+json": '[{"op": "replace", "path": "/active", "value": false}]',
        "application/xml-patch+xml": '<diff xmlns="http://hl7.org/fhir">'
        '<replace sel="Patient/active/@value">false</replace></diff>',
        "application/fhir+json": json.dumps(FHIRPATH_PATCH),
        "application/fhir+xml": '<Parameters xmlns="http://hl7.org/fhir"><parameter>'
        '<name value="operation"/>'
        '<part><name value="type"/><valueCode value="replace"/></part>'
        '<part><name value="path"/><valueString value="Patient.active"/></part>'
        '<part><name value="value"/><valueBoolean value="false"/></part>'
        "</parameter></Parameters>",
    }
    assert set(statement["patchFormat"]) == set(bodies)
    for number, (format_, body) in enumerate(bodies.items()):
        at = f"Patient/patched-{number}"
        fhir.put(at, {"resourceType": "Patient", "id": at.split("/")[1], "active": True})
        answer = fhir._request("PATCH", at, body, {"Content_Type": format_})
        assert answer.status_code == 200, (format_, answer.text)
        assert fhir.get(at).json["active"] is False, format_


FHIRPATH_PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "replace"},
                {"name": "path", "valueString": "Patient.active"},
                {"name": "value", "valueBoolean": False},
            ],
        }
    ],
}


def test_the_settings_decide_what_is_claimed(app_server: Server) -> None:
    def told(**changed: Any) -> Json:
        server = replace(app_server, settings=replace(Settings(), **changed))
        resource: Json = capability_statement(server, "http://localhost/fhir")["rest"][0][
            "resource"
        ][0]
        return resource

    assert told()["conditionalDelete"] == "single"
    assert told(conditional_delete="off")["conditionalDelete"] == "not-supported"
    assert told(conditional_delete="multiple")["conditionalDelete"] == "multiple"
    assert told(update_create=False)["updateCreate"] is False
    assert "enforced" in told()["referencePolicy"]
    assert "enforced" not in told(referential_integrity_on_delete=False)["referencePolicy"]
