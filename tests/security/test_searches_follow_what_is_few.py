"""A search is led by what finds few, also where much is one's own."""

from __future__ import annotations

import datetime as dt

import pytest
from flask import Flask

from fhir_server.interactions.search import search
from fhir_server.storage.mongo_plan import RARE
from fhir_server.storage.snapshot import Snapshot
from tests.security.worlds import ORGANIZATIONS, World, organization, staff

MANY = RARE + 20
FIRST = dt.date(1950, 1, 1)


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    for number in range(MANY):
        world.put(
            {
                "resourceType": "Patient",
                "id": f"p{number}",
                "managingOrganization": {"reference": "Organization/hc"},
                "name": [{"family": "Andersson"}],
                "birthDate": (FIRST + dt.timedelta(days=number)).isoformat(),
            }
        )
    return world


@pytest.mark.parametrize(
    "asked",
    [
        [("birthdate", "1950-02-01")],
        [("family", "andersson"), ("birthdate", "1950-02-01")],
        [("birthdate", "1950-02-01"), ("_sort", "family")],
        [("birthdate", "1950-02-01"), ("_sort", "family,-birthdate")],
    ],
)
def test_who_was_born_on_a_day_is_found_without_looking_at_all_of_the_unit(
    world: World, monkeypatch: pytest.MonkeyPatch, asked: list[tuple[str, str]]
) -> None:
    """R111: what restricts a search to one's own leads only where it is the least."""
    looked_at: list[int] = []
    plain = Snapshot.search

    def explained(self: Snapshot, query: object) -> object:
        looked_at.append(Snapshot.explain(self, query)["documents_examined"])  # type: ignore[arg-type]
        return plain(self, query)  # type: ignore[arg-type]

    context = world.context(staff("hc"))
    monkeypatch.setattr(Snapshot, "search", explained)
    found = search(context, "Patient", asked).content or b""
    assert b'"id":"p31"' in found
    assert found.count(b'"resourceType":"Patient"') == 1
    assert looked_at
    assert max(looked_at) <= 10
