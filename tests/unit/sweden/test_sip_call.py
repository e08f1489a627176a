"""The call to a SIP meeting: answers, deadlines, whom the plan proposes, whom the person refuses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fhir_server.sweden import codes, sip_call, sip_participants
from fhir_server.sweden.periods import STOCKHOLM

Json = dict[str, Any]


def at(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("status", "business", "answer"),
    [
        ("requested", "needs-action", "needs-action"),
        ("requested", "", "needs-action"),
        ("received", "", "needs-action"),
        ("received", "tentative", "tentative"),
        ("accepted", "accepted", "accepted"),
        ("completed", "", "accepted"),
        ("rejected", "declined", "declined"),
        ("rejected", "", "declined"),
    ],
)
def test_an_answer_is_read_from_the_task(status: str, business: str, answer: str) -> None:
    """R91: also from Tasks that other systems wrote."""
    task: Json = {"status": status}
    if business:
        coding = {"system": sip_call.PARTICIPATION, "code": business}
        task["businessStatus"] = {"coding": [coding]}
    assert sip_call.answer_of(task) == answer


@pytest.mark.parametrize(
    ("before", "has_time", "answers", "after"),
    [
        ("pending", True, ["accepted", "accepted"], "booked"),
        ("pending", True, ["accepted", "needs-action"], "pending"),
        ("booked", True, ["accepted", "declined"], "pending"),
        ("proposed", False, ["accepted"], "proposed"),
        ("cancelled", True, ["accepted"], "cancelled"),
        ("fulfilled", True, ["declined"], "fulfilled"),
    ],
)
def test_a_meeting_is_what_its_answers_make_it(
    before: str, has_time: bool, answers: list[str], after: str
) -> None:
    """R91: booked when all come."""
    assert sip_call.meeting_status(before, has_time, answers) == after


@pytest.mark.parametrize(
    ("called", "start", "last"),
    [
        (at(2026, 3, 6, 16, 30), None, "2026-03-13"),
        (at(2026, 3, 6, 16, 30), at(2026, 3, 12, 13), "2026-03-11"),
        (at(2026, 3, 6, 16, 30), at(2026, 4, 12, 13), "2026-03-13"),
        (at(2026, 3, 6, 16, 30), at(2026, 3, 6, 18), "2026-03-06"),
        # The night to 29 March 2026 has an hour less.
        (at(2026, 3, 22, 23, 30), None, "2026-03-29"),
    ],
)
def test_answers_are_due_before_the_meeting(
    called: dt.datetime, start: dt.datetime | None, last: str
) -> None:
    """R91: seven days, the day before the meeting at latest, never before the call."""
    assert sip_call.answer_deadline(called, start, 7).isoformat() == last


def test_the_plan_proposes_who_takes_part_and_the_contacts() -> None:
    """R90, R91: each once; a team is no actor, the person stands apart."""
    plan = {
        "author": {"reference": "PractitionerRole/eva"},
        "contributor": [{"reference": "Organization/hc"}, {"reference": "CareTeam/team"}],
        "activity": [
            {"detail": {"performer": [{"reference": "Organization/hc"}]}},
            {"detail": {"performer": [{"reference": "RelatedPerson/dotter"}]}},
            {"detail": {"performer": [{"reference": "Patient/p"}]}},
        ],
        "extension": [
            {"url": codes.SIP_INITIATOR, "valueReference": {"reference": "PractitionerRole/sam"}}
        ],
    }
    system, _, code = codes.NAMED_CONTACTS.partition("|")
    contact = {
        "resourceType": "CareTeam",
        "category": [{"coding": [{"system": system, "code": code}]}],
        "participant": [{"member": {"reference": "PractitionerRole/sara"}}],
    }
    assert [each["reference"] for each in sip_participants.named(plan, [contact])] == [
        "Organization/hc",
        "RelatedPerson/dotter",
        "PractitionerRole/eva",
        "PractitionerRole/sam",
        "PractitionerRole/sara",
    ]


def denial(period: Json | None = None, status: str = "active") -> Json:
    named: Json = {"type": "deny", "actor": [{"reference": {"reference": "RelatedPerson/son"}}]}
    if period:
        named["period"] = period
    return {"status": status, "provision": {"type": "permit", "provision": [named]}}


@pytest.mark.parametrize(
    ("consent", "relative", "objects"),
    [
        (denial(), "RelatedPerson/son", True),
        (denial(), "RelatedPerson/dotter", False),
        (denial({"end": "2026-03-01"}), "RelatedPerson/son", False),
        (denial(status="inactive"), "RelatedPerson/son", False),
    ],
)
def test_the_person_may_not_want_a_relative_there(
    consent: Json, relative: str, objects: bool
) -> None:
    """R79: as the consent says, at any depth, as long as it says so."""
    assert sip_call.objects_to([consent], [relative], at(2026, 3, 6)) is objects


def stay(**more: Any) -> Json:
    return {"resourceType": "Encounter", **more}


@pytest.mark.parametrize(
    ("encounter", "advised"),
    [
        (stay(period={"end": "2026-03-13T10:00:00+01:00"}), True),
        (stay(period={"end": "2026-03-06T16:00:00+01:00"}), False),
        (stay(), False),
        (
            stay(
                extension=[
                    {
                        "url": codes.EXPECTED_DISCHARGE,
                        "extension": [{"url": "time", "valueDateTime": when}],
                    }
                    for when in ("2026-03-06T11:00:00+01:00", "2026-03-16T11:00:00+01:00")
                ]
            ),
            True,
        ),
    ],
)
def test_the_meeting_is_advised_after_the_discharge(encounter: Json, advised: bool) -> None:
    """R66: by the end of the stay, or as it is expected by what was said last."""
    found = list(sip_call.after_the_discharge(encounter, at(2026, 3, 12, 13)))
    assert bool(found) is advised


def test_who_calls_after_a_stay_is_the_fast_vardkontakt() -> None:
    """R65: another is advised; without a stay anybody calls."""
    contact = {"participant": [{"member": {"reference": "PractitionerRole/eva"}}]}
    eva, ola = {"reference": "PractitionerRole/eva"}, {"reference": "PractitionerRole/ola"}
    assert not list(sip_call.called_by_the_contact(eva, [contact], True))
    assert not list(sip_call.called_by_the_contact(ola, [contact], False))
    [said] = sip_call.called_by_the_contact(ola, [contact], True)
    assert [each.code for each in said.details] == ["SAMVL-4-3"]
