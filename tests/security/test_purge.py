"""Lawful erasure: what is destroyed by a decision of law is nowhere afterwards."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import bson
import pytest
from flask import Flask

from fhir_server.bulk import purge as bulk_purge
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.context import OperationRequest
from fhir_server.interactions.update import update
from fhir_server.security.principal import LOCAL, Principal
from fhir_server.storage import mongo_jobs, mongo_purge
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir
from tests.security.worlds import ORGANIZATIONS, World, encounter, hsa, organization, staff

NAME = "Gullbritt-Purgatoria"
ROOT = Principal("root", role="administrator", rights=frozenset({"purge"}))
DECISION = "IVO 8.4.1-12345/2026"


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(patient("other", "Annan"))
    return world


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_purge, "GRACE_SECONDS", 0.01)


@pytest.fixture
def person(world: World) -> Iterator[str]:
    """A person with care, corrections, a document and a deletion."""
    id_ = f"p{time.time_ns()}"
    world.put(patient(id_, NAME), patient(id_, f"{NAME}-Ek"))
    content = base64.b64encode(NAME.encode()).decode()
    world.put(
        encounter(f"e-{id_}", "hc", id_, text=said(NAME)),
        encounter(f"e-{id_}", "hc", id_, text=said(f"{NAME} igen")),
        {"resourceType": "Binary", "id": f"b-{id_}", "contentType": "text/plain", "data": content},
        document(id_),
        {"resourceType": "Flag", "id": f"f-{id_}", "status": "active", "code": {"text": NAME},
         "subject": {"reference": f"Patient/{id_}"}},
    )  # fmt: skip
    from fhir_server.interactions.delete import delete

    delete(world.context(), "Flag", f"f-{id_}")
    nurse = staff("hc")
    update(world.context(nurse), "Encounter", f"e-{id_}", encounter(f"e-{id_}", "hc", id_))
    return f"Patient/{id_}"


def patient(id_: str, family: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": family}]}


def said(text: str) -> dict[str, str]:
    return {
        "status": "generated",
        "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>',
    }


def document(id_: str) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": f"d-{id_}",
        "status": "current",
        "subject": {"reference": f"Patient/{id_}"},
        "content": [{"attachment": {"url": f"Binary/b-{id_}", "title": NAME}}],
    }


def purge(world: World, person: str, who: Principal = ROOT, **more: Any) -> dict[str, Any]:
    """Call the operation, and give its parameters by name."""
    values = {"decision": DECISION, "basis": "ivo-beslut", **more}
    parameter = [{"name": n, **_value(n, v)} for n, v in values.items() if n != "resource"]
    parameter += [{"name": "resource", "valueReference": {"reference": each}}
                  for each in values.get("resource", ())]  # fmt: skip
    context = world.context(who)
    type_, id_ = person.split("/")
    body = {"resourceType": "Parameters", "parameter": parameter}
    request = OperationRequest("purge", type_, id_, "POST", resource=body)
    answer = context.server.operations.invoke(context, request)
    found: dict[str, Any] = {}
    for each in json.loads(answer.body or b"")["parameter"]:
        parts = {
            p["name"]: next(v for k, v in p.items() if k != "name") for p in each.get("part", ())
        }
        found.setdefault(each["name"], []).append(
            parts or next(v for k, v in each.items() if k != "name")
        )
    return found


def _value(name: str, value: Any) -> dict[str, Any]:
    kinds = {"decision": "valueString", "basis": "valueCode", "before": "valueDate"}
    return {kinds.get(name, "valueBoolean"): value}


def everything(store: MongoStore) -> dict[str, bytes]:
    """Give all that the database holds, by collection."""
    database = store.collections.resources.database
    return {
        name: b"".join(bson.encode(each) for each in database[name].find())
        for name in database.list_collection_names()
    }


def test_nothing_of_a_person_is_left_in_any_collection(
    world: World, store: MongoStore, person: str, fhir: Fhir
) -> None:
    """R115: PDL 8 kap. 4 §: neither current nor superseded versions, entries nor stored answers."""
    job = fhir.get(f"Patient?_id={person.split('/')[1]}", Prefer="respond-async")
    assert job.status_code == 202
    address = job.headers["Content-Location"].split("/fhir/")[1]
    while fhir.get(address).status_code == 202:
        time.sleep(0.05)
    known, folded = b"Gullbritt", b"gullbritt"
    before = everything(store)
    assert known in before["jobs"]
    assert known in before["history"]
    assert folded in before["resources"]
    named = {"resourceType": "Patient", "name": [{"family": NAME}]}
    made = fhir.post("Patient", named, If_None_Exist=f"family={NAME}&gender=other")
    assert made.status_code == 201
    for each in fhir.get(f"Patient?family={NAME}").json.get("entry", ()):
        purge(world, f"Patient/{each['resource']['id']}")
    for name, held in everything(store).items():
        assert known not in held, name
        assert folded not in held, name
        if name not in ("purges", "audit"):
            assert person.encode() not in held, name
    assert base64.b64encode(NAME.encode()) not in everything(store)["resources"]


def test_what_was_destroyed_was_never_there(world: World, person: str, fhir: Fhir) -> None:
    """R115: 404 and not 410, by whatever way it is asked for."""
    found = purge(world, person)
    assert {each["type"]: each["resources"] for each in found["purged"]} == {
        "Binary": 1,
        "DocumentReference": 1,
        "Encounter": 1,
        "Flag": 1,
        "Patient": 1,
        "Provenance": 1,
    }
    assert {each["type"]: each["versions"] for each in found["purged"]}["Encounter"] == 3
    id_ = person.split("/")[1]
    for path in (person, f"{person}/_history", f"{person}/_history/1", f"Encounter/e-{id_}",
                 f"Encounter/e-{id_}/_history/1", f"Flag/f-{id_}", f"Binary/b-{id_}",
                 f"{person}/$everything"):  # fmt: skip
        assert fhir.get(path).status_code == 404, path
    assert fhir.get(f"Encounter?subject={person}").json["total"] == 0
    history = fhir.get("_history?_count=1000").json
    assert all(person not in json.dumps(each) for each in history["entry"])


def test_a_dry_run_tells_and_removes_nothing(world: World, person: str, store: MongoStore) -> None:
    """R115: the counts are those of the purge."""
    before = everything(store)["resources"]
    told = purge(world, person, dryRun=True)
    assert everything(store)["resources"] == before
    done = purge(world, person)
    assert [e for e in told["purged"] if e["type"] != "Binary"] == [
        e for e in done["purged"] if e["type"] != "Binary"
    ]


def test_the_note_of_it_names_no_one_and_is_told_when_asked_again(
    world: World, person: str, store: MongoStore
) -> None:
    """R115: by which decision so much was destroyed, when and by whom."""
    purge(world, person)
    (note,) = purge(world, person, decision="another")["earlier"]
    assert (note["decision"], note["basis"], note["complete"]) == (DECISION, "ivo-beslut", True)
    assert note["resources"] == 6
    held = store.collections.resources.database["purges"].find_one({"person": person})
    assert held is not None
    assert held["by"] == "root"
    assert NAME not in str(held)


def test_what_is_about_others_too_stays_and_is_told(world: World, person: str, fhir: Fhir) -> None:
    """R115: a decision about one person destroys nothing of another's."""
    group = {
        "resourceType": "Group",
        "type": "person",
        "actual": True,
        "member": [{"entity": {"reference": each}} for each in (person, "Patient/other")],
    }
    made = fhir.create(group)
    found = purge(world, person)
    assert found["kept"][0]["reference"] == {"reference": f"Group/{made['id']}"}
    assert found["referrer"] == [{"reference": f"Group/{made['id']}"}]
    assert fhir.get(f"Group/{made['id']}").status_code == 200
    assert fhir.get("Patient/other").status_code == 200
    assert fhir.get(person).status_code == 404


