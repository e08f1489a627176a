"""SearchParameters stored by clients: when they answer searches, and when they don't."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_context, create_server
from fhir_server.bulk import reindex as reindexing
from fhir_server.bulk.reindex import Outcome, Reindex, Unwatched
from fhir_server.interactions import live_search
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_search_state import SearchStates
from tests.conftest import Fhir

SHOE = "http://example.org/shoe-size"


@pytest.fixture(autouse=True)
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody writes meanwhile in these tests; those who do are in tests/reliability.
    monkeypatch.setattr(reindexing, "GRACE_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _nothing_registered(store: MongoStore, fhir: Fhir, app: Flask) -> Iterator[None]:
    yield
    app.extensions["fhir"].server.search.refresh()
    for id_ in SearchStates(store.collections).change(lambda state: state).parameters:
        assert fhir.delete(f"SearchParameter/{id_}").status_code == 204


@pytest.fixture
def reindex(settings: Settings, store: MongoStore, app: Flask) -> Any:
    """Reindex as another process does, and have the application look at once."""

    def run(*, everything: bool = False) -> Outcome:
        context = create_context(create_server(settings), store)
        outcome = Reindex(context.server, context.store, Unwatched()).run(everything=everything)
        app.extensions["fhir"].server.search.refresh()
        return outcome

    return run


def parameter(code: str = "shoe-size", **other: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "id": code,
        "url": f"http://example.org/SearchParameter/{code}",
        "name": "ShoeSize",
        "status": "active",
        "description": "Of the patient's left shoe.",
        "code": code,
        "base": ["Patient"],
        "type": "string",
        "expression": f"Patient.extension('{SHOE}').value.ofType(string)",
        **other,
    }


def person(size: str, **other: Any) -> dict[str, Any]:
    extension = [{"url": SHOE, "valueString": size}]
    return {"resourceType": "Patient", "extension": extension, **other}


def put(fhir: Fhir, resource: dict[str, Any]) -> Any:
    return fhir.put(f"{resource['resourceType']}/{resource['id']}", resource)


def found(fhir: Fhir, search: str) -> list[str]:
    response = fhir.get(search)
    assert response.status_code == 200, response.text
    return [entry["resource"]["id"] for entry in response.json.get("entry", [])]


def is_unknown(fhir: Fhir, search: str) -> bool:
    response = fhir.get(search)
    return response.status_code == 400 and "is not supported" in response.text


def test_a_parameter_answers_only_after_a_reindex_and_then_for_old_and_new_resources(
    fhir: Fhir, reindex: Any
) -> None:
    old = fhir.create(person("forty-one"))["id"]
    assert put(fhir, parameter()).status_code == 201
    new = fhir.create(person("forty-one"))["id"]
    assert is_unknown(fhir, "Patient?shoe-size=forty-one")
    outcome = reindex()
    assert outcome.activated == ("shoe-size",)
    assert sorted(found(fhir, "Patient?shoe-size=forty-one")) == sorted([old, new])
    assert found(fhir, "Patient?shoe-size:missing=false&shoe-size:exact=Forty-One") == []
    later = fhir.create(person("forty-one"))["id"]
    assert len(found(fhir, "Patient?shoe-size=FORTY")) == 3
    assert later in found(fhir, "Patient?shoe-size=forty-one&_sort=-shoe-size")


def test_a_reindex_changes_no_version_and_no_date(fhir: Fhir, reindex: Any) -> None:
    stored = fhir.create(person("thirty-nine"))
    put(fhir, parameter())
    reindex()
    assert fhir.get(f"Patient/{stored['id']}").json == stored
    assert len(fhir.get(f"Patient/{stored['id']}/_history").json["entry"]) == 1


def test_a_changed_definition_keeps_answering_by_the_old_one_until_the_new_is_complete(
    fhir: Fhir, reindex: Any
) -> None:
    by_value = fhir.create(person("narrow", gender="other"))["id"]
    put(fhir, parameter())
    reindex()
    changed = parameter(type="token", expression="Patient.gender")
    assert put(fhir, changed).status_code == 200
    during = fhir.create(person("narrow", gender="unknown"))["id"]
    assert sorted(found(fhir, "Patient?shoe-size=narrow")) == sorted([by_value, during])
    assert found(fhir, "Patient?shoe-size=other") == []
    reindex()
    assert found(fhir, "Patient?shoe-size=other") == [by_value]
    assert found(fhir, "Patient?shoe-size=narrow") == []


@pytest.mark.parametrize("how", ["delete", "retire", "draft"])
def test_one_that_is_deleted_or_retired_answers_no_more(fhir: Fhir, reindex: Any, how: str) -> None:
    put(fhir, parameter())
    reindex()
    assert fhir.get("Patient?shoe-size=x").status_code == 200
    if how == "delete":
        assert fhir.delete("SearchParameter/shoe-size").status_code == 204
    else:
        status = "retired" if how == "retire" else "draft"
        assert put(fhir, parameter(status=status)).status_code == 200
    assert is_unknown(fhir, "Patient?shoe-size=x")


def test_one_that_comes_back_with_another_meaning_never_finds_by_entries_of_the_first(
    fhir: Fhir, reindex: Any
) -> None:
    fhir.create(person("wide", name=[{"family": "Bred"}]))
    put(fhir, parameter())
    reindex()
    fhir.delete("SearchParameter/shoe-size")
    put(fhir, parameter(expression="Patient.name.family"))
    assert is_unknown(fhir, "Patient?shoe-size=wide")
    reindex()
    assert found(fhir, "Patient?shoe-size=wide") == []
    assert len(found(fhir, "Patient?shoe-size=bred")) == 1


def test_the_entries_of_a_deleted_parameter_go_with_the_next_reindex(
    fhir: Fhir, reindex: Any, store: MongoStore
) -> None:
    id_ = fhir.create(person("cleared"))["id"]

    def entries() -> str:
        document = store.collections.resources.find_one({"_id": f"Patient/{id_}"})
        assert document is not None
        return f"{document['t']} {document['k']}"

    before = entries()
    put(fhir, parameter())
    reindex()
    assert "shoe-size" in entries()
    fhir.delete("SearchParameter/shoe-size")
    reindex()
    assert entries() == before


def test_a_draft_is_stored_and_has_no_effect(fhir: Fhir, reindex: Any) -> None:
    assert put(fhir, parameter(status="draft")).status_code in (200, 201)
    assert reindex().activated == ()
    assert is_unknown(fhir, "Patient?shoe-size=x")


def test_a_change_of_words_only_needs_no_reindex(fhir: Fhir, reindex: Any) -> None:
    put(fhir, parameter())
    reindex()
    put(fhir, parameter(description="Of the right shoe."))
    outcome = reindex()
    assert outcome == Outcome((), 0)
    assert fhir.get("Patient?shoe-size=x").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "at", "says"),
    [
        ({"code": "birthdate"}, "code", "http://hl7.org/fhir/SearchParameter/individual-birthdate"),
        ({"code": "_id"}, "code", "http://hl7.org/fhir/SearchParameter/Resource-id"),
        ({"expression": "Patient.shoes"}, "expression", "shoes"),
        ({"expression": "Patient.birthDate + 1"}, "expression", "can't search Patient"),
        ({"expression": "Observation.value"}, "expression", "no expression"),
        ({"expression": "Patient.photo"}, "expression", "Attachment"),
    ],
)
def test_one_that_can_not_be_searched_by_is_refused_with_the_reason(
    fhir: Fhir, wrong: dict[str, Any], at: str, says: str
) -> None:
    response = put(fhir, parameter(**{"id": "refused", **wrong}))
    assert response.status_code == 422, response.text
    (issue,) = response.json["issue"]
    assert issue["expression"] == [f"SearchParameter.{at}"]
    assert says in issue["details"]["text"]
    assert fhir.get("SearchParameter/refused").status_code == 404


def test_one_that_would_make_labels_of_who_may_see_a_resource_is_refused(fhir: Fhir) -> None:
    """R111: what stands in the index as ``Encounter._owner`` decides who finds an Encounter."""
    forged = {
        **parameter("_owner", base=["Encounter"], type="reference", target=["Organization"]),
        "id": "forged",
        "expression": "Encounter.serviceProvider",
    }
    response = put(fhir, forged)
    assert response.status_code == 422
    assert response.json["issue"][0]["expression"] == ["SearchParameter.code"]


def test_the_same_code_for_the_same_type_twice_is_refused(fhir: Fhir) -> None:
    put(fhir, parameter())
    response = put(
        fhir,
        parameter(
            id="another",
            base=["Person", "Patient"],
            expression="Patient.gender | Person.gender",
            type="token",
        ),
    )
    assert response.status_code == 422
    assert "SearchParameter/shoe-size has this code" in response.text


def test_a_transaction_may_hand_a_code_over(fhir: Fhir) -> None:
    put(fhir, parameter())
    entries = [
        {
            "resource": parameter(id="heir"),
            "request": {"method": "PUT", "url": "SearchParameter/heir"},
        },
        {"request": {"method": "DELETE", "url": "SearchParameter/shoe-size"}},
    ]
    response = fhir.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert response.status_code == 200, response.text


def test_a_transaction_that_fails_registers_nothing(fhir: Fhir, reindex: Any) -> None:
    entries = [
        {"resource": parameter(), "request": {"method": "PUT", "url": "SearchParameter/shoe-size"}},
        {"resource": parameter(id="b"), "request": {"method": "PUT", "url": "SearchParameter/b"}},
    ]
    response = fhir.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert response.status_code == 422
    assert response.json["issue"][0]["expression"][0].startswith("Bundle.entry[")
    assert reindex().activated == ()
    assert is_unknown(fhir, "Patient?shoe-size=x")


def test_a_parameter_of_every_type_works_for_each(fhir: Fhir, reindex: Any) -> None:
    mark = "http://example.org/mark"
    everywhere = parameter(
        "mark", base=["DomainResource"], type="token",
        expression=f"DomainResource.extension('{mark}').value.ofType(code)",
    )  # fmt: skip
    team = fhir.create(
        {
            "resourceType": "Basic",
            "code": {"text": "x"},
            "extension": [{"url": mark, "valueCode": "red"}],
        }
    )
    response = put(fhir, everywhere)
    assert response.status_code == 201, response.text
    reindex()
    assert found(fhir, "Basic?mark=red") == [team["id"]]
    assert found(fhir, "Organization?mark=red") == []


def test_a_reference_parameter_can_be_chained_through(fhir: Fhir, reindex: Any) -> None:
    friend = "http://example.org/friend"
    put(fhir, parameter(
        "friend", type="reference", target=["Practitioner"],
        expression=f"Patient.extension('{friend}').value.ofType(Reference)",
    ))  # fmt: skip
    doctor = fhir.create({"resourceType": "Practitioner", "name": [{"family": "Vän"}]})
    reference = {"reference": f"Practitioner/{doctor['id']}"}
    patient = fhir.create(
        {"resourceType": "Patient", "extension": [{"url": friend, "valueReference": reference}]}
    )
    reindex()
    named = [patient["id"]]
    assert found(fhir, f"Patient?friend=Practitioner/{doctor['id']}") == named
    assert found(fhir, "Patient?friend.family=vän") == named
    assert found(fhir, "Patient?friend:Practitioner.family:exact=Vän") == named
    assert found(fhir, f"Practitioner?_has:Patient:friend:_id={named[0]}") == [doctor["id"]]
    included = found(fhir, f"Patient?_id={named[0]}&_include=Patient:friend")
    assert included == [*named, doctor["id"]]
    referring = found(fhir, f"Practitioner?_id={doctor['id']}&_revinclude=Patient:friend")
    assert referring == [doctor["id"], *named]


def test_a_composite_parameter_of_parts_that_are_known_works(fhir: Fhir, reindex: Any) -> None:
    pair = parameter(
        "name-and-use", base=["Patient"], type="composite", expression="Patient.contact",
        component=[
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-gender", "expression": "gender"},
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-telecom", "expression": "telecom"},
        ],
    )  # fmt: skip
    contact = [
        {"gender": "female", "telecom": [{"system": "phone", "value": "1"}]},
        {"gender": "male", "telecom": [{"system": "phone", "value": "2"}]},
    ]
    patient = fhir.create({"resourceType": "Patient", "contact": contact})
    assert put(fhir, pair).status_code == 201
    reindex()
    assert found(fhir, "Patient?name-and-use=female$1") == [patient["id"]]
    assert found(fhir, "Patient?name-and-use=female$2") == []


def test_one_whose_parts_are_unknown_is_refused(fhir: Fhir) -> None:
    part = {"definition": "http://example.org/SearchParameter/none", "expression": "gender"}
    response = put(fhir, parameter(
        "unknown-parts", type="composite", expression="Patient.contact", component=[part, part],
    ))  # fmt: skip
    assert response.status_code == 422
    assert response.json["issue"][0]["expression"] == ["SearchParameter.component"]


def test_the_capability_statement_lists_it_once_it_answers(fhir: Fhir, reindex: Any) -> None:
    def listed() -> list[str]:
        (rest,) = fhir.get("metadata").json["rest"]
        (patients,) = (r for r in rest["resource"] if r["type"] == "Patient")
        return [p["name"] for p in patients["searchParam"]]

    put(fhir, parameter())
    assert "shoe-size" not in listed()
    reindex()
    assert "shoe-size" in listed()
    fhir.delete("SearchParameter/shoe-size")
    assert "shoe-size" not in listed()


def test_reindexing_everything_brings_an_old_layout_up_to_date(
    fhir: Fhir, reindex: Any, store: MongoStore, app: Flask
) -> None:
    id_ = fhir.create(person("x", name=[{"family": "Gammal"}]))["id"]
    same = {"_id": f"Patient/{id_}"}
    store.collections.resources.update_one(same, {"$set": {"t": ["Patient"], "k": {}}})
    states = store.collections.resources.database["search_state"]
    states.update_one({"_id": "state"}, {"$set": {"layout": 1}})
    assert found(fhir, "Patient?family=gammal") == []
    reindex(everything=True)
    assert found(fhir, "Patient?family=gammal") == [id_]
    state = SearchStates(store.collections).read()
    assert state is not None
    assert state.layout == live_search.LAYOUT
    assert not state.due


def test_nothing_is_added_to_resources_where_there_never_was_a_custom_parameter(
    mongo_uri: str, settings: Settings
) -> None:
    store = MongoStore(mongo_uri, f"{settings.mongodb_database}_plain")
    store.prepare()
    context = create_context(create_server(settings), store)
    from fhir_server.interactions.create import create

    create(context, "Patient", {"resourceType": "Patient"})
    document = store.collections.resources.find_one({"y": "Patient"})
    store.close()
    assert document is not None
    assert "i" not in document
