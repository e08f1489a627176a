"""The server offers every resource type of R4, the core types by declarations of their own."""

from __future__ import annotations

import importlib
import json

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.resources.registry import DECLARED, Registry
from fhir_server.resources.resource_type import ALL_INTERACTIONS, ResourceType
from tests.architecture.source_tree import ROOT

# https://hl7.org/fhir/R4/resourcelist.html: 148 names, of which Resource and DomainResource are
# abstract and can't be stored.
CONCRETE_TYPES = 146
ABSTRACT = {"DomainResource", "Resource"}

CORE = {
    "care_team": "CareTeam",
    "care_plan": "CarePlan",
    "practitioner_role": "PractitionerRole",
    "encounter": "Encounter",
}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(Definitions.load())


def missing(offered: set[str]) -> set[str]:
    """Give the types of R4 that are not offered, by R4's own list and not by our structures."""
    tables = json.loads((ROOT / "profiles" / "r4" / "codes.json").read_text("utf-8"))
    value_set = tables["closed"]["http://hl7.org/fhir/ValueSet/resource-types"]
    return set(value_set["http://hl7.org/fhir/resource-types"]) - ABSTRACT - offered


def test_all_types_of_r4_are_offered(registry: Registry) -> None:
    offered = {type_.name for type_ in registry}
    assert missing(offered) == set()
    assert len(offered) == CONCRETE_TYPES


def test_a_type_left_out_of_the_tables_is_found() -> None:
    structures = json.loads((ROOT / "profiles" / "r4" / "structures.json").read_text("utf-8"))
    del structures["Goal"]
    tables = {"structures": structures, "codes": {}, "search": {}, "compartments": {}}
    offered = {type_.name for type_ in Registry(Definitions(tables))}
    assert missing(offered) == {"Goal"}


def test_no_declaration_is_for_a_type_that_r4_does_not_have(registry: Registry) -> None:
    assert [item.name for item in DECLARED if item.name not in registry] == []
    assert len({item.name for item in DECLARED}) == len(DECLARED)


@pytest.mark.parametrize(("module", "name"), CORE.items())
def test_a_core_type_is_declared_in_a_module_of_its_own(
    registry: Registry, module: str, name: str
) -> None:
    found = vars(importlib.import_module(f"fhir_server.resources.{module}"))
    declared = [item for item in found.values() if isinstance(item, ResourceType)]
    assert [item.name for item in declared] == [name]
    assert registry[name] is declared[0]
    assert declared[0].interactions == ALL_INTERACTIONS
