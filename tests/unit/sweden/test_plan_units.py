"""A plan taken apart into what each side changes for itself, and put together again."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from fhir_server.sweden.plan_units import MARK_SYSTEM, joined, mark, units, whole, without_id

PLAN: dict[str, Any] = {
    "resourceType": "CarePlan",
    "id": "1",
    "meta": {"versionId": "3", "lastUpdated": "2026-01-01T00:00:00Z", "profile": ["p"]},
    "text": {"status": "generated"},
    "identifier": [{"system": MARK_SYSTEM, "value": "urn:uuid:x"}, {"value": "D1"}],
    "status": "active",
    "goal": [{"reference": "Goal/1"}, {"display": "Ett mål i ord"}],
    "extension": [{"url": "u", "valueString": "1"}, {"url": "u", "valueString": "2"}],
    "activity": [{"id": "a", "detail": {"status": "scheduled"}}, {"id": "b"}],
}


def named(reference: str) -> str:
    """Name what a reference leads to."""
    return f"urn:{reference}"


def test_a_plan_is_the_sum_of_its_units() -> None:
    """R76, R93: nothing is left out but what the server sets, the narrative and the name."""
    found = units(PLAN, named)
    assert set(found) == {
        "element:meta",
        "element:identifier",
        "element:status",
        "goal:urn:Goal/1",
        "goal:{'display': 'Ett mål i ord'}",
        "extension:u",
        "activity:a",
        "activity:b",
    }
    again = joined(found)
    assert again["activity"] == PLAN["activity"]
    assert again["goal"] == PLAN["goal"]
    assert again["extension"] == PLAN["extension"]
    assert again["identifier"] == [{"value": "D1"}]
    assert again["meta"] == {"profile": ["p"]}
    assert units(again, named) == found


def test_a_mark_that_a_part_is_left_out_is_the_copy_s_own() -> None:
    """R78: it does not come back with the copy."""
    plan = {**PLAN, "meta": {"tag": [codes.SUBSETTED]}}
    assert "element:meta" not in units(plan, named)


def test_a_goal_is_one_unit_without_what_its_server_gave_it() -> None:
    """R92: a goal says the same on every server."""
    goal = {"resourceType": "Goal", "id": "7", "meta": {"versionId": "1"}, "note": [{"text": "x"}]}
    marked = {**goal, "identifier": [{"system": MARK_SYSTEM, "value": "n"}]}
    assert whole(goal) == whole(marked) == {"note": [{"text": "x"}]}
    assert mark(marked) == "n"
    assert mark(goal) == ""


def test_activities_that_nobody_can_tell_are_found() -> None:
    """R76: without an id, or with another's, whose change is of what is not known."""
    plan = {"activity": [{"id": "a"}, {}, {"id": "a"}]}
    assert without_id(plan) == [1, 2]
