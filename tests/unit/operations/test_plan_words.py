"""Codes of a plan in Swedish, and when an insats is done."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_server.operations.written import plan_words
from fhir_server.profiles.definitions import Definitions
from fhir_server.sweden import codes

ZONE = ZoneInfo("Europe/Stockholm")


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
