"""Who may assess the need of a SIP, whom that obliges, and for whom somebody acts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fhir_server.sweden import codes, sip_need
from fhir_server.sweden.belonging import acts_for, huvudman_of, units_of
from fhir_server.sweden.periods import STOCKHOLM

Json = dict[str, Any]
NOW = dt.datetime(2026, 3, 3, 9, tzinfo=STOCKHOLM)


def organization(id_: str, huvudman: str = "", part_of: str = "") -> Json:
    found: Json = {"resourceType": "Organization", "id": id_}
    if huvudman:
        found["extension"] = [{"url": codes.HUVUDMAN, "valueCode": huvudman}]
    if part_of:
        found["partOf"] = {"reference": f"Organization/{part_of}"}
    return found


def role(id_: str, unit: str) -> Json:
    where = {"reference": f"Organization/{unit}"}
    return {"resourceType": "PractitionerRole", "id": id_, "organization": where}


STORED = {
    f"{each['resourceType']}/{each['id']}": each
    for each in (
        organization("region", codes.REGION),
        organization("hc", part_of="region"),
        organization("kommun", codes.KOMMUN),
        organization("hemtjanst", part_of="kommun"),
        organization("skola", codes.ANNAN),
        role("eva", "hc"),
        role("ola", "hc"),
        role("ali", "hemtjanst"),
        role("chef", "region"),
        role("sam", "skola"),
    )
}
read = STORED.get


def ref(to: str) -> Json:
    return {"reference": to}


def need(by: str, owner: str, kind: str = codes.BEDOMT, **more: Any) -> Json:
    """Give a Task that a SIP is needed."""
    return {
        "resourceType": "Task",
        "status": "requested",
        "code": {"coding": [{"system": codes.TASK_CODE_SYSTEM, "code": codes.SIP_BEHOV}]},
        "businessStatus": {"coding": [{"system": codes.SIP_NEED_KIND_SYSTEM, "code": kind}]},
        "authoredOn": "2026-03-03",
        "requester": ref(by),
        "owner": ref(owner),
        **more,
    }


def said(task: Json) -> list[tuple[str | None, list[str]]]:
    issues = sip_need.check(task, read, NOW)
    return [(issue.expression, [each.code for each in issue.details]) for issue in issues]


@pytest.mark.parametrize("by", ["PractitionerRole/eva", "PractitionerRole/ali", "Organization/hc"])
def test_region_and_municipality_assess(by: str) -> None:
    """R75: people and units of both."""
    assert said(need(by, "Organization/hc")) == []


@pytest.mark.parametrize("by", ["PractitionerRole/sam", "Patient/p", "Practitioner/x"])
def test_nobody_else_assesses(by: str) -> None:
    """R75, R82: they propose."""
    law = ["HSL-16-4", "SOL-10-8"]
    assert said(need(by, "Organization/hc")) == [("Task.businessStatus", law)]
    assert said(need(by, "Organization/hc", codes.FORESLAGET)) == []


def test_the_paragraph_is_the_one_in_force_when_the_need_was_noted() -> None:
    """R75: before 1 July 2025 the older socialtjänstlag."""
    task = need("Patient/p", "Organization/hc", authoredOn="2025-06-30T12:00:00+02:00")
    assert said(task) == [("Task.businessStatus", ["HSL-16-4", "SOL-2-7-OLD"])]


def test_the_other_huvudman_does_not_refuse_an_assessment() -> None:
    """R75, R83: it obliges both; a proposal may be refused, and the assessor's own taken back."""
    refused = need("PractitionerRole/eva", "Organization/hemtjanst", status="rejected")
    assert said(refused) == [("Task.status", ["HSL-16-4", "SOL-10-8"])]
    assert said(need("PractitionerRole/eva", "Organization/hc", status="rejected")) == []
    proposed = need("Patient/p", "Organization/hemtjanst", codes.FORESLAGET, status="rejected")
    assert said(proposed) == []


def test_a_huvudman_is_found_up_the_organisation() -> None:
    assert huvudman_of(ref("PractitionerRole/eva"), read) == codes.REGION
    assert huvudman_of(ref("Organization/hemtjanst"), read) == codes.KOMMUN
    assert huvudman_of(ref("Patient/p"), read) == ""
    assert huvudman_of({"display": "Någon"}, read) == ""
    units = ["Organization/hc", "Organization/region"]
    assert units_of(ref("PractitionerRole/eva"), read) == units


@pytest.mark.parametrize(
    ("actor", "owner", "acts"),
    [
        ("PractitionerRole/eva", "Organization/hc", True),
        ("PractitionerRole/eva", "PractitionerRole/ola", True),
        ("PractitionerRole/chef", "Organization/hc", True),
        ("Organization/region", "Organization/hc", True),
        ("Organization/hc", "Organization/hc", True),
        ("PractitionerRole/ali", "Organization/hc", False),
        ("PractitionerRole/sam", "PractitionerRole/eva", False),
        ("Patient/p", "Patient/p", True),
        ("Patient/p", "Organization/hc", False),
    ],
)
def test_who_acts_for_whom(actor: str, owner: str, acts: bool) -> None:
    """R83, R91: the unit, its people, those above it."""
    assert acts_for(ref(actor), ref(owner), read) is acts
