"""_contained and _containedType over a real MongoDB."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions import contained_search
from fhir_server.interactions.context import Server
from fhir_server.storage.mongo import MongoStore
from tests.api.searching import Searcher, searcher

Json = dict[str, Any]


def organization(id_: str, name: str, **more: Any) -> Json:
    return {"resourceType": "Organization", "id": id_, "name": name, **more}


def patient(id_: str, *contained: Json) -> Json:
    inner = [each["id"] for each in contained]
    return {
        "resourceType": "Patient",
        "id": id_,
        "contained": list(contained),
        "generalPractitioner": [{"reference": f"#{each}"} for each in inner],
    }


RESOURCES: tuple[Json, ...] = (
    organization("free", "Norra"),
    patient("one", organization("n", "Norra", active=True)),
    patient("two", organization("n1", "Norra kliniken"), organization("n2", "Norra huset"), organization("s", "Södra", active=True)),
    patient("three", organization("s", "Södra")),
    patient("four", {"resourceType": "Practitioner", "id": "p", "active": True, "birthDate": "1970-01-01"}),
    organization("outer", "Norra yttre", contained=[organization("inner", "Norra inre")], partOf={"reference": "#inner"}),
)  # fmt: skip


@pytest.fixture(scope="module")
def find(app: Any, app_server: Server, store: MongoStore) -> Searcher:
    return searcher(app, app_server, store, RESOURCES)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("Organization?name=norra", ["Organization/free", "Organization/outer"]),
        ("Organization?name=norra&_contained=false", ["Organization/free", "Organization/outer"]),
        ("Organization?name=norra&_contained=true", ["Organization/outer", "Patient/one", "Patient/two"]),
        (
            "Organization?name=norra&_contained=true&_containedType=contained",
            ["Organization/outer#inner", "Patient/one#n", "Patient/two#n1", "Patient/two#n2"],
        ),
        ("Organization?name=norra&_contained=both", ["Organization/free", "Organization/outer", "Patient/one", "Patient/two"]),
        (
            "Organization?name=norra&_contained=both&_containedType=contained",
            ["Organization/free", "Organization/outer", "Organization/outer#inner", "Patient/one#n", "Patient/two#n1", "Patient/two#n2"],
        ),
        ("Organization?name=norra&active=true&_contained=true", ["Patient/one"]),
        ("Organization?name=norra,södra&_contained=true&_containedType=contained&active=true", ["Patient/one#n", "Patient/two#s"]),
        ("Organization?active:missing=true&name:contains=huset&_contained=true&_containedType=contained", ["Patient/two#n2"]),
        ("Organization?_id=s&_contained=true", ["Patient/three", "Patient/two"]),
        ("Organization?active:not=true&_contained=true&_containedType=contained", ["Organization/outer#inner", "Patient/three#s", "Patient/two#n1", "Patient/two#n2"]),
        ("Practitioner?_contained=true", ["Patient/four"]),
        ("Practitioner?active=true&_contained=true&_containedType=contained", ["Patient/four#p"]),
        ("Encounter?_contained=true", []),
        ("?_type=Practitioner,Organization&_id=p,n&_contained=true", ["Patient/four", "Patient/one"]),
    ],
)  # fmt: skip
def test_contained_resources_are_found(find: Searcher, url: str, found: list[str]) -> None:
    page = find(url)
    assert sorted(page.matches) == found
    assert page.total == len(found)


def test_a_contained_result_is_the_contained_resource(find: Searcher) -> None:
    page = find("Organization?_id=n&_contained=true&_containedType=contained")
    assert page.entries("match") == [
        {
            "fullUrl": "http://localhost/fhir/Patient/one#n",
            "resource": organization("n", "Norra", active=True),
            "search": {"mode": "match"},
        }
    ]
    container = find("Organization?_id=n&_contained=true")
    assert container.resources[0]["resourceType"] == "Patient"
    assert container.resources[0]["contained"][0]["id"] == "n"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("contained", ["true", "both"])
@pytest.mark.parametrize("kind", ["container", "contained"])
def test_every_page_is_full_and_the_last_is_not_empty(
    find: Searcher, count: int, contained: str, kind: str
) -> None:
    url = f"Organization?name=norra&_contained={contained}&_containedType={kind}"
    all_ = find(url).matches
    pages = find.pages(f"{url}&_count={count}")
    assert sorted(address for page in pages for address in page.matches) == sorted(all_)
    assert all(len(page.matches) == count for page in pages[:-1])
    assert pages[-1].matches


def test_a_page_ends_where_too_much_was_looked_into(
    find: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contained_search, "MOST_CONTAINERS", 1)
    monkeypatch.setattr(contained_search, "_AT_ONCE", 1)
    url = "Organization?name:contains=inre&_contained=true&_containedType=contained"
    pages = find.pages(url)
    assert [address for page in pages for address in page.matches] == ["Organization/outer#inner"]
    assert len(pages) > 1
    with pytest.raises(FhirError, match="to count"):
        find(f"{url}&_total=accurate")


def test_contained_resources_are_counted(find: Searcher) -> None:
    url = "Organization?name=norra&_containedType=contained"
    assert find(f"{url}&_contained=true&_summary=count").total == 4
    assert find(f"{url}&_contained=both&_count=0").total == 6
    assert find(f"{url}&_contained=both&_count=1&_total=accurate").total == 6
    assert find(f"{url}&_contained=both&_count=1&_total=estimate").total == 6
    assert find(f"{url}&_contained=both&_count=1").total is None


@pytest.mark.parametrize("cursor", ["x", "~", "a~~", "1~", "-1~~", "1~~x", "999999~~"])
def test_a_cursor_from_elsewhere_is_refused(find: Searcher, cursor: str) -> None:
    with pytest.raises(FhirError, match="_cursor") as error:
        find(f"Organization?_contained=true&_cursor={cursor}")
    assert error.value.status == 400
