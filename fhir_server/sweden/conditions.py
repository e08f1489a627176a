"""Conditions that put life in danger, as the journal flags them (R15, DOMAIN 5.2)."""

from __future__ import annotations

import re
from datetime import datetime

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, concept_codes, extension, items

_ENDED_CONDITION = ("inactive", "remission", "resolved")
_CLINICAL_STATUS = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_CANCER = re.compile(r"C([0-8]\d|9[0-7])")
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def life_threatening(condition: Json, now: datetime) -> bool:
    """Tell whether a Condition is flagged as life-threatening and still in force (R15)."""
    raised = any(_raised(flag, now) for _, flag in items(condition, "extension"))
    return raised and in_force(condition, now)


def cancer(condition: Json, now: datetime) -> bool:
    """Tell whether a Condition is a cancer in force, by ICD-10-SE C00 to C97 (R29)."""
    named = concept_codes(condition, "code", *codes.ICD_10_SE_SYSTEMS)
    return any(_CANCER.match(code) for code in named) and in_force(condition, now)


def in_force(condition: Json, now: datetime) -> bool:
    """Tell whether a Condition holds: not abated, inactive, refuted or entered in error."""
    abated = periods.bounds(condition.get("abatementDateTime"))
    return (
        not (abated and abated[1] <= now)
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
