"""From notice to discharge: changed times, utskrivningsklar and back, information, the way home."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    category,
    code,
    paragraphs,
    part,
    reference,
    refusals,
    refused_by,
    string,
)
from tests.domain.life_cycle import advised, every, moment, named, url_of
from tests.domain.stays import (
    ADMITTED,
    EXPECTED,
    LEFT,
    READY,
    Ward,
    kallelse,
    kind_of,
    meeting,
    recipients,
    says,
    soon,
    task_code,
    timeline,
    ward,
)

WITHDRAWN = "2026-03-05T14:00:00+01:00"
AGAIN = "2026-03-06T10:15:00+01:00"
LATER = "2026-03-08T11:00:00+01:00"
CHANGED = "2026-03-04T09:20:00+01:00"
BY_HAND = part(channel=code("besok"))


@pytest.fixture
def here(clinic: Clinic) -> Ward:
    """A stay whose inskrivningsmeddelande was sent to both units."""
    found = ward(clinic)
    assert found.notice().status_code == 200
    return found


def outcome(response: Any) -> list[Json]:
    """Give the issues of an answer that says success; warnings of profiles are tested with them."""
    issues = named(response).get("outcome", {"issue": []})["issue"]
    return [issue for issue in issues if issue["code"] != "invariant"]


def test_another_expected_time_is_told_and_moves_the_deadlines(here: Ward) -> None:
    """R58: what was said before stays, the latest holds; lagen (2017:612) 2 kap. 3 §."""
    response = here.call("expected-discharge", time=moment(LATER), at=moment(CHANGED))
    told = every(response, "communication")
    assert recipients(told) == [here.centre, here.home_care]
    notices = here.clinic.fhir.get(
        f"Communication?encounter={here.stay}&category=inskrivningsmeddelande"
    )
    answered = {each["inResponseTo"][0]["reference"] for each in told}
    assert answered == {url_of(e["resource"]) for e in notices.json["entry"]}
    assert says(told[0]).splitlines() == [
        "Beräknad utskrivning är ändrad till 8 mars 2026 klockan 11.",
        "Tidigare angiven tid: 6 mars 2026 klockan 11.",
    ]
    times = timeline(named(response)["return"], codes.EXPECTED_DISCHARGE)
    assert [(t["time"], t["recorded"]) for t in times][1:] == [(LATER, CHANGED)]
    tasks = every(response, "task")
    assert len(tasks) == 3
    assert {t["restriction"]["period"]["end"] for t in tasks} == {LATER}


def test_the_time_that_the_units_know_is_not_told_again(here: Ward) -> None:
    """R58."""
    response = here.call("expected-discharge", time=moment(EXPECTED), at=moment(CHANGED))
    assert refusals(response, 409) == [("conflict", ["SAMVL-2-3"], "time")]
    over = here.call("expected-discharge", time=moment("2026-03-03"), at=moment(CHANGED))
    refused_by(over, "SAMVL-2-2", "time")


def test_an_expected_time_before_the_notice_is_kept_and_told_to_nobody(clinic: Clinic) -> None:
    """R58."""
    here = ward(clinic)
    response = here.call("expected-discharge", time=moment(EXPECTED), at=moment(ADMITTED))
    assert every(response, "communication") == []
    assert len(timeline(here.now(), codes.EXPECTED_DISCHARGE)) == 1


def test_the_units_hear_that_the_patient_is_ready(here: Ward) -> None:
    """R61: utskrivningsklar, with who said it and when; 3 kap. 1 §."""
    response = here.ready()
    told = every(response, "communication")
    assert recipients(told) == [here.centre, here.home_care]
    assert [kind_of(each) for each in told] == ["utskrivningsklar"] * 2
    assert says(told[0]) == "Patienten är utskrivningsklar sedan 5 mars 2026 klockan 09.30."
    [ready] = timeline(named(response)["return"], codes.DISCHARGE_READY)
    assert (ready["at"], ready["by"]) == (READY, {"reference": here.by})


def test_nobody_is_ready_twice(here: Ward) -> None:
    """R61: the second of two who say so at once hears a conflict, and the clocks start once."""
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: here.ready(), range(2)))
    assert sorted(each.status_code for each in answers) == [200, 409]
    [refused] = [each for each in answers if each.status_code == 409]
    assert refusals(refused, 409) == [("conflict", ["SAMVL-3-1"], "Encounter.extension")]
    assert len(timeline(here.now(), codes.DISCHARGE_READY)) == 1


def test_ready_without_a_notice_is_refused(clinic: Clinic) -> None:
    """R61, R69: there is nobody to tell."""
    refused_by(ward(clinic).ready(), "SAMVL-2-1", "Encounter.extension")


def test_ready_comes_after_the_notice_and_not_ahead_of_time(here: Ward) -> None:
    """R61."""
    refused_by(here.ready("2026-03-02T15:39:00+01:00"), "SAMVL-3-1", "at")
    refused_by(here.ready(soon()), "SAMVL-2-1", "at")


def test_ready_is_taken_back_and_said_again(here: Ward) -> None:
    """R62, R61: each has its message, and the last notice is the one that holds."""
    here.ready()
    back = here.withdraw(WITHDRAWN, reason=string("feber"))
    told = every(back, "communication")
    assert says(told[0]).splitlines() == ["Patienten är inte längre utskrivningsklar.", "Feber."]
    [withdrawn] = timeline(named(back)["return"], codes.DISCHARGE_READY_WITHDRAWN)
    assert (withdrawn["at"], withdrawn["by"]) == (WITHDRAWN, {"reference": here.by})
    assert told[0]["inResponseTo"]
    refused_by(here.ready(WITHDRAWN), "SAMVL-3-1", "at")
    again = named(here.ready(AGAIN))["return"]
    assert [r["at"] for r in timeline(again, codes.DISCHARGE_READY)] == [READY, AGAIN]


def test_only_what_was_said_is_taken_back_and_only_once(here: Ward) -> None:
    """R62."""
    conflict = [("conflict", ["SAMVL-3-1"], "Encounter.extension")]
    assert refusals(here.withdraw(WITHDRAWN), 409) == conflict
    here.ready()
    refused_by(here.withdraw(READY), "SAMVL-3-1", "at")
    assert here.withdraw(WITHDRAWN).status_code == 200
    assert refusals(here.withdraw("2026-03-05T15:00:00+01:00"), 409) == conflict


def test_kallelser_that_nobody_answered_are_cancelled_with_their_meeting(here: Ward) -> None:
    """R62, R65: the days to call are counted anew."""
    here.ready()
    proposed = meeting(here, status="proposed")
    calls = [kallelse(here, owner, proposed) for owner in (here.centre, here.home_care)]
    response = here.withdraw(WITHDRAWN)
    tasks = every(response, "task")
    assert sorted(map(url_of, tasks)) == sorted(calls)
    for task in tasks:
        assert (task["status"], task["lastModified"]) == ("cancelled", WITHDRAWN)
        assert task["statusReason"] == {"text": "Patienten är inte längre utskrivningsklar."}
    [off] = every(response, "appointment")
    assert (url_of(off), off["status"]) == (proposed, "cancelled")
    assert outcome(response) == []
    assert {t["status"] for t in _tasks(here, "planering")} == {"requested"}


def test_a_meeting_that_somebody_agreed_to_stands(here: Ward) -> None:
    """R62, R91: the outcome says so; people decide."""
    here.ready()
    booked = meeting(here)
    kallelse(here, here.centre, booked, "accepted")
    kallelse(here, here.home_care, booked)
    response = here.withdraw(WITHDRAWN)
    assert every(response, "task") == []
    assert [(i["code"], paragraphs(i)) for i in outcome(response)] == [
        ("informational", ["SAMVL-4-3"])
    ]
    assert here.clinic.read(booked)["status"] == "booked"


def test_information_goes_to_the_units_that_were_told(here: Ward) -> None:
    """R63: words and documents about the patient; 3 kap. 1 §."""
    document = here.clinic.put(
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": {"reference": here.patient},
            "content": [{"attachment": {"title": "Läkemedelslista"}}],
        }
    )
    response = here.call(
        "transfer-information",
        at=moment(LEFT),
        text=string("Ny dos furosemid."),
        content=reference(document),
        withheld=string("En uppgift om en anhörig"),
    )
    told = every(response, "communication")
    assert recipients(told) == [here.centre, here.home_care]
    for each in told:
        assert kind_of(each) == "utskrivningsinformation"
        assert each["payload"] == [
            {"contentString": "Ny dos furosemid."},
            {"contentReference": {"reference": document}},
        ]
        assert "anhörig" not in str(each)
    [noted] = timeline(named(response)["return"], codes.INFORMATION_TRANSFERRED)
    assert noted["to"] == [here.centre, here.home_care]
    assert (noted["at"], noted["withheld"]) == (LEFT, "En uppgift om en anhörig")


def test_what_is_about_another_patient_is_not_sent(here: Ward) -> None:
    """R63: secrecy; OSL 25 kap. 1 §."""
    other = here.clinic.patient()
    condition = here.clinic.put(
        {"resourceType": "Condition", "subject": {"reference": other}, "code": {"text": "KOL"}}
    )
    with here.clinic.nothing_stored("Communication"):
        for number, wrong in enumerate((condition, other, here.centre)):
            content = [reference(here.patient)] * number + [reference(wrong)]
            response = here.call("transfer-information", content=content)
            refused_by(response, "OSL-25-1", f"content[{number}]")


def test_nothing_sent_needs_a_reason_and_somebody_to_send_it_to(clinic: Clinic) -> None:
    """R63: unless secrecy prevents it."""
    here = ward(clinic)
    assert refusals(here.call("transfer-information"), 400) == [("required", [], "text")]
    text = string("Ny dos.")
    refused_by(here.call("transfer-information", text=text), "SAMVL-3-1", "recipient")
    sent = here.call("transfer-information", text=text, recipient=reference(here.centre))
    assert recipients(every(sent, "communication")) == [here.centre]
    held = here.call("transfer-information", withheld=string("Patienten motsätter sig det"))
    assert every(held, "communication") == []
    assert timeline(named(held)["return"], codes.INFORMATION_TRANSFERRED)[1]["to"] == []


def test_information_a_day_after_discharge_is_sent_and_called_late(here: Ward) -> None:
    """R63: at latest the same day."""
    here.discharge()
    same = here.call(
        "transfer-information", at=moment("2026-03-06T23:30:00+01:00"), text=string("A")
    )
    assert advised(same) == []
    late = here.call(
        "transfer-information", at=moment("2026-03-07T00:30:00+01:00"), text=string("B")
    )
    assert advised(late) == ["SAMVL-3-1"]


def test_a_discharge_in_order_says_all_that_the_patient_gets(here: Ward) -> None:
    """R64: the summary, who the contact is, when the meeting is, which plans there are."""
    clinic = here.clinic
    nurse = clinic.nurse(unit=here.centre)
    team = url_of(named(clinic.assign(here.patient, nurse, "1"))["return"])
    here.ready(AGAIN)
    here.call("transfer-information", at=moment(AGAIN), text=string("Ny dos."))
    booked = meeting(here)
    meeting(here, "2026-04-16T13:00:00+02:00")
    plan = clinic.put(
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "subject": {"reference": here.patient},
            "title": "Rehabiliteringsplan",
        }
    )
    response = here.discharge(given=BY_HAND, disposition=code("home"))
    assert response.status_code == 200, response.text
    assert advised(response) == []
    stay, written = named(response)["return"], named(response)["communication"]
    assert (stay["status"], stay["period"]) == ("finished", {"start": ADMITTED, "end": LEFT})
    where = stay["hospitalization"]["dischargeDisposition"]["coding"][0]["code"]
    assert where == "home"
    [told] = timeline(stay, codes.WRITTEN_INFORMATION)
    assert told == {
        "at": LEFT,
        "by": {"reference": here.by},
        "to": [here.patient],
        "channel": "besok",
    }
    assert (written["status"], written["sent"]) == ("completed", LEFT)
    assert kind_of(written) == "skriftlig-utskrivningsinformation"
    assert says(written) == "Du har fått vård för hjärtsvikt."
    assert written["recipient"] == [{"reference": here.patient}]
    about = [each["reference"] for each in written["about"]]
    assert about == [team, plan, booked]


def test_a_discharge_says_what_the_law_wants_and_nobody_did(here: Ward) -> None:
    """R60, R61, R63, R64: the patient goes home all the same."""
    response = here.discharge()
    assert advised(response) == ["SAMVL-3-1", "SAMVL-2-5", "SAMVL-3-1", "PL-3-2-B"]
    written = named(response)["communication"]
    assert written["status"] == "in-progress"
    assert "sent" not in written
    assert timeline(here.now(), codes.WRITTEN_INFORMATION) == []


def test_the_municipalitys_own_contact_is_not_the_one_that_the_region_appoints(here: Ward) -> None:
    """R60: verksamhetschefen in the region's öppen vård appoints."""
    here.clinic.assign(here.patient, here.clinic.nurse(unit=here.home_care), "1")
    assert "SAMVL-2-5" in advised(here.discharge(given=BY_HAND))


