"""A contact is voluntary: the patient says no, is not asked every day, and may change their mind."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from fhir_server.sweden.facts import facts_of
from tests.domain.clinic import (
    Clinic,
    code,
    days,
    extension,
    matches,
    reference,
    result,
    string,
)
from tests.domain.life_cycle import (
    advised,
    change,
    decline,
    every,
    granted,
    in_seconds,
    moment,
    named,
    part_of,
    reason_of,
    url_of,
)
from tests.domain.test_end_fast_vardkontakt import begun


def standing(clinic: Clinic, patient: str, query: str = "") -> list[str]:
    """Search for the refusals that stand."""
    asked = f"CareTeam?patient={patient}&status=inactive&patient-decision=declined{query}"
    found = clinic.fhir.get(asked)
    assert found.status_code == 200, found.text
    return [url_of(each) for each in matches(found.json)]


def test_a_no_to_this_contact_ends_it_as_declined(clinic: Clinic) -> None:
    """R7: who said so, when, why."""
    patient = clinic.patient()
    team = begun(clinic, patient, clinic.nurse())
    declined = named(decline(clinic, team, reason=string("Vill inte ha någon")))["return"]
    assert (declined["status"], reason_of(declined)) == ("inactive", "avbojd")
    assert part_of(declined, codes.PATIENT_DECISION, "decision") == "declined"
    assert part_of(declined, codes.PATIENT_DECISION, "by") == {"reference": patient}
    concept = extension(declined, codes.END_REASON)["valueCodeableConcept"]
    assert concept["text"] == "Vill inte ha någon"
    assert matches(clinic.contacts(patient)) == []
    assert standing(clinic, patient) == [team]


def test_a_no_to_a_type_is_kept_without_a_contact(clinic: Clinic, store: MongoStore) -> None:
    """R7: a CareTeam of the type with nobody in it, which the measures count."""
    patient, unit = clinic.patient(), clinic.unit()
    response = decline(clinic, patient, unit=reference(unit), askAgain={"valueDate": days(180)})
    refusal = named(response)["return"]
    assert response.status_code == 201
    assert refusal["participant"] == [
        {"role": [{"coding": [{"system": codes.CONTACT_TYPE, "code": "1"}]}]}
    ]
    assert refusal["managingOrganization"] == [{"reference": unit}]
    assert extension(refusal, codes.REVIEW_DATE)["valueDate"] == days(180)
    assert standing(clinic, patient) == [url_of(refusal)]
    facts = facts_of(refusal)
    assert facts["declined"] == facts["start"]
    assert (facts["kind"], facts["reason"], facts["unit"]) == ("1", "avbojd", unit)
    [counted] = [f for f in store.facts(["CareTeam"], []) if f["f"].get("patient") == patient]
    assert counted["f"]["declined"] == facts["declined"]


def test_when_to_ask_again_is_found_by_search(clinic: Clinic) -> None:
    """R7: nobody asks daily."""
    patient = clinic.patient()
    refusal = url_of(named(decline(clinic, patient, askAgain={"valueDate": days(30)}))["return"])
    assert standing(clinic, patient, f"&review-date=le{days(0)}") == []
    assert standing(clinic, patient, f"&review-date=le{days(30)}") == [refusal]


def test_a_no_to_a_type_ends_the_contacts_of_it(clinic: Clinic) -> None:
    """R7: in the same transaction; contacts of other types stay."""
    patient = clinic.patient()
    teams = [begun(clinic, patient, clinic.nurse()) for _ in range(2)]
    physician = begun(clinic, patient, clinic.physician(), "2")
    response = decline(clinic, patient)
    assert {url_of(each) for each in every(response, "ended")} == set(teams)
    assert [url_of(each) for each in matches(clinic.contacts(patient))] == [physician]


def test_a_second_no_to_a_type_takes_the_place_of_the_first(clinic: Clinic) -> None:
    """R7: one refusal stands; the history keeps the earlier words."""
    patient = clinic.patient()
    first = named(decline(clinic, patient, reason=string("Inte nu")))["return"]
    response = decline(clinic, patient, reason=string("Aldrig"))
    assert response.status_code == 200
    assert url_of(named(response)["return"]) == url_of(first)
    assert standing(clinic, patient) == [url_of(first)]
    assert standing(clinic, patient, "&role=2") == []


def test_a_refusal_that_is_taken_back_stands_no_longer(clinic: Clinic) -> None:
    """R7: with when, and by whom."""
    patient = clinic.patient()
    relative = clinic.put({"resourceType": "RelatedPerson", "patient": {"reference": patient}})
    refusal = url_of(named(decline(clinic, patient, askAgain={"valueDate": days(9)}))["return"])
    back = {"valueBoolean": True}
    withdrawn = named(decline(clinic, patient, withdraw=back, by=reference(relative)))["return"]
    assert url_of(withdrawn) == refusal
    assert part_of(withdrawn, codes.PATIENT_DECISION, "decision") == "accepted"
    assert part_of(withdrawn, codes.PATIENT_DECISION, "by") == {"reference": relative}
    assert codes.REVIEW_DATE not in [each["url"] for each in withdrawn["extension"]]
    assert "declined" not in facts_of(withdrawn)
    assert standing(clinic, patient) == []
    assert decline(clinic, patient, withdraw=back).status_code == 409


def test_a_no_to_a_contact_is_taken_back_there(clinic: Clinic) -> None:
    """R7: the assignment stays ended; a new one is made if wanted."""
    patient = clinic.patient()
    team = begun(clinic, patient, clinic.nurse())
    assert decline(clinic, team, withdraw={"valueBoolean": True}).status_code == 409
    named(decline(clinic, team))
    named(decline(clinic, team, withdraw={"valueBoolean": True}))
    assert standing(clinic, patient) == []
    assert clinic.read(team)["status"] == "inactive"
    assert decline(clinic, team).status_code == 409


def test_to_assign_against_a_standing_refusal_is_warned_about(clinic: Clinic) -> None:
    """R7: for every contact of the type, until it is taken back."""
    patient, nurse = clinic.patient(), clinic.nurse()
    named(decline(clinic, patient))
    assert "PL-6-2" in advised(clinic.assign(patient, nurse))
    other = clinic.patient()
    named(decline(clinic, other, type=code("2")))
    assert "PL-6-2" not in advised(clinic.assign(other, nurse))
    third = clinic.patient()
    named(decline(clinic, third))
    named(decline(clinic, third, withdraw={"valueBoolean": True}))
    assert "PL-6-2" not in advised(clinic.assign(third, nurse))


def test_a_declined_person_may_be_somebody_elses_successor(clinic: Clinic) -> None:
    """R7: a no to one person is no no to another."""
    patient, nurse = clinic.patient(), clinic.nurse()
    named(decline(clinic, begun(clinic, patient, nurse)))
    assert "PL-6-2" not in advised(clinic.assign(patient, clinic.nurse()))
    assert "PL-6-2" in advised(clinic.assign(patient, nurse))


def test_a_planned_contact_that_is_declined_never_begins(clinic: Clinic) -> None:
    """R7, R48: and takes over from nobody."""
    patient, chef = clinic.patient(), clinic.person()
    team = begun(clinic, patient, clinic.nurse())
    asked = granted(patient, chef, clinic.nurse(), at=moment(days(6)))
    successor = url_of(named(change(clinic, team, **asked))["return"])
    declined = named(decline(clinic, successor))["return"]
    assert declined["period"]["start"] == declined["period"]["end"]
    assert codes.REPLACES_CONTACT not in [each["url"] for each in declined["extension"]]
    assert standing(clinic, patient) == [successor]


def test_nobody_has_declined_in_the_future(clinic: Clinic) -> None:
    """R7."""
    response = decline(clinic, clinic.patient(), at=moment(in_seconds(3600)))
    assert (response.status_code, response.json["issue"][0]["code"]) == (400, "value")


def test_those_who_record_one_no_at_once_leave_one_refusal(clinic: Clinic) -> None:
    """R7."""
    patient = clinic.patient()
    application = clinic.fhir.client.application
    clients = [Clinic(type(clinic.fhir)(application.test_client())) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda each: decline(each, patient).status_code, clients))
    assert sorted(answers) == [200, 200, 200, 201]
    assert len(standing(clinic, patient)) == 1


def test_a_contact_that_comes_while_the_type_is_declined_ends_or_is_warned_about(
    clinic: Clinic,
) -> None:
    """R7: whichever was first, nobody is overlooked."""
    application = clinic.fhir.client.application
    for _ in range(5):
        patient, nurse = clinic.patient(), clinic.nurse()
        clients = [Clinic(type(clinic.fhir)(application.test_client())) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            no = pool.submit(decline, clients[0], patient)
            assigned = pool.submit(clients[1].assign, patient, nurse)
        team = url_of(result(assigned.result()))
        ended = [url_of(each) for each in every(no.result(), "ended")]
        assert ended == [team] or "PL-6-2" in advised(assigned.result())
