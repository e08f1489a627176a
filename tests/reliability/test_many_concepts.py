"""A code system of 100,000 concepts: stored, asked about, removed; none of it stays in memory."""

from __future__ import annotations

import gc
from typing import Any

import psutil
import pytest

from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_concepts import ConceptStore
from fhir_server.terminology.listed import info_of
from fhir_server.terminology.sources import Condition, Selection

pytestmark = pytest.mark.reliability

GROUPS, EACH = 1000, 99
COUNT = GROUPS * (EACH + 1)


def _code_system() -> dict[str, Any]:
    concepts = [
        {
            "code": f"G{group}",
            "display": f"Grupp {group}",
            "concept": [{"code": f"C{group}-{n}", "display": f"Begrepp {n}"} for n in range(EACH)],
        }
        for group in range(GROUPS)
    ]
    return {
        "resourceType": "CodeSystem",
        "url": "urn:many",
        "content": "complete",
        "caseSensitive": True,
        "concept": concepts,
    }


def test_100_000_concepts_are_asked_about_without_keeping_them(store: MongoStore) -> None:
    concepts = ConceptStore(store.collections)
    code_system = _code_system()
    assert concepts.add("many", code_system) == COUNT
    system = concepts.system("many", info_of(code_system, COUNT))
    del code_system
    gc.collect()
    before = psutil.Process().memory_info().rss
    for group in range(0, GROUPS, 10):
        assert system.is_below(f"C{group}-7", f"G{group}")
        found = system.concept(f"C{group}-7")
        assert found
        assert found.display == "Begrepp 7"
    below = Selection((Condition("concept", "is-a", "G500"),))
    assert system.count(below) == EACH + 1
    page = [concept.code for concept in system.select(Selection(), 50_050, 3)]
    assert page == ["C500-49", "C500-50", "C500-51"]
    assert system.count(Selection(words=("grupp",))) == GROUPS
    assert psutil.Process().memory_info().rss - before < 20_000_000
    assert sum(1 for _ in system.select(Selection())) == COUNT
    concepts.remove("many")
    assert list(system.select(Selection())) == []
