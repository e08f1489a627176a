"""Wards, coordinators and actors who do the same, or the opposite, at one moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

from fhir_server.sweden import codes, discharge
from tests.conftest import Fhir
from tests.domain import meeting_calls
from tests.domain.clinic import Clinic, Json, code, days, parameters, reference, string
from tests.domain.life_cycle import moment, named, url_of
from tests.domain.plan_calls import active_plan, draft_plan, tasks
from tests.domain.sip_calls import complete, consent_to_sip, generate, ready
from tests.domain.sip_world import note_need
from tests.domain.stays import EXPECTED, LEFT, NOTICED, READY, kind_of, timeline, ward

Call = Callable[[Fhir], Any]


def at_once(app: Flask, *calls: Call) -> list[Any]:
    """Make calls at the same moment, each from a client of its own."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: call(Fhir(app.test_client())), calls))


def post(url: str, **named_: Any) -> Call:
    return lambda fhir: fhir.post(url, parameters(**named_))


def statuses(answers: Sequence[Any]) -> dict[int, int]:
    return dict(Counter(each.status_code for each in answers))


def messages(clinic: Clinic, patient: str) -> Counter[str]:
    """Count the messages about a patient by what they tell."""
    found = clinic.fhir.get(f"Communication?patient={patient}&_count=200").json.get("entry", [])
    return Counter(kind_of(each["resource"]) for each in found)


def test_two_wards_send_the_notice_at_once(app: Flask, clinic: Clinic) -> None:
    """R55, R57: one notice to each unit, with one task to plan."""
    here = ward(clinic)
    call = post(
        f"{here.stay}/$admission-notice", by=reference(here.by),
        expectedDischarge=moment(EXPECTED), at=moment(NOTICED),
        recipient=reference(here.home_care),
    )  # fmt: skip
    answers = at_once(app, *[call] * 4)
    assert all(each.status_code in (200, 201, 409, 422) for each in answers), statuses(answers)
    sent = timeline(here.now(), codes.ADMISSION_NOTICE_SENT)
    told = Counter(to for each in sent for to in each["to"])
    assert told == Counter({here.centre: 1, here.home_care: 1})
    assert messages(clinic, here.patient)[codes.INSKRIVNINGSMEDDELANDE] == 2
    found = clinic.fhir.get(f"Task?patient={here.patient}&_count=100").json["entry"]
    by = Counter(
        (e["resource"]["owner"]["reference"], e["resource"]["code"]["coding"][0]["code"])
        for e in found
    )
    assert set(by.values()) == {1}


def test_ready_is_said_once_and_taken_back_once(app: Flask, clinic: Clinic) -> None:
    """R61, R62: whoever comes second hears 409, and no unit is told twice."""
    here = ward(clinic)
    assert here.notice().status_code < 300
    by = reference(here.by)
    say = post(f"{here.stay}/$ready-for-discharge", by=by, at=moment(READY))
    assert statuses(at_once(app, *[say] * 4)) == {200: 1, 409: 3}
    assert messages(clinic, here.patient)[codes.UTSKRIVNINGSKLAR] == 2
    late = moment("2026-03-05T15:00:00+01:00")
    back = post(f"{here.stay}/$withdraw-ready-for-discharge", by=by, at=late)
    assert statuses(at_once(app, *[back] * 4)) == {200: 1, 409: 3}
    stay = discharge.timeline(here.now())
    assert (len(stay.ready), len(stay.withdrawn), stay.ready_since) == (1, 1, None)


def test_discharge_and_withdrawal_at_once_leave_one_story(app: Flask, clinic: Clinic) -> None:
    """R62, R64: who is discharged is not taken back afterwards."""
    here = ward(clinic)
    assert here.notice().status_code < 300
    assert here.ready().status_code < 300
    by = reference(here.by)
    leave = post(
        f"{here.stay}/$discharge", by=by, at=moment(LEFT), summary=string("Du har fått vård.")
    )
    back = post(
        f"{here.stay}/$withdraw-ready-for-discharge", by=by,
        at=moment("2026-03-05T15:00:00+01:00"),
    )  # fmt: skip
    left, taken = at_once(app, leave, back)
    assert left.status_code < 300, left.text
    assert taken.status_code in (200, 409), taken.text
    stay = here.now()
    assert stay["status"] == "finished"
    told = discharge.timeline(stay)
    assert len(told.withdrawn) == (taken.status_code == 200)


def test_two_activate_one_draft(app: Flask, clinic: Clinic) -> None:
    """R90: it comes into force once, with one follow-up."""
    plan = draft_plan(clinic)
    by = plan.get("author") or {"reference": clinic.nurse()}
    call = post(f"CarePlan/{plan['id']}/$activate-sip", by={"valueReference": by})
    assert statuses(at_once(app, *[call] * 3)) == {200: 1, 409: 2}
    assert len(tasks(clinic, plan)) == 1


