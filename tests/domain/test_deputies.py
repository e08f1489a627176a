"""Who stands in for a named contact (R45), over HTTP: $set-deputy, and the rules on every write."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    days,
    fast_kontakt,
    parameters,
    reference,
    refusals,
    refused_by,
)

HERE = "CareTeam.participant[0].extension"


def period(start: str | None = None, end: str | None = None) -> Json:
    """Give a Period parameter's value."""
    found = {"start": start, "end": end}
    return {"valuePeriod": {name: value for name, value in found.items() if value}}


def boolean(value: bool) -> Json:
    return {"valueBoolean": value}


def set_deputy(clinic: Clinic, at: str, deputy: str, **more: Any) -> Any:
    return clinic.fhir.post(f"{at}/$set-deputy", parameters(deputy=reference(deputy), **more))


def assignment(clinic: Clinic, member: str, **more: Any) -> str:
    """Store an assignment of a patient of its own."""
    unit = clinic.read(member)["organization"]
    team = fast_kontakt(clinic.patient(), member, managingOrganization=[unit], **more)
    return clinic.put(team)


def stands_in(clinic: Clinic, team: str) -> list[tuple[str, str | None, str | None]]:
    """Give who stands in for the contact: member, first day and last."""
    found = []
    for each in clinic.read(team)["participant"][0].get("extension", []):
        if each["url"] == codes.DEPUTY:
            parts = {part["url"]: part for part in each["extension"]}
            when = parts.get("period", {}).get("valuePeriod", {})
            member = parts["member"]["valueReference"]["reference"]
            found.append((member, when.get("start"), when.get("end")))
    return found


def parts(response: Any, name: str) -> list[Json]:
    """Give the groups of an answer, each by the names of its parts."""
    assert response.status_code == 200, response.text
    return [
        {part["name"]: next(v for k, v in part.items() if k != "name") for part in each["part"]}
        for each in response.json["parameter"]
        if each["name"] == name
    ]


def value(response: Any, name: str) -> Any:
    """Give the value of a parameter of an answer."""
    assert response.status_code == 200, response.text
    [found] = [each for each in response.json["parameter"] if each["name"] == name]
    return next(v for k, v in found.items() if k != "name")


def test_a_deputy_is_set_with_period_and_a_number_with_hours(clinic: Clinic) -> None:
    """R43-R45."""
    eva, ola = clinic.nurse(), clinic.nurse()
    team = assignment(clinic, eva)
    hours = {
        "url": codes.CONTACT_AVAILABILITY,
        "extension": [
            {"url": "daysOfWeek", "valueCode": "mon"},
            {"url": "availableStartTime", "valueTime": "09:00:00"},
        ],
    }
    phone = {"system": "phone", "value": "063-000 00 09", "extension": [hours]}
    answer = set_deputy(
        clinic, team, ola, period=period(days(3), days(7)), telecom={"valueContactPoint": phone}
    )
    assert answer.status_code == 200, answer.text
    [deputy] = value(answer, "return")["participant"][0]["extension"]
    assert deputy["extension"][2] == {"url": "telecom", "valueContactPoint": phone}
    assert stands_in(clinic, team) == [(ola, days(3), days(7))]


def test_the_same_person_again_shortens_or_moves_the_period_that_it_meets(clinic: Clinic) -> None:
    """R45."""
    team, ola = assignment(clinic, clinic.nurse()), clinic.nurse()
    set_deputy(clinic, team, ola, period=period(days(1), days(9)))
    set_deputy(clinic, team, ola, period=period(days(20), days(25)))
    set_deputy(clinic, team, ola, period=period(days(2), days(4)))
    assert stands_in(clinic, team) == [(ola, days(20), days(25)), (ola, days(2), days(4))]


def test_two_deputies_at_once_are_refused(clinic: Clinic) -> None:
    """R45: one person to turn to."""
    team, ola, sara = assignment(clinic, clinic.nurse()), clinic.nurse(), clinic.nurse()
    set_deputy(clinic, team, ola, period=period(days(1), days(9)))
    answer = set_deputy(clinic, team, sara, period=period(days(9), days(12)))
    refused_by(answer, "HSF-4-1", f"{HERE}[1]")
    assert stands_in(clinic, team) == [(ola, days(1), days(9))]
    # The day after is free.
    assert set_deputy(clinic, team, sara, period=period(days(10), days(12))).status_code == 200


