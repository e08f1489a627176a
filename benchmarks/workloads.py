"""What is measured: each piece of work, and beside it the same work with nothing of ours."""

from __future__ import annotations

import json
import random
from typing import Any

from benchmarks import data
from benchmarks.clients import HttpClient, Work

Document = dict[str, Any]


def bare_nothing(port: int, ids: list[str]) -> Work:
    """A Flask route that touches no database."""
    client = HttpClient(port)
    return lambda n: _check(client.ask("GET", f"/nothing/CarePlan/{ids[n % len(ids)]}"))


def bare_read(port: int, ids: list[str]) -> Work:
    """A Flask route that reads one document."""
    client = HttpClient(port)
    return lambda n: _check(client.ask("GET", f"/read/CarePlan/{ids[n % len(ids)]}"))


def read(port: int, ids: list[str]) -> Work:
    """GET CarePlan/[id]."""
    client = HttpClient(port)
    return lambda n: _check(client.ask("GET", f"/fhir/CarePlan/{ids[n % len(ids)]}"))


def create(port: int) -> Work:
    """POST CarePlan, 3 kB, validated."""
    client = HttpClient(port)

    def work(n: int) -> None:
        body = json.dumps(data.care_plan(10_000_000 + n)).encode()
        client.ask("POST", "/fhir/CarePlan", body, expect=(201,))

    return work


def update(port: int, ids: list[str]) -> Work:
    """PUT CarePlan/[id] with another note: a new version, the old one into the history."""
    client = HttpClient(port)

    def work(n: int) -> None:
        id_ = ids[n % len(ids)]
        plan = {**data.care_plan(n), "id": id_, "note": [{"text": f"Ändrad {n}"}]}
        body = json.dumps(plan).encode()
        client.ask("PUT", f"/fhir/CarePlan/{id_}", body, expect=(200, 201))

    return work


def search(port: int) -> Work:
    """GET CarePlan?patient&status, a page of 20 at most."""
    client = HttpClient(port)
    pick = random.Random(1)

    def work(_: int) -> None:
        patient = pick.randrange(data.PATIENTS)
        answer = client.ask("GET", f"/fhir/CarePlan?patient=bench-{patient}&status=active")
        assert b'"searchset"' in answer

    return work


def transaction(port: int, entries: int) -> Work:
    """POST a transaction bundle."""
    client = HttpClient(port)

    def work(n: int) -> None:
        client.ask("POST", "/fhir", data.transaction(20_000_000 + n * entries, entries))

    return work


def raw_insert(uri: str, database: str) -> Work:
    """insert_one with majority and journal: the same document, the same indexes, no server."""
    resources = _collection(uri, database)
    template = _stored_document(resources)

    def work(n: int) -> None:
        resources.insert_one({**template, "_id": f"CarePlan/raw-{n}"})

    return work


def raw_search(uri: str, database: str) -> Work:
    """find with the same tokens, a page of 20, no server."""
    resources = _collection(uri, database)
    pick = random.Random(1)

    def work(_: int) -> None:
        patient = f"CarePlan.patient>Patient/bench-{pick.randrange(data.PATIENTS)}"
        criteria = {"$and": [{"t": patient}, {"t": "CarePlan.status=active"}]}
        list(resources.find(criteria, {"b": 1}).sort("_id").limit(21))

    return work


def raw_transaction(uri: str, database: str, entries: int) -> Work:
    """insert_many of as many documents in one transaction, no server."""
    resources = _collection(uri, database)
    template = _stored_document(resources)
    client = resources.database.client

    def work(n: int) -> None:
        documents = [
            {**template, "_id": f"CarePlan/rawtx-{n * entries + i}"} for i in range(entries)
        ]
        with client.start_session() as session, session.start_transaction():
            resources.insert_many(documents, session=session)

    return work


def _collection(uri: str, database: str) -> Any:
    from pymongo import MongoClient

    return MongoClient[Document](uri, w="majority", journal=True)[database]["resources"]


def _stored_document(resources: Any) -> Document:
    document: Document = resources.find_one({"y": "CarePlan"})
    return document


def _check(answer: bytes) -> None:
    assert answer.startswith(b'{"resourceType":"CarePlan"')
