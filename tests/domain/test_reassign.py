"""A contact's assignments moved to others, all or none, without a gap (R46-R48)."""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from fhir_server.sweden import codes, periods
from tests.conftest import Fhir
from tests.domain.clinic import (
    LATER,
    Clinic,
    Json,
    code,
    days,
    extension,
    fast_kontakt,
    paragraphs,
    parameters,
    part,
    reference,
    string,
)
from tests.domain.test_deputies import assignment, boolean, parts, set_deputy, value
from tests.domain.test_deputies import period as period_of

LONG_AGO = {"start": "2026-01-01"}


def reassign(clinic: Clinic, leaver: str, **named: Any) -> Any:
    return clinic.fhir.post(f"{leaver}/$reassign", parameters(**named))


def contact(team: Json) -> str:
    found: str = team["participant"][0]["member"]["reference"]
    return found


def bounds(team: Json) -> tuple[dt.datetime | None, dt.datetime | None]:
    read = periods.read(team)
    return read.start, read.end


def moved(answer: Any) -> dict[str, tuple[str, str]]:
    """Give successor and new contact by assignment."""
    return {
        each["assignment"]["reference"]: (each["successor"]["reference"], each["to"]["reference"])
        for each in parts(answer, "moved")
    }


def test_all_patients_of_a_contact_who_leaves_get_another(clinic: Clinic) -> None:
    """R46-R48: the old ends exactly where the new begins, which names it."""
    unit = clinic.unit()
    eva, ola, vera = (clinic.nurse(unit=unit) for _ in range(3))
    teams = [assignment(clinic, eva, period=LONG_AGO) for _ in range(3)]
    answer = reassign(
        clinic,
        eva,
        to=reference(ola),
        appointedBy=reference(vera),
        handover=part(at={"valueDateTime": days(0)}, how=code("samtal")),
    )
    assert value(answer, "count") == 3
    assert set(moved(answer)) == set(teams)
    for team, (successor, to) in moved(answer).items():
        old, new = clinic.read(team), clinic.read(successor)
        assert (contact(old), contact(new), to) == (eva, ola, ola)
        assert (old["status"], new["status"]) == ("inactive", "active")
        assert bounds(old)[1] == bounds(new)[0] == periods.bounds(days(0))[0]  # type: ignore[index]
        assert extension(new, codes.REPLACES_CONTACT)["valueReference"] == {"reference": team}
        ended = extension(old, codes.END_REASON)["valueCodeableConcept"]["coding"][0]
        assert ended["code"] == "slutat"
        by = {p["url"]: p for p in extension(new, codes.HANDOVER)["extension"]}["by"]
        assert by["valueReference"] == {"reference": eva}
        appointed = {p["url"]: p for p in extension(new, codes.APPOINTED_BY)["extension"]}["by"]
        assert appointed["valueReference"] == {"reference": vera}
        assert old["subject"] == new["subject"]
    assert parts(clinic.fhir.get(f"{eva}/$stranded"), "stranded") == []


