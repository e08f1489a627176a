"""Counting patients per contact at a moment: R45, R49, R51, R106."""

from __future__ import annotations

import datetime as dt
import random
import statistics
from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.caseload import Level, Threshold
from fhir_server.sweden.workload import (
    Agreed,
    Assignment,
    Load,
    Moment,
    agreed,
    distribution,
    level,
    loads,
    moments,
)

NOW = dt.datetime(2026, 4, 20, 10, 0, tzinfo=dt.UTC)
EVA, OLA = "PractitionerRole/eva", "PractitionerRole/ola"


def at(moment: Moment) -> str:
    when = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=moment.at)
    return when.isoformat()


def threshold(patients: int, kind: str = "") -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"url": "patients", "valueUnsignedInt": patients}]
    parts += [{"url": "type", "valueCode": kind}] if kind else []
    return {"url": codes.CASELOAD_THRESHOLD, "extension": parts}


def test_a_patient_with_two_types_of_one_contact_counts_once_and_in_each_type() -> None:
    """R49: patients are counted, not assignments."""
    given = [Assignment(EVA, "Patient/a", "1"), Assignment(EVA, "Patient/a", "4")]
    load = loads(given, [], Moment(0, past=False))[EVA]
    assert load.patients == {"Patient/a"}
    assert load.by_kind == {"1": {"Patient/a"}, "4": {"Patient/a"}}


def test_whom_one_stands_in_for_is_counted_beside_ones_own_patients() -> None:
    """R45, R49."""
    own, stands_in = [Assignment(EVA, "Patient/a", "1")], [Assignment(OLA, "Patient/a", "1")]
    found = loads(own, stands_in, Moment(0, past=False))
    assert (found[EVA].patients, found[EVA].stands_in_for) == ({"Patient/a"}, set())
    assert (found[OLA].patients, found[OLA].stands_in_for) == (set(), {"Patient/a"})


@pytest.mark.parametrize(
    ("start", "end", "ended", "now", "before"),
    [
        (None, None, False, True, True), (0, 10, False, False, True), (5, None, False, True, True),
        (6, None, False, True, False), (0, 5, True, False, False), (0, 6, True, False, True),
        (0, None, True, False, True), (11, None, False, False, False), (10, 11, False, True, False),
    ],
)  # fmt: skip
def test_what_has_ended_since_was_in_force_then(
    start: int | None, end: int | None, ended: bool, now: bool, before: bool
) -> None:
    """R48, R49: half-open periods; an ended assignment counts at earlier moments only."""
    assignment = Assignment(EVA, "Patient/a", "1", start, end, ended)
    assert Moment(10, past=False).holds(assignment) is now
    assert Moment(5, past=True).holds(assignment) is before


def test_a_trend_is_of_month_ends_in_sweden_and_of_now() -> None:
    """R49: summer time begins on the last Sunday in March."""
    assert [at(each) for each in moments(None, 2, NOW)] == [
        "2026-02-28T22:59:59.999999+00:00",
        "2026-03-31T21:59:59.999999+00:00",
        "2026-04-20T10:00:00+00:00",
    ]


def test_a_day_that_is_over_is_counted_when_it_ended_and_today_now() -> None:
    """R49."""
    [past] = moments(dt.date(2026, 4, 19), 0, NOW)
    assert (at(past), past.past) == ("2026-04-19T21:59:59.999999+00:00", True)
    [today] = moments(dt.date(2026, 4, 20), 0, NOW)
    assert (at(today), today.past) == ("2026-04-20T10:00:00+00:00", False)
    [later] = moments(dt.date(2026, 12, 31), 0, NOW)
    assert (at(later), later.past) == ("2026-12-31T22:59:59.999999+00:00", False)


def test_there_is_no_month_before_the_first() -> None:
    """R49: an absurd date is answered, too."""
    assert len(moments(dt.date(1, 2, 3), 12, NOW)) == 2


def test_the_gravest_of_the_thresholds_is_the_level() -> None:
    """R49, R51."""
    load = Load({"a", "b", "c"}, {"1": {"a"}, "4": {"a", "b", "c"}})
    assert level(load, Agreed(Threshold(100), {"4": Threshold(2, "4")})) is Level.OVER
    assert level(load, Agreed(Threshold(3), {"4": Threshold(90, "4")})) is Level.NEAR
    assert level(load, Agreed(None, {"2": Threshold(0, "2")})) is Level.NO_THRESHOLD
    assert level(load, Agreed(Threshold(1, sparse=True), {})) is Level.SPARSE


def test_thresholds_are_those_of_the_unit_and_the_nearest_above() -> None:
    """R49: a threshold for all types says nothing about one type alone."""
    unit = {"id": "u", "extension": [threshold(50)]}
    above = {"id": "v", "extension": [threshold(9), threshold(5, "4")]}
    found = agreed([{"id": "x"}, above])
    assert [(each.patients, each.kind, each.said_by) for each in found.every] == [
        (9, "", "v"), (5, "4", "v"),
    ]  # fmt: skip
    assert [each.patients for each in agreed([unit, above]).every] == [50]
    assert [each.patients for each in agreed([above], ["4", "1"]).every] == [5]
    assert agreed([]).every == []


def test_the_distribution_of_few_numbers_is_as_on_paper() -> None:
    """R106: nearest rank; the median of an even number lies between two."""
    found = distribution([4, 1, 2, 30])
    assert found is not None
    assert (found.contacts, found.least, found.median, found.mean, found.p90, found.most) == (
        4, 1, 3.0, 9.2, 30, 30,
    )  # fmt: skip
    assert found.bins == (
        (0, 4, 3),
        (5, 9, 0),
        (10, 14, 0),
        (15, 19, 0),
        (20, 24, 0),
        (25, 29, 0),
        (30, 34, 1),
    )
    assert distribution([]) is None


@pytest.mark.parametrize("seed", range(20))
def test_the_distribution_equals_a_slow_count(seed: int) -> None:
    """R106: every contact is in one bar; nine of ten are at most at p90, and not before."""
    chance = random.Random(seed)
    numbers = [
        chance.randrange(chance.choice((3, 40, 700, 30000))) for _ in range(chance.randrange(1, 60))
    ]
    found = distribution(numbers)
    assert found is not None
    assert [count for _, _, count in found.bins] == [
        sum(low <= number <= high for number in numbers) for low, high, _ in found.bins
    ]
    assert sum(count for _, _, count in found.bins) == found.contacts == len(numbers)
    assert len(found.bins) <= 13
    assert all(
        next_[0] == bar[1] + 1 for bar, next_ in zip(found.bins, found.bins[1:], strict=False)
    )
    at_most = sum(number <= found.p90 for number in numbers)
    below = sum(number < found.p90 for number in numbers)
    assert below * 10 < len(numbers) * 9 <= at_most * 10
    assert found.median == statistics.median(numbers)