def test_a_stay_outside_the_process_ends_with_the_summary_alone(clinic: Clinic) -> None:
    """R54, R64: every patient gets the summary; the rest is for who needs more afterwards."""
    assert advised(ward(clinic).discharge(given=BY_HAND)) == []


def test_where_only_the_municipality_is_needed_no_contact_is_missed(clinic: Clinic) -> None:
    """R60: the region's öppen vård appoints where its insatser are needed."""
    here = ward(clinic)
    here.notice(need=code("kommun"))
    here.ready()
    assert advised(here.discharge(given=BY_HAND)) == ["SAMVL-3-1"]


def test_nobody_is_discharged_twice_and_nothing_follows(here: Ward) -> None:
    """R61, R64: a stay that is over stays as it is."""
    assert here.discharge().status_code == 200
    conflict = [("conflict", ["SAMVL-3-1"], "Encounter.status")]
    for response in (
        here.discharge(),
        here.ready(),
        here.withdraw(WITHDRAWN),
        here.notice(),
        here.call("expected-discharge", time=moment(LATER)),
    ):
        assert refusals(response, 409) == conflict


def test_a_discharge_is_not_before_what_happened_in_the_stay(here: Ward) -> None:
    """R64."""
    here.ready(AGAIN)
    refused_by(here.discharge(at=moment(READY)), "SAMVL-3-1", "at")
    assert refusals(here.discharge(at=moment("2026-03-06")), 400) == [("value", [], "at")]


