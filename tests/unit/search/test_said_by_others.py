"""Parameters without entries of their own: what they find is what entries of their own would.

A SearchParameter that is data has its own entries whatever it looks at. So one with the expression
of ``combo-code``, under another code, says what ``combo-code`` must find.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.contained_search import candidates
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.matching import Indexed, fulfils, matches
from fhir_server.search.parameters import Parameters
from fhir_server.search.parse import QueryParser
from tests.unit.search import samples
from tests.unit.search.conftest import Entries
from tests.unit.search.samples import BASE, STOCKHOLM

COMBINED = (
    "combo-code",
    "combo-code-value-concept",
    "combo-code-value-quantity",
    "combo-data-absent-reason",
    "combo-value-concept",
)
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "code": {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]},
    "component": [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}], "text": "Upper"},
            "valueQuantity": {
                "value": 140, "system": "http://unitsofmeasure.org", "code": "mm[Hg]",
            },
        }
    ],
}  # fmt: skip


def own(code: str) -> str:
    """Name the parameter that looks where another does, and has entries of its own."""
    return f"own-{code}"


@pytest.fixture(scope="module")
def doubled(definitions: Definitions) -> Definitions:
    """Definitions with both kinds of parameters."""
    published = definitions.search_parameters("Observation")
    data = {own(c): replace(published[c], code=own(c), revision=1) for c in COMBINED}
    return definitions.with_search_parameters({"Observation": data})


@pytest.fixture(scope="module")
def both(doubled: Definitions) -> tuple[Indexer, QueryParser]:
    """What indexes and parses by both kinds of parameters."""
    parser = QueryParser(doubled, STOCKHOLM, BASE, default_count=20, max_count=100)
    return Indexer(doubled, STOCKHOLM, BASE), parser


def test_observations_combined_codes_are_said_by_those_they_combine(
    definitions: Definitions,
) -> None:
    parameters = Parameters(definitions)
    found = {
        (type_, code): each.said_by
        for type_ in definitions.resource_types
        for code, each in parameters.of(type_).items()
        if each.said_by
    }
    assert {code for _, code in found} == set(COMBINED)
    assert {type_ for type_, _ in found} == {"Observation"}
    named = {f"Observation.{c}" for c in ("code-value-quantity", "component-code-value-quantity")}
    assert set(found["Observation", "combo-code-value-quantity"]) == named
    assert set(found["Observation", "combo-code"]) == {
        "Observation.code", "Observation.component-code",
    }  # fmt: skip


def test_a_parameter_that_is_data_has_entries_of_its_own(doubled: Definitions) -> None:
    known = Parameters(doubled).of("Observation")
    assert not any(known[own(code)].said_by for code in COMBINED)
    # Nor does a published one rely on what may be withdrawn.
    assert not any("own" in name for code in COMBINED for name in known[code].said_by)


def test_what_others_say_is_not_spelled_again(entries: Entries) -> None:
    made = entries(OBSERVATION)
    assert "Observation.component-code=8480-6" in made.tokens
    assert not any("combo-code" in token for token in made.tokens)
    assert not any("combo-code" in name for name in made.ranges)
    # What has an order keeps its entries.
    assert "Observation:combo-value-quantity<" in made.keys


def test_entries_that_were_stored_with_their_own_spelling_are_found_as_well(
    both: tuple[Indexer, QueryParser], parser: QueryParser
) -> None:
    made = both[0].index(OBSERVATION, "Observation/1")
    older = [token.replace("own-combo-code~1", "combo-code") for token in made.tokens]
    assert "Observation.combo-code=8480-6" in older
    stored = Indexed("Observation/1", 0, replace(made, tokens=older))
    assert matches(parser.parse("Observation", [("combo-code", "8480-6")]), stored)
    assert not matches(parser.parse("Observation", [("combo-code:not", "8480-6")]), stored)


def same(both: tuple[Indexer, QueryParser], asked: str, resources: list[dict[str, Any]]) -> int:
    """Ask both parameters the same of some resources; tell how many they found.

    Args:
        both: what indexes and parses.
        asked: a name and a value, with {} where the name begins that there are two of.
        resources: to look for it in.
    """
    indexer, parser = both
    queries = []
    for prefix in ("", "own-"):
        name, _, value = asked.replace("{}", prefix).partition("=")
        queries.append(parser.parse("Observation", [(name, value)]))
    found = 0
    for number, resource in enumerate(resources):
        reference = f"Observation/{number}"
        stored = Indexed(reference, 0, indexer.index(resource, reference))
        answers = [matches(query, stored) for query in queries]
        assert answers[0] is answers[1], (asked, resource)
        found += answers[0]
    return found


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_any_search_finds_what_it_would_by_entries_of_its_own(
    both: tuple[Indexer, QueryParser], seed: int
) -> None:
    random, parser = Random(seed), both[1]
    name, value = samples.criterion_on(random, parser, "Observation", random.choice(COMBINED))
    made = [samples.resource(random, f"{number:03d}") for number in range(40)]
    same(both, f"{{}}{name}={value}", [r for r in made if r["resourceType"] == "Observation"])


CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def coded(code: str, system: str = CATEGORY, **more: Any) -> dict[str, Any]:
    """Give a concept."""
    return {"coding": [{"system": system, "code": code, "display": code.title()}], **more}


OBSERVATIONS: list[dict[str, Any]] = [
    {"resourceType": "Observation", **body}
    for body in (
        {},
        {"code": coded("vital-signs"), "valueCodeableConcept": coded("laboratory")},
        {"code": coded("exam"), "component": [{"code": coded("vital-signs", text="Pulse")}]},
        {"code": coded("x", "urn:x"), "component": [{"code": coded("y", "urn:x")}]},
        {"code": coded("x", "urn:x"), "component": [{"code": coded("x", "urn:x")}]},
        {"code": {"text": "Pulse"}, "dataAbsentReason": coded("not-a-number", ABSENT)},
        {"component": [{"code": coded("exam"), "dataAbsentReason": coded("error", ABSENT)}]},
        {"component": [{"code": coded("exam"), "valueCodeableConcept": coded("laboratory")}]},
    )
]
_IN = "http://hl7.org/fhir/ValueSet/observation-category"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("{}combo-code=vital-signs", 2),
        ("{}combo-code:not=vital-signs", 6),
        ("{}combo-code:not=vital-signs,x", 4),
        ("{}combo-code=urn:x|", 2),
        ("{}combo-code:text=pul", 2),
        ("{}combo-code:missing=true", 1),
        ("{}combo-code:missing=false", 7),
        (f"{{}}combo-code:in={_IN}", 4),
        (f"{{}}combo-code:not-in={_IN}", 4),
        (f"{{}}combo-data-absent-reason:below={ABSENT}|error", 2),
        (f"{{}}combo-data-absent-reason:above={ABSENT}|not-a-number", 2),
        ("{}combo-data-absent-reason:missing=false", 2),
        ("{}combo-value-concept=laboratory", 2),
        ("{}combo-code-value-concept=exam$laboratory", 1),
        ("{}combo-code-value-concept:missing=false", 2),
        ("_filter={}combo-code eq vital-signs", 2),
        ("_filter={}combo-code ne vital-signs", 5),
        ("_filter={}combo-code ne urn:x|x", 5),
        (f"_filter={{}}combo-code in {_IN}", 4),
        (f"_filter={{}}combo-code ni {_IN}", 4),
        (f"_filter={{}}combo-data-absent-reason ss {ABSENT}|error", 2),
        ("_filter={}combo-code pr false", 1),
        ("_filter=not ({}combo-code eq vital-signs or {}combo-value-concept pr true)", 5),
        ("_filter={}combo-code-value-concept eq exam$laboratory", 1),
    ],
)
def test_each_modifier_and_operator_asks_it_of_all_that_they_say(
    both: tuple[Indexer, QueryParser], asked: str, found: int
) -> None:
    assert same(both, asked, OBSERVATIONS) == found


@pytest.mark.parametrize(
    "value", ["8480-6$140", "8480-6$gt139||mm[Hg]", "8480-6$gt18|http://unitsofmeasure.org|kPa"]
)
def test_parts_stand_together_in_whatever_unit(
    both: tuple[Indexer, QueryParser], value: str
) -> None:
    assert same(both, f"{{}}combo-code-value-quantity={value}", [OBSERVATION]) == 1
    other = value.replace("8480-6", "85354-9")
    assert same(both, f"{{}}combo-code-value-quantity={other}", [OBSERVATION]) == 0


@pytest.mark.parametrize("code", ["combo-code:above", "combo-code-value-quantity:missing"])
def test_what_is_refused_names_the_parameter_that_was_asked(parser: QueryParser, code: str) -> None:
    with pytest.raises(FhirError, match=f"'{code}'"):
        parser.parse("Observation", [(code, "x")])


@pytest.mark.parametrize("asked", ["combo-code=8480-6", "combo-code:text=upper"])
def test_what_contains_it_is_a_candidate(indexer: Indexer, parser: QueryParser, asked: str) -> None:
    name, _, value = asked.partition("=")
    container = {"resourceType": "DiagnosticReport", "contained": [{**OBSERVATION, "id": "o"}]}
    stored = Indexed("DiagnosticReport/1", 0, indexer.index(container, "DiagnosticReport/1"))
    query = parser.parse("Observation", [(name, value), ("_contained", "true")])
    assert fulfils(candidates(query).where, stored)


def test_chains_and_has_lead_through_it(indexer: Indexer, parser: QueryParser) -> None:
    said = {**OBSERVATION, "subject": {"reference": "Patient/1"}}
    report = {"resourceType": "DiagnosticReport", "result": [{"reference": "Observation/1"}]}
    person = {"resourceType": "Patient"}
    made = {
        name: Indexed(name, 0, indexer.index(resource, name))
        for name, resource in (
            ("Observation/1", said), ("DiagnosticReport/1", report), ("Patient/1", person),
        )
    }  # fmt: skip
    for type_, name in (
        ("DiagnosticReport", "result:Observation.combo-code"),
        ("Patient", "_has:Observation:patient:combo-code"),
    ):
        for value, found in (("8480-6", True), ("85354-9", True), ("8462-4", False)):
            query = parser.parse(type_, [(name, value)])
            assert matches(query, made[f"{type_}/1"], made) is found
