"""Conditions that put life in danger, as the journal flags them (R15, DOMAIN 5.2)."""

from __future__ import annotations

from datetime import datetime

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, concept_codes, extension, items

_ENDED_CONDITION = ("inactive", "remission", "resolved")
_CLINICAL_STATUS = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def life_threatening(condition: Json, now: datetime) -> bool:
    """Tell whether a Condition is flagged as life-threatening and still in force (R15)."""
    abated = periods.bounds(condition.get("abatementDateTime"))
    return (
        any(_raised(flag, now) for _, flag in items(condition, "extension"))
        and not (abated and abated[1] <= now)
        and not set(concept_codes(condition, "clinicalStatus", _CLINICAL_STATUS)).intersection(
            _ENDED_CONDITION
        )
        and not {"refuted", "entered-in-error"}.intersection(
            concept_codes(condition, "verificationStatus", _VERIFICATION)
        )
    )


def _raised(flag: Json, now: datetime) -> bool:
    """Tell whether an extension raises the flag; one that doesn't takes no other's word back."""
    established = periods.bounds(extension(flag, "at").get("valueDateTime"))
    return (
        flag.get("url") == codes.LIFE_THREATENING
        and extension(flag, "flag").get("valueBoolean") is True
        and not (established and established[0] > now)
    )
