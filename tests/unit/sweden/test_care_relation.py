"""Which resources say that a unit takes part in somebody's care now."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search import labels
from fhir_server.sweden import codes
from fhir_server.sweden.care_relation import SIGNS, UNDER_WAY, is_sign, may_tell, months

NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)


def signs(type_: str, status: str, *, owned: bool = True, sent: bool = False, **more: Any) -> bool:
    resource = {"resourceType": type_, "status": status, **more}
    return is_sign(resource, owned=owned, sent=sent, now=NOW, days=30)


@pytest.mark.parametrize(
    ("type_", "status", "more", "expected"),
    [
        ("Encounter", "in-progress", {}, True),
        ("Encounter", "onleave", {"period": {"start": "2026-01-01"}}, True),
        ("Encounter", "planned", {"period": {"start": "2026-07-10"}}, True),
        ("Encounter", "planned", {"period": {"start": "2026-08-10"}}, False),
        ("Encounter", "finished", {"period": {"end": "2026-06-01"}}, True),
        ("Encounter", "finished", {"period": {"end": "2026-05-01"}}, False),
        ("Encounter", "finished", {}, False),
        ("Encounter", "in-progress", {"period": {"end": "2020-01-01"}}, False),
        ("Encounter", "cancelled", {}, False),
        ("Encounter", "entered-in-error", {}, False),
        ("EpisodeOfCare", "active", {}, True),
        ("EpisodeOfCare", "finished", {}, False),
        ("CareTeam", "active", {"period": {"start": "2026-01-01"}}, True),
        ("CareTeam", "active", {"period": {"end": "2026-06-14"}}, False),
        ("CareTeam", "proposed", {}, False),
        ("CarePlan", "active", {}, True),
        ("CarePlan", "draft", {}, False),
        ("Appointment", "booked", {"start": "2026-07-01T10:00:00Z"}, True),
        ("Appointment", "booked", {"start": "2027-07-01T10:00:00Z"}, False),
        ("Appointment", "booked", {"start": "2026-01-01T10:00:00Z"}, False),
        ("Appointment", "proposed", {}, True),
        ("Appointment", "cancelled", {"start": "2026-06-16T10:00:00Z"}, False),
        ("Observation", "final", {}, False),
    ],
)
def test_what_the_unit_answers_for(
    type_: str, status: str, more: dict[str, Any], expected: bool
) -> None:
    """R111: a relation is of now; a contact that ended counts for some days."""
    assert signs(type_, status, **more) == expected
    assert not signs(type_, status, owned=False, **more)


@pytest.mark.parametrize("type_", ["ServiceRequest", "Task"])
def test_a_request_makes_a_relation_for_whom_it_is_sent_to(type_: str) -> None:
    """R111: to send a request about somebody opens nothing."""
    status = "active" if type_ == "ServiceRequest" else "requested"
    assert signs(type_, status, owned=False, sent=True)
    assert not signs(type_, status, owned=True)
    assert not signs(type_, "completed", owned=False, sent=True)


def test_whose_inskrivningsmeddelande_came_knows_the_patient() -> None:
    """R111, R55: the units that are to receive the patient prepare for it."""
    assert signs("Encounter", "in-progress", owned=False, sent=True)
    assert not signs("Encounter", "finished", owned=False, sent=True, period={"end": "2026-06-14"})


def test_a_contact_that_was_declined_is_no_relation() -> None:
    """R7, R111: the person said no."""
    said = {
        "url": codes.PATIENT_DECISION,
        "extension": [{"url": "decision", "valueCode": "declined"}],
    }
    assert not signs("CareTeam", "active", extension=[said])


ENDS = ("2020-01-31", "2026-05-16", "2026-05-31T23:30:00Z", "2026-06-15T12:00:00Z", "2026-07-10")


@settings(deadline=None)
@given(
    st.sampled_from([*SIGNS, "Observation"]),
    st.sampled_from([*{s for each in SIGNS.values() for s in (*each.owned, *each.sent)}, "x"]),
    st.none() | st.sampled_from(ENDS),
    st.sampled_from([(True, False), (False, True), (True, True)]),
)
def test_every_sign_is_found_by_what_its_label_tells(
    type_: str, status: str, end: str | None, role: tuple[bool, bool]
) -> None:
    """R111: only what is labelled so is looked at when it is asked who takes part in the care."""
    resource = {
        "resourceType": type_,
        "status": status,
        **({"period": {"end": end}} if end else {}),
    }
    owned, sent = role
    if is_sign(resource, owned=owned, sent=sent, now=NOW, days=30):
        days = dt.timedelta(days=31)
        assert may_tell(resource) in (UNDER_WAY, *months(NOW - days, NOW + days))


def test_care_that_ended_is_labelled_with_its_month_and_by_nothing_else() -> None:
    """R111: the label tells nothing that changes with time."""
    ended = {"resourceType": "Encounter", "status": "finished", "period": {"end": "2026-06-01"}}
    assert may_tell(ended) == "2026-06"
    assert may_tell({**ended, "period": {"end": "2026-05-31T23:30:00-02:00"}}) == "2026-06"
    assert may_tell({**ended, "period": {}}) == ""
    assert may_tell({**ended, "status": "in-progress"}) == UNDER_WAY
    assert may_tell({**ended, "status": "cancelled"}) == ""
    assert may_tell({"resourceType": "Observation", "status": "active"}) == ""


def test_the_law_and_the_label_spell_it_alike() -> None:
    assert UNDER_WAY == labels.CURRENT


def test_months_go_on_from_one_year_to_the_next() -> None:
    december = dt.datetime(2026, 12, 31, tzinfo=dt.UTC)
    assert months(december - dt.timedelta(days=40), december + dt.timedelta(days=1)) == [
        "2026-11",
        "2026-12",
        "2027-01",
    ]
