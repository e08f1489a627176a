"""The steps of a discharge that no table of cases covers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.sweden.discharge import Expected, Spell, Timeline
from fhir_server.sweden.discharge_events import Events, Meeting, Planning
from fhir_server.sweden.discharge_steps import Step, steps


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+01:00")


ADMITTED = Timeline(admitted=at("02T08:10"), needs=frozenset({"region", "kommun"}))
NOTICED = replace(
    ADMITTED,
    notices=(at("02T15:40"),),
    expected=(Expected(at("06T11:00"), at("02T15:40")),),
    recipients=("Organization/a",),
)
READY = replace(NOTICED, ready=(at("06T10:15"),))
GONE = replace(READY, discharged=at("06T16:00"))


def step(code: str, stay: Timeline, now: str, events: Events | None = None) -> Step:
    found = steps(stay, events or Events(), at(now))
    return next(each for each in found if each.code == code)


def status(code: str, stay: Timeline, now: str, events: Events | None = None) -> str:
    return step(code, stay, now, events).status


def test_who_needs_nothing_afterwards_has_no_deadlines() -> None:
    """R54: the law is about those who need insatser after discharge."""
    for stay in (Timeline(admitted=at("02T08:10")), replace(NOTICED, cancelled=True)):
        assert {each.status for each in steps(stay, Events(), at("20T10:00"))} == {"not-applicable"}


def test_the_steps_come_in_the_order_of_the_process_with_their_paragraphs() -> None:
    """R57, R58, R59, R60, R61, R63, R64, R65, R66, R67: each step names its law."""
    named = {each.code: each.paragraph.code for each in steps(GONE, Events(), at("07T09:00"))}
    assert named == {
        "inskrivningsmeddelande": "SAMVL-2-1",
        "beraknad-utskrivning": "SAMVL-2-3",
        "planering": "SAMVL-2-4",
        "fast-vardkontakt": "SAMVL-2-5",
        "utskrivningsklar": "SAMVL-3-1",
        "informationsoverforing": "SAMVL-3-1",
        "skriftlig-information": "PL-3-2-B",
        "utskrivning": "SAMVL-1-1",
        "kallelse": "SAMVL-4-3",
        "sip-mote": "SAMVL-4-1",
        "vardplan-tvangsvard": "SAMVL-4-1",
    }
    assert next(iter(named)) == "inskrivningsmeddelande"


def test_a_changed_time_is_due_at_once_until_the_units_know() -> None:
    """R58: as soon as possible, so no deadline; the notice of utskrivningsklar tells it too."""
    assert status("beraknad-utskrivning", NOTICED, "03T10:00") == "not-applicable"
    moved = replace(NOTICED, expected=(*NOTICED.expected, Expected(at("05T11:00"), at("04T09:20"))))
    assert status("beraknad-utskrivning", moved, "04T10:00") == "due"
    told = Events(changes_told=(at("04T09:30"),))
    found = step("beraknad-utskrivning", moved, "04T10:00", told)
    assert (found.status, found.at, found.deadline) == ("met", at("04T09:30"), None)
    earlier = Events(changes_told=(at("03T09:30"),))
    assert status("beraknad-utskrivning", moved, "04T10:00", earlier) == "due"
    again = replace(moved, notices=(*NOTICED.notices, at("04T09:45")))
    assert status("beraknad-utskrivning", again, "04T10:00") == "met"
    ready = replace(moved, ready=(at("05T09:30"),))
    assert status("beraknad-utskrivning", ready, "05T10:00") == "met"


def test_an_expected_time_that_has_passed_must_be_set_anew() -> None:
    """R58: what has passed is a changed time that nobody told."""
    assert status("beraknad-utskrivning", NOTICED, "06T12:00") == "due"
    assert status("beraknad-utskrivning", READY, "06T12:00") == "not-applicable"


def test_a_change_that_nobody_told_before_the_patient_left_stays_overdue() -> None:
    """R58."""
    moved = replace(
        NOTICED,
        expected=(*NOTICED.expected, Expected(at("05T11:00"), at("04T09:20"))),
        discharged=at("05T11:00"),
    )
    assert status("beraknad-utskrivning", moved, "06T10:00") == "overdue"


def test_planning_is_done_when_all_units_have_confirmed() -> None:
    """R59: on receipt; at latest when the patient leaves."""
    first, second = Planning("Organization/a", at("03T09:00")), Planning("Organization/b", None)
    assert status("planering", ADMITTED, "02T10:00") == "upcoming"
    found = step("planering", NOTICED, "03T10:00", Events(planning=(first, second)))
    assert (found.status, found.deadline) == ("due", at("06T11:00"))
    assert found.text.startswith("1 av 2 enheter")
    both = Events(planning=(first, replace(second, confirmed=at("04T09:00"))))
    assert status("planering", NOTICED, "04T10:00", both) == "met"
    assert status("planering", GONE, "07T10:00", Events(planning=(first, second))) == "overdue"


@pytest.mark.parametrize(
    ("since", "expected"),
    [(None, "overdue"), ("03T10:00", "met"), ("06T16:00", "met"), ("06T17:00", "late")],
)
def test_the_contact_is_appointed_before_the_patient_leaves(
    since: str | None, expected: str
) -> None:
    """R60: on receipt of the notice, and before discharge."""
    events = Events(contact_since=at(since) if since else None)
    assert status("fast-vardkontakt", GONE, "07T10:00", events) == expected


def test_a_contact_is_due_from_the_notice_until_the_expected_time_moves() -> None:
    """R60."""
    assert status("fast-vardkontakt", ADMITTED, "02T10:00") == "upcoming"
    found = step("fast-vardkontakt", NOTICED, "03T10:00")
    assert (found.status, found.deadline) == ("due", at("06T11:00"))
    passed = step("fast-vardkontakt", NOTICED, "06T12:00")
    assert (passed.status, passed.deadline) == ("due", None)


def test_a_withdrawn_notice_waits_for_the_next() -> None:
    """R61, R62: the patient is no longer utskrivningsklar."""
    withdrawn = replace(READY, withdrawn=(at("06T14:00"),))
    found = step("utskrivningsklar", withdrawn, "06T15:00")
    assert found.status == "upcoming"
    assert "Beskedet togs tillbaka fredag 6 mars 2026 klockan 14.00" in found.text
    assert status("utskrivningsklar", READY, "06T15:00") == "met"
    unsaid = replace(NOTICED, discharged=at("06T16:00"))
    assert status("utskrivningsklar", unsaid, "06T17:00") == "overdue"


def test_withheld_information_says_so() -> None:
    """R63: unless secrecy prevents it."""
    sent = replace(GONE, transferred=(at("06T15:00"),), withheld=True)
    found = step("informationsoverforing", sent, "07T10:00")
    assert found.status == "met"
    assert "sekretess" in found.text


def test_a_meeting_has_no_deadline_and_is_held_when_its_time_has_come() -> None:
    """R66: mostly after discharge."""
    called = Events(called=at("06T16:30"))
    assert status("sip-mote", GONE, "06T17:00") == "upcoming"
    assert status("sip-mote", GONE, "06T17:00", called) == "due"
    booked = replace(called, meeting=Meeting(at("12T13:00"), held=False))
    assert status("sip-mote", GONE, "07T10:00", booked) == "upcoming"
    held = step(
        "sip-mote", GONE, "13T10:00", replace(called, meeting=Meeting(at("12T13:00"), True))
    )
    assert (held.status, held.at) == ("met", at("12T13:00"))


@pytest.mark.parametrize("law", ["lpt", "lrv", "opt", "orv"])
def test_compulsory_care_has_a_track_of_its_own(law: str) -> None:
    """R67: a plan of type SPLPTLRV in place of kallelse and SIP meeting."""
    stay = replace(READY, compulsory=law)
    assert status("kallelse", stay, "10T10:00") == "not-applicable"
    assert status("sip-mote", stay, "10T10:00") == "not-applicable"
    assert status("vardplan-tvangsvard", stay, "06T10:30") == "due"
    left = replace(stay, discharged=at("06T16:00"))
    assert status("vardplan-tvangsvard", left, "07T10:00") == "overdue"
    planned = Events(compulsory_plan=at("05T10:00"))
    assert status("vardplan-tvangsvard", left, "07T10:00", planned) == "met"
    assert status("vardplan-tvangsvard", READY, "06T10:30") == "not-applicable"


@pytest.mark.parametrize(("needs", "expected"), [({"region"}, "not-applicable"), (set(), "due")])
def test_a_sip_is_called_to_when_both_are_needed_or_nobody_has_said(
    needs: set[str], expected: str
) -> None:
    """R65: region and municipality are to coordinate."""
    assert status("kallelse", replace(READY, needs=frozenset(needs)), "06T12:00") == expected


def test_what_came_later_had_not_happened() -> None:
    """R62: a timeline can be looked at as it was."""
    whole = replace(
        GONE,
        ready=(at("05T09:30"), at("06T10:15")),
        withdrawn=(at("05T14:00"),),
        transferred=(at("06T15:00"),),
        withheld=True,
        need_assessed=at("02T09:00"),
    )
    then = whole.by(at("05T12:00"))
    assert (then.ready_since, then.withdrawn, then.discharged) == (at("05T09:30"), (), None)
    assert (then.transferred, then.withheld, then.notices) == ((), False, whole.notices)
    assert whole.by(at("02T08:30")).need_assessed is None
    assert whole.by(at("07T00:00")) == whole


def test_times_of_being_ready_are_told_apart() -> None:
    """R61, R62: a repeated notice begins nothing, a withdrawal of nothing ends nothing."""
    stay = Timeline(
        ready=(at("02T09:00"), at("03T09:00"), at("05T09:00")),
        withdrawn=(at("01T09:00"), at("04T09:00"), at("04T10:00")),
    )
    first = Spell(at("02T09:00"), at("04T09:00"))
    assert stay.spells == (first, Spell(at("05T09:00"), None))


MINUTES = st.lists(st.integers(0, 30), max_size=6).map(
    lambda found: tuple(at("02T09:00") + timedelta(minutes=each) for each in found)
)


@settings(deadline=None)
@given(MINUTES, MINUTES, st.integers(0, 31))
def test_the_notice_that_holds_is_that_of_the_time_that_runs(
    ready: tuple[datetime, ...], withdrawn: tuple[datetime, ...], minute: int
) -> None:
    """R61, R62: deadlines and payment count from the same notice, whatever the order of notices."""
    stay = Timeline(ready=ready, withdrawn=withdrawn).by(at("02T09:00") + timedelta(minutes=minute))
    spells = stay.spells
    running = spells[-1].since if spells and spells[-1].until is None else None
    assert stay.ready_since == running
    ends = [
        (each.since, each.until or datetime.max.replace(tzinfo=each.since.tzinfo))
        for each in spells
    ]
    assert all(since <= until for since, until in ends)
    assert all(first[1] <= second[0] for first, second in pairwise(ends))
