"""Searches of a compartment and of the whole system, over a real MongoDB."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.context import Server
from fhir_server.storage.mongo import MongoStore
from tests.api.searching import Searcher, searcher

Json = dict[str, Any]


def to(reference: str) -> Json:
    return {"reference": reference}


RESOURCES: tuple[Json, ...] = (
    {"resourceType": "Patient", "id": "anna", "meta": {"tag": [{"code": "pilot"}]}},
    {"resourceType": "Patient", "id": "bo", "link": [{"other": to("Patient/anna"), "type": "seealso"}]},
    {"resourceType": "Practitioner", "id": "doctor", "active": True},
    {"resourceType": "Organization", "id": "ward", "name": "Avdelning"},
    {"resourceType": "Encounter", "id": "visit", "status": "finished", "class": {"code": "AMB"}, "subject": to("Patient/anna"), "meta": {"tag": [{"code": "pilot"}]}},
    {"resourceType": "Encounter", "id": "other", "status": "finished", "class": {"code": "AMB"}, "subject": to("Patient/bo")},
    {"resourceType": "Observation", "id": "subject", "status": "final", "code": {"text": "x"}, "subject": to("Patient/anna"), "encounter": to("Encounter/visit")},
    {"resourceType": "Observation", "id": "performer", "status": "amended", "code": {"text": "x"}, "performer": [to("Patient/anna"), to("Practitioner/doctor")]},
    {"resourceType": "Observation", "id": "focus", "status": "final", "code": {"text": "x"}, "focus": [to("Patient/anna")]},
)  # fmt: skip


@pytest.fixture(scope="module")
def find(app: Any, app_server: Server, store: MongoStore) -> Searcher:
    return searcher(app, app_server, store, RESOURCES)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("Patient/anna/Observation", ["Observation/performer", "Observation/subject"]),
        ("Patient/anna/Observation?status=final", ["Observation/subject"]),
        ("Patient/anna/Patient", ["Patient/anna", "Patient/bo"]),
        ("Patient/bo/Encounter", ["Encounter/other"]),
        (
            "Patient/anna/*",
            ["Encounter/visit", "Observation/performer", "Observation/subject", "Patient/anna", "Patient/bo"],
        ),
        ("Patient/anna/*?_tag=pilot", ["Encounter/visit", "Patient/anna"]),
        ("Patient/anna/*?_type=Encounter,Patient", ["Encounter/visit", "Patient/anna", "Patient/bo"]),
        ("Encounter/visit/*", ["Encounter/visit", "Observation/subject"]),
        ("Practitioner/doctor/Observation", ["Observation/performer"]),
        ("Patient/nobody/*", []),
        ("Patient/no%20body/*", []),
    ],
)  # fmt: skip
def test_a_compartment_is_searched(find: Searcher, url: str, found: list[str]) -> None:
    page = find(url)
    assert sorted(page.matches) == found
    assert page.total == len(found)


def test_a_compartment_is_paged_and_its_links_stay_in_it(find: Searcher) -> None:
    pages = find.pages("Patient/anna/*?_count=2&_sort=_id")
    assert [address for page in pages for address in page.matches] == [
        "Encounter/visit", "Observation/performer", "Observation/subject", "Patient/anna", "Patient/bo",
    ]  # fmt: skip
    assert all(
        str(page.link("self")).startswith("http://localhost/fhir/Patient/anna/*?_count=2")
        for page in pages
    )
    one = find("Patient/anna/Observation?status=final")
    assert one.link("self") == "http://localhost/fhir/Patient/anna/Observation?status=final"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("Patient/anna/Organization", "not part of the compartment of a Patient"),
        ("Patient/anna/*?_type=Organization", "not part"),
        ("Organization/ward/Patient", "Valid: Device, Encounter, Patient"),
    ],
)
def test_what_is_no_compartment_is_not_found(find: Searcher, url: str, says: str) -> None:
    with pytest.raises(FhirError, match=says) as error:
        find(url)
    assert error.value.status == 404


def test_the_whole_system_is_searched(find: Searcher) -> None:
    assert sorted(find("?_tag=pilot").matches) == ["Encounter/visit", "Patient/anna"]
    everything = find.pages("?_count=4")
    matches = [address for page in everything for address in page.matches]
    assert len(matches) == len(set(matches)) == len(RESOURCES)
    assert everything[0].link("self") == "http://localhost/fhir?_count=4"


def test_several_types_are_searched_by_what_they_share(find: Searcher) -> None:
    page = find("?_type=Encounter,Observation&patient=anna")
    assert sorted(page.matches) == ["Encounter/visit", "Observation/subject"]
    assert "_type=Encounter%2CObservation" in str(page.link("self"))
    assert sorted(find("?_type=Patient&_id=anna,bo").matches) == ["Patient/anna", "Patient/bo"]
    with pytest.raises(FhirError, match="class"):
        find("?_type=Encounter,Observation&class=AMB")


def test_results_of_several_types_are_in_the_order_of_their_change(find: Searcher) -> None:
    page = find("?_type=Encounter,Practitioner&_sort=-_lastUpdated")
    assert page.matches == ["Encounter/other", "Encounter/visit", "Practitioner/doctor"]
