"""What the operations of the discharge process and of SIP look at, where there is much of others.

A patient's whole story is stored, then copied for two hundred others, with the ids changed. While
the same story happens to one more patient, MongoDB itself writes down what each query examined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from bson import decode_all, encode
from pymongo.database import Database

from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from tests.domain import meeting_calls
from tests.domain.clinic import Clinic, Json, code, parameters, reference, string
from tests.domain.joins import examined_by_joins
from tests.domain.life_cycle import every, moment, named, url_of
from tests.domain.sip_calls import complete, consent_to_sip, generate
from tests.domain.stays import ALBERTINAS_NUMBER, READY, Ward, ward

OTHERS = 200
# What one query may examine: enough for one patient, and far less than there is of others.
MOST_DOCUMENTS = 30
MOST_KEYS = 60
AN_HOUR = 3_600_000_000  # µs

Examined = list[dict[str, Any]]


def story(clinic: Clinic, personnummer: str) -> tuple[Ward, str]:
    """Let a patient come, be called ready, get a SIP and a meeting; give the stay and the plan."""
    identifier = {"system": codes.PERSONNUMMER, "value": personnummer}
    here = ward(clinic, identifier=[identifier])
    nurse = clinic.nurse(unit=here.centre)
    clinic.put(consent_to_sip(here.patient))
    clinic.assign(here.patient, nurse)
    assert here.notice().status_code == 200
    later = {"time": moment("2026-03-07T11:00:00+01:00"), "at": moment("2026-03-04T09:20:00+01:00")}
    assert here.call("expected-discharge", **later).status_code == 200
    assert here.ready(READY).status_code == 200
    by = reference(here.by)
    need = {"by": by, "reason": string("Flera insatser"), "owner": reference(here.home_care)}
    assert clinic.fhir.post(f"{here.patient}/$note-sip-need", parameters(**need)).status_code < 300
    plan = url_of(named(generate(clinic, here.patient, "draft", *complete()))["return"])
    called = meeting_calls.call(clinic, plan, nurse)
    task = url_of(every(called, "task")[0])
    assert meeting_calls.answer(clinic, task, "accepted").status_code == 200
    active = clinic.fhir.post(f"{plan}/$activate-sip", parameters(by=by))
    assert active.status_code == 200, active.text
    followed = {"by": by, "decision": code("fortsatt"), "next": {"valueDate": "2090-05-01"}}
    answer = clinic.fhir.post(f"{plan}/$follow-up-sip", parameters(**followed))
    assert answer.status_code == 200, answer.text
    return here, plan


def read_it(clinic: Clinic, here: Ward, plan: str) -> None:
    """Ask for all that is read about the story."""
    for url in (
        f"{here.stay}/$discharge-timeline",
        f"{here.stay}/$discharge-timeline?_format=html",
        f"Organization/{_ward_of(clinic, here)}/$discharge-timeline?at=2026-03-06T12:00:00%2B01:00",
        f"{here.home_care}/$discharge-timeline?at=2026-03-06T12:00:00%2B01:00",
        f"{here.patient}/$sip-suggestion",
        f"{here.patient}/$patientkontrakt",
        f"{plan}/$document",
        f"{plan}/$sip-access",
        f"{plan}/$meeting-form",
        f"{plan}/$export-sip",
    ):
        response = clinic.fhir.get(url)
        assert response.status_code == 200, (url, response.text)


def _ward_of(clinic: Clinic, here: Ward) -> str:
    found: str = clinic.read(here.stay)["serviceProvider"]["reference"].partition("/")[2]
    return found


def copied(database: Database[Json]) -> int:
    """Copy all that is stored many times, and give how many documents that makes."""
    collection = database["resources"]
    originals = collection.find({}).to_list()
    ids = {each["_id"].partition("/")[2] for each in originals}
    whole = b"".join(encode(each) for each in originals)
    any_id = re.compile("|".join(ids).encode())
    for number in range(OTHERS):
        # An id gets another ending of the same length, so that the documents stay well formed.
        ending = f"x{number:04}".encode()
        changed = any_id.sub(partial(_ending, ending), whole)
        copies = decode_all(changed)
        for each in copies:
            each["u"] -= AN_HOUR  # who else there is was stored before
        collection.insert_many(copies, ordered=False)
    return OTHERS * len(originals)


def _ending(ending: bytes, found: re.Match[bytes]) -> bytes:
    return found[0][: -len(ending)] + ending


@contextmanager
def examined(database: Database[Json]) -> Iterator[Examined]:
    """Let MongoDB write down the queries that are made inside; they are there afterwards."""
    database.drop_collection("system.profile")
    database.create_collection("system.profile", capped=True, size=64_000_000)
    database.command("profile", 2)
    found: Examined = []
    try:
        yield found
    finally:
        database.command("profile", 0)
        found += database["system.profile"].find({"ns": f"{database.name}.resources"})
        database.drop_collection("system.profile")


@pytest.mark.timeout(300)
def test_nothing_that_is_done_for_one_patient_looks_at_others(
    clinic: Clinic, store: MongoStore
) -> None:
    """Whatever a region has stored."""
    database: Database[Json] = store.collections.resources.database
    here, plan = story(clinic, "200001252386")
    read_it(clinic, here, plan)
    assert copied(database) > 10 * OTHERS
    with examined(database) as found:
        here, plan = story(clinic, ALBERTINAS_NUMBER["value"])
        read_it(clinic, here, plan)
    assert len(found) > 100
    for each in found:
        told = (each["op"], each.get("planSummary"), each.get("command"))
        asked = each.get("originatingCommand") or each.get("command", {})
        if asked.get("filter") == {"t": "Organization"}:
            continue  # the units are kept in memory, and read anew when one of them was written
        assert "COLLSCAN" not in each.get("planSummary", ""), told
        keys, documents = examined_by_joins(database, each)
        assert documents + each.get("docsExamined", 0) <= MOST_DOCUMENTS, told
        assert keys + each.get("keysExamined", 0) <= MOST_KEYS, told


def test_a_unit_is_not_asked_of_stays_that_ended_long_ago(
    clinic: Clinic, store: MongoStore
) -> None:
    """Only the stays that a unit has, or had in the last fortnight, are read."""
    database: Database[Json] = store.collections.resources.database
    here = ward(clinic)
    assert here.notice().status_code == 200
    unit = f"Organization/{_ward_of(clinic, here)}"
    for _ in range(30):
        past = {"period": {"start": "2025-03-02T08:10:00+01:00", "end": "2025-03-09"}}
        clinic.put(clinic.read(here.stay) | {"id": "", "status": "finished"} | past)
    with examined(database) as found:
        response = clinic.fhir.get(f"{unit}/$discharge-timeline?at=2026-03-06T12:00:00%2B01:00")
    assert [
        e["resource"]["id"] for e in response.json["entry"] if e["search"]["mode"] == "match"
    ] == [here.stay.partition("/")[2]]
    assert max(each["nreturned"] for each in found) <= 3
