"""Requests that are carried out in the background: Prefer: respond-async."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from fhir_server.api import asynchronous
from fhir_server.storage import mongo_jobs
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir

ASYNC = "respond-async"
PERSON = {"resourceType": "Patient", "name": [{"family": "Senare"}]}


def address(kicked_off: Any) -> str:
    assert kicked_off.status_code == 202, kicked_off.text
    location: str = kicked_off.headers["Content-Location"]
    assert location.startswith("http://localhost/fhir/_async/")
    return location.removeprefix("http://localhost/fhir/")


def finished(fhir: Fhir, kicked_off: Any, seconds: float = 20) -> Any:
    """Poll until the job is done, and give the last answer."""
    where = address(kicked_off)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        response = fhir.get(where)
        if response.status_code != 202:
            return response
        assert int(response.headers["Retry-After"]) > 0
        assert response.headers["X-Progress"]
        time.sleep(0.05)
    raise AssertionError("the job did not end")


def entry(fhir: Fhir, kicked_off: Any) -> dict[str, Any]:
    response = finished(fhir, kicked_off)
    assert response.status_code == 200, response.text
    assert response.json["resourceType"] == "Bundle"
    assert response.json["type"] == "batch-response"
    (only,) = response.json["entry"]
    return dict(only)


@pytest.fixture
def slow(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Hold the requests of jobs back until the function given is called."""
    gate = threading.Event()
    real = app.wsgi_app

    def held(environ: Any, start: Any) -> Any:
        if environ.get("fhir_server.job"):
            gate.wait(30)
        return real(environ, start)

    monkeypatch.setattr(app, "wsgi_app", held)
    yield gate.set
    gate.set()
    for thread in list(app.extensions["fhir_async"]._running.values()):
        thread.join(10)


def test_a_search_is_answered_by_a_bundle_that_holds_the_bundle(fhir: Fhir) -> None:
    id_ = fhir.create(PERSON)["id"]
    done = entry(fhir, fhir.get(f"Patient?_id={id_}", Prefer=ASYNC))
    assert done["response"]["status"] == "200"
    assert done["resource"]["type"] == "searchset"
    assert [e["resource"]["id"] for e in done["resource"]["entry"]] == [id_]


def test_the_kick_off_says_what_to_do_and_writes_nothing_itself(
    fhir: Fhir, slow: Callable[[], None]
) -> None:
    kicked_off = fhir.put("Patient/async-held", PERSON | {"id": "async-held"}, Prefer=ASYNC)
    assert kicked_off.json["issue"][0]["severity"] == "information"
    assert fhir.get("Patient/async-held").status_code == 404
    assert fhir.get(address(kicked_off)).status_code == 202
    slow()
    assert entry(fhir, kicked_off)["response"]["status"] == "201"
    assert fhir.get("Patient/async-held").status_code == 200


def test_writes_have_their_location_and_etag_in_the_entry(fhir: Fhir) -> None:
    created = entry(fhir, fhir.post("Patient", PERSON, Prefer=ASYNC))
    id_ = created["resource"]["id"]
    assert created["response"] == {
        "status": "201",
        "location": f"http://localhost/fhir/Patient/{id_}/_history/1",
        "etag": 'W/"1"',
    }
    deleted = entry(fhir, fhir.delete(f"Patient/{id_}", Prefer=ASYNC))
    assert deleted["response"]["status"] == "204"
    assert "resource" not in deleted
    assert fhir.get(f"Patient/{id_}").status_code == 410


