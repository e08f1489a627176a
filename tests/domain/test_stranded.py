"""A contact who leaves (R45, R48): the patients are listed at once, and every write says so."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from fhir_server.interactions.context import Server
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, Json, days, transaction
from tests.domain.test_deputies import assignment, parts, value

WARNED = "a contact who has left"


def stranded(clinic: Clinic, at: str, query: str = "") -> list[tuple[str, str]]:
    answer = clinic.fhir.get(f"{at}/$stranded{query}")
    listed = parts(answer, "stranded")
    assert value(answer, "count") == len(listed)
    assert value(answer, "patients") == len({each["patient"]["reference"] for each in listed})
    return sorted((each["assignment"]["reference"], each["reason"]) for each in listed)


def warnings(response: Any) -> list[Json]:
    assert response.status_code in (200, 201), response.text
    outcome = response.json
    return [i for i in outcome["issue"] if WARNED in i["details"]["text"]]


def update(clinic: Clinic, url: str, **changes: Any) -> Any:
    resource = clinic.read(url) | changes
    return clinic.fhir.put(url, resource, Prefer="return=OperationOutcome")


def test_nobody_is_stranded_by_a_contact_in_service(clinic: Clinic) -> None:
    """R45."""
    unit = clinic.unit()
    eva = clinic.nurse(unit=unit)
    assignment(clinic, eva)
    assert stranded(clinic, eva) == stranded(clinic, unit) == []


def test_a_role_that_is_inactive_strands_its_patients(clinic: Clinic) -> None:
    """R45, R48: listed by person and by unit."""
    unit = clinic.unit()
    eva, ola = clinic.nurse(unit=unit), clinic.nurse(unit=unit)
    teams = sorted(assignment(clinic, eva) for _ in range(3))
    assignment(clinic, ola)
    [warning] = warnings(update(clinic, eva, active=False))
    assert warning["severity"] == "warning"
    assert warning["details"]["text"].startswith("3 patients now have a contact who has left")
    assert warning["details"]["coding"][0]["code"] == "PL-6-2"
    assert warning["expression"] == ["PractitionerRole.active"]
    expected = [(team, "role-inactive") for team in teams]
    assert stranded(clinic, eva) == stranded(clinic, unit) == expected
    assert stranded(clinic, ola) == []


def test_a_role_that_will_end_strands_them_from_then_on(clinic: Clinic) -> None:
    """R48: the list may be asked for ahead."""
    unit = clinic.unit()
    eva = clinic.nurse(unit=unit)
    team = assignment(clinic, eva)
    until = assignment(clinic, eva, period={"start": days(0), "end": days(5)})
    [warning] = warnings(update(clinic, eva, period={"end": days(10)}))
    assert warning["details"]["text"].startswith("1 patient then has a contact who has left")
    assert stranded(clinic, eva) == []
    assert stranded(clinic, unit, f"?date={days(10)}") == []
    assert stranded(clinic, unit, f"?date={days(11)}") == [(team, "role-ended")]
    [listed] = parts(clinic.fhir.get(f"{unit}/$stranded?date={days(11)}"), "stranded")
    assert listed["since"].startswith(days(11))
    assert listed["contact"]["reference"] == eva
    assert until not in str(listed)


def test_a_person_who_is_inactive_strands_the_patients_of_every_role(clinic: Clinic) -> None:
    """R45."""
    eva = clinic.nurse()
    practitioner = clinic.read(eva)["practitioner"]
    other = clinic.role(practitioner)
    teams = assignment(clinic, eva), assignment(clinic, other)
    [warning] = warnings(update(clinic, practitioner["reference"], active=False))
    assert warning["details"]["text"].startswith("2 patients now")
    assert stranded(clinic, eva) == [(teams[0], "person-inactive")]
    assert stranded(clinic, other) == [(teams[1], "person-inactive")]


def test_every_write_warns_and_only_the_one_that_ends_it(clinic: Clinic) -> None:
    """R45: in a bundle, by a patch; not again, not where an end is moved ahead."""
    eva = clinic.nurse()
    assignment(clinic, eva)
    assert warnings(update(clinic, eva, period={"end": days(10)}))
    assert not warnings(update(clinic, eva, period={"end": days(20)}))
    assert not warnings(update(clinic, eva, period={"end": days(20)}, availabilityExceptions="x"))
    patch = [{"op": "replace", "path": "/active", "value": False}]
    patched = clinic.fhir.client.patch(
        f"/fhir/{eva}",
        json=patch,
        content_type="application/json-patch+json",
        headers={"Prefer": "return=OperationOutcome"},
    )
    assert warnings(patched)
    assert not warnings(update(clinic, eva, active=False, availabilityExceptions="y"))
    clinic.put({k: v for k, v in clinic.read(eva).items() if k != "period"} | {"active": True})
    role = clinic.read(eva) | {"active": False}
    bundle = clinic.fhir.post("", transaction(("PUT", eva, role)), Prefer="return=OperationOutcome")
    assert WARNED in bundle.text


def test_nobody_is_counted_who_is_moved_in_the_same_write(clinic: Clinic) -> None:
    """R45, R48."""
    eva, ola = clinic.nurse(), clinic.nurse()
    team = assignment(clinic, eva)
    resource = clinic.read(team)
    resource["participant"][0]["member"] = {"reference": ola}
    role = clinic.read(eva) | {"active": False}
    answer = clinic.fhir.post(
        "",
        transaction(("PUT", eva, role), ("PUT", team, resource)),
        Prefer="return=OperationOutcome",
    )
    assert answer.status_code == 200, answer.text
    assert WARNED not in answer.text


def test_the_stranded_come_as_a_table(clinic: Clinic) -> None:
    """R45."""
    unit = clinic.unit()
    eva = clinic.nurse(unit=unit)
    team = assignment(clinic, eva)
    update(clinic, eva, active=False)
    answer = clinic.fhir.get(f"{unit}/$stranded", Accept="text/csv")
    header, row = csv.reader(io.StringIO(answer.text))
    assert header == ["assignment", "patient", "contact", "unit", "type", "reason", "since"]
    assert row[0] == team
    assert row[2:] == [eva, unit, "1", "role-inactive", ""]


@pytest.mark.parametrize("at", ["Organization/nothing", "PractitionerRole/nothing"])
def test_who_is_not_there_is_not_found(clinic: Clinic, at: str) -> None:
    assert clinic.fhir.get(f"{at}/$stranded").status_code == 404


def test_a_person_s_and_a_unit_s_assignments_are_found_by_index(
    clinic: Clinic, store: MongoStore, app_server: Server
) -> None:
    """R45: whatever else there is, the assignments of others are not looked at."""
    unit = clinic.unit()
    eva, ola = clinic.nurse(unit=unit), clinic.nurse()
    for _ in range(3):
        assignment(clinic, eva)
        assignment(clinic, ola)
    category = f"{codes.CARE_TEAM_CATEGORY}|{codes.FAST_KONTAKT}"
    for name, reference in (("participant", eva), ("managing-organization", unit)):
        pairs = [(name, reference), ("category", category), ("status", "active")]
        plan = store.explain(app_server.parser.parse("CareTeam", pairs))
        assert plan["indexed"], plan
        assert plan["documents_examined"] == plan["returned"] == 3
