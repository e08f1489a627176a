"""The audit trail over HTTP: each interaction is recorded, and nobody changes a record."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import audit_rules, create_app
from fhir_server.fhir.dates import micros
from fhir_server.security.audit.chain import Seal
from fhir_server.security.audit.purging import purge
from fhir_server.security.audit.trail import Trail
from fhir_server.security.audit.verification import Anchor, Finding, Verification, read_anchors
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_audit import AuditStore
from fhir_server.sweden.audit_trail import APPEND_ONLY
from tests.conftest import Fhir

PATIENT = {"resourceType": "Patient", "id": "audited", "active": True}
EVENT = {
    "resourceType": "AuditEvent",
    "type": {"code": "110114"},
    "recorded": "2026-03-03T10:31:05+01:00",
    "agent": [{"who": {"display": "Eva"}, "requestor": True}],
    "source": {"observer": {"display": "Journal"}},
    "entity": [{"what": {"reference": "Patient/audited"}, "role": {"code": "1"}}],
}


@pytest.fixture(scope="module")
def settings(database: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        mongodb_database=database,
        base_url="http://localhost/fhir",
        log_level="error",
        audit="always",
        audit_dir=tmp_path_factory.mktemp("audit"),
    )


@pytest.fixture(scope="module")
def store(mongo_uri: str, database: str) -> Iterator[MongoStore]:
    store = MongoStore(mongo_uri, database, APPEND_ONLY)
    store.prepare()
    yield store
    store.close()


@pytest.fixture(scope="module")
def app(settings: Settings, mongo_uri: str, store: MongoStore) -> Iterator[Flask]:
    app = create_app(settings, mongo_uri)
    yield app
    trail_of(app).stop()
    app.extensions["fhir"].store.close()


@pytest.fixture
def ledger(store: MongoStore) -> AuditStore:
    return AuditStore(store.collections)


@pytest.fixture(autouse=True)
def _patient(fhir: Fhir) -> None:
    fhir.put("Patient/audited", PATIENT)


def trail_of(app: Flask) -> Trail:
    trail, _ = app.extensions["fhir_audit"]
    assert isinstance(trail, Trail)
    return trail


@pytest.fixture
def recorded(app: Flask, fhir: Fhir) -> Callable[[str], dict[str, Any]]:
    """Give the one record of a request, by its id."""

    def find(request_id: str) -> dict[str, Any]:
        trail_of(app).ship()
        found = fhir.get(f"AuditEvent?entity-name={request_id}").json
        assert found["total"] == 1, found
        event: dict[str, Any] = found["entry"][0]["resource"]
        return event

    return find


def query_of(event: dict[str, Any]) -> str:
    asked = next(entity["query"] for entity in event["entity"] if "query" in entity)
    return base64.b64decode(asked).decode()


@pytest.mark.parametrize(
    ("method", "path", "code", "action", "outcome"),
    [
        ("GET", "Patient/audited", "read", "R", "0"),
        ("HEAD", "Patient/audited", "read", "R", "0"),
        ("GET", "Patient/audited/_history/1", "vread", "R", "0"),
        ("GET", "Patient/audited/_history", "history-instance", "R", "0"),
        ("GET", "Patient/_history", "history-type", "R", "0"),
        ("GET", "_history", "history-system", "R", "0"),
        ("GET", "Patient?active=true", "search-type", "E", "0"),
        ("POST", "Patient/_search?active=true", "search-type", "E", "0"),
        ("GET", "?_type=Patient", "search-system", "E", "0"),
        ("GET", "Patient/audited/Observation", "search-type", "E", "0"),
        ("GET", "metadata", "capabilities", "R", "0"),
        ("GET", "Patient/audited/$everything", "operation", "E", "0"),
        ("GET", "Patient/nobody", "read", "R", "4"),
        ("GET", "Patient?nonsense=1", "search-type", "E", "4"),
        ("DELETE", "Patient/nobody", "delete", "D", "0"),
        ("PUT", "Patient/x", "update", "U", "4"),
        ("POST", "", "batch", "E", "4"),
        ("GET", "Patient/audited?_format=nonsense", "read", "R", "4"),
    ],
)
def test_each_interaction_is_recorded_as_what_it_is(
    fhir: Fhir,
    recorded: Callable[[str], dict[str, Any]],
    method: str,
    path: str,
    code: str,
    action: str,
    outcome: str,
) -> None:
    """R115: what was done, also what was refused."""
    id_ = f"kind-{abs(hash((method, path)))}"
    fhir.client.open(f"/fhir/{path}", method=method, headers={"X-Request-Id": id_})
    event = recorded(id_)
    assert event["subtype"][0]["code"] == code
    assert (event["action"], event["outcome"]) == (action, outcome)


@pytest.mark.parametrize(("method", "path"), [("GET", "Nonsense/1/2/3"), ("PATCH", "metadata")])
def test_what_is_at_no_address_is_recorded_too(
    fhir: Fhir, recorded: Callable[[str], dict[str, Any]], method: str, path: str
) -> None:
    """R115: 404 and 405 leave a record."""
    id_ = f"none-{method}"
    fhir.client.open(f"/fhir/{path}", method=method, headers={"X-Request-Id": id_})
    assert recorded(id_)["outcome"] == "4"


def test_health_checks_are_no_interactions(app: Flask, fhir: Fhir, ledger: AuditStore) -> None:
    trail_of(app).ship()
    before = ledger.count()
    fhir.client.get("/healthz")
    fhir.client.options("/fhir/Patient")
    trail_of(app).ship()
    assert ledger.count() == before


def test_a_record_tells_what_was_given_and_whom_it_is_about(
    fhir: Fhir, recorded: Callable[[str], dict[str, Any]]
) -> None:
    """R115: the patient's identity and the action."""
    fhir.put(
        "Observation/pulse",
        {
            "resourceType": "Observation",
            "id": "pulse",
            "status": "final",
            "code": {"text": "puls"},
            "subject": {"reference": "Patient/audited"},
        },
        X_Request_Id="about-1",
    )
    changed = [e["what"]["reference"] for e in recorded("about-1")["entity"] if "what" in e]
    assert changed == ["Patient/audited", "Observation/pulse/_history/1"]
    fhir.get("Observation?subject=Patient/audited", X_Request_Id="about-2")
    event = recorded("about-2")
    given = [e["what"]["reference"] for e in event["entity"] if "what" in e]
    assert given == ["Patient/audited", "Observation/pulse"]
    assert query_of(event) == "GET /fhir/Observation?subject=Patient/audited"


