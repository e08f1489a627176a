"""The meeting of a SIP: called, answered, reminded of, called off; who has not answered."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import html5lib
import pytest

from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.clinic import (
    Clinic,
    Json,
    category,
    code,
    days,
    outcome_issues,
    paragraphs,
    reference,
    refusals,
    string,
)
from tests.domain.life_cycle import every, named, url_of
from tests.domain.meeting_calls import (
    START,
    answer,
    call,
    called,
    cancel,
    limited,
    links,
    planned,
    remind,
    statuses,
)
from tests.domain.sip_calls import activity, complete, consent_to_sip, generate, ready

LAW = ["HSL-16-4", "SOL-10-8"]


def told(response: Any) -> set[str]:
    """Give the paragraphs that warnings and advice name."""
    issues = outcome_issues(response)
    return {paragraph for issue in issues if "details" in issue for paragraph in paragraphs(issue)}


@pytest.fixture
def guardian(clinic: Clinic) -> Any:
    """Makes a guardian of a child."""

    def make(child: str, name: str = "Förälder") -> str:
        role = category("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "GUARD")
        return clinic.put(
            {
                "resourceType": "RelatedPerson",
                "active": True,
                "patient": {"reference": child},
                "relationship": [role],
                "name": [{"family": name}],
            }
        )

    return make


# ---- called ------------------------------------------------------------------------------------


def test_a_call_makes_a_meeting_a_kallelse_to_each_and_a_link_in_the_plan(clinic: Clinic) -> None:
    """R90, R91: agenda, questions, time, place; one Task an actor; answers to come."""
    patient, plan, nurse = planned(clinic)
    kommun = clinic.unit(codes.KOMMUN)
    response = call(
        clinic,
        plan,
        nurse,
        actor=reference(kommun),
        question=[string("Vem handlar?"), string("Vem ringer vi på natten?")],
        place=string("Provgatan 3, Östersund"),
        video={"valueUrl": "https://video.example/x"},
        instruction=string("Vi kommer hem till dig"),
    )
    assert response.status_code == 201, response.text
    answered = named(response)
    meeting = answered["return"]
    assert (meeting["status"], meeting["start"]) == ("pending", START)
    end = dt.datetime.fromisoformat(meeting["end"]) - dt.datetime.fromisoformat(START)
    assert end == dt.timedelta(hours=1)
    assert [each["text"] for each in meeting["reasonCode"]] == [
        "Vem handlar?",
        "Vem ringer vi på natten?",
    ]
    places = [e for e in meeting["extension"] if e["url"] == codes.MEETING_PLACE]
    assert [next(v for k, v in e.items() if k != "url") for e in places] == [
        "Provgatan 3, Östersund",
        "https://video.example/x",
    ]
    assert statuses(meeting) == {patient: "needs-action", nurse: "accepted"}
    assert set(called(response)) == {patient, kommun}
    assert links(answered["plan"]) == [url_of(meeting)]
    tasks = every(response, "task")
    assert len({task["groupIdentifier"]["value"] for task in tasks}) == 1
    for task in tasks:
        assert task["focus"] == {"reference": url_of(meeting)}
        assert task["description"].splitlines()[1:] == ["Vem handlar?", "Vem ringer vi på natten?"]
        assert task["restriction"]["period"]["end"] == days(7)


def test_a_meeting_without_a_time_is_proposed(clinic: Clinic) -> None:
    """R91: the time is found later."""
    _, plan, nurse = planned(clinic)
    meeting = named(call(clinic, plan, nurse, start=None))["return"]
    assert meeting["status"] == "proposed"
    assert "start" not in meeting


def test_whom_the_plan_names_is_called_when_nobody_is_named(clinic: Clinic) -> None:
    """R90, R91: contributors, those who do something, contacts; a unit is called once."""
    patient = ready(clinic)
    kommun, region = clinic.unit(codes.KOMMUN), clinic.unit(codes.REGION)
    doer = clinic.nurse(kommun)
    plan = generate(
        clinic,
        patient,
        "draft",
        *complete(),
        activity(codes.KOMMUN, owner=reference(kommun)),
        activity(codes.KOMMUN, owner=reference(doer)),
        activity(codes.REGION, owner=reference(region)),
    )
    contact = named(plan)["return"]["author"]["reference"]
    response = call(clinic, url_of(named(plan)["return"]), clinic.nurse())
    # The kommun is there by its nurse.
    assert set(called(response)) == {patient, contact, doer, region}


def test_a_childs_guardians_are_always_called(clinic: Clinic, guardian: Any) -> None:
    """R80: both, whoever else is."""
    child = clinic.patient(birthDate=days(-4000))
    parents = [guardian(child, "Ett"), guardian(child, "Två")]
    given = [{"reference": parent} for parent in parents]
    clinic.put(consent_to_sip(child, performer=given))
    clinic.assign(child, clinic.nurse())
    _, plan, nurse = planned(clinic, child)
    response = call(clinic, plan, nurse, actor=reference(clinic.unit(codes.KOMMUN)))
    assert {child, *parents} < set(called(response))


def test_the_person_is_called_also_when_others_are_named(clinic: Clinic) -> None:
    """R79: the plan is made together with the person."""
    patient, plan, nurse = planned(clinic)
    response = call(clinic, plan, nurse, actor=reference(clinic.nurse()))
    assert patient in called(response)


def test_without_consent_nobody_is_called(clinic: Clinic) -> None:
    """R75, R78: nor where the person says no."""
    patient, plan, nurse = planned(clinic)
    clinic.put(consent_to_sip(patient, "deny"))
    with clinic.nothing_stored("Task", "Appointment"):
        response = call(clinic, plan, nurse)
        assert refusals(response) == [("business-rule", LAW, "CarePlan.supportingInfo")]


def test_an_actor_new_to_the_person_is_called_with_consent_only(clinic: Clinic) -> None:
    """R84: known there or not; the consent decides."""
    patient = clinic.patient()
    wanted, other = clinic.unit(codes.KOMMUN), clinic.unit(codes.KOMMUN)
    nurse = clinic.nurse()
    clinic.put(consent_to_sip(patient, **limited(patient, wanted)))
    clinic.assign(patient, clinic.nurse())
    _, plan, _ = planned(clinic, patient)
    assert wanted in called(call(clinic, plan, nurse, actor=reference(wanted)))
    later = {"valueDateTime": "2090-04-12T13:00:00+02:00"}
    response = call(clinic, plan, nurse, actor=[reference(wanted), reference(other)], start=later)
    assert refusals(response) == [("business-rule", [*LAW, "OSL-10-1"], "actor[1]")]


def test_whom_the_consent_leaves_out_is_not_proposed(clinic: Clinic) -> None:
    """R78, R84: the answer says how many, not who."""
    patient = clinic.patient()
    kommun = clinic.unit(codes.KOMMUN)
    clinic.put(consent_to_sip(patient, **limited(patient, kommun)))
    clinic.assign(patient, clinic.nurse())
    _, plan, nurse = planned(clinic, patient)
    response = call(clinic, plan, nurse)
    assert set(called(response)) == {patient}
    assert "OSL-10-1" in told(response)


def test_a_relative_whom_the_person_does_not_want_is_not_called(
    clinic: Clinic, guardian: Any
) -> None:
    """R79: others are, where it is appropriate."""
    patient = ready(clinic)
    wanted, unwanted = guardian(patient, "Dotter"), guardian(patient, "Son")
    exception = {**limited(patient, unwanted)["provision"], "type": "deny"}
    rule = {"provision": {"type": "permit", "provision": [exception]}}
    clinic.put(consent_to_sip(patient, **rule))
    _, plan, nurse = planned(clinic, patient)
    response = call(clinic, plan, nurse, actor=[reference(wanted), reference(unwanted)])
    assert refusals(response) == [("business-rule", ["SOL-10-9"], "actor[1]")]
    assert wanted in called(call(clinic, plan, nurse, actor=reference(wanted)))


def stay(clinic: Clinic, patient: str, ready_at: str, **more: Any) -> str:
    """Store a stay in hospital with a notice of utskrivningsklar."""
    at = {"url": "at", "valueDateTime": ready_at}
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    return clinic.put(
        {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": act, "code": "IMP"},
            "subject": {"reference": patient},
            "serviceProvider": {"reference": clinic.unit()},
            "extension": [{"url": codes.DISCHARGE_READY, "extension": [at]}],
            "period": {"start": "2026-03-02T08:10:00+01:00", "end": "2026-03-06T16:00:00+01:00"},
            **more,
        }
    )


def test_a_call_later_than_three_days_is_flagged(clinic: Clinic) -> None:
    """R65: counted from utskrivningsklar; sent is sent."""
    patient, plan, nurse = planned(clinic)
    encounter = reference(stay(clinic, patient, "2026-03-06T10:15:00+01:00"))
    late = {"valueDateTime": "2026-03-10T08:00:00+01:00"}
    response = call(clinic, plan, nurse, encounter=encounter, at=late)
    assert response.status_code == 201
    assert "SAMVL-4-3" in told(response)
    assert all(task["encounter"] == encounter["valueReference"] for task in every(response, "task"))


def test_a_call_in_time_by_the_fast_vardkontakt_is_not_flagged(clinic: Clinic) -> None:
    """R65: by the contact in the region's open care, on the third day."""
    patient, plan, _ = planned(clinic)
    contact = clinic.read(plan)["author"]["reference"]
    encounter = reference(stay(clinic, patient, "2026-03-06T10:15:00+01:00"))
    at = {"valueDateTime": "2026-03-09T23:00:00+01:00"}
    response = call(clinic, plan, contact, encounter=encounter, at=at)
    assert response.status_code == 201
    assert "SAMVL-4-3" not in told(response)


