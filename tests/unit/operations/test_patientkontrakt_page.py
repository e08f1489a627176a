"""The timeline of a patientkontrakt, and the words around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fhir_server.operations.patientkontrakt import timeline
from fhir_server.operations.patientkontrakt.names import Names
from fhir_server.operations.patientkontrakt.page import steps
from fhir_server.operations.patientkontrakt.timeline import Event
from fhir_server.sweden import codes, patientkontrakt

Json = dict[str, Any]
STOCKHOLM = ZoneInfo("Europe/Stockholm")
TODAY = datetime(2026, 3, 10, 9, 30, tzinfo=STOCKHOLM)
PATIENT = "Patient/p"
NAMES = Names(
    PATIENT,
    {
        "PractitionerRole/eva": {
            "resourceType": "PractitionerRole",
            "practitioner": {"reference": "Practitioner/eva"},
            "organization": {"reference": "Organization/hc"},
            "code": [{"text": "Sjuksköterska"}],
        },
        "Practitioner/eva": {"resourceType": "Practitioner", "name": [{"text": "Eva Test"}]},
        "Organization/hc": {"resourceType": "Organization", "name": "Hälsocentralen"},
    },
    TODAY,
)


def appointment(start: str | None = None, end: str | None = None, **more: Any) -> Json:
    times = {"start": start, "end": end}
    return {
        "resourceType": "Appointment",
        "id": "a",
        "status": "booked",
        "serviceType": [{"text": "Provtagning"}],
        "participant": [
            {"actor": {"reference": PATIENT}, "status": "accepted"},
            {"actor": {"reference": "PractitionerRole/eva"}, "status": "accepted"},
        ],
        **{name: value for name, value in times.items() if value},
        **more,
    }


def plan(**more: Any) -> Json:
    return {
        "resourceType": "CarePlan",
        "id": "plan",
        "status": "active",
        "title": "Vårdplanen",
        **more,
    }


def follow_up(day: str) -> Json:
    return {"url": codes.FOLLOW_UP, "extension": [{"url": "date", "valueDate": day}]}


def evaluation(at: str) -> Json:
    parts = [{"url": "at", "valueDateTime": at}, {"url": "decision", "valueCode": "fortsatt"}]
    return {"url": codes.PLAN_EVALUATION, "extension": parts}


def told(*events: Event, moment: datetime = TODAY) -> tuple[list[str], list[str]]:
    """Give what comes and what has been, as lines: day and title."""
    coming, past, _ = steps(events, moment)
    return tuple([f"{s.when}: {s.title}" for s in each] for each in (coming, past))  # type: ignore[return-value]


def of_appointment(**more: Any) -> Event:
    [event] = timeline.of_appointments([appointment(**more)], NAMES)
    return event


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("2026-03-24T10:00:00+01:00", "2026-03-24T11:00:00+01:00", "Tisdag 24 mars, klockan 10–11"),
        (
            "2026-03-24T13:00:00+01:00",
            "2026-03-24T13:45:00+01:00",
            "Tisdag 24 mars, klockan 13–13.45",
        ),
        ("2026-03-24T10:00:00+01:00", None, "Tisdag 24 mars, klockan 10"),
        ("2026-03-24T09:00:00Z", None, "Tisdag 24 mars, klockan 10"),
        # The night to the last Sunday of March the clock goes from two to three.
        ("2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z", "Söndag 29 mars, klockan 01.30–03.30"),
        ("2027-01-04T08:15:00+01:00", None, "Måndag 4 januari 2027, klockan 08.15"),
        (
            "2026-04-02T10:00:00+02:00",
            "2026-04-04T10:00:00+02:00",
            "Torsdag 2 april–lördag 4 april",
        ),
    ],
)
def test_a_time_is_told_as_people_say_it(start: str, end: str | None, wanted: str) -> None:
    """R95: the agreed time, on Sweden's clock."""
    coming, _ = told(of_appointment(start=start, end=end))
    assert coming == [f"{wanted}: Provtagning"]