def test_versions_that_were_about_the_person_go_also_of_what_became_anothers(
    world: World, person: str, store: MongoStore
) -> None:
    """R115: a note that was written about the wrong person is corrected; its first version goes."""
    id_ = f"moved-{time.time_ns()}"
    world.put(encounter(id_, "hc", person.split("/")[1], text=said(NAME)))
    world.put(encounter(id_, "hc", "other"))
    purge(world, person)
    assert store.read_version("Encounter", id_, 1) is None
    assert store.read_version("Encounter", id_, 2) is not None


def test_listed_resources_alone_are_destroyed(world: World, person: str, fhir: Fhir) -> None:
    """R115: PDL 8 kap. 4 §: IVO may decide that a part is destroyed."""
    id_ = person.split("/")[1]
    found = purge(world, person, resource=[f"Encounter/e-{id_}"])
    assert [each["type"] for each in found["purged"]] == ["Encounter"]
    assert fhir.get(person).status_code == 200
    assert fhir.get(f"Encounter/e-{id_}").status_code == 404
    assert fhir.get(f"DocumentReference/d-{id_}").status_code == 200


def test_gallring_reaches_nothing_that_is_younger_than_ten_years(
    world: World, person: str, fhir: Fhir, store: MongoStore
) -> None:
    """R115: PDL 3 kap. 17 §."""
    with pytest.raises(FhirError) as refused:
        purge(world, person, basis="gallring", before="2025-01-01")
    assert refused.value.status == 422
    assert refused.value.issues[0].details[0].code == "PDL-3-17"
    with_nothing = purge(world, person, basis="gallring", dryRun=True, decision="x")
    assert "purged" not in with_nothing
    old = 1_300_000_000_000_000
    id_ = person.split("/")[1]
    one = {"_id": f"Encounter/e-{id_}"}
    store.collections.resources.update_one(one, {"$set": {"u": old}})
    found = purge(world, person, basis="gallring")
    assert [each["type"] for each in found["purged"]] == ["Encounter"]
    assert fhir.get(person).status_code == 200


