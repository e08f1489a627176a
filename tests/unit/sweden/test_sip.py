"""The law on samordnad individuell plan, by R-number and cp-invariant (DOMAIN 1.5, 5.3)."""

from datetime import date
from typing import Any

import pytest

from fhir_server.sweden import codes, plans, sip
from fhir_server.sweden.sip import legal_basis

INFO = "CarePlan.supportingInfo"


@pytest.fixture
def yes(world: Any) -> str:
    """A consent that permits."""
    world.consent()
    return "Consent/ja"


def found(issues: Any) -> list[tuple[str, str]]:
    return [(issue.severity, issue.expression) for issue in issues]


def test_a_complete_plan_passes(world: Any, yes: str) -> None:
    """R75, R76, R89, R92."""
    assert world.check(world.sip(yes)) == []


def test_an_empty_draft_hears_all_that_the_law_asks_for(world: Any, cases: Any) -> None:
    """Issue 2: a draft may be incomplete and says what the law still asks for."""
    empty: dict[str, Any] = {
        "activity": [],
        "extension": [],
        "goal": [],
        "author": {},
        "period": {},
    }
    issues = world.check(world.sip(status="draft", **empty))
    assert not cases.errors(issues)
    assert [issue.expression for issue in issues] == [
        INFO,
        "CarePlan.activity",
        "CarePlan.activity",
        "CarePlan.extension",
        "CarePlan.goal",
        "CarePlan.author",
        "CarePlan.period.start",
        "CarePlan.extension",
    ]
    asked = [issue.text.startswith("Before the plan can be active: ") for issue in issues]
    assert asked == [True] * 7 + [False]


def test_an_empty_active_plan_is_refused_for_each_of_them(world: Any, cases: Any) -> None:
    """Issue 2: an active one may not be incomplete; follow-up is advice only (cp-4)."""
    empty: dict[str, Any] = {
        "activity": [],
        "extension": [],
        "goal": [],
        "author": {},
        "period": {},
    }
    issues = world.check(world.sip(**empty))
    assert [issue.severity for issue in issues] == ["error"] * 7 + ["warning"]


def test_every_issue_names_both_laws(world: Any) -> None:
    for issue in world.check(world.sip(activity=[], goal=[])):
        assert [coding.code for coding in issue.details] == ["HSL-16-4", "SOL-10-8"]
        assert issue.expression.startswith("CarePlan.")


@pytest.mark.parametrize("status", ["on-hold", "revoked", "completed", "entered-in-error", "?"])
def test_a_plan_that_guides_nobody_is_left_alone(world: Any, status: str) -> None:
    """cp-6: on hold or revoked because consent was withdrawn."""
    assert world.check(world.sip(status=status, activity=[], extension=[])) == []


# R76, cp-2


@pytest.mark.parametrize(
    ("kinds", "missing"),
    [
        (["region", "kommun"], 0),
        (["region", "kommun", "annan"], 0),
        (["region", "annan"], 1),
        (["kommun", "kommun"], 1),
        (["annan"], 2),
        ([], 2),
    ],
)
@pytest.mark.parametrize(("status", "severity"), [("draft", "warning"), ("active", "error")])
def test_region_and_municipality_both_have_an_activity(
    world: Any, cases: Any, yes: str, kinds: list[str], missing: int, status: str, severity: str
) -> None:
    """R76, cp-2; others' activities are carried along."""
    activity = [cases.activity(kind) for kind in kinds]
    issues = world.check(world.sip(yes, activity=activity, status=status))
    assert found(issues) == [(severity, "CarePlan.activity")] * missing


@pytest.mark.parametrize(
    ("status", "counts"),
    [("cancelled", False), ("entered-in-error", False), ("completed", True), ("stopped", True)],
)
def test_an_activity_called_off_does_not_count(
    world: Any, cases: Any, yes: str, status: str, counts: bool
) -> None:
    activity = [cases.activity("region"), cases.activity("kommun", status=status)]
    assert (world.check(world.sip(yes, activity=activity)) == []) is counts


def test_each_activity_has_a_huvudman(world: Any, cases: Any, yes: str) -> None:
    """cp-2."""
    activity = [cases.activity("region"), cases.activity(), cases.activity("kommun")]
    issues = world.check(world.sip(yes, activity=activity))
    assert found(issues) == [("error", "CarePlan.activity[1]")]


@pytest.mark.parametrize("kinds", [("region", "kommun"), ("staten",)])
def test_an_activity_with_two_or_unknown_huvudmen_refuses_even_a_draft(
    world: Any, cases: Any, yes: str, kinds: tuple[str, ...]
) -> None:
    activity = [cases.activity("region"), cases.activity("kommun"), cases.activity(*kinds)]
    issues = world.check(world.sip(yes, activity=activity, status="draft"))
    assert found(issues) == [("error", "CarePlan.activity[2]")]


# R76, cp-3


@pytest.mark.parametrize("status", ["draft", "active"])
def test_two_overall_responsible_refuse_even_a_draft(
    world: Any, cases: Any, yes: str, status: str
) -> None:
    """R76, cp-3."""
    both = [cases.responsible("region"), cases.responsible("kommun"), cases.follow_up()]
    issues = world.check(world.sip(yes, extension=both, status=status))
    assert found(issues) == [("error", "CarePlan.extension")]


@pytest.mark.parametrize("status", ["draft", "active"])
def test_nobody_but_region_or_kommun_is_overall_responsible(
    world: Any, cases: Any, yes: str, status: str
) -> None:
    extension = [cases.follow_up(), cases.responsible("annan")]
    issues = world.check(world.sip(yes, extension=extension, status=status))
    assert found(issues) == [("error", "CarePlan.extension[1]")]


