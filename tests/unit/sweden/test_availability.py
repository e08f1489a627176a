"""R43-R45: who answers for a named contact at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from fhir_server.sweden.availability import answering, away, covers, is_open
from fhir_server.sweden.contact_view import Channel, ContactView, Hours, Place, Somebody, StandIn
from fhir_server.sweden.periods import STOCKHOLM, Period

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = Hours(WEEKDAYS, time(8), time(16))
PHONE = Channel("phone", "063-1", hours=(OFFICE,))
DEPUTY_PHONE = Channel("phone", "063-2")
TEAM_PHONE = Channel("phone", "063-3")
UNIT_PHONE = Channel("phone", "063-4", hours=(Hours((), time(8), time(20)),))
MESSAGE = Channel("url", "https://www.1177.se")
EVA, OLA = Somebody("PractitionerRole/eva", "Eva"), Somebody("PractitionerRole/ola", "Ola")
TEAM = Place("CareTeam/team", "Teamet", channels=(TEAM_PHONE,))
UNIT = Place("Organization/hc", "Hälsocentralen", channels=(UNIT_PHONE,))


def at(day: str, clock: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=STOCKHOLM)


MONDAY, SATURDAY = at("2026-03-09"), at("2026-03-14")


def contact(**more: object) -> ContactView:
    view = ContactView("CareTeam/1", "1", "", "", "active", None, None, EVA, (PHONE,), UNIT)
    return replace(view, **more)  # type: ignore[arg-type]


def who(view: ContactView, moment: datetime) -> str:
    answer = answering(view, moment)
    found = answer.answers or answer.answers_for
    return found.reference if found else ""


# ---- hours ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "is_inside"),
    [
        (at("2026-03-09", "07:59:59"), False),
        (at("2026-03-09", "08:00"), True),
        (at("2026-03-09", "15:59:59"), True),
        (at("2026-03-09", "16:00"), False),
        (at("2026-03-14", "10:00"), False),
    ],
)
def test_hours_take_in_their_start_and_not_their_end(moment: datetime, is_inside: bool) -> None:
    """R44."""
    assert covers(OFFICE, moment) is is_inside


def test_hours_are_swedish_clock_time_summer_and_winter() -> None:
    """R44: 08:00 is 07:00 UTC in winter and 06:00 UTC in summer."""
    assert covers(OFFICE, datetime(2026, 3, 27, 7, tzinfo=UTC))
    assert not covers(OFFICE, datetime(2026, 3, 27, 6, 59, tzinfo=UTC))
    assert covers(OFFICE, datetime(2026, 3, 30, 6, tzinfo=UTC))
    assert not covers(OFFICE, datetime(2026, 3, 30, 5, 59, tzinfo=UTC))
    assert not covers(OFFICE, datetime(2026, 3, 30, 14, tzinfo=UTC))


@pytest.mark.parametrize("day", ["2026-03-28", "2026-10-24"])
def test_a_night_in_which_the_clock_changes_is_one_night(day: str) -> None:
    """R44: open from 22 to 06 on Saturday, whether that is seven hours or nine."""
    night = Hours(("sat",), time(22), time(6))
    first = at(day, "22:00").astimezone(UTC)
    last = (at(day, "06:00") + timedelta(days=1)).astimezone(UTC)
    minutes = int((last - first).total_seconds()) // 60
    assert minutes in (7 * 60, 9 * 60)
    assert all(covers(night, first + timedelta(minutes=m)) for m in range(minutes))
    assert not covers(night, first - timedelta(minutes=1))
    assert not covers(night, last)


def test_hours_past_midnight_belong_to_the_day_they_begin() -> None:
    """R44: Friday night is open on Saturday morning, Saturday night is not."""
    friday = Hours(("fri",), time(18), time(7))
    assert covers(friday, at("2026-03-14", "06:59"))
    assert not covers(friday, at("2026-03-14", "19:00"))
    assert not covers(friday, at("2026-03-13", "06:00"))


def test_until_midnight_is_until_the_day_is_over() -> None:
    """R44."""
    evening = Hours(("fri",), time(18), time(0))
    assert covers(evening, at("2026-03-13", "23:59:59"))
    assert not covers(evening, at("2026-03-14", "00:00"))


def test_all_that_hours_say_must_hold() -> None:
    """GetCareManagers, HoursOfServiceType: dates, months, days and times together."""
    march = Hours(months=(3,), first=date(2026, 3, 10), last=date(2026, 3, 12))
    inside = [d for d in range(1, 32) if covers(march, at(f"2026-03-{d:02}"))]
    assert inside == [10, 11, 12]
    assert not covers(replace(march, months=(4,)), at("2026-03-11"))


def test_no_hours_are_open_always() -> None:
    """R44: nothing said is no limit."""
    assert is_open((), SATURDAY)
    assert not is_open((OFFICE,), SATURDAY)
    assert is_open((OFFICE, Hours(("sat",))), SATURDAY)


# ---- who --------------------------------------------------------------------------------------


def test_the_contact_answers_in_telephone_hours_and_the_unit_after_them() -> None:
    """R43, R44."""
    assert who(contact(), MONDAY) == "PractitionerRole/eva"
    answer = answering(contact(), at("2026-03-09", "17:00"))
    assert (answer.answers, answer.answers_for) == (None, UNIT)
    assert answer.answer_channels == (UNIT_PHONE,)
    assert who(contact(), at("2026-03-09", "21:00")) == ""


def test_a_deputy_for_a_time_answers_in_the_contacts_place() -> None:
    """R45: deputy Ola Test 9-13 March."""
    end = at("2026-03-14", "00:00")
    deputy = StandIn(OLA, at("2026-03-09", "00:00"), end, (DEPUTY_PHONE,))
    view = contact(deputies=(deputy,))
    before = at("2026-03-06")
    assert (who(view, before), away(view, before)) == ("PractitionerRole/eva", False)
    answer = answering(view, MONDAY)
    assert (answer.answers, answer.away) == (OLA, True)
    assert answer.answer_channels == (DEPUTY_PHONE,)
    assert who(view, at("2026-03-16")) == "PractitionerRole/eva"


def test_a_deputy_without_a_time_answers_when_the_contact_does_not() -> None:
    """R45: evenings and weekends; the contact is not away."""
    view = contact(deputies=(StandIn(OLA, channels=(DEPUTY_PHONE,)),))
    assert who(view, MONDAY) == "PractitionerRole/eva"
    answer = answering(view, SATURDAY)
    assert (answer.answers, answer.away) == (OLA, False)


def test_an_absent_contact_does_not_answer() -> None:
    """R45: notAvailable of the role."""
    week = Period(at("2026-03-09", "00:00"), at("2026-03-16", "00:00"))
    view = contact(person=replace(EVA, absences=(week,)))
    answer = answering(view, MONDAY)
    assert (answer.away, answer.answers_for) == (True, UNIT)
    assert who(view, at("2026-03-16")) == "PractitionerRole/eva"


def test_a_contact_who_has_left_is_away() -> None:
    """R45: the role is over, or not in use."""
    view = contact(person=replace(EVA, held=Period(end=at("2026-03-01"))))
    assert away(view, MONDAY)
    assert who(view, MONDAY) == "Organization/hc"


def test_an_absent_deputy_does_not_answer() -> None:
    """R45."""
    week = Period(at("2026-03-09", "00:00"), at("2026-03-16", "00:00"))
    absent = StandIn(replace(OLA, absences=(week,)), MONDAY, at("2026-03-11"), (DEPUTY_PHONE,))
    assert who(contact(deputies=(absent,)), MONDAY) == "Organization/hc"


def test_working_hours_count_for_a_number_without_hours_of_its_own() -> None:
    """R43, R44: a number's own hours are the nearer word."""
    person = replace(EVA, hours=(Hours(WEEKDAYS, time(9), time(12)),))
    plain = contact(person=person, channels=(Channel("phone", "063-1"),), unit=None)
    assert who(plain, MONDAY) == "PractitionerRole/eva"
    assert who(plain, at("2026-03-09", "13:00")) == ""
    own = contact(person=person, unit=None)
    assert who(own, at("2026-03-09", "13:00")) == "PractitionerRole/eva"


