"""There is always somebody to contact (R43, R45): $coverage of a unit and of a person."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from fhir_server.sweden import codes
from fhir_server.sweden.working_days import WEEKDAYS
from tests.domain.clinic import PHONE, Clinic, Json, days
from tests.domain.test_deputies import assignment, parts, period, set_deputy, value

# A week without public holidays, Monday to Sunday, far enough ahead.
MONDAY, FRIDAY, SUNDAY = "2090-03-06", "2090-03-10", "2090-03-12"
# A unit that takes letters only: nobody who answers.
LETTERS = [{"system": "email", "value": "enheten@example.org"}]


def coverage(
    clinic: Clinic, at: str, start: str = MONDAY, end: str = SUNDAY, **headers: str
) -> Any:
    return clinic.fhir.get(f"{at}/$coverage?start={start}&end={end}", **headers)


def gaps(answer: Any) -> list[tuple[str, str, str]]:
    return [(e["from"][:16], e["to"][:16], e["why"]) for e in parts(answer, "gap")]


def hours(*weekdays: str, start: str = "08:00:00", end: str = "16:00:00") -> Json:
    """Give a telephone that is answered at some hours, every day where none is named."""
    days_ = weekdays or WEEKDAYS
    told: list[Json] = [{"url": "daysOfWeek", "valueCode": day} for day in days_]
    told += [
        {"url": "availableStartTime", "valueTime": start},
        {"url": "availableEndTime", "valueTime": end},
    ]
    return PHONE | {"extension": [{"url": codes.CONTACT_AVAILABILITY, "extension": told}]}


def test_outside_the_contact_s_hours_there_is_a_gap(clinic: Clinic) -> None:
    """R43-R45: nobody else answers at night, and nobody on the weekend."""
    unit = clinic.unit(telecom=LETTERS)
    eva = clinic.nurse(unit=unit, telecom=[hours("mon", "tue", "wed", "thu", "fri")])
    team = assignment(clinic, eva)
    answer = coverage(clinic, unit, MONDAY, MONDAY)
    assert gaps(answer) == [
        ("2090-03-06T00:00", "2090-03-06T08:00", "closed"),
        ("2090-03-06T16:00", "2090-03-07T00:00", "closed"),
    ]
    [first, _] = parts(answer, "gap")
    assert first["assignment"]["reference"] == team
    assert first["contact"] == {"reference": eva}
    assert first["patient"] == clinic.read(team)["subject"]
    assert first["type"] == "1"
    assert [value(answer, name) for name in ("assignments", "gaps", "uncovered")] == [1, 2, 1]
    minutes = {each["by"]: each["minutes"] for each in parts(answer, "answered")}
    assert minutes == {"contact": 480, "deputy": 0, "team": 0, "unit": 0, "nobody": 960}
    assert gaps(coverage(clinic, eva)) == gaps(coverage(clinic, unit))


def test_the_unit_s_own_number_is_what_remains(clinic: Clinic) -> None:
    """R43: a letter box is nobody to turn to."""
    unit = clinic.unit(telecom=LETTERS)
    assignment(clinic, clinic.nurse(unit=unit))
    assert value(coverage(clinic, unit), "gaps") > 0
    resource = clinic.read(unit)
    clinic.put(resource | {"telecom": [PHONE]})
    assert value(coverage(clinic, unit), "gaps") == 0


def test_a_team_answers_for_the_contact_who_is_reached_through_it(clinic: Clinic) -> None:
    """R40, R43."""
    unit = clinic.unit(telecom=LETTERS)
    eva = clinic.nurse(unit=unit)
    team = clinic.put(
        {
            "resourceType": "CareTeam",
            "status": "active",
            "category": [{"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": "team"}]}],
            "name": "Teamet",
            "telecom": [hours(start="07:00:00", end="22:00:00")],
        }
    )
    contact = clinic.read(assignment(clinic, eva))
    contact["participant"][0]["extension"] = [
        {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": team}}
    ]
    clinic.put(contact)
    assert gaps(coverage(clinic, unit, MONDAY, MONDAY)) == [
        ("2090-03-06T00:00", "2090-03-06T07:00", "closed"),
        ("2090-03-06T22:00", "2090-03-07T00:00", "closed"),
    ]


def test_an_absence_is_a_gap_until_somebody_stands_in(clinic: Clinic) -> None:
    """R45: a holiday, closed by one call for all assignments."""
    open_at_night = hours(start="16:00:00", end="08:00:00")
    unit = clinic.unit(
        telecom=[open_at_night, hours("sat", "sun", start="00:00:00", end="00:00:00")]
    )
    away = {"description": "Semester", "during": {"start": MONDAY, "end": FRIDAY}}
    weekdays = hours("mon", "tue", "wed", "thu", "fri")
    eva = clinic.nurse(unit=unit, telecom=[weekdays], notAvailable=[away])
    ola = clinic.nurse(unit=unit, telecom=[weekdays])
    assignment(clinic, eva)
    answer = coverage(clinic, unit)
    assert [each[2] for each in gaps(answer)] == ["absent"] * 5
    set_deputy(clinic, eva, ola, period=period(MONDAY, FRIDAY))
    answer = coverage(clinic, unit)
    assert gaps(answer) == []
    minutes = {each["by"]: each["minutes"] for each in parts(answer, "answered")}
    assert minutes["deputy"] == 5 * 8 * 60


def test_a_contact_whose_role_ends_leaves_a_gap_from_then_on(clinic: Clinic) -> None:
    """R45, R48."""
    unit = clinic.unit(telecom=LETTERS)
    eva = clinic.nurse(unit=unit, telecom=[hours()])
    assignment(clinic, eva)
    role = clinic.read(eva)
    clinic.put(role | {"period": {"end": MONDAY}})
    [*_, last] = gaps(coverage(clinic, unit, MONDAY, FRIDAY))
    assert last == ("2090-03-07T00:00", "2090-03-11T00:00", "left")


def test_the_gaps_come_as_a_table(clinic: Clinic) -> None:
    """R45."""
    unit = clinic.unit(telecom=LETTERS)
    eva = clinic.nurse(unit=unit)
    team = assignment(clinic, eva)
    answer = coverage(clinic, unit, MONDAY, MONDAY, Accept="text/csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    header, first, _ = csv.reader(io.StringIO(answer.text))
    assert header == ["assignment", "patient", "contact", "type", "from", "to", "why"]
    assert first[:1] + first[2:4] + first[6:] == [team, eva, "1", "closed"]


def test_without_a_period_the_next_month_is_looked_at(clinic: Clinic) -> None:
    """R45."""
    answer = clinic.fhir.get(f"{clinic.unit()}/$coverage")
    start, end = (dt.datetime.fromisoformat(value(answer, name)) for name in ("start", "end"))
    assert start.date().isoformat() == days(0)
    assert (end.date() - start.date()).days == 31
    assert value(answer, "assignments") == 0


def test_what_can_t_be_looked_at_is_refused(clinic: Clinic) -> None:
    unit = clinic.unit(telecom=LETTERS)
    assert coverage(clinic, unit, FRIDAY, MONDAY).status_code == 400
    assert coverage(clinic, unit, "2090-01-01", "2090-04-03").status_code == 400
    assert coverage(clinic, unit, "2090-01-01", "2090-04-02").status_code == 200
    assert coverage(clinic, "Organization/nothing").status_code == 404
    assert clinic.fhir.post(f"{unit}/$coverage", {"resourceType": "Parameters"}).status_code == 200
