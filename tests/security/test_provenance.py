"""Every write of a secured server tells who made it, for which unit and when."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import bson
import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.batch import batch
from fhir_server.interactions.context import OperationRequest
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete
from fhir_server.interactions.search import search
from fhir_server.interactions.transaction import transaction
from fhir_server.interactions.update import update
from fhir_server.search import labels
from fhir_server.search.labels import Labels
from fhir_server.security import provenance
from fhir_server.security.principal import Principal
from fhir_server.security.provenance import Recorder, Terms
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change, StoredResource
from tests.conftest import Fhir
from tests.security.worlds import HSA, ORGANIZATIONS, World, encounter, hsa, organization, staff

PERSON = "SE2321000131-E000000000777"
NURSE = replace(staff("hc"), person=PERSON)


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(*({"resourceType": "Patient", "id": each} for each in ("p1", "p2")))
    return world


def told(world: World, who: Principal, reference: str) -> list[dict[str, Any]]:
    """Give the Provenances of a resource that somebody finds, oldest first."""
    answer = search(
        world.context(who), "Provenance", [("target", reference), ("_sort", "recorded")]
    )
    return [each["resource"] for each in json.loads(answer.body).get("entry", ())]


def who_wrote(provenance: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["type"]["coding"][0]["code"]: each for each in provenance["agent"]}


def what(provenance: dict[str, Any]) -> str:
    code: str = provenance["activity"]["coding"][0]["code"]
    return code


def test_a_record_tells_its_vardgivare_its_vardenhet_and_who_wrote_it(
    world: World, app: Flask
) -> None:
    """R112: custodian, author and performer, documented at the moment of the version."""
    made = create(world.context(NURSE), "Encounter", encounter("x", "hc")).stored
    assert made is not None
    (found,) = told(world, NURSE, made.reference)
    agents = who_wrote(found)
    assert agents["custodian"]["who"] == {"reference": "Organization/region"}
    assert agents["author"]["who"] == {"reference": "Organization/hc"}
    assert agents["performer"]["who"]["identifier"] == {"system": HSA, "value": PERSON}
    assert agents["performer"]["onBehalfOf"] == {"reference": "Organization/hc"}
    assert found["target"] == [{"reference": f"{made.reference}/_history/1"}]
    assert found["recorded"] == json.loads(made.body or b"")["meta"]["lastUpdated"]
    assert found["reason"][0]["coding"][0]["code"] == "TREAT"
    assert what(found) == "CREATE"
    assert world.parts.server.validator.validate(found) == []
    assert found["meta"]["profile"][0].endswith("/se-provenance")


def test_a_correction_shows_who_made_it_and_what_was_there_before(world: World) -> None:
    """R115: PDL 3 kap. 14 §: what was wrong stays readable; who corrected it, and when, is told."""
    made = create(world.context(NURSE), "Encounter", encounter("x", "hc")).stored
    assert made is not None
    other = replace(NURSE, id="other", person="SE2321000131-E000000000778")
    wrong = encounter(made.id, "hc", status="entered-in-error")
    update(world.context(other), "Encounter", made.id, wrong)
    first, second = told(world, NURSE, made.reference)
    assert [what(each) for each in (first, second)] == ["CREATE", "UPDATE"]
    assert who_wrote(second)["performer"]["who"]["identifier"]["value"] == other.person
    assert second["target"] == [{"reference": f"{made.reference}/_history/2"}]
    before = world.context(NURSE).store.read_version("Encounter", made.id, 1)
    assert before is not None
    assert json.loads(before.body or b"")["status"] == "in-progress"


def test_a_system_without_a_person_is_named_by_its_client(world: World) -> None:
    """R115: who wrote is told also where no person did."""
    system = Principal("journal", role="system", unit=hsa("region"), client="journal-1")
    made = create(world.context(system), "Encounter", encounter("x", "psyk")).stored
    assert made is not None
    (found,) = told(world, system, made.reference)
    agents = who_wrote(found)
    assert agents["author"]["who"] == {"reference": "Organization/psyk"}
    assert agents["enterer"]["who"]["identifier"] == {"value": "journal-1"}
    assert agents["enterer"]["onBehalfOf"] == {"reference": "Organization/region"}


def test_a_transaction_tells_of_each_person_apart(world: World) -> None:
    """R112: whoever may see what was written about a person sees who wrote it, and no more."""
    entries = [
        {
            "resource": encounter("x", "hc", patient),
            "request": {"method": "POST", "url": "Encounter"},
        }
        for patient in ("p1", "p2", "p1")
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = json.loads(transaction(world.context(NURSE), bundle).body or b"")
    assert len(answer["entry"]) == 3
    made = [each["response"]["location"].split("/_history")[0] for each in answer["entry"]]
    made = ["/".join(each.split("/")[-2:]) for each in made]
    (first,), (second,) = told(world, NURSE, made[0]), told(world, NURSE, made[1])
    assert first["id"] != second["id"]
    assert [len(each["target"]) for each in (first, second)] == [2, 1]
    person = Principal("p2", role="patient", patient="Patient/p2")
    assert told(world, person, made[1]) == [second]
    assert told(world, person, made[0]) == []


def test_entries_of_a_batch_are_told_of_one_by_one(world: World) -> None:
    """R115: each is a write of its own."""
    entry = {"resource": encounter("x", "hc"), "request": {"method": "POST", "url": "Encounter"}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry, entry]}
    answer = json.loads(batch(world.context(NURSE), bundle).body or b"")
    made = [each["response"]["location"].split("/")[-3] for each in answer["entry"]]
    assert [len(told(world, NURSE, f"Encounter/{id_}")) for id_ in made] == [1, 1]


def test_a_write_that_is_refused_leaves_no_provenance(world: World, store: MongoStore) -> None:
    """R115: what is told has happened."""
    before = store.collections.resources.count_documents({"y": "Provenance"})
    with pytest.raises(FhirError):
        create(world.context(NURSE), "Encounter", encounter("x", "psyk"))
    assert store.collections.resources.count_documents({"y": "Provenance"}) == before


def test_what_tells_of_writes_is_neither_changed_nor_deleted(world: World) -> None:
    """R115: also not by who wrote it."""
    made = create(world.context(NURSE), "Encounter", encounter("x", "hc")).stored
    assert made is not None
    (found,) = told(world, NURSE, made.reference)
    other = {**found, "recorded": "2020-01-01T00:00:00Z"}
    with pytest.raises(FhirError) as refused:
        update(world.context(NURSE), "Provenance", found["id"], other)
    assert refused.value.status == 403
    with pytest.raises(FhirError) as refused:
        delete(world.context(NURSE), "Provenance", found["id"])
    assert refused.value.status == 403


def test_provenances_are_included_with_what_they_tell_of(world: World) -> None:
    """R112: _revinclude=Provenance:target."""
    made = create(world.context(NURSE), "Encounter", encounter("x", "hc")).stored
    assert made is not None
    asked = [("_id", made.id), ("_revinclude", "Provenance:target")]
    bundle = json.loads(search(world.context(NURSE), "Encounter", asked).body or b"")
    assert [each["resource"]["resourceType"] for each in bundle["entry"]] == [
        "Encounter",
        "Provenance",
    ]


def test_an_administrator_without_a_unit_is_told_of_too(world: World, store: MongoStore) -> None:
    """R115: definitions belong to no vårdgivare; who wrote them is told."""
    root = Principal("root", role="administrator")
    body = {"resourceType": "ValueSet", "status": "draft"}
    made = create(world.context(root), "ValueSet", body).stored
    assert made is not None
    token = f"Provenance.target>{made.reference}"
    document = store.collections.resources.find_one({"t": token})
    assert document is not None
    found = json.loads(document["b"])
    assert list(who_wrote(found)) == ["enterer"]
    assert "profile" not in found["meta"]
    assert world.parts.server.validator.validate(found) == []


def test_the_index_entries_are_those_that_the_indexer_makes(
    world: World, store: MongoStore
) -> None:
    """R112: made on a shorter way, found by the same searches."""
    made = create(world.context(NURSE), "Encounter", encounter("x", "hc")).stored
    assert made is not None
    update(world.context(NURSE), "Encounter", made.id, encounter(made.id, "hc", status="finished"))
    root = Principal("root", role="administrator")
    create(world.context(root), "ValueSet", {"resourceType": "ValueSet", "status": "draft"})
    indexer = world.parts.server.indexer
    documents = list(store.collections.resources.find({"y": "Provenance"}))
    assert len(documents) > 2
    for document in documents:
        resource = json.loads(document["b"])
        entries = indexer.index(resource, document["_id"])
        own = [each for each in document["t"] if "._" not in each or "._profile" in each]
        assert sorted(own) == sorted(entries.tokens)
        assert document["k"] == entries.keys
        assert document["d"] == bson.decode(bson.encode(entries.ranges))
        assert document["w"] == entries.words
        assert document.get("i", 0) == entries.revision
        again = world.context().store.relabelled([(_stored(store, document["_id"]), entries)])
        assert sorted(again[0][1].labels) == sorted(document.get("a", []))
        assert (
            labels.read(document.get("a", [])).about
            or "ValueSet" in resource["target"][0]["reference"]
        )


def test_what_follows_from_a_write_is_the_servers_and_names_the_write(world: World) -> None:
    """R115: nobody is said to have done what they did not do."""
    indexer = world.parts.server.indexer
    spelled = Labels("Organization/hc", "Organization/region", about=("Patient/p1",))
    plan = StoredResource("CarePlan", "1", 2, 1, b"{}", tuple(spelled.spelled("CarePlan")))
    consent = StoredResource("Consent", "1", 4, 1, b"{}", tuple(spelled.spelled("Consent")))
    record = recorder(world).of(NURSE, "Organization/hc")
    (made,) = record.of_consequences([Change(plan, plan)], [Change(consent, consent)])
    assert made.entries is not None
    found = json.loads(made.new.body or b"")
    agents = who_wrote(found)
    assert list(agents) == ["custodian", "author", "assembler"]
    assert agents["assembler"]["who"]["type"] == "Device"
    assert found["entity"] == [{"role": "source", "what": {"reference": "Consent/1/_history/4"}}]
    again = indexer.index(found, made.new.reference)
    assert sorted(again.tokens) == sorted(made.entries.tokens)
    assert (again.words, again.keys) == (made.entries.words, made.entries.keys)


def _stored(store: MongoStore, reference: str) -> Any:
    return store.read(*reference.split("/"))


def test_an_open_server_tells_of_nothing_by_itself(fhir: Fhir) -> None:
    """R115: nobody is known there who could be told of."""
    made = fhir.create({"resourceType": "Patient"})
    assert "entry" not in fhir.get(f"Provenance?target=Patient/{made['id']}").json


def test_what_a_client_says_of_where_a_write_comes_from_is_stored_with_it(fhir: Fhir) -> None:
    """R112: X-Provenance, which gets the version that was written as its target."""
    said = {
        "resourceType": "Provenance",
        "recorded": "2026-11-27T12:00:00Z",
        "agent": [{"who": {"display": "Eva Test"}}],
    }
    body = {"resourceType": "Patient"}
    made = fhir.post("Patient", body, X_Provenance=json.dumps(said))
    assert made.status_code == 201
    found = fhir.get(f"Provenance?target=Patient/{made.json['id']}").json["entry"]
    assert found[0]["resource"]["target"] == [
        {"reference": f"Patient/{made.json['id']}/_history/1"}
    ]
    assert found[0]["resource"]["agent"] == said["agent"]


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Eva", 400),
        ('{"resourceType": "Patient"}', 400),
        ('{"resourceType": "Provenance", "target": []}', 400),
        ('{"resourceType": "Provenance"}', 400),
    ],
)
def test_an_x_provenance_that_is_none_is_refused_and_nothing_stored(
    fhir: Fhir, said: str, status: int
) -> None:
    """R112: with what to do."""
    before = fhir.get("Patient?_summary=count").json["total"]
    answer = fhir.post("Patient", {"resourceType": "Patient"}, X_Provenance=said)
    assert answer.status_code == status, answer.text
    assert fhir.get("Patient?_summary=count").json["total"] == before


def test_everything_about_a_patient_leaves_out_what_is_kept_from_them(world: World) -> None:
    """R113: the person's own $everything, as 1177 asks for it."""
    hidden = {
        "security": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
        ]
    }
    world.put(encounter("seen", "hc", "p2"), encounter("unseen", "hc", "p2", meta=hidden))
    context = world.context(Principal("p2", role="patient", patient="Patient/p2"))
    request = OperationRequest("everything", "Patient", "p2", "GET")
    answer = context.server.operations.invoke(context, request)
    found = {each["resource"]["id"] for each in json.loads(answer.body or b"")["entry"]}
    assert "seen" in found
    assert "unseen" not in found


