"""Deadlines of the discharge process."""

from __future__ import annotations

from datetime import datetime

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.discharge import Timeline, called_in_time, notice_in_time, timeline


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+01:00")


@pytest.mark.parametrize(
    ("sent", "late"), [("02T15:40", False), ("03T08:10", False), ("03T09:11", True)]
)
def test_an_inskrivningsmeddelande_after_25_hours_is_late(sent: str, late: bool) -> None:
    """R57: 24 hours from admission."""
    issues = list(notice_in_time(Timeline(at("02T08:10"), notices=(at(sent),))))
    assert [(i.severity, i.details[0].code) for i in issues] == [("warning", "SAMVL-2-1")] * late


def test_a_need_found_later_starts_the_24_hours() -> None:
    """R57: counted from the assessment that found the need."""
    stay = Timeline(at("02T08:10"), at("04T12:00"), notices=(at("05T11:59"),))
    assert list(notice_in_time(stay)) == []


def test_a_stay_without_notice_or_start_is_not_late() -> None:
    """R57: nothing to compare."""
    assert list(notice_in_time(Timeline())) == []
    assert list(notice_in_time(Timeline(at("02T08:10")))) == []


@pytest.mark.parametrize(
    ("called", "late"), [("06T16:30", False), ("09T23:59", False), ("10T00:00", True)]
)
def test_a_kallelse_on_the_fourth_day_is_late(called: str, late: bool) -> None:
    """R65: three days after the day of the notice of utskrivningsklar."""
    issues = list(called_in_time(at(called), Timeline(ready=(at("06T10:15"),))))
    assert [(i.severity, i.details[0].code) for i in issues] == [("warning", "SAMVL-4-3")] * late


def test_a_withdrawn_notice_resets_the_clock() -> None:
    """R62, R65: utskrivningsklar on 5 March, withdrawn, again on 6 March."""
    stay = Timeline(ready=(at("05T09:30"), at("06T10:15")), withdrawn=(at("05T14:00"),))
    assert stay.ready_since == at("06T10:15")
    withdrawn = Timeline(ready=(at("05T09:30"),), withdrawn=(at("05T14:00"),))
    assert withdrawn.ready_since is None
    assert list(called_in_time(at("20T12:00"), withdrawn)) == []


def test_the_timeline_is_read_from_the_stay() -> None:
    """R57, R61: from the extensions of the profile."""

    def said(name: str, moment: str) -> dict[str, object]:
        part = {"url": "at", "valueDateTime": f"2026-03-{moment}:00+01:00"}
        return {"url": codes.structure(name), "extension": [part]}

    stay = {
        "resourceType": "Encounter",
        "period": {"start": "2026-03-02T08:10:00+01:00"},
        "extension": [
            said("admission-notice-sent", "02T15:40"),
            said("discharge-ready", "05T09:30"),
            said("discharge-ready-withdrawn", "05T14:00"),
            said("need-assessed-at", "02T09:00"),
        ],
    }
    assert timeline(stay) == Timeline(
        at("02T08:10"), at("02T09:00"), (at("02T15:40"),), (at("05T09:30"),), (at("05T14:00"),)
    )