def test_a_meeting_before_the_discharge_is_advised_against(clinic: Clinic) -> None:
    """R66: mostly after it, at home; no error."""
    patient, plan, nurse = planned(clinic)
    ends = {"start": "2026-03-02T08:10:00+01:00", "end": "2090-03-20T16:00:00+01:00"}
    encounter = stay(clinic, patient, "2026-03-10T08:10:00+01:00", period=ends)
    response = call(clinic, plan, nurse, encounter=reference(encounter))
    assert "SAMVL-4-1" in told(response)


def test_the_same_meeting_is_not_called_twice(clinic: Clinic) -> None:
    """R91: two clicks would ask everybody twice; another time is another meeting."""
    _, plan, nurse = planned(clinic)
    first = call(clinic, plan, nurse)
    assert refusals(call(clinic, plan, nurse), 409) == [("duplicate", [], "start")]
    later = {"valueDateTime": "2090-05-12T13:00:00+02:00"}
    assert call(clinic, plan, nurse, start=later).status_code == 201
    cancel(clinic, url_of(named(first)["return"]), nurse)
    assert call(clinic, plan, nurse).status_code == 201


def test_a_plan_that_is_over_is_not_met_about(clinic: Clinic) -> None:
    _, plan, nurse = planned(clinic)
    clinic.put({**clinic.read(plan), "status": "revoked"})
    assert refusals(call(clinic, plan, nurse), 409) == [("conflict", [], "CarePlan.status")]
    other = clinic.put(
        {
            "resourceType": "CarePlan",
            "status": "draft",
            "intent": "plan",
            "subject": {"reference": clinic.patient()},
        }
    )
    assert refusals(call(clinic, other, nurse)) == [("business-rule", [], "CarePlan.category")]


