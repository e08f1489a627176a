"""What a document asks to have stored."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.bulk.sources import Document, Place
from fhir_server.bulk.units import Refused, Unit, units

PATIENT = {"resourceType": "Patient", "id": "p1"}
NAMELESS = {"resourceType": "Patient", "active": True}


def divided(content: Any, *, listed: bool = False) -> list[Unit | Refused]:
    return units(Document(Place("f.json"), content, 100, 50, listed))


def bundle(type_: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries)}


def requests(found: list[Unit | Refused]) -> list[tuple[str, str]]:
    return [
        (entry["request"]["method"], entry["request"]["url"])
        for unit in found
        if isinstance(unit, Unit)
        for entry in unit.entries
    ]


def post(resource: dict[str, Any], **request: str) -> dict[str, Any]:
    named = {"method": "POST", "url": resource["resourceType"], **request}
    return {"resource": resource, "request": named}


def test_a_resource_with_an_id_is_put_and_may_share_a_transaction() -> None:
    (unit,) = divided(PATIENT)
    assert isinstance(unit, Unit)
    assert requests([unit]) == [("PUT", "Patient/p1")]
    assert (unit.once, unit.group) == (None, "resources")


def test_a_resource_without_an_id_is_created_once() -> None:
    one, other = divided(NAMELESS)[0], divided({**NAMELESS, "active": False})[0]
    assert isinstance(one, Unit)
    assert isinstance(other, Unit)
    assert requests([one]) == [("POST", "Patient")]
    assert one.once != other.once
    assert one.group is None
    assert divided(dict(NAMELESS)) == [one]


def test_a_slash_in_an_id_stays_part_of_the_id() -> None:
    assert requests(divided({**PATIENT, "id": "a/b?c"})) == [("PUT", "Patient/a%2Fb%3Fc")]


def test_a_transaction_stays_whole() -> None:
    content = bundle("transaction", post(NAMELESS), post(PATIENT))
    (unit,) = divided(content)
    assert isinstance(unit, Unit)
    assert list(unit.entries) == content["entry"]
    assert unit.once


def test_a_batch_falls_into_entries_with_types_together_and_without_reads() -> None:
    role = {"resourceType": "PractitionerRole"}
    practitioner = {"resourceType": "Practitioner"}
    found = divided(
        bundle(
            "batch",
            post(practitioner, ifNoneExist="identifier=1"),
            post(role, ifNoneExist="identifier=1"),
            {"request": {"method": "GET", "url": "Patient/1"}},
            {"resource": PATIENT, "request": {"method": "PUT", "url": "Patient/p1"}},
            post(practitioner, ifNoneExist="identifier=2"),
            {"request": {"method": "DELETE", "url": "Patient/p0"}},
            post(practitioner),
        )
    )
    assert [unit.place.entry for unit in found] == [5, 0, 4, 6, 1, 3]
    once = [isinstance(unit, Unit) and unit.once is not None for unit in found]
    assert once == [False, False, False, True, False, False]


def test_a_batch_entry_without_a_request_is_left_to_be_refused() -> None:
    (unit,) = divided(bundle("batch", {"resource": PATIENT}))
    assert isinstance(unit, Unit)
    assert unit.entries == ({"resource": PATIENT},)


@pytest.mark.parametrize("type_", ["collection", "searchset", "document", "message"])
def test_of_other_bundles_each_resource_stands_alone(type_: str) -> None:
    found = divided(
        bundle(
            type_,
            {"resource": PATIENT, "search": {"mode": "match"}},
            {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
            {"fullUrl": "http://example.org/1"},
        )
    )
    assert requests(found) == [("PUT", "Patient/p1")]
    assert [str(r.error) for r in found if isinstance(r, Refused)] == ["There is no resource here."]
    assert [r.place.entry for r in found if isinstance(r, Refused)] == [2]


def test_resources_that_refer_to_each_other_by_urn_stay_together() -> None:
    content = bundle(
        "document",
        {"fullUrl": "urn:uuid:1", "resource": NAMELESS},
        {"fullUrl": "http://example.org/Patient/p1", "resource": PATIENT},
    )
    (unit,) = divided(content)
    assert isinstance(unit, Unit)
    assert requests([unit]) == [("POST", "Patient"), ("PUT", "Patient/p1")]
    assert [entry["fullUrl"] for entry in unit.entries] == [
        "urn:uuid:1",
        "http://example.org/Patient/p1",
    ]


def test_a_history_is_stored_oldest_first_with_its_deletions() -> None:
    delete = {"request": {"method": "DELETE", "url": "Patient/p1"}}
    found = divided(bundle("history", delete, {"resource": PATIENT}))
    assert requests(found) == [("PUT", "Patient/p1"), ("DELETE", "Patient/p1")]
    assert all(isinstance(unit, Unit) and unit.once for unit in found)


def test_a_bundle_on_a_line_is_a_resource_unless_it_asks_for_something() -> None:
    document = {**bundle("document", {"resource": PATIENT}), "id": "d"}
    assert requests(divided(document, listed=True)) == [("PUT", "Bundle/d")]
    transaction = bundle("transaction", post(NAMELESS))
    assert requests(divided(transaction, listed=True)) == [("POST", "Patient")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([1], "a JSON object was expected"),
        (None, "a JSON object was expected"),
        ({"id": "1"}, "resourceType is missing"),
        ({"resourceType": "Patient", "id": 7}, "The id must be a string"),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "must be an array"),
        ({"resourceType": "Bundle", "type": "batch", "entry": [7]}, "must be an array"),
    ],
)
def test_what_is_no_resource_is_refused(content: Any, said: str) -> None:
    (refused,) = divided(content)
    assert isinstance(refused, Refused)
    assert said in str(refused.error)


def test_the_units_share_what_was_read() -> None:
    found = divided(bundle("collection", {"resource": PATIENT}, {"resource": NAMELESS}))
    assert [(u.length, u.consumed) for u in found if isinstance(u, Unit)] == [(50, 25), (50, 25)]
