"""A clinic, and the scenarios of the demo each in a database of its own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator

import pytest

from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.conftest import ROOT, Fhir
from tests.domain.clinic import Clinic


@pytest.fixture
def clinic(fhir: Fhir) -> Clinic:
    """A clinic in the module's database."""
    return Clinic(fhir)


@pytest.fixture
def demo(mongo_uri: str) -> Iterator[Callable[..., Clinic]]:
    """Loads demo bundles, by POST as any client would, into an empty database of this test."""
    name = f"demo_{secrets.token_hex(6)}"
    settings = Settings(
        mongodb_database=name, base_url="http://localhost/fhir", log_level="error"
    )
    store = MongoStore(mongo_uri, name)
    store.prepare()
    app = create_app(settings, mongo_uri)

    def load(*names: str) -> Clinic:
        clinic = Clinic(Fhir(app.test_client()))
        for file in ("0-organisations", *names):
            body = (ROOT / "demo" / f"{file}.json").read_bytes()
            response = clinic.fhir.post("", body)
            assert response.status_code == 200, response.text
        return clinic

    yield load
    app.extensions["fhir"].store.close()
    store.close()
