"""A unit that another worker stored a moment ago: nobody is refused for what is not known yet."""

from __future__ import annotations

import time
from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions import prepare
from fhir_server.interactions.context import Context
from fhir_server.interactions.create import create
from fhir_server.interactions.read import read
from fhir_server.interactions.search import search
from fhir_server.security import organizations
from fhir_server.security.gate import Gate
from fhir_server.security.organizations import Organizations
from fhir_server.security.principal import Principal
from fhir_server.security.trace import Trace
from tests.security.worlds import HSA, ORGANIZATIONS, World, encounter, hsa, organization, staff

NURSE = staff("hc")
STRANGER = Principal("stranger", role="system", unit="SE2321000131-NOBODYS", purpose="TREAT")


class Other(World):
    """A worker of its own on the same store, which learned what units there are a moment ago."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        known = self.parts.gate
        self.gate = Gate(self.parts.store, known._rules, known._masks, known._recorder._terms)
        self.looks = 0
        self.gate.open(NURSE)
        look = self.gate._organizations._look

        def counted() -> None:
            self.looks += 1
            look()

        self.gate._organizations._look = counted  # type: ignore[method-assign]

    def context(self, principal: Principal = NURSE) -> Context:
        return Context(self.parts.server, self.gate.open(principal, Trace()), self.base)


@pytest.fixture
def world(app: Flask) -> World:
    world = World(app)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put({"resourceType": "Patient", "id": "p1", "name": [{"family": "Ett"}]})
    return world


@pytest.fixture
def other(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> Other:
    # As if no second passed.
    monkeypatch.setattr(organizations, "LOOK_AGAIN_SECONDS", 3600.0)
    return Other(app)


def number(id_: str) -> str:
    return f"SE2321000131-{id_.replace('-', '').upper()}"


def unit(id_: str, parent: str = "hc") -> dict[str, Any]:
    return {
        "resourceType": "Organization",
        "id": id_,
        "name": id_,
        "identifier": [{"system": HSA, "value": number(id_)}],
        "partOf": {"reference": f"Organization/{parent}"},
    }


@pytest.mark.parametrize("who", ["hc", "region"])
def test_one_creates_for_a_new_unit_below_ones_own(world: World, other: Other, who: str) -> None:
    """R112: as the worker that stored the unit lets one."""
    world.put(unit(f"new-of-{who}", who))
    asks = Principal("s", role="system", unit=hsa(who), purpose="TREAT")
    body = encounter("", f"new-of-{who}")
    del body["id"]
    assert create(other.context(asks), "Encounter", body).status == 201
    assert other.looks == 1


def test_one_reads_what_a_new_unit_below_ones_own_answers_for(world: World, other: Other) -> None:
    """R111: by reading it, and in what is found beside it."""
    world.put(unit("new-read"), encounter("e-new-read", "new-read"))
    assert read(other.context(), "Encounter", "e-new-read").status == 200
    assert other.looks == 1


def test_one_acts_for_a_new_unit(world: World, other: Other) -> None:
    """R111: with a token of a unit that has just been stored."""
    world.put(unit("new-own"), encounter("e-new-own", "new-own"))
    nurse = Principal("n", role="coordinator", unit=number("new-own"), purpose="TREAT")
    assert read(other.context(nurse), "Encounter", "e-new-own").status == 200
    assert b'"e-new-own"' in (search(other.context(nurse), "Encounter", []).body or b"")


def test_a_new_unit_of_another_vardgivare_stays_anothers(world: World, other: Other) -> None:
    """R111: what is not known yet is no way to what one may not see."""
    world.put(unit("new-kommun", "hemsjukvard"), encounter("e-new-kommun", "new-kommun"))
    with pytest.raises(FhirError) as refused:
        read(other.context(), "Encounter", "e-new-kommun")
    assert refused.value.status == 404


def test_a_request_looks_again_once(world: World, other: Other) -> None:
    """R111: whoever is refused, for however many records of however many unknown units."""
    for number in range(5):
        world.put(unit(f"many-{number}"), encounter(f"e-many-{number}", f"many-{number}"))
    context = other.context(STRANGER)
    for number in range(5):
        with pytest.raises(FhirError):
            read(context, "Encounter", f"e-many-{number}")
    assert other.looks == 1


def test_whoever_knows_all_units_does_not_look_again(world: World, other: Other) -> None:
    """R111: a refusal that rests on what is known is no reason."""
    world.put(encounter("e-known", "hemsjukvard"))
    with pytest.raises(FhirError):
        read(other.context(), "Encounter", "e-known")
    assert other.looks == 0


def test_two_units_of_one_moment_are_both_known(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R111: stored in the same millisecond, or in another order than they were dated."""
    seen = Organizations(world.parts.store, world.parts.gate._rules.marks)
    now = time.time_ns() // 1_000_000 * 1000
    for id_, moment in (("first", now), ("same", now), ("earlier", now - 5_000_000)):
        monkeypatch.setattr(prepare, "_now", lambda previous, at=moment: at)
        world.put(unit(f"moment-{id_}"))
        assert f"Organization/moment-{id_}" in seen.units(now=True).parents
