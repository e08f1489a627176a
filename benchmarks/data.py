"""Synthetic resources for the measurements; no real person."""

from __future__ import annotations

from typing import Any

CATEGORY = "https://fhir.inera.se/CodeSystem/typeofcareplan-cs"
PATIENTS = 1000


def care_plan(n: int) -> dict[str, Any]:
    """Give a plan of care of about 3 kB with ten activities."""
    patient = f"Patient/bench-{n % PATIENTS}"
    return {
        "resourceType": "CarePlan",
        "identifier": [{"system": "urn:bench", "value": str(n)}],
        "status": "active",
        "intent": "plan",
        "category": [{"coding": [{"system": CATEGORY, "code": "VP"}]}],
        "title": "Vårdplan vid hjärtsvikt",
        "description": "Det viktigaste för mig är att kunna gå till brevlådan själv.",
        "subject": {"reference": patient},
        "period": {"start": "2026-03-12", "end": "2026-09-12"},
        "created": "2026-03-12",
        "author": {"reference": "PractitionerRole/bench-role"},
        "activity": [
            {
                "detail": {
                    "kind": "ServiceRequest",
                    "code": {"text": f"Åtgärd {i}"},
                    "status": "in-progress",
                    "scheduledPeriod": {"start": "2026-03-12", "end": f"2026-0{4 + i % 5}-12"},
                    "performer": [{"reference": "PractitionerRole/bench-role"}],
                    "description": "Vikt och mående en gång i veckan, telefon vid försämring.",
                }
            }
            for i in range(10)
        ],
        "note": [{"text": "Uppföljning efter sex veckor."}],
    }


def patient(n: int) -> dict[str, Any]:
    """Give a patient."""
    return {
        "resourceType": "Patient",
        "id": f"bench-{n}",
        "identifier": [{"system": "urn:bench", "value": f"p{n}"}],
        "name": [{"family": f"Testsson{n}", "given": ["Test"]}],
        "birthDate": f"19{n % 90 + 10}-05-14",
    }
