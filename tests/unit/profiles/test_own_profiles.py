"""The profiles in the top-level profiles/se, as the validator applies them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

INERA = "https://fhir.inera.se/ig/careteam"
KIND = (
    "https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt"
)


@pytest.fixture
def team(definitions) -> dict[str, Any]:
    """Make an assignment with little more than what the profile asks for."""
    own = f"{definitions.canonical}/StructureDefinition"
    category = {"system": f"{INERA}/CodeSystem/typ-av-careteam-cs", "code": "fast-kontakt"}
    return {
        "resourceType": "CareTeam",
        "meta": {"profile": [f"{own}/fast-kontakt-careteam"]},
        "status": "active",
        "category": [{"coding": [category]}],
        "subject": {"reference": "Patient/1"},
        "participant": [
            {
                "role": [{"coding": [{"system": KIND, "code": "1"}]}],
                "member": {"reference": "PractitionerRole/1"},
            }
        ],
        "managingOrganization": [{"reference": "Organization/1"}],
        "period": {"start": "2026-01-01"},
        "extension": [
            {"url": f"{own}/review-date", "valueDate": "2026-05-01"},
            {
                "url": f"{own}/appointed-by",
                "extension": [
                    {"url": "by", "valueReference": {"reference": "PractitionerRole/2"}},
                    {"url": "at", "valueDateTime": "2026-01-01"},
                ],
            },
        ],
    }


@pytest.fixture
def rules(validator):
    """Validate, and give the errors as (rule, expression)."""

    def found(resource: dict[str, Any]) -> list[tuple[str | None, str | None]]:
        issues = validator.validate(resource)
        return [(i.rule, i.expression) for i in issues if i.severity == "error"]

    return found


def test_an_assignment_in_ineras_shape_is_accepted(rules, team):
    assert rules(team) == []


def test_an_assignment_has_one_participant(rules, team):
    team["participant"].append(deepcopy(team["participant"][0]))
    assert ("max", "CareTeam.participant") in rules(team)
    del team["participant"]
    assert ("min", "CareTeam.participant") in rules(team)


def test_the_role_is_one_of_the_four_national_codes(validator, team):
    team["participant"][0]["role"][0]["coding"][0]["code"] = "5"
    issue, *_warnings = validator.validate(team)
    where = "CareTeam.participant[0].role[0].coding[0].code"
    assert (issue.code, issue.expression) == ("code-invalid", where)
    assert f"1, 2, 3, 4 of {KIND}" in issue.text


def test_the_contact_is_a_practitioner_role(rules, team):
    team["participant"][0]["member"]["reference"] = "Practitioner/1"
    assert rules(team) == [("target", "CareTeam.participant[0].member.reference")]


def test_an_active_assignment_says_which_unit_answers_for_it(rules, team):
    del team["managingOrganization"]
    assert rules(team) == [("ct-12", "CareTeam")]


def test_an_extension_of_ours_has_the_type_it_is_defined_with(issues, team):
    team["extension"][0]["valueDate"] = "soon"
    assert issues(team) == [("value", "CareTeam.extension[0].value")]
