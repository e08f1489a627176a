"""Whose operation it is: the patient in the URL or in the parameters."""

from __future__ import annotations

import re

from fhir_server.fhir.ids import ID
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call

PATIENT = re.compile(rf"Patient/{ID}\Z")


def subject_of(call: Call) -> str:
    """Give ``Patient/[id]``, from the URL at instance level, else from the parameter ``patient``.

    Raises:
        FhirError: the parameter does not point at a Patient on this server.
    """
    if call.id is not None:
        return f"Patient/{call.id}"
    reference = call.arguments["patient"].get("reference", "")
    if not PATIENT.match(reference):
        raise invalid("patient must be a reference of the form Patient/[id].", "patient", "value")
    return str(reference)


def require_patient(finder: Finder, reference: str) -> None:
    """Refuse where there is no such patient (404)."""
    if finder.read(reference) is None:
        raise FhirError(
            Issue("error", "not-found", f"{reference} does not exist on this server.", "patient")
        )
