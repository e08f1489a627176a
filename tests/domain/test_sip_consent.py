"""Consent to a SIP over the whole application: given, withdrawn, limited, denied (R75, R78)."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    advice,
    category,
    days,
    errors,
    reference,
    refusals,
    result,
)
from tests.domain.sip_calls import complete, consent_to_sip, consented, generate, ready

LAW = ["HSL-16-4", "SOL-10-8"]
INFO = "CarePlan.supportingInfo"
STORED = ("CarePlan", "Goal")
BASE = "http://localhost/fhir"


def refused(response: Any, expression: str) -> None:
    """Demand a refusal by the two paragraphs on SIP at an element, and by nothing else."""
    assert refusals(response) == [("business-rule", LAW, expression)], response.text


def active_plan(clinic: Clinic, patient: str) -> Json:
    return result(generate(clinic, patient, "active", *complete()))


def test_without_consent_there_is_no_plan(clinic: Clinic) -> None:
    """R75, R78, cp-1."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, "active", *complete()), INFO)


def test_the_persons_consent_is_found_and_named(clinic: Clinic) -> None:
    """R75, cp-1: the plan says what it rests on."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    [consent] = clinic.fhir.get(f"Consent?patient={patient}").json["entry"]
    assert plan["supportingInfo"] == [{"reference": f"Consent/{consent['resource']['id']}"}]


UNFIT: dict[str, Json] = {
    "withdrawn": {"status": "inactive"},
    "rejected": {"status": "rejected"},
    "entered in error": {"status": "entered-in-error"},
    "expired": {"provision": {"type": "permit", "period": {"end": "2026-01-31"}}},
    "a no": {"provision": {"type": "deny"}},
}


@pytest.mark.parametrize("status", ["draft", "active"])
@pytest.mark.parametrize("how", sorted(UNFIT))
def test_a_plan_does_not_rest_on_an_unfit_consent(clinic: Clinic, how: str, status: str) -> None:
    """R75, R78: named in the call, it refuses even a draft."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    consent = consented(clinic, patient, **UNFIT[how])
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, status, *complete(), consent=consent), f"{INFO}[0]")


@pytest.mark.parametrize("status", ["draft", "active"])
def test_a_plan_does_not_rest_on_another_persons_consent(clinic: Clinic, status: str) -> None:
    """R75, R78."""
    patient = ready(clinic)
    other = consented(clinic, clinic.patient())
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, status, *complete(), consent=other), f"{INFO}[0]")


def test_a_consent_that_is_not_here_is_asked_for(clinic: Clinic) -> None:
    """R75, R78: a dangling reference proves nothing, and is not stored in a draft either."""
    patient, nowhere = ready(clinic), reference("Consent/is-not-here")
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, "active", *complete(), consent=nowhere), f"{INFO}[0]")
        draft = generate(clinic, patient, "draft", *complete(), consent=nowhere)
        assert refusals(draft) == [("not-found", [], f"{INFO}[0].reference")]


def test_a_consent_to_something_else_is_none(clinic: Clinic) -> None:
    """R75, R111: consent to sammanhållen dokumentation is no consent to a plan."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    svod = category(codes.CONSENT_CATEGORY_SYSTEM, "svod")
    actor = {"role": {"text": "Läser"}, "reference": {"reference": clinic.unit()}}
    permit = {"type": "permit", "actor": [actor]}
    consent = consented(clinic, patient, category=[svod], provision=permit)
    with clinic.nothing_stored(*STORED):
        refused(generate(clinic, patient, "active", *complete(), consent=consent), INFO)


def test_a_consent_that_begins_later_is_awaited(clinic: Clinic) -> None:
    """R78: limited in time."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    consented(clinic, patient, provision={"type": "permit", "period": {"start": days(5)}})
    with clinic.nothing_stored(*STORED):
        response = generate(clinic, patient, "active", *complete())
        refused(response, f"{INFO}[0]")
        assert "not in force yet" in errors(response)[0]["details"]["text"]
    assert result(generate(clinic, patient, "draft", *complete()))["status"] == "draft"