@pytest.mark.parametrize(
    ("start", "wanted"),
    [
        ("2026-03-10T15:00:00+01:00", "i dag"),
        ("2026-03-11T08:00:00+01:00", "i morgon"),
        ("2026-03-23T08:00:00+01:00", "om 13 dagar"),
        ("2026-03-24T08:00:00+01:00", "om 2 veckor"),
        ("2026-05-05T08:00:00+02:00", "om 8 veckor"),
        ("2026-05-20T08:00:00+02:00", "om 2 månader"),
        ("2027-03-09T08:00:00+01:00", "om 12 månader"),
        ("2027-06-01T08:00:00+02:00", "om mer än ett år"),
    ],
)
def test_how_far_off_it_is_stands_beside_the_day(start: str, wanted: str) -> None:
    coming, _, _ = steps([of_appointment(start=start)], TODAY)
    assert [step.soon for step in coming] == [wanted]


def test_what_goes_on_now_has_not_been() -> None:
    now = of_appointment(start="2026-03-10T09:00:00+01:00", end="2026-03-10T10:00:00+01:00")
    over = of_appointment(start="2026-03-10T08:00:00+01:00", end="2026-03-10T09:00:00+01:00")
    coming, past, _ = steps([now, over], TODAY)
    assert [s.when for s in coming] == ["Tisdag 10 mars, klockan 09–10"]
    assert [s.when for s in past] == ["Tisdag 10 mars, klockan 08–09"]


def test_a_day_without_an_hour_lasts_all_day() -> None:
    [event] = timeline.of_plan(plan(extension=[follow_up("2026-03-10")]), NAMES)
    late = TODAY.replace(hour=23, minute=59)
    assert told(event, moment=late)[0] == ["Tisdag 10 mars: Vårdplanen följs upp"]


def test_the_next_thing_is_the_first_that_takes_place() -> None:
    """R96: what happens next is seen first; what is called off is still there."""
    off = of_appointment(start="2026-03-12T10:00:00+01:00", status="cancelled")
    on = of_appointment(start="2026-03-13T10:00:00+01:00")
    coming, _, _ = steps([on, off], TODAY)
    assert [(s.off, s.is_next, s.state) for s in coming] == [
        (True, False, "Inställt"),
        (False, True, "Bokat"),
    ]


def test_a_proposal_is_no_agreed_time_and_one_without_a_time_comes_last() -> None:
    asked = of_appointment(status="proposed")
    on = of_appointment(start="2026-03-13T10:00:00+01:00", status="pending")
    coming, _, _ = steps([asked, on], TODAY)
    assert [(s.when, s.state) for s in coming] == [
        ("Fredag 13 mars, klockan 10", "Inte bokat än, väntar på svar"),
        ("Tiden är inte bestämd", "Förslag, inte bokat än"),
    ]


@pytest.mark.parametrize("status", ["entered-in-error", "waitlist"])
def test_what_is_no_time_is_left_out(status: str) -> None:
    assert list(timeline.of_appointments([appointment(status=status)], NAMES)) == []


def test_who_comes_and_where_is_told_and_who_said_no_does_not_come() -> None:
    declined = {"actor": {"display": "Ola Test, läkare"}, "status": "declined"}
    place = {"actor": {"reference": "Location/l", "display": "Rum 3"}, "status": "accepted"}
    base = appointment()
    event = of_appointment(participant=[*base["participant"], declined, place])
    assert event.details == ("Plats: Rum 3", "Med: Eva Test")


def test_the_link_to_a_video_meeting_is_there_when_it_is_booked_and_only_https() -> None:
    def link(url: str, status: str = "booked") -> str:
        where = [{"url": codes.MEETING_PLACE, "valueUrl": url}]
        return of_appointment(extension=where, status=status).link

    assert link("https://video.example/1") == "https://video.example/1"
    assert link("https://video.example/1", "proposed") == ""
    assert link("javascript:alert(1)") == ""


