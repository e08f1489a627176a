"""Terminology operations over all of R4: what they answer is valid, agrees, and never fails."""

from __future__ import annotations

import itertools
import json
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from fhir_server.interactions.context import Server
from fhir_server.interactions.terminology_capabilities import EXPAND, REFUSED
from tests.conftest import ROOT, Fhir

R4 = ROOT / "profiles" / "r4"
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
# What a parameter of $expand may be given as, with the value set of genders.
TRIED = {
    "url": GENDER,
    "valueSetVersion": "4.0.1",
    "filter": "male",
    "offset": "1",
    "count": "1",
    "includeDesignations": "true",
    "designation": "sv",
    "includeDefinition": "true",
    "activeOnly": "true",
    "excludeNested": "false",
    "excludeNotForUI": "true",
    "excludePostCoordinated": "true",
    "displayLanguage": "sv",
    "exclude-system": "http://example.org/other",
    "system-version": "http://hl7.org/fhir/administrative-gender|4.0.1",
    "check-system-version": "http://hl7.org/fhir/administrative-gender|4.0.1",
    "force-system-version": "http://hl7.org/fhir/administrative-gender|4.0.1",
    "context": "http://example.org/x",
    "contextDirection": "incoming",
    "date": "2026-01-01",
}


def lines(name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (R4 / name).read_bytes().splitlines()]


def errors(server: Server, resource: Any) -> list[str]:
    issues = server.validator.validate(resource)
    return [f"{i.expression}: {i.text}" for i in issues if i.severity in ("error", "fatal")]


def test_every_value_set_of_r4_expands_or_says_why_not(fhir: Fhir, app_server: Server) -> None:
    counts = {200: 0, 403: 0, 422: 0}
    for value_set in lines("value_sets.jsonl"):
        url = quote(value_set["url"], safe="")
        response = fhir.get(f"ValueSet/$expand?url={url}&count=20")
        assert response.status_code in counts, (value_set["url"], response.text)
        counts[response.status_code] += 1
        wanted = "ValueSet" if response.status_code == 200 else "OperationOutcome"
        assert response.json["resourceType"] == wanted
        assert errors(app_server, response.json) == [], value_set["url"]
    assert counts[200] > 1000


def test_expansions_agree_with_the_codes_that_validation_knows(fhir: Fhir) -> None:
    """The list of codes behind required bindings is derived from R4 by another program."""
    closed = json.loads((R4 / "codes.json").read_bytes())["closed"]
    assert len(closed) > 200
    for url, systems in closed.items():
        response = fhir.get(f"ValueSet/$expand?url={quote(url, safe='')}")
        assert response.status_code == 200, (url, response.text)
        found = {(c["system"], c["code"]) for c in response.json["expansion"].get("contains", ())}
        assert found == {(s, code) for s, codes in systems.items() for code in codes}, url


def test_every_mapping_of_r4_is_found_both_ways(fhir: Fhir) -> None:
    tried = 0
    for concept_map in lines("concept_maps.jsonl"):
        url = quote(concept_map["url"], safe="")
        for group, there, back in itertools.islice(_mappings(concept_map), 6):
            tried += 1
            asked = f"ConceptMap/$translate?url={url}"
            forth = fhir.get(f"{asked}&system={group['source']}&code={quote(there['code'])}")
            assert (group["target"], back["code"]) in _matches(forth), (url, there)
            reverse = fhir.get(
                f"{asked}&system={group['target']}&code={quote(back['code'])}&reverse=true"
            )
            assert (group["source"], there["code"]) in _matches(reverse), (url, back)
    assert tried > 150


def _mappings(concept_map: dict[str, Any]) -> Any:
    for group in concept_map.get("group", ()):
        for element in group["element"]:
            for target in element.get("target", ()):
                plain = "dependsOn" not in target and "code" in target and "code" in element
                if plain and "source" in group and "target" in group:
                    yield group, element, target


def _matches(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 200, response.text
    return [
        (part["valueCoding"]["system"], part["valueCoding"]["code"])
        for parameter in response.json["parameter"]
        if parameter["name"] == "match"
        for part in parameter["part"]
        if part["name"] == "concept"
    ]


def test_what_operations_answer_is_valid(fhir: Fhir, app_server: Server) -> None:
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    for asked in (
        f"CodeSystem/$lookup?system={act}&code=AMB",
        f"CodeSystem/$subsumes?system={act}&codeA=AMB&codeB=EMER",
        f"CodeSystem/$validate-code?url={act}&code=AMB&display=wrong",
        f"ValueSet/$expand?url={GENDER}&includeDefinition=true&includeDesignations=true",
        "ConceptMap/$translate?system=http://hl7.org/fhir/address-use&code=home",
        "metadata?mode=terminology",
    ):
        response = fhir.get(asked)
        assert response.status_code == 200, response.text
        assert errors(app_server, response.json) == [], asked


def test_every_parameter_of_expand_is_heeded_or_refused(fhir: Fhir, app_server: Server) -> None:
    definition = next(d for d in app_server.definitions.operations() if d["url"] == EXPAND)
    names = {p["name"] for p in definition["parameter"] if p["use"] == "in"} - {"valueSet"}
    assert names == set(TRIED)
    for name, value in TRIED.items():
        pairs = {"url": GENDER, name: value}
        query = "&".join(f"{key}={quote(each, safe='')}" for key, each in pairs.items())
        response = fhir.get(f"ValueSet/$expand?{query}")
        assert response.status_code == (400 if name in REFUSED else 200), (name, response.text)


def test_terminology_capabilities_list_what_is_here_and_nothing_else(
    fhir: Fhir, app_server: Server
) -> None:
    statement = fhir.get("metadata?mode=terminology")
    systems = {each["uri"]: each for each in statement.json["codeSystem"]}
    assert "http://snomed.info/sct" not in systems
    assert "http://loinc.org" not in systems
    assert systems["http://terminology.hl7.org/CodeSystem/v3-ActCode"]["subsumption"] is True
    assert systems["http://hl7.org/fhir/administrative-gender"]["subsumption"] is False
    assert len(systems) == len(statement.json["codeSystem"]) > 800
    assert len(statement.data) < 1_000_000
    names = {each["name"] for each in statement.json["expansion"]["parameter"]}
    assert names == set(TRIED) - set(REFUSED) | {"valueSet"}
    for url in itertools.islice(systems, 0, None, 40):
        assert app_server.terminology.code_system(url) is not None


def test_terminology_capabilities_follow_what_is_stored(fhir: Fhir) -> None:
    url = "http://example.org/cs/appears"

    def listed() -> bool:
        statement = fhir.get("metadata?mode=terminology").json
        return url in [each["uri"] for each in statement["codeSystem"]]

    assert not listed()
    system = {
        "resourceType": "CodeSystem",
        "id": "appears",
        "url": url,
        "status": "active",
        "content": "complete",
        "concept": [{"code": "a"}],
    }
    assert fhir.put("CodeSystem/appears", system).status_code == 201
    assert listed()


@pytest.mark.parametrize("code", ["expand", "validate-code", "lookup", "subsumes", "translate"])
def test_the_statement_and_openapi_name_the_operation(fhir: Fhir, code: str) -> None:
    rest = fhir.get("metadata").json["rest"][0]
    named = {o["name"] for r in rest["resource"] for o in r.get("operation", ())}
    assert code in named
    paths = fhir.client.get("/openapi.json").json["paths"]
    assert any(path.endswith(f"${code}") for path in paths)
