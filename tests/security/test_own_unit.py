"""What staff see without naming a person: what their own unit answers for, or was sent."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete
from fhir_server.interactions.read import read
from fhir_server.interactions.search import search
from fhir_server.interactions.update import update
from fhir_server.security.principal import Principal
from tests.security.worlds import (
    HSA,
    LEGAL,
    ORGANIZATIONS,
    World,
    encounter,
    hsa,
    organization,
    staff,
)


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(
        {"resourceType": "Patient", "id": "p1", "name": [{"family": "Ett"}]},
        {"resourceType": "Patient", "id": "p2", "name": [{"family": "Två"}]},
        encounter("e-hc", "hc"),
        encounter("e-psyk", "psyk"),
        encounter("e-kommun", "hemsjukvard"),
        {
            "resourceType": "Task",
            "id": "t-to-kommun",
            "status": "requested",
            "intent": "order",
            "for": {"reference": "Patient/p1"},
            "requester": {"reference": "Organization/hc"},
            "owner": {"reference": "Organization/hemsjukvard"},
        },
    )
    return world


def found(world: World, principal: Principal, type_: str, **asked: str) -> set[str]:
    answer = search(world.context(principal), type_, list(asked.items()))
    bundle = json.loads(answer.body)
    return {each["resource"]["id"] for each in bundle.get("entry", ())}


def test_staff_find_their_own_units_encounters(world: World) -> None:
    """R111: without a person named, the own unit's records and nothing else."""
    assert found(world, staff("hc"), "Encounter") == {"e-hc"}
    assert found(world, staff("psyk"), "Encounter") == {"e-psyk"}
    assert found(world, staff("hemsjukvard"), "Encounter") == {"e-kommun"}


def test_a_system_of_the_whole_region_finds_all_its_units_records(world: World) -> None:
    """R112: what a vårdgivare answers for, and nothing of another."""
    system = Principal("journal", role="system", unit=hsa("region"))
    assert found(world, system, "Encounter") == {"e-hc", "e-psyk"}


def test_counts_tell_nothing_of_what_may_not_be_seen(world: World) -> None:
    """R111: neither a total nor a count tells of it."""
    answer = search(world.context(staff("hc")), "Encounter", [("_summary", "count")])
    assert json.loads(answer.body)["total"] == 1


def test_a_task_is_found_by_the_unit_it_was_sent_to(world: World) -> None:
    """R94: what was sent is read where it was sent to."""
    assert found(world, staff("hemsjukvard"), "Task") == {"t-to-kommun"}
    assert found(world, staff("hc"), "Task") == {"t-to-kommun"}
    assert found(world, staff("psyk"), "Task") == set()


def test_another_units_record_is_not_there(world: World) -> None:
    """R111: a read of it is answered as a read of nothing."""
    for id_ in ("e-psyk", "does-not-exist"):
        with pytest.raises(FhirError) as refused:
            read(world.context(staff("hemsjukvard")), "Encounter", id_)
        assert refused.value.status == 404


def test_a_private_caregiver_under_agreement_is_none_of_the_regions_units(world: World) -> None:
    """R112: the vårdgivare is the nearest legal body; above it is the huvudman, who is another."""
    numbers = [{"system": HSA, "value": "SE5560000001-1"}, {"system": LEGAL, "value": "5560000001"}]
    world.put(
        {
            "resourceType": "Organization", "id": "privat", "name": "Privat", "identifier": numbers,
            "partOf": {"reference": "Organization/region"},
        },
        encounter("e-privat", "privat"),
    )  # fmt: skip
    system = Principal("journal", role="system", unit=hsa("region"))
    assert "e-privat" not in found(world, system, "Encounter")
    private = Principal("privat", role="system", unit="SE5560000001-1")
    assert found(world, private, "Encounter") == {"e-privat"}


def test_staff_without_a_purpose_of_care_see_nobodys_care(world: World) -> None:
    """R117: the purpose is chosen at login with the assignment."""
    who = Principal("x", role="reader", unit=hsa("hc"), purpose="HRESCH")
    assert found(world, who, "Encounter") == set()


def test_a_record_is_made_for_ones_own_unit_only(world: World) -> None:
    """R112: who answers for a record is who makes it."""
    with pytest.raises(FhirError) as refused:
        create(world.context(staff("hc")), "Encounter", encounter("x", "psyk"))
    assert refused.value.status == 403
    made = create(world.context(staff("hc")), "Encounter", encounter("x", "hc"))
    assert made.status == 201


def test_what_says_nothing_of_its_unit_is_its_writers(world: World) -> None:
    """R112: every record has an accountable unit."""
    note = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "vikt"},
        "subject": {"reference": "Patient/p1"},
    }
    made = create(world.context(staff("psyk")), "Observation", note)
    assert made.stored is not None
    assert found(world, staff("psyk"), "Observation") == {made.stored.id}
    assert found(world, staff("hc"), "Observation") == set()


def test_an_id_that_one_may_not_see_can_not_be_told_from_a_free_one(world: World) -> None:
    """R111: a PUT does not tell whether the id is taken."""
    answers = []
    for id_ in ("e-psyk", "free"):
        with pytest.raises(FhirError) as refused:
            update(
                world.context(staff("hemsjukvard")), "Encounter", id_, encounter(id_, "hemsjukvard")
            )
        answers.append((refused.value.status, refused.value.issues[0].text))
    assert answers[0] == answers[1]


def test_records_of_care_are_not_deleted_by_staff(world: World) -> None:
    """R112: PDL 3 kap. 17 §."""
    with pytest.raises(FhirError) as refused:
        delete(world.context(staff("hc")), "Encounter", "e-hc")
    assert refused.value.status == 403
