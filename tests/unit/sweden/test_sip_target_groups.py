"""Which groups, to whom a SIP is suggested, what is documented speaks for (R88)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from fhir_server.sweden import codes, sip_target_groups

Json = dict[str, Any]
DAY = date(2026, 3, 3)


def condition(icd: str, text: str = "") -> Json:
    coding = {"system": codes.ICD_10_SE_SYSTEMS[0], "code": icd, "display": f"Diagnos {icd}"}
    code: Json = {"coding": [coding]}
    return {
        "resourceType": "Condition",
        "id": icd,
        "code": {**code, "text": text} if text else code,
    }


def contact(criterion: str) -> Json:
    coding = {"system": codes.CRITERIA_SYSTEM, "code": criterion}
    return {"resourceType": "CareTeam", "id": criterion, "reasonCode": [{"coding": [coding]}]}


def groups(icd: list[str], age: int | None = 40, criteria: tuple[str, ...] = ()) -> set[str]:
    born = None if age is None else date(DAY.year - age, DAY.month, DAY.day)
    found = sip_target_groups.suggestions(
        [condition(each) for each in icd], [contact(each) for each in criteria], born, DAY
    )
    return {each.group for each in found}


@pytest.mark.parametrize(
    ("icd", "age", "expected"),
    [
        (["F20.0", "F10.2"], 40, {"psykisk-sjukdom-beroende"}),
        (["F20.0", "F17.2"], 40, set()),  # tobacco is none of the kind
        (["F20.0"], 40, set()),
        (["F32.1", "F70.0"], 40, {"psykisk-sjukdom-funktionsnedsattning"}),
        (["F00.1", "I50.9"], 80, {"demens-somatik"}),
        (["G30.1"], 80, set()),  # the dementia itself is no other disease
        (["F03", "G30.1"], 80, set()),
        (["F93.8"], 12, {"unga-psykosocialt"}),
        (["F93.8"], 18, set()),
        (["Z62.2"], 12, {"unga-psykosocialt", "placerade-barn"}),
        (["F84.0"], 40, {"npf"}),
        (["F90.0"], 12, {"npf", "unga-psykosocialt"}),
        (["F95.2"], 40, {"npf"}),
        (["I50.9", "J44.9", "E11.9"], 84, {"multisjuk-aldre"}),
        (["I50.9", "J44.9", "E11.9"], 74, set()),
        (["I50.9", "I10.9", "I48.9"], 84, set()),
        (["I50.9", "J44.9", "E11.9"], None, set()),
        ([], 84, set()),
    ],
)
def test_diagnoses_and_age_speak_for_groups(
    icd: list[str], age: int | None, expected: set[str]
) -> None:
    """R88: the two halves of a group are both there, or it does not fit."""
    assert groups(icd, age) == expected


def test_the_criteria_of_fixed_contacts_speak_too() -> None:
    """R19, R88: what staff noted when the contact was appointed."""
    assert groups([], criteria=("npf",)) == {"npf"}
    assert groups([], criteria=("multisjuk-aldre",)) == {"multisjuk-aldre"}
    assert groups(["F20.0"], criteria=("beroende",)) == {"psykisk-sjukdom-beroende"}
    assert groups(["I50.9"], criteria=("demens",)) == {"demens-somatik"}
    assert groups([], criteria=("cancer",)) == set()


def test_what_says_so_is_told_by_name_and_place() -> None:
    """R88: staff see why."""
    [found] = sip_target_groups.suggestions(
        [condition("F84.0", "Autism"), condition("F90.0")], [], None, DAY
    )
    assert [(e.why, e.reference) for e in found.evidence] == [
        ("Autism", "Condition/F84.0"),
        ("Diagnos F90.0", "Condition/F90.0"),
    ]


def test_a_code_of_another_system_says_nothing() -> None:
    other = condition("F84.0")
    other["code"]["coding"][0]["system"] = codes.SNOMED
    assert not list(sip_target_groups.suggestions([other], [], None, DAY))


def test_every_group_has_the_name_that_the_code_system_gives_it(sip_groups: Any) -> None:
    assert sip_groups == sip_target_groups.DISPLAYS


@pytest.fixture
def sip_groups() -> dict[str, str]:
    """Give the codes and displays of the compiled code system."""

    folder = Path(__file__).resolve().parents[3] / "profiles" / "se"
    system = json.loads((folder / "CodeSystem-sip-target-group.json").read_text("utf-8"))
    return {each["code"]: each["display"] for each in system["concept"]}