def test_where_the_patient_goes_is_said_by_a_code_of_r4(here: Ward) -> None:
    """R64: a code that there is not is refused."""
    response = here.discharge(disposition=code("bogus"))
    assert [issue for issue, _, _ in refusals(response, 400)] == ["code-invalid"]


def test_the_meeting_is_the_patients_own(here: Ward) -> None:
    """R64: another patient's is refused."""
    own = meeting(here, "2026-03-20T13:00:00+01:00")
    other = meeting(ward(here.clinic))
    refused_by(here.discharge(meeting=reference(other)), "OSL-25-1", "meeting")
    meeting(here)
    written = named(here.discharge(meeting=reference(own)))["communication"]
    assert written["about"] == [{"reference": own}]


def test_the_patient_is_not_referred_to_what_patients_may_not_see(here: Ward) -> None:
    """R64, R113."""
    hidden = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    here.clinic.put(
        {
            "resourceType": "CarePlan",
            "meta": {"security": [hidden]},
            "status": "active",
            "intent": "plan",
            "subject": {"reference": here.patient},
        }
    )
    assert "about" not in named(here.discharge())["communication"]


def test_a_relative_may_get_it_in_the_patients_place(here: Ward) -> None:
    """R64, R11."""
    relative = here.clinic.put(
        {"resourceType": "RelatedPerson", "patient": {"reference": here.patient}}
    )
    given = part(
        channel=code("brev"), to=reference(relative), at=moment("2026-03-07T09:00:00+01:00")
    )
    response = here.discharge(given=given)
    written = named(response)["communication"]
    assert (written["recipient"], written["sent"]) == (
        [{"reference": relative}],
        "2026-03-07T09:00:00+01:00",
    )


