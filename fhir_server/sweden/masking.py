"""What is left out of a resource for somebody who may see the rest (R114, R118)."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import audience

# What of a Patient, or a relative, would lead to a person whose data are protected.
_LEADS_TO_THEM = (
    "address", "telecom", "contact", "generalPractitioner", "managingOrganization", "photo", "text",
    "communication", "extension", "location", "healthcareService", "organization", "availableTime",
)  # fmt: skip


def for_patient(resource: dict[str, Any]) -> dict[str, Any]:
    """Give what the patient may see of a resource: no internal notes (R114)."""
    return audience.for_audience(resource, audience.PATIENT, ())


def of_protected(resource: dict[str, Any]) -> dict[str, Any]:
    """Give the resource of a protected person without what leads to them (R118)."""
    if resource.get("resourceType") == "Practitioner":
        return audience.for_audience(resource, audience.PROFESSIONAL, ())
    kept = {name: value for name, value in resource.items() if name not in _LEADS_TO_THEM}
    return audience.marked(kept)
