"""The patient is told that a contact is possible, and who it is; or a relative, and why."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.facts import facts_of
from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    days,
    matches,
    reference,
    refusals,
    refused_by,
    result,
    string,
)
from tests.domain.life_cycle import advised, in_seconds, moment, named, tell, url_of

NOT_ABLE = string("Svår demens, kan inte ta emot informationen")
FREE = {"valueBoolean": False}


@pytest.fixture
def patient(clinic: Clinic) -> str:
    return clinic.patient()


@pytest.fixture
def daughter(clinic: Clinic, patient: str) -> str:
    return clinic.put({"resourceType": "RelatedPerson", "patient": {"reference": patient}})


@pytest.fixture
def nurse(clinic: Clinic) -> str:
    return clinic.nurse()


@pytest.fixture
def team(clinic: Clinic, patient: str, nurse: str) -> str:
    return url_of(result(clinic.assign(patient, nurse)))


def by_phone(nurse: str, *recipients: str, **more: Any) -> Any:
    told = {"recipient": [reference(each) for each in recipients]} if recipients else {}
    return {"by": reference(nurse), "channel": code("telefon"), **told, **more}


def given(team: Json) -> list[dict[str, Any]]:
    """Give the parts of each information-given."""
    return [
        {part["url"]: next(v for k, v in part.items() if k != "url") for part in each["extension"]}
        for each in team.get("extension", [])
        if each["url"] == codes.INFORMATION_GIVEN
    ]


def test_who_told_the_patient_when_and_how_is_kept_with_the_assignment(
    clinic: Clinic, patient: str, nurse: str, team: str
) -> None:
    """R10: on the CareTeam and as a Communication, together."""
    said = by_phone(nurse, patient, at=moment(days(-1)), text=string("Eva, 063-000 00 01"))
    response = tell(clinic, team, **said)
    assert response.status_code == 201
    told, noted = named(response)["return"], named(response)["careTeam"]
    assert told["category"][0]["coding"][0]["code"] == "vem-som-ar-kontakt"
    assert told["about"] == [{"reference": team}]
    assert (told["sender"], told["sent"]) == ({"reference": nurse}, days(-1))
    assert told["recipient"] == [{"reference": patient}]
    assert told["payload"] == [{"contentString": "Eva, 063-000 00 01"}]
    assert given(noted) == [
        {
            "at": days(-1),
            "by": {"reference": nurse},
            "channel": "telefon",
            "recipient": "patient",
        }
    ]
    assert "informed" in facts_of(noted)


def test_a_patient_is_told_that_a_contact_is_possible(
    clinic: Clinic, patient: str, nurse: str
) -> None:
    """R9: before there is one; patientlagen 3 kap. 2 §."""
    response = tell(clinic, patient, **by_phone(nurse, patient))
    told = named(response)["return"]
    assert told["category"][0]["coding"][0]["code"] == "mojlighet-till-kontakt"
    found = clinic.fhir.get(f"Communication?patient={patient}&category=mojlighet-till-kontakt")
    assert [url_of(each) for each in matches(found.json)] == [url_of(told)]


def test_information_that_nobody_got_is_refused(
    clinic: Clinic, patient: str, nurse: str, team: str
) -> None:
    """R10."""
    with clinic.nothing_stored("Communication"):
        for where in (team, patient):
            response = tell(clinic, where, **by_phone(nurse))
            refused_by(response, "PL-3-2", "Communication.recipient")
    assert given(clinic.read(team)) == []


def test_a_relative_is_told_where_the_patient_cannot_receive_it(
    clinic: Clinic, nurse: str, team: str, daughter: str
) -> None:
    """R11: with the reason; patientlagen 3 kap. 4 §."""
    more = {"reason": NOT_ABLE, "secrecyPrevents": FREE, "adaptation": string("Med tolk")}
    response = tell(clinic, team, **by_phone(nurse, daughter, **more))
    told = named(response)["return"]
    assert told["reasonCode"] == [{"text": NOT_ABLE["valueString"]}]
    assert told["note"] == [{"text": "Med tolk"}]
    assert [each["recipient"] for each in given(named(response)["careTeam"])] == ["narstaende"]
    assert advised(response) == []


def test_a_relative_told_without_a_reason_is_refused(
    clinic: Clinic, nurse: str, team: str, daughter: str
) -> None:
    """R11."""
    response = tell(clinic, team, **by_phone(nurse, daughter, secrecyPrevents=FREE))
    assert ("business-rule", ["PL-3-4"], "Communication.reasonCode") in refusals(response)


def test_patient_and_relative_told_together_need_no_reason(
    clinic: Clinic, patient: str, nurse: str, team: str, daughter: str
) -> None:
    """R11."""
    said = by_phone(nurse, patient, daughter, secrecyPrevents=FREE)
    kinds = [each["recipient"] for each in given(named(tell(clinic, team, **said))["careTeam"])]
    assert kinds == ["narstaende", "patient"]


def test_secrecy_prevents_that_a_relative_is_told(
    clinic: Clinic, nurse: str, team: str, daughter: str
) -> None:
    """R11: patientlagen 3 kap. 5 §; where nobody assessed it, a warning."""
    said = by_phone(nurse, daughter, reason=NOT_ABLE)
    with clinic.nothing_stored("Communication"):
        response = tell(clinic, team, **said, secrecyPrevents={"valueBoolean": True})
        refused_by(response, "PL-3-5", "secrecyPrevents")
    assert advised(tell(clinic, team, **said)) == ["PL-3-5"]


def test_somebody_elses_relative_is_refused(clinic: Clinic, nurse: str, team: str) -> None:
    """R11."""
    stranger = clinic.put(
        {"resourceType": "RelatedPerson", "patient": {"reference": clinic.patient()}}
    )
    said = by_phone(nurse, stranger, reason=NOT_ABLE, secrecyPrevents=FREE)
    refused_by(tell(clinic, team, **said), "PL-3-4", "Communication.recipient[0]")
    said = by_phone(nurse, clinic.patient())
    refused_by(tell(clinic, team, **said), "PL-3-2", "Communication.recipient[0]")


def test_what_is_to_be_told_later_is_not_recorded_now(
    clinic: Clinic, patient: str, nurse: str, team: str
) -> None:
    """R10."""
    said = by_phone(nurse, patient, at=moment(in_seconds(3600)))
    refused_by(tell(clinic, team, **said), "PL-3-2", "Communication.sent")


def test_a_plain_communication_obeys_the_same_law(
    clinic: Clinic, nurse: str, team: str, patient: str, daughter: str
) -> None:
    """R11: the law stands in the write path."""
    told = named(tell(clinic, team, **by_phone(nurse, patient)))["return"]
    plain = {key: value for key, value in told.items() if key != "id"}
    response = clinic.fhir.post("Communication", plain | {"recipient": [{"reference": daughter}]})
    assert ("business-rule", ["PL-3-4"], "Communication.reasonCode") in refusals(response)
    assert clinic.fhir.post("Communication", plain).status_code == 201


def test_a_contact_entered_in_error_was_nobody_to_tell_about(
    clinic: Clinic, patient: str, nurse: str, team: str
) -> None:
    """R10."""
    clinic.put(clinic.read(team) | {"status": "entered-in-error"})
    assert tell(clinic, team, **by_phone(nurse, patient)).status_code == 409
    assert tell(clinic, "Patient/unknown", **by_phone(nurse, patient)).status_code == 404
