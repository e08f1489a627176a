"""A synthetic region takes the way of every write: validation, law, one commit at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from pymongo import MongoClient

from fhir_server.app import create_context
from fhir_server.bulk.load import Loader, Tally, reasons
from fhir_server.cli import main
from fhir_server.commands.region import Patients, Plan, Staff, load_region
from fhir_server.interactions.context import Server
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.clinic import PHONE, Clinic, fast_kontakt, licence, transaction

Json = dict[str, Any]
PLAN = Plan(60, 1, dt.date(2026, 11, 20))


class _Silent:
    def begin(self, what: str) -> None: ...

    def done(self, consumed: float, resources: int) -> None: ...

    def waiting(self) -> None: ...


def load(server: Server, store: MongoStore, plan: Plan = PLAN) -> Tally:
    region = plan.region()
    loader = Loader(create_context(server, store), _Silent())
    return loader.load([Staff(region), Patients(region)])


def why(tally: Tally) -> list[str]:
    return [each for failure in tally.failures for each in reasons(failure.error.issues)]


@pytest.fixture(scope="module")
def loaded(app_server: Server, store: MongoStore) -> Tally:
    return load(app_server, store)


@pytest.fixture
def region(fhir: Fhir, loaded: Tally) -> Fhir:
    """A client of a server with the region on it."""
    assert loaded.stored
    return fhir


def total(fhir: Fhir, search: str) -> int:
    response = fhir.get(search)
    assert response.status_code == 200, response.text
    return int(response.json["total"])


def test_a_region_is_loaded_without_a_failure(loaded: Tally) -> None:
    """R122: its test numbers pass on a server with default settings."""
    assert why(loaded) == []
    assert loaded.failed == 0
    assert loaded.stored > 400


def test_loading_it_again_changes_nothing(
    loaded: Tally, app_server: Server, store: MongoStore
) -> None:
    again = load(app_server, store)
    assert (again.stored, again.unchanged, again.failed) == (0, loaded.stored, 0)


def test_all_of_it_claims_and_fulfils_the_projects_profiles(region: Fhir) -> None:
    """R5, R10, R48: `$validate` finds no error in any contact, nor in who they are."""
    for type_ in ("CareTeam", "PractitionerRole", "Organization", "Practitioner", "Patient"):
        found = region.get(f"{type_}?_count=200").json["entry"]
        for entry in found[::10]:
            resource = entry["resource"]
            assert resource["meta"]["profile"]
            said = region.post(f"{type_}/$validate", resource).json["issue"]
            assert [each for each in said if each["severity"] in ("error", "fatal")] == []


def test_it_is_found_by_its_label(region: Fhir, loaded: Tally) -> None:
    label = "_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|DEMO"
    assert total(region, f"Patient?{label}&_summary=count") == PLAN.size
    assert total(region, f"CareTeam?{label}&_summary=count") > 30


def test_a_named_contact_of_it_is_read_by_the_operation(region: Fhir) -> None:
    """R53, R121."""
    active = region.get("CareTeam?status=active&_count=1&category=fast-kontakt").json["entry"]
    patient = active[0]["resource"]["subject"]["reference"]
    response = region.get(f"{patient}/$named-contacts")
    assert response.status_code == 200, response.text


def test_several_processes_store_what_one_does(
    mongo_uri: str, settings: Settings, loaded: Tally
) -> None:
    other = replace(settings, mongodb_uri=mongo_uri, mongodb_database="region_by_two")
    try:
        tally = load_region(other, PLAN, quiet=True, processes=2)
        assert why(tally) == []
        assert (tally.stored, tally.failed) == (loaded.stored, 0)
    finally:
        with MongoClient[Any](mongo_uri) as client:
            client.drop_database("region_by_two")


def test_what_a_process_could_not_store_is_told_by_the_one_that_started_it(
    mongo_uri: str, settings: Settings
) -> None:
    """id-1: a server for real people takes no test numbers, and says which setting it is."""
    real = replace(
        settings, mongodb_uri=mongo_uri, mongodb_database="region_refused", test_mode=False
    )
    try:
        tally = load_region(real, Plan(2, 1, PLAN.end), quiet=True, processes=2)
        assert tally.failed > 100
        assert any("FHIR_SERVER_TEST_MODE" in each for each in why(tally))
    finally:
        with MongoClient[Any](mongo_uri) as client:
            client.drop_database("region_refused")


# ---- the command ------------------------------------------------------------------------------


def demo(mongo_uri: str, database: str, *arguments: str) -> Any:
    given = ["demo", *arguments, "--mongodb-uri", mongo_uri]
    return CliRunner().invoke(main, given, env={"FHIR_SERVER_MONGODB_DATABASE": database})


def test_the_command_says_what_it_makes_and_what_came_of_it(
    mongo_uri: str, database: str, loaded: Tally
) -> None:
    end = PLAN.end.isoformat()
    result = demo(mongo_uri, database, "--size", "60", "--end", end)
    assert result.exit_code == 0, result.output
    assert f"A region of 60 patients, seed 1, until {end}." in result.output
    assert f"0 resources stored, {loaded.stored:,} there already, 0 failed" in result.output
    assert "$named-contacts" in result.output


def test_a_region_does_not_reach_into_the_future(mongo_uri: str, database: str) -> None:
    result = demo(mongo_uri, database, "--size", "5", "--end", "2999-01-01")
    assert result.exit_code == 2
    assert "--end" in result.output


# ---- many contacts in one commit --------------------------------------------------------------


@pytest.fixture
def reads(mongo_uri: str) -> Iterator[Any]:
    """Counts the finds that the database answered."""
    with MongoClient[Any](mongo_uri) as client:
        yield lambda: client.admin.command("serverStatus")["opcounters"]["query"]


def appointments(clinic: Clinic, count: int) -> Json:
    """Give a transaction that appoints nurses of their own for so many patients."""
    entries = []
    for _ in range(count):
        nurse = clinic.person(licence("SJ"), unit=clinic.unit())
        care_team = fast_kontakt(clinic.patient(), nurse, telecom=[PHONE])
        entries.append(("POST", "CareTeam", care_team))
    return transaction(*entries)


def test_the_law_reads_no_more_often_for_many_contacts_than_for_two(
    clinic: Clinic, reads: Any
) -> None:
    """R49: a unit's contacts are loaded and reassigned in one commit."""
    few, many = appointments(clinic, 2), appointments(clinic, 30)
    asked = []
    for bundle in (few, many):
        before = reads()
        assert clinic.fhir.post("", bundle).status_code == 200
        asked.append(reads() - before)
    # What monitors the database meanwhile asks a little, too.
    assert asked[1] < asked[0] + 10


