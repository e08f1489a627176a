"""Runs the conformance cases of cases/*.yaml against the application on a real MongoDB."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.conformance.cases_format import Case, CaseFile, Run, difference, files

FILES = {file.name: file for file in files()}


def parameters() -> Iterator[Any]:
    for file in FILES.values():
        for case in file.cases:
            yield pytest.param(case, id=f"{file.name}: {case.description}")


@pytest.fixture(scope="module")
def apps(mongo_uri: str) -> Iterator[dict[str, Flask]]:
    """One application with a database of its own for each file, made when it is first needed."""
    made: dict[str, Flask] = {}
    yield made
    for app in made.values():
        app.extensions["fhir"].store.close()


def prepared(file: CaseFile, mongo_uri: str) -> Flask:
    """Make an application and store what the file gives."""
    settings = replace(
        Settings(
            mongodb_database=f"cases_{secrets.token_hex(6)}",
            base_url="http://localhost/fhir",
            log_level="error",
        ),
        **file.settings,
    )
    store = MongoStore(mongo_uri, settings.mongodb_database)
    store.prepare()
    store.close()
    app = create_app(settings, mongo_uri)
    client = app.test_client()
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
        for r in file.given
    ]
    if entries:
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        headers = {"Content-Type": "application/fhir+json"}
        response = client.post("/fhir", json=bundle, headers=headers)
        assert response.status_code == 200, f"{file.name}: {response.text}"
    return app


@pytest.mark.parametrize("case", list(parameters()))
def test_case(case: Case, apps: dict[str, Flask], mongo_uri: str) -> None:
    if case.file not in apps:
        apps[case.file] = prepared(FILES[case.file], mongo_uri)
    run = Run(apps[case.file].test_client())
    assert case.steps
    for step in case.steps:
        run.step(step)


def test_there_are_at_least_six_hundred_cases() -> None:
    assert sum(len(file.cases) for file in FILES.values()) >= 600


def test_descriptions_are_unique_within_their_file() -> None:
    for file in FILES.values():
        described = [case.description for case in file.cases]
        assert sorted(set(described)) == sorted(described), file.name


def test_a_difference_is_found_wherever_it_stands() -> None:
    found = {"a": [{"b": 1, "c": "x-7"}], "more": True}
    assert difference({"a": [{"b": 1, "c": "/^x-\\d$/"}]}, found, "body") is None
    assert difference({"a": [{"b": 2}]}, found, "body") == "body.a[0].b is 1, not 2"
    assert difference({"a": []}, found, "body")
    assert difference({"more": 1}, found, "body")
    assert difference({"absent": 1}, found, "body")
