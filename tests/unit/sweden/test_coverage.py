"""There is always somebody to contact (R43-R45): stretches of time, and a slow check of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.sweden import boundaries, coverage, working_days
from fhir_server.sweden.contact_view import Hours
from fhir_server.sweden.coverage import Cover, Place, Staff, Way
from fhir_server.sweden.open_hours import OFFICE_HOURS, open_within
from fhir_server.sweden.periods import STOCKHOLM, Period, read
from fhir_server.sweden.stretches import common, of, united, without

ALWAYS = Place(ways=(Way(),))
EVA = Staff(in_service=True, ways=(Way(),))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM).astimezone(UTC)


def days(first: str, last: str) -> Period:
    return Period(at(first), at(last) + timedelta(days=1))


def gaps(cover: Cover, asked: Period) -> list[tuple[str, str, str]]:
    return [
        (
            gap.start.astimezone(STOCKHOLM).strftime("%a %H:%M"),
            gap.end.astimezone(STOCKHOLM).strftime("%a %H:%M"),
            gap.why,
        )
        for gap in coverage.covered(cover, asked).gaps
    ]


def test_without_hours_a_person_answers_in_office_hours_on_working_days() -> None:
    """R45: outside hours there must be somebody else."""
    weekend = days("2026-03-06", "2026-03-09")  # Friday to Monday
    assert gaps(Cover(Period(), EVA), weekend) == [
        ("Fri 00:00", "Fri 08:00", "closed"),
        ("Fri 17:00", "Mon 08:00", "closed"),
        ("Mon 17:00", "Tue 00:00", "closed"),
    ]


def test_a_unit_s_number_closes_every_gap() -> None:
    """R43: the unit's own number is the last to fall back on."""
    cover = Cover(Period(), EVA, unit=ALWAYS)
    found = coverage.covered(cover, days("2026-03-06", "2026-03-09"))
    assert found.gaps == ()
    assert found.minutes == {
        "contact": 2 * 9 * 60,
        "deputy": 0,
        "team": 0,
        "unit": 4 * 24 * 60 - 2 * 9 * 60,
        "nobody": 0,
    }


def test_the_hours_of_the_way_are_nearer_than_those_of_the_role() -> None:
    """R44."""
    monday = days("2026-03-09", "2026-03-09")
    morning = (Hours(("mon",), time(8), time(12)),)
    own = Staff(in_service=True, hours=(Hours((), time(9), time(10)),), ways=(Way(morning),))
    assert gaps(Cover(Period(), own), monday)[1] == ("Mon 12:00", "Tue 00:00", "closed")
    role = Staff(in_service=True, hours=(Hours((), time(9), time(10)),), ways=(Way(),))
    assert gaps(Cover(Period(), role), monday)[0] == ("Mon 00:00", "Mon 09:00", "closed")


def test_a_deputy_answers_while_the_contact_is_away() -> None:
    """R45: and the absence is the reason where nobody stands in."""
    week = days("2026-07-06", "2026-07-10")
    away = Staff(in_service=True, absences=(week,), ways=(Way(),))
    closed_at_night = Place(ways=(Way((Hours((), time(17), time(8)),)),))
    cover = Cover(Period(), away, unit=closed_at_night)
    assert [gap[2] for gap in gaps(cover, week)] == ["absent"] * 5
    stood_in = Cover(Period(), away, ((week, EVA),), unit=closed_at_night)
    assert gaps(stood_in, week) == []


def test_a_contact_who_has_left_is_told_from_one_who_is_closed() -> None:
    """R48."""
    leaves = Staff(in_service=True, held=Period(None, at("2026-03-10T00:00")), ways=(Way(),))
    assert gaps(Cover(Period(), leaves), days("2026-03-09", "2026-03-10")) == [
        ("Mon 00:00", "Mon 08:00", "closed"),
        ("Mon 17:00", "Tue 00:00", "closed"),
        ("Tue 00:00", "Wed 00:00", "left"),
    ]


def test_without_any_way_to_reach_them_nobody_is_reached() -> None:
    """R43."""
    mute = Staff(in_service=True)
    assert gaps(Cover(Period(), mute), days("2026-03-09", "2026-03-09")) == [
        ("Mon 00:00", "Tue 00:00", "unreachable")
    ]


