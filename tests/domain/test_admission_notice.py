"""The inskrivningsmeddelande: what it says, who gets it, what they have to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fhir_server.sweden import admission_notice, codes
from tests.domain.clinic import (
    Clinic,
    category,
    code,
    reference,
    refusals,
    refused_by,
    string,
)
from tests.domain.life_cycle import advised, every, moment, named, url_of
from tests.domain.stays import (
    ACT_CODE,
    ADMITTED,
    EXPECTED,
    HOME,
    LEFT,
    NOTICED,
    kind_of,
    recipients,
    says,
    soon,
    task_code,
    timeline,
    ward,
)

PROTECTED = {
    "meta": {
        "security": [
            {
                "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
                "code": "skyddadFolkbokforing",
            }
        ]
    }
}


def municipality(code_: str) -> dict[str, Any]:
    """Give a home address in a municipality."""
    coding = {"system": codes.KOMMUNKOD, "code": code_}
    return {**HOME, "extension": [{"url": codes.MUNICIPALITY, "valueCoding": coding}]}


def test_the_units_are_told_and_the_stay_remembers_it(clinic: Clinic) -> None:
    """R55, R56: name, personnummer, folkbokföringsadress and expected discharge, to each unit."""
    here = ward(clinic)
    response = here.notice(need=[code("region"), code("kommun")], note=string("Bor ensam."))
    assert response.status_code == 200, response.text
    told = every(response, "communication")
    assert recipients(told) == [here.centre, here.home_care]
    for each in told:
        assert (kind_of(each), each["sent"]) == ("inskrivningsmeddelande", NOTICED)
        assert says(each).splitlines()[1:] == [
            "Namn: Albertina Hammar",
            "Personnummer: 189002029800",
            "Folkbokföringsadress: Testgatan 1, 83100 Östersund",
            "Inskriven: 2 mars 2026 klockan 08.10",
            "Enhet: Avd 108",
            "Insatser bedöms behövas från regionen och kommunen.",
            "Bor ensam.",
            "Beräknad utskrivning: 6 mars 2026 klockan 11",
        ]
    stay = named(response)["return"]
    assert stay == here.now()
    [notice] = timeline(stay, codes.ADMISSION_NOTICE_SENT)
    assert notice == {
        "at": NOTICED,
        "by": {"reference": here.by},
        "to": [here.centre, here.home_care],
    }
    [expected] = timeline(stay, codes.EXPECTED_DISCHARGE)
    assert (expected["time"], expected["recorded"]) == (EXPECTED, NOTICED)
    needs = [e["valueCode"] for e in stay["extension"] if e["url"] == codes.NEEDS_AFTER_DISCHARGE]
    assert needs == ["region", "kommun"]


def test_each_unit_is_to_plan_and_the_listed_one_to_appoint(clinic: Clinic) -> None:
    """R59, R60: two tasks, due when discharge is expected; lagen (2017:612) 2 kap. 4-5 §§."""
    here = ward(clinic)
    tasks = every(here.notice(), "task")
    assert [(task_code(t), t["owner"]["reference"]) for t in tasks] == [
        ("planering", here.centre),
        ("planering", here.home_care),
        ("utse-kontakt", here.centre),
    ]
    for task in tasks:
        assert task["restriction"]["period"]["end"] == EXPECTED
        assert (task["status"], task["for"]) == ("requested", {"reference": here.patient})


def test_a_notice_after_more_than_24_hours_is_sent_and_called_late(clinic: Clinic) -> None:
    """R57: sent is sent; the paragraph stands in the outcome."""
    here = ward(clinic)
    late = here.notice(at=moment("2026-03-03T09:10:00+01:00"))
    assert advised(late) == ["SAMVL-2-1"]


def test_the_hours_count_from_a_need_that_was_found_later(clinic: Clinic) -> None:
    """R57: 24 hours from the assessment."""
    here = ward(clinic)
    found = moment("2026-03-03T14:00:00+01:00")
    response = here.notice(at=moment("2026-03-04T10:00:00+01:00"), needAssessedAt=found)
    assert advised(response) == []
    [need] = timeline(named(response)["return"], codes.NEED_ASSESSED_AT)
    assert (need["at"], need["by"]) == (found["valueDateTime"], {"reference": here.by})


def test_a_need_is_found_between_admission_and_notice(clinic: Clinic) -> None:
    """R57."""
    here = ward(clinic)
    for when in ("2026-03-01T08:00:00+01:00", "2026-03-02T15:41:00+01:00"):
        refused_by(here.notice(needAssessedAt=moment(when)), "SAMVL-2-1", "needAssessedAt")


def test_a_notice_without_name_number_or_address_is_refused_with_all_of_it(clinic: Clinic) -> None:
    """R56: the law says what must be in it; 2 kap. 2 §."""
    here = ward(clinic, name=[{"use": "anonymous"}], identifier=None, address=None)
    with clinic.nothing_stored("Communication", "Task"):
        assert refusals(here.notice()) == [
            ("business-rule", ["SAMVL-2-2"], f"Patient.{element}")
            for element in ("name", "identifier", "address")
        ]
    assert "extension" not in here.now()


def test_the_address_of_a_protected_person_is_not_sent(clinic: Clinic) -> None:
    """R118, R56: a statement takes its place, and the messages carry the label."""
    here = ward(clinic, **PROTECTED)
    response = here.notice()
    for each in every(response, "communication"):
        assert f"Folkbokföringsadress: {admission_notice.PROTECTED}" in says(each)
        assert "Testgatan" not in response.text
        assert each["meta"]["security"] == PROTECTED["meta"]["security"]
    for each in every(response, "task"):
        assert each["meta"]["security"] == PROTECTED["meta"]["security"]


def test_who_is_not_registered_in_sweden_has_no_such_address(clinic: Clinic) -> None:
    """R56, R122: a samordningsnummer stands in for the personnummer."""
    number = {"system": codes.SAMORDNINGSNUMMER, "value": "196109732393"}
    here = ward(clinic, identifier=[number], address=None)
    [first, *_] = every(here.notice(), "communication")
    assert "Samordningsnummer: 196109732393" in says(first)
    assert f"Folkbokföringsadress: {admission_notice.NOT_REGISTERED}" in says(first)


def test_a_child_has_a_discharge_process_too(clinic: Clinic) -> None:
    """R54: all ages."""
    here = ward(clinic, birthDate="2013-05-14")
    assert len(every(here.notice(), "communication")) == 2


def test_only_inpatient_care_has_a_discharge_process(clinic: Clinic) -> None:
    """R54: lagen (2017:612) 1 kap. 1 §."""
    here = ward(clinic, {"class": {"system": ACT_CODE, "code": "AMB"}})
    refused_by(here.notice(), "SAMVL-1-1", "Encounter.class")


@pytest.mark.parametrize("status", ["planned", "cancelled", "finished"])
def test_nobody_is_told_of_a_patient_who_is_not_in_hospital(clinic: Clinic, status: str) -> None:
    """R55: not before admission, and not after discharge."""
    here = ward(clinic, {"status": status, "period": {"start": ADMITTED, "end": LEFT}})
    [(issue, _, where)] = refusals(here.notice(), 409)
    assert (issue, where) == ("conflict", "Encounter.status")


def test_nothing_happens_before_admission_or_ahead_of_time(clinic: Clinic) -> None:
    """R55, R57: deadlines are counted from what has happened."""
    here = ward(clinic)
    refused_by(here.notice(at=moment("2026-03-02T08:09:59+01:00")), "SAMVL-2-1", "at")
    ahead = here.notice(at=moment(soon()), expectedDischarge=moment("2090-01-01"))
    refused_by(ahead, "SAMVL-2-1", "at")
    over = here.notice(expectedDischarge=moment("2026-03-01"))
    refused_by(over, "SAMVL-2-2", "expectedDischarge")


def test_a_day_is_no_moment_to_count_hours_from(clinic: Clinic) -> None:
    """R57."""
    assert refusals(ward(clinic).notice(at=moment("2026-03-02")), 400) == [("value", [], "at")]


def test_the_expected_discharge_may_be_a_day(clinic: Clinic) -> None:
    """R56: an hour is often not known."""
    [first, *_] = every(
        ward(clinic).notice(expectedDischarge=moment("2026-03-06")), "communication"
    )
    assert says(first).endswith("Beräknad utskrivning: 6 mars 2026")


def test_the_units_of_listing_and_municipality_are_found(clinic: Clinic) -> None:
    """R55: the listed unit, the municipality by its kommunkod, the unit that gives care now."""
    number = {"system": codes.KOMMUNKOD, "value": "2380"}
    town = clinic.unit(codes.KOMMUN, name="Kommunen", identifier=[number])
    here = ward(clinic, address=[municipality("2380")])
    clinic.put(
        {
            "resourceType": "EpisodeOfCare",
            "status": "active",
            "type": [category(codes.CARE_FORM_SYSTEM, codes.HEMSJUKVARD)],
            "patient": {"reference": here.patient},
            "managingOrganization": {"reference": here.home_care},
        }
    )
    told = recipients(every(here.notice(recipient=None), "communication"))
    assert told == [here.centre, town, here.home_care]


def test_the_unit_of_the_fast_lakarkontakt_stands_in_for_a_listing(clinic: Clinic) -> None:
    """R55, R36."""
    here = ward(clinic, generalPractitioner=None)
    centre = clinic.unit(kind="15")
    assert clinic.assign(here.patient, clinic.physician(unit=centre), "2").status_code == 201
    assert recipients(every(here.notice(), "communication")) == [centre, here.home_care]


def test_only_units_whose_insatser_are_needed_are_told(clinic: Clinic) -> None:
    """R54, R55: who is not concerned is not told; OSL 25 kap. 1 §."""
    here = ward(clinic)
    response = here.notice(need=code("kommun"))
    assert recipients(every(response, "communication")) == [here.home_care]
    assert [task_code(t) for t in every(response, "task")] == ["planering"]


def test_a_huvudman_whose_insatser_are_needed_must_hear_of_it(clinic: Clinic) -> None:
    """R54, R55."""
    here = ward(clinic)
    with clinic.nothing_stored("Communication"):
        refused_by(here.notice(recipient=None, need=code("kommun")), "SAMVL-2-1", "recipient")


def test_a_notice_to_nobody_is_refused(clinic: Clinic) -> None:
    """R55."""
    here = ward(clinic, generalPractitioner=None)
    refused_by(here.notice(recipient=None), "SAMVL-2-1", "recipient")


def test_a_school_is_not_told_in_this_way(clinic: Clinic) -> None:
    """R55, R110: neither region nor municipality; OSL 25 kap. 1 §."""
    here = ward(clinic)
    school = reference(clinic.unit(codes.ANNAN))
    refused_by(here.notice(recipient=[school]), "OSL-25-1", "recipient[0]")
    lost = here.notice(recipient=reference("Organization/nowhere"))
    assert refusals(lost) == [("not-found", [], "recipient[0]")]
    wrong = here.notice(recipient=reference(here.by))
    assert wrong.status_code == 400


def test_a_later_notice_goes_to_those_who_have_not_got_it(clinic: Clinic) -> None:
    """R55: the same units again are a conflict, and hear nothing twice."""
    here = ward(clinic)
    here.notice()
    assert refusals(here.notice(), 409) == [("conflict", ["SAMVL-2-1"], "recipient")]
    other = clinic.unit(codes.KOMMUN)
    again = here.notice(recipient=reference(other), at=moment("2026-03-02T17:00:00+01:00"))
    assert recipients(every(again, "communication")) == [other]
    assert [task_code(t) for t in every(again, "task")] == ["planering"]
    stay = named(again)["return"]
    assert [n["to"] for n in timeline(stay, codes.ADMISSION_NOTICE_SENT)] == [
        [here.centre, here.home_care],
        [other],
    ]
    assert len(timeline(stay, codes.EXPECTED_DISCHARGE)) == 1


def test_a_later_notice_says_the_time_that_the_others_know(clinic: Clinic) -> None:
    """R58."""
    here = ward(clinic)
    here.notice()
    other = reference(clinic.unit(codes.KOMMUN))
    response = here.notice(recipient=other, expectedDischarge=moment("2026-03-07"))
    assert refusals(response, 409) == [("conflict", ["SAMVL-2-3"], "expectedDischarge")]


def test_compulsory_care_is_told_to_have_its_own_track(clinic: Clinic) -> None:
    """R67: the law of the care stands in the timeline."""
    response = ward(clinic).notice(compulsoryCare=code("lpt"))
    assert [i["code"] for i in advice_in(response)] == ["informational"]
    extensions = named(response)["return"]["extension"]
    assert {"url": codes.COMPULSORY_CARE, "valueCode": "lpt"} in extensions


def advice_in(response: Any) -> list[Any]:
    """Give all issues of the outcome of an answer that says success."""
    return list(named(response)["outcome"]["issue"])


def test_an_assignment_completes_the_task_to_appoint(clinic: Clinic) -> None:
    """R60: by a contact of the unit that was asked, and by no other."""
    here = ward(clinic)
    here.notice()
    elsewhere = clinic.assign(here.patient, clinic.nurse(), "1")
    assert every(elsewhere, "task") == []
    assert every(clinic.assign(here.patient, clinic.physician(unit=here.centre), "2"), "task") == []
    response = clinic.assign(here.patient, clinic.nurse(unit=here.centre), "1")
    [task] = every(response, "task")
    assert (task_code(task), task["status"]) == ("utse-kontakt", "completed")
    team = url_of(named(response)["return"])
    assert task["output"][0]["valueReference"] == {"reference": team}


def test_a_task_of_the_unit_above_or_of_its_manager_is_completed_too(clinic: Clinic) -> None:
    """R60: the owner is the contact's unit, what it is part of, or a person there."""
    here = ward(clinic)
    [*_, asked] = every(here.notice(), "task")
    manager = clinic.person(unit=here.centre)
    clinic.put({**asked, "owner": {"reference": manager}})
    within = clinic.unit(partOf={"reference": here.centre})
    clinic.put({**asked, "id": f"{asked['id']}-a", "owner": {"reference": here.centre}})
    clinic.put({**asked, "id": f"{asked['id']}-b", "owner": {"reference": clinic.unit()}})
    response = clinic.assign(here.patient, clinic.nurse(unit=within), "1")
    owners = {t["owner"]["reference"] for t in every(response, "task")}
    assert owners == {here.centre, manager}