def test_other_preferences_hold_for_the_request_itself(fhir: Fhir) -> None:
    minimal = entry(fhir, fhir.post("Patient", PERSON, Prefer=f"{ASYNC}, return=minimal"))
    assert minimal["response"]["status"] == "201"
    assert "resource" not in minimal
    lenient = entry(fhir, fhir.get("Patient?nonsense=1", Prefer=f"handling=lenient, {ASYNC}"))
    assert lenient["response"]["status"] == "200"
    strict = entry(fhir, fhir.get("Patient?nonsense=1", Prefer=ASYNC))
    assert strict["response"]["status"] == "400"
    assert strict["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_a_transaction_and_a_search_by_post_can_be_asynchronous(fhir: Fhir) -> None:
    write = {"resource": PERSON, "request": {"method": "POST", "url": "Patient"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [write, write]}
    done = entry(fhir, fhir.post("", bundle, Prefer=ASYNC))
    assert [e["response"]["status"] for e in done["resource"]["entry"]] == ["201", "201"]
    form = {"Content_Type": "application/x-www-form-urlencoded", "Prefer": ASYNC}
    found = entry(fhir, fhir.post("Patient/_search", "family=senare&_total=accurate", **form))
    assert found["resource"]["total"] >= 2


def test_the_format_is_chosen_by_who_asks_for_the_result(fhir: Fhir) -> None:
    kicked_off = fhir.get("Patient?_count=0&_format=xml", Prefer=ASYNC)
    assert entry(fhir, kicked_off)["resource"]["type"] == "searchset"
    as_xml = fhir.get(address(kicked_off), Accept="application/fhir+xml")
    assert as_xml.mimetype == "application/fhir+xml"
    assert b"<Bundle" in as_xml.data
    assert b'<type value="searchset"/>' in as_xml.data


def test_each_job_is_told_apart_and_can_be_read_again(fhir: Fhir) -> None:
    first, second = (fhir.get("Patient?_count=0", Prefer=ASYNC) for _ in range(2))
    assert address(first) != address(second)
    assert entry(fhir, first) == entry(fhir, first)


def test_an_unknown_job_is_not_found(fhir: Fhir) -> None:
    assert fhir.get("_async/none").status_code == 404
    assert fhir.delete("_async/none").status_code == 404


def test_a_job_that_is_deleted_is_forgotten(fhir: Fhir) -> None:
    kicked_off = fhir.get("Patient?_count=0", Prefer=ASYNC)
    finished(fhir, kicked_off)
    assert fhir.delete(address(kicked_off)).status_code == 202
    assert fhir.get(address(kicked_off)).status_code == 404


def test_a_job_deleted_while_it_runs_leaves_no_result(
    fhir: Fhir, slow: Callable[[], None], store: MongoStore
) -> None:
    kicked_off = fhir.get("Patient?_count=0", Prefer=ASYNC)
    assert fhir.delete(address(kicked_off)).status_code == 202
    slow()
    time.sleep(0.3)
    assert fhir.get(address(kicked_off)).status_code == 404
    id_ = address(kicked_off).rpartition("/")[2]
    assert store.collections.resources.database["jobs"].find_one({"_id": id_}) is None


def test_too_many_at_once_are_refused_with_a_time_to_come_back(
    fhir: Fhir, slow: Callable[[], None]
) -> None:
    held = [fhir.get("Patient?_count=0", Prefer=ASYNC) for _ in range(4)]
    assert [response.status_code for response in held] == [202] * 4
    refused = fhir.get("Patient?_count=0", Prefer=ASYNC)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.json["issue"][0]["code"] == "throttled"
    slow()
    for response in held:
        assert entry(fhir, response)["response"]["status"] == "200"
    assert fhir.get("Patient?_count=0", Prefer=ASYNC).status_code == 202


def test_a_job_whose_worker_died_is_reported_as_lost(
    fhir: Fhir, slow: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    kicked_off = fhir.get("Patient?_count=0", Prefer=ASYNC)
    monkeypatch.setattr(mongo_jobs, "LOST_SECONDS", 0.05)
    time.sleep(0.2)
    response = fhir.get(address(kicked_off))
    assert response.status_code == 500
    assert "ask again" in response.json["issue"][0]["details"]["text"]
    slow()


def test_a_job_that_can_not_end_in_time_is_marked_at_the_servers_end(
    fhir: Fhir, app: Flask, slow: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = threading.Event()
    monkeypatch.setattr(asynchronous, "STOPPING", stopping)
    monkeypatch.setattr(asynchronous, "PATIENCE_AT_END_SECONDS", 0.1)
    kicked_off = fhir.get("Patient?_count=0", Prefer=ASYNC)
    app.extensions["fhir_async"].stop()
    assert fhir.get(address(kicked_off)).status_code == 500
    assert fhir.get("Patient?_count=0", Prefer=ASYNC).status_code == 503
    slow()


def test_an_answer_too_large_to_keep_says_that_the_request_was_carried_out(
    fhir: Fhir, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongo_jobs, "MAX_RESULT_BYTES", 20)
    monkeypatch.setattr(asynchronous, "MAX_RESULT_BYTES", 20)
    done = entry(
        fhir, fhir.put("Patient/async-large", PERSON | {"id": "async-large"}, Prefer=ASYNC)
    )
    assert done["response"]["status"] == "201"
    assert done["response"]["outcome"]["issue"][0]["code"] == "too-costly"
    assert "resource" not in done
    assert fhir.get("Patient/async-large").status_code == 200


def test_what_is_no_resource_comes_as_a_binary(fhir: Fhir, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = mongo_jobs.Result(200, {"Content-Type": "application/json"}, b'{"data": 1}', 11)
    made = asynchronous._entry(plain)["resource"]
    assert json.loads(base64.b64decode(made["data"])) == {"data": 1}
    assert made["contentType"] == "application/json"


def test_what_no_route_answers_is_refused_at_once(fhir: Fhir) -> None:
    assert fhir.get("Patient/a/b/c", Prefer=ASYNC).status_code == 404
    assert fhir.client.get("/healthz", headers={"Prefer": ASYNC}).status_code == 200


def test_a_reindex_is_always_asynchronous(fhir: Fhir) -> None:
    done = entry(fhir, fhir.post("$reindex", None))
    assert done["response"]["status"] == "200", done
    assert done["resource"]["parameter"][0] == {"name": "written", "valueInteger": 0}
    wrong = {"resourceType": "Parameters", "parameter": [{"name": "nonsense", "valueString": "x"}]}
    refused = entry(fhir, fhir.post("$reindex", wrong))
    assert refused["response"]["status"] == "400"


def test_the_collection_forgets_jobs_after_a_day(store: MongoStore) -> None:
    jobs = store.collections.resources.database["jobs"]
    (index,) = (i for i in jobs.list_indexes() if i["name"] == "expires")
    assert index["expireAfterSeconds"] == 0
    mongo_jobs.Jobs(store.collections).begin("kept", "request")
    found = jobs.find_one({"_id": "kept"})
    assert found is not None
    assert (found["expires"] - found["began"]).total_seconds() == 24 * 3600


def test_what_a_job_tells_of_itself_is_its_progress(
    fhir: Fhir, slow: Callable[[], None], store: MongoStore
) -> None:
    kicked_off = fhir.get("Patient", Prefer=ASYNC)
    where = address(kicked_off)
    jobs, id_ = mongo_jobs.Jobs(store.collections), where.rpartition("/")[2]
    assert fhir.get(where).headers["X-Progress"].startswith("in progress for")
    jobs.tell(id_, "checking 120 of 1000 resources")
    assert fhir.get(where).headers["X-Progress"] == "checking 120 of 1000 resources"
    fhir.delete(where)
    jobs.tell(id_, "checking 130 of 1000 resources")
    assert fhir.get(where).status_code == 404
    slow()


def test_progress_is_not_noted_more_often_than_anyone_looks(
    store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = mongo_jobs.Jobs(store.collections)
    jobs.begin("told", "request")
    monkeypatch.setattr(asynchronous, "TELLING_SECONDS", 3600.0)
    tell = asynchronous._Telling(jobs, "told")
    tell("1 of 2")
    tell("2 of 2")
    found = jobs.get("told")
    assert found
    assert found.progress == "1 of 2"
