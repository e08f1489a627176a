"""Code systems and value sets that clients store answer at once: validation, search, displays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_server.interactions.context import Server
from fhir_server.profiles.code_checks import Coded
from fhir_server.terminology.concepts import ExpansionRequest
from tests.conftest import Fhir
from tests.unit.terminology.samples import CARE, EVERY, SYSTEM

WARDS = "https://example.org/ValueSet/wards"
LEVELS = [{"property": "concept", "op": "is-a", "value": "inpatient"}]
VALUE_SET: dict[str, Any] = {
    "resourceType": "ValueSet",
    "id": "wards",
    "url": WARDS,
    "version": "1",
    "status": "active",
    "compose": {"include": [{"system": SYSTEM, "filter": LEVELS}]},
}
FINNISH: dict[str, Any] = {
    "resourceType": "CodeSystem",
    "id": "finnish",
    "url": "https://example.org/CodeSystem/finnish",
    "status": "active",
    "content": "supplement",
    "supplements": SYSTEM,
    "concept": [{"code": "ward", "designation": [{"language": "fi", "value": "Osasto"}]}],
}


@pytest.fixture
def stored(fhir: Fhir) -> Iterator[Fhir]:
    """The code system and a value set, stored for one test."""
    for resource in (CARE, VALUE_SET):
        answer = fhir.put(f"{resource['resourceType']}/{resource['id']}", resource)
        assert answer.status_code in (200, 201), answer.text
    yield fhir
    for reference in ("ValueSet/wards", "CodeSystem/finnish", "CodeSystem/care"):
        assert fhir.delete(reference).status_code == 204


def _observation(code: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": SYSTEM, "code": code}]},
    }


def _found(fhir: Fhir, query: str) -> list[str]:
    entries = fhir.get(f"Observation?{query}").json.get("entry", [])
    return sorted(e["resource"]["code"]["coding"][0]["code"] for e in entries)


def test_what_is_stored_answers_about_codes(stored: Fhir, app_server: Server) -> None:
    for url in (WARDS, f"{WARDS}|1"):
        for code, expected in (("icu", True), ("outpatient", False)):
            assert app_server.terminology.in_value_set(url, Coded(code, SYSTEM)).holds is expected
    assert app_server.terminology.in_value_set(f"{WARDS}|2", Coded("icu", SYSTEM)).holds is None
    assert app_server.terminology.in_code_system(Coded("none", SYSTEM)).holds is False
    whole = {"compose": {"include": [{"system": SYSTEM}]}}
    found = app_server.terminology.expand(whole, ExpansionRequest())
    assert [item.code for item in found.contains] == EVERY
    assert (SYSTEM, "2") in app_server.terminology.systems() or (
        SYSTEM,
        None,
    ) in app_server.terminology.systems()


def test_searches_know_stored_value_sets_and_levels(stored: Fhir) -> None:
    for code in ("icu", "outpatient", "day"):
        stored.create(_observation(code))
    assert _found(stored, f"code:in={WARDS}") == ["day", "icu"]
    assert _found(stored, "code:in=ValueSet/wards") == ["day", "icu"]
    assert _found(stored, f"code:not-in={WARDS}") == ["outpatient"]
    assert _found(stored, f"code:below={SYSTEM}|outpatient") == ["day", "outpatient"]
    assert _found(stored, f"code:above={SYSTEM}|day") == ["day", "outpatient"]


def test_a_stored_supplement_adds_displays(stored: Fhir, app_server: Server) -> None:
    coded = Coded("ward", SYSTEM, display="Osasto")
    assert app_server.terminology.in_value_set(WARDS, coded).wrong_display
    stored.put("CodeSystem/finnish", FINNISH)
    assert not app_server.terminology.in_value_set(WARDS, coded).wrong_display
    found = app_server.terminology.concept(SYSTEM, "ward")
    assert found
    assert [each.value for each in found.designations] == ["Osasto"]


def test_a_change_is_seen_at_once(stored: Fhir, app_server: Server) -> None:
    fewer = {**CARE, "version": "3", "concept": [{"code": "inpatient", "display": "Slutenvård"}]}
    assert stored.put("CodeSystem/care", fewer).status_code == 200
    assert app_server.terminology.in_value_set(WARDS, Coded("icu", SYSTEM)).holds is False
    assert app_server.terminology.in_value_set(WARDS, Coded("inpatient", SYSTEM)).holds is True


def test_what_is_deleted_is_unknown(fhir: Fhir, app_server: Server) -> None:
    fhir.put("CodeSystem/care", CARE)
    assert app_server.terminology.in_code_system(Coded("icu", SYSTEM)).holds is True
    assert fhir.delete("CodeSystem/care").status_code == 204
    assert app_server.terminology.in_code_system(Coded("icu", SYSTEM)).holds is None
    assert fhir.get(f"Observation?code:below={SYSTEM}|care").status_code == 400


def test_codes_of_r4_cannot_be_redefined(fhir: Fhir, app_server: Server) -> None:
    url = "http://hl7.org/fhir/ValueSet/ucum-units"
    mine = {**VALUE_SET, "id": "mine", "url": url}
    assert fhir.put("ValueSet/mine", mine).status_code == 201
    assert app_server.terminology.in_value_set(url, Coded("mg")).holds is True
    assert app_server.terminology.in_value_set(url, Coded("icu", SYSTEM)).holds is False
    fhir.delete("ValueSet/mine")
