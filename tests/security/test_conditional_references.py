"""Conditional references lead only to what who writes may see, asked for alone or together."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.transaction import transaction
from tests.security.worlds import ORGANIZATIONS, World, encounter, organization, staff

Json = dict[str, Any]


@pytest.fixture(scope="module")
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put(*({"resourceType": "Patient", "id": each} for each in ("p1", "p2")))
    for name, unit in (("own", "hc"), ("second", "hc"), ("hidden", "psyk")):
        known = [{"system": "urn:cr", "value": name}]
        world.put(encounter(f"cr-{name}", unit, "p2", identifier=known))
    return world


def naming(*names: str) -> Json:
    """Give a transaction that stores a document of some visits, named by their identifiers."""
    visits = [{"reference": f"Encounter?identifier=urn:cr|{name}"} for name in names]
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "custodian": {"reference": "Organization/hc"},
        "content": [{"attachment": {"url": "urn:x"}}],
        "context": {"encounter": visits},
    }
    request = {"method": "POST", "url": "DocumentReference"}
    entry = [{"resource": document, "request": request}]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entry}


def test_what_is_ones_own_is_found_and_told_of_in_the_trail(world: World) -> None:
    context = world.context(staff("hc"))
    transaction(context, naming("own", "second"))
    assert {"Encounter/cr-own", "Encounter/cr-second"} <= set(context.store.trace.given)


@pytest.mark.parametrize("names", [("hidden",), ("hidden", "own"), ("own", "hidden", "second")])
def test_what_is_not_to_be_seen_is_not_there(world: World, names: tuple[str, ...]) -> None:
    context = world.context(staff("hc"))
    with pytest.raises(FhirError) as refused:
        transaction(context, naming(*names))
    assert refused.value.status == 412
    (issue,) = refused.value.issues
    assert issue.code == "not-found"
    at = f"context.encounter[{names.index('hidden')}].reference"
    assert issue.expression == f"Bundle.entry[0].resource.{at}"
    assert "Encounter/cr-hidden" not in context.store.trace.given