def test_what_is_given_after_discharge_is_said_then(here: Ward) -> None:
    """R64: once; the stay ends when it ended."""
    waiting = named(here.discharge())["communication"]
    given = part(channel=code("brev"), at=moment("2026-03-07T09:00:00+01:00"))
    response = here.discharge(given=given, at=None, summary=string("Som det gavs."))
    assert advised(response) == []
    stay, written = named(response)["return"], named(response)["communication"]
    assert url_of(written) == url_of(waiting)
    assert (written["status"], says(written)) == ("completed", "Som det gavs.")
    assert stay["period"]["end"] == LEFT
    [told] = timeline(stay, codes.WRITTEN_INFORMATION)
    assert told["channel"] == "brev"
    again = [("conflict", ["SAMVL-3-1"], "Encounter.status")]
    assert refusals(here.discharge(given=given), 409) == again


def test_what_will_be_given_is_not_said_to_be_given(here: Ward) -> None:
    """R64: neither ahead of time nor before admission."""
    for when in (soon(), "2026-03-01T08:00:00+01:00"):
        given = part(channel=code("brev"), at=moment(when))
        refused_by(here.discharge(given=given), "SAMVL-2-1", "given.at")


def test_after_a_death_nobody_need_plan_any_more(here: Ward) -> None:
    """R64, R59, R60: no summary to the patient, no warnings; open tasks are cancelled."""
    kallelse(here, here.centre, meeting(here))
    response = here.discharge(disposition=code("exp"))
    assert set(named(response)) == {"return", "task"}
    tasks = every(response, "task")
    assert sorted(map(task_code, tasks)) == ["kallelse", "planering", "planering", "utse-kontakt"]
    assert {t["statusReason"]["text"] for t in tasks} == {"Patienten har avlidit."}
    given = here.discharge(disposition=code("exp"), given=BY_HAND)
    assert refusals(given, 400) == [("value", [], "given")]