@pytest.mark.parametrize(
    ("given", "named_"),
    [
        ({"start": {"valueDateTime": "2090-03-12"}}, "start"),
        ({"start": None, "end": {"valueDateTime": START}}, "end"),
        ({"end": {"valueDateTime": "2090-03-12T12:00:00+01:00"}}, "end"),
        ({"at": {"valueDateTime": "2090-03-12T12:00:00+01:00"}}, "at"),
        ({"form": code("kafé")}, "Parameters.parameter[1]"),
    ],
)
def test_times_that_contradict_each_other_are_refused(
    clinic: Clinic, given: Json, named_: str
) -> None:
    _, plan, nurse = planned(clinic)
    response = call(clinic, plan, nurse, **given)
    assert response.status_code == 400
    assert response.json["issue"][0]["expression"] == [named_]


# ---- answered ----------------------------------------------------------------------------------


def test_a_meeting_is_booked_when_all_have_said_yes(clinic: Clinic) -> None:
    """R91: and waits again when one says no after all."""
    patient, plan, nurse = planned(clinic)
    other = clinic.nurse()
    tasks = called(call(clinic, plan, nurse, actor=reference(other)))
    first = named(answer(clinic, tasks[patient], codes.ACCEPTED))
    assert first["return"]["status"] == "accepted"
    assert first["appointment"]["status"] == "pending"
    last = named(answer(clinic, tasks[other], codes.ACCEPTED))["appointment"]
    assert last["status"] == "booked"
    assert statuses(last) == {patient: "accepted", other: "accepted", nurse: "accepted"}
    no = named(answer(clinic, tasks[other], codes.DECLINED, reason=string("Sjuk")))
    assert (no["return"]["status"], no["appointment"]["status"]) == ("rejected", "pending")
    assert no["return"]["statusReason"] == {"text": "Sjuk"}


