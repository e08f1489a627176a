"""Consents, spärr and signs of a care relation, as the tests of access write them."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes

PATIENT = "p1"


def consent(
    id_: str, category: str, kind: str, *units: str, patient: str = PATIENT, **more: Any
) -> dict[str, Any]:
    """Give a Consent that names units.

    Args:
        id_: of the Consent.
        category: ``svod``, ``sparr`` or ``sip``.
        kind: ``permit`` or ``deny``.
        units: ids of Organizations.
        patient: id of whose consent it is.
        more: elements to add, or ``provision`` to add to.
    """
    role = {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
        ]
    }
    actors = [{"role": role, "reference": {"reference": f"Organization/{u}"}} for u in units]
    provision = {"type": kind, **({"actor": actors} if actors else {})}
    provision |= more.pop("provision", {})
    return {
        "resourceType": "Consent",
        "id": id_,
        "status": "active",
        "scope": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/consentscope",
                    "code": "patient-privacy",
                }
            ]
        },
        "category": [{"coding": [{"system": codes.CONSENT_CATEGORY_SYSTEM, "code": category}]}],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": "2026-01-01",
        "performer": [{"reference": f"Patient/{patient}"}],
        "policyRule": {"text": "lagen (2022:913)"},
        "organization": [{"reference": "Organization/region"}],
        "provision": provision,
        **more,
    }


def svod(id_: str, *units: str, **more: Any) -> dict[str, Any]:
    """Give the consent that caregivers see what others documented."""
    return consent(id_, "svod", "permit", *units, **more)


def block(id_: str, *units: str, **more: Any) -> dict[str, Any]:
    """Give a spärr of what units, or vårdgivare, documented."""
    return consent(id_, "sparr", "deny", *units, **more)


def withdrawn(consent_: dict[str, Any]) -> dict[str, Any]:
    """Give a consent as it is taken back, or a spärr as it is lifted."""
    provision = {**consent_["provision"], "period": {"end": "2026-06-01"}}
    return {**consent_, "status": "inactive", "provision": provision}


def observation(id_: str, unit: str, patient: str = PATIENT) -> dict[str, Any]:
    """Give something that a unit documented."""
    return {
        "resourceType": "DocumentReference",
        "id": id_,
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "custodian": {"reference": f"Organization/{unit}"},
        "content": [{"attachment": {"title": id_}}],
    }
