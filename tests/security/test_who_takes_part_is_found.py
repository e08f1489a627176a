"""How it stands with a person is read from the few records that may tell, however many there are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir import json
from fhir_server.interactions.search import search
from fhir_server.security.principal import Principal
from fhir_server.storage import mongo_about
from fhir_server.storage.mongo_indexes import TOKENS
from fhir_server.storage.snapshot import Snapshot
from tests.security.worlds import ORGANIZATIONS, World, encounter, organization, staff

NOW = dt.datetime.now(dt.UTC)


def ended(id_: str, days: int, unit: str = "psyk", patient: str = "p1") -> dict[str, Any]:
    end = (NOW - dt.timedelta(days=days)).isoformat(timespec="seconds")
    return encounter(id_, unit, patient, status="finished", period={"end": end})


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(*({"resourceType": "Patient", "id": each} for each in ("p1", "p2", "p3")))
    world.put(*(ended(f"old-{number}", 200 + number) for number in range(30)))
    world.put(ended("recent", 5, patient="p2"), ended("old", 90, patient="p3"))
    for person in ("p1", "p2", "p3"):
        world.put(encounter(f"at-hc-{person}", "hc", person, status="finished"))
    return world


def found(world: World, who: Principal, person: str) -> set[str]:
    answer = search(world.context(who), "Encounter", [("subject", f"Patient/{person}")])
    bundle = json.parse(answer.content or b"{}")
    return {each["resource"]["id"] for each in bundle.get("entry", [])}


def test_care_that_ended_lately_lets_one_see_what_other_units_know(world: World) -> None:
    """R111: for as many days as the operator sets, and not for longer."""
    assert found(world, staff("psyk"), "p2") == {"recent", "at-hc-p2"}
    assert found(world, staff("psyk"), "p3") == {"old"}


def test_what_ended_long_ago_is_not_read_to_know_who_cares_for_a_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R111: who was treated for years is asked about as soon as who never was."""
    read: list[int] = []
    about = Snapshot.about

    def counted(self: Snapshot, tokens: Any, wanted: Any) -> Any:
        asked = self.collections.resources.find(mongo_about.having(tokens, wanted)).hint(TOKENS)
        read.append(asked.explain()["executionStats"]["totalDocsExamined"])
        return about(self, tokens, wanted)

    monkeypatch.setattr(Snapshot, "about", counted)
    for who in (staff("psyk"), staff("region"), staff("hc")):
        found(world, who, "p1")
    assert read
    assert max(read) <= 1


def test_a_whole_vardgivare_is_sent_what_its_units_are_sent(world: World) -> None:
    """R111: by one label, however many units it has."""
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "for": {"reference": "Patient/p3"},
        "requester": {"reference": "Organization/hc"},
        "owner": {"reference": "Organization/hemsjukvard"},
    }
    world.put({**task, "id": "sent"})
    for unit, sees in (("kommun", True), ("hemsjukvard", True), ("hc", True), ("psyk", False)):
        context = world.context(staff(unit))
        bundle = search(context, "Task", [("status", "requested")]).content or b""
        assert (b'"sent"' in bundle) is sees, unit
        assert (context.store.read("Task", "sent") is not None) is sees, unit
