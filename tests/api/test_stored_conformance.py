"""Profiles, value sets and code systems that clients store take effect at once (record 10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fhir_server.app import create_app
from fhir_server.fhir.locations import canonical
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_conformance import ConformanceStore
from tests.conftest import Fhir

BASE = "https://vendor.example/fhir"
R4 = "http://hl7.org/fhir/StructureDefinition"


def profile(name: str, *elements: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A profile on Patient by its differential alone."""
    return {
        "resourceType": "StructureDefinition",
        "url": f"{BASE}/StructureDefinition/{name}",
        "name": name.title().replace("-", "_"),
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": f"{R4}/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, *elements]},
        **changes,
    }


def element(path: str, **says: Any) -> dict[str, Any]:
    return {"id": path, "path": path, **says}


def patient(profile_name: str, version: str = "", **content: Any) -> dict[str, Any]:
    canonical = f"{BASE}/StructureDefinition/{profile_name}{version and f'|{version}'}"
    return {"resourceType": "Patient", "meta": {"profile": [canonical]}, **content}


def stored(fhir: Fhir, resource: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Store a resource; give it, and the texts of the warnings in the answer."""
    answer = fhir.post(resource["resourceType"], resource, Prefer="return=OperationOutcome")
    assert answer.status_code == 201, answer.text
    issues = answer.json.get("issue", ())
    texts = [each["diagnostics"] for each in issues if each["severity"] == "warning"]
    location = answer.headers["Location"].split("/fhir/")[1].split("/_history")[0]
    return {**resource, "id": location.partition("/")[2]}, texts


def test_a_profile_that_is_posted_holds_for_the_next_request(fhir: Fhir) -> None:
    stored(fhir, profile("born", element("Patient.birthDate", min=1)))

    refused = fhir.post("Patient", patient("born", gender="female"))
    accepted = fhir.post("Patient", patient("born", birthDate="1980-01-01"))

    assert refused.status_code == 422, refused.text
    assert "birthDate" in refused.text
    assert accepted.status_code == 201, accepted.text


def test_a_profile_that_is_deleted_holds_no_longer(fhir: Fhir) -> None:
    kept, _ = stored(fhir, profile("gone", element("Patient.birthDate", min=1)))
    assert fhir.post("Patient", patient("gone")).status_code == 422

    assert fhir.delete(f"StructureDefinition/{kept['id']}").status_code == 204

    assert fhir.post("Patient", patient("gone")).status_code == 201


def test_a_change_and_a_patch_of_a_profile_take_effect(fhir: Fhir) -> None:
    kept, _ = stored(fhir, profile("changing", element("Patient.birthDate", min=1)))

    changed = profile("changing", element("Patient.gender", min=1), id=kept["id"])
    assert fhir.put(f"StructureDefinition/{kept['id']}", changed).status_code == 200
    assert fhir.post("Patient", patient("changing", gender="male")).status_code == 201
    assert fhir.post("Patient", patient("changing")).status_code == 422

    patch = [{"op": "replace", "path": "/differential/element/1/min", "value": 0}]
    patched = fhir.client.patch(
        f"/fhir/StructureDefinition/{kept['id']}",
        json=patch,
        headers={"Content-Type": "application/json-patch+json"},
    )
    assert patched.status_code == 200, patched.text
    assert fhir.post("Patient", patient("changing")).status_code == 201


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_profiles_of_one_bundle_may_build_on_each_other_in_any_order(fhir: Fhir, kind: str) -> None:
    base = profile(f"base-{kind}", element("Patient.birthDate", min=1))
    derived = profile(
        f"derived-{kind}", element("Patient.gender", min=1), baseDefinition=base["url"]
    )
    request = {"method": "POST", "url": "StructureDefinition"}
    entries = [{"resource": each, "request": request} for each in (derived, base)]

    answer = fhir.post("", {"resourceType": "Bundle", "type": kind, "entry": entries})

    assert answer.status_code == 200, answer.text
    assert fhir.post("Patient", patient(f"derived-{kind}", gender="male")).status_code == 422
    assert fhir.post("Patient", patient(f"derived-{kind}", birthDate="1999")).status_code == 422
    whole = patient(f"derived-{kind}", birthDate="1999", gender="male")
    assert fhir.post("Patient", whole).status_code == 201


def test_a_profile_takes_effect_once_its_base_is_there_and_changes_with_it(fhir: Fhir) -> None:
    base = profile("late-base", element("Patient.birthDate", min=1))
    _, texts = stored(fhir, profile("early", baseDefinition=base["url"]))
    assert any("does not take effect" in text and base["url"] in text for text in texts)

    kept, texts = stored(fhir, base)
    assert texts == []
    assert fhir.post("Patient", patient("early")).status_code == 422

    base["differential"]["element"][1]["min"] = 0
    assert (
        fhir.put(f"StructureDefinition/{kept['id']}", {**base, "id": kept["id"]}).status_code == 200
    )
    assert fhir.post("Patient", patient("early")).status_code == 201


def test_without_a_version_the_highest_holds_and_a_retired_one_only_by_its_version(
    fhir: Fhir,
) -> None:
    stored(fhir, profile("many", element("Patient.birthDate", min=1), version="1.10.0"))
    stored(fhir, profile("many", element("Patient.gender", min=1), version="1.9.0"))
    retired = profile("many", element("Patient.name", min=1), version="2.0.0", status="retired")
    stored(fhir, retired)

    def status(version: str, **content: Any) -> int:
        code: int = fhir.post("Patient", patient("many", version, **content)).status_code
        return code

    assert (status("", birthDate="1999"), status("", gender="male")) == (201, 422)
    assert (status("1.9.0", gender="male"), status("1.9.0", birthDate="1999")) == (201, 422)
    assert (status("2.0.0", name=[{"text": "A"}]), status("2.0.0", birthDate="1999")) == (201, 422)
    unknown = fhir.post("Patient", patient("many", "3.0.0"), Prefer="return=OperationOutcome")
    assert unknown.status_code == 201
    assert "not known here" in unknown.text


@pytest.mark.parametrize(
    "url",
    [
        f"{R4}/Patient",
        f"{canonical()}/StructureDefinition/fast-kontakt-careteam",
    ],
)
def test_a_url_of_r4_or_of_this_server_is_stored_without_effect(fhir: Fhir, url: str) -> None:
    mine = profile("mine", element("Patient.birthDate", min=1), url=url)

    _, texts = stored(fhir, mine)

    assert any("does not take effect" in text and "own definition stands" in text for text in texts)
    assert fhir.post("Patient", {"resourceType": "Patient"}).status_code == 201


def test_a_profile_that_fits_its_base_nowhere_is_stored_without_effect(fhir: Fhir) -> None:
    misfit = profile("misfit", element("Patient.shoeSize", min=1))

    _, texts = stored(fhir, misfit)

    (text,) = texts
    assert "StructureDefinition.differential.element[1]" in text
    assert "shoeSize" in text
    assert fhir.post("Patient", patient("misfit")).status_code == 201


def test_the_capability_statement_names_stored_profiles(fhir: Fhir) -> None:
    kept, _ = stored(fhir, profile("named", element("Patient.birthDate", min=1)))

    def named() -> bool:
        resources = fhir.get("metadata").json["rest"][0]["resource"]
        (entry,) = [each for each in resources if each["type"] == "Patient"]
        return kept["url"] in entry["supportedProfile"]

    assert named()
    fhir.delete(f"StructureDefinition/{kept['id']}")
    assert not named()


def test_another_application_on_the_same_database_sees_it_at_once(
    fhir: Fhir, settings: Settings, mongo_uri: str
) -> None:
    with fresh_parts(settings, mongo_uri) as other:
        assert other.post("Patient", patient("shared")).status_code == 201

        stored(fhir, profile("shared", element("Patient.birthDate", min=1)))

        assert other.post("Patient", patient("shared")).status_code == 422


def test_a_write_that_changes_nothing_in_effect_leaves_the_revision_that_workers_wait_for(
    fhir: Fhir, store: MongoStore
) -> None:
    # Who changes the revision waits until every worker has seen it; see `Settling`.
    followed = ConformanceStore(store.collections)
    before = followed.revision()
    stored(fhir, profile("logical", kind="logical", derivation="specialization"))
    fhir.create({"resourceType": "Patient"})
    assert followed.revision() == before

    stored(fhir, profile("in-effect", element("Patient.birthDate", min=1)))
    assert followed.revision() == before + 1


def test_nothing_is_found_without_an_index(fhir: Fhir, store: MongoStore) -> None:
    database = store.collections.resources.database
    plans = [
        {"find": "conformance", "filter": {"r": {"$gt": 3}}, "hint": "r"},
        {"find": "conformance", "filter": {"needs": {"$in": ["a"]}}, "hint": "needs"},
        {"find": "conformance", "filter": {"pending.pkg": "a#1"}, "hint": "pending"},
        {"find": "conformance", "filter": {"pkg": "a#1", "on": True}, "hint": "package"},
        {"find": "conformance", "filter": {"_id": {"$in": ["a", "b"]}}},
    ]
    for plan in plans:
        explained = database.command("explain", plan, verbosity="queryPlanner")
        assert "COLLSCAN" not in str(explained["queryPlanner"]["winningPlan"])


@contextmanager
def fresh_parts(settings: Settings, mongo_uri: str) -> Iterator[Fhir]:
    app = create_app(settings, mongo_uri)
    yield Fhir(app.test_client())
    app.extensions["fhir"].store.close()
