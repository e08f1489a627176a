"""Codes by name, by value set and by level: https://hl7.org/fhir/R4/search.html#token"""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.parse import QueryParser
from fhir_server.terminology.concepts import TerminologyError
from fhir_server.terminology.terminology import Terminology
from tests.unit.search.conftest import Finds
from tests.unit.search.samples import BASE

V3 = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
ACUTE: dict[str, Any] = {"resourceType": "Encounter", "class": {"system": V3, "code": "ACUTE"}}
NAMED: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {
        "coding": [
            {"display": "Kroppstemperatur"},
            {"code": "x"},
            {"system": "http://loinc.org", "code": "8310-5"},
        ],
        "text": "Temp (öra)",
    },
    "category": [{"coding": [{"system": CATEGORIES, "code": "vital-signs"}]}],
}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("code:text", "kropps", True),
        ("code:text", "temp ora", True),
        ("code:text", "ora", False),
        ("code:text", "x", False),
        ("code:text", "nej,TEMP", True),
        ("category:in", "http://hl7.org/fhir/ValueSet/observation-category", True),
        ("category:in", "http://hl7.org/fhir/ValueSet/observation-category|4.0.1", True),
        ("category:in", "ValueSet/observation-category", True),
        ("category:in", f"{BASE}/ValueSet/observation-category", True),
        ("category:not-in", "ValueSet/observation-category", False),
        ("code:not-in", "ValueSet/observation-category", True),
        ("status:in", "http://hl7.org/fhir/ValueSet/observation-status", True),
        ("status:in", "http://hl7.org/fhir/ValueSet/account-status", False),
        ("status:not-in", "http://hl7.org/fhir/ValueSet/account-status", True),
        ("method:not-in", "ValueSet/observation-category", True),
        ("method:not", "x", True),
        ("code:in", "http://hl7.org/fhir/ValueSet/observation-codes", True),
        ("category:in", "http://hl7.org/fhir/ValueSet/observation-codes", False),
    ],
)
def test_codes_are_found_by_name_and_by_value_set(
    finds: Finds, name: str, value: str, found: bool
) -> None:
    assert finds(NAMED, name, value) is found


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("class:below", f"{V3}|IMP", True),
        ("class:below", f"{V3}|_ActEncounterCode", True),
        ("class:below", f"{V3}|ACUTE", True),
        ("class:below", f"{V3}|AMB", False),
        ("class:above", f"{V3}|ACUTE", True),
        ("class:above", f"{V3}|IMP", False),
    ],
)
def test_codes_are_found_by_level(finds: Finds, name: str, value: str, found: bool) -> None:
    assert finds(ACUTE, name, value) is found


def test_the_projects_own_value_sets_are_known_by_url_and_id(definitions: Definitions) -> None:
    own = definitions.value_sets()[0]
    terminology = Terminology(definitions)
    assert terminology.members(own["url"])
    assert terminology.members(f"ValueSet/{own['id']}") == terminology.members(own["url"])


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("code:in", "http://example.org/ValueSet/none", "not known"),
        ("code:in", "ValueSet/none", "not known"),
        ("code:in", "http://hl7.org/fhir/ValueSet/condition-code", "snomed.info/sct is not known"),
        ("code:below", "http://loinc.org|1-8", "no hierarchy"),
        ("code:above", "1-8", "system|code"),
        ("code:below", "a|b|c", "system|code"),
        ("code:text", "--", "a letter or a digit"),
        ("subject:text", "x", "Valid: :missing, :identifier"),
        ("code:contains", "x", "Valid: :missing, :not, :text, :in, :not-in, :above, :below"),
        ("identifier:in", "x", "Valid: :missing, :not, :text, :of-type"),
        ("date:exact", "2026", "Valid: :missing"),
        ("_content:exact", "x", "Valid: none"),
    ],
)
def test_what_the_server_cannot_tell_is_refused(
    parser: QueryParser, name: str, value: str, text: str
) -> None:
    with pytest.raises(FhirError) as refused:
        parser.parse("Observation", [(name, value)])
    assert refused.value.status == 400
    assert text in refused.value.issues[0].text


def test_a_system_without_levels_is_not_known(definitions: Definitions) -> None:
    with pytest.raises(TerminologyError):
        Terminology(definitions).below("http://hl7.org/fhir/administrative-gender", "male")


def test_every_level_is_closed_under_itself(definitions: Definitions) -> None:
    terminology = Terminology(definitions)
    below = terminology.below(V3, "_ActEncounterCode")
    assert len(below) == len(set(below)) > 5
    assert all("_ActEncounterCode" in terminology.above(V3, code) for code in below)