def test_two_deputies_at_once_are_refused_on_every_write(clinic: Clinic) -> None:
    """R45: a plain PUT obeys the same law."""
    team, ola, sara = assignment(clinic, clinic.nurse()), clinic.nurse(), clinic.nurse()
    set_deputy(clinic, team, ola)
    resource = clinic.read(team)
    extensions = resource["participant"][0]["extension"]
    extensions.append(
        {
            "url": codes.DEPUTY,
            "extension": [{"url": "member", "valueReference": {"reference": sara}}],
        }
    )
    refused_by(clinic.fhir.put(team, resource), "HSF-4-1", f"{HERE}[1]")


def test_with_replace_the_new_deputy_takes_the_place_of_others(clinic: Clinic) -> None:
    """R45: the others stand in before and after."""
    team, ola, sara = assignment(clinic, clinic.nurse()), clinic.nurse(), clinic.nurse()
    set_deputy(clinic, team, ola, period=period(days(1), days(30)))
    answer = set_deputy(
        clinic, team, sara, period=period(days(10), days(12)), replace=boolean(True)
    )
    assert answer.status_code == 200, answer.text
    assert stands_in(clinic, team) == [
        (ola, days(1), days(9)),
        (ola, days(13), days(30)),
        (sara, days(10), days(12)),
    ]


def test_a_deputy_is_removed_for_some_days_or_for_good(clinic: Clinic) -> None:
    """R45."""
    team, ola = assignment(clinic, clinic.nurse()), clinic.nurse()
    set_deputy(clinic, team, ola)
    set_deputy(clinic, team, ola, period=period(days(5), days(6)), remove=boolean(True))
    assert stands_in(clinic, team) == [(ola, None, days(4)), (ola, days(7), None)]
    set_deputy(clinic, team, ola, remove=boolean(True))
    assert stands_in(clinic, team) == []


def test_the_contact_is_nobody_s_own_deputy(clinic: Clinic) -> None:
    """R45: nor by another role."""
    eva = clinic.nurse()
    team = assignment(clinic, eva)
    answer = set_deputy(clinic, team, eva)
    assert answer.status_code == 422
    assert refusals(answer)[0][1:] == (["HSF-4-1"], f"{HERE}[0]")
    other_role = clinic.role(clinic.read(eva)["practitioner"])
    refused_by(set_deputy(clinic, team, other_role), "HSF-4-1", f"{HERE}[0]")


def test_a_period_outside_the_assignment_s_is_refused(clinic: Clinic) -> None:
    """R45."""
    team = assignment(clinic, clinic.nurse(), period={"start": days(0), "end": days(10)})
    answer = set_deputy(clinic, team, clinic.nurse(), period=period(days(5), days(11)))
    assert answer.status_code == 422
    assert ("business-rule", ["HSF-4-1"], f"{HERE}[0]") in refusals(answer)


def test_nobody_stands_in_where_nobody_is_contact(clinic: Clinic) -> None:
    """R45, R48: an ended assignment, a team, nothing at all."""
    eva, ola = clinic.nurse(), clinic.nurse()
    proposed = assignment(clinic, eva, status="proposed")
    assert set_deputy(clinic, proposed, ola).status_code == 200
    ended = clinic.read(proposed) | {"status": "entered-in-error"}
    clinic.put(ended)
    assert set_deputy(clinic, proposed, ola).status_code == 422
    team = {
        "resourceType": "CareTeam",
        "status": "active",
        "category": [{"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": "team"}]}],
        "name": "Teamet",
    }
    assert set_deputy(clinic, clinic.put(team), ola).status_code == 422
    assert set_deputy(clinic, "CareTeam/nothing", ola).status_code == 404
    assert set_deputy(clinic, proposed, "Practitioner/x").status_code == 400


