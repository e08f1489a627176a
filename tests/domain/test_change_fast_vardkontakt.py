"""A contact is changed on request: decided, handed over, without a gap, or refused and kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    PHONE,
    Clinic,
    Json,
    code,
    days,
    extension,
    matches,
    members,
    part,
    reference,
    refusals,
    refused_by,
    result,
    string,
)
from tests.domain.life_cycle import (
    advised,
    change,
    granted,
    in_seconds,
    interval,
    moment,
    named,
    part_of,
    reason_of,
    url_of,
)

OWN_LINE = {"system": "phone", "value": "063-000 00 77"}


@dataclass
class Case:
    """A patient with a contact, whoever decides, and somebody who could take over."""

    clinic: Clinic
    patient: str
    unit: str
    old: str
    new: str
    chef: str
    team: str

    def change(self, **more: Any) -> Any:
        return change(self.clinic, self.team, **granted(self.patient, self.chef, self.new, **more))


@pytest.fixture
def case(clinic: Clinic) -> Case:
    unit, patient = clinic.unit(), clinic.patient()
    old, new, chef = clinic.nurse(unit), clinic.nurse(unit), clinic.person(unit=unit)
    team = url_of(result(clinic.assign(patient, old, period=period(days(-30)))))
    return Case(clinic, patient, unit, old, new, chef, team)


def period(start: str) -> Json:
    return {"valuePeriod": {"start": start}}


def handover(how: str, **more: Json) -> Json:
    return part(at=moment(days(0)), how=code(how), **more)


def asked_for(case: Case, **more: Any) -> str:
    """Store a request for another contact."""
    return case.clinic.put(
        {
            "resourceType": "Task",
            "meta": {"profile": [codes.structure("change-request-task")]},
            "status": "requested",
            "intent": "order",
            "code": {"coding": [{"system": codes.TASK_CODE_SYSTEM, "code": "byte-av-kontakt"}]},
            "focus": {"reference": case.team},
            "for": {"reference": case.patient},
            "authoredOn": days(-3),
            "requester": {"reference": case.patient},
            "owner": {"reference": case.chef},
            "reasonCode": {"text": "Vill ha någon på närmare håll"},
        }
        | more
    )


def test_the_old_contact_ends_the_moment_the_new_one_begins(case: Case) -> None:
    """R46, R48: one change, no gap and no overlap."""
    response = case.change(handover=handover("samtal"))
    assert response.status_code == 201
    found = named(response)
    old, new = found["ended"], found["return"]
    assert (old["status"], new["status"]) == ("inactive", "active")
    assert interval(old["period"])[1] == interval(new["period"])[0]
    assert reason_of(old) == "byte-patient"
    assert extension(new, codes.REPLACES_CONTACT)["valueReference"] == {"reference": case.team}
    assert members(case.clinic.contacts(case.patient)) == [case.new]


def test_requester_reason_decision_and_date_are_kept(case: Case) -> None:
    """R46: with the physician who assessed the reasons."""
    mlu = case.clinic.physician()
    response = case.change(physician=reference(mlu), decidedAt=moment(days(-1)))
    old, new = named(response)["ended"], named(response)["return"]
    told = {
        name: part_of(old, codes.CHANGE_DECISION, name)
        for name in ("requestedBy", "reason", "decision", "at", "decidedBy", "physician")
    }
    assert told == {
        "requestedBy": {"reference": case.patient},
        "reason": "Vill ha någon på närmare håll",
        "decision": "beviljat",
        "at": days(-1),
        "decidedBy": {"reference": case.chef},
        "physician": {"reference": mlu},
    }
    assert part_of(new, codes.APPOINTED_BY, "by") == {"reference": case.chef}


def test_a_day_as_takeover_ends_the_old_contact_the_day_before(case: Case) -> None:
    """R48: a day as period.end is included whole."""
    found = named(case.change(at=moment(days(5))))
    assert found["ended"]["period"]["end"] == days(4)
    assert found["return"]["period"] == {"start": days(5)}
    # The old contact answers until then.
    assert found["ended"]["status"] == "active"
    assert members(case.clinic.contacts(case.patient)) == [case.old]
    assert members(case.clinic.contacts(case.patient, f"?date={days(4)}")) == [case.old]
    assert members(case.clinic.contacts(case.patient, f"?date={days(5)}")) == [case.new]


@pytest.mark.parametrize("at", ["2026-03-29T02:00:00+01:00", "2026-03-29T02:00:00.5+01:00"])
def test_a_moment_as_takeover_touches_to_its_last_digit(case: Case, at: str) -> None:
    """R48: R4 counts the second, or its tenth, that an end names."""
    start = {"valuePeriod": {"start": "2026-01-01"}}
    patient = case.clinic.patient()
    team = url_of(result(case.clinic.assign(patient, case.old, period=start)))
    found = named(change(case.clinic, team, **granted(patient, case.chef, case.new, at=moment(at))))
    assert interval(found["ended"]["period"])[1] == interval(found["return"]["period"])[0]


def test_what_was_agreed_about_the_need_follows_to_the_new_contact(case: Case) -> None:
    """R2, R4, R25, R47: type, grounds, tasks and review date; not what concerned the person."""
    team = case.clinic.read(case.team)
    task = {"coding": [{"system": codes.code_system("contact-task"), "code": "samordna"}]}
    more = [
        {"url": codes.structure("contact-task"), "valueCodeableConcept": task},
        {"url": codes.REVIEW_DATE, "valueDate": days(90)},
        {"url": codes.NEED_IDENTIFIED, "valueDateTime": days(-40)},
    ]
    ground = {"coding": [{"system": codes.code_system("appointment-grounds"), "code": "trygghet"}]}
    case.clinic.put(team | {"extension": more, "reasonCode": [ground], "telecom": [OWN_LINE]})
    new = named(case.change())["return"]
    assert new["reasonCode"] == [ground]
    assert extension(new, codes.REVIEW_DATE)["valueDate"] == days(90)
    assert extension(new, codes.structure("contact-task")) == more[0]
    assert codes.NEED_IDENTIFIED not in [each["url"] for each in new["extension"]]
    # The old contact's own number is not the new one's.
    assert "telecom" not in new


def test_telecom_is_kept_or_given_anew_as_the_call_says(case: Case) -> None:
    """R43."""
    case.clinic.put(case.clinic.read(case.team) | {"telecom": [OWN_LINE]})
    given = {"valueContactPoint": PHONE}
    new = named(case.change(keepTelecom={"valueBoolean": True}, telecom=given))["return"]
    assert new["telecom"] == [PHONE, OWN_LINE]


def test_a_team_is_kept_at_the_same_unit_only(case: Case) -> None:
    """R40."""
    team = case.clinic.put(
        {
            "resourceType": "CareTeam",
            "status": "active",
            "name": "Teamet",
            "category": [{"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.TEAM}]}],
            "telecom": [PHONE],
        }
    )
    stored = case.clinic.read(case.team)
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": team}}
    stored["participant"][0]["extension"] = [via]
    case.clinic.put(stored)
    first = case.change(handover=handover("hembesok"))
    assert "PL-6-1" not in advised(first)
    same_unit = named(first)["return"]
    assert same_unit["participant"][0]["extension"] == [via]
    elsewhere = case.clinic.nurse()
    more = granted(case.patient, case.chef, elsewhere, handover=handover("samtal"))
    other_unit = change(case.clinic, url_of(same_unit), **more)
    assert "extension" not in named(other_unit)["return"]["participant"][0]
    # A patient of a team is handed over at home (R47).
    assert "PL-6-1" in advised(other_unit)


def test_the_handover_says_how_when_where_and_by_whom(case: Case) -> None:
    """R47."""
    where = handover("hembesok", place=string("Hemma i Östersund"))
    new = named(case.change(handover=where))["return"]
    assert part_of(new, codes.HANDOVER, "how") == "hembesok"
    assert part_of(new, codes.HANDOVER, "at") == days(0)
    assert part_of(new, codes.HANDOVER, "place") == "Hemma i Östersund"
    assert part_of(new, codes.HANDOVER, "by") == {"reference": case.old}


def test_a_change_without_handover_is_advised_to_have_one(case: Case) -> None:
    """R47: patientlagen 6 kap. 1 §, continuity."""
    assert "PL-6-1" in advised(case.change())


def test_from_child_to_adult_the_clinic_changes_in_a_meeting(case: Case) -> None:
    """R47."""
    adult = case.clinic.nurse(case.clinic.unit(kind="16"))
    more = {"endReason": code("overgang-vuxen"), "at": moment(days(10))}
    asked = granted(case.chef, case.chef, adult, handover=handover("mote"), **more)
    response = change(case.clinic, case.team, **asked)
    assert reason_of(named(response)["ended"]) == "overgang-vuxen"
    assert "PL-6-1" not in advised(response)
    assert members(case.clinic.contacts(case.patient, f"?date={days(10)}")) == [adult]


def test_staff_who_ask_make_it_a_change_by_the_unit(case: Case) -> None:
    """R46."""
    response = case.change(requester=reference(case.old))
    assert reason_of(named(response)["ended"]) == "byte-verksamhet"


@pytest.mark.parametrize("missing", ["decision", "decidedBy"])
def test_a_change_that_nobody_decided_is_refused(case: Case, missing: str) -> None:
    """R3, R46: the verksamhetschef decides, hälso- och sjukvårdsförordningen 4 kap. 1 §."""
    with case.clinic.nothing_stored():
        refused_by(case.change(**{missing: None}), "HSF-4-1", missing)


def test_an_update_ends_no_contact_by_a_change_that_nobody_decided(case: Case) -> None:
    """R46: the law stands in the write path, whoever writes."""
    team = case.clinic.read(case.team)
    reason = {"coding": [{"system": codes.END_REASON_SYSTEM, "code": "byte-patient"}]}
    told = {"url": codes.END_REASON, "valueCodeableConcept": reason}
    ending = team | {
        "status": "inactive",
        "period": {**team["period"], "end": days(0)},
        "extension": [told],
    }
    refused_by(case.clinic.fhir.put(case.team, ending), "HSF-4-1", "CareTeam.extension")
    parts = [
        {"url": "requestedBy", "valueReference": {"reference": case.patient}},
        {"url": "reason", "valueString": "Vill byta"},
        {"url": "decision", "valueCode": "avslaget"},
        {"url": "at", "valueDateTime": days(0)},
        {"url": "decidedBy", "valueReference": {"reference": case.chef}},
    ]
    ending["extension"] = [told, {"url": codes.CHANGE_DECISION, "extension": parts}]
    refused_by(case.clinic.fhir.put(case.team, ending), "HSF-4-1", "CareTeam.extension")
    parts[2]["valueCode"] = "beviljat"
    assert case.clinic.fhir.put(case.team, ending).status_code == 200


def test_a_regional_unit_that_names_no_physician_is_reminded(case: Case) -> None:
    """R46: manager and medicinskt ledningsansvarig läkare assess the reasons."""
    assert "HSF-4-1" in advised(case.change())


def test_a_change_to_nobody_is_refused(case: Case) -> None:
    """R46: it would be an end."""
    response = case.change(practitionerRole=None)
    assert response.status_code == 400
    assert members(case.clinic.contacts(case.patient)) == [case.old]


def test_a_new_contact_whom_the_law_refuses_changes_nothing(case: Case) -> None:
    """R5, R48: all or nothing."""
    unnamed = case.clinic.role(case.clinic.put({"resourceType": "Practitioner"}))
    with case.clinic.nothing_stored():
        refused_by(
            case.change(practitionerRole=reference(unnamed)),
            "PL-6-2",
            "CareTeam.participant[0].member",
        )
    assert case.clinic.read(case.team)["status"] == "active"


def test_a_change_before_the_contact_began_is_refused(case: Case) -> None:
    """R48."""
    with case.clinic.nothing_stored():
        refused_by(case.change(at=moment(days(-30))), "PL-6-2", "at")
    assert named(case.change(at=moment(days(-29))))["ended"]["period"]["end"] == days(-30)


def test_a_month_is_no_time_to_take_over(case: Case) -> None:
    """R48."""
    response = case.change(at=moment("2027-01"))
    assert (response.status_code, response.json["issue"][0]["code"]) == (400, "value")


def test_a_contact_that_has_ended_is_not_changed_again(case: Case) -> None:
    """R48."""
    named(case.change())
    assert case.change().status_code == 409


def test_of_two_who_change_at_once_one_is_told_that_the_other_was_first(case: Case) -> None:
    """R46, R48: as one change, whoever calls."""
    clients = [
        Clinic(type(case.clinic.fhir)(case.clinic.fhir.client.application.test_client()))
        for _ in range(2)
    ]
    others = [case.clinic.nurse(), case.clinic.nurse()]

    def ask(number: int) -> int:
        asked = granted(case.patient, case.chef, others[number])
        return int(change(clients[number], case.team, **asked).status_code)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ask, range(2))) == [201, 409]
    assert len(matches(case.clinic.contacts(case.patient))) == 1


def test_the_task_that_asked_is_completed_with_the_change(case: Case) -> None:
    """R46."""
    task = asked_for(case)
    found = named(case.change(task=reference(task)))
    assert found["task"]["status"] == "completed"
    came = [each.get("valueReference") for each in found["task"]["output"]]
    assert {"reference": url_of(found["return"])} in came
    assert case.clinic.read(task)["status"] == "completed"


def test_a_task_about_something_else_changes_nothing(case: Case) -> None:
    """R46."""
    other = url_of(result(case.clinic.assign(case.clinic.patient(), case.old)))
    task = asked_for(case, focus={"reference": other})
    with case.clinic.nothing_stored():
        assert case.change(task=reference(task)).status_code == 422
    decided = asked_for(case, status="completed")
    with case.clinic.nothing_stored():
        assert case.change(task=reference(decided)).status_code == 409
    assert case.clinic.read(case.team)["status"] == "active"


def test_a_refused_request_is_kept_and_the_contact_stays(case: Case) -> None:
    """R46: as a rejected Task, with reason and who decided."""
    before = case.clinic.read(case.team)
    response = case.change(
        decision=code("avslaget"),
        decisionReason=string("Ingen annan har plats"),
        practitionerRole=None,
    )
    assert response.status_code == 201
    task = named(response)["task"]
    assert (task["status"], task["statusReason"]["text"]) == ("rejected", "Ingen annan har plats")
    assert task["requester"] == {"reference": case.patient}
    assert task["reasonCode"]["text"] == "Vill ha någon på närmare håll"
    assert case.clinic.read(case.team) == before == named(response)["return"]
    found = case.clinic.fhir.get(f"Task?patient={case.patient}&status=rejected").json
    assert [url_of(entry["resource"]) for entry in found["entry"]] == [url_of(task)]


def test_a_refusal_closes_the_task_that_asked(case: Case) -> None:
    """R46."""
    task = asked_for(case)
    refused = {"decision": code("avslaget"), "decisionReason": string("Nyss bytt")}
    response = case.change(**refused, task=reference(task))
    assert response.status_code == 200
    assert case.clinic.read(task)["status"] == "rejected"
    assert case.change(**refused, task=reference(task)).status_code == 409


def test_a_refusal_says_why(case: Case) -> None:
    """R46."""
    response = case.change(decision=code("avslaget"))
    assert (response.status_code, response.json["issue"][0]["code"]) == (400, "required")


def test_a_deputy_beyond_the_end_is_cut_or_left_out(case: Case) -> None:
    """R45, ct-9: a deputy stands in inside the assignment's period."""
    team = case.clinic.read(case.team)
    team["participant"][0]["extension"] = [
        deputy(case.clinic.nurse(), days(-2), days(6)),
        deputy(case.clinic.nurse(), days(7), days(9)),
    ]
    case.clinic.put(team)
    old = named(case.change(at=moment(days(5))))["ended"]
    [kept] = old["participant"][0]["extension"]
    [during] = [each["valuePeriod"] for each in kept["extension"] if each["url"] == "period"]
    assert during == {"start": days(-2), "end": days(4)}


