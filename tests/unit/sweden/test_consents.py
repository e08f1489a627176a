"""Consent to a samordnad individuell plan: R75, R78, cp-1; no plan against the person's will."""

from typing import Any

import pytest

from fhir_server.sweden import codes

INFO = "CarePlan.supportingInfo"


@pytest.fixture
def yes(world: Any) -> str:
    """A consent that permits."""
    world.consent()
    return "Consent/ja"


def found(issues: Any) -> list[tuple[str, str]]:
    return [(issue.severity, issue.expression) for issue in issues]


def test_a_plan_without_consent_is_refused(world: Any) -> None:
    """R75, cp-1."""
    [error] = world.check(world.sip())
    assert found([error]) == [("error", INFO)]
    assert "needs the person's consent" in error.text


def test_a_consent_on_the_server_must_be_named_in_the_plan(world: Any, yes: str) -> None:
    """cp-1: the plan rests on a consent that can be shown."""
    [error] = world.check(world.sip())
    assert "There is one in force" in error.text
    [warning] = world.check(world.sip(status="draft"))
    assert warning.severity == "warning"


@pytest.mark.parametrize(
    "more",
    [
        {"status": "inactive"},
        {"status": "rejected"},
        {"status": "entered-in-error"},
        {"provision": {"type": "permit", "period": {"end": "2026-03-02"}}},
        {"patient": {"reference": "Patient/other"}},
        {"provision": {"type": "deny"}},
    ],
)
@pytest.mark.parametrize("status", ["draft", "active"])
def test_a_consent_that_is_withdrawn_expired_foreign_or_a_no_refuses_even_a_draft(
    world: Any, cases: Any, more: Any, status: str
) -> None:
    """R78: no SIP against the person's will; withdrawn at any time."""
    world.consent(**more)
    errors = cases.errors(world.check(world.sip("Consent/ja", status=status)))
    assert found(errors) == [("error", f"{INFO}[0]")]


@pytest.mark.parametrize(
    "more",
    [
        {"status": "draft"},
        {"status": "proposed"},
        {"provision": {"type": "permit", "period": {"start": "2026-03-04"}}},
        {"provision": {}},
        {"provision": {"period": {"start": "2026-03-01"}}},
    ],
)
@pytest.mark.parametrize(("status", "severity"), [("draft", "warning"), ("active", "error")])
def test_a_consent_still_to_come_or_silent_keeps_the_plan_a_draft(
    world: Any, more: Any, status: str, severity: str
) -> None:
    """R78; a provision without a type is not taken for a yes."""
    world.consent(**more)
    issues = world.check(world.sip("Consent/ja", status=status))
    assert found(issues) == [(severity, f"{INFO}[0]")]


def test_a_no_that_begins_tomorrow_is_no_yes_today(world: Any, cases: Any) -> None:
    world.consent(provision={"type": "deny", "period": {"start": "2026-03-04"}})
    [error] = cases.errors(world.check(world.sip("Consent/ja")))
    assert "needs the person's consent" in error.text


@pytest.mark.parametrize(
    ("now", "passes"),
    [
        ("2026-02-28T23:59:59", False),
        ("2026-03-01T00:00", True),
        ("2026-12-31T23:59:59", True),
        ("2027-01-01T00:00", False),
    ],
)
def test_a_time_limited_consent_holds_to_swedish_midnight(
    world: Any, cases: Any, now: str, passes: bool
) -> None:
    """R78: until 2026-12-31, scenario 6c."""
    period = {"start": "2026-03-01", "end": "2026-12-31"}
    world.consent(provision={"type": "permit", "period": period})
    world.now = cases.at(now)
    assert (cases.errors(world.check(world.sip("Consent/ja"))) == []) is passes


@pytest.mark.parametrize(
    "provision",
    [
        {"type": "permit", "provision": [{"type": "deny"}]},
        {"type": "deny", "provision": [{"type": "permit"}]},
        {"provision": [{"type": "permit"}, {"type": "permit"}]},
    ],
)
def test_a_consent_limited_to_some_actors_is_a_consent(world: Any, provision: Any) -> None:
    """R78, scenario 6c: the school's part is withdrawn, the plan stays."""
    world.consent(provision=provision)
    assert world.check(world.sip("Consent/ja")) == []


def test_a_no_kept_elsewhere_counts_against_a_yes(world: Any, cases: Any, yes: str) -> None:
    """R78: the person's will is asked for again when two consents contradict each other."""
    world.consent("nej", "deny")
    assert cases.errors(world.check(world.sip(yes, status="draft")))
    world.consent("nej", "deny", status="inactive")
    assert world.check(world.sip(yes)) == []


def test_a_withdrawn_consent_beside_a_valid_one_is_history(world: Any, yes: str) -> None:
    world.consent("gammalt", status="inactive")
    assert world.check(world.sip("Consent/gammalt", yes)) == []


@pytest.mark.parametrize(
    "more",
    [
        {"status": "inactive"},
        {"provision": {"type": "permit", "period": {"end": "2026-03-02"}}},
        {"provision": {}},
    ],
)
def test_a_former_consent_that_the_plan_does_not_name_is_no_matter(world: Any, more: Any) -> None:
    world.consent(**more)
    [error] = world.check(world.sip())
    assert "needs the person's consent" in error.text
    [warning] = world.check(world.sip(status="draft"))
    assert warning.severity == "warning"


def test_other_supporting_information_is_not_taken_for_consent(world: Any, yes: str) -> None:
    """R85, R111: another plan, and a consent to sammanhållen journalföring."""
    coding = {"system": codes.CONSENT_CATEGORY_SYSTEM, "code": "svod"}
    world.consent("svod", "deny", category=[{"coding": [coding]}])
    assert world.check(world.sip("CarePlan/1", "Consent/svod", yes)) == []
    [error] = world.check(world.sip("CarePlan/1", "Consent/svod"))
    assert error.expression == INFO


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Consent/gone"},
        {"reference": "https://other.example/fhir/Consent/1", "type": "Consent"},
        {"type": "Consent", "identifier": {"value": "1"}},
    ],
)
@pytest.mark.parametrize(("status", "severity"), [("draft", "warning"), ("active", "error")])
def test_a_consent_kept_out_of_sight_does_not_carry_an_active_plan(
    world: Any, reference: Any, status: str, severity: str
) -> None:
    issues = world.check(world.sip(status=status, supportingInfo=[reference]))
    assert found(issues) == [(severity, f"{INFO}[0]")]


def test_a_versioned_reference_means_the_consent_as_it_is_now(world: Any, yes: str) -> None:
    assert world.check(world.sip(f"{yes}/_history/1")) == []
    world.consent(status="inactive")
    assert world.check(world.sip(f"{yes}/_history/1"))


def test_the_subject_must_be_a_patient_of_this_server(world: Any, cases: Any, yes: str) -> None:
    issues = world.check(world.sip(yes, subject={"identifier": {"value": "1"}}))
    assert ("error", "CarePlan.subject") in found(issues)


def test_the_person_is_the_same_with_or_without_an_identifier_beside(world: Any) -> None:
    number = {"system": codes.PERSONNUMMER, "value": "196101182803"}
    world.consent(patient={"reference": "Patient/maria", "identifier": number})
    assert world.check(world.sip("Consent/ja")) == []
