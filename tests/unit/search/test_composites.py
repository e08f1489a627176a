"""Composite parameters: https://hl7.org/fhir/R4/search.html#composite"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.outcome import FhirError
from fhir_server.search.parse import QueryParser
from fhir_server.search.syntax import escape
from tests.unit.search.conftest import Entries, Finds

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


def component(code: str, value: float, unit: str = "mm[Hg]") -> dict[str, Any]:
    """Give a part of an Observation."""
    return {
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "valueQuantity": {"value": value, "system": UCUM, "code": unit, "unit": "mmHg"},
    }


PRESSURE = {
    "resourceType": "Observation",
    "code": {"coding": [{"system": LOINC, "code": "85354-9"}, {"code": "a$b,c"}]},
    "component": [component("8480-6", 140), component("8462-4", 80)],
    "valueString": "Högt blodtryck",
}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("component-code-value-quantity", "8480-6$140", True),
        ("component-code-value-quantity", f"{LOINC}|8480-6$140", True),
        ("component-code-value-quantity", "urn:x|8480-6$140", False),
        ("component-code-value-quantity", "8480-6$80", False),
        ("component-code-value-quantity", "8480-6$gt80", True),
        ("component-code-value-quantity", "8462-4$gt80", False),
        ("component-code-value-quantity", "8462-4$gt80,8480-6$gt80", True),
        ("component-code-value-quantity", f"8480-6$gt18|{UCUM}|kPa", True),
        ("component-code-value-quantity", f"8480-6$gt19|{UCUM}|kPa", False),
        ("component-code-value-quantity", "8480-6$140||mmHg", True),
        ("component-code-value-quantity", "8480-6$140||kPa", False),
        ("combo-code-value-quantity", "8462-4$80", True),
        ("combo-code-value-quantity", "85354-9$80", False),
        ("code-value-string", "85354-9$hogt", True),
        ("code-value-string", "85354-9$blodtryck", False),
        ("code-value-string", r"a\$b\,c$högt", True),
        ("code-value-string:missing", "false", True),
        ("code-value-concept:missing", "true", True),
        ("component-code-value-quantity:missing", "false", True),
    ],
)
def test_parts_are_compared_together(finds: Finds, name: str, value: str, found: bool) -> None:
    assert finds(PRESSURE, name, value) is found


def test_two_tokens_and_a_token_with_a_reference(finds: Finds) -> None:
    group = {
        "resourceType": "Group",
        "characteristic": [
            {"code": {"coding": [{"code": "gender"}]}, "valueCodeableConcept": {"coding": [{"code": "mixed"}]}},
            {"code": {"coding": [{"code": "owner"}]}, "valueBoolean": True},
        ],
    }  # fmt: skip
    assert finds(group, "characteristic-value", "gender$mixed")
    assert finds(group, "characteristic-value", "|gender$|mixed")
    assert finds(group, "characteristic-value", "owner$true")
    assert not finds(group, "characteristic-value", "gender$true")
    target = {"reference": "DocumentReference/7"}
    document = {
        "resourceType": "DocumentReference",
        "relatesTo": [{"code": "replaces", "target": target}],
    }
    assert finds(document, "relationship", "replaces$DocumentReference/7")
    assert finds(document, "relationship", "replaces$7")
    assert not finds(document, "relationship", "appends$7")


def test_a_date_and_a_period_are_compared_as_ranges(finds: Finds, entries: Entries) -> None:
    code = {"coding": [{"system": LOINC, "code": "1"}]}
    day = {"resourceType": "Observation", "code": code, "valueDateTime": "2026-03-01"}
    assert finds(day, "code-value-date", "1$2026-03")
    assert not finds(day, "code-value-date", "1$gt2026-03-01")
    period = {"start": "2026-03-01", "end": "2026-05-01"}
    long = {"resourceType": "Observation", "code": code, "valuePeriod": period}
    assert finds(long, "code-value-date", "1$ap2026-04")
    assert any(token.startswith("Observation.code-value-date=1%") for token in entries(long).tokens)
    assert any(token.startswith("Observation.code-value-date=1@") for token in entries(day).tokens)


def test_a_token_with_two_numbers(finds: Finds) -> None:
    sequence = {
        "resourceType": "MolecularSequence",
        "referenceSeq": {"chromosome": {"coding": [{"code": "1"}]}, "windowStart": 10, "windowEnd": 90},
        "variant": [{"start": 5, "end": 6}, {"start": 50, "end": 60}],
    }  # fmt: skip
    assert finds(sequence, "chromosome-variant-coordinate", "1$gt40$lt61")
    assert not finds(sequence, "chromosome-variant-coordinate", "1$lt40$gt50")
    assert finds(sequence, "chromosome-window-coordinate", "1$10$90")
    assert not finds(sequence, "chromosome-window-coordinate", "2$10$90")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("8480-6", "code$component-value-quantity"),
        ("8480-6$", "code$component-value-quantity"),
        ("a$1$2", "code$component-value-quantity"),
        ("8480-6$5.5.5", "must be a number"),
        ("8480-6$high", "the prefix is unknown"),
        (f"{LOINC}|$1", "must name a code"),
    ],
)
def test_what_is_no_composite_is_refused(parser: QueryParser, value: str, text: str) -> None:
    with pytest.raises(FhirError) as refused:
        parser.parse("Observation", [("component-code-value-quantity", value)])
    assert text in refused.value.issues[0].text
    assert refused.value.status == 400


text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)


@settings(deadline=None)
@given(text, text, text)
def test_whatever_pair_is_stored_is_found(finds: Finds, system: str, code: str, value: str) -> None:
    observation = {
        "resourceType": "Observation",
        "code": {"coding": [{"system": system, "code": code}]},
        "valueCodeableConcept": {"coding": [{"code": value}]},
        "component": [component("x", 1)],
    }
    pair = f"{escape(system)}|{escape(code)}${escape(value)}"
    assert finds(observation, "code-value-concept", pair)
    assert finds(observation, "combo-code-value-concept", f"{escape(code)}$|{escape(value)}")
    assert not finds(observation, "code-value-concept", f"{escape(code)}x${escape(value)}")
