"""Who may see a stored plan, with the consents, custody, calls and organisations that are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.app import create_gate
from fhir_server.interactions.context import Context, Server
from fhir_server.operations.sip import disclosures
from fhir_server.operations.sip.disclosures import Reading
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from fhir_server.sweden.sharing import ALL_CLASSES
from tests.domain.clinic import Clinic, category
from tests.domain.sip_calls import consent_to_sip

NOW = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)


@pytest.fixture
def context(app_server: Server, store: MongoStore) -> Context:
    """A request to the application under test."""
    return Context(app_server, create_gate(app_server, store).open(), "http://localhost/fhir")


def test_the_demo_plans_are_seen_by_whom_the_consent_names(
    demo: Callable[..., Clinic], context: Context
) -> None:
    """R78, R94: a nurse reads by the consent for her unit; the hospital is not named in it."""
    clinic = demo("a-elderly-discharge")
    consent = {"reference": "Consent/albertina-sip-samtycke"}
    plan = clinic.read(clinic.put(draft("Patient/albertina-hammar", supportingInfo=[consent])))

    def may(actor: str) -> bool:
        return disclosures.for_actor(context, plan, actor, NOW).allowed

    assert may("Organization/hemtjansten")
    assert may("PractitionerRole/sara-test-hemsjukvard")
    assert may("Patient/albertina-hammar")
    assert not may("Organization/testskolan")
    assert not may("Organization/unknown")
    assert "Organization/hemtjansten" in Reading(context, plan).actors()


def test_who_is_called_to_a_meeting_sees_the_plan_by_a_consent_that_names_nobody(
    clinic: Clinic, context: Context
) -> None:
    """R84, R94: until the call is cancelled."""
    patient, unit = clinic.patient(), clinic.unit(codes.KOMMUN)
    clinic.put(consent_to_sip(patient))
    plan = clinic.read(clinic.put(draft(patient)))
    assert not disclosures.for_actor(context, plan, unit, NOW).allowed
    call = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": category(codes.TASK_CODE_SYSTEM, codes.KALLELSE),
        "for": {"reference": patient},
        "focus": {"reference": f"CarePlan/{plan['id']}"},
        "owner": {"reference": unit},
        "description": "Kom på mötet",
        "authoredOn": "2026-03-06T16:30:00+01:00",
        "requester": {"reference": clinic.nurse()},
        "restriction": {"period": {"end": "2026-03-09"}},
    }
    task = clinic.put(call)
    granted = disclosures.for_actor(context, plan, unit, NOW)
    assert (granted.classes, granted.why) == (ALL_CLASSES, ())
    clinic.put({**clinic.read(task), "status": "cancelled"})
    assert not disclosures.for_actor(context, plan, unit, NOW).allowed


def test_a_childs_plan_is_seen_when_every_guardian_has_consented(
    clinic: Clinic, context: Context
) -> None:
    """R80: föräldrabalken 6 kap. 11 §."""
    child = clinic.patient(birthDate="2013-05-14")
    mum, dad, unit = guardian(clinic, child), guardian(clinic, child), clinic.unit()
    plan = clinic.read(clinic.put(draft(child, author={"reference": unit})))
    clinic.put(consent_to_sip(child, performer=[{"reference": mum}]))
    granted = disclosures.for_actor(context, plan, unit, NOW)
    assert granted.why[0].details[0].code == "FB-6-11"
    clinic.put(consent_to_sip(child, performer=[{"reference": dad}]))
    assert disclosures.for_actor(context, plan, unit, NOW).allowed
    grown_up = dt.datetime(2031, 5, 14, tzinfo=dt.UTC)
    assert disclosures.for_actor(context, plan, unit, grown_up).allowed


def draft(patient: str, **more: Any) -> dict[str, Any]:
    """Give a plan in the making."""
    return {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "category": [category(codes.CARE_PLAN_CATEGORY, codes.SIP)],
        "title": "SIP",
        "subject": {"reference": patient},
    } | more


def guardian(clinic: Clinic, child: str) -> str:
    """Store somebody with custody of a child."""
    role = category("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "GUARD")
    related = {"resourceType": "RelatedPerson", "patient": {"reference": child}}
    return clinic.put(related | {"relationship": [role], "name": [{"text": "Test"}]})