def test_a_perhaps_is_kept_as_one(clinic: Clinic) -> None:
    """R91: neither yes nor silence."""
    patient, plan, nurse = planned(clinic)
    tasks = called(call(clinic, plan, nurse, actor=reference(clinic.nurse())))
    said = named(answer(clinic, tasks[patient], "tentative"))
    assert said["return"]["status"] == "received"
    assert statuses(said["appointment"])[patient] == "tentative"


def test_a_no_says_why(clinic: Clinic) -> None:
    """R83, R91: the person and the caller need to know."""
    patient, plan, nurse = planned(clinic)
    tasks = called(call(clinic, plan, nurse))
    response = answer(clinic, tasks[patient], codes.DECLINED)
    assert response.status_code == 400
    assert response.json["issue"][0]["expression"] == ["reason"]


def test_a_unit_says_who_comes_for_it(clinic: Clinic) -> None:
    """R91: the representative stands in the meeting; another takes its place."""
    _, plan, nurse = planned(clinic)
    kommun = clinic.unit(codes.KOMMUN)
    one, two = clinic.nurse(kommun), clinic.nurse(kommun)
    tasks = called(call(clinic, plan, nurse, actor=reference(kommun)))
    said = answer(clinic, tasks[kommun], codes.ACCEPTED, representative=reference(one))
    assert statuses(named(said)["appointment"])[one] == "accepted"
    said = answer(clinic, tasks[kommun], codes.ACCEPTED, representative=reference(two))
    standing = statuses(named(said)["appointment"])
    assert two in standing
    assert one not in standing
    elsewhere = reference(clinic.nurse(clinic.unit(codes.KOMMUN)))
    response = answer(clinic, tasks[kommun], codes.ACCEPTED, representative=elsewhere)
    assert refusals(response) == [("business-rule", [], "representative")]


def test_only_who_was_called_answers_or_who_called_writes_it_down(clinic: Clinic) -> None:
    """R91: not the unit next door."""
    _, plan, nurse = planned(clinic)
    kommun = clinic.unit(codes.KOMMUN)
    tasks = called(call(clinic, plan, nurse, actor=reference(kommun)))
    stranger = reference(clinic.nurse(clinic.unit(codes.KOMMUN)))
    response = answer(clinic, tasks[kommun], codes.ACCEPTED, by=stranger)
    assert refusals(response) == [("business-rule", [], "by")]
    for by in (clinic.nurse(kommun), nurse):
        said = answer(clinic, tasks[kommun], codes.ACCEPTED, by=reference(by))
        assert said.status_code == 200, said.text