def test_two_successors_of_one_plan_do_not_both_come_into_force(app: Flask, clinic: Clinic) -> None:
    """R85, R93: the second coordinator is told that the plan was replaced."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    call = post(
        f"CarePlan/{plan['id']}/$revise-sip", by={"valueReference": plan["author"]},
        status=code("active"), title=string("Reviderad plan"),
    )  # fmt: skip
    assert statuses(at_once(app, *[call] * 3)) == {201: 1, 409: 2}
    found = clinic.fhir.get(f"CarePlan?patient={patient}&status=active").json
    assert found["total"] == 1


def test_two_make_the_first_plan_at_once(app: Flask, clinic: Clinic) -> None:
    """R85: one plan with the content suffices."""
    patient = ready(clinic)
    answers = at_once(
        app,
        *[lambda fhir: generate(Clinic(fhir), patient, "active", *complete())] * 3,
    )
    assert statuses(answers)[201] == 1, statuses(answers)
    assert clinic.fhir.get(f"CarePlan?patient={patient}&status=active").json["total"] == 1


def test_closed_and_followed_up_at_once_leaves_nothing_to_do(app: Flask, clinic: Clinic) -> None:
    """R92, R93: a plan that is over has no follow-up ahead, in whichever order."""
    plan = active_plan(clinic)
    by = {"valueReference": plan["author"]}
    url = f"CarePlan/{plan['id']}"
    answers = at_once(
        app,
        post(f"{url}/$follow-up-sip", by=by, decision=code("fortsatt"), next={"valueDate": days(60)}),
        post(f"{url}/$close-sip", by=by, reason=code("mal-uppnadda")),
        post(f"{url}/$follow-up-sip", by=by, decision=code("fortsatt"), next={"valueDate": days(30)}),
    )  # fmt: skip
    assert answers[1].status_code == 200, answers[1].text
    assert all(each.status_code in (200, 409) for each in answers), statuses(answers)
    assert clinic.read(url)["status"] == "completed"
    assert {each["status"] for each in tasks(clinic, plan)} <= {"completed", "cancelled"}


def test_each_answer_to_a_kallelse_is_in_the_meeting(app: Flask, clinic: Clinic) -> None:
    """R91: many answer at one moment, and one of them changes their mind."""
    patient, plan, caller = meeting_calls.planned(clinic)
    people = [clinic.nurse() for _ in range(3)]
    made = meeting_calls.call(clinic, plan, caller, actor=[reference(each) for each in people])
    calls = meeting_calls.called(made)
    said = dict(
        zip([*people, patient], ("accepted", "declined", "tentative", "accepted"), strict=True)
    )
    answers = at_once(
        app,
        *[
            post(f"{calls[who]}/$answer-call", answer=code(what), reason=string("Så är det"))
            for who, what in said.items()
        ],
    )
    again = {each.status_code for each in answers}
    assert again <= {200, 409}, [each.text for each in answers]
    for (who, what), answer in zip(said.items(), answers, strict=True):
        if answer.status_code == 409:
            late = meeting_calls.answer(clinic, calls[who], what, reason=string("Så är det"))
            assert late.status_code == 200, late.text
    meeting = clinic.read(url_of(named(made)["return"]))
    found = {p["actor"]["reference"]: p["status"] for p in meeting["participant"]}
    assert {who: found[who] for who in said} == said
    assert len(meeting["participant"]) == len(found)


def test_a_meeting_is_called_once(app: Flask, clinic: Clinic) -> None:
    """R91: two coordinators call to the same meeting, and everybody gets one kallelse."""
    patient, plan, caller = meeting_calls.planned(clinic)
    answers = at_once(app, *[lambda fhir: meeting_calls.call(Clinic(fhir), plan, caller)] * 3)
    assert statuses(answers) == {201: 1, 409: 2}
    about = f"patient={patient}&code={codes.TASK_CODE_SYSTEM}|{codes.KALLELSE}"
    owners = Counter(
        each["resource"]["owner"]["reference"]
        for each in clinic.fhir.get(f"Task?{about}").json["entry"]
    )
    assert set(owners.values()) == {1}


def test_who_is_taken_out_of_the_consent_is_in_no_meeting_made_meanwhile(
    app: Flask, clinic: Clinic
) -> None:
    """R78, R84: a plain Appointment and a withdrawal at once: one of them sees the other."""
    patient, unit = clinic.patient(), clinic.unit(codes.KOMMUN)
    consent, worker = clinic.put(consent_to_sip(patient)), clinic.nurse(unit)
    meeting: Json = {
        "resourceType": "Appointment",
        "status": "proposed",
        "serviceType": [
            {"coding": [{"system": codes.code_system("service-type"), "code": codes.SIP_MEETING}]}
        ],
        "description": "SIP-möte",
        "participant": [
            {"actor": {"reference": each}, "status": "needs-action"} for each in (patient, worker)
        ],
    }
    made, gone = at_once(
        app,
        lambda fhir: fhir.post("Appointment", meeting),
        post(f"{consent}/$withdraw-sip-consent", by=reference(patient)),
    )
    assert gone.status_code == 200, gone.text
    assert made.status_code in (201, 422), made.text
    if made.status_code == 201:
        assert clinic.read(url_of(made.json))["status"] == "cancelled"


def test_the_same_need_noted_at_once_is_one(app: Flask, clinic: Clinic) -> None:
    """R75, R82: a double click obliges nobody twice."""
    patient, nurse = clinic.patient(), clinic.nurse()
    owner = reference(clinic.unit(codes.KOMMUN))
    answers = at_once(
        app, *[lambda fhir: note_need(Clinic(fhir), patient, nurse, owner=[owner])] * 3
    )
    assert {each.status_code for each in answers} <= {200, 201}, statuses(answers)
    about = f"patient={patient}&code={codes.TASK_CODE_SYSTEM}|{codes.SIP_BEHOV}"
    assert clinic.fhir.get(f"Task?{about}").json["total"] == 2
