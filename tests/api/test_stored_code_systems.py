"""CodeSystems and ValueSets that clients store answer about codes at once (record 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.interactions.context import Server
from fhir_server.interactions.stored_concepts import MOST_INLINE, NewConcepts, remove_orphans
from fhir_server.profiles.code_checks import Coded
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir

BASE = "https://vendor.example/fhir"


def code_system(name: str, codes: int, **changes: Any) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem",
        "url": f"{BASE}/CodeSystem/{name}",
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
        "concept": [{"code": f"c{n}", "display": f"Concept {n}"} for n in range(codes)],
        **changes,
    }


def value_set(name: str, system: str) -> dict[str, Any]:
    return {
        "resourceType": "ValueSet",
        "url": f"{BASE}/ValueSet/{name}",
        "status": "active",
        "compose": {"include": [{"system": system}]},
    }


@pytest.fixture
def concepts(store: MongoStore) -> Callable[[], int]:
    """Count the concepts that are stored outside of resources."""
    database = store.collections.resources.database
    return lambda: database["concepts"].count_documents({})


@pytest.mark.parametrize("codes", [3, MOST_INLINE + 50])
def test_a_code_system_and_a_value_set_answer_about_codes_until_they_are_deleted(
    fhir: Fhir, app_server: Server, concepts: Callable[[], int], codes: int
) -> None:
    before = concepts()
    system = fhir.create(code_system(f"few-or-many-{codes}", codes))
    members = fhir.create(value_set(f"of-{codes}", system["url"]))

    def holds(code: str) -> bool | None:
        assert app_server.terminology is not None
        coded = Coded(code, system["url"])
        return app_server.terminology.in_value_set(members["url"], coded).holds

    assert (holds("c2"), holds(f"c{codes}")) == (True, False)
    assert concepts() == before + (codes if codes > MOST_INLINE else 0)

    changed = code_system(f"few-or-many-{codes}", codes + 1, id=system["id"])
    assert fhir.put(f"CodeSystem/{system['id']}", changed).status_code == 200
    assert holds(f"c{codes}")
    assert concepts() == before + (codes + 1 if codes > MOST_INLINE else 0)

    assert fhir.delete(f"CodeSystem/{system['id']}").status_code == 204
    assert holds("c2") is None
    assert concepts() == before


def test_a_write_that_is_refused_leaves_no_concepts(
    fhir: Fhir, concepts: Callable[[], int]
) -> None:
    before = concepts()
    nobody = {"resourceType": "Patient", "managingOrganization": {"reference": "Organization/no"}}
    entries = [
        {"resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
        for each in (code_system("refused", MOST_INLINE + 1), nobody)
    ]

    answer = fhir.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})

    assert answer.status_code >= 400
    assert concepts() == before


def test_concepts_of_a_writer_that_died_are_removed_once_they_are_old(
    fhir: Fhir, store: MongoStore, concepts: Callable[[], int]
) -> None:
    kept = fhir.create(code_system("kept", MOST_INLINE + 1))
    before = concepts()
    orphans = NewConcepts(store.collections)
    died = store.read("CodeSystem", kept["id"])
    assert died is not None
    orphans.split(died, code_system("died", MOST_INLINE + 1))
    assert concepts() == 2 * before

    assert remove_orphans(store.collections) == 0
    assert remove_orphans(store.collections, older_than=-1) == 1

    assert concepts() == before
