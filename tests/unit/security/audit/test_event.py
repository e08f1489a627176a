"""What a record says, and that searches find it by that."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from fhir_server.app import create_server
from fhir_server.fhir import json
from fhir_server.fhir.outcome import has_errors
from fhir_server.interactions.context import Server
from fhir_server.search.tokens import REFERENCE
from fhir_server.security.audit.event import (
    ACTING_UNIT,
    MOST_NAMED,
    PROFILE,
    Interaction,
    Occurrence,
    audit_event,
)
from fhir_server.security.audit.index import index_entries
from fhir_server.security.principal import Principal
from fhir_server.settings import Settings
from tests.unit.security.audit.samples import FORM, MOMENT, occurrences

NURSE = Principal(
    "SE2321000016-p1", "coordinator", "journal", "SE2321000016-p1", "SE2321000016-v",
    "SE2321000016-u", "SE2321000016-a", "TREAT",
)  # fmt: skip
READ = Interaction("read", "R")


@pytest.fixture(scope="module")
def server() -> Server:
    return create_server(Settings())


def event_of(occurrence: Occurrence, moment: int = MOMENT) -> dict[str, Any]:
    found: dict[str, Any] = json.plain(json.dump(audit_event(occurrence, "01-a", moment, FORM)))
    return found


def test_a_record_says_who_from_which_unit_when_what_and_about_whom() -> None:
    """R115: HSLF-FS 2016:40, 4 kap. 9 §: action, unit, time, user's and patient's identity."""
    event = event_of(Occurrence(READ, 200, NURSE, ["Patient/1"], ["CarePlan/7"], request_id="r-1"))
    assert (event["action"], event["outcome"]) == ("R", "0")
    assert event["recorded"] == "2026-05-28T20:26:40.123Z"
    assert event["meta"]["profile"] == [PROFILE]
    asking = event["agent"][0]
    assert asking["who"]["identifier"]["value"] == "SE2321000016-p1"
    unit = asking["extension"][0]
    assert unit["url"] == ACTING_UNIT
    assert unit["valueReference"]["identifier"]["value"] == "SE2321000016-u"
    assert asking["policy"] == ["urn:x-hsa-id:SE2321000016-a"]
    provider = event["agent"][-1]
    assert provider["who"]["identifier"]["value"] == "SE2321000016-v"
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    patient, plan, job = event["entity"]
    assert (patient["what"]["reference"], patient["role"]["code"]) == ("Patient/1", "1")
    assert (plan["what"]["reference"], plan["role"]["code"]) == ("CarePlan/7", "4")
    assert job["name"] == "r-1"


def test_emergency_access_is_a_purpose_of_its_own() -> None:
    """R115: nödöppning is told apart from other access."""
    event = event_of(Occurrence(READ, 200, NURSE, ["Patient/1"], emergency=True))
    codes = [each["coding"][0]["code"] for each in event["purposeOfEvent"]]
    assert codes == ["TREAT", "ETREAT"]


def test_of_much_that_was_given_the_first_are_named_and_the_rest_counted() -> None:
    given = [f"Observation/{n:03d}" for n in range(MOST_NAMED + 5)]
    patients = [f"Patient/{n}" for n in range(100)]
    event = event_of(Occurrence(READ, 200, NURSE, patients, given))
    roles = [each["role"]["code"] for each in event["entity"]]
    assert roles.count("1") == 100  # every patient, or an access log would lack one
    assert event["entity"][-1]["detail"][0]["valueString"] == "5"


def test_what_was_asked_stands_in_the_record_as_it_was_asked() -> None:
    asked = "GET /fhir/Patient?identifier=191212121212"
    event = event_of(Occurrence(READ, 200, NURSE, query=asked))
    assert base64.b64decode(event["entity"][0]["query"]).decode() == asked


@pytest.mark.parametrize(("status", "outcome"), [(200, "0"), (304, "0"), (404, "4"), (503, "8")])
def test_the_outcome_tells_refusals_from_failures(status: int, outcome: str) -> None:
    assert event_of(Occurrence(READ, status, NURSE))["outcome"] == outcome


def test_records_of_all_shapes_conform_to_the_profile(server: Server) -> None:
    """R115: what the server records is a se-auditevent where it is about a patient."""
    for occurrence, moment in occurrences(400):
        event = event_of(occurrence, moment)
        issues = server.validator.validate(event)
        assert not has_errors(issues), (issues, event)


def test_records_are_found_by_what_the_general_indexer_would_find_them_by(server: Server) -> None:
    for occurrence, moment in occurrences(2000, seed=2):
        event = event_of(occurrence, moment)
        general = server.indexer.index(event, "AuditEvent/01-a")
        own = index_entries(event)
        # Nobody asks the trail for what refers to something by whatever parameter.
        assert sorted(own.tokens) == sorted(t for t in general.tokens if t[0] != REFERENCE)
        assert own.keys == general.keys
        assert own.ranges == general.ranges
