"""From a record to its destruction, with real tokens over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_app
from fhir_server.bulk import purge as bulk_purge
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.access_tokens import NURSE, PROVIDER, UNIT, Mint
from tests.conftest import Fhir
from tests.security.worlds import HSA, World, encounter


@pytest.fixture(scope="module")
def mint() -> Mint:
    return Mint()


@pytest.fixture(scope="module")
def app(
    database: str, mongo_uri: str, store: MongoStore, mint: Mint,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flask]:  # fmt: skip
    folder = tmp_path_factory.mktemp("issuers")
    path = mint.write(folder, roles=["coordinator", "administrator"], rights=["purge"])
    settings = Settings(
        mongodb_database=database, base_url="http://localhost/fhir", log_level="error",
        data_dir=folder, issuers=path,
    )  # fmt: skip
    app = create_app(settings, mongo_uri)
    organizations = ("region", PROVIDER, ""), ("hc", UNIT, "region")
    World(app).put(
        *(
            {
                "resourceType": "Organization",
                "id": id_,
                "name": id_,
                "identifier": [{"system": HSA, "value": number}],
                **({"partOf": {"reference": f"Organization/{above}"}} if above else {}),
            }
            for id_, number, above in organizations
        ),
        {"resourceType": "Patient", "id": "p1"},
    )
    yield app
    app.extensions["fhir_audit"][0].stop()
    app.extensions["fhir"].store.close()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def administrator(mint: Mint, **more: Any) -> dict[str, str]:
    return bearer(mint.token(role="administrator", employeeHsaId="SE2321000016-ADM1", **more))


def test_a_record_is_written_corrected_and_destroyed(
    fhir: Fhir, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R115: each write says who made it; a decision of IVO ends both (PDL 8 kap. 4 §)."""
    monkeypatch.setattr(bulk_purge, "GRACE_SECONDS", 0.01)
    nurse = bearer(mint.token())
    made = fhir.post("Encounter", encounter("x", "hc"), **nurse)
    assert made.status_code == 201, made.text
    id_ = made.json["id"]
    wrong = {**made.json, "status": "entered-in-error"}
    assert fhir.put(f"Encounter/{id_}", wrong, **nurse).status_code == 200
    asked = f"Provenance?target=Encounter/{id_}&_sort=recorded"
    found = [each["resource"] for each in fhir.get(asked, **nurse).json["entry"]]
    assert [each["activity"]["coding"][0]["code"] for each in found] == ["CREATE", "UPDATE"]
    agents = {each["type"]["coding"][0]["code"]: each for each in found[1]["agent"]}
    assert agents["author"]["who"] == {"reference": "Organization/hc"}
    assert agents["performer"]["who"]["identifier"]["value"] == NURSE["employeeHsaId"]
    order = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "decision", "valueString": "IVO 8.4.1-12345/2026"},
            {"name": "basis", "valueCode": "ivo-beslut"},
        ],
    }
    for who in (nurse, administrator(mint), bearer(mint.token(rights=["purge"]))):
        assert fhir.post("Patient/p1/$purge", order, **who).status_code == 403
    root = administrator(mint, rights=["purge"])
    answer = fhir.post("Patient/p1/$purge", order, **root)
    assert answer.status_code == 200, answer.text
    gone = [each for each in answer.json["parameter"] if each["name"] == "purged"]
    assert [each["part"][0]["valueCode"] for each in gone] == ["Encounter", "Patient", "Provenance"]
    assert fhir.get(f"Encounter/{id_}", **nurse).status_code == 404
    assert "entry" not in fhir.get(asked, **nurse).json
