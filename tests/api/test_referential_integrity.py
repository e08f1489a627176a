"""References lead somewhere, and what is referred to stays; docs/referential-integrity.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir

Json = dict[str, Any]


def basic(subject: Any = None, **more: Any) -> Json:
    made: Json = {"resourceType": "Basic", "code": {"text": "x"}, **more}
    if isinstance(subject, str):
        subject = {"reference": subject}
    return made | ({"subject": subject} if subject else {})


def patient(fhir: Fhir, id_: str) -> str:
    response = fhir.put(f"Patient/{id_}", {"resourceType": "Patient", "id": id_})
    assert response.status_code in (200, 201), response.text
    return f"Patient/{id_}"


def transaction(*requests: tuple[str, str, Json | None]) -> Json:
    entries: list[Json] = []
    for method, url, resource in requests:
        entry: Json = {"request": {"method": method, "url": url}}
        entries.append(entry | ({"resource": resource} if resource else {}))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def places(response: Any, status: int, code: str) -> list[str]:
    """Give the expressions of what refuses."""
    assert response.status_code == status, response.text
    issues = response.json["issue"]
    assert {issue["code"] for issue in issues} == {code}
    return [place for issue in issues for place in issue.get("expression", [])]


@pytest.fixture(scope="module")
def other(settings: Settings, mongo_uri: str, store: MongoStore) -> Callable[..., Any]:
    @contextmanager
    def server(**changed: Any) -> Iterator[Fhir]:
        yield Fhir(create_app(replace(settings, **changed), mongo_uri).test_client())

    return server


def test_every_reference_that_leads_nowhere_is_named(fhir: Fhir) -> None:
    here, gone = patient(fhir, "ri-here"), patient(fhir, "ri-gone")
    assert fhir.delete(gone).status_code == 204
    resource = basic(
        gone,
        author={"reference": "http://localhost/fhir/Practitioner/ri-none"},
        extension=[
            {"url": "urn:x", "valueReference": {"reference": here}},
            {"url": "urn:x", "valueReference": {"reference": "Patient/ri-none/_history/1"}},
            {"url": "urn:x", "valueReference": {"reference": "#c"}},
        ],
        contained=[{"resourceType": "Basic", "id": "c", **basic("Patient/ri-none")}],
    )
    expected = [
        "Basic.author.reference",
        "Basic.contained[0].subject.reference",
        "Basic.extension[1].valueReference.reference",
        "Basic.subject.reference",
    ]
    for refused in (fhir.post("Basic", resource), fhir.put("Basic/ri", resource | {"id": "ri"})):
        assert sorted(places(refused, 422, "not-found")) == expected
    assert fhir.get("Basic/ri").status_code == 404
    refused = fhir.post(
        "", transaction(("POST", "Basic", resource), ("POST", "Basic", basic(here)))
    )
    inside = [f"Bundle.entry[0].resource.{each.partition('.')[2]}" for each in expected]
    assert sorted(places(refused, 422, "not-found")) == inside


def test_other_references_are_not_checked(fhir: Fhir) -> None:
    for subject in (
        {"identifier": {"system": "urn:x", "value": "nobody"}},
        "https://elsewhere.example/fhir/Patient/1",
        "urn:uuid:7d5bd2ff-2d3c-4d5b-8c4c-3f6f1d2b9d10",
        {"display": "someone"},
    ):
        fhir.create(basic(subject))
    fhir.create(basic("#c", contained=[{"resourceType": "Patient", "id": "c"}]))
    package = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": "https://elsewhere.example/Basic/1", "resource": basic("Patient/elsewhere")}
        ],
    }
    fhir.create(package)


def test_a_transaction_may_refer_to_what_it_stores_in_any_order(fhir: Fhir) -> None:
    made = fhir.post(
        "",
        transaction(
            ("PUT", "Basic/ri-circle", basic("Patient/ri-circle", id="ri-circle")),
            (
                "PUT",
                "Patient/ri-circle",
                {
                    "resourceType": "Patient",
                    "id": "ri-circle",
                    "extension": [
                        {"url": "urn:x", "valueReference": {"reference": "Basic/ri-circle"}}
                    ],
                },
            ),
        ),
    )
    assert made.status_code == 200, made.text
    itself = basic("Basic/ri-self", id="ri-self")
    # R4 lets a Basic be about anything.
    assert fhir.put("Basic/ri-self", itself).status_code == 201
    assert fhir.delete("Basic/ri-self").status_code == 204


def test_what_is_deleted_in_a_transaction_cannot_be_referred_to_in_it(fhir: Fhir) -> None:
    target = patient(fhir, "ri-both")
    refused = fhir.post("", transaction(("DELETE", target, None), ("POST", "Basic", basic(target))))
    expression = places(refused, 422, "not-found")
    assert expression == ["Bundle.entry[1].resource.subject.reference"]
    assert fhir.get(target).status_code == 200


def test_what_is_referred_to_is_not_deleted(fhir: Fhir) -> None:
    target = patient(fhir, "ri-kept")
    referrers = [f"Basic/{fhir.create(basic(target))['id']}" for _ in range(22)]
    refused = fhir.delete(target)
    assert refused.status_code == 409
    [issue] = refused.json["issue"]
    text = issue["details"]["text"]
    assert issue["code"] == "conflict"
    assert "22 resources refer to it" in text
    assert [each for each in sorted(referrers) if each in text] == sorted(referrers)[:20]
    assert fhir.get(target).status_code == 200
    for each in referrers:
        assert fhir.delete(each).status_code == 204
    assert fhir.delete(target).status_code == 204


def test_those_who_refer_may_go_or_let_go_in_the_same_transaction(fhir: Fhir) -> None:
    first, second = patient(fhir, "ri-first"), patient(fhir, "ri-second")
    going = f"Basic/{fhir.create(basic(first))['id']}"
    letting = fhir.create(basic(first))
    url = f"Basic/{letting['id']}"
    alone = fhir.post("", transaction(("DELETE", first, None), ("DELETE", going, None)))
    assert places(alone, 409, "conflict") == ["Bundle.entry[0].request"]
    assert url in alone.text
    assert going not in alone.text
    assert fhir.get(going).status_code == 200
    both = fhir.post(
        "",
        transaction(
            ("DELETE", first, None),
            ("DELETE", going, None),
            ("PUT", url, basic(second, id=letting["id"])),
        ),
    )
    assert both.status_code == 200, both.text


@pytest.mark.parametrize("settings_", [{"conditional_delete": "multiple"}, {}])
def test_a_conditional_delete_respects_references(
    fhir: Fhir, other: Callable[..., Any], settings_: Json
) -> None:
    name = "ri-many" if settings_ else "ri-one"
    target = {"resourceType": "Patient", "id": name, "identifier": [{"value": name}]}
    fhir.put(f"Patient/{name}", target)
    referrer = fhir.create(basic(f"Patient/{name}"))
    with other(**settings_) as client:
        assert client.delete(f"Patient?identifier={name}").status_code == 409
        client.delete(f"Basic/{referrer['id']}")
        assert client.delete(f"Patient?identifier={name}").status_code in (200, 204)


def test_records_outlive_what_they_tell_of(fhir: Fhir) -> None:
    target = patient(fhir, "ri-told")
    who = {"who": {"display": "someone"}}
    told = {"recorded": "2026-03-02T08:10:00+01:00", "target": [{"reference": target}]}
    provenance = {"resourceType": "Provenance", "agent": [who], **told}
    audit = {
        "resourceType": "AuditEvent",
        "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110110"},
        "recorded": "2026-03-02T08:10:00+01:00",
        "agent": [{**who, "requestor": True}],
        "source": {"observer": {"display": "x"}},
        "entity": [{"what": {"reference": target}}],
    }
    fhir.create(provenance)
    fhir.create(audit)
    fhir.create(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": basic(target)}]}
    )
    assert fhir.delete(target).status_code == 204
    fhir.create(provenance)  # about the deletion, say
    fhir.create(audit)
    never = {**provenance, "target": [{"reference": "Patient/ri-never"}]}
    refused = fhir.post("Provenance", never)
    assert places(refused, 422, "not-found") == ["Provenance.target[0].reference"]


def test_both_checks_can_be_switched_off(fhir: Fhir, other: Callable[..., Any]) -> None:
    target = patient(fhir, "ri-off")
    fhir.create(basic(target))
    with other(referential_integrity_on_write=False) as client:
        assert client.post("Basic", basic("Patient/ri-nobody")).status_code == 201
        assert client.delete(target).status_code == 409
    with other(referential_integrity_on_delete=False) as client:
        assert client.post("Basic", basic("Patient/ri-nobody")).status_code == 422
        assert client.delete(target).status_code == 204


def test_the_checks_read_an_index_and_no_documents(fhir: Fhir, store: MongoStore) -> None:
    target = patient(fhir, "ri-index")
    for _ in range(3):
        fhir.create(basic(target))
    resources = store.collections.resources
    profile = resources.database.command("profile", 2)
    try:
        assert store.existing([target, "Basic/none", "Patient/none"]) == {target}
        assert store.existing([target], deleted_too=True) == {target}
        assert len(store.referrers([target], 2, other_than={"AuditEvent", "Bundle"})) == 2
        assert store.referrers([target], 9, other_than={"Basic"}) == []
    finally:
        resources.database.command("profile", profile["was"])
    seen = {"op": "query", "ns": resources.full_name}
    reads = list(resources.database["system.profile"].find(seen))
    assert len(reads) >= 4
    for read in reads:
        assert read["docsExamined"] == 0
        assert read["keysExamined"] <= 8
        assert "COLLSCAN" not in read["planSummary"]


def test_what_a_provenance_tells_of_is_referred_to_by_it(fhir: Fhir, store: MongoStore) -> None:
    target, other = patient(fhir, "ri-told-of"), patient(fhir, "ri-source")
    told = fhir.create(
        {
            "resourceType": "Provenance",
            "recorded": "2026-03-02T08:10:00+01:00",
            "target": [{"reference": f"{target}/_history/1"}],
            "agent": [{"who": {"display": "someone"}}],
            "entity": [{"role": "source", "what": {"reference": other}}],
        }
    )
    for reference in (target, other):
        assert store.referrers([reference], 9) == [f"Provenance/{told['id']}"]
        assert store.types_referring_to([reference]) == {"Provenance"}
        stages = [{"$project": {"_id": 1}}]
        found = store.facts_of_referrers("Provenance", reference, stages)
        assert [each["_id"] for each in found] == [f"Provenance/{told['id']}"]
        assert store.facts_of_referrers("Basic", reference, stages) == []
