"""A clinic, and the scenarios of the demo in databases of their own."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir
from tests.domain.clinic import Clinic


@pytest.fixture
def clinic(fhir: Fhir) -> Clinic:
    """A clinic in the module's database."""
    return Clinic(fhir)


@pytest.fixture(scope="module")
def demo(mongo_uri: str) -> Iterator[Callable[..., Clinic]]:
    """Loads demo bundles, by POST as any client would, into a new database at each call."""
    with ExitStack() as stack:

        def load(*names: str) -> Clinic:
            name = f"demo_{secrets.token_hex(6)}"
            store = MongoStore(mongo_uri, name)
            stack.callback(store.close)
            store.prepare()
            settings = Settings(
                mongodb_database=name, base_url="http://localhost/fhir", log_level="error"
            )
            app = create_app(settings, mongo_uri)
            stack.callback(app.extensions["fhir"].store.close)
            clinic = Clinic(Fhir(app.test_client()))
            clinic.load_demo("0-organisations", *names)
            return clinic

        yield load
