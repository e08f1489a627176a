"""A page ends where it gets too large, and a read where it takes too long; nothing is lost by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.errors import translated_errors
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import StoreTooSlow
from fhir_server.storage.time_limit import limited
from tests.conftest import Fhir

MANY, LARGE = 30, 40_000
PAGE_MB = 0.2


@pytest.fixture(scope="module")
def settings(database: str) -> Settings:
    return Settings(
        mongodb_database=database,
        base_url="http://localhost/fhir",
        log_level="error",
        max_page_mb=PAGE_MB,
    )


@pytest.fixture(scope="module")
def large(app: Flask) -> list[str]:
    """Patients of 40 kB, each of a family, with an Encounter that refers to it, in two versions."""
    fhir = Fhir(app.test_client())
    ids = []
    for n in range(MANY):
        text = "x" * LARGE
        made = fhir.create({"resourceType": "Patient", "name": [{"family": f"F{n % 3}", "text": text}],
                            "birthDate": f"19{50 + n}-01-01"})  # fmt: skip
        ids.append(made["id"])
        fhir.put(f"Patient/{made['id']}", {**made, "active": True})
    body = {"resourceType": "Group", "type": "person", "actual": True,
            "member": [{"entity": {"reference": f"Patient/{each}"}} for each in ids]}  # fmt: skip
    fhir.create(body)
    return ids


def pages(fhir: Fhir, path: str) -> Iterator[Any]:
    for _ in range(200):
        answer = fhir.get(path)
        assert answer.status_code == 200, answer.text[:500]
        yield answer
        following = [link["url"] for link in answer.json["link"] if link["relation"] == "next"]
        if not following:
            return
        path = following[0].removeprefix("http://localhost/fhir").lstrip("/")
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize(
    "search",
    ["Patient?_count=1000", "Patient?_sort=birthdate&_count=1000", "Patient?_sort=-_id&_count=1000",
     "Patient?_sort=-_lastUpdated&_count=1000", "Patient?name=f&_count=1000", "Patient?name:contains=f&_count=900",
     "Patient?_has:Group:member:type=person&_count=1000", "?_type=Patient&_count=1000", "Patient?_count=3",
     "Patient?name=f1,f2,f0&_sort=birthdate,-_id&_count=25", "Patient?_text=nothing,f&_lastUpdated=gt2020&_count=7",
     "Patient?_filter=name%20sw%20f&_sort=family&_count=1000"],
)  # fmt: skip
def test_all_results_are_on_pages_of_bounded_size(
    fhir: Fhir, large: list[str], search: str
) -> None:
    found: list[str] = []
    for answer in pages(fhir, search):
        assert len(answer.data) < (PAGE_MB * 1_000_000) + 2 * LARGE
        found += [entry["resource"]["id"] for entry in answer.json.get("entry", [])]
    assert len(found) == len(set(found))
    assert set(found) in (set(large), set())
    assert set(found) or "_text" in search


@pytest.mark.parametrize("path", ["_history", "Patient/_history", "Patient/_history?_at=2100"])
def test_all_versions_are_on_pages_of_bounded_size(fhir: Fhir, large: list[str], path: str) -> None:
    separator = "&" if "?" in path else "?"
    versions: list[str] = []
    for answer in pages(fhir, f"{path}{separator}_count=1000"):
        # Versions are read from two collections, each up to the size.
        assert len(answer.data) < 2 * (PAGE_MB * 1_000_000) + 4 * LARGE
        versions += [
            f"{entry['fullUrl']} {entry['response']['etag']}" for entry in answer.json.get("entry", [])
        ]  # fmt: skip
    of_patients = [each for each in versions if "/Patient/" in each]
    assert len(of_patients) == len(set(of_patients)) == (MANY if "_at" in path else 2 * MANY)


def test_the_versions_of_one_resource_are_on_pages_of_bounded_size(
    fhir: Fhir, large: list[str]
) -> None:
    for n in range(12):
        made = fhir.get(f"Patient/{large[0]}").json
        fhir.put(f"Patient/{large[0]}", {**made, "active": n % 2 == 0})
    seen: list[str] = []
    for answer in pages(fhir, f"Patient/{large[0]}/_history?_count=1000"):
        assert len(answer.data) < (PAGE_MB * 1_000_000) + 3 * LARGE
        seen += [entry["response"]["etag"] for entry in answer.json["entry"]]
    assert seen == [f'W/"{n}"' for n in range(len(seen), 0, -1)]
    assert len(seen) >= 13


def test_what_is_included_is_bounded_and_said_to_be_cut(fhir: Fhir, large: list[str]) -> None:
    answer = fhir.get("Group?_include=Group:member")
    assert len(answer.data) < (PAGE_MB * 1_000_000) + 3 * LARGE
    outcome = answer.json["entry"][-1]["resource"]
    assert outcome["issue"][0]["code"] == "incomplete"
    whole = fhir.get("Patient?_revinclude=Group:member&_count=2")
    assert "OperationOutcome" not in whole.text


def test_a_list_of_graphql_is_whole_or_refused(fhir: Fhir, large: list[str]) -> None:
    for count in ("", "(_count: 25)"):
        answer = fhir.client.get(
            "/fhir/$graphql", query_string={"query": f"{{PatientList{count}{{id}}}}"}
        )
        assert answer.status_code == 403, answer.text
        assert "PatientConnection" in answer.text
    answer = fhir.client.get(
        "/fhir/$graphql", query_string={"query": "{PatientList(_count: 2){id}}"}
    )
    assert len(answer.json["data"]["PatientList"]) == 2


@pytest.fixture(scope="module")
def hurried(settings: Settings, mongo_uri: str, app: Flask) -> Iterator[Fhir]:
    """A client of a server whose reads have no time at all."""
    other = create_app(replace(settings, search_seconds=1e-9), mongo_uri)
    other.extensions["fhir"].store.ping()
    yield Fhir(other.test_client())
    other.extensions["fhir"].store.close()


@pytest.mark.parametrize(
    "path", ["Patient?name:contains=f&_total=accurate", "_history", "Patient/_search"]
)
def test_a_search_that_takes_too_long_is_refused_with_what_to_do(
    hurried: Fhir, large: list[str], path: str
) -> None:
    if path.endswith("_search"):
        form = "application/x-www-form-urlencoded"
        answer = hurried.post(path, "name:contains=f&_sort=birthdate", Content_Type=form)
    else:
        answer = hurried.get(path)
    assert answer.status_code == 503
    [issue] = answer.json["issue"]
    assert issue["code"] == "too-costly"
    assert "respond-async" in issue["details"]["text"]


def test_graphql_that_takes_too_long_is_refused_too(hurried: Fhir, large: list[str]) -> None:
    answer = hurried.client.get(
        "/fhir/$graphql", query_string={"query": "{PatientList(_count: 2){id}}"}
    )
    assert answer.status_code == 503
    assert "respond-async" in answer.json["errors"][0]["message"]


def test_an_entry_that_takes_too_long_fails_alone(hurried: Fhir, large: list[str]) -> None:
    entries = [
        {"request": {"method": "GET", "url": "Patient?name:contains=f&_sort=birthdate"}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
    ]
    answer = hurried.post("", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert answer.status_code == 200
    first, second = (entry["response"] for entry in answer.json["entry"])
    assert first["status"].startswith("503")
    assert first["outcome"]["issue"][0]["code"] == "too-costly"
    assert second["status"].startswith("201")


def test_a_write_is_not_hurried(hurried: Fhir) -> None:
    assert hurried.post("Patient", {"resourceType": "Patient"}).status_code == 201


def test_the_database_ends_what_nobody_waits_for(store: MongoStore, large: list[str]) -> None:
    pair = {"$lookup": {"from": "resources", "pipeline": [{"$project": {"_id": 1}}], "as": "p"}}
    slow = [{"$project": {"_id": 1}}, *[pair, {"$unwind": "$p"}] * 6, {"$count": "n"}]
    begun = time.monotonic()
    with pytest.raises(StoreTooSlow), limited(0.5), translated_errors():
        store.collections.resources.aggregate(slow)
    assert time.monotonic() - begun < 3
    store.ping()
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline and _runs(store):
        time.sleep(0.1)
    assert not _runs(store)


def _runs(store: MongoStore) -> bool:
    client = store.collections.resources.database.client
    running = client.admin.command("currentOp")["inprog"]
    return any("$lookup" in str(each.get("command", {}).get("pipeline")) for each in running)
