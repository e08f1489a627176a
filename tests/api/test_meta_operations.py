"""$meta, $meta-add, $meta-delete and $diff, over the application and a real MongoDB."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from fhir_server.fhir.locations import canonical
from fhir_server.operations.standard import meta as meta_operations
from fhir_server.storage.documents import STORED
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_distinct import examples, examples_across_shards
from tests.conftest import Fhir

TAG = {"system": "http://x.example/t", "code": "Ab", "display": "as shown"}
LABEL = {"system": "http://x.example/s", "code": "R"}
PROFILE = "http://x.example/profile|1.0"
PATIENT = {
    "resourceType": "Patient",
    "meta": {"tag": [TAG, {"code": "bare"}], "security": [LABEL], "profile": [PROFILE]},
}


@pytest.fixture
def patient(fhir: Fhir) -> Iterator[str]:
    id_ = fhir.create(PATIENT)["id"]
    yield f"Patient/{id_}"
    fhir.delete(f"Patient/{id_}")


def returned(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    (only,) = response.json["parameter"]
    assert only["name"] == "return"
    meta: dict[str, Any] = only["valueMeta"]
    return meta


def given(**meta: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}


def test_the_meta_of_a_resource_is_that_of_its_current_version(fhir: Fhir, patient: str) -> None:
    own = fhir.get(patient).json["meta"]
    assert returned(fhir.get(f"{patient}/$meta")) == own
    assert returned(fhir.post(f"{patient}/$meta", {"resourceType": "Parameters"})) == own
    assert own["versionId"] == "1"
    assert fhir.get("Patient/nobody/$meta").status_code == 404


def test_the_meta_of_a_type_and_of_the_store_is_what_is_in_use(fhir: Fhir, patient: str) -> None:
    other = {"resourceType": "Basic", "code": {"text": "x"}, "meta": {"tag": [{"code": "basic"}]}}
    basic = fhir.create(other)["id"]
    of_type = returned(fhir.get("Patient/$meta"))
    assert of_type == {
        "profile": [PROFILE],
        "security": [LABEL],
        "tag": [TAG, {"code": "bare"}] if of_type["tag"][0] == TAG else [{"code": "bare"}, TAG],
    }
    assert returned(fhir.post("Basic/$meta", None)) == {"tag": [{"code": "basic"}]}
    of_all = returned(fhir.get("$meta"))
    assert {tag["code"] for tag in of_all["tag"]} == {"Ab", "bare", "basic"}
    fhir.delete(f"Basic/{basic}")
    assert fhir.get("Basic/$meta").json == {"resourceType": "Parameters"}


def test_what_many_resources_carry_is_listed_once_and_read_once(
    fhir: Fhir, store: MongoStore
) -> None:
    for _ in range(30):
        meta = {"tag": [{"code": "a"}, {"code": "b"}]}
        fhir.create({"resourceType": "Flag", "status": "active", "code": {"text": "x"},
                     "subject": {"display": "x"}, "meta": meta})  # fmt: skip
    found = store.examples("Flag._tag;", "Flag._tag<", 10)
    assert [token for token, _ in found] == ["Flag._tag;|a", "Flag._tag;|b"]
    assert len(store.examples("Flag._tag;", "Flag._tag<", 1)) == 1
    resources = store.collections.resources
    plan = resources.database.command(
        {
            "explain": {
                "find": resources.name,
                "hint": {"t": 1, "_id": 1},
                "min": {"t": "Flag._tag;", "_id": ""},
                "max": {"t": "Flag._tag<", "_id": ""},
                "limit": 1,
            },
            "verbosity": "executionStats",
        }
    )
    assert plan["executionStats"]["totalDocsExamined"] == 1
    assert plan["executionStats"]["totalKeysExamined"] <= 2


def test_the_types_in_use_are_found_without_reading_a_resource(
    fhir: Fhir, store: MongoStore, patient: str
) -> None:
    resources = store.collections.resources
    assert "Patient" in store.types_in_use()
    pipeline = [{"$sort": {"y": 1}}, {"$group": {"_id": "$y"}}]
    command = {"aggregate": resources.name, "pipeline": pipeline, "cursor": {}}
    plan = resources.database.command({"explain": command, "verbosity": "executionStats"})
    assert "DISTINCT_SCAN" in str(plan)
    assert "COLLSCAN" not in str(plan)


def test_a_cluster_gives_the_same_tokens_by_another_way(store: MongoStore, patient: str) -> None:
    resources = store.collections.resources
    one = list(examples(resources, "Patient", "Q", session=None, projection=STORED))
    other = list(examples_across_shards(resources, "Patient", "Q", None, STORED))
    assert [token for token, _ in one] == [token for token, _ in other]
    assert len(one) > 5


def test_too_much_in_use_is_refused_and_not_cut_off(
    fhir: Fhir, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meta_operations, "MAX_LISTED", 1)
    response = fhir.get("Patient/$meta")
    assert response.status_code == 403
    assert response.json["issue"][0]["code"] == "too-costly"


def test_adding_makes_a_new_version_with_each_thing_once(fhir: Fhir, patient: str) -> None:
    new = {"system": "http://x.example/t", "code": "new"}
    same = {**TAG, "display": "another", "version": "2"}
    body = given(tag=[same, new], profile=[PROFILE, "http://x.example/other"], versionId="9")
    meta = returned(fhir.post(f"{patient}/$meta-add", body))
    assert meta["versionId"] == "2"
    assert meta["tag"] == [TAG, {"code": "bare"}, new]
    assert meta["security"] == [LABEL]
    assert meta["profile"] == [PROFILE, "http://x.example/other"]
    assert fhir.get(patient).json["meta"] == meta
    system, code = new["system"], new["code"]
    assert fhir.get(f"Patient?_tag={system}|{code}").json["total"] == 1


def test_deleting_looks_at_system_and_code_alone(fhir: Fhir, patient: str) -> None:
    same = {**TAG, "display": "another"}
    body = given(tag=[same, {"code": "absent"}], security=[LABEL], profile=["http://x.example/p"])
    meta = returned(fhir.post(f"{patient}/$meta-delete", body))
    assert meta["tag"] == [{"code": "bare"}]
    assert "security" not in meta
    assert meta["profile"] == [PROFILE]


@pytest.mark.parametrize("code", ["meta-add", "meta-delete"])
def test_what_changes_nothing_makes_no_version(fhir: Fhir, patient: str, code: str) -> None:
    tag = TAG if code == "meta-add" else {"code": "absent"}
    meta = returned(fhir.post(f"{patient}/${code}", given(tag=[tag])))
    assert meta["versionId"] == "1"


def test_the_rest_of_the_resource_and_of_its_meta_stays(fhir: Fhir) -> None:
    source = {"source": "http://x.example/src", "extension": [{"url": "urn:u", "valueCode": "c"}]}
    created = fhir.create({"resourceType": "Patient", "active": True, "meta": source})
    path = f"Patient/{created['id']}"
    fhir.post(f"{path}/$meta-add", given(tag=[TAG]))
    returned(fhir.post(f"{path}/$meta-delete", given(tag=[TAG])))
    after = fhir.get(path).json
    assert {**after, "meta": None} == {**created, "meta": None}
    assert {key: after["meta"][key] for key in source} == source
    assert "tag" not in after["meta"]


def test_a_profile_is_added_only_to_what_conforms_to_it(fhir: Fhir, patient: str) -> None:
    url = f"{canonical()}/StructureDefinition/sip-goal"
    response = fhir.post(f"{patient}/$meta-add", given(profile=[url]))
    assert response.status_code == 422
    assert fhir.get(patient).headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize("code", ["meta-add", "meta-delete"])
def test_a_change_is_asked_for_by_post_with_a_meta_of_one_resource(
    fhir: Fhir, patient: str, code: str
) -> None:
    assert fhir.get(f"{patient}/${code}").status_code == 405
    assert fhir.post(f"{patient}/${code}", {"resourceType": "Parameters"}).status_code == 400
    assert fhir.post(f"Patient/${code}", given(tag=[TAG])).status_code in (404, 405)
    assert fhir.post(f"Patient/nobody/${code}", given(tag=[TAG])).status_code == 404


def versions(fhir: Fhir, *contents: dict[str, Any]) -> str:
    id_ = fhir.create({"resourceType": "Patient", **contents[0]})["id"]
    for content in contents[1:]:
        response = fhir.put(f"Patient/{id_}", {"resourceType": "Patient", "id": id_, **content})
        assert response.status_code == 200
    return f"Patient/{id_}"


def test_the_difference_of_two_versions_is_a_patch_from_one_to_the_other(fhir: Fhir) -> None:
    contents: list[dict[str, Any]] = [
        {"active": True, "name": [{"given": ["A", "B"]}]},
        {"active": False, "name": [{"given": ["B", "C"]}, {"text": "x"}], "gender": "other"},
        {"deceasedDateTime": "1970", "contact": [{"name": {"text": "y"}}], "meta": {"tag": [TAG]}},
        {"deceasedBoolean": True},
    ]
    path = versions(fhir, *contents)
    for one, other in itertools.permutations(range(len(contents)), 2):
        asked = f"{path}/$diff?fromVersion={one + 1}&toVersion={other + 1}"
        patch = fhir.get(asked).json
        copy = versions(fhir, contents[one])
        headers = {"Content-Type": "application/fhir+json"}
        patched = fhir.client.patch(f"/fhir/{copy}", json=patch, headers=headers)
        assert patched.status_code == 200, patched.text
        content = {k: v for k, v in patched.json.items() if k not in ("id", "resourceType", "meta")}
        assert content == {k: v for k, v in contents[other].items() if k != "meta"}
        tags = contents[other].get("meta", {}).get("tag")
        assert patched.json["meta"].get("tag") == tags


def test_without_parameters_the_last_change_is_told(fhir: Fhir) -> None:
    path = versions(fhir, {"active": True}, {"active": False}, {"active": False, "gender": "male"})
    parts = [
        {"name": "type", "valueCode": "add"},
        {"name": "path", "valueString": "Patient"},
        {"name": "name", "valueString": "gender"},
        {"name": "value", "valueCode": "male"},
    ]
    expected = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    assert fhir.get(f"{path}/$diff").json == expected
    assert fhir.post(f"{path}/$diff", {"resourceType": "Parameters"}).json == expected
    assert fhir.get(f"{path}/$diff?fromVersion=3").json == {"resourceType": "Parameters"}


def test_versions_that_can_not_be_compared_are_refused(fhir: Fhir) -> None:
    path = versions(fhir, {"active": True})
    assert fhir.get(f"{path}/$diff").json == {"resourceType": "Parameters"}
    assert fhir.get(f"{path}/$diff?toVersion=2").status_code == 404
    assert fhir.get(f"{path}/$diff?fromVersion=0").status_code == 404
    assert fhir.get(f"{path}/$diff?fromVersion=x").status_code == 400
    assert fhir.get("Patient/nobody/$diff").status_code == 404
    fhir.delete(path)
    assert fhir.get(f"{path}/$diff").status_code == 410
    assert fhir.get(f"{path}/$diff?fromVersion=1&toVersion=2").status_code == 410