def test_the_law_sees_the_other_contacts_of_each_patient_of_a_commit(clinic: Clinic) -> None:
    """R36, ct-4: one of thirty has a fast läkarkontakt already, and only that one is refused."""
    care = clinic.unit(kind="15")
    physician = clinic.person(licence("LK"), unit=care)
    other = clinic.person(licence("LK"), unit=care)
    patients = [clinic.patient() for _ in range(30)]
    clinic.put(fast_kontakt(patients[17], other, "2", telecom=[PHONE]))
    contacts = [fast_kontakt(each, physician, "2", telecom=[PHONE]) for each in patients]
    bundle = transaction(*(("POST", "CareTeam", each) for each in contacts))

    response = clinic.fhir.post("", bundle)

    assert response.status_code == 422, response.text
    errors = [each for each in response.json["issue"] if each["severity"] == "error"]
    assert [each["expression"] for each in errors] == [
        ["Bundle.entry[17].resource.participant[0].role"]
    ]
    assert errors[0]["details"]["coding"][0]["code"] == codes.PL_6_3.code


def test_the_law_sees_the_conditions_of_each_patient_of_a_commit(clinic: Clinic) -> None:
    """R15, ct-5: a nurse may be contact for all but the one whose life is in danger."""
    nurse = clinic.person(licence("SJ"), unit=clinic.unit())
    patients = [clinic.patient() for _ in range(5)]
    flag = {
        "url": codes.LIFE_THREATENING,
        "extension": [
            {"url": "flag", "valueBoolean": True},
            {"url": "at", "valueDateTime": "2020-01-01"},
        ],
    }
    subject = {"reference": patients[3]}
    illness = {"code": {"text": "ALS"}, "subject": subject, "extension": [flag]}
    clinic.put({"resourceType": "Condition", **illness})
    contacts = [fast_kontakt(each, nurse, telecom=[PHONE]) for each in patients]

    response = clinic.fhir.post("", transaction(*(("POST", "CareTeam", c) for c in contacts)))

    errors = [each for each in response.json["issue"] if each["severity"] == "error"]
    assert [each["expression"] for each in errors] == [
        ["Bundle.entry[3].resource.participant[0].member"]
    ]