def test_the_parameters_of_a_form_are_recorded(
    fhir: Fhir, recorded: Callable[[str], dict[str, Any]]
) -> None:
    fhir.client.post(
        "/fhir/Patient/_search",
        data={"identifier": "191212121212"},
        headers={"X-Request-Id": "form-1"},
    )
    assert query_of(recorded("form-1")).endswith("_search?identifier=191212121212")


def test_a_batch_is_one_record_with_all_its_entries(
    fhir: Fhir, recorded: Callable[[str], dict[str, Any]]
) -> None:
    """R115: each entry with its outcome."""
    urls = ["Patient/audited", "Patient/nobody", "Patient?active=true"]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    fhir.post("", bundle, X_Request_Id="batch-1")
    event = recorded("batch-1")
    job = next(entity for entity in event["entity"] if entity.get("name") == "batch-1")
    listed = json.loads(base64.b64decode(job["detail"][0]["valueBase64Binary"]))
    assert listed == [
        ["GET", "Patient/audited", "200"],
        ["GET", "Patient/nobody", "404"],
        ["GET", "Patient?active=true", "200"],
    ]


def test_a_graphql_query_is_recorded_with_its_text(
    fhir: Fhir, recorded: Callable[[str], dict[str, Any]]
) -> None:
    query = "query($id: String) {PatientList(_id: $id) {id}}"
    fhir.client.post(
        "/fhir/$graphql",
        json={"query": query, "variables": {"id": "audited"}},
        headers={"X-Request-Id": "graphql-1"},
    )
    event = recorded("graphql-1")
    assert query in query_of(event)
    assert '{"id":"audited"}' in query_of(event)
    assert "Patient/audited" in [e.get("what", {}).get("reference") for e in event["entity"]]


