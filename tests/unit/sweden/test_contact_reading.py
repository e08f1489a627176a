"""A named contact as a reader needs it, read from its CareTeam and what that refers to."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.contact_reading import care_giver, view
from fhir_server.sweden.contact_view import Channel, ContactView, Hours, Place
from fhir_server.sweden.periods import bounds

Json = dict[str, Any]


def moment(text: str = "2026-03-12") -> Any:
    found = bounds(text)
    assert found
    return found[0]


PHONE = {"system": "phone", "value": "1"}
STORE: dict[str, Json] = {
    "Practitioner/eva": {
        "resourceType": "Practitioner",
        "id": "eva",
        "identifier": [{"system": codes.HSA_ID_SYSTEMS[1], "value": "SE1-EVA"}],
        "name": [
            {"use": "nickname", "text": "Evis"},
            {"use": "official", "given": ["Eva", "Maria"], "family": "Test"},
        ],
        "telecom": [
            {"system": "phone", "value": "home", "use": "home"},
            {"system": "phone", "value": "work", "use": "work"},
        ],
    },
    "PractitionerRole/eva": {
        "resourceType": "PractitionerRole",
        "id": "eva",
        "practitioner": {"reference": "Practitioner/eva"},
        "organization": {"reference": "Organization/filial"},
        "code": [{"coding": [{"display": "Distriktssköterska"}]}],
        "telecom": [PHONE],
        "availableTime": [{"daysOfWeek": ["mon"], "allDay": True}],
        "notAvailable": [{"description": "x", "during": {"end": "2026-03-01"}}],
    },
    "Organization/filial": {"resourceType": "Organization", "id": "filial", "name": "Filialen"},
    "Organization/hc": {
        "resourceType": "Organization",
        "id": "hc",
        "name": "Hälsocentralen",
        "partOf": {"reference": "Organization/region"},
    },
    "Organization/region": {"resourceType": "Organization", "id": "region", "name": "Regionen"},
}


def read(**more: Any) -> ContactView:
    role: Json = {"coding": [{"system": codes.CONTACT_TYPE, "code": "1"}]}
    team: Json = {
        "resourceType": "CareTeam",
        "id": "1",
        "status": "active",
        "participant": [{"role": [role], "member": {"reference": "PractitionerRole/eva"}}],
        "managingOrganization": [{"reference": "Organization/hc"}],
    }
    return view(team | more, STORE.get, moment())


def concept(url: str, **value: Any) -> Json:
    return {"url": url, "valueCodeableConcept": value}


def test_the_person_is_named_with_title_and_ways() -> None:
    """R5, R13, R43: the official name; the role's ways, then the person's at work."""
    person = read().person
    assert (person.name, person.title) == ("Eva Maria Test", "Distriktssköterska")
    assert [channel.value for channel in person.channels] == ["1", "work"]
    assert (person.hsa_id, person.protected) == ("SE1-EVA", False)
    assert person.unit == Place("Organization/filial", "Filialen")
    assert person.hours == (Hours(("mon",)),)
    assert len(person.absences) == 1


def test_the_unit_and_the_caregiver_above_it_are_told() -> None:
    """R10, R112."""
    found = read()
    assert found.unit == Place("Organization/hc", "Hälsocentralen")
    assert found.care_giver == Place("Organization/region", "Regionen")
    assert (found.kind, found.display) == ("1", "fast vårdkontakt")


def test_the_unit_of_the_role_stands_in_where_the_assignment_names_none() -> None:
    """R112."""
    assert read(managingOrganization=[]).unit == Place("Organization/filial", "Filialen")


def test_notes_tasks_reason_and_local_title_are_read() -> None:
    """R25, R28, R46, R114."""
    title = {"system": codes.CONTACT_TITLE_SYSTEM, "code": "samordnare", "display": "Samordnare"}
    national = {"system": codes.CONTACT_TYPE, "code": "4"}
    found = read(
        participant=[{"role": [{"coding": [national, title]}]}],
        note=[{"text": "Ring"}],
        extension=[
            {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": "Hund"}},
            concept(codes.CONTACT_TASK, text="Samordna insatser"),
            concept(codes.END_REASON, coding=[{"display": "Flyttat"}]),
        ],
    )
    assert (found.kind, found.local_title) == ("4", "Samordnare")
    assert (found.notes, found.internal_notes) == (("Ring",), ("Hund",))
    assert (found.tasks, found.end_reason) == (("Samordna insatser",), "Flyttat")


def test_ways_that_do_not_hold_are_left_out_and_rank_decides_the_order() -> None:
    """R43."""
    ways: list[Json] = [
        {"system": "phone", "value": "second"},
        {"system": "phone", "value": "first", "rank": 1},
        {"system": "phone", "value": "old", "use": "old"},
        {"system": "phone", "value": "over", "period": {"end": "2026-03-11"}},
        {"system": "phone"},
    ]
    assert [channel.value for channel in read(telecom=ways).channels] == ["first", "second"]


def test_a_way_has_hours_and_a_note() -> None:
    """R43, R44: call back."""
    parts = [{"url": "daysOfWeek", "valueCode": "fri"}, {"url": "month", "valueCode": "dec"}]
    extensions = [
        {"url": codes.CONTACT_AVAILABILITY, "extension": parts},
        {"url": codes.CONTACT_NOTE, "valueString": "Vi ringer upp."},
    ]
    [found] = read(telecom=[PHONE | {"extension": extensions}]).channels
    hours = Hours(("fri",), months=(12,))
    assert found == Channel("phone", "1", hours=(hours,), note="Vi ringer upp.")


@pytest.mark.parametrize(("end", "count"), [("2026-03-11", 0), ("2026-03-12", 1)])
def test_a_deputy_whose_time_is_over_is_left_out(end: str, count: int) -> None:
    """R45."""
    deputy = {
        "url": codes.DEPUTY,
        "extension": [
            {"url": "member", "valueReference": {"reference": "PractitionerRole/eva"}},
            {"url": "period", "valuePeriod": {"end": end}},
            {"url": "telecom", "valueContactPoint": PHONE},
        ],
    }
    found = read(participant=[{"extension": [deputy]}]).deputies
    assert len(found) == count
    assert [each.channels for each in found] == [(Channel("phone", "1"),)] * count


def test_the_caregiver_is_the_nearest_legal_body_with_an_hsa_id() -> None:
    """R112: above it may be the huvudman, who is another."""
    hsa = {"system": codes.HSA_ID, "value": "SE1-1"}
    legal = {"system": codes.ORGANISATIONSNUMMER, "value": "2321000214"}
    unit, middle = {"id": "u", "identifier": [hsa]}, {"id": "m", "identifier": [legal]}
    private, region = ({"id": each, "identifier": [hsa, legal]} for each in ("p", "r"))
    assert care_giver([unit, middle, private, region]) == private
    assert care_giver([unit, middle]) == middle
    assert care_giver([]) is None


def test_what_is_nowhere_reads_as_unknown() -> None:
    """A role that was deleted leaves its reference."""
    found = read(participant=[{"member": {"reference": "PractitionerRole/gone"}}])
    assert (found.person.reference, found.person.name) == ("PractitionerRole/gone", "")