def test_only_the_time_of_the_assignment_counts() -> None:
    """R48."""
    cover = Cover(days("2026-03-09", "2026-03-09"), Staff())
    assert gaps(cover, days("2026-03-01", "2026-03-31")) == [("Mon 00:00", "Tue 00:00", "left")]
    assert gaps(cover, days("2026-03-10", "2026-03-31")) == []


def test_a_public_holiday_is_as_a_sunday() -> None:
    """R44: Christmas Eve 2026 is a Thursday."""
    eve = days("2026-12-24", "2026-12-24")
    assert open_within(OFFICE_HOURS, eve) == ()
    assert open_within((Hours(("sun",)),), eve) == of(eve)


@pytest.mark.parametrize(
    ("year", "easter", "midsummer", "all_saints"),
    [(2024, (3, 31), (6, 22), (11, 2)), (2026, (4, 5), (6, 20), (10, 31)),
     (2027, (3, 28), (6, 26), (11, 6)), (2038, (4, 25), (6, 26), (11, 6))],
)  # fmt: skip
def test_the_movable_days_are_where_the_almanac_has_them(
    year: int, easter: tuple[int, int], midsummer: tuple[int, int], all_saints: tuple[int, int]
) -> None:
    found = working_days.holidays(year)
    assert working_days.easter(year) == date(year, *easter)
    assert date(year, *easter) - timedelta(days=2) in found
    assert date(year, *midsummer) in found
    assert date(year, *all_saints) in found
    assert len(found) == 8 + 3 + 3 - (date(year, 6, 6) == date(year, *midsummer))


@pytest.mark.parametrize(
    ("day", "minutes"), [("2026-03-29", 23 * 60), ("2026-10-25", 25 * 60), ("2026-10-26", 24 * 60)]
)
def test_a_day_is_as_long_as_the_clock_makes_it(day: str, minutes: int) -> None:
    asked = Period(at(day), at((date.fromisoformat(day) + timedelta(days=1)).isoformat()))
    assert open_within((Hours(),), asked) == of(asked)
    assert coverage.minutes(of(asked)) == minutes


# Against a slow check, minute by minute


CLOCK = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
HOURS = st.builds(
    Hours,
    st.lists(st.sampled_from(working_days.WEEKDAYS), max_size=4).map(tuple),
    st.none() | CLOCK,
    st.none() | CLOCK,
)
# The clock goes forward on the Sunday; långfredag is the Friday after.
FIRST = datetime(2026, 3, 27, 23, tzinfo=UTC)
MOMENT = st.integers(-6, 9 * 24).map(lambda half: FIRST + timedelta(hours=half))
PERIOD = st.builds(Period, st.none() | MOMENT, st.none() | MOMENT)
SOME_HOURS = st.lists(HOURS, max_size=2).map(tuple)
WAY = st.builds(Way, SOME_HOURS, st.just(Period()) | PERIOD)
WAYS = st.lists(WAY, max_size=2).map(tuple)
STAFF = st.builds(
    Staff,
    st.booleans() | st.just(True),
    st.just(Period()) | PERIOD,
    st.lists(PERIOD, max_size=2).map(tuple),
    SOME_HOURS,
    WAYS,
)
PLACE = st.none() | st.builds(Place, st.just(Period()) | PERIOD, WAYS)
COVER = st.builds(
    Cover, PERIOD, STAFF, st.lists(st.tuples(PERIOD, STAFF), max_size=2).map(tuple), PLACE, PLACE
)


def clock_is_in(hours: Hours, moment: datetime) -> bool:
    """Tell whether hours are open, from what calendar and clock on the wall show."""
    local = moment.astimezone(STOCKHOLM)
    today = working_days.day_code(local.date())
    yesterday = working_days.day_code(local.date() - timedelta(days=1))
    start = hours.start or time.min
    end = hours.end if hours.end and hours.end != time.min else None
    past_midnight = end is not None and end <= start
    by_day = (not hours.days or today in hours.days) and local.time() >= start
    if end is None:
        return by_day
    if not past_midnight:
        return by_day and local.time() < end
    return by_day or ((not hours.days or yesterday in hours.days) and local.time() < end)


def is_reached(ways: tuple[Way, ...], default: tuple[Hours, ...], moment: datetime) -> bool:
    return any(
        way.period.covers(moment) and any(clock_is_in(h, moment) for h in way.hours or default)
        for way in ways
    )


