"""The workloads' files say what they must, and what they send is valid."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks import synthea
from benchmarks.oracle import Oracle
from benchmarks.plans import Workload, requests, workloads, write_plan
from fhir_server.app import create_server
from fhir_server.profiles.validator import Validator
from fhir_server.settings import Settings


@cache
def validator() -> Validator:
    return create_server(Settings()).validator


@cache
def oracle() -> Oracle:
    units, patients = synthea.portions()[:3], sorted(synthea.portions()[3:], key=len)
    return Oracle(each for portion in (*units, *patients[:6]) for each in portion)


def of_synthea(flow: str) -> list[Workload]:
    return [each for each in workloads() if each.flow == flow and each.data == "synthea"]


def errors(resource: Any) -> list[str]:
    found = validator().validate(resource)
    return [str(each) for each in found if each.severity in {"error", "fatal"}]


def test_every_file_is_read() -> None:
    names = {each.name for each in workloads()}
    assert {"read", "search", "crud", "transactions", "create-sip"} <= names


def created(workload: Workload) -> list[Any]:
    content = workload.content
    several = [each["resource"] for each in content.get("resources", ())]
    return several + ([content["resource"]] if "resource" in content else [])


def templates() -> list[Any]:
    return [
        pytest.param(resource, id=f"{workload.name}-{resource['resourceType']}")
        for workload in workloads()
        for resource in created(workload)
    ]


@pytest.mark.parametrize("resource", templates())
def test_what_is_created_is_valid(resource: Any) -> None:
    text = json.dumps(resource).replace("{id}", "x").replace("{number}", "1")
    for each in templates():
        type_ = each.values[0]["resourceType"]
        text = text.replace(f"{{{type_}}}", f"{type_}/x")
    assert errors(json.loads(text)) == []


@pytest.mark.parametrize("workload", of_synthea("requests"), ids=lambda each: each.name)
def test_values_are_drawn_from_the_data(workload: Workload, tmp_path: Path) -> None:
    made = list(requests(workload, oracle()))
    assert {each["name"] for each in made} == {
        each["name"] for each in workload.content["requests"]
    }
    assert "{" not in "".join(each["path"] for each in made)
    plan = json.loads(write_plan(workload, oracle(), (0, 1), tmp_path).read_bytes())
    assert len(plan["requests"]) == len(made)


def test_every_kind_of_search_finds_something() -> None:
    [search] = [each for each in workloads() if each.name == "search"]
    found: dict[str, int] = {}
    for each in requests(search, oracle()):
        expected = each["expect"]
        number = expected.get("found", expected.get("total"))
        found[each["name"]] = max(found.get(each["name"], 0), number)
    assert min(found.values()) > 0


def test_what_is_sent_once_is_shared_out(tmp_path: Path) -> None:
    people = [{"resourceType": "Patient", "id": f"pool-{n}"} for n in range(7)]
    [assign] = [each for each in workloads() if each.name == "assign-fast-vardkontakt"]
    plans = [
        json.loads(write_plan(assign, Oracle(people), (n, 2), tmp_path).read_bytes())
        for n in range(2)
    ]
    paths = [each["path"] for plan in plans for each in plan["requests"]]
    assert len(paths) == len(set(paths)) == 7