@pytest.mark.parametrize("how", ["expired", "withdrawn", "rejected"])
def test_an_old_consent_does_not_stand_in_the_way_of_a_draft(clinic: Clinic, how: str) -> None:
    """R78, R90: nobody named it; the plan rests on none yet and says so."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    consented(clinic, patient, **UNFIT[how])
    response = generate(clinic, patient, "draft", *complete())
    assert "supportingInfo" not in result(response)
    [issue] = advice(response)
    assert issue["expression"] == [INFO]


@pytest.mark.parametrize("how", ["expired", "withdrawn", "rejected"])
def test_a_consent_given_anew_carries_the_plan(clinic: Clinic, how: str) -> None:
    """R78: an old one beside it does no harm and is not named."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    consented(clinic, patient, **UNFIT[how])
    new = consented(clinic, patient)
    plan = active_plan(clinic, patient)
    assert plan["supportingInfo"] == [new["valueReference"]]


SPELLINGS: dict[str, Json] = {
    "plain": {"reference": "{}"},
    "absolute": {"reference": f"{BASE}/{{}}"},
    "a version": {"reference": "{}/_history/1"},
}


@pytest.mark.parametrize("status", ["draft", "active"])
@pytest.mark.parametrize("how", sorted(SPELLINGS))
def test_a_no_counts_wherever_it_is_kept_and_however_it_is_spelled(
    clinic: Clinic, how: str, status: str
) -> None:
    """R75, R78: no plan against the person's will, though another consent permits."""
    patient = ready(clinic)
    spelled = SPELLINGS[how] | {"reference": SPELLINGS[how]["reference"].format(patient)}
    clinic.put(consent_to_sip(patient, "deny") | {"patient": spelled})
    with clinic.nothing_stored(*STORED):
        response = generate(clinic, patient, status, *complete())
        assert [law for _, law, _ in refusals(response)] == [LAW]
        assert "said no" in errors(response)[0]["details"]["text"]


@pytest.mark.parametrize("spelled", ["SIP", "Sip"])
def test_a_no_counts_in_capitals_too(clinic: Clinic, spelled: str) -> None:
    """R78: search finds it, and so does the law."""
    patient = ready(clinic)
    capital = category(codes.CONSENT_CATEGORY_SYSTEM, spelled)
    clinic.put(consent_to_sip(patient, "deny", category=[capital]))
    with clinic.nothing_stored(*STORED):
        response = generate(clinic, patient, "active", *complete())
        assert [law for _, law, _ in refusals(response)] == [LAW]


def test_a_no_that_is_over_or_taken_back_counts_no_more(clinic: Clinic) -> None:
    """R78: the person may change their mind."""
    patient = ready(clinic)
    over = {"type": "deny", "period": {"end": "2026-01-31"}}
    clinic.put(consent_to_sip(patient, provision=over))
    clinic.put(consent_to_sip(patient, "deny", status="inactive"))
    clinic.put(consent_to_sip(clinic.patient(), "deny"))
    assert advice(generate(clinic, patient, "active", *complete())) == []


def test_a_consent_limited_to_some_actors_permits(clinic: Clinic) -> None:
    """R78: a denial inside a permission limits it."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    limited = {"type": "permit", "provision": [{"type": "deny"}]}
    consented(clinic, patient, provision=limited)
    assert active_plan(clinic, patient)["status"] == "active"


def test_a_consent_inside_the_plan_is_none(clinic: Clinic) -> None:
    """R78: nobody finds it, and nobody can withdraw it; it is registered on its own."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    inside = consent_to_sip(patient) | {"id": "c"}
    draft = result(generate(clinic, patient, "draft", *complete()))
    for named in ({"reference": "#c"}, {"reference": "#c", "type": "Consent"}):
        plan = draft | {"contained": [inside], "supportingInfo": [named], "status": "active"}
        refused(clinic.fhir.put(f"CarePlan/{draft['id']}", plan), f"{INFO}[0]")