def test_what_is_about_the_patient_is_kept_and_what_is_about_the_person_is_not(
    clinic: Clinic,
) -> None:
    """R2, R10, R20, R45, R114: the new contact is not told of, reached or stood in for as the old."""
    eva, ola, sara = clinic.nurse(), clinic.nurse(), clinic.nurse()
    note = {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": "Ring på förmiddagen"}}
    informed = {
        "url": codes.INFORMATION_GIVEN,
        "extension": [
            {"url": "at", "valueDateTime": "2026-01-01"},
            {"url": "by", "valueReference": {"reference": eva}},
            {"url": "channel", "valueCode": "telefon"},
            {"url": "recipient", "valueCode": "patient"},
        ],
    }
    review = {"url": codes.REVIEW_DATE, "valueDate": days(30)}
    team = assignment(
        clinic,
        eva,
        period=LONG_AGO,
        extension=[note, informed, review],
        reasonCode=[{"text": "trygghet"}],
        telecom=[{"system": "phone", "value": "063-000 00 99"}],
        note=[{"text": "Extern"}],
    )
    set_deputy(clinic, team, sara)
    answer = reassign(clinic, eva, to=reference(ola))
    [(successor, _)] = moved(answer).values()
    new = clinic.read(successor)
    urls = [each["url"] for each in new["extension"]]
    assert urls == [codes.INTERNAL_NOTE, codes.REVIEW_DATE, codes.REPLACES_CONTACT]
    assert new["reasonCode"] == [{"text": "trygghet"}]
    assert new["note"] == [{"text": "Extern"}]
    assert "telecom" not in new
    assert "extension" not in new["participant"][0]
    # Ola is of another unit, which answers from now on.
    assert new["managingOrganization"] == [clinic.read(ola)["organization"]]


def test_several_take_over_evenly(clinic: Clinic) -> None:
    """R46, R49: none gets two more than another."""
    eva, ola, sara = clinic.nurse(), clinic.nurse(), clinic.nurse()
    for _ in range(5):
        assignment(clinic, eva, period=LONG_AGO)
    answer = reassign(clinic, eva, to=[reference(ola), reference(sara)])
    to = [to for _, to in moved(answer).values()]
    assert sorted(to.count(each) for each in (ola, sara)) == [2, 3]


def test_each_may_have_a_successor_of_its_own(clinic: Clinic) -> None:
    """R46: and those that are not listed are left."""
    eva, ola, sara = clinic.nurse(), clinic.nurse(), clinic.nurse()
    one, other, third = (assignment(clinic, eva, period=LONG_AGO) for _ in range(3))
    answer = reassign(
        clinic,
        eva,
        to=reference(ola),
        move=[
            part(assignment=reference(one), to=reference(sara)),
            part(assignment=reference(other)),
        ],
    )
    assert {team: to for team, (_, to) in moved(answer).items()} == {one: sara, other: ola}
    [left] = parts(answer, "left")
    assert (left["assignment"]["reference"], left["reason"]) == (third, "not-asked-for")
    assert contact(clinic.read(third)) == eva


def test_only_one_type_or_one_unit_is_moved_where_asked(clinic: Clinic) -> None:
    """R46."""
    here, there = clinic.unit(), clinic.unit()
    eva, ola = clinic.nurse(unit=here), clinic.nurse(unit=here)
    ordinary = assignment(clinic, eva, period=LONG_AGO)
    patient = clinic.patient()
    coordinates = clinic.put(
        fast_kontakt(
            patient, eva, "4", period=LONG_AGO, managingOrganization=[{"reference": there}]
        )
    )
    assert set(moved(reassign(clinic, eva, to=reference(ola), type=code("4")))) == {coordinates}
    assert moved(reassign(clinic, eva, to=reference(ola), unit=reference(there))) == {}
    assert set(moved(reassign(clinic, eva, to=reference(ola), unit=reference(here)))) == {ordinary}


def test_where_the_law_refuses_one_nothing_is_written(clinic: Clinic) -> None:
    """R5, R15, R46: each refusal names its assignment and its paragraph."""
    eva, ola = clinic.nurse(), clinic.nurse()
    doctor = clinic.physician()
    ordinary = assignment(clinic, doctor, period=LONG_AGO)
    patient = clinic.patient()
    unit = clinic.read(doctor)["organization"]
    in_danger = clinic.put(
        fast_kontakt(patient, doctor, period=LONG_AGO, managingOrganization=[unit])
    )
    clinic.life_in_danger(patient)
    with clinic.nothing_stored("CareTeam"):
        answer = reassign(clinic, doctor, to=reference(eva))
    assert answer.status_code == 422
    [issue] = [each for each in answer.json["issue"] if each["severity"] == "error"]
    assert paragraphs(issue) == ["SOSFS-2011-7-2-3"]
    id_ = in_danger.partition("/")[2]
    assert issue["expression"] == [f"CareTeam.where(id = '{id_}').participant[0].member"]
    assert clinic.read(ordinary)["status"] == "active"
    clinic.put(clinic.read(ola) | {"active": False})
    answer = reassign(clinic, doctor, to=reference(ola))
    refused = [each for each in answer.json["issue"] if "inactive" in each["details"]["text"]]
    assert {paragraphs(each)[0] for each in refused} == {"PL-6-2"}
    assert len(refused) == 2


def test_a_change_that_the_unit_asks_for_has_its_decision(clinic: Clinic) -> None:
    """R46: requester, reason, decision, date."""
    eva, ola, vera = clinic.nurse(), clinic.nurse(), clinic.nurse()
    team = assignment(clinic, eva, period=LONG_AGO)
    answer = reassign(
        clinic,
        eva,
        to=reference(ola),
        reason=code("byte-verksamhet"),
        decision=part(
            requestedBy=reference(eva),
            reason=string("Ny indelning av områden"),
            decidedBy=reference(vera),
            physician=reference(clinic.physician()),
        ),
    )
    [(successor, _)] = moved(answer).values()
    change = {p["url"]: p for p in extension(clinic.read(team), codes.CHANGE_DECISION)["extension"]}
    assert change["decision"]["valueCode"] == "beviljat"
    assert change["at"]["valueDateTime"] == days(0)
    appointed = extension(clinic.read(successor), codes.APPOINTED_BY)
    assert appointed["extension"][0]["valueReference"] == {"reference": vera}


@pytest.mark.parametrize("start", ["2090-03-01", "2090-03-01T12:00:00+01:00", "2090-03"])
def test_a_change_ahead_leaves_the_old_contact_until_then(clinic: Clinic, start: str) -> None:
    """R48: no gap and no overlap, to the second; deputies end with the contact."""
    unit = clinic.unit()
    eva, ola, sara = (clinic.nurse(unit=unit) for _ in range(3))
    team = assignment(clinic, eva, period=LONG_AGO | {"end": "2091-12-31"})
    set_deputy(clinic, team, sara, period=period_of("2090-02-01", "2090-06-30"))
    answer = reassign(clinic, eva, to=reference(ola), start={"valueDateTime": start})
    [(successor, _)] = moved(answer).values()
    old, new = clinic.read(team), clinic.read(successor)
    assert (old["status"], new["status"]) == ("active", "active")
    begins = periods.bounds(start)
    assert begins
    assert bounds(old)[1] == bounds(new)[0] == begins[0]
    assert new["period"]["end"] == "2091-12-31"
    deputy = {p["url"]: p for p in old["participant"][0]["extension"][0]["extension"]}
    assert periods.read(deputy["period"], "valuePeriod").end == begins[0]


def test_an_assignment_that_has_not_begun_gets_the_new_contact_itself(clinic: Clinic) -> None:
    """R48: nobody has held it, so nothing ends."""
    eva, ola = clinic.nurse(), clinic.nurse()
    team = assignment(clinic, eva, period={"start": LATER})
    answer = reassign(clinic, eva, to=reference(ola))
    assert moved(answer) == {team: (team, ola)}
    assert contact(clinic.read(team)) == ola
    assert bounds(clinic.read(team))[0] == periods.bounds(LATER)[0]  # type: ignore[index]


def test_an_assignment_that_is_over_is_left(clinic: Clinic) -> None:
    """R48."""
    eva, ola = clinic.nurse(), clinic.nurse()
    team = assignment(clinic, eva, period={"start": "2026-01-01", "end": days(10)})
    start = {"valueDateTime": days(20)}
    answer = reassign(clinic, eva, to=reference(ola), start=start)
    assert [(e["assignment"]["reference"], e["reason"]) for e in parts(answer, "left")] == [
        (team, "over")
    ]
    listed = part(assignment=reference(team))
    refused = reassign(clinic, eva, to=reference(ola), start=start, move=listed)
    assert refused.status_code == 422


def test_a_dry_run_tells_all_and_stores_nothing(clinic: Clinic) -> None:
    """R46: what would be moved, and what the law has against it."""
    doctor, eva = clinic.physician(), clinic.nurse()
    patient = clinic.patient()
    unit = clinic.read(doctor)["organization"]
    team = clinic.put(fast_kontakt(patient, doctor, period=LONG_AGO, managingOrganization=[unit]))
    with clinic.nothing_stored("CareTeam"):
        answer = reassign(clinic, doctor, to=reference(eva), dryRun=boolean(True))
        assert set(moved(answer)) == {team}
        clinic.life_in_danger(patient)
        answer = reassign(clinic, doctor, to=reference(eva), dryRun=boolean(True))
    issues = [each for each in value(answer, "outcome")["issue"] if each["severity"] == "error"]
    assert [paragraphs(each) for each in issues] == [["SOSFS-2011-7-2-3"]]
    assert clinic.read(team)["meta"]["versionId"] == "1"


def test_wrong_calls_say_what_is_wrong(clinic: Clinic) -> None:
    eva, ola = clinic.nurse(), clinic.nurse()
    assignment(clinic, eva, period=LONG_AGO)
    assert reassign(clinic, "PractitionerRole/nothing", to=reference(ola)).status_code == 404
    assert reassign(clinic, eva).status_code == 400
    assert reassign(clinic, eva, to=reference("Practitioner/x")).status_code == 400
    foreign = part(assignment=reference(assignment(clinic, ola)))
    assert reassign(clinic, eva, to=reference(ola), move=foreign).status_code == 422
    answer = reassign(clinic, eva, to=reference(ola), reason=code("avliden"))
    assert answer.status_code == 400


def test_two_who_reassign_at_once_leave_one_contact_each(clinic: Clinic, app: Flask) -> None:
    """R31, R48: the one who comes second finds nothing left to move."""
    unit = clinic.unit()
    eva, ola, sara = (clinic.nurse(unit=unit) for _ in range(3))
    teams = [assignment(clinic, eva, period=LONG_AGO) for _ in range(6)]
    others = [Clinic(Fhir(app.test_client())) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(reassign, other, eva, to=reference(to))
            for other, to in zip(others, (ola, sara), strict=True)
        ]
        counts = [value(call.result(), "count") for call in calls]
    assert sorted(counts) == [0, 6]
    for team in teams:
        patient = clinic.read(team)["subject"]["reference"]
        found = clinic.fhir.get(f"CareTeam?patient={patient}&status=active").json
        assert found["total"] == 1
        assert contact(found["entry"][0]["resource"]) in (ola, sara)


def test_a_large_group_is_moved_in_the_background_and_tells_how_far_it_is(clinic: Clinic) -> None:
    """R46, R48: 60 patients at once, by Prefer: respond-async."""
    unit = clinic.unit()
    eva, ola = clinic.nurse(unit=unit), clinic.nurse(unit=unit)
    teams = [
        {
            "resource": fast_kontakt(
                clinic.patient(), eva, period=LONG_AGO, managingOrganization=[{"reference": unit}]
            ),
            "request": {"method": "POST", "url": "CareTeam"},
        }
        for _ in range(60)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": teams}
    assert clinic.fhir.post("", bundle).status_code == 200
    body = parameters(to=reference(ola))
    begun = clinic.fhir.post(f"{eva}/$reassign", body, Prefer="respond-async")
    assert begun.status_code == 202
    address = begun.headers["Content-Location"].rpartition("/fhir/")[2]
    told = set()
    deadline = time.monotonic() + 60
    while (status := clinic.fhir.get(address)).status_code == 202:
        assert time.monotonic() < deadline
        told.add(status.headers["X-Progress"])
        time.sleep(0.05)
    [entry] = status.json["entry"]
    assert entry["response"]["status"] == "200", status.text
    assert entry["resource"]["parameter"][0] == {"name": "count", "valueInteger": 60}
    assert any("of 120 resources" in each for each in told), told
    found = clinic.fhir.get(f"CareTeam?participant={ola}&status=active&_summary=count")
    assert found.json["total"] == 60
