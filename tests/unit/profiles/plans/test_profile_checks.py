"""The checks as a whole: problems of definitions, what is kept, what escapes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_server.fhir.locations import definition_directories
from fhir_server.fhirpath.engine import Engine
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans import profile_checks
from fhir_server.profiles.plans.profile_checks import ProfileChecks
from fhir_server.profiles.scope import Scope
from tests.unit.profiles.listed_codes import ListedCodes
from tests.unit.profiles.plans.conftest import DEFINITION, element, profile, rule
from tests.unit.profiles.resources_at_random import resources

HL7_SWEDEN = Path("~/.fhir/packages/hl7se.fhir.base#1.1.0/package").expanduser()


def team(**elements):
    return {"resourceType": "CareTeam", **elements}


def test_a_sound_profile_has_no_problems(problems):
    assert problems(profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"})) == []


def test_a_profile_without_a_snapshot_is_a_problem_and_a_warning(problems, issues):
    without = profile("CareTeam")
    del without["snapshot"]
    [problem] = problems(without)
    assert (problem.severity, problem.expression) == ("error", "StructureDefinition")
    assert "no snapshot" in problem.text
    [issue] = issues(team(), without)
    assert (issue.severity, issue.rule) == ("warning", "structure")


def test_a_profile_on_what_is_no_type_is_a_problem(problems):
    [problem] = problems(profile("Nurse"))
    assert "not on a type of R4" in problem.text


@pytest.mark.parametrize(
    "broken",
    [
        {"id": "CareTeam.name", "max": "many"},
        {"id": "CareTeam.name", "min": None},
        {"id": "CareTeam.subject", "type": [{}]},
        {"id": "CareTeam.subject", "type": "Reference"},
        {"id": "CareTeam.name", "constraint": [1]},
        {"id": "CareTeam.category", "binding": 1},
        {"id": 1, "path": "CareTeam"},
    ],
)
def test_a_snapshot_that_is_none_is_a_problem_and_a_warning(problems, issues, broken):
    definition = profile("CareTeam")
    definition["snapshot"]["element"].append(broken)
    assert {problem.severity for problem in problems(definition)} == {"error"}
    [issue] = issues(team(), definition)
    assert (issue.severity, issue.rule) == ("warning", "structure")


def test_an_element_that_r4_does_not_have_is_a_problem(problems):
    strange = profile("CareTeam", {"id": "CareTeam.nurse"}, {"id": "CareTeam.name"})
    [problem] = problems(strange)
    assert problem.expression == "StructureDefinition.snapshot.element[1].path"
    assert "does not define the element 'nurse'" in problem.text


def test_a_type_that_r4_does_not_give_the_element_is_a_problem(problems):
    strange = profile("Observation", {"id": "Observation.value[x]", "type": [{"code": "Address"}]})
    [problem] = problems(strange)
    assert "type Address" in problem.text


def test_a_reference_to_content_that_is_not_there_is_a_problem(problems):
    strange = profile(
        "Questionnaire",
        {"id": "Questionnaire.item"},
        {"id": "Questionnaire.item.item", "contentReference": "#Questionnaire.gone"},
    )
    [problem] = problems(strange)
    assert "leads to no element" in problem.text


def test_must_support_asks_nothing(check):
    supported = profile("CareTeam", {"id": "CareTeam.name", "mustSupport": True})
    assert check(team(), supported) == []


def test_versions_of_a_profile_are_told_apart(checks):
    one = {**profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"}), "version": "1"}
    two = {**profile("CareTeam"), "version": "2"}
    both = checks()
    scope = Scope(team(), team())
    assert len(list(both.check(one).issues(team(), "CareTeam", scope))) == 1
    assert list(both.check(two).issues(team(), "CareTeam", scope)) == []
    assert both.check(one) is both.check(one)


def test_only_so_many_checks_are_kept(checks, monkeypatch):
    monkeypatch.setattr(profile_checks, "KEPT_CHECKS", 2)
    kept = checks()
    definitions = [profile("CareTeam", name=str(number)) for number in range(3)]
    first, second = (kept.check(each) for each in definitions[:2])
    assert kept.check(definitions[0]) is first
    kept.check(definitions[2])
    assert kept.check(definitions[0]) is first
    assert kept.check(definitions[1]) is not second


def test_the_same_issue_is_said_once_and_no_more_than_a_hundred(check):
    twice = profile(
        "CareTeam",
        {"id": "CareTeam.category", "slicing": {"discriminator": [], "rules": "open"}},
        {"id": "CareTeam.category.text", "min": 1},
    )
    twice["snapshot"]["element"].append(element(id="CareTeam.category:x"))
    twice["snapshot"]["element"].append(element(id="CareTeam.category:x.text", min=1))
    twice["snapshot"]["element"][1]["slicing"]["discriminator"] = [{"type": "exists", "path": "id"}]
    twice["snapshot"]["element"].append(element(id="CareTeam.category:x.id", min=1))
    assert check(team(category=[{"id": "c"}]), twice) == [("min", "CareTeam.category[0].text")]
    assert len(check(team(category=[{"id": str(n)} for n in range(200)]), twice)) == 100


def test_many_warnings_leave_room_for_errors(issues):
    both = profile(
        "CareTeam",
        {
            "id": "CareTeam.category",
            "constraint": [
                rule("w", "text.exists()", severity="warning"),
                rule("e", "id != '199'"),
            ],
        },
    )
    found = issues(team(category=[{"id": str(n)} for n in range(200)]), both)
    assert [issue.rule for issue in found if issue.severity == "error"] == ["e"]


def test_threads_share_the_checks(checks):
    definitions = [
        profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"}, name=str(n))
        for n in range(20)
    ]
    shared = checks()
    scope = Scope(team(), team())

    def found(number):
        check = shared.check(definitions[number % 20])
        return len(list(check.issues(team(), "CareTeam", scope)))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(found, range(200))) == {1}


def every_profile() -> tuple[ProfileChecks, list[dict]]:
    directories = [*definition_directories()]
    if HL7_SWEDEN.is_dir():
        directories.append(HL7_SWEDEN)
    definitions = Definitions.load(directories)
    types = {*definitions.resource_types, "Extension", "HumanName", "Identifier"}
    found = [profile for type_ in sorted(types) for profile in definitions.profiles(type_)]
    return ProfileChecks(definitions, Engine(definitions), ListedCodes(definitions)), found


@pytest.fixture(scope="module")
def all_of_them():
    return every_profile()


def test_the_projects_profiles_are_enforced_in_full(definitions, all_of_them):
    checks, profiles = all_of_them
    own = [each for each in profiles if each["url"].startswith(definitions.canonical)]
    assert len(own) > 30
    problems = [(each["url"], issue.text) for each in own for issue in checks.problems(each)]
    assert problems == []


def test_hl7_swedens_profiles_are_enforced(all_of_them):
    checks, profiles = all_of_them
    theirs = [each for each in profiles if "hl7.se" in each["url"]]
    if not theirs:
        pytest.skip("HL7 Sweden's package is not installed")
    errors = [
        (each["url"], issue.text)
        for each in theirs
        for issue in checks.problems(each)
        if issue.severity == "error"
    ]
    assert errors == []


JUNK = [None, True, -1.5, "x", "#", [], {}, [None], [{}], {"a": 1}, {"coding": [1]}, {"url": {}}]


def holders(value):
    """Give every object and array that holds something, with its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from holders(value[key])


@settings(
    max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(data=st.data())
def test_no_resource_makes_a_check_raise(data, definitions, all_of_them):
    checks, profiles = all_of_them
    resource = json.loads(json.dumps(data.draw(resources(definitions)), default=str))
    if data.draw(st.booleans()):
        holder, key = data.draw(st.sampled_from(list(holders(resource))))
        holder[key] = data.draw(st.sampled_from(JUNK))
    scope = Scope(resource, resource)
    for each in profiles:
        found = list(checks.check(each).issues(resource, each["type"], scope))
        assert all(issue.rule and issue.profile and issue.expression for issue in found)


def test_a_url_of_the_project_is_a_profile(all_of_them):
    checks, _ = all_of_them
    assert not checks.is_known(f"{DEFINITION}/gone")