def test_all_answers_at_once_are_all_kept(clinic: Clinic, app: Any) -> None:
    """R91: two that answer at the same moment do not overwrite each other."""
    patient, plan, nurse = planned(clinic)
    actors = [clinic.nurse() for _ in range(3)]
    response = call(clinic, plan, nurse, actor=[reference(each) for each in actors])
    tasks = called(response)
    clients = [Clinic(Fhir(app.test_client())) for _ in tasks]
    calls = [
        threading.Thread(target=answer, args=(client, task, codes.ACCEPTED))
        for client, task in zip(clients, tasks.values(), strict=True)
    ]
    for each in calls:
        each.start()
    for each in calls:
        each.join()
    meeting = clinic.read(url_of(named(response)["return"]))
    assert meeting["status"] == "booked"
    assert set(statuses(meeting)) == {patient, nurse, *actors}
    assert set(statuses(meeting).values()) == {"accepted"}


def test_another_task_is_no_kallelse(clinic: Clinic) -> None:
    patient = clinic.patient()
    other = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "for": {"reference": patient},
    }
    response = answer(clinic, clinic.put(other), codes.ACCEPTED)
    assert refusals(response) == [("business-rule", [], "Task.code")]


# ---- who has not answered, and reminders -------------------------------------------------------


def answers(clinic: Clinic, meeting: str) -> tuple[int, list[Json]]:
    """Call $meeting-answers; give how many are silent, and for each actor its parts by name."""
    response = clinic.fhir.get(f"{meeting}/$meeting-answers")
    assert response.status_code == 200, response.text
    found = response.json["parameter"]
    [silent] = [p["valueUnsignedInt"] for p in found if p["name"] == "unanswered"]
    actors = []
    for each in (p["part"] for p in found if p["name"] == "actor"):
        parts: Json = {"reminded": []}
        for part in each:
            value = next(v for k, v in part.items() if k.startswith("value"))
            if part["name"] == "reminded":
                parts["reminded"].append(value)
            else:
                parts[part["name"]] = value
        actors.append(parts)
    return silent, actors


def test_who_has_not_answered_stands_first(clinic: Clinic) -> None:
    """R91: then those who do not come, and since when."""
    patient, plan, nurse = planned(clinic)
    yes, no = clinic.nurse(), clinic.nurse()
    response = call(clinic, plan, nurse, actor=[reference(yes), reference(no)])
    tasks, meeting = called(response), url_of(named(response)["return"])
    answer(clinic, tasks[yes], codes.ACCEPTED)
    answer(clinic, tasks[no], codes.DECLINED, reason=string("Kan inte den dagen"))
    silent, actors = answers(clinic, meeting)
    assert silent == 1
    assert [(each["actor"]["reference"], each["answer"]) for each in actors] == [
        (patient, "needs-action"),
        (no, "declined"),
        (yes, "accepted"),
    ]
    assert actors[1]["reason"] == "Kan inte den dagen"
    assert actors[0]["since"] == named(response)["return"]["created"]
    assert [each["overdue"] for each in actors] == [False, False, False]


def test_who_is_silent_past_the_day_is_overdue(clinic: Clinic) -> None:
    """R91: answers were due on a day that has passed."""
    _, plan, nurse = planned(clinic)
    at = {"valueDateTime": days(-9)}
    response = call(clinic, plan, nurse, at=at, answerBy={"valueDate": days(-2)})
    assert [each["overdue"] for each in answers(clinic, url_of(named(response)["return"]))[1]] == [
        True
    ] * len(called(response))


