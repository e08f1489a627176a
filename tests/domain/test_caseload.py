"""$caseload, as sentences: R45, R49-R52, R106. Whatever it counts is counted again, otherwise."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo.collection import Collection

from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from fhir_server.sweden.periods import read as period_of
from tests.conftest import Fhir
from tests.domain.clinic import Clinic, Json, days, ended, fast_kontakt, today

MOMENT = dt.timedelta(microseconds=1)


def caseload(fhir: Fhir, url: str, query: str = "") -> Json:
    """Give the answer's parts by name; a list of them where they repeat."""
    response = fhir.get(f"{url}/$caseload{query}")
    assert response.status_code == 200, response.text
    return parts(response.json["parameter"])


REPEATED = {"contact", "byType", "threshold", "trend", "bin"}


def parts(listed: list[Json]) -> Json:
    found: Json = {}
    for each in listed:
        value = (
            parts(each["part"])
            if "part" in each
            else next(v for k, v in each.items() if k != "name")
        )
        if each["name"] in REPEATED and "part" in each:
            found.setdefault(each["name"], []).append(value)
        else:
            assert each["name"] not in found
            found[each["name"]] = value
    return found


def kinds(of: Json) -> dict[str, int]:
    return {each["type"]: each["patients"] for each in of.get("byType", [])}


def by_contact(answer: Json) -> dict[str, Json]:
    return {each["practitionerRole"]["reference"]: each for each in answer.get("contact", [])}


def threshold(patients: int, kind: str = "", *, sparse: bool = False) -> Json:
    listed: list[Json] = [{"url": "patients", "valueUnsignedInt": patients}]
    listed += [{"url": "type", "valueCode": kind}] if kind else []
    listed += [{"url": "sparse", "valueBoolean": True}] if sparse else []
    return {"url": codes.CASELOAD_THRESHOLD, "extension": listed}


def unit(clinic: Clinic, *extensions: Json, **more: Any) -> str:
    region = {"url": codes.HUVUDMAN, "valueCode": codes.REGION}
    return clinic.put(
        {"resourceType": "Organization", "name": "Enheten", "extension": [region, *extensions]}
        | more
    )


def assigned(clinic: Clinic, role: str, at: str, kind: str = "1", **more: Any) -> str:
    """Store an assignment; give the patient."""
    patient = more.pop("patient", None) or clinic.patient()
    managing = [{"reference": at}]
    clinic.put(fast_kontakt(patient, role, kind, managingOrganization=managing, **more))
    return str(patient)


def deputy(member: str, start: str | None = None, end: str | None = None) -> Json:
    period = {name: value for name, value in (("start", start), ("end", end)) if value}
    listed: list[Json] = [{"url": "member", "valueReference": {"reference": member}}]
    listed += [{"url": "period", "valuePeriod": period}] if period else []
    return {"url": codes.DEPUTY, "extension": listed}


def with_deputies(member: str, kind: str, *deputies: Json) -> list[Json]:
    [participant] = fast_kontakt("Patient/x", member, kind)["participant"]
    return [participant | {"extension": list(deputies)}]


@pytest.fixture
def clinic(fhir: Fhir) -> Clinic:
    return Clinic(fhir)


def test_a_unit_sees_how_many_patients_each_contact_has(clinic: Clinic, fhir: Fhir) -> None:
    """R49: today impossible; here one request."""
    here = unit(clinic)
    eva, ola = clinic.nurse(here), clinic.nurse(here)
    for _ in range(3):
        assigned(clinic, eva, here)
    assigned(clinic, ola, here)
    answer = caseload(fhir, here)
    assert [(each["practitionerRole"]["reference"], each["patients"]) for each in answer["contact"]] == [
        (eva, 3), (ola, 1),
    ]  # fmt: skip
    assert answer["contact"][0]["practitionerRole"]["display"] == "Eva Test"
    assert (answer["patients"], answer["subject"]["reference"]) == (4, here)


def test_a_patient_with_two_types_of_one_contact_counts_once_and_by_type_in_each(
    clinic: Clinic, fhir: Fhir
) -> None:
    """R34, R49: the same person may be fast läkarkontakt and fast vårdkontakt."""
    here = clinic.unit(kind="15")
    karin = clinic.physician(here)
    patient = assigned(clinic, karin, here, "1")
    assigned(clinic, karin, here, "2", patient=patient)
    answer = caseload(fhir, karin)
    assert (answer["patients"], kinds(answer["contact"][0])) == (1, {"1": 1, "2": 1})
    assert caseload(fhir, karin, "?type=2")["patients"] == 1
    assert caseload(fhir, karin, "?type=4")["patients"] == 0


