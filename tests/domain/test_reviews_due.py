"""The need of a contact is assessed again: what is due, the longest overdue first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, days, included, matches
from tests.domain.life_cycle import end, named, url_of
from tests.domain.test_end_fast_vardkontakt import begun


def review(clinic: Clinic, team: str, date: str) -> str:
    """Set when the need is assessed again, by patch."""
    url = f"{codes.REVIEW_DATE}"
    patch = [
        {
            "op": "add",
            "path": "/extension",
            "value": [{"url": url, "valueDate": date}],
        }
    ]
    headers = {"Content-Type": "application/json-patch+json"}
    response = clinic.fhir._request("PATCH", team, patch, headers)
    assert response.status_code == 200, response.text
    return team


def due(clinic: Clinic, query: str = "") -> Any:
    """Call $reviews-due."""
    response = clinic.fhir.get(f"CareTeam/$reviews-due{query}")
    assert response.status_code == 200, response.text
    return response.json


def urls(bundle: Json) -> list[str]:
    return [url_of(each) for each in matches(bundle)]


def overdue(bundle: Json) -> list[int]:
    """Give the overdue days of the matches."""
    return [
        each["valueInteger"]
        for entry in bundle["entry"]
        if entry["search"]["mode"] == "match"
        for each in entry["search"]["extension"]
        if each["url"] == codes.OVERDUE_DAYS
    ]


@pytest.fixture
def unit(clinic: Clinic) -> str:
    return clinic.unit()


def test_what_is_due_is_listed_with_its_days_patient_and_contact(clinic: Clinic, unit: str) -> None:
    """R20: the longest overdue first."""
    patients = [clinic.patient() for _ in range(3)]
    nurse = clinic.nurse(unit)
    today, late, _ahead = (
        review(clinic, begun(clinic, patient, nurse), days(on))
        for patient, on in zip(patients, (0, -10, 1), strict=True)
    )
    listed = due(clinic, f"?unit={unit}")
    assert urls(listed) == [late, today]
    assert overdue(listed) == [10, 0]
    assert listed["total"] == 2
    person = clinic.read(nurse)["practitioner"]["reference"]
    assert included(listed) == {*patients[:2], nurse, person}


def test_what_will_be_due_is_listed_by_a_later_day(clinic: Clinic, unit: str) -> None:
    """R20."""
    team = review(clinic, begun(clinic, clinic.patient(), clinic.nurse(unit)), days(7))
    assert urls(due(clinic, f"?unit={unit}&before={days(6)}")) == []
    listed = due(clinic, f"?unit={unit}&before={days(7)}")
    assert (urls(listed), overdue(listed)) == ([team], [-7])


def test_only_the_asked_units_and_types_are_listed(clinic: Clinic, unit: str) -> None:
    """R20."""
    here = review(clinic, begun(clinic, clinic.patient(), clinic.nurse(unit)), days(-1))
    other = clinic.unit()
    there = review(clinic, begun(clinic, clinic.patient(), clinic.nurse(other), "4"), days(-2))
    both = f"?unit={unit}&unit={other}"
    assert urls(due(clinic, both)) == [there, here]
    assert urls(due(clinic, f"{both}&type=4")) == [there]
    assert {here, there} <= set(urls(due(clinic, "?_count=100")))


def test_a_contact_that_has_ended_is_not_assessed_again(clinic: Clinic, unit: str) -> None:
    """R20."""
    team = review(clinic, begun(clinic, clinic.patient(), clinic.nurse(unit)), days(-1))
    named(end(clinic, team, "behov-upphort"))
    assert urls(due(clinic, f"?unit={unit}")) == []


def test_a_long_list_comes_in_pages(clinic: Clinic, unit: str) -> None:
    """R20: each once, in order."""
    nurse = clinic.nurse(unit)
    teams = [
        review(clinic, begun(clinic, clinic.patient(), nurse), days(-number))
        for number in range(1, 6)
    ]
    page = due(clinic, f"?unit={unit}&_count=2")
    seen = urls(page)
    assert "total" not in page
    while following := [link["url"] for link in page["link"] if link["relation"] == "next"]:
        page = clinic.fhir.get(following[0].removeprefix("http://localhost/fhir/")).json
        seen += urls(page)
    assert seen == teams[::-1]


def test_a_page_examines_what_it_shows(clinic: Clinic, unit: str) -> None:
    """R20: from the index; other units and later dates cost nothing."""
    elsewhere = clinic.nurse()
    for number in range(12):
        review(clinic, begun(clinic, clinic.patient(), elsewhere), days(-number))
    mine = review(clinic, begun(clinic, clinic.patient(), clinic.nurse(unit)), days(-1))
    plan = explained(clinic, f"&managing-organization={unit}")
    assert (plan["returned"], plan["documents_examined"], plan["indexed"]) == (1, 1, True)
    plan = explained(clinic, "&_count=3")
    assert plan["returned"] == 3
    assert plan["documents_examined"] <= 4
    assert urls(due(clinic, f"?unit={unit}")) == [mine]


def explained(clinic: Clinic, query: str) -> Json:
    """Tell how a page of the search behind the operation is found."""
    asked = f"status=active&category=fast-kontakt&review-date=le{days(0)}&_sort=review-date"
    bundle = clinic.fhir.get(f"CareTeam?{asked}{query}&_explain=true").json
    [outcome] = [e["resource"] for e in bundle["entry"] if e["search"]["mode"] == "outcome"]
    plan: Json = json.loads(outcome["issue"][0]["diagnostics"])
    return plan


@pytest.mark.parametrize("query", ["?unit=avd-108", "?unit=Patient/1", "?_count=0", "?before=x"])
def test_what_cannot_be_read_is_refused(clinic: Clinic, query: str) -> None:
    response = clinic.fhir.get(f"CareTeam/$reviews-due{query}")
    assert response.status_code == 400