def test_an_asynchronous_request_is_recorded_as_asked_and_as_carried_out(
    app: Flask, fhir: Fhir
) -> None:
    fhir.get("Patient/audited", Prefer="respond-async", X_Request_Id="async-1")
    events: list[dict[str, Any]] = []
    for _ in range(100):
        trail_of(app).ship()
        found = fhir.get("AuditEvent?entity-name=async-1").json
        events = [entry["resource"] for entry in found.get("entry", ())]
        if len(events) == 2:
            break
    assert sorted(event["outcomeDesc"] for event in events) == ["HTTP 200", "HTTP 202"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_no_record_is_changed_or_deleted_over_http(app: Flask, fhir: Fhir, method: str) -> None:
    """R115: the trail is only added to, and the refusal names the law."""
    trail_of(app).ship()
    event = fhir.get("AuditEvent?_count=1").json["entry"][0]["resource"]
    body = {**event, "outcome": "12"} if method == "PUT" else None
    answer = fhir._request(method, f"AuditEvent/{event['id']}", body, {})
    assert answer.status_code == 405
    laws = [coding["code"] for coding in answer.json["issue"][0]["details"]["coding"]]
    assert "HSLF-2016-40-4-9" in laws
    assert fhir.get(f"AuditEvent/{event['id']}").json == event


def test_a_transaction_that_deletes_a_record_does_nothing_else_either(
    app: Flask, fhir: Fhir
) -> None:
    trail_of(app).ship()
    event = fhir.get("AuditEvent?_count=1").json["entry"][0]["resource"]
    entries = [
        {"request": {"method": "PUT", "url": "Patient/beside"},
         "resource": {"resourceType": "Patient", "id": "beside"}},
        {"request": {"method": "DELETE", "url": f"AuditEvent/{event['id']}"}},
    ]  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert fhir.post("", bundle).status_code == 405
    assert fhir.get("Patient/beside").status_code == 404


def test_records_are_searched_read_and_included_from_as_other_resources(
    app: Flask, fhir: Fhir
) -> None:
    fhir.get("Patient/audited")
    trail_of(app).ship()
    found = fhir.get("AuditEvent?patient=Patient/audited&action=R&_include=AuditEvent:patient").json
    modes = [entry["search"]["mode"] for entry in found["entry"]]
    assert "match" in modes
    assert "include" in modes
    event = found["entry"][0]["resource"]
    assert fhir.get(f"AuditEvent/{event['id']}/_history").json["total"] == 1
    assert fhir.get("AuditEvent/_history?_count=1").json["entry"]
    at = event["recorded"]
    assert fhir.get(f"AuditEvent?date={at}&outcome=0&_summary=count").json["total"] > 0
    assert fhir.get("Patient/audited/AuditEvent").json["entry"]


def test_searches_of_the_trail_may_ask_what_others_are_like(app: Flask, fhir: Fhir) -> None:
    fhir.get("Patient/audited")
    trail_of(app).ship()
    assert fhir.get("AuditEvent?patient:Patient.active=true&action=R").json["entry"]
    assert "entry" not in fhir.get("AuditEvent?patient:Patient.active=false&action=R").json


def test_the_trail_is_in_no_search_or_history_of_several_types(fhir: Fhir, app: Flask) -> None:
    """Who asks for a person's data is not given who read them."""
    fhir.get("Patient/audited")
    trail_of(app).ship()
    for path in (
        "Patient/audited/$everything?_count=100",
        "_history?_count=100",
        "Patient/audited/*",
    ):
        types = {entry["resource"]["resourceType"] for entry in fhir.get(path).json["entry"]}
        assert "AuditEvent" not in types


@pytest.fixture
def verified(app: Flask, ledger: AuditStore) -> Callable[..., list[Finding]]:
    def verify(*anchors: Anchor, seal: Seal | None = None) -> list[Finding]:
        return list(Verification(ledger, seal or Seal(), anchors).run())

    for _ in range(5):
        app.test_client().get("/fhir/Patient/audited")
    trail_of(app).ship()
    assert verify() == []
    return verify


@pytest.fixture
def audit(store: MongoStore) -> Any:
    """The collection itself, as whoever has the database's password reaches it."""
    return store.collections.audit


@pytest.fixture
def middle(audit: Any, ledger: AuditStore) -> Iterator[dict[str, Any]]:
    """A record with others before and behind it, put back afterwards."""
    (head, *_) = ledger.heads()
    before = list(audit.find({"s": head.stream}))
    heads = list(audit.database["audit_heads"].find())
    yield next(each for each in before if each["n"] == head.number - 2)
    audit.delete_many({"s": head.stream})
    audit.insert_many(before)
    for each in heads:
        audit.database["audit_heads"].replace_one({"_id": each["_id"]}, each, upsert=True)


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings}