def test_a_person_sees_patients_of_other_units_too(clinic: Clinic, fhir: Fhir) -> None:
    """R49: a person's load is whole; a unit's is its own."""
    here, there = unit(clinic), unit(clinic)
    eva = clinic.nurse(here)
    assigned(clinic, eva, here)
    assigned(clinic, eva, there)
    assert caseload(fhir, eva)["patients"] == 2
    assert by_contact(caseload(fhir, there))[eva]["patients"] == 1


def test_an_ended_assignment_counts_until_the_day_it_ended(clinic: Clinic, fhir: Fhir) -> None:
    """R48, R49: an end date includes its day."""
    here = unit(clinic)
    eva = clinic.nurse(here)
    patient = clinic.patient()
    team = fast_kontakt(
        patient, eva, period={"start": days(-60)}, managingOrganization=[{"reference": here}]
    )
    clinic.put(ended(team, days(-10)))
    numbers = [
        caseload(fhir, eva, f"?date={days(day)}")["patients"] for day in (-61, -60, -11, -10, -9, 0)
    ]
    assert numbers == [0, 1, 1, 1, 0, 0]
    assert caseload(fhir, eva)["patients"] == 0


def test_who_is_dead_needs_no_contact_from_then_on(clinic: Clinic, fhir: Fhir) -> None:
    """R20, R49: also where nobody ended the assignment."""
    here = unit(clinic)
    eva = clinic.nurse(here)
    patient = clinic.patient(deceasedDateTime=days(-5))
    long_ago = {"period": {"start": days(-60)}}
    assigned(clinic, eva, here, patient=patient, **long_ago)
    assigned(clinic, eva, here, patient=clinic.patient(deceasedBoolean=True), **long_ago)
    assigned(clinic, eva, here, **long_ago)
    assert caseload(fhir, here)["patients"] == 1
    assert caseload(fhir, here, f"?date={days(-6)}")["patients"] == 3
    assert caseload(fhir, here, f"?date={days(-4)}")["patients"] == 2


def test_whom_a_person_stands_in_for_is_told_beside_their_own(clinic: Clinic, fhir: Fhir) -> None:
    """R45, R49: a deputy's extra load, in the deputy's period only."""
    here, there = unit(clinic), unit(clinic)
    eva, ola = clinic.nurse(here), clinic.nurse(there)
    begins = {"period": {"start": days(-60)}}
    assigned(clinic, ola, there)
    this_week = deputy(ola, days(-3), days(3))
    assigned(clinic, eva, here, participant=with_deputies(eva, "1", this_week), **begins)
    over = deputy(ola, days(-30), days(-20))
    assigned(clinic, eva, here, participant=with_deputies(eva, "1", over), **begins)
    always = deputy(ola)
    assigned(clinic, eva, here, participant=with_deputies(eva, "1", always), **begins)

    [own] = caseload(fhir, ola)["contact"]
    assert (own["patients"], own["standsInFor"]) == (1, 2)
    at_unit = by_contact(caseload(fhir, here))
    assert (at_unit[ola]["patients"], at_unit[ola]["standsInFor"]) == (0, 2)
    assert (at_unit[eva]["patients"], at_unit[eva]["standsInFor"]) == (3, 0)
    [then] = caseload(fhir, ola, f"?date={days(-25)}")["contact"]
    assert (then["patients"], then["standsInFor"]) == (0, 2)
    assert caseload(fhir, here)["distribution"]["contacts"] == 1


def test_thresholds_of_the_unit_and_above_give_levels(clinic: Clinic, fhir: Fhir) -> None:
    """R49, R51: soft thresholds per unit, by type or for all."""
    region = unit(clinic, threshold(100), threshold(2, "4"))
    here = unit(clinic, partOf={"reference": region})
    eva, ola = clinic.nurse(here), clinic.nurse(here)
    for _ in range(3):
        assigned(clinic, eva, here, "4")
    assigned(clinic, ola, here)
    answer = caseload(fhir, here)
    assert answer["threshold"] == [
        {"patients": 100, "sparse": False, "saidBy": {"reference": region}},
        {"type": "4", "patients": 2, "sparse": False, "saidBy": {"reference": region}},
    ]
    contacts = by_contact(answer)
    assert contacts[eva]["byType"] == [
        {"type": "4", "patients": 3, "threshold": 2, "level": "over"}
    ]
    assert [contacts[each]["level"] for each in (eva, ola)] == ["over", "below"]
    assert contacts[ola]["threshold"] == 100
    assert (answer["distribution"]["over"], answer["distribution"]["near"]) == (1, 0)


