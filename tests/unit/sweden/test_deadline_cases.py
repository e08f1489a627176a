"""Deadlines of the discharge process, as tables of cases that name their sources."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, datetime, time

import pytest

from fhir_server.sweden import payment
from fhir_server.sweden.agreements import Agreement
from fhir_server.sweden.discharge import Expected, Timeline
from fhir_server.sweden.discharge_events import Events
from fhir_server.sweden.discharge_steps import Step, steps
from fhir_server.sweden.periods import STOCKHOLM
from fhir_server.sweden.working_days import is_working_day
from tests.conftest import ROOT

Row = dict[str, str]

FOLDER = ROOT / "tests" / "data" / "deadlines"
LONG_AFTERWARDS = "2099-01-01T00:00:00+01:00"
NEEDS = {
    "both": frozenset({"region", "kommun"}),
    "kommun": frozenset({"kommun"}),
    "region": frozenset({"region"}),
}


def rows(name: str) -> list[Row]:
    """Give the cases of a file."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cases(name: str) -> pytest.MarkDecorator:
    """Run a test on each case of a file, named by it."""
    found = rows(name)
    return pytest.mark.parametrize("row", found, ids=[row["case"] for row in found])


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def moments(text: str) -> tuple[datetime, ...]:
    return tuple(moment(each) for each in text.split())


def maybe(text: str) -> datetime | None:
    return moment(text) if text else None


def now(row: Row) -> datetime:
    return moment(row["now"] or LONG_AFTERWARDS)


def step(code: str, stay: Timeline, row: Row, events: Events | None = None) -> Step:
    """Give one step of a stay at the moment of a case."""
    move = row.get("move") == "yes"
    found = steps(stay, events or Events(), now(row), move=move)
    return next(each for each in found if each.code == code)


def stands(found: Step) -> tuple[str, str]:
    """Give deadline and status, to the second, as the tables write them."""
    deadline = found.deadline.replace(microsecond=0) if found.deadline else None
    return (deadline.astimezone(STOCKHOLM).isoformat() if deadline else "", found.status)


def expected(row: Row) -> tuple[str, str]:
    deadline = maybe(row["deadline"])
    return (deadline.astimezone(STOCKHOLM).isoformat() if deadline else "", row["status"])


@cases("admission_notice.csv")
def test_the_inskrivningsmeddelande_is_sent_within_24_hours(row: Row) -> None:
    """R57: from admission, or from the assessment that found the need later."""
    stay = Timeline(
        admitted=moment(row["admitted"]),
        need_assessed=maybe(row["assessed"]),
        notices=moments(row["sent"]),
        needs=NEEDS["both"],
    )
    assert stands(step("inskrivningsmeddelande", stay, row)) == expected(row)


@cases("call_to_meeting.csv")
def test_the_meeting_is_called_within_three_days(row: Row) -> None:
    """R61, R62, R65, R74: after the day of the notice of utskrivningsklar that holds."""
    stay = Timeline(
        admitted=moment("2018-01-01T10:00:00+01:00"),
        ready=moments(row["ready"]),
        withdrawn=moments(row["withdrawn"]),
        needs=NEEDS["both"],
    )
    found = step("kallelse", stay, row, Events(called=maybe(row["called"])))
    assert stands(found) == expected(row)


@cases("discharge_day.csv")
def test_information_is_given_the_day_of_the_discharge(row: Row) -> None:
    """R63, R64, R73: the same day, evenings and weekends included."""
    said = maybe(row["expected"])
    stay = Timeline(
        admitted=moment("2018-01-01T10:00:00+01:00"),
        needs=NEEDS["both"],
        discharged=maybe(row["discharged"]),
        expected=(Expected(said, moment("2018-01-02T10:00:00+01:00")),) if said else (),
    )
    done = "transferred" if row["step"] == "informationsoverforing" else "informed"
    stay = replace(stay, **{done: moments(row["done"])})
    assert stands(step(row["step"], stay, row)) == expected(row)


@cases("payment.csv")
def test_the_municipality_pays_from_the_day_that_the_terms_say(row: Row) -> None:
    """R68, R69, R70, R71, R72, R74: which day is the first, and how many there are."""
    agreement = Agreement(
        id="prov",
        days=int(row["days"]),
        kind=row["kind"],
        cut_off=time.fromisoformat(row["cut_off"]) if row["cut_off"] else None,
        full_days=row["full_days"] == "yes",
        move=row["move"] == "yes",
    )
    stay = Timeline(
        admitted=moment("2018-01-01T10:00:00+01:00"),
        notices=moments(row["notice"]),
        ready=moments(row["ready"]),
        withdrawn=moments(row["withdrawn"]),
        discharged=maybe(row["discharged"]),
        needs=NEEDS[row["needs"]],
    )
    found = payment.liability(stay, maybe(row["called"]), agreement, now(row))
    enters = found.enters.isoformat() if found.enters else ""
    assert (enters, found.days, found.status) == (row["enters"], int(row["count"]), row["status"])


@cases("working_days.csv")
def test_a_working_day_is_told_from_a_holiday(row: Row) -> None:
    """R74: what a deadline may be moved to."""
    assert is_working_day(date.fromisoformat(row["day"])) is (row["working"] == "yes")


def test_there_are_many_cases_and_each_names_its_source() -> None:
    """R57, R65, R70: at least 80 cases, every one with a requirement or the law."""
    found = {path.name: rows(path.name) for path in FOLDER.glob("*.csv")}
    assert sum(map(len, found.values())) >= 80
    for name, table in found.items():
        assert len({row["case"] for row in table}) == len(table), name
        assert all(row["source"].startswith(("R", "DOMAIN")) for row in table), name
        assert all(None not in row and None not in row.values() for row in table), name
