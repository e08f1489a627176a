"""Searches over a real MongoDB: the parts of the answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fhir_server.interactions.context import Server
from fhir_server.storage.mongo import MongoStore
from tests.api.searching import Searcher, searcher

Json = dict[str, Any]

RESOURCES: tuple[Json, ...] = (
    {"resourceType": "Organization", "id": "ward", "name": "Avdelning", "alias": ["A1"]},
    *(
        {
            "resourceType": "Patient",
            "id": f"p{number}",
            "text": {
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml">vårdplan</div>',
            },
            "active": number % 2 == 0,
            "name": [{"family": f"Ek{number % 3}", "given": ["Anna"]}],
            "gender": ["female", "male", "other"][number % 3],
            "birthDate": f"19{number}0-01-01",
            "photo": [{"title": "x"}],
            "managingOrganization": {"reference": "Organization/ward"},
        }
        for number in range(7)
    ),
)


@pytest.fixture(scope="module")
def find(app: Any, app_server: Server, store: MongoStore) -> Searcher:
    return searcher(app, app_server, store, RESOURCES)


def tagged(resource: Json) -> list[str]:
    return [tag["code"] for tag in resource.get("meta", {}).get("tag", ())]


def test_a_count_of_nothing_asks_for_the_total_alone(find: Searcher) -> None:
    page = find("Patient?_count=0")
    assert (page.total, page.matches, page.link("next")) == (7, [], None)


@pytest.mark.parametrize(("total", "expected"), [("none", None), ("estimate", 7), ("accurate", 7)])
def test_the_total_is_given_as_asked_for(find: Searcher, total: str, expected: int | None) -> None:
    assert find(f"Patient?_count=2&_total={total}").total == expected


def test_several_sorts_in_both_directions(find: Searcher) -> None:
    page = find("Patient?_sort=family,-_id")
    expected = sorted(range(7), key=lambda number: (number % 3, -number))
    assert page.matches == [f"Patient/p{number}" for number in expected]
    pages = find.pages("Patient?_sort=family,-_id&_count=3")
    assert [address for each in pages for address in each.matches] == page.matches


def test_names_and_dates_are_sorted_together(find: Searcher) -> None:
    expected = sorted(range(7), key=lambda number: (number % 3, -number))
    pages = find.pages("Patient?_sort=family,-birthdate&_count=2")
    found = [address for page in pages for address in page.matches]
    assert found == [f"Patient/p{number}" for number in expected]


def test_results_are_sorted_by_codes_and_references(find: Searcher) -> None:
    genders = [each["gender"] for each in find("Patient?_sort=-gender").resources]
    assert genders == sorted(genders, reverse=True)
    assert len(find("Patient?_sort=organization").matches) == 7


def test_a_summary_leaves_out_and_says_so(find: Searcher) -> None:
    page = find("Patient?_id=p1&_summary=true&_include=Patient:organization")
    (patient,) = page.resources
    assert "photo" not in patient
    assert patient["name"]
    assert "SUBSETTED" in tagged(patient)
    (organization,) = [entry["resource"] for entry in page.entries("include")]
    assert "alias" not in organization
    assert "SUBSETTED" in tagged(organization)


def test_a_summary_may_be_the_text_or_all_but_the_text(find: Searcher) -> None:
    (text,) = find("Patient?_id=p1&_summary=text").resources
    assert "text" in text
    assert "name" not in text
    (data,) = find("Patient?_id=p1&_summary=data").resources
    assert "text" not in data
    assert data["photo"]
    (whole,) = find("Patient?_id=p1&_summary=false").resources
    assert whole["photo"]
    assert tagged(whole) == []


def test_elements_shape_the_results_and_not_what_is_included(find: Searcher) -> None:
    page = find("Patient?_id=p1&_elements=gender&_include=Patient:organization")
    (patient,) = page.resources
    assert patient["gender"]
    assert patient["id"] == "p1"
    assert "name" not in patient
    assert "SUBSETTED" in tagged(patient)
    (organization,) = [entry["resource"] for entry in page.entries("include")]
    assert organization["alias"] == ["A1"]
    assert tagged(organization) == []


def test_the_plan_is_told(find: Searcher) -> None:
    page = find("Patient?gender=male&_explain=true")
    assert len(page.matches) == 2
    (issue,) = page.issues
    assert (issue["severity"], issue["code"]) == ("information", "informational")
    assert issue["details"]["text"].startswith("Every step followed an index")
    plan = json.loads(issue["diagnostics"])
    assert plan["indexed"] is True
    assert {"keys_examined", "documents_examined", "returned"} <= set(plan)
    assert find("Patient?gender=male&_explain=false").issues == []


def test_the_self_link_has_what_was_applied(find: Searcher) -> None:
    page = find("Patient?gender=male&_count=5000&_summary=false&_total=none&_sort=-family")
    assert page.link("self") == (
        "http://localhost/fhir/Patient?gender=male&_count=1000&_summary=false&_total=none&_sort=-family"
    )


def test_a_lenient_search_warns_and_does_the_rest(find: Searcher) -> None:
    lenient = replace(find, lenient=True)
    page = lenient("Patient?gender=male&colour=red&_include=Patient:colour&name.x=y&_sort=colour")
    assert len(page.matches) == 2
    assert [issue["severity"] for issue in page.issues] == ["warning"] * 4
    assert page.link("self") == "http://localhost/fhir/Patient?gender=male"
    assert page.total == 2


def test_outcomes_are_no_results(find: Searcher) -> None:
    lenient = replace(find, lenient=True)
    page = lenient("Patient?gender=male&colour=red&_include=Patient:organization")
    modes = [entry["search"]["mode"] for entry in page.bundle["entry"]]
    assert modes == ["match", "match", "include", "outcome"]
    assert page.total == 2


def test_a_narrative_is_searched(find: Searcher) -> None:
    assert len(find("Patient?_text=vardplan").matches) == 7
    assert len(find("Patient?_content=anna&_count=0").bundle["link"]) == 1
    assert find("Patient?_text=anna").matches == []
    assert len(find("Patient?_content=anna").matches) == 7