def test_a_threshold_for_all_types_is_not_held_against_some(clinic: Clinic, fhir: Fhir) -> None:
    """R49."""
    here = unit(clinic, threshold(1))
    eva = clinic.nurse(here)
    for kind in ("1", "4"):
        assigned(clinic, eva, here, kind)
    assert caseload(fhir, eva)["contact"][0]["level"] == "over"
    some = caseload(fhir, eva, "?type=4")
    assert some["contact"][0]["level"] == "no-threshold"
    assert "threshold" not in some


def test_in_a_sparsely_populated_area_the_number_is_shown_beside_those_listed(
    clinic: Clinic, fhir: Fhir
) -> None:
    """R51: the count follows the number listed."""
    here = unit(clinic, threshold(1, sparse=True))
    listed = {"generalPractitioner": [{"reference": here}]}
    eva = clinic.nurse(here)
    for _ in range(2):
        assigned(clinic, eva, here, patient=clinic.patient(**listed))
    clinic.patient(**listed)
    clinic.patient(**listed, deceasedBoolean=True)
    answer = caseload(fhir, here)
    assert (answer["listed"], answer["threshold"][0]["sparse"]) == (3, True)
    assert answer["contact"][0]["level"] == "sparse"
    assert answer["distribution"]["over"] == 0


def test_scheduled_hours_make_part_time_comparable(clinic: Clinic, fhir: Fhir) -> None:
    """R50, R52."""
    here = unit(clinic)
    hours = {"url": codes.SCHEDULED_TIME, "extension": [{"url": "hours", "valueDecimal": 20}]}
    eva, ola = clinic.nurse(here, extension=[hours]), clinic.nurse(here)
    for role in (eva, eva, eva, ola):
        assigned(clinic, role, here)
    contacts = by_contact(caseload(fhir, here))
    assert (contacts[eva]["scheduledHours"], contacts[eva]["perFullTime"]) == (20, 6.0)
    assert not {"scheduledHours", "perFullTime"} & set(contacts[ola])


def test_an_organization_is_counted_with_the_units_below_it_on_request(
    clinic: Clinic, fhir: Fhir
) -> None:
    """R49: partOf, at any depth; a patient at two units counts once in all."""
    top = unit(clinic)
    middle = unit(clinic, partOf={"reference": top})
    here = unit(clinic, threshold(1), partOf={"reference": middle})
    eva, ola = clinic.nurse(here), clinic.nurse(middle)
    patient = assigned(clinic, eva, here)
    assigned(clinic, eva, here)
    assigned(clinic, ola, middle, patient=patient)
    assert caseload(fhir, top)["patients"] == 0
    answer = caseload(fhir, top, "?below=true")
    assert answer["patients"] == 2
    assert {
        (
            each["practitionerRole"]["reference"],
            each["unit"]["reference"],
            each["patients"],
            each["level"],
        )
        for each in answer["contact"]
    } == {(eva, here, 2, "over"), (ola, middle, 1, "no-threshold")}


def test_units_that_are_part_of_each_other_are_counted_once(clinic: Clinic, fhir: Fhir) -> None:
    """R49: a ring of partOf ends."""
    first = unit(clinic)
    second = unit(clinic, partOf={"reference": first})
    body = clinic.read(first) | {"partOf": {"reference": second}}
    assert fhir.put(first, body).status_code == 200
    assigned(clinic, clinic.nurse(first), first)
    assert len(caseload(fhir, first, "?below=true")["contact"]) == 1


def test_protected_staff_are_counted_and_not_named(clinic: Clinic, fhir: Fhir) -> None:
    """R118."""
    here = unit(clinic)
    label = {
        "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
        "code": "sekretessmarkering",
    }
    person = {
        "resourceType": "Practitioner",
        "meta": {"security": [label]},
        "name": [{"family": "Hemlig"}],
    }
    role = clinic.role(clinic.put(person), here)
    assigned(clinic, role, here)
    for query in ("", "?_format=csv"):
        response = fhir.get(f"{here}/$caseload{query}")
        assert response.status_code == 200
        assert role in response.text
        assert "Hemlig" not in response.text


