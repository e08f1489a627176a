"""What is said where a read takes longer than it may."""

from __future__ import annotations

from fhir_server.fhir.outcome import FhirError, Issue


def too_slow() -> FhirError:
    """Give the refusal (503)."""
    text = (
        "This takes the database longer than a request may (the setting search_seconds). Narrow "
        "it: name a patient, a unit or a period, leave out _total, sort by fewer keys, follow "
        "fewer references; or ask with Prefer: respond-async."
    )
    return FhirError(Issue("error", "too-costly", text), status=503)
