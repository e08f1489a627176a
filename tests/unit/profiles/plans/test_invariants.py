"""Invariants: what profiles say in FHIRPath."""

from __future__ import annotations

from tests.unit.profiles.plans.conftest import concept, profile, rule


def team(**elements):
    return {"resourceType": "CareTeam", **elements}


def test_an_invariant_of_the_resource(issues):
    named = profile("CareTeam", constraint=[rule("t-1", "name.exists()", "Name the team")])
    assert issues(team(name="x"), named) == []
    [issue] = issues(team(), named)
    assert (issue.rule, issue.severity, issue.code) == ("t-1", "error", "invariant")
    assert issue.expression == "CareTeam"
    assert issue.text == f"Name the team. Profile: {named['url']}"


def test_an_invariant_that_warns(issues):
    named = profile("CareTeam", constraint=[rule("t-1", "name.exists()", severity="warning")])
    [issue] = issues(team(), named)
    assert issue.severity == "warning"


def test_an_invariant_of_each_value_of_an_element(check):
    coded = profile(
        "CareTeam",
        {"id": "CareTeam.participant"},
        {
            "id": "CareTeam.participant.role",
            "constraint": [rule("r-1", "coding.exists() and %resource.name.exists()")],
        },
    )
    roles = [{"role": [concept("a")]}, {"role": [concept("a"), {"text": "x"}]}]
    assert check(team(name="x", participant=roles[:1]), coded) == []
    assert check(team(name="x", participant=roles), coded) == [
        ("r-1", "CareTeam.participant[1].role[1]")
    ]


def test_an_invariant_of_a_primitive_sees_its_extensions(check):
    said = profile(
        "CareTeam",
        {"id": "CareTeam.name", "constraint": [rule("n-1", "extension.exists()")]},
    )
    beside = {"extension": [{"url": "urn:x", "valueCode": "c"}]}
    assert check(team(name="x", _name=beside), said) == []
    assert check(team(_name=beside), said) == []
    assert check(team(name="x"), said) == [("n-1", "CareTeam.name")]


def test_r4s_own_invariants_are_left_to_r4s_plans(check):
    with_them = profile(
        "CareTeam",
        {
            "id": "CareTeam.participant",
            "constraint": [
                rule(
                    "ctm-1",
                    "onBehalfOf.exists() implies (member.resolve().iif(empty(), true, ofType(Practitioner).exists()))",
                ),
            ],
        },
    )
    resource = team(
        contained=[{"resourceType": "Patient", "id": "p"}],
        participant=[{"member": {"reference": "#p"}, "onBehalfOf": {"display": "x"}}],
    )
    assert check(resource, with_them) == []
    with_them["snapshot"]["element"][1]["constraint"][0]["key"] = "own-1"
    assert check(resource, with_them) == [("own-1", "CareTeam.participant[0]")]


def test_an_invariant_that_is_no_fhirpath_is_a_problem_and_a_warning(issues, problems):
    broken = profile(
        "CareTeam", {"id": "CareTeam.category", "constraint": [rule("c-1", "name.exists(")]}
    )
    [problem] = problems(broken)
    assert problem.severity == "error"
    assert problem.expression == "StructureDefinition.snapshot.element[1].constraint[0].expression"
    assert "rule c-1 is not valid" in problem.text
    assert "CareTeam.category" in problem.text
    [issue] = issues(team(category=[{"text": "x"}, {"text": "y"}]), broken)
    assert (issue.severity, issue.rule) == ("warning", "c-1")


def test_an_invariant_that_cant_be_evaluated_is_a_warning(issues):
    several = profile("CareTeam", constraint=[rule("c-1", "category.coding.code + 'x' = 'x'")])
    [issue] = issues(team(category=[concept("a", "b")]), several)
    assert (issue.severity, issue.code, issue.rule) == ("warning", "processing", "c-1")
    assert "The rule c-1 could not be evaluated" in issue.text


def test_an_invariant_without_an_expression_is_a_problem(issues, problems):
    human = profile(
        "CareTeam", constraint=[{"key": "h-1", "severity": "error", "human": "Be nice"}]
    )
    [problem] = problems(human)
    assert (problem.severity, problem.expression) == (
        "warning",
        "StructureDefinition.snapshot.element[0].constraint[0].expression",
    )
    [issue] = issues(team(), human)
    assert (issue.severity, issue.rule) == ("warning", "h-1")


def test_an_invariant_may_ask_for_a_profile_also_for_its_own(check):
    named = profile("CareTeam", {"id": "CareTeam.name", "min": 1, "max": "1"}, name="named")
    asks = profile("CareTeam", constraint=[rule("p-1", f"conformsTo('{named['url']}')")])
    assert check(team(name="x"), asks, named) == []
    assert check(team(), asks, named) == [("p-1", "CareTeam")]
    asks["snapshot"]["element"][0]["constraint"][0]["expression"] = f"conformsTo('{asks['url']}')"
    check(team(), asks)