def test_csv_has_a_row_for_each_moment_unit_and_contact(clinic: Clinic, fhir: Fhir) -> None:
    """R49: for spreadsheets; a name can't become a formula."""
    here = unit(clinic, threshold(10), name="=SUMMA(A1)")
    eva = clinic.nurse(here)
    assigned(clinic, eva, here, period={"start": days(-100)})
    assigned(clinic, eva, here, "4")
    response = fhir.get(f"{here}/$caseload?months=2&_format=csv")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.data.startswith("\ufeffat,unit,unitName,contact,name,patients,".encode())
    rows = list(csv.DictReader(io.StringIO(response.data.decode("utf-8-sig"), newline="")))
    assert [(row["patients"], row["type1"], row["type4"]) for row in rows] == [
        ("2", "1", "1"), ("1", "1", "0"), ("1", "1", "0"),
    ]  # fmt: skip
    assert {row["unitName"] for row in rows} == {"'=SUMMA(A1)"}
    assert rows[0]["contact"] == eva
    assert (rows[0]["threshold"], rows[0]["threshold4"], rows[0]["level"]) == ("10", "", "below")
    assert rows[0]["at"] > rows[1]["at"] > rows[2]["at"]
    same = fhir.get(f"{here}/$caseload?months=2", Accept="text/csv")
    assert len(same.data.splitlines()) == 4


def test_nobody_and_nothing_is_an_answer_too(clinic: Clinic, fhir: Fhir) -> None:
    """R49: an empty unit has zero patients, and no distribution."""
    answer = caseload(fhir, unit(clinic))
    assert answer["patients"] == 0
    assert not {"contact", "distribution", "listed", "threshold"} & set(answer)
    assert [each["contacts"] for each in answer["trend"]] == [0] * 13


