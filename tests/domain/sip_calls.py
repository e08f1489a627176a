"""Calls of $generate-sip and what they answer."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    category,
    code,
    listed,
    part,
    reference,
    string,
)

# Another plan beside one in force that has the content.
YES = {"valueBoolean": True}
SIP_CATEGORY = f"{codes.CARE_PLAN_CATEGORY}|{codes.SIP}"


def consent_to_sip(patient: str, kind: str = "permit", **more: Any) -> Json:
    """Give a Consent of category sip, active, with a provision of one kind."""
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": category("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [category(codes.CONSENT_CATEGORY_SYSTEM, codes.CONSENT_TO_SIP)],
        "patient": {"reference": patient},
        "dateTime": "2026-01-01",
        "performer": [{"reference": patient}],
        "policyRule": category(codes.LAW_SYSTEM, "SOL-10-8"),
        "provision": {"type": kind},
    } | more


def goal(description: str = "Gå till brevlådan", **more: Json | list[Json]) -> Json:
    """Give a parameter ``goal``."""
    return {"name": "goal", **part(description=string(description), **more)}


def activity(huvudman: str, description: str = "Hjälper till", **more: Json | list[Json]) -> Json:
    """Give a parameter ``activity``."""
    named = part(description=string(description), huvudman=code(huvudman), **more)
    return {"name": "activity", **named}


def responsible(huvudman: str = codes.KOMMUN, **more: Json | list[Json]) -> Json:
    """Give a parameter ``overallResponsible``."""
    return {"name": "overallResponsible", **part(huvudman=code(huvudman), **more)}


def follow_up(date: str = "2027-04-16", **more: Json | list[Json]) -> Json:
    """Give a parameter ``followUp``."""
    return {"name": "followUp", **part(date={"valueDate": date}, **more)}


def complete() -> list[Json]:
    """Give what a call must bring for a whole plan, where the store has consent and author."""
    return [
        goal(),
        activity(codes.REGION),
        activity(codes.KOMMUN),
        responsible(),
        follow_up(),
    ]


def generate(
    clinic: Clinic, patient: str, status: str, *given: Json, **more: Json | list[Json]
) -> Any:
    """Call $generate-sip."""
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "status", **code(status)}, *given, *listed(more)],
    }
    return clinic.fhir.post(f"{patient}/$generate-sip", body)


def ready(clinic: Clinic) -> str:
    """Store a patient who has consented and has a fast vårdkontakt."""
    patient = clinic.patient()
    clinic.put(consent_to_sip(patient))
    clinic.assign(patient, clinic.nurse())
    return patient


def consented(clinic: Clinic, patient: str, **more: Any) -> Json:
    """Give the parameter ``consent``, of a consent that is stored."""
    return reference(clinic.put(consent_to_sip(patient, **more)))
