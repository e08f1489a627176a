"""R4's own value sets, as the tables compose them and as HL7's package lists them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fhir_server.profiles.code_checks import Coded
from fhir_server.profiles.definitions import Definitions
from fhir_server.terminology.concepts import ExpansionRequest, TerminologyError
from fhir_server.terminology.terminology import Terminology

R4 = Path(__file__).parents[2] / "profiles" / "r4"
CLOSED: dict[str, dict[str, list[str]]] = json.loads((R4 / "codes.json").read_text())["closed"]
TABLES = {"CodeSystem": "code_systems", "ValueSet": "value_sets", "ConceptMap": "concept_maps"}


@pytest.fixture(scope="module")
def terminology() -> Terminology:
    return Terminology(Definitions.load())


@pytest.mark.parametrize("url", sorted(CLOSED))
def test_a_required_value_set_expands_to_the_codes_that_the_schema_knows(
    terminology: Terminology, url: str
) -> None:
    value_set = terminology.value_set(url)
    assert value_set
    found: dict[str, list[str]] = {}
    for item in terminology.expand(value_set, ExpansionRequest()).contains:
        found.setdefault(item.system, []).append(item.code)
    assert found == {system: codes for system, codes in CLOSED[url].items() if codes}


@pytest.mark.parametrize("url", sorted(CLOSED))
def test_every_code_of_a_required_value_set_is_a_member(terminology: Terminology, url: str) -> None:
    for system, codes in CLOSED[url].items():
        for code in codes:
            assert terminology.in_value_set(url, Coded(code, system)).holds
            assert terminology.in_value_set(url, Coded(code)).holds


def test_every_value_set_of_r4_expands_or_says_what_it_lacks(terminology: Terminology) -> None:
    lacking: dict[str, int] = {}
    for url, _ in terminology.value_sets():
        value_set = terminology.value_set(url)
        assert value_set
        try:
            terminology.expand(value_set, ExpansionRequest(count=10))
        except TerminologyError as error:
            lacking[error.code] = lacking.get(error.code, 0) + 1
    # Licensed systems and those that HL7 does not publish; grammars; one filter of an example.
    assert lacking == {"not-found": 82, "too-costly": 11, "not-supported": 1}


@pytest.mark.parametrize("resource_type", TABLES)
def test_every_line_is_found_by_its_url_its_id_and_its_version(resource_type: str) -> None:
    lines = Definitions.load().lines(resource_type)
    entries: list[dict[str, Any]] = [
        json.loads(line) for line in (R4 / f"{TABLES[resource_type]}.jsonl").open()
    ]
    assert [entry["url"] for entry in entries] == sorted(url for url, _ in lines.versions())
    for entry in entries:
        assert lines.get(entry["url"]) == entry
        assert lines.get(entry["url"], entry.get("version")) == entry
        assert lines.get(entry["url"], "0.0") is None
        assert lines.of_id(entry["id"]) == entry["url"]


def test_every_version_that_a_composition_names_is_here(terminology: Terminology) -> None:
    for url, _ in terminology.value_sets():
        for include in (terminology.value_set(url) or {})["compose"]["include"]:
            system = terminology.code_system(include.get("system", ""))
            if "version" in include and system and system.content == "complete":
                assert system.version == include["version"]


def test_concepts_in_memory_are_bounded() -> None:
    terminology = Terminology(Definitions.load())
    for url, version in terminology.systems():
        terminology.code_system(f"{url}|{version}" if version else url)
    assert 0 < terminology.kept_concepts <= 20_000
