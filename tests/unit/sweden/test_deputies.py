"""Deputies (R45): what setting and removing one makes of a CareTeam, and that there is one at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.sweden import codes, deputies, periods
from fhir_server.sweden.deputies import Wish
from fhir_server.sweden.elements import extension
from fhir_server.sweden.periods import Period

Json = dict[str, Any]

FIRST = date(2026, 3, 20)
SPAN = 20
OLA, SARA = {"reference": "PractitionerRole/ola"}, {"reference": "PractitionerRole/sara"}
DAY = st.none() | st.integers(0, SPAN)


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def spelled(bounds: tuple[int | None, int | None]) -> Json:
    names = zip(("start", "end"), bounds, strict=True)
    return {name: day(number) for name, number in names if number is not None}


def wish(who: Json, bounds: tuple[int | None, int | None], *, replace: bool = False) -> Wish:
    spelling = spelled(bounds)
    return Wish(who, periods.read({"period": spelling}), spelling, replace=replace)


def standing(team: Json, who: Json) -> set[int]:
    """Give the days on which a person stands in at noon."""
    found = [deputies.period_of(e) for e in deputies.deputies_of(team) if deputies.is_of(e, who)]
    noons = {n: periods.bounds(f"{day(n)}T12:00:00") for n in range(-1, SPAN + 2)}
    return {n for n, noon in noons.items() if noon and any(p.covers(noon[0]) for p in found)}


TEAM: Json = {
    "resourceType": "CareTeam",
    "participant": [{"extension": [{"url": "urn:other", "valueString": "x"}], "member": {}}],
}
BOUNDS = st.tuples(DAY, DAY).map(
    lambda pair: pair if None in pair else (min(pair), max(pair))  # type: ignore[type-var]
)
STEP = st.tuples(st.sampled_from([OLA, SARA]), BOUNDS, st.sampled_from(["set", "remove"]))


@settings(deadline=None)
@given(st.lists(STEP, max_size=6))
def test_deputies_stand_in_on_the_days_that_were_said_last(steps: list[Any]) -> None:
    """R45: day for day; a new period takes the place of others, and of the same person's it meets."""
    team = TEAM
    model: list[tuple[str, set[int]]] = []
    for who, bounds, what in steps:
        asked = wish(who, bounds, replace=True)
        days = standing(deputies.with_deputy(TEAM, asked), who)
        if what == "set":
            team = deputies.with_deputy(team, asked)
            own = [(name, old) for name, old in model if name == who["reference"]]
            others = [(name, old - days) for name, old in model if name != who["reference"]]
            apart = [(name, old) for name, old in own if not old & days]
            model = [*apart, *others, (who["reference"], days)]
        else:
            team = deputies.without_deputy(team, who, asked.period)
            model = [(name, old - days if name == who["reference"] else old) for name, old in model]
        # What was cut in two is two periods from then on.
        model = [(name, run) for name, old in model for run in runs(old)]
        for each in (OLA, SARA):
            expected = {n for name, days in model if name == each["reference"] for n in days}
            assert standing(team, each) == expected
        assert not standing(team, OLA) & standing(team, SARA)
    assert team["participant"][0]["extension"][0] == {"url": "urn:other", "valueString": "x"}
    assert TEAM["participant"][0]["extension"] == [{"url": "urn:other", "valueString": "x"}]


def runs(days: set[int]) -> list[set[int]]:
    """Give the days as unbroken runs."""
    found: list[set[int]] = []
    for number in sorted(days):
        if found and number - 1 in found[-1]:
            found[-1].add(number)
        else:
            found.append({number})
    return found


def test_a_deputyship_is_cut_at_the_minute() -> None:
    """R45: what is left ends the second before, and goes on the second after."""
    whole = deputies.with_deputy(TEAM, Wish(OLA, Period(), None))
    bounds = {"start": "2026-03-03T12:00:00+01:00", "end": "2026-03-03T15:59:59+01:00"}
    cut = deputies.without_deputy(whole, OLA, periods.read({"period": bounds}))
    left = [extension(each, "period")["valuePeriod"] for each in deputies.deputies_of(cut)]
    assert left == [
        {"end": "2026-03-03T11:59:59+01:00"},
        {"start": "2026-03-03T16:00:00+01:00"},
    ]


def deputy(member: str, *bounds: str) -> Json:
    parts: list[Json] = [{"url": "member", "valueReference": {"reference": member}}]
    period = dict(zip(("start", "end"), bounds, strict=False))
    if period:
        parts.append({"url": "period", "valuePeriod": period})
    return {"url": codes.DEPUTY, "extension": parts}


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        ((), (), True),
        ((), ("2026-03-09", "2026-03-13"), True),
        (("2026-03-09", "2026-03-13"), ("2026-03-13", "2026-03-14"), True),
        (("2026-03-09", "2026-03-13"), ("2026-03-14", "2026-03-20"), False),
    ],
)
@pytest.mark.parametrize("status", ["active", "proposed", "suspended"])
def test_one_deputy_at_a_time(
    world: Any, cases: Any, first: Any, second: Any, refused: bool, status: str
) -> None:
    """R45, ct-9: the patient knows whom to turn to."""
    team = world.contact(world.person("eva"), status=status)
    extensions = [
        deputy(world.person(name), *bounds) for name, bounds in (("ola", first), ("sara", second))
    ]
    team["participant"][0]["extension"] = extensions
    found = [(i.details[0].code, i.expression) for i in cases.errors(world.check(team))]
    assert found == ([("HSF-4-1", "CareTeam.participant[0].extension[1]")] if refused else [])