def test_who_was_appointed_in_the_stay_need_not_be_appointed_again(clinic: Clinic) -> None:
    """R60, R22: and who is contact since before may go on."""
    here = ward(clinic)
    nurse = clinic.nurse(unit=here.centre)
    clinic.assign(here.patient, nurse, "1", encounter=reference(here.stay))
    assert [task_code(t) for t in every(here.notice(), "task")] == ["planering", "planering"]
    there = ward(clinic)
    clinic.assign(there.patient, clinic.nurse(unit=there.centre), "1")
    [*_, asked] = every(there.notice(), "task")
    assert task_code(asked) == "utse-kontakt"
    assert "kan fortsätta" in asked["description"]


def test_the_municipalitys_own_contact_leaves_the_task_to_the_region(clinic: Clinic) -> None:
    """R60: also where it was appointed in the stay."""
    here = ward(clinic)
    nurse = clinic.nurse(unit=here.home_care)
    clinic.assign(here.patient, nurse, "1", encounter=reference(here.stay))
    [*_, asked] = every(here.notice(), "task")
    assert task_code(asked) == "utse-kontakt"
    assert "kan fortsätta" not in asked["description"]


def test_a_contact_who_continues_completes_the_task_to_appoint(clinic: Clinic) -> None:
    """R60, R22: with 200, as nobody new is appointed."""
    here = ward(clinic)
    nurse = clinic.nurse(unit=here.centre)
    clinic.assign(here.patient, nurse, "1")
    here.notice()
    response = clinic.assign(here.patient, nurse, "1", basis=code(codes.FORTSATT))
    assert response.status_code == 200, response.text
    assert [t["status"] for t in every(response, "task")] == ["completed"]


def test_a_notice_and_an_assignment_at_once_leave_nothing_to_appoint(clinic: Clinic) -> None:
    """R60: whichever comes first, no task is left open beside the contact that it asks for."""
    for _ in range(4):
        here = ward(clinic)
        nurse, stay = clinic.nurse(unit=here.centre), reference(here.stay)
        with ThreadPoolExecutor(2) as pool:
            notice = pool.submit(here.notice)
            assigned = pool.submit(clinic.assign, here.patient, nurse, "1", encounter=stay)
            assert (notice.result().status_code, assigned.result().status_code) == (200, 201)
        found = clinic.fhir.get(f"Task?encounter={here.stay}&code=utse-kontakt&status=requested")
        assert found.json["total"] == 0


def test_of_two_notices_at_once_one_is_sent(clinic: Clinic) -> None:
    """R55: the second finds that the units have got it."""
    here = ward(clinic)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: here.notice().status_code, range(2)))
    assert sorted(answers) == [200, 409]
    found = clinic.fhir.get(f"Communication?encounter={here.stay}&_summary=count").json
    assert found["total"] == 2
