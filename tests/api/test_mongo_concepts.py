"""Concepts of stored code systems, on a real MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_server.fhir.folding import fold
from fhir_server.profiles.code_checks import Coded
from fhir_server.profiles.definitions import Definitions
from fhir_server.storage.concept_reads import ConceptsUnavailable, StoredCodeSystem
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_concepts import ConceptStore
from fhir_server.terminology.concepts import SystemInfo, TerminologyError
from fhir_server.terminology.listed import ListedCodeSystem, info_of
from fhir_server.terminology.rows import rows_of
from fhir_server.terminology.sources import CodeSystem, Condition, Selection
from fhir_server.terminology.terminology import Terminology
from tests.unit.terminology.samples import CARE, EVERY, every_filter, every_text

KEY = "care~1"


@pytest.fixture(scope="module")
def concepts(store: MongoStore) -> ConceptStore:
    """A store with the code system, and with neighbours that must not be mixed up with it."""
    found = ConceptStore(store.collections)
    for key in ("care", "care~", KEY, "care~10", "carf"):
        store.transact([], after=lambda inside, key=key: found.replace_inside(inside, key, CARE))
    return found


@pytest.fixture(scope="module")
def care(concepts: ConceptStore) -> StoredCodeSystem:
    return concepts.system(KEY, info_of(CARE, len(EVERY)))


def test_concepts_are_what_they_are_in_memory(care: StoredCodeSystem) -> None:
    listed = ListedCodeSystem(info_of(CARE, len(EVERY)), rows_of(CARE))
    assert list(care.select(Selection())) == list(listed.select(Selection()))
    for code in EVERY:
        assert care.concept(code) == listed.concept(code)
        assert list(care.children(code)) == list(listed.children(code))
        assert set(care.ancestors(code)) == set(listed.ancestors(code))
        assert set(care.descendants(code)) == set(listed.descendants(code))
        assert all(care.is_below(code, above) is listed.is_below(code, above) for above in EVERY)
    assert care.concept("none") is None
    assert care.has_levels()


@every_filter
def test_every_operator_finds_what_it_says(
    care: StoredCodeSystem, name: str, op: str, value: str, found: list[str]
) -> None:
    selection = Selection((Condition(name, op, value),))
    assert [concept.code for concept in care.select(selection)] == found
    assert care.count(selection) == len(found)
    assert [concept.code for concept in care.select(selection, 1, 2)] == found[1:3]


@every_text
def test_words_begin_words_of_what_a_concept_is_called(
    care: StoredCodeSystem, text: str, found: list[str]
) -> None:
    selection = Selection(words=tuple(fold(text).split()))
    assert [concept.code for concept in care.select(selection)] == found
    assert care.count(selection) == len(found)


def test_inactive_concepts_can_be_left_out(care: StoredCodeSystem) -> None:
    assert [c.code for c in care.select(Selection(active_only=True))] == EVERY[:-1]
    assert care.count(Selection(active_only=True)) == len(EVERY) - 1


@pytest.mark.parametrize(("name", "op"), [("colour", "="), ("kind", "is-a"), ("code", "like")])
def test_what_nobody_understands_is_refused(care: StoredCodeSystem, name: str, op: str) -> None:
    with pytest.raises(TerminologyError):
        care.count(Selection((Condition(name, op, "x"),)))


@pytest.mark.parametrize(("sensitive", "found"), [(True, None), (False, "icu"), (None, "icu")])
def test_case_counts_only_where_the_code_system_says_so(
    concepts: ConceptStore, sensitive: bool | None, found: str | None
) -> None:
    code_system = {**CARE, "caseSensitive": sensitive}
    concepts.add(f"case-{sensitive}", code_system)
    system = concepts.system(f"case-{sensitive}", info_of(code_system, len(EVERY)))
    concept = system.concept("ICU")
    assert (concept.code if concept else None) == found
    below = system.select(Selection((Condition("concept", "is-a", "ICU"),)))
    assert [each.code for each in below] == ([found] if found else [])


def _stages(plan: Any) -> Iterator[str]:
    if isinstance(plan, dict):
        if "stage" in plan:
            yield plan["stage"]
        for part in plan.values():
            yield from _stages(part)
    elif isinstance(plan, list):
        for part in plan:
            yield from _stages(part)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection(active_only=True),
        Selection(words=("vard",)),
        Selection((Condition("concept", "is-a", "inpatient"),), ("in",)),
        Selection((Condition("kind", "=", "bed"),), active_only=True),
        Selection((Condition("code", "in", "icu,ward"),)),
    ],
)
def test_every_question_is_answered_from_an_index(
    care: StoredCodeSystem, selection: Selection
) -> None:
    explained = care.explain(selection)
    assert "IXSCAN" in set(_stages(explained["queryPlanner"]["winningPlan"]))
    assert "COLLSCAN" not in set(_stages(explained["queryPlanner"]["winningPlan"]))
    # Nothing of the neighbours is looked at; a word may be met in two places of one concept.
    assert explained["executionStats"]["totalDocsExamined"] <= len(EVERY)


def test_a_replaced_code_system_keeps_nothing_of_the_old(
    store: MongoStore, concepts: ConceptStore
) -> None:
    info = info_of(CARE, None)
    store.transact([], after=lambda inside: concepts.replace_inside(inside, "new", CARE))
    fewer = {**CARE, "concept": [{"code": "only", "display": "Bara"}]}
    store.transact([], after=lambda inside: concepts.replace_inside(inside, "new", fewer))
    system = concepts.system("new", info)
    assert [concept.code for concept in system.select(Selection())] == ["only"]
    store.transact([], after=lambda inside: concepts.remove_inside(inside, "new"))
    assert list(system.select(Selection())) == []
    stored = set(concepts.stored_keys())
    assert KEY in stored
    assert "new" not in stored


def test_a_transaction_that_is_called_off_changes_no_concepts(
    store: MongoStore, concepts: ConceptStore, care: StoredCodeSystem
) -> None:
    class Off(Exception):
        pass

    def replaced(inside: Any) -> None:
        concepts.replace_inside(inside, KEY, {**CARE, "concept": [{"code": "only"}]})
        raise Off

    with pytest.raises(Off):
        store.transact([], after=replaced)
    assert [concept.code for concept in care.select(Selection())] == EVERY


def test_a_key_that_others_could_be_mixed_up_with_is_refused(concepts: ConceptStore) -> None:
    with pytest.raises(ValueError, match="has no"):
        concepts.add("care|1", CARE)


class _Apart:
    """Where the concepts of the definition in a file are."""

    def __init__(self, concepts: ConceptStore) -> None:
        self._concepts = concepts

    def system_of(self, definition: Any, info: SystemInfo) -> CodeSystem | None:
        return self._concepts.system(KEY, info)

    def canonical_of(self, reference: str) -> str | None:
        return None

    def supplements(self) -> list[tuple[str, str]]:
        return []


@pytest.fixture
def definitions(tmp_path: Any) -> Definitions:
    """Definitions with the code system without its concepts, and a value set of it."""
    import json

    from fhir_server.fhir.locations import definition_directories

    apart = {key: value for key, value in CARE.items() if key != "concept"} | {"count": len(EVERY)}
    whole = {"resourceType": "ValueSet", "url": "urn:whole", "compose": {"include": [{"system": CARE["url"]}]}}  # fmt: skip
    for name, resource in (("system", apart), ("set", whole)):
        (tmp_path / f"{name}.json").write_text(json.dumps(resource))
    return Definitions.load([definition_directories()[0], tmp_path])


def test_terminology_answers_from_the_database(
    concepts: ConceptStore, definitions: Definitions
) -> None:
    terminology = Terminology(definitions, stored=_Apart(concepts))
    system = CARE["url"]
    assert terminology.in_value_set("urn:whole", Coded("icu", system)).holds is True
    assert terminology.in_value_set("urn:whole", Coded("none", system)).holds is False
    assert terminology.subsumes(system, "care", "day") is True
    assert terminology.below(system, "inpatient")[0] == "inpatient"
    assert set(terminology.below(system, "inpatient")) == {"inpatient", "ward", "icu", "day"}
    assert set(terminology.above(system, "day")) == {"day", "inpatient", "outpatient", "care"}
    assert terminology.members("urn:whole") == {system: EVERY}


def test_a_database_that_is_gone_leaves_codes_unknown(definitions: Definitions) -> None:
    gone = MongoStore("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50&replicaSet=x", "none")
    terminology = Terminology(definitions, stored=_Apart(ConceptStore(gone.collections)))
    system = CARE["url"]
    verdict = terminology.in_value_set("urn:whole", Coded("icu", system))
    assert verdict.holds is None
    assert "does not answer" in verdict.text
    assert terminology.in_code_system(Coded("icu", system)).holds is None
    assert terminology.subsumes(system, "care", "day") is None
    with pytest.raises(ConceptsUnavailable):
        terminology.concept(system, "icu")
    gone.close()