def deputy(role: str, start: str, end: str) -> Json:
    return {
        "url": codes.DEPUTY,
        "extension": [
            {"url": "member", "valueReference": {"reference": role}},
            {"url": "period", "valuePeriod": {"start": start, "end": end}},
        ],
    }


def test_a_gap_after_the_contact_before_is_refused_on_every_write(case: Case) -> None:
    """R48: also when the end or the start is moved afterwards, by update."""
    found = named(case.change(at=moment(days(5))))
    old, new = found["ended"], found["return"]
    for end in (days(3), days(6)):
        moved = old | {"period": {**old["period"], "end": end}}
        response = case.clinic.fhir.put(url_of(old), moved)
        assert ("business-rule", ["PL-6-2"], "CareTeam.period.end") in refusals(response)
    moved = new | {"period": {"start": days(6)}}
    refused_by(case.clinic.fhir.put(url_of(new), moved), "PL-6-2", "CareTeam.period.start")


def test_a_contact_replaces_one_of_the_same_patient_only(case: Case) -> None:
    """R48."""
    found = named(case.change())
    new = found["return"] | {"subject": {"reference": case.clinic.patient()}}
    refused_by(case.clinic.fhir.put(url_of(new), new), "PL-6-2", "CareTeam.extension")


def test_another_kind_of_team_is_not_changed(case: Case) -> None:
    """R46."""
    team = case.clinic.put({"resourceType": "CareTeam", "status": "active"})
    asked = granted(case.patient, case.chef, case.new)
    assert change(case.clinic, team, **asked).status_code == 422
    assert change(case.clinic, "CareTeam/unknown", **asked).status_code == 404


def test_a_change_ahead_of_time_is_planned_for_that_moment(case: Case) -> None:
    """R47: the handover is planned, too."""
    ahead = in_seconds(3600)
    found = named(case.change(at=moment(ahead), handover=part(at=moment(ahead), how=code("mote"))))
    assert found["ended"]["status"] == "active"
    assert reason_of(found["ended"]) == "byte-patient"
    assert members(case.clinic.contacts(case.patient)) == [case.old]
    # Its end is decided: another change would be of the new contact.
    assert case.change().status_code == 409
