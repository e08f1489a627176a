"""Who answers for what is written, in a real store."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from fhir_server.search import labels
from fhir_server.security.principal import Principal
from tests.security.worlds import ORGANIZATIONS, World, encounter, hsa, organization, staff

TASK = {"resourceType": "Task", "status": "requested", "intent": "order"}


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put({"resourceType": "Patient", "id": "p1"})
    for unit in ("hc", "hemsjukvard"):
        world.put(
            {
                "resourceType": "PractitionerRole",
                "id": f"role-{unit}",
                "organization": {"reference": f"Organization/{unit}"},
            }
        )
    return world


def written(world: World, who: Principal, resource: dict[str, Any]) -> labels.Labels:
    from fhir_server.interactions.create import create

    made = create(world.context(who), resource["resourceType"], resource)
    assert made.stored is not None
    stored = world.parts.store.read(made.stored.resource_type, made.stored.id)
    assert stored is not None
    return labels.read(stored.labels)


def test_the_record_says_who_answers_for_it(world: World) -> None:
    """R112: the vårdenhet, and its vårdgivare."""
    own = written(world, staff("hc"), encounter("x", "hc"))
    assert (own.owner, own.provider) == ("Organization/hc", "Organization/region")
    assert own.about == ("Patient/p1",)


def test_a_role_stands_for_its_unit(world: World) -> None:
    """R112: what a member of staff asks for, their unit answers for."""
    task = {
        **TASK,
        "requester": {"reference": "PractitionerRole/role-hc"},
        "owner": {"reference": "PractitionerRole/role-hemsjukvard"},
    }
    own = written(world, staff("hc"), task)
    assert own.owner == "Organization/hc"
    assert own.addressed == ("Organization/hemsjukvard",)
    assert own.received == ("Organization/kommun",)


def test_what_says_nothing_is_the_writers(world: World) -> None:
    """R112: there is no record without a unit where a unit wrote it."""
    own = written(world, Principal("s", role="system", unit=hsa("region")), TASK)
    assert own.owner == "Organization/region"


def test_who_answered_for_a_record_still_does_when_it_no_longer_says_so(world: World) -> None:
    """R112: an update that leaves the unit out hands the record to nobody."""
    from fhir_server.interactions.update import update

    world.put(encounter("e", "hc"))
    silent = encounter("e", "hc")
    del silent["serviceProvider"]
    update(world.context(staff("hc")), "Encounter", "e", silent)
    stored = world.parts.store.read("Encounter", "e")
    assert stored is not None
    assert labels.read(stored.labels).owner == "Organization/hc"


def test_a_deleted_record_keeps_its_labels(world: World) -> None:
    """R111: 410 would tell others that it was there."""
    from fhir_server.interactions.delete import delete

    world.put(encounter("gone", "hc"))
    delete(world.context(), "Encounter", "gone")
    stored = world.parts.store.read("Encounter", "gone")
    assert stored is not None
    assert stored.deleted
    assert labels.read(stored.labels).owner == "Organization/hc"


def test_a_unit_that_moves_leaves_its_old_records_where_they_are(world: World) -> None:
    """R112: the former vårdgivare answers for what was written under it."""
    from fhir_server.interactions.update import update

    world.put(encounter("before", "psyk"))
    world.put({**organization("psyk"), "partOf": {"reference": "Organization/kommun"}})
    try:
        update(world.context(), "Encounter", "before", encounter("before", "psyk", language="sv"))
        world.put(encounter("after", "psyk"))
        found = {}
        for id_ in ("before", "after"):
            stored = world.parts.store.read("Encounter", id_)
            assert stored is not None
            found[id_] = labels.read(stored.labels).provider
    finally:
        world.put(organization("psyk"))
    assert found == {"before": "Organization/region", "after": "Organization/kommun"}