def test_a_reminder_goes_to_the_silent_and_once_a_day(clinic: Clinic) -> None:
    """R91: each who has not answered, not the others."""
    patient, plan, nurse = planned(clinic)
    yes = clinic.nurse()
    response = call(clinic, plan, nurse, actor=reference(yes), at={"valueDateTime": days(-3)})
    tasks, meeting = called(response), url_of(named(response)["return"])
    answer(clinic, tasks[yes], codes.ACCEPTED)
    yesterday = {"valueDateTime": f"{days(-1)}T09:00:00+01:00"}
    [first] = every(remind(clinic, meeting, nurse, at=yesterday), "return")
    assert first["recipient"] == [{"reference": patient}]
    assert first["category"][0]["coding"][0]["code"] == codes.PAMINNELSE
    assert first["basedOn"] == [{"reference": tasks[patient]}]
    assert len(every(remind(clinic, meeting, nurse), "return")) == 1
    again = remind(clinic, meeting, nurse)
    assert again.status_code == 200
    assert every(again, "return") == []
    assert [i["code"] for i in outcome_issues(again)] == ["informational"]
    assert len(answers(clinic, meeting)[1][0]["reminded"]) == 2


def test_the_answers_are_a_page_too(clinic: Clinic) -> None:
    """R91, R118: who has not answered, in plain Swedish; a protected name is not shown."""
    _, plan, nurse = planned(clinic)
    label = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
    secret = clinic.put(
        {
            "resourceType": "Practitioner",
            "meta": {"security": [{"system": label, "code": "sekretessmarkering"}]},
            "name": [{"family": "Hemlig<b>"}],
        }
    )
    role = clinic.role(secret)
    response = call(clinic, plan, nurse, actor=reference(role))
    meeting = url_of(named(response)["return"])
    answer(clinic, called(response)[role], codes.DECLINED, reason=string("<script>1</script>"))
    page = clinic.fhir.get(f"{meeting}/$meeting-answers?_format=html")
    assert page.content_type == "text/html; charset=utf-8"
    html5lib.HTMLParser(strict=True).parse(page.text)
    assert "Har inte svarat" in page.text
    assert "söndag 12 mars 2090 klockan 13–14" in page.text
    assert "Namnet är skyddat" in page.text
    assert "Hemlig" not in page.text
    assert "<script>" not in page.text


# ---- called off --------------------------------------------------------------------------------


def test_a_meeting_called_off_withdraws_its_kallelser(clinic: Clinic) -> None:
    """R91: with the reason; nobody answers or is reminded any more."""
    patient, plan, nurse = planned(clinic)
    response = call(clinic, plan, nurse)
    meeting, tasks = url_of(named(response)["return"]), called(response)
    off = cancel(clinic, meeting, nurse)
    assert named(off)["return"]["status"] == "cancelled"
    assert named(off)["return"]["cancelationReason"] == {"text": "Personen är sjuk"}
    assert {task["status"] for task in every(off, "task")} == {"cancelled"}
    assert {task["statusReason"]["text"] for task in every(off, "task")} == {"Personen är sjuk"}
    closed = [("conflict", [], "Appointment.status")]
    assert refusals(cancel(clinic, meeting, nurse), 409) == closed
    assert refusals(remind(clinic, meeting, nurse), 409) == closed
    late = answer(clinic, tasks[patient], codes.ACCEPTED)
    assert refusals(late, 409) == [("conflict", [], "Task.status")]


def test_another_appointment_is_no_sip_meeting(clinic: Clinic) -> None:
    person = {"actor": {"reference": clinic.patient()}, "status": "accepted"}
    other = clinic.put(
        {"resourceType": "Appointment", "status": "proposed", "participant": [person]}
    )
    response = cancel(clinic, other, clinic.nurse())
    assert refusals(response) == [("business-rule", [], "Appointment.serviceType")]
    assert clinic.fhir.get("Appointment/none/$meeting-answers").status_code == 404