def test_the_stay_must_be_there_and_say_whose_it_is(clinic: Clinic) -> None:
    """R55."""
    here = ward(clinic)
    gone = Ward(clinic, here.patient, "Encounter/none", here.by, here.centre, here.home_care)
    assert gone.ready().status_code == 404
    nobody = {"resourceType": "Encounter", "status": "in-progress"}
    stay = clinic.put({**nobody, "class": {"code": "IMP"}, "period": {"start": ADMITTED}})
    lost = Ward(clinic, here.patient, stay, here.by, here.centre, here.home_care)
    assert refusals(lost.ready()) == [("business-rule", [], "Encounter.subject")]


def _tasks(here: Ward, wanted: str) -> list[Json]:
    found = here.clinic.fhir.get(f"Task?encounter={here.stay}&code={wanted}").json
    return [each["resource"] for each in found.get("entry", [])]


def test_a_message_is_confirmed_by_the_unit_that_got_it(here: Ward) -> None:
    """R59: an accepted task is the receipt of the notice; the message itself has the time."""
    [task, *_] = _tasks(here, "planering")
    assert here.clinic.put({**task, "status": "accepted"}) == url_of(task)
    [told, *_] = [
        each["resource"]
        for each in here.clinic.fhir.get(f"Communication?encounter={here.stay}").json["entry"]
    ]
    here.clinic.put({**told, "received": "2026-03-02T16:05:00+01:00"})
    assert (
        category(codes.COMMUNICATION_CATEGORY_SYSTEM, "inskrivningsmeddelande") in told["category"]
    )