def test_a_holiday_is_one_call_for_all_of_a_person_s_assignments(clinic: Clinic) -> None:
    """R45: cut to each assignment; what was left is told, and why."""
    eva, ola, sara = clinic.nurse(), clinic.nurse(), clinic.nurse()
    whole = assignment(clinic, eva)
    short = assignment(clinic, eva, period={"start": days(0), "end": days(12)})
    later = assignment(clinic, eva, period={"start": days(30)})
    taken = assignment(clinic, eva)
    set_deputy(clinic, taken, sara, period=period(days(11), days(11)))
    answer = set_deputy(clinic, eva, ola, period=period(days(10), days(20)))
    assert value(answer, "count") == 2
    assert {each["assignment"]["reference"] for each in parts(answer, "changed")} == {whole, short}
    left = {e["assignment"]["reference"]: e["reason"] for e in parts(answer, "left")}
    assert left == {later: "outside-period", taken: "has-deputy"}
    assert stands_in(clinic, whole) == [(ola, days(10), days(20))]
    assert stands_in(clinic, short) == [(ola, days(10), days(12))]
    assert stands_in(clinic, later) == []
    assert stands_in(clinic, taken) == [(sara, days(11), days(11))]


def test_an_absence_without_an_end_has_none_in_the_assignments_either(clinic: Clinic) -> None:
    """R45: a deputy until further notice."""
    eva, ola = clinic.nurse(), clinic.nurse()
    whole = assignment(clinic, eva)
    until = assignment(clinic, eva, period={"start": days(0), "end": days(12)})
    answer = set_deputy(clinic, eva, ola, period=period(days(10)))
    assert stands_in(clinic, whole) == [(ola, days(10), None)]
    assert stands_in(clinic, until) == [(ola, days(10), days(12))]
    told = {e["assignment"]["reference"]: e["period"] for e in parts(answer, "changed")}
    assert told == {whole: {"start": days(10)}, until: {"start": days(10), "end": days(12)}}


def test_a_holiday_is_cancelled_as_it_was_made(clinic: Clinic) -> None:
    """R45."""
    eva, ola = clinic.nurse(), clinic.nurse()
    one, other = assignment(clinic, eva), assignment(clinic, eva)
    holiday = period(days(10), days(20))
    set_deputy(clinic, eva, ola, period=holiday)
    answer = set_deputy(clinic, eva, ola, period=holiday, remove=boolean(True))
    assert value(answer, "count") == 2
    assert stands_in(clinic, one) == stands_in(clinic, other) == []
    again = set_deputy(clinic, eva, ola, period=holiday, remove=boolean(True))
    assert [each["reason"] for each in parts(again, "left")] == ["no-such-deputy"] * 2


def test_where_the_law_refuses_one_of_a_person_s_assignments_none_is_changed(
    clinic: Clinic,
) -> None:
    """R45: and the refusal says which."""
    eva = clinic.nurse()
    one, other = assignment(clinic, eva), assignment(clinic, eva)
    answer = set_deputy(clinic, eva, eva, period=period(days(1), days(2)))
    assert answer.status_code == 422
    named = {each[2].split(".participant")[0] for each in refusals(answer)}
    assert named == {f"CareTeam.where(id = '{team.partition('/')[2]}')" for team in (one, other)}
    assert stands_in(clinic, one) == stands_in(clinic, other) == []


def test_a_dry_run_tells_and_stores_nothing(clinic: Clinic) -> None:
    """R45."""
    eva, ola = clinic.nurse(), clinic.nurse()
    team = assignment(clinic, eva)
    holiday = period(days(1), days(2))
    answer = set_deputy(clinic, eva, ola, period=holiday, dryRun=boolean(True), type=code("1"))
    assert value(answer, "count") == 1
    assert stands_in(clinic, team) == []
    refused = set_deputy(clinic, eva, eva, period=holiday, dryRun=boolean(True))
    issues = value(refused, "outcome")["issue"]
    assert "HSF-4-1" in str([issue for issue in issues if issue["severity"] == "error"])
    nothing = set_deputy(clinic, eva, ola, period=holiday, type=code("2"))
    assert value(nothing, "count") == 0
