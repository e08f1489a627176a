"""FHIR's dates and times, and the place of a meeting, in Swedish."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_server.operations import swedish_moments
from fhir_server.sweden import codes

ZONE = ZoneInfo("Europe/Stockholm")
NOW = datetime(2026, 11, 27, 12, tzinfo=ZONE)


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
    assert swedish_moments.on_day(value, ZONE) == said


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
    assert swedish_moments.occasion(start, end, ZONE) == said


def test_a_planned_day_that_is_over_is_told_as_such() -> None:
    """R92: nobody waits for a follow-up that should have been."""
    assert swedish_moments.planned("2026-11-27", NOW, ZONE) == "fredag 27 november 2026"
    assert swedish_moments.planned("2026-11-26", NOW, ZONE).startswith("var bestämd till torsdag")
    assert swedish_moments.planned("", NOW, ZONE) == ""


@pytest.mark.parametrize("form", ["hemma", "blandat", "mottagning", ""])
def test_a_protected_home_is_no_place_to_print(form: str) -> None:
    """R118: the link stays; so does the address of a unit."""
    said: list[dict[str, Any]] = [
        {"url": codes.MEETING_PLACE, "valueString": "Storgatan 1"},
        {"url": codes.MEETING_PLACE, "valueUrl": "https://video.example/1"},
    ]
    if form:
        said.append({"url": codes.MEETING_FORM, "valueCode": form})
    label = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
    protected = {"meta": {"security": [{"system": label, "code": "skyddadFolkbokforing"}]}}
    places = swedish_moments.places_of({"extension": said}, protected)
    assert ("Storgatan 1" in places) == (form == "mottagning")
    assert places[-1] == "https://video.example/1"
    assert "Storgatan 1" in swedish_moments.place_in_words({"extension": said}, {})
