"""Filters of value sets: https://hl7.org/fhir/R4/valueset-filter-operator.html"""

from __future__ import annotations

import pytest

from fhir_server.fhir.folding import fold
from fhir_server.terminology.concepts import TerminologyError
from fhir_server.terminology.filters import linear_pattern
from fhir_server.terminology.listed import ListedCodeSystem, info_of
from fhir_server.terminology.rows import rows_of
from fhir_server.terminology.sources import Condition, Selection
from tests.unit.terminology.samples import CARE, EVERY, every_filter, every_text

ROWS = rows_of(CARE)


@pytest.fixture
def care() -> ListedCodeSystem:
    return ListedCodeSystem(info_of(CARE, len(ROWS)), ROWS)


@every_filter
def test_every_operator_finds_what_it_says(
    care: ListedCodeSystem, name: str, op: str, value: str, found: list[str]
) -> None:
    selection = Selection((Condition(name, op, value),))
    assert [concept.code for concept in care.select(selection)] == found
    assert care.count(selection) == len(found)


@every_text
def test_words_begin_words_of_what_a_concept_is_called(
    care: ListedCodeSystem, text: str, found: list[str]
) -> None:
    selection = Selection(words=tuple(fold(text).split()))
    assert [concept.code for concept in care.select(selection)] == found


def test_all_of_several_filters_hold(care: ListedCodeSystem) -> None:
    selection = Selection(
        (Condition("concept", "is-a", "inpatient"), Condition("kind", "=", "bed")), ("int",)
    )
    assert [concept.code for concept in care.select(selection)] == ["icu"]


def test_inactive_concepts_can_be_left_out(care: ListedCodeSystem) -> None:
    active = [concept.code for concept in care.select(Selection(active_only=True))]
    assert active == [code for code in EVERY if code != "asylum"]


@pytest.mark.parametrize(
    ("name", "op", "value", "code"),
    [
        ("colour", "=", "red", "not-supported"),
        ("kind", "is-a", "bed", "not-supported"),
        ("concept", "child-of", "care", "not-supported"),
        ("kind", "exists", "yes", "invalid"),
        ("code", "regex", "(", "invalid"),
        ("code", "regex", "(?=a)a", "invalid"),
        ("code", "regex", r"(a)\1", "invalid"),
        ("code", "regex", "a)|(b", "invalid"),
        ("code", "regex", "a" * 1001, "invalid"),
        ("code", "regex", "(x{900}){900}", "invalid"),
    ],
)
def test_what_nobody_understands_is_refused(
    care: ListedCodeSystem, name: str, op: str, value: str, code: str
) -> None:
    with pytest.raises(TerminologyError) as refused:
        list(care.select(Selection((Condition(name, op, value),))))
    assert refused.value.code == code


def test_no_pattern_takes_more_than_linear_time() -> None:
    # Backtracking would take longer than the universe has existed.
    assert not linear_pattern("(a|a)*(a+)+b")("a" * 100_000)


def test_levels_may_go_in_circles(care: ListedCodeSystem) -> None:
    concepts = [
        {"code": "a", "property": [{"code": "parent", "valueCode": "b"}]},
        {"code": "b", "property": [{"code": "parent", "valueCode": "a"}]},
    ]
    rows = rows_of({"concept": concepts})
    system = ListedCodeSystem(info_of({"url": "urn:circle"}, 2), rows)
    assert list(system.ancestors("a")) == ["b"]
    assert list(system.descendants("a")) == ["b"]


@pytest.mark.parametrize(("sensitive", "found"), [(True, None), (False, "icu"), (None, "icu")])
def test_case_counts_only_where_the_code_system_says_so(
    sensitive: bool | None, found: str | None
) -> None:
    info = info_of({**CARE, "caseSensitive": sensitive}, len(ROWS))
    concept = ListedCodeSystem(info, ROWS).concept("ICU")
    assert (concept.code if concept else None) == found