def test_the_team_comes_before_the_unit_and_the_unit_before_the_caregiver() -> None:
    """R40, R45: fallback."""
    giver = Place("Organization/region", "Regionen", channels=(Channel("phone", "063-5"),))
    whole = contact(team=TEAM, care_giver=giver)
    assert who(whole, SATURDAY) == "CareTeam/team"
    assert who(replace(whole, team=None), SATURDAY) == "Organization/hc"
    assert who(replace(whole, team=None, unit=None), SATURDAY) == "Organization/region"


def test_a_contact_without_ways_of_their_own_is_reached_through_the_team() -> None:
    """R40."""
    answer = answering(contact(channels=(), team=TEAM), MONDAY)
    assert (answer.answers, answer.answer_channels) == (EVA, (TEAM_PHONE,))


def test_who_answers_at_once_comes_before_who_takes_a_message() -> None:
    """R43: a 1177 message may be left at any hour, and nobody answers it then."""
    view = contact(channels=(PHONE, MESSAGE))
    weekday = answering(view, MONDAY)
    assert (weekday.answers, weekday.answer_channels) == (EVA, (PHONE, MESSAGE))
    evening = answering(view, SATURDAY)
    assert (evening.answers, evening.answers_for, evening.at_once) == (None, UNIT, True)
    night = answering(view, at("2026-03-14", "23:00"))
    assert (night.answers, night.answer_channels, night.at_once) == (EVA, (MESSAGE,), False)


def test_nobody_answers_where_there_is_no_way() -> None:
    """R45: said, and not hidden."""
    answer = answering(contact(channels=(), unit=None), MONDAY)
    assert (answer.answers, answer.answers_for, answer.answer_channels) == (None, None, ())


def test_a_public_holiday_is_as_a_sunday() -> None:
    """R44: weekday hours are closed on Christmas Day, a Friday in 2026."""
    assert not is_open([OFFICE], at("2026-12-25"))
    assert is_open([OFFICE], at("2026-12-18"))