def test_a_follow_up_that_was_held_is_told_once_and_one_that_was_not_is_told_so() -> None:
    """R92: a day that passed without an evaluation is not passed over in silence."""
    held = plan(extension=[follow_up("2026-02-01"), evaluation("2026-02-02T10:00:00+01:00")])
    missed = plan(extension=[follow_up("2026-02-01")])
    assert told(*timeline.of_plan(held, NAMES))[1] == [
        "Måndag 2 februari, klockan 10: Vårdplanen följdes upp"
    ]
    assert told(*timeline.of_plan(missed, NAMES))[1] == [
        "Söndag 1 februari: Vårdplanen skulle följas upp"
    ]


def test_what_begins_with_the_plan_is_not_told_twice() -> None:
    def activity(start: str) -> Json:
        period = {"start": start}
        return {"detail": {"status": "scheduled", "description": "Gå", "scheduledPeriod": period}}

    started = plan(
        period={"start": "2026-02-01"},
        activity=[activity("2026-02-01"), activity("2026-04-01")],
    )
    coming, past = told(*timeline.of_plan(started, NAMES))
    assert coming == ["Onsdag 1 april: Börjar: Gå"]
    assert past == ["Söndag 1 februari: Vårdplanen började gälla"]


def test_the_past_is_a_year_and_the_latest_is_first() -> None:
    days = [f"2026-01-{day:02}" for day in range(1, 14)] + ["2024-12-01"]
    events = [Event(timeline.VISIT, day, "x", *_whole(day)) for day in days]
    _, past, earlier = steps(events, TODAY)
    assert (past[0].title, len(past), earlier) == ("2026-01-13", 10, 3)


def _whole(day: str) -> tuple[str, datetime, datetime]:
    start = datetime.fromisoformat(day).replace(tzinfo=STOCKHOLM)
    return "", start, start.replace(hour=23)


# ---- which plans -------------------------------------------------------------------------------


def kontrakt(id_: str = "pk", start: str = "2026-01-01", **more: Any) -> Json:
    coding = {"system": codes.PLAN_CATEGORY_SYSTEM, "code": codes.PATIENTKONTRAKT}
    return plan(id=id_, category=[{"coding": [coding]}], period={"start": start}, **more)


def of_type(code: str, id_: str, **more: Any) -> Json:
    coding = {"system": codes.CARE_PLAN_CATEGORY, "code": code}
    return plan(id=id_, category=[{"coding": [coding]}], **more)


def test_the_patientkontrakt_in_force_is_the_latest_that_holds_today() -> None:
    """R95: one umbrella."""
    old, new = kontrakt("old"), kontrakt("new", "2026-02-01")
    later, draft = kontrakt("later", "2026-06-01"), kontrakt("draft", "2026-02-02", status="draft")
    found = patientkontrakt.umbrella([old, later, new, draft, of_type("VP", "vp")], TODAY)
    assert found is not None
    assert found["id"] == "new"
    assert patientkontrakt.umbrella([later], TODAY) is None


def test_a_plan_belongs_when_either_side_says_so() -> None:
    """R98: a plan of another system that can't point here is pointed at."""
    up = of_type("VP", "up", partOf=[{"reference": "CarePlan/pk"}])
    down = of_type("RP", "down")
    alone = of_type("HP", "alone")
    holder = kontrakt(supportingInfo=[{"reference": "CarePlan/down"}])
    assert [patientkontrakt.belongs(each, holder) for each in (up, down, alone)] == [
        True,
        True,
        False,
    ]
    assert not patientkontrakt.belongs(up, None)


def test_plans_stand_in_the_order_in_which_they_are_looked_for() -> None:
    """R86, R93: in force before over, a SIP first; a version that is replaced is not shown."""
    plans = [
        of_type("VP", "over", status="completed"),
        of_type("VP", "vp"),
        of_type("SIP", "old", status="completed"),
        of_type("SIP", "sip", replaces=[{"reference": "CarePlan/old"}]),
        of_type("SIP", "new", status="draft", replaces=[{"reference": "CarePlan/sip"}]),
        of_type("GP", "linked", partOf=[{"reference": "CarePlan/pk"}]),
        kontrakt(),
    ]
    found = patientkontrakt.in_order(plans, kontrakt())
    assert [each["id"] for each in found] == ["sip", "linked", "vp", "new", "over"]