def test_a_changed_record_is_found(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    """R115: nobody changes a record unnoticed."""
    body = bytes(middle["b"]).replace(b'"outcome":"0"', b'"outcome":"4"')
    audit.update_one({"_id": middle["_id"]}, {"$set": {"b": body}})
    assert [(f.kind, f.number) for f in verified()] == [("changed", middle["n"])]


def test_a_changed_record_is_found_also_where_its_hash_was_made_anew(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    body = bytes(middle["b"]).replace(b'"outcome":"0"', b'"outcome":"4"')
    before = audit.find_one({"s": middle["s"], "n": middle["n"] - 1})
    hash_ = Seal().record(before["h"], middle["n"], body)
    audit.update_one({"_id": middle["_id"]}, {"$set": {"b": body, "h": hash_}})
    assert ("changed", middle["n"] + 1) in [(f.kind, f.number) for f in verified()]


def test_a_removed_record_is_found(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    """R115: nobody removes a record unnoticed."""
    audit.delete_one({"_id": middle["_id"]})
    assert ("removed", middle["n"]) in [(f.kind, f.number) for f in verified()]


def test_an_inserted_record_is_found(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    audit.insert_one({**middle, "_id": "AuditEvent/forged"})
    assert kinds(verified()) & {"inserted", "hidden"}
    audit.delete_one({"_id": "AuditEvent/forged"})
    audit.insert_one({**middle, "_id": "AuditEvent/forged", "n": middle["n"] + 100})
    assert "inserted" in kinds(verified())
    audit.delete_one({"_id": "AuditEvent/forged"})
    audit.insert_one({**middle, "_id": "AuditEvent/forged", "s": "another"})
    assert "inserted" in kinds(verified())
    audit.delete_one({"_id": "AuditEvent/forged"})


def test_reordered_records_are_found(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    other = audit.find_one({"s": middle["s"], "n": middle["n"] + 1})
    for one, number in ((middle, other["n"]), (other, middle["n"])):
        audit.update_one({"_id": one["_id"]}, {"$set": {"n": number}})
    assert "changed" in kinds(verified())


def test_records_cut_off_at_the_end_are_found(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    audit.delete_many({"s": middle["s"], "n": {"$gt": middle["n"]}})
    assert kinds(verified()) == {"truncated"}


def test_records_cut_off_with_their_head_are_found_by_an_anchor(
    middle: dict[str, Any], audit: Any, ledger: AuditStore, verified: Callable[..., list[Finding]]
) -> None:
    (head, *_) = ledger.heads()
    line = json.dumps({"event": "audit head", "stream": head.stream, "number": head.number,
                       "hash": head.hash})  # fmt: skip
    anchors = list(read_anchors(["not json", '{"event": "request"}', line]))
    assert anchors == [Anchor(head.stream, head.number, head.hash)]
    assert verified(*anchors) == []
    audit.delete_many({"s": middle["s"], "n": {"$gt": middle["n"]}})
    seal = Seal().head(head.stream, middle["n"], middle["h"], head.order)
    audit.database["audit_heads"].update_one(
        {"_id": head.stream}, {"$set": {"n": middle["n"], "h": middle["h"], "seal": seal}}
    )
    assert verified() == []  # without a key or an anchor it can't be seen
    assert kinds(verified(*anchors)) == {"truncated"}


def test_a_stream_that_is_gone_is_found(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    audit.delete_many({"s": middle["s"]})
    audit.database["audit_heads"].delete_one({"_id": middle["s"]})
    assert "missing" in kinds(verified())


def test_a_record_hidden_from_searches_is_found(
    middle: dict[str, Any], audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    audit.update_one({"_id": middle["_id"]}, {"$pull": {"t": "AuditEvent.outcome=0"}})
    assert kinds(verified()) == {"hidden"}


def test_what_a_client_created_is_vouched_for_by_the_record_of_its_creation(
    app: Flask, fhir: Fhir, audit: Any, verified: Callable[..., list[Finding]]
) -> None:
    made = fhir.create(EVENT)
    trail_of(app).ship()
    key = f"AuditEvent/{made['id']}"
    assert verified() == []
    whole = audit.find_one({"_id": key})
    audit.update_one({"_id": key}, {"$set": {"b": whole["b"].replace(b"Eva", b"Ada")}})
    assert kinds(verified()) == {"changed"}
    audit.delete_one({"_id": key})
    assert kinds(verified()) == {"removed"}
    audit.insert_one(whole)
    audit.insert_one({**whole, "_id": "AuditEvent/forged"})
    assert kinds(verified()) == {"inserted"}
    audit.delete_one({"_id": "AuditEvent/forged"})


def test_a_purged_trail_can_still_be_verified(
    middle: dict[str, Any], audit: Any, ledger: AuditStore, verified: Callable[..., list[Finding]]
) -> None:
    """R115: kept for five years at least, and then taken away in order."""
    assert audit.count_documents({"s": middle["s"], "n": {"$lte": 3}}) == 3
    assert purge(ledger, Seal(), middle["u"]) > 0
    assert audit.count_documents({"s": middle["s"], "n": 1}) == 0
    assert audit.count_documents({"s": middle["s"], "n": middle["n"]}) == 1
    assert verified() == []
    # Records taken away without a purge still show.
    audit.delete_one({"_id": middle["_id"]})
    assert kinds(verified()) & {"removed", "truncated"}
    audit.database["audit_heads"].update_one(
        {"_id": middle["s"]}, {"$set": {"checkpoint.n": middle["n"]}}
    )
    assert "head" in kinds(verified())


def test_nothing_younger_is_purged(
    app: Flask, ledger: AuditStore, verified: Callable[..., list[Finding]]
) -> None:
    trail_of(app).ship()
    before = ledger.count()
    long_ago = micros(dt.datetime.now(dt.UTC) - dt.timedelta(days=5 * 365))
    assert purge(ledger, Seal(), long_ago) == 0
    assert ledger.count() == before
    assert verified() == []


def test_with_a_key_nobody_makes_a_chain_who_has_not_the_key(
    mongo_uri: str, settings: Settings, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"0123456789abcdef" * 2)
    own = replace(
        settings, mongodb_database=f"{settings.mongodb_database}_key", audit_key=key,
        audit_dir=tmp_path / "spool",
    )  # fmt: skip
    store = MongoStore(mongo_uri, own.mongodb_database, APPEND_ONLY)
    store.prepare()
    app = create_app(own, mongo_uri)
    app.test_client().get("/fhir/metadata")
    trail_of(app).stop()
    ledger = AuditStore(store.collections)
    assert list(Verification(ledger, Seal(audit_rules(own).key)).run()) == []
    assert kinds(list(Verification(ledger, Seal()).run())) == {"missing", "head", "changed"}
    store.close()
    app.extensions["fhir"].store.close()


def test_what_a_gone_process_left_is_shipped_once(
    mongo_uri: str, settings: Settings, ledger: AuditStore, tmp_path: Path
) -> None:
    """A worker is killed after its records were shipped and before it knew."""
    root = tmp_path / "spool"
    other = create_app(replace(settings, audit_dir=root), mongo_uri)
    trail = trail_of(other)
    trail._ended.set()  # nothing is shipped behind the test's back
    for _ in range(3):
        other.test_client().get("/fhir/metadata")
    assert trail._spool is not None
    # The stream's own: what else the database holds, other processes may add to meanwhile.
    stream = trail._spool.stream
    assert trail.ship() == 3
    assert [each.number for each in ledger.records(stream, 0)] == [1, 2, 3]
    trail._spool.close()
    again = Trail(replace(audit_rules(settings), root=root), ledger)
    again._work()
    assert [each.number for each in ledger.records(stream, 0)] == [1, 2, 3]
    assert list(root.iterdir()) == []
    other.extensions["fhir"].store.close()