def does_answer(staff: Staff, moment: datetime) -> bool:
    return (
        staff.in_service
        and staff.held.covers(moment)
        and not any(absence.covers(moment) for absence in staff.absences)
        and is_reached(staff.ways, staff.hours or OFFICE_HOURS, moment)
    )


def who_answers(cover: Cover, moment: datetime) -> str:
    if does_answer(cover.contact, moment):
        return "contact"
    if any(p.covers(moment) and does_answer(who, moment) for p, who in cover.deputies):
        return "deputy"
    for name, place in (("team", cover.team), ("unit", cover.unit)):
        if place and place.open.covers(moment) and is_reached(place.ways, (Hours(),), moment):
            return name
    return "nobody"


def why(contact: Staff, moment: datetime) -> str:
    if not contact.in_service or not contact.held.covers(moment):
        return "left"
    if any(absence.covers(moment) for absence in contact.absences):
        return "absent"
    return "closed" if contact.ways else "unreachable"


def hold_to_the_clock(cover: Cover, asked: Period, step: timedelta) -> None:
    """Look at every moment of a period, one step after the other."""
    found = coverage.covered(cover, asked)
    counted = dict.fromkeys(coverage.LAYERS, 0)
    assert asked.start
    assert asked.end
    moment = asked.start
    while moment < asked.end:
        in_gap = [gap.why for gap in found.gaps if gap.start <= moment < gap.end]
        if cover.period.covers(moment):
            by = who_answers(cover, moment)
            counted[by] += step // timedelta(minutes=1)
            assert in_gap == ([why(cover.contact, moment)] if by == "nobody" else [])
        else:
            assert in_gap == []
        moment += step
    assert found.minutes == counted


@settings(deadline=None, max_examples=100)
@given(COVER, st.integers(0, 36), st.integers(1, 200))
def test_gaps_are_those_that_a_look_at_every_half_hour_finds(
    cover: Cover, begins: int, length: int
) -> None:
    """R43, R45: over days and the change of the clock; every bound is at a whole or half hour."""
    start = FIRST + timedelta(hours=begins)
    hold_to_the_clock(cover, Period(start, start + timedelta(hours=length)), timedelta(minutes=30))


EXACT = st.builds(time, st.integers(0, 23), st.integers(0, 59))
EXACT_WAYS = st.lists(
    st.builds(Way, st.tuples(st.builds(Hours, st.just(()), st.none() | EXACT, st.none() | EXACT))),
    max_size=2,
).map(tuple)


@settings(deadline=None, max_examples=25)
@given(COVER, EXACT_WAYS, EXACT_WAYS, st.integers(0, 36))
def test_gaps_are_those_that_a_look_at_every_minute_finds(
    cover: Cover, own: tuple[Way, ...], unit: tuple[Way, ...], begins: int
) -> None:
    """R43-R45."""
    exact = replace(cover, contact=replace(cover.contact, ways=own), unit=Place(ways=unit))
    start = FIRST + timedelta(hours=begins)
    hold_to_the_clock(exact, Period(start, start + timedelta(hours=15)), timedelta(minutes=1))


STRETCH = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(
    lambda pair: (FIRST + timedelta(hours=pair[0]), FIRST + timedelta(hours=pair[1]))
)
SET = st.lists(STRETCH, max_size=6).map(united)


@settings(deadline=None)
@given(SET, SET)
def test_stretches_are_sets_of_moments(one: object, other: object) -> None:
    def holds(stretches: object, moment: datetime) -> bool:
        return any(start <= moment < end for start, end in stretches)  # type: ignore[attr-defined]

    both, rest = common(one, other), without(one, other)  # type: ignore[arg-type]
    for hour in range(41):
        moment = FIRST + timedelta(hours=hour)
        assert holds(both, moment) == (holds(one, moment) and holds(other, moment))
        assert holds(rest, moment) == (holds(one, moment) and not holds(other, moment))


@settings(deadline=None)
@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1)).map(
        lambda moment: moment.replace(tzinfo=UTC)
    )
    | st.dates(date(1900, 1, 2), date(2200, 1, 1)).map(lambda day: at(day.isoformat()))
)
def test_what_is_spelled_reads_as_the_same_period(moment: datetime) -> None:
    """R48: an assignment ends exactly where the next begins."""
    spelled = {"period": boundaries.spelled(Period(moment, moment))}
    assert read(spelled).start == moment
    assert read(spelled).end == moment
