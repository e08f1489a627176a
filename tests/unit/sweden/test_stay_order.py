"""In which order the steps of the discharge process can come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, stay_order
from fhir_server.sweden.discharge import Timeline

NOW = datetime.fromisoformat("2026-03-10T12:00:00+01:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+01:00")


ADMITTED, NOTICED = at("02T08:10"), at("02T15:40")


def said(issues: Iterable[Issue]) -> list[tuple[str, str]]:
    """Give code and paragraph of each issue."""
    return [(issue.code, issue.details[0].code) for issue in issues]


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ("in-progress", []),
        ("onleave", []),
        ("finished", [("conflict", "SAMVL-3-1")]),
        ("planned", [("conflict", "SAMVL-2-1")]),
        ("cancelled", [("conflict", "SAMVL-2-1")]),
        ("", [("conflict", "SAMVL-2-1")]),
    ],
)
def test_steps_are_taken_while_the_patient_is_in_hospital(
    status: str, answer: list[tuple[str, str]]
) -> None:
    """R55, R61: a permission to go home for a night is no discharge."""
    assert said(stay_order.under_way({"status": status})) == answer


@pytest.mark.parametrize(
    ("when", "refused"),
    [("02T08:10", 0), ("02T08:09", 1), ("10T12:04", 0), ("10T12:06", 1)],
)
def test_a_step_lies_between_admission_and_now(when: str, refused: int) -> None:
    """R55, R57: clocks may differ by five minutes."""
    issues = list(stay_order.in_time(Timeline(ADMITTED), at(when), NOW, "at"))
    assert len(issues) == refused
    assert len(list(stay_order.in_time(Timeline(), at(when), NOW, "at"))) == (when == "10T12:06")


@pytest.mark.parametrize(
    ("ready", "withdrawn", "when", "answer"),
    [
        ((), (), "05T09:30", []),
        ((), (), "02T15:39", [("business-rule", "SAMVL-3-1")]),
        (("05T09:30",), (), "06T09:30", [("conflict", "SAMVL-3-1")]),
        (("05T09:30",), ("05T14:00",), "06T10:15", []),
        (("05T09:30",), ("05T14:00",), "05T14:00", [("business-rule", "SAMVL-3-1")]),
        (("05T09:30",), ("05T14:00",), "05T10:00", [("business-rule", "SAMVL-3-1")]),
    ],
)
def test_ready_comes_after_the_notice_and_once_until_taken_back(
    ready: tuple[str, ...], withdrawn: tuple[str, ...], when: str, answer: list[tuple[str, str]]
) -> None:
    """R61, R62."""
    stay = Timeline(ADMITTED, None, (NOTICED,), tuple(map(at, ready)), tuple(map(at, withdrawn)))
    assert said(stay_order.becomes_ready(stay, at(when))) == answer


def test_without_a_notice_there_is_nobody_to_tell() -> None:
    """R61, R69."""
    assert said(stay_order.becomes_ready(Timeline(ADMITTED), at("05T09:30"))) == [
        ("business-rule", "SAMVL-2-1")
    ]


def test_only_what_was_said_is_taken_back_later() -> None:
    """R62."""
    stay = Timeline(ADMITTED, None, (NOTICED,), (at("05T09:30"),))
    assert said(stay_order.is_withdrawn(stay, at("05T14:00"))) == []
    assert said(stay_order.is_withdrawn(stay, at("05T09:30"))) == [("business-rule", "SAMVL-3-1")]
    never = Timeline(ADMITTED, None, (NOTICED,))
    assert said(stay_order.is_withdrawn(never, at("05T14:00"))) == [("conflict", "SAMVL-3-1")]


def test_what_was_recorded_last_is_what_holds() -> None:
    """R58: whatever the order in the resource; of the same moment, the one that comes later."""

    def expected(time: str, recorded: str) -> dict[str, Any]:
        return {
            "url": codes.EXPECTED_DISCHARGE,
            "extension": [
                {"url": "time", "valueDateTime": time},
                {"url": "recorded", "valueDateTime": f"2026-03-{recorded}:00+01:00"},
            ],
        }

    later, first = expected("2026-03-05", "04T09:20"), expected("2026-03-06", "02T15:40")
    assert stay_order.latest_expected({"extension": [later, first]}) == "2026-03-05"
    assert stay_order.latest_expected({}) == ""
    stay = {"extension": [first, expected("2026-03-07", "02T15:40")]}
    assert stay_order.latest_expected(stay) == "2026-03-07"
    assert said(stay_order.another_time(stay, "2026-03-07")) == [("conflict", "SAMVL-2-3")]
    assert said(stay_order.same_time(stay, "2026-03-07")) == []


@pytest.mark.parametrize(
    ("time", "refused"), [("2026-03-02", False), ("2026-03-02T15:39:00+01:00", True), ("x", True)]
)
def test_an_expected_discharge_is_not_over(time: str, refused: bool) -> None:
    """R56, R58: a day lasts to midnight."""
    assert bool(list(stay_order.expected({}, time, NOTICED, "time"))) == refused


def test_the_day_of_discharge_ends_at_midnight_in_sweden() -> None:
    """R63: whatever the zone that the moment is written in."""
    stay = {"period": {"end": "2026-03-06T16:00:00+01:00"}}
    in_time = datetime.fromisoformat("2026-03-06T22:59:00+00:00")
    assert said(stay_order.transferred_in_time(stay, in_time)) == []
    late = datetime.fromisoformat("2026-03-06T23:01:00+00:00")
    assert said(stay_order.transferred_in_time(stay, late)) == [("business-rule", "SAMVL-3-1")]
    assert said(stay_order.transferred_in_time({}, late)) == []