@pytest.mark.parametrize(
    ("url", "query", "status"),
    [
        ("Organization/none", "", 404), ("PractitionerRole/none", "", 404),
        ("", "?date=2026-03", 400), ("", "?date=x", 400), ("", "?months=121", 400),
        ("", "?months=-1", 400), ("", "?type=5", 400), ("role", "?below=true", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(
    clinic: Clinic, fhir: Fhir, url: str, query: str, status: int
) -> None:
    """R49."""
    url = clinic.nurse() if url == "role" else url or unit(clinic)
    response = fhir.get(f"{url}/$caseload{query}")
    assert response.status_code == status
    assert response.json["resourceType"] == "OperationOutcome"


# An independent count: of the resources' JSON, with datetimes, one moment after the other.


def slow_count(
    teams: list[Json], dead: dict[str, dt.datetime], at: dt.datetime, now: bool
) -> dict[str, Any]:
    own: dict[str, set[tuple[str, str]]] = defaultdict(set)
    stand_ins: dict[str, set[str]] = defaultdict(set)
    for team in teams:
        patient, period = team["subject"]["reference"], period_of(team)
        if team["status"] not in (("active",) if now else ("active", "inactive")):
            continue
        if not period.covers(at) or (patient in dead and dead[patient] <= at):
            continue
        [participant] = team["participant"]
        own[participant["member"]["reference"]].add(
            (participant["role"][0]["coding"][0]["code"], patient)
        )
        for each in participant.get("extension", []):
            found = {part["url"]: part for part in each["extension"]}
            if period_of(found.get("period", {}), "valuePeriod").covers(at):
                stand_ins[found["member"]["valueReference"]["reference"]].add(patient)
    return {"own": own, "standsIn": stand_ins}


class Region:
    """Some units with assignments at random, and the same as JSON."""

    def __init__(self, clinic: Clinic, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clinic = clinic
        self.units = [unit(clinic), unit(clinic)]
        self.roles = [clinic.nurse(self.chance.choice(self.units)) for _ in range(5)]
        self.dead: dict[str, dt.datetime] = {}
        self.patients = [self.patient() for _ in range(12)]
        self.teams = [team for _ in range(40) if (team := self.team())]

    def patient(self) -> str:
        if self.chance.random() > 0.2:
            return self.clinic.patient()
        day = today() - dt.timedelta(days=self.chance.randrange(1, 200))
        patient = self.clinic.patient(deceasedDateTime=day.isoformat())
        self.dead[patient] = period_of(
            {"period": {"start": day.isoformat()}}
        ).start or dt.datetime.now(dt.UTC)
        return patient

    def team(self) -> Json | None:
        begin = self.chance.randrange(-400, 0)
        end = self.chance.randrange(begin, 60) if self.chance.random() < 0.5 else None
        member, *others = self.chance.sample(self.roles, 3)
        kind = self.chance.choice("14")
        deputies = []
        for other in others[: self.chance.randrange(3)]:
            start = self.chance.randrange(begin, begin + 90)
            stop = start + self.chance.randrange(60)
            last = None if end is None else end
            deputies.append(
                deputy(other, days(start), days(min(stop, last) if last is not None else stop))
                if last is None or start <= last
                else deputy(other)
            )
        period = {"start": days(begin)} | ({"end": days(end)} if end is not None else {})
        team = fast_kontakt(
            self.chance.choice(self.patients), member, kind, period=period,
            participant=with_deputies(member, kind, *deputies),
            managingOrganization=[{"reference": self.chance.choice(self.units)}],
        )  # fmt: skip
        if end is not None and end < 0 and self.chance.random() < 0.7:
            team = ended(team, days(end))
        response = self.clinic.fhir.post("CareTeam", team)
        # The law refuses some, such as two of one type at a unit: then there is one less.
        return dict(response.json) if response.status_code == 201 else None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_number_equals_a_slow_count_of_the_resources(
    clinic: Clinic, fhir: Fhir, seed: int
) -> None:
    """R45, R49, R106: at any date, by contact, by type, for units and for persons."""
    region = Region(clinic, seed)
    assert len(region.teams) > 10
    for day in (None, *(region.chance.randrange(-380, 0) for _ in range(4))):
        query = f"?months=3&date={days(day)}" if day is not None else "?months=3"
        for where in (*region.units, *region.roles):
            compare(region, where, caseload(fhir, where, query))


def compare(region: Region, where: str, answer: Json) -> None:
    key = "managingOrganization" if where.startswith("Organization/") else None
    for index, point in enumerate(answer["trend"]):
        at = dt.datetime.fromisoformat(point["at"].replace("Z", "+00:00"))
        is_now = dt.datetime.now(dt.UTC) - at < dt.timedelta(minutes=5)
        teams = [t for t in region.teams if key is None or t[key][0]["reference"] == where]
        slow = slow_count(teams, region.dead, at, is_now)
        if key is None:
            slow = {
                name: {who: found for who, found in counts.items() if who == where}
                for name, counts in slow.items()
            }
        numbers = [len({patient for _, patient in found}) for found in slow["own"].values()]
        assert point["contacts"] == len(numbers)
        assert point["patients"] == len({p for found in slow["own"].values() for _, p in found})
        assert point.get("max") == (max(numbers) if numbers else None)
        assert point.get("median") == (statistics.median(numbers) if numbers else None)
        assert point["standsInFor"] == len(
            {p for found in slow["standsIn"].values() for p in found}
        )
        if index == len(answer["trend"]) - 1:
            compare_contacts(answer, slow)


def compare_contacts(answer: Json, slow: dict[str, Any]) -> None:
    told = {
        who: (each["patients"], kinds(each), each["standsInFor"])
        for who, each in by_contact(answer).items()
    }
    counted: dict[str, Any] = {}
    for who in {*slow["own"], *slow["standsIn"]}:
        own = slow["own"].get(who, set())
        by_kind = {kind: len({p for k, p in own if k == kind}) for kind in {k for k, _ in own}}
        counted[who] = (len({p for _, p in own}), by_kind, len(slow["standsIn"].get(who, ())))
    assert told == counted


@contextmanager
def observed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[Any, Json]]]:
    """Remember the aggregations that are asked of the database, and let them through."""
    sent: list[tuple[Any, Json]] = []
    aggregate = Collection.aggregate

    def remembering(self: Any, pipeline: Any, *args: Any, **options: Any) -> Any:
        sent.append((pipeline, options))
        return aggregate(self, pipeline, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "aggregate", remembering)
        yield sent


def plan_of(store: MongoStore, pipeline: Any, options: Json) -> Json:
    """Give what the database examined for an aggregation."""
    command = {
        "aggregate": "resources",
        "pipeline": pipeline,
        "cursor": {},
        "hint": options["hint"],
    }
    explained = store.collections.resources.database.command(
        "explain", command, verbosity="executionStats"
    )
    return next(executions(explained))


def executions(plan: Any) -> Iterator[Json]:
    if isinstance(plan, dict):
        if "totalDocsExamined" in plan:
            yield plan
        for each in plan.values():
            yield from executions(each)
    elif isinstance(plan, list):
        for each in plan:
            yield from executions(each)


def test_a_units_workload_examines_its_own_assignments_and_no_others(
    clinic: Clinic, fhir: Fhir, store: MongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R49: however large the region around it is."""
    here, there = unit(clinic), unit(clinic)
    eva, ola = clinic.nurse(here), clinic.nurse(there)
    for role, at, number in ((eva, here, 3), (ola, there, 15)):
        for _ in range(number):
            assigned(clinic, role, at)
    with observed(monkeypatch) as sent:
        assert caseload(fhir, here)["patients"] == 3
    assert len(sent) == 4
    examined = [plan_of(store, pipeline, options) for pipeline, options in sent]
    # Those listed here; the assignments; those with a deputy; the dead.
    assert [each["totalDocsExamined"] for each in examined] == [0, 3, 3, 0]
    assert max(each["totalKeysExamined"] for each in examined) <= 7
