"""Ten clients write while one pages through ten thousand results."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from fhir_server.interactions.context import Server
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.query import HasToken, Query, Sort, every
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change, StoredResource
from tests.unit.search.samples import STOCKHOLM

STABLE = 10_000
WRITERS = 10
NAMES = ("Åsa", "Berg", "Bo", "Öberg", "Li", "Lind", "Zoë")


def patient(id_: str, number: int) -> dict[str, Any]:
    """Give a patient that every one of the searches finds."""
    return {
        "resourceType": "Patient",
        "id": id_,
        "active": True,
        "gender": ("female", "male", "other")[number % 3],
        "birthDate": f"{1930 + number % 70}-0{number % 9 + 1}-11",
        "name": [{"family": name} for name in {NAMES[number % 7], NAMES[number // 7 % 7]}],
    }


@pytest.fixture(scope="module")
def stable(store: MongoStore, settings: Settings, app_server: Server) -> set[str]:
    """Patients that nobody touches."""
    indexer = Indexer(Definitions.load(), STOCKHOLM, settings.base_url)
    ids = [f"stable-{number * 7919 % 100_003:06d}" for number in range(STABLE)]
    now = time.time_ns() // 1000
    changes = []
    for number, id_ in enumerate(ids):
        resource = patient(id_, number)
        body = json.dumps(resource).encode()
        new = StoredResource("Patient", id_, 1, now + number, body)
        changes.append(Change(new, None, indexer.index(resource, new.reference)))
    for start in range(0, STABLE, 1000):
        store.transact(changes[start : start + 1000])
    return set(ids)


@pytest.fixture
def writers(app: Flask, stable: set[str]) -> Iterator[list[int]]:
    """Ten clients that create, change and delete patients around the others; what each wrote."""
    stop = threading.Event()
    written = [0] * WRITERS
    threads = [
        threading.Thread(target=write_until, args=(app, stop, written, number))
        for number in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    yield written
    stop.set()
    for thread in threads:
        thread.join()


def write_until(app: Flask, stop: threading.Event, written: list[int], own: int) -> None:
    """Write until told to stop."""
    random, client = Random(own), app.test_client()
    while not stop.is_set():
        id_ = f"{secrets.choice('0az')}-{own}-{random.randint(0, 30)}"
        if random.random() < 0.3:
            response = client.delete(f"/fhir/Patient/{id_}")
        else:
            body = json.dumps(patient(id_, random.randint(0, 10_000)))
            response = client.put(
                f"/fhir/Patient/{id_}", data=body, content_type="application/fhir+json"
            )
        assert response.status_code < 500, response.text
        written[own] += 1


def wait_for(writers: list[int]) -> None:
    """Wait until every writer has written something more."""
    before, deadline = list(writers), time.monotonic() + 20
    while any(now < then + 2 for now, then in zip(writers, before, strict=True)):
        assert time.monotonic() < deadline, "a writer wrote nothing meanwhile"
        time.sleep(0.01)


@pytest.mark.parametrize("search", ["active=true", "_sort=-birthdate", "birthdate=ge1920"])
def test_each_row_that_was_there_all_the_time_is_given_once_over_http(
    app: Flask, stable: set[str], writers: list[int], search: str
) -> None:
    client = app.test_client()
    path: str | None = f"/fhir/Patient?{search}&_count=200"
    found: list[str] = []
    while path is not None:
        bundle = client.get(path).json
        found += [entry["resource"]["id"] for entry in bundle.get("entry", ())]
        path = next((_path(x["url"]) for x in bundle["link"] if x["relation"] == "next"), None)
        assert len(found) < 2 * STABLE, "the pages do not end"
        if len(found) in (200, 5000):
            wait_for(writers)
    check(found, stable)


SORTS = [
    (Sort("Patient.family", False, "string"), Sort("Patient.gender", True, "token")),
    (Sort("Patient.name", True, "string"),),
    (Sort("Patient.gender", True, "token"), Sort("Patient.birthdate", False, "date")),
    (Sort("Patient.gender", True, "token"), Sort("_lastUpdated", True)),
]


@pytest.mark.parametrize("sort", SORTS)
def test_each_row_that_was_there_all_the_time_is_given_once_in_any_order(
    store: MongoStore, stable: set[str], writers: list[int], sort: tuple[Sort, ...]
) -> None:
    where = every(HasToken("Patient.active=true"))
    query: Query | None = Query(("Patient",), where, sort=sort, count=500)
    found: list[str] = []
    while query is not None:
        page = store.search(query)
        found += [resource.id for resource in page.resources]
        query = replace(query, cursor=page.next_cursor) if page.next_cursor else None
        assert len(found) < 2 * STABLE, "the pages do not end"
        if len(found) in (500, 5000):
            wait_for(writers)
    check(found, stable)


def check(found: list[str], stable: set[str]) -> None:
    """Check that nobody missed, and nothing repeated, of what was there all the time."""
    kept = [id_ for id_ in found if id_ in stable]
    assert len(kept) == len(set(kept)) == STABLE


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
