"""What the server publishes itself can be read, though nobody stored it."""

from __future__ import annotations

import json

from tests.conftest import ROOT, Fhir


def test_a_published_definition_is_read_at_its_id(fhir: Fhir) -> None:
    answer = fhir.get("StructureDefinition/sip-careplan")
    assert answer.status_code == 200
    published = ROOT / "profiles" / "se" / "StructureDefinition-sip-careplan.json"
    assert answer.json == json.loads(published.read_text("utf-8"))
    assert "ETag" not in answer.headers


def test_it_comes_in_xml_and_in_part_too(fhir: Fhir) -> None:
    as_xml = fhir.get("Measure/flk-andel", Accept="application/fhir+xml")
    assert as_xml.status_code == 200
    assert '<Measure xmlns="http://hl7.org/fhir"' in as_xml.text
    part = fhir.get("Measure/flk-andel?_elements=title").json
    assert part["title"] == "Andel listade med namngiven fast läkarkontakt"
    assert "group" not in part


def test_a_search_has_what_is_stored_alone(fhir: Fhir) -> None:
    assert fhir.get("Measure?_summary=count").json["total"] == 0


def test_who_stores_something_under_the_id_reads_their_own(fhir: Fhir) -> None:
    own = fhir.get("Measure/byten").json | {"title": "Vår egen"}
    assert fhir.put("Measure/byten", own).status_code == 201
    answer = fhir.get("Measure/byten")
    assert answer.json["title"] == "Vår egen"
    assert answer.headers["ETag"] == 'W/"1"'


def test_an_id_that_nobody_publishes_is_not_found(fhir: Fhir) -> None:
    assert fhir.get("Measure/nobody").status_code == 404
    assert fhir.get("Patient/flk-andel").status_code == 404
