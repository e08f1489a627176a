"""A clinic, and the scenarios of the demo."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pymongo import MongoClient

from tests.conftest import Fhir
from tests.domain.clinic import Clinic


@pytest.fixture
def clinic(fhir: Fhir) -> Clinic:
    """A clinic in the module's database."""
    return Clinic(fhir)


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
