"""The life of a SIP: rules on time, order, goals and who may have a copy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from fhir_server.sweden import codes, plan_life
from fhir_server.sweden.periods import STOCKHOLM

AT = datetime(2026, 4, 16, 10, 0, tzinfo=STOCKHOLM)
LAW = ["HSL-16-4", "SOL-10-8"]


def law(issues: Any) -> list[tuple[str, list[str]]]:
    return [(issue.severity, [coding.code for coding in issue.details]) for issue in issues]


def goal(*achievement: str) -> dict[str, Any]:
    coding = [{"system": codes.GOAL_ACHIEVEMENT, "code": code} for code in achievement]
    return {"resourceType": "Goal", "achievementStatus": {"coding": coding}}


@pytest.mark.parametrize(
    ("at", "refused"),
    [
        ("2026-04-16T10:00:00+02:00", False),
        ("2026-04-16", False),
        ("2026-04-16T10:00:01+02:00", True),
        ("2026-04-16T08:30:00Z", True),
        ("2026-04-17", True),
    ],
)
def test_what_has_not_happened_is_not_recorded(at: str, refused: bool) -> None:
    """R92, R93: a day has begun when it has begun in Sweden."""
    assert bool(list(plan_life.not_ahead(at, AT))) is refused


@pytest.mark.parametrize(
    ("status", "reason", "then"),
    [
        ("active", "mal-uppnadda", "completed"),
        ("on-hold", "flyttat", "completed"),
        ("active", "samtycke-aterkallat", "revoked"),
        ("draft", "behov-upphort", "revoked"),
    ],
)
def test_a_plan_ends_completed_or_revoked(status: str, reason: str, then: str) -> None:
    """R78, R93."""
    assert plan_life.status_at_end({"status": status}, reason) == then


def test_a_goal_ends_completed_where_it_was_reached() -> None:
    """R92, R93."""
    assert plan_life.goal_at_end(goal("achieved")) == "completed"
    assert plan_life.goal_at_end(goal("improving")) == "cancelled"
    assert plan_life.goal_at_end({}) == "cancelled"


def test_goals_are_reached_where_each_is() -> None:
    """R92: of none nothing can be said."""
    assert plan_life.all_reached([goal("achieved"), goal("sustaining")])
    assert not plan_life.all_reached([goal("achieved"), goal()])
    assert not plan_life.all_reached([])


def test_why_a_plan_is_closed_is_said_or_shows() -> None:
    """R90, R93."""
    assert list(plan_life.reason_is_given("flyttat", [], AT)) == []
    assert list(plan_life.reason_is_given(None, [goal("achieved")], AT)) == []
    assert law(plan_life.reason_is_given(None, [goal()], AT)) == [("error", LAW)]


@pytest.mark.parametrize(("day", "refused"), [("2026-04-16", True), ("2026-04-17", False)])
def test_the_next_follow_up_is_on_a_later_day(day: str, refused: bool) -> None:
    """R92."""
    assert bool(list(plan_life.next_is_later(day, AT))) is refused


def test_without_a_next_follow_up_there_is_nothing_to_refuse() -> None:
    """R92: the law on every write reminds of it."""
    assert list(plan_life.next_is_later(None, AT)) == []


@pytest.mark.parametrize(("day", "late"), [("2026-04-16", False), ("2026-04-15", True)])
def test_a_follow_up_is_late_after_the_day_agreed_on(day: str, late: bool) -> None:
    """R92."""
    agreed = {"url": codes.FOLLOW_UP, "extension": [{"url": "date", "valueDate": day}]}
    found = law(plan_life.held_in_time({"extension": [agreed]}, AT))
    assert found == ([("warning", LAW)] if late else [])
    assert list(plan_life.held_in_time({}, AT)) == []


def test_the_law_is_that_of_the_day() -> None:
    """R75: before 2025-07-01 socialtjänstlagen was another."""
    then = datetime(2025, 6, 30, 23, 59, tzinfo=STOCKHOLM)
    assert law(plan_life.reason_is_given(None, [], then)) == [
        ("error", ["HSL-16-4", "SOL-2-7-OLD"])
    ]
    told = plan_life.in_force_advice({}, then)
    assert law(told)[0][1] == ["SOL-2-7-OLD"]


def test_what_belongs_to_a_plan_in_force_is_reminded_of() -> None:
    """R79, R81, R86: nothing where all is there."""
    there = [
        {"url": codes.SIP_MEETING_LINK, "valueReference": {"reference": "Appointment/1"}},
        {"url": codes.COPY_GIVEN, "extension": []},
    ]
    done = {"detail": {"performer": [{"reference": "Organization/1"}]}}
    plan: dict[str, Any] = {"extension": there, "activity": [done]}
    assert list(plan_life.in_force_advice(plan, AT)) == []
    plan["activity"].append({"detail": {"description": "X"}})
    [issue] = plan_life.in_force_advice(plan, AT)
    assert issue.expression == "CarePlan.activity[1]"


RELATIVE = {"resourceType": "RelatedPerson", "patient": {"reference": "Patient/a"}}
GUARDIAN = RELATIVE | {
    "relationship": [
        {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
            ]
        }
    ]
}
SECRET = [("error", ["OSL-25-1", "OSL-26-1"])]
ASK = [("warning", ["OSL-12-2"])]
COPIES: dict[str, tuple[str, dict[str, Any] | None, bool, Any]] = {
    "the person": ("Patient/a", None, False, []),
    "a child": ("Patient/a", None, True, []),
    "somebody else": ("Patient/b", None, False, SECRET),
    "nobody known": ("RelatedPerson/1", None, False, SECRET),
    "a relative": ("RelatedPerson/1", RELATIVE, False, ASK),
    "a childs relative": ("RelatedPerson/1", RELATIVE, True, ASK),
    "a guardian": ("RelatedPerson/1", GUARDIAN, True, []),
    "a grown persons guardian": ("RelatedPerson/1", GUARDIAN, False, ASK),
    "another's": (
        "RelatedPerson/1",
        GUARDIAN | {"patient": {"reference": "Patient/b"}},
        True,
        SECRET,
    ),
    "a former": ("RelatedPerson/1", GUARDIAN | {"active": False}, True, SECRET),
    "one whose time is over": (
        "RelatedPerson/1",
        GUARDIAN | {"period": {"end": "2026-04-15"}},
        True,
        SECRET,
    ),
}


@pytest.mark.parametrize("case", sorted(COPIES))
def test_who_may_have_a_copy(case: str) -> None:
    """R80, R81, R100."""
    to, relative, of_child, expected = COPIES[case]
    assert (
        law(plan_life.may_have_copy("Patient/a", to, relative, AT, of_child=of_child)) == expected
    )
