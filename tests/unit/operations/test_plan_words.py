"""Codes and times of a plan in Swedish."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_server.operations.written import plan_words
from fhir_server.profiles.definitions import Definitions
from fhir_server.sweden import codes

ZONE = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 11, 27, 12, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ({"scheduledString": "Varje lördag"}, "Varje lördag"),
        ({"scheduledPeriod": {"start": "2026-03-13", "end": "2026-03-31"}}, "13–31 mars 2026"),
        ({"scheduledPeriod": {"end": "2026-04-01"}}, "till och med 1 april 2026"),
        ({}, ""),
        ({"scheduledTiming": {"code": {"text": "Vid behov"}}}, "Vid behov"),
    ],
)
def test_when_an_insats_is_done(detail: Any, said: str) -> None:
    """R76: in the words of those who read."""
    assert plan_words.scheduled(detail, ZONE) == said


@pytest.mark.parametrize(
    ("repeat", "said"),
    [
        ({"frequency": 1, "period": 1, "periodUnit": "wk"}, "1 gång i veckan"),
        ({"frequency": 3, "period": 1, "periodUnit": "d"}, "3 gånger om dagen"),
        ({"frequency": 1, "period": 2, "periodUnit": "wk"}, "varannan vecka"),
        ({"frequency": 2, "period": 3, "periodUnit": "mo"}, "2 gånger på 3 månader"),
        (
            {"frequency": 1, "period": 1, "periodUnit": "wk", "dayOfWeek": ["mon", "thu"]},
            "1 gång i veckan, måndag och torsdag",
        ),
        ({"periodUnit": "s", "period": 1}, ""),
    ],
)
def test_how_often(repeat: Any, said: str) -> None:
    assert plan_words.scheduled({"scheduledTiming": {"repeat": repeat}}, ZONE) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026", "2026"),
        ("2026-03", "mars 2026"),
        ("2026-03-12", "12 mars 2026"),
        # Half past eleven in the evening in UTC is the next day in Sweden.
        ("2026-03-12T23:30:00Z", "13 mars 2026"),
        ("not a date", ""),
        ("2026-13", ""),
        (None, ""),
    ],
)
def test_days(value: Any, said: str) -> None:
    assert plan_words.on_day(value, ZONE) == said


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (
            "2026-03-12T13:00:00+01:00",
            "2026-03-12T14:30:00+01:00",
            "torsdag 12 mars 2026 klockan 13–14.30",
        ),
        ("2026-03-12T13:00:00+01:00", None, "torsdag 12 mars 2026 klockan 13"),
        (
            "2026-03-28T23:00:00+01:00",
            "2026-03-29T04:00:00+02:00",
            "lördag 28 mars 2026 klockan 23 till söndag 29 mars 2026 klockan 04",
        ),
        (None, None, ""),
    ],
)
def test_occasions(start: Any, end: Any, said: str) -> None:
    """R91: the day, its name, and the hours, also over the night the clock is moved."""
    assert plan_words.occasion(start, end, ZONE) == said


def test_a_planned_day_that_is_over_is_told_as_such() -> None:
    """R92: nobody waits for a follow-up that should have been."""
    assert plan_words.planned("2026-11-27", NOW, ZONE) == "fredag 27 november 2026"
    assert plan_words.planned("2026-11-26", NOW, ZONE).startswith("var bestämd till torsdag")
    assert plan_words.planned("", NOW, ZONE) == ""


@pytest.mark.parametrize(
    ("system", "known"),
    [
        (codes.INFORMATION_CLASS_SYSTEM, plan_words.INFORMATION),
        (codes.PLAN_DECISION_SYSTEM, plan_words.DECISION),
        (codes.PLAN_END_REASON_SYSTEM, plan_words.END_REASON),
        (codes.INFORMATION_CHANNEL_SYSTEM, plan_words.CHANNEL),
        (codes.code_system("meeting-form"), plan_words.MEETING_FORM),
        (codes.code_system("consent-form"), plan_words.CONSENT_FORM),
        (codes.code_system("huvudman"), plan_words.HUVUDMAN),
    ],
)
def test_every_code_has_words(system: str, known: dict[str, str]) -> None:
    """R81: a code that is added without words fails here."""
    found = Definitions.load().conformance("CodeSystem", system)
    assert found is not None
    assert {each["code"] for each in found["concept"]} == set(known)
