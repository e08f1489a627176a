"""Settings of Swedish identifiers, over the application: R122, id-1."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_server.app import create_app
from fhir_server.settings import Settings, SettingsError, load
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from tests.conftest import Fhir

WRONG = "196101182804"
TEST = "196101182803"
LISTED = "197001010011"


@pytest.fixture
def written(settings: Settings, mongo_uri: str, store: MongoStore) -> Any:
    """Writes a patient with a number to a server with other settings."""

    def write(number: str, **others: Any) -> Any:
        app = create_app(replace(settings, **others), mongo_uri)
        identifier = [{"system": codes.PERSONNUMMER, "value": number}]
        patient = {"resourceType": "Patient", "identifier": identifier}
        headers = {"Prefer": "return=OperationOutcome"}
        try:
            return Fhir(app.test_client()).post("Patient", patient, **headers)
        finally:
            app.extensions["fhir"].store.close()

    return write


def test_a_wrong_number_is_refused_unless_the_operator_wants_a_warning(written: Any) -> None:
    assert written(WRONG).status_code == 400
    warned = written(WRONG, identifier_checks="warning")
    assert warned.status_code == 201
    [issue] = warned.json["issue"]
    assert issue["severity"] == "warning"
    assert issue["details"]["coding"] == [{"code": "id-1"}]
    assert WRONG not in warned.text


def test_a_server_with_real_patients_refuses_test_numbers(written: Any) -> None:
    assert written(TEST).status_code == 201
    refused = written(TEST, test_mode=False)
    assert refused.status_code == 422
    assert refused.json["issue"][0]["code"] == "business-rule"
    assert TEST not in refused.text


def test_the_operators_list_of_test_numbers_counts(written: Any, tmp_path: Path) -> None:
    listed = tmp_path / "testpersonnummer.csv"
    listed.write_text(f"Testpersonnummer\n{LISTED}\n", "utf-8")
    assert written(LISTED, test_mode=False).status_code == 201
    assert written(LISTED, test_mode=False, test_numbers=listed).status_code == 422
    assert written(LISTED, test_numbers=listed).status_code == 201


def test_settings_that_cannot_work_stop_the_start(tmp_path: Path) -> None:
    for variable, value in (
        ("FHIR_SERVER_IDENTIFIER_CHECKS", "off"),
        ("FHIR_SERVER_TEST_NUMBERS", str(tmp_path / "missing.csv")),
        ("FHIR_SERVER_TEST_MODE", "maybe"),
    ):
        with pytest.raises(SettingsError, match=variable):
            load({variable: value})