def test_a_great_transaction_is_told_of_in_parts(world: World) -> None:
    """R112: no Provenance grows without bound."""
    spelled = tuple(Labels("Organization/hc", "Organization/region").spelled("Basic"))
    changes = [Change(StoredResource("Basic", str(n), 1, 1, b"{}", spelled)) for n in range(1001)]
    made = recorder(world).of(NURSE, "Organization/hc").of_write(changes, tells_itself=False)
    assert [len(json.loads(each.new.body or b"")["target"]) for each in made] == [500, 500, 1]


def test_what_a_write_tells_itself_is_not_told_twice(world: World) -> None:
    """R93: a receipt says where a plan comes from; what it does not name is told of."""
    receipt = {"resourceType": "Provenance", "target": [{"reference": "Basic/1/_history/1"}]}
    written = StoredResource("Provenance", "p", 1, 1, json.dumps(receipt).encode())
    basics = [Change(StoredResource("Basic", each, 1, 1, b"{}")) for each in ("1", "2")]
    record = recorder(world).of(NURSE, "Organization/hc")
    (made,) = record.of_write([*basics, Change(written)], tells_itself=True)
    assert json.loads(made.new.body or b"")["target"] == [{"reference": "Basic/2/_history/1"}]
    (made,) = record.of_write([*basics, Change(written)], tells_itself=False)
    assert len(json.loads(made.new.body or b"")["target"]) == 2


def test_with_search_parameters_of_an_operators_own_the_indexer_makes_all_entries(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R112: the shorter way is for what it knows."""
    change = Change(StoredResource("Basic", "1", 1, 1, b"{}"))
    record = recorder(world).of(NURSE, "Organization/hc")
    (short,) = record.of_write([change], tells_itself=False)
    monkeypatch.setattr(provenance, "_FILLED_IN", frozenset({"target"}))
    record = recorder(world).of(NURSE, "Organization/hc")
    (long,) = record.of_write([change], tells_itself=False)
    assert short.entries is not None
    assert long.entries is not None
    assert sorted(short.entries.tokens) == sorted(long.entries.tokens)


def recorder(world: World) -> Recorder:
    indexer = world.parts.server.indexer
    zone = world.parts.server.settings.zone
    return Recorder(Terms(lambda: indexer, zone, "urn:profile", HSA, world.base))
