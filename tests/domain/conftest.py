"""A clinic, and the scenarios of the demo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask import Flask
from pymongo import MongoClient

from fhir_server.app import create_app
from fhir_server.settings import Settings
from tests.conftest import Fhir
from tests.domain.clinic import Clinic


@pytest.fixture(scope="module")
def loose(settings: Settings, mongo_uri: str) -> Iterator[Flask]:
    """The same application, but for what may be deleted."""
    app = create_app(replace(settings, referential_integrity_on_delete=False), mongo_uri)
    yield app
    app.extensions["fhir"].store.close()


@pytest.fixture
def clinic(fhir: Fhir, request: pytest.FixtureRequest) -> Clinic:
    """A clinic in the module's database; the loose application is made where a test needs it."""
    return Clinic(fhir, lambda: Fhir(request.getfixturevalue("loose").test_client()))


@pytest.fixture
def demo(clinic: Clinic, mongo_uri: str, database: str) -> Callable[..., Clinic]:
    """Loads demo bundles, by POST as any client would, into the module's database, emptied."""

    def load(*names: str) -> Clinic:
        with MongoClient[dict[str, object]](mongo_uri) as client:
            for collection in client[database].list_collections():
                client[database][collection["name"]].delete_many({})
        clinic.load_demo("0-organisations", *names)
        return clinic

    return load