@pytest.mark.parametrize(("status", "severity"), [("draft", "warning"), ("active", "error")])
@pytest.mark.parametrize("named", [[], [""]])
def test_the_overall_responsibility_is_taken(
    world: Any, cases: Any, yes: str, named: list[str], status: str, severity: str
) -> None:
    """cp-3: none, or one that does not say which huvudman it is."""
    extension = [cases.follow_up(), *(cases.responsible(code) for code in named)]
    issues = world.check(world.sip(yes, extension=extension, status=status))
    assert found(issues) == [(severity, "CarePlan.extension")]


@pytest.mark.parametrize(
    ("organization", "contradicts"),
    [("kommun", False), ("hemtjanst", False), ("region", True), ("unknown", False)],
)
def test_the_organization_agrees_with_its_huvudman(
    world: Any, cases: Any, yes: str, organization: str, contradicts: bool
) -> None:
    """R76: looked up along partOf; silence contradicts nothing."""
    world.unit("hemtjanst", partOf={"reference": "Organization/kommun"})
    extension = [
        cases.responsible("kommun", f"Organization/{organization}"),
        cases.follow_up(),
    ]
    issues = world.check(world.sip(yes, extension=extension))
    assert found(issues) == ([("error", "CarePlan.extension[0]")] if contradicts else [])


def test_an_organization_alone_does_not_say_which_huvudman(
    world: Any, cases: Any, yes: str
) -> None:
    extension = [cases.responsible("", "Organization/kommun"), cases.follow_up()]
    issues = world.check(world.sip(yes, extension=extension, status="draft"))
    assert found(issues) == [("warning", "CarePlan.extension")]


# R77, R85, R89, R92, cp-4


@pytest.mark.parametrize(
    ("more", "expression"),
    [
        ({"goal": []}, "CarePlan.goal"),
        ({"goal": [{}]}, "CarePlan.goal"),
        ({"author": {}}, "CarePlan.author"),
        ({"period": {"end": "2026-12-31"}}, "CarePlan.period.start"),
    ],
)
def test_goals_author_and_start_are_demanded(
    world: Any, yes: str, more: Any, expression: str
) -> None:
    """R89, cp-4."""
    assert found(world.check(world.sip(yes, **more))) == [("error", expression)]


@pytest.mark.parametrize(
    "author", [{"display": "Eva Test"}, {"identifier": {"system": codes.HSA_ID, "value": "SE1-E"}}]
)
def test_an_author_may_be_known_by_number_or_name(world: Any, yes: str, author: Any) -> None:
    assert world.check(world.sip(yes, author=author)) == []


@pytest.mark.parametrize("status", ["draft", "active"])
def test_a_plan_without_follow_up_is_advised(world: Any, cases: Any, yes: str, status: str) -> None:
    """R92, cp-4: a warning in both."""
    extension = [cases.responsible("kommun")]
    issues = world.check(world.sip(yes, extension=extension, status=status))
    assert found(issues) == [("warning", "CarePlan.extension")]


@pytest.mark.parametrize(
    ("start", "warned"),
    [("2026-03-03", False), ("2026-03-04", True), ("2026-03-03T22:00:00+01:00", False)],
)
def test_work_on_an_active_plan_begins_at_once(
    world: Any, yes: str, start: str, warned: bool
) -> None:
    """R77: utan dröjsmål, genast."""
    issues = world.check(world.sip(yes, period={"start": start}))
    assert found(issues) == ([("warning", "CarePlan.period.start")] if warned else [])
    assert world.check(world.sip(yes, period={"start": start}, status="draft")) == []


def test_a_second_active_plan_is_advised_against_unless_it_replaces(world: Any, yes: str) -> None:
    """R85, R93."""
    world.put(world.sip(yes, id="old"))
    assert found(world.check(world.sip(yes))) == [("warning", "CarePlan.replaces")]
    assert world.check(world.sip(yes, replaces=[{"reference": "CarePlan/old/_history/1"}])) == []
    assert world.check(world.sip(yes, id="old", title="Ny rubrik")) == []


def test_a_completed_plan_is_no_second_one(world: Any, yes: str) -> None:
    """R85, R93: whatever the caller hands in."""
    plan = plans.facts_from(world.sip(yes), world.read)
    done = plans.facts_from(world.sip(id="done", status="completed"), world.read)
    assert sip.check(plan, [done], world.now) == []


# 0.4: the law moved


@pytest.mark.parametrize(
    ("day", "paragraphs"),
    [
        (date(2025, 6, 30), ["HSL-16-4", "SOL-2-7-OLD", "PL-6-4"]),
        (date(2025, 7, 1), ["HSL-16-4", "SOL-10-8", "SOL-10-9", "PL-6-4"]),
    ],
)
def test_the_legal_basis_follows_the_day(day: date, paragraphs: list[str]) -> None:
    """DOMAIN 0.4: SoL (2025:400) from 1 July 2025."""
    assert [paragraph.code for paragraph in legal_basis(day)] == paragraphs


def test_a_plan_from_before_is_judged_by_its_own_law(world: Any, yes: str) -> None:
    [issue] = world.check(world.sip(yes, goal=[], period={"start": "2025-06-30"}))
    assert [coding.code for coding in issue.details] == ["HSL-16-4", "SOL-2-7-OLD"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"activity": []}, False),
        ({"extension": []}, False),
    ],
)
def test_the_measure_sees_the_four_contents_that_the_law_asks_for(
    world: Any, yes: str, changes: dict[str, Any], expected: bool
) -> None:
    """R76, R107: insatser of both, a huvudman for each, one overall responsible."""
    found_in = plans.facts_from(world.sip(yes, **changes), world.read)
    assert sip.four_contents(found_in) is expected