@pytest.mark.parametrize(
    "who",
    [
        replace(ROOT, rights=frozenset()),
        staff("hc", "manager", rights=frozenset({"purge"})),
        Principal("journal", role="system", unit=hsa("region"), rights=frozenset({"purge"})),
        Principal("p", role="patient", patient="Patient/other", rights=frozenset({"purge"})),
    ],
    ids=lambda who: who.role,
)
def test_only_administrators_with_the_right_to_it_destroy(
    world: World, person: str, who: Principal
) -> None:
    """R115: neither staff nor systems, nor an administrator without the right."""
    with pytest.raises(FhirError) as refused:
        purge(world, person, who)
    assert refused.value.status == 403
    assert purge(world, person, LOCAL, dryRun=True)["purged"]


def test_a_decision_that_names_a_person_is_refused(world: World, person: str) -> None:
    """R115: the note stays for good, and must not tell whom it was about."""
    for decision in ("19121212-1212", "beslut om 121212-1212", " "):
        with pytest.raises(FhirError) as refused:
            purge(world, person, decision=decision)
        assert refused.value.status == 400


def test_nothing_about_nobody_is_not_found(world: World) -> None:
    """R115: an id that never was."""
    with pytest.raises(FhirError) as refused:
        purge(world, "Patient/never")
    assert refused.value.status == 404


def test_an_interrupted_purge_goes_on_and_its_note_counts_all(
    world: World, person: str, monkeypatch: pytest.MonkeyPatch, store: MongoStore
) -> None:
    """R115: in transactions; what the first attempt removed is in the note of the second."""
    monkeypatch.setattr(bulk_purge, "TOGETHER", 2)
    removed = mongo_purge.PurgeStore.remove
    calls: list[int] = []

    def dying(self: mongo_purge.PurgeStore, note: str, references: Any) -> None:
        calls.append(len(references))
        if len(calls) == 3:
            raise KeyboardInterrupt
        removed(self, note, references)

    with monkeypatch.context() as patched:
        patched.setattr(mongo_purge.PurgeStore, "remove", dying)
        with pytest.raises(KeyboardInterrupt):
            purge(world, person)
    assert store.read(*person.split("/")) is not None
    found = purge(world, person)
    assert sum(each["resources"] for each in found["purged"]) == 6
    assert "earlier" not in found


def test_the_audit_trail_is_kept(world: World, person: str, fhir: Fhir) -> None:
    """R115: HSLF-FS 2016:40 4 kap. 9 §: who looked is known also afterwards."""
    event = {
        "resourceType": "AuditEvent",
        "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110112"},
        "recorded": "2026-11-27T12:00:00Z",
        "agent": [{"requestor": True}],
        "source": {"observer": {"display": "server"}},
        "entity": [{"what": {"reference": person}}],
    }
    made = fhir.create(event)
    found = purge(world, person)
    assert found["kept"][0]["reference"] == {"reference": f"AuditEvent/{made['id']}"}
    assert fhir.get(f"AuditEvent/{made['id']}").status_code == 200


def test_an_asynchronous_purge_keeps_its_own_answer_alone(
    world: World, person: str, fhir: Fhir, store: MongoStore
) -> None:
    """R115: of what was asked for before nothing is left; who asked for the purge hears of it."""
    parameters = [
        {"name": "decision", "valueString": DECISION},
        {"name": "basis", "valueCode": "ivo-beslut"},
    ]
    body = {"resourceType": "Parameters", "parameter": parameters}
    asked = fhir.post(f"{person}/$purge", body, Prefer="respond-async")
    assert asked.status_code == 202
    address = asked.headers["Content-Location"].split("/fhir/")[1]
    while (answer := fhir.get(address)).status_code == 202:
        time.sleep(0.05)
    told = answer.json["entry"][0]["resource"]["parameter"]
    assert [each["name"] for each in told].count("purged") == 6
    kinds = store.collections.resources.database["jobs"].distinct("kind")
    assert kinds == ["purge"]


def test_stored_answers_live_a_day(store: MongoStore) -> None:
    """R115: also where nobody forgets them."""
    jobs = mongo_jobs.Jobs(store.collections)
    jobs.begin("a-day", "request")
    database = store.collections.resources.database
    found = database["jobs"].find_one({"_id": "a-day"})
    assert found is not None
    assert (found["expires"] - found["began"]).total_seconds() == 24 * 3600
    assert database["jobs"].index_information()["expires"]["expireAfterSeconds"] == 0
