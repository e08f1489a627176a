"""A contact ends with its reason: one, or all of a patient's at once."""

from __future__ import annotations

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, days, matches, members, refused_by, result, string
from tests.domain.life_cycle import change, end, every, granted, moment, named, reason_of, url_of


def begun(clinic: Clinic, patient: str, role: str, kind: str = "1", start: int = -30) -> str:
    """Assign a contact some days ago; give its CareTeam."""
    return url_of(
        result(clinic.assign(patient, role, kind, period={"valuePeriod": {"start": days(start)}}))
    )


def test_an_assignment_ends_with_its_reason(clinic: Clinic) -> None:
    """R20, R48, ct-10."""
    patient = clinic.patient()
    team = begun(clinic, patient, clinic.nurse())
    response = end(clinic, team, "behov-upphort", note=string("Patienten mår bra."))
    ended = named(response)["return"]
    assert (response.status_code, ended["status"]) == (200, "inactive")
    assert reason_of(ended) == "behov-upphort"
    assert ended["note"][-1] == {"text": "Patienten mår bra."}
    assert matches(clinic.contacts(patient)) == []
    # R48: the history keeps it.
    assert [url_of(each) for each in matches(clinic.contacts(patient, f"?date={days(-1)}"))] == [
        team
    ]


def test_an_end_ahead_of_time_leaves_the_contact_until_then(clinic: Clinic) -> None:
    """R20: the day is included whole."""
    patient, role = clinic.patient(), clinic.nurse()
    team = begun(clinic, patient, role)
    ended = named(end(clinic, team, "flyttat", at=moment(days(3))))["return"]
    assert (ended["status"], ended["period"]["end"]) == ("active", days(3))
    assert members(clinic.contacts(patient, f"?date={days(3)}")) == [role]
    assert members(clinic.contacts(patient, f"?date={days(4)}")) == []


def test_what_ended_as_planned_keeps_its_end_when_the_status_is_set(clinic: Clinic) -> None:
    """R48."""
    patient = clinic.patient()
    team = begun(clinic, patient, clinic.nurse())
    planned = clinic.read(team)
    reason = {"coding": [{"system": codes.END_REASON_SYSTEM, "code": "flyttat"}]}
    told = {"url": codes.END_REASON, "valueCodeableConcept": reason}
    clinic.put(planned | {"period": {"start": days(-30), "end": days(-2)}, "extension": [told]})
    ended = named(end(clinic, team, "annat"))["return"]
    assert (ended["status"], ended["period"]["end"]) == ("inactive", days(-2))
    assert reason_of(ended) == "flyttat"


def test_an_assignment_ends_once(clinic: Clinic) -> None:
    """R48."""
    team = begun(clinic, clinic.patient(), clinic.nurse())
    named(end(clinic, team, "behov-upphort"))
    assert end(clinic, team, "annat").status_code == 409


@pytest.mark.parametrize("reason", ["byte-patient", "byte-verksamhet"])
def test_an_end_is_no_way_around_the_decision_about_a_change(clinic: Clinic, reason: str) -> None:
    """R46: hälso- och sjukvårdsförordningen 4 kap. 1 §."""
    team = begun(clinic, clinic.patient(), clinic.nurse())
    refused_by(end(clinic, team, reason), "HSF-4-1", "CareTeam.extension")


def test_an_end_as_declined_needs_the_patients_own_no(clinic: Clinic) -> None:
    """R7."""
    team = begun(clinic, clinic.patient(), clinic.nurse())
    refused_by(end(clinic, team, "avbojd"), "PL-6-2", "CareTeam.extension")


def test_an_end_before_the_contact_began_is_refused(clinic: Clinic) -> None:
    """R48."""
    team = begun(clinic, clinic.patient(), clinic.nurse())
    refused_by(end(clinic, team, "annat", at=moment(days(-31))), "PL-6-2", "at")


def test_a_reason_that_is_none_is_refused(clinic: Clinic) -> None:
    """R20."""
    team = begun(clinic, clinic.patient(), clinic.nurse())
    assert end(clinic, team, "trott").json["issue"][0]["code"] == "code-invalid"


def test_a_death_ends_all_contacts_at_that_time(clinic: Clinic) -> None:
    """R20: of the region and the municipality, and what was planned never begins."""
    patient = clinic.patient()
    nurse, physician = clinic.nurse(), clinic.physician()
    ours = [begun(clinic, patient, nurse, "4"), begun(clinic, patient, physician, "2")]
    ahead = begun(clinic, patient, clinic.nurse(), start=5)
    died = clinic.read(patient) | {"deceasedDateTime": f"{days(-2)}T14:30:00+01:00"}
    clinic.put(died)
    response = end(clinic, patient, "avliden")
    ended = {url_of(each): each for each in every(response, "return")}
    assert {url: ended[url]["period"].get("end") for url in ours} == dict.fromkeys(
        ours, died["deceasedDateTime"]
    )
    assert [ended[url]["status"] for url in ours] == ["inactive", "inactive"]
    assert ended[ahead]["status"] == "entered-in-error"
    assert {reason_of(each) for each in ended.values()} == {"avliden"}
    assert matches(clinic.contacts(patient)) == []
    assert end(clinic, patient, "avliden").status_code == 409


def test_ending_all_contacts_is_all_or_nothing(clinic: Clinic) -> None:
    """R20: a reason that the law refuses leaves each contact as it was."""
    patient = clinic.patient()
    teams = [begun(clinic, patient, clinic.nurse(), kind) for kind in "14"]
    before = [clinic.read(team) for team in teams]
    assert end(clinic, patient, "byte-patient").status_code == 422
    assert [clinic.read(team) for team in teams] == before


def test_ending_all_contacts_ends_a_planned_change_before_it_begins(clinic: Clinic) -> None:
    """R20, R48."""
    patient, chef = clinic.patient(), clinic.person()
    team = begun(clinic, patient, clinic.nurse())
    asked = granted(patient, chef, clinic.nurse(), at=moment(days(6)))
    successor = url_of(named(change(clinic, team, **asked))["return"])
    ended = {url_of(each): each for each in every(end(clinic, patient, "flyttat"), "return")}
    assert ended[team]["status"] == "inactive"
    assert reason_of(ended[team]) == "flyttat"
    assert ended[successor]["status"] == "entered-in-error"


def test_a_patient_without_contacts_has_none_to_end(clinic: Clinic) -> None:
    """R20."""
    assert end(clinic, clinic.patient(), "avliden").status_code == 409
    assert end(clinic, "Patient/unknown", "avliden").status_code == 404


def test_a_proposal_that_ends_was_nobodys_contact(clinic: Clinic) -> None:
    """R20."""
    patient = clinic.patient()
    team = clinic.read(begun(clinic, patient, clinic.nurse()))
    clinic.put(team | {"status": "proposed"})
    ended: Json = named(end(clinic, url_of(team), "annat"))["return"]
    assert ended["status"] == "entered-in-error"
